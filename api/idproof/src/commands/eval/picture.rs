//! Small pictures for reports.

use idproof_ports::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};

/// Height of a picture in a report, in pixels.
const HEIGHT: u32 = 180;

/// The images beside one another, each [`HEIGHT`] high, as JPEG. `None` when there is none.
pub fn side_by_side(images: &[RgbImage]) -> Option<Vec<u8>> {
    let small: Vec<image::RgbImage> = images.iter().map(scaled).collect::<Option<_>>()?;
    let width = small.iter().map(image::RgbImage::width).sum();
    let mut sheet = image::RgbImage::new(width, HEIGHT);
    let mut left = 0;
    for one in &small {
        imageops::replace(&mut sheet, one, i64::from(left), 0);
        left += one.width();
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 80)
        .encode_image(&sheet)
        .ok()?;
    (!small.is_empty()).then_some(bytes)
}

fn scaled(image: &RgbImage) -> Option<image::RgbImage> {
    let (w, h) = (image.width(), image.height());
    let width = (u64::from(w) * u64::from(HEIGHT) / u64::from(h)).clamp(1, 640);
    let whole = image::RgbImage::from_raw(w, h, image.data().to_vec())?;
    let width = u32::try_from(width).ok()?;
    Some(imageops::resize(
        &whole,
        width,
        HEIGHT,
        FilterType::Triangle,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_beside_one_another() {
        let one = RgbImage::from_raw(90, 180, vec![200; 90 * 180 * 3]).unwrap();
        let wide = RgbImage::from_raw(20, 10, vec![20; 600]).unwrap();
        let bytes = side_by_side(&[one, wide]).unwrap();
        let back = image::load_from_memory(&bytes).unwrap();
        assert_eq!((back.width(), back.height()), (90 + 360, HEIGHT));
        assert!(side_by_side(&[]).is_none());
    }
}
