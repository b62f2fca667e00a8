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
    let mut re: Vec<f64> = (0..side * side)
        .map(|i| (patch[i] - mean) * fade[i % side] * fade[i / side])
        .collect();
    let mut im = vec![0.0; side * side];
    let turn = turn(side);
    for row in 0..side {
        let at = row * side..(row + 1) * side;
        transform(&mut re[at.clone()], &mut im[at], &turn);
    }
    let (mut column_re, mut column_im) = (vec![0.0; side], vec![0.0; side]);
    for column in 0..side {
        for i in 0..side {
            column_re[i] = re[i * side + column];
            column_im[i] = im[i * side + column];
        }
        transform(&mut column_re, &mut column_im, &turn);
        for i in 0..side {
            re[i * side + column] = column_re[i];
            im[i * side + column] = column_im[i];
        }
    }
    re.iter().zip(&im).map(|(r, i)| r * r + i * i).collect()
}

/// Cosine and sine of half a turn, in as many steps as half the length has.
pub(crate) fn turn(n: usize) -> Vec<(f64, f64)> {
    let angle = |k: usize| -2.0 * PI * k as f64 / n as f64;
    (0..n / 2)
        .map(|k| (angle(k).cos(), angle(k).sin()))
        .collect()
}

/// Cooley and Tukey (1965), in place, for lengths that are powers of two; `turn` is of the length.
pub(crate) fn transform(re: &mut [f64], im: &mut [f64], turn: &[(f64, f64)]) {
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
    let mut length = 2;
    while length <= n {
        let step = n / length;
        for start in (0..n).step_by(length) {
            for k in 0..length / 2 {
                let (c, s) = turn[k * step];
                let (a, b) = (start + k, start + k + length / 2);
                let (tr, ti) = (re[b] * c - im[b] * s, re[b] * s + im[b] * c);
                (re[b], im[b]) = (re[a] - tr, im[a] - ti);
                (re[a], im[a]) = (re[a] + tr, im[a] + ti);
            }
        }
        length *= 2;
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
}
