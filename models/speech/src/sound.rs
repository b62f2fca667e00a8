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

/// Played `speed` times as fast, by linear interpolation: pitch, formants and tempo move together.
pub(crate) fn faster(samples: &[f32], speed: f32) -> Vec<f32> {
    if (speed - 1.0).abs() < 1e-6 {
        return samples.to_vec();
    }
    let count = (samples.len().saturating_sub(1) as f64 / f64::from(speed)).ceil() as usize;
    (0..count)
        .map_while(|n| {
            let at = n as f64 * f64::from(speed);
            let (low, part) = (at as usize, at.fract() as f32);
            Some(samples.get(low)? * (1.0 - part) + samples.get(low + 1)? * part)
        })
        .collect()
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

    #[test]
    fn sound_played_faster_is_shorter_and_higher() {
        let slow = tone(200.0, 0.5, 8_000);
        assert_eq!(faster(&slow, 1.0), slow);
        let fast = faster(&slow, 1.12);
        assert_eq!(fast.len(), 7_142);
        let crossings = |wave: &[f32]| {
            wave.windows(2)
                .filter(|w| w[0] < 0.0 && w[1] >= 0.0)
                .count()
        };
        // As many periods, but for the last one, in less time.
        assert!(crossings(&slow).abs_diff(crossings(&fast)) <= 1);
        assert!(
            fast.iter()
                .zip(tone(224.0, 0.5, 7_142))
                .all(|(a, b)| (a - b).abs() < 0.01)
        );
        assert_eq!(faster(&[], 0.88), Vec::<f32>::new());
    }
}
