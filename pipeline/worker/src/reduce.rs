//! Pictures brought down by whole steps.

use idproof_ports::RgbImage;

/// Each pixel the mean of `by` times `by`; what is left over at the right and the foot falls away.
/// `None` where nothing would be left, and for a step of 1, which changes nothing.
pub(crate) fn reduced(image: &RgbImage, by: u32) -> Option<RgbImage> {
    let (w, h) = (
        image.width().checked_div(by)?,
        image.height().checked_div(by)?,
    );
    if by == 1 || w == 0 || h == 0 {
        return None;
    }
    let (steps, row) = (by as usize, image.width() as usize * 3);
    let used = w as usize * steps * 3;
    let n = by * by;
    let mut data = Vec::with_capacity(w as usize * h as usize * 3);
    let mut sums = vec![0_u32; w as usize * 3];
    for rows in image.data().chunks_exact(row * steps) {
        sums.fill(0);
        for line in rows.chunks_exact(row) {
            for (sum, pixels) in sums
                .chunks_exact_mut(3)
                .zip(line[..used].chunks_exact(3 * steps))
            {
                for pixel in pixels.chunks_exact(3) {
                    sum[0] += u32::from(pixel[0]);
                    sum[1] += u32::from(pixel[1]);
                    sum[2] += u32::from(pixel[2]);
                }
            }
        }
        data.extend(sums.iter().map(|s| (s / n) as u8));
    }
    RgbImage::from_raw(w, h, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_the_mean_of_its_square_and_what_is_left_over_falls_away() {
        let data = (0..5 * 5).flat_map(|i| [i as u8 * 2, 7, 0]).collect();
        let image = RgbImage::from_raw(5, 5, data).unwrap();
        let half = reduced(&image, 2).unwrap();
        assert_eq!((half.width(), half.height()), (2, 2));
        // Of 0, 2, 10 and 12; of 24, 26, 34 and 36.
        assert_eq!(half.data()[..3], [6, 7, 0]);
        assert_eq!(half.data()[9..], [30, 7, 0]);
        for by in [0, 1, 6] {
            assert!(reduced(&image, by).is_none());
        }
    }
}
