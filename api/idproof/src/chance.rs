use idproof_ports::Random;

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        if getrandom::fill(bytes).is_err() {
            // Keys and codes that could be guessed are worse than no service.
            std::process::abort();
        }
    }
}
