//! The Fourier transform of short rows, and the power spectrum of a small square patch.

use std::f64::consts::PI;

/// Power of each of `side` × `side` frequencies, rows of frequencies along x; `side` is a power
/// of two. The mean is taken off and the border faded out (Hann).
pub(crate) fn power(patch: &[f64], side: usize) -> Vec<f64> {
    debug_assert!(side.is_power_of_two() && patch.len() == side * side);
    let mean = patch.iter().sum::<f64>() / patch.len().max(1) as f64;
    let fade: Vec<f64> = (0..side)
        .map(|i| 0.5 - 0.5 * (2.0 * PI * (i as f64 + 0.5) / side as f64).cos())
        .collect();
    let turn = Turn::of(side);
    let half = side / 2;
    let opposite = |frequency: usize| (side - frequency) % side;
    // What is real mirrors itself: two rows are transformed as the parts of one that is complex,
    // and of the columns, which lie one after another here, half is enough.
    let mut re = vec![0.0; (half + 1) * side];
    let mut im = re.clone();
    let (mut first, mut second) = (vec![0.0; side], vec![0.0; side]);
    for y in (0..side).step_by(2) {
        for x in 0..side {
            let faded = |y: usize| (patch[y * side + x] - mean) * fade[x] * fade[y];
            (first[x], second[x]) = (faded(y), faded(y + 1));
        }
        transform(&mut first, &mut second, &turn);
        for x in 0..=half {
            let (at, other) = (x * side + y, opposite(x));
            (re[at], im[at]) = (first[x] + first[other], second[x] - second[other]);
            (re[at + 1], im[at + 1]) = (second[x] + second[other], first[other] - first[x]);
        }
    }
    let mut power = vec![0.0; side * side];
    for x in 0..=half {
        let (re, im) = (&mut re[x * side..][..side], &mut im[x * side..][..side]);
        transform(re, im, &turn);
        for (y, (re, im)) in re.iter().zip(&*im).enumerate() {
            // Twice each part is four times the power.
            let value = (re * re + im * im) / 4.0;
            power[y * side + x] = value;
            power[opposite(y) * side + opposite(x)] = value;
        }
    }
    power
}

/// Cosines and sines of half a turn for every length up to one, a power of two: for the length 2,
/// then for 4, and so on, in as many steps as half the length has.
pub(crate) struct Turn {
    cos: Vec<f64>,
    sin: Vec<f64>,
}

impl Turn {
    pub fn of(n: usize) -> Self {
        let lengths = (1..=n.ilog2()).map(|i| 1 << i);
        let angles = lengths.flat_map(|length| {
            let step = n / length;
            (0..length / 2).map(move |k| -2.0 * PI * (k * step) as f64 / n as f64)
        });
        let (cos, sin) = angles.map(|a| (a.cos(), a.sin())).unzip();
        Self { cos, sin }
    }
}

/// Cooley and Tukey (1965), in place, for lengths that are powers of two; `turn` is of the length.
pub(crate) fn transform(re: &mut [f64], im: &mut [f64], turn: &Turn) {
    let n = re.len();
    let mut j = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while j & bit != 0 {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
        if i < j {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let (cos, sin) = (&turn.cos[half - 1..][..half], &turn.sin[half - 1..][..half]);
        let blocks = re
            .chunks_exact_mut(2 * half)
            .zip(im.chunks_exact_mut(2 * half));
        for (re, im) in blocks {
            let (re_a, re_b) = re.split_at_mut(half);
            let (im_a, im_b) = im.split_at_mut(half);
            let pairs = re_a.iter_mut().zip(re_b).zip(im_a.iter_mut().zip(im_b));
            for (((re_a, re_b), (im_a, im_b)), (c, s)) in pairs.zip(cos.iter().zip(sin)) {
                let (tr, ti) = (*re_b * c - *im_b * s, *re_b * s + *im_b * c);
                (*re_b, *im_b) = (*re_a - tr, *im_a - ti);
                (*re_a, *im_a) = (*re_a + tr, *im_a + ti);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_one_peak_at_its_frequency() {
        let side = 64;
        let wave: Vec<f64> = (0..side * side)
            .map(|i| (2.0 * PI * (9.0 * (i % side) as f64 + 5.0 * (i / side) as f64) / 64.0).cos())
            .collect();
        let power = power(&wave, side);
        let strongest = (0..power.len())
            .max_by(|a, b| power[*a].total_cmp(&power[*b]))
            .unwrap();
        let place = (strongest % side, strongest / side);
        assert!(place == (9, 5) || place == (55, 59), "{place:?}");
    }

    #[test]
    fn the_power_of_noise_is_what_the_definition_says() {
        let side = 8;
        let patch: Vec<f64> = (0..side * side)
            .map(|i| ((i * i * 37 + i * 11) % 101) as f64)
            .collect();
        let mean = patch.iter().sum::<f64>() / patch.len() as f64;
        let fade = |i: usize| 0.5 - 0.5 * (2.0 * PI * (i as f64 + 0.5) / side as f64).cos();
        for (i, found) in power(&patch, side).into_iter().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (at, value) in patch.iter().enumerate() {
                let (x, y) = (at % side, at / side);
                let turns = (x * (i % side) + y * (i / side)) as f64 / side as f64;
                let value = (value - mean) * fade(x) * fade(y);
                re += value * (2.0 * PI * turns).cos();
                im -= value * (2.0 * PI * turns).sin();
            }
            let wanted = re * re + im * im;
            assert!((found - wanted).abs() < 1e-6, "{i}: {found} {wanted}");
        }
    }
}
