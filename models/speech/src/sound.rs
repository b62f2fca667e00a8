//! What comes in: cleaned samples, and how much of them is clipped.

/// Finite samples in -1..=1; whatever is not a number becomes silence.
pub(crate) fn clean(samples: &[f32]) -> Vec<f32> {
    samples
        .iter()
        .map(|x| {
            if x.is_finite() {
                x.clamp(-1.0, 1.0)
            } else {
                0.0
            }
        })
        .collect()
}

/// Share of samples that lie on a flat top: three or more in a row at the clip's own largest value.
pub(crate) fn clipped_share(samples: &[f32]) -> f32 {
    let peak = samples.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    if peak < 0.05 {
        return 0.0;
    }
    let limit = peak * 0.995;
    let (mut total, mut run) = (0_usize, 0_usize);
    for x in samples.iter().copied().chain([0.0]) {
        if x.abs() >= limit {
            run += 1;
        } else {
            total += if run >= 3 { run } else { 0 };
            run = 0;
        }
    }
    total as f32 / samples.len() as f32
}

/// The same sound with its peak at 0.3, the level the model hears best; silence stays.
pub(crate) fn levelled(mut samples: Vec<f32>) -> Vec<f32> {
    let peak = samples.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    if peak > 1e-4 {
        samples.iter_mut().for_each(|x| *x *= 0.3 / peak);
    }
    samples
}

#[cfg(test)]
pub(crate) fn tone(hz: f32, level: f32, samples: usize) -> Vec<f32> {
    (0..samples)
        .map(|n| level * (std::f32::consts::TAU * hz * n as f32 / 16_000.0).sin())
        .collect()
}

#[cfg(test)]
pub(crate) fn hiss(level: f32, samples: usize) -> Vec<f32> {
    let mut state = 1_u32;
    (0..samples)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            level * ((state >> 8) as f32 / 8_388_608.0 - 1.0)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_silence() {
        let cleaned = clean(&[f32::NAN, f32::INFINITY, -7.0, 0.25]);
        assert_eq!(cleaned, [0.0, 0.0, -1.0, 0.25]);
    }

    #[test]
    fn a_tone_is_not_clipped_and_a_cut_one_is() {
        let clean_tone = tone(150.0, 0.9, 16_000);
        assert!(
            clipped_share(&clean_tone) < 0.08,
            "{}",
            clipped_share(&clean_tone)
        );
        let cut: Vec<f32> = clean_tone.iter().map(|x| x.clamp(-0.3, 0.3)).collect();
        assert!(clipped_share(&cut) > 0.7);
        assert_eq!(clipped_share(&[]), 0.0);
    }
}
