//! What is left to chance.

use std::time::Duration;

use idproof_ports::Random;

/// A fifth more or less, so that many workers do not move in step.
pub(crate) fn about(wait: Duration, random: &dyn Random) -> Duration {
    let mut lot = [0u8; 2];
    random.fill(&mut lot);
    let share = f64::from(u16::from_be_bytes(lot)) / f64::from(u16::MAX);
    wait.mul_f64(0.8 + 0.4 * share)
}

/// 128 random bits in hexadecimal.
pub(crate) fn token(random: &dyn Random) -> String {
    let mut bytes = [0u8; 16];
    random.fill(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}
