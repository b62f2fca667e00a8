//! Still images: formats, orientations, limits.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::io::Cursor;
use std::path::Path;

use common::{Inputs, decoder, mean};
use idproof_ports::{DecodedImage, MediaDecoder, MediaError};
use image::{DynamicImage, ImageFormat, Rgb};

/// 60x40: red, green / blue, white quarters.
fn quarters() -> DynamicImage {
    DynamicImage::ImageRgb8(image::RgbImage::from_fn(60, 40, |x, y| {
        match (x < 30, y < 20) {
            (true, true) => Rgb([255, 0, 0]),
            (false, true) => Rgb([0, 255, 0]),
            (true, false) => Rgb([0, 0, 255]),
            (false, false) => Rgb([255, 255, 255]),
        }
    }))
}

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![]);
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decode(path: &Path) -> DecodedImage {
    decoder().decode_image(&path.into()).unwrap()
}

fn refuse(path: &Path) -> MediaError {
    decoder().decode_image(&path.into()).unwrap_err()
}

/// Letters of the four quarters of an image: upper left, upper right, lower left, lower right.
fn letters(decoded: &DecodedImage) -> String {
    let quarter = |x, y| {
        let [r, g, b] = mean(&decoded.image, x, y).map(|v| v > 128);
        match (r, g, b) {
            (true, false, false) => 'R',
            (false, true, false) => 'G',
            (false, false, true) => 'B',
            (true, true, true) => 'W',
            _ => '?',
        }
    };
    [
        quarter([10, 40], [10, 40]),
        quarter([60, 90], [10, 40]),
        quarter([10, 40], [60, 90]),
        quarter([60, 90], [60, 90]),
    ]
    .iter()
    .collect()
}

/// An APP1 segment with nothing but an orientation, put behind the first two bytes of a JPEG.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut tiff = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0]);
    with_app1(jpeg, &tiff)
}

fn with_app1(jpeg: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    let mut out = jpeg[..2].to_vec();
    out.extend([0xff, 0xe1]);
    out.extend(length);
    out.extend(body);
    out.extend(&jpeg[2..]);
    out
}

#[test]
fn all_formats_decode() {
    let inputs = Inputs::new();
    for (format, name) in [
        (ImageFormat::Jpeg, "jpeg"),
        (ImageFormat::Png, "png"),
        (ImageFormat::WebP, "webp"),
    ] {
        let bytes = encoded(&quarters(), format);
        // The extension lies: only the bytes count.
        let decoded = decode(&inputs.file(&format!("{name}.txt"), &bytes));
        assert_eq!(decoded.report.format, name);
        assert_eq!(decoded.report.file_bytes, bytes.len() as u64);
        assert_eq!(decoded.report.orientation, 1);
        assert_eq!((decoded.image.width(), decoded.image.height()), (60, 40));
        assert_eq!(letters(&decoded), "RGBW", "{name}");
    }
}

/// As scanners write it.
fn tiff<C: tiff::encoder::colortype::ColorType>(compressed: bool, pixels: &[C::Inner]) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    use tiff::encoder::{TiffEncoder, compression::Lzw};
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes).unwrap();
    if compressed {
        let image = encoder
            .new_image_with_compression::<C, _>(60, 40, Lzw)
            .unwrap();
        image.write_data(pixels).unwrap();
    } else {
        encoder.write_image::<C>(60, 40, pixels).unwrap();
    }
    bytes.into_inner()
}

#[test]
fn scans_as_tiff_decode_and_cut_or_giant_ones_are_refused() {
    use tiff::encoder::colortype::{Gray8, Gray16, RGB8};
    let inputs = Inputs::new();
    let quarters = quarters().to_rgb8();
    for compressed in [false, true] {
        let bytes = tiff::<RGB8>(compressed, quarters.as_raw());
        let decoded = decode(&inputs.file("scan", &bytes));
        assert_eq!(decoded.report.format, "tiff");
        assert_eq!(letters(&decoded), "RGBW");
    }
    let grey = decode(&inputs.file("grey", &tiff::<Gray8>(true, &[77; 2400])));
    assert!(grey.image.data().iter().all(|v| *v == 77));
    let deep = decode(&inputs.file("deep", &tiff::<Gray16>(false, &[77 << 8; 2400])));
    assert!(deep.image.data().iter().all(|v| *v == 77));
    let bytes = tiff::<RGB8>(true, quarters.as_raw());
    for part in [12, bytes.len() / 2, bytes.len() - 4] {
        let error = refuse(&inputs.file("cut", &bytes[..part]));
        assert!(matches!(error, MediaError::Damaged(_)), "{part}: {error:?}");
    }
    // The width is the first entry of the first directory.
    let mut giant = bytes;
    let directory = u32::from_le_bytes(giant[4..8].try_into().unwrap()) as usize;
    let width = directory + 2 + 8;
    giant[width..width + 4].copy_from_slice(&4_000_000u32.to_le_bytes());
    let error = refuse(&inputs.file("giant", &giant));
    assert!(
        matches!(error, MediaError::LimitExceeded(_) | MediaError::Damaged(_)),
        "{error:?}"
    );
}

#[test]
fn grey_sixteen_bit_and_transparent_images_become_rgb() {
    let inputs = Inputs::new();
    let base = quarters();
    for (name, image) in [
        ("grey8", DynamicImage::ImageLuma8(base.to_luma8())),
        ("grey16", DynamicImage::ImageLuma16(base.to_luma16())),
        ("rgb16", DynamicImage::ImageRgb16(base.to_rgb16())),
        ("rgba8", DynamicImage::ImageRgba8(base.to_rgba8())),
    ] {
        let path = inputs.file(name, &encoded(&image, ImageFormat::Png));
        assert_eq!(decode(&path).image.data().len(), 60 * 40 * 3, "{name}");
    }
    let grey = DynamicImage::ImageLuma8(base.to_luma8());
    let path = inputs.file("grey.jpg", &encoded(&grey, ImageFormat::Jpeg));
    assert_eq!(decode(&path).image.data().len(), 60 * 40 * 3);
}

#[test]
fn all_eight_orientations_are_applied() {
    let inputs = Inputs::new();
    let jpeg = encoded(&quarters(), ImageFormat::Jpeg);
    let upright = [
        "RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB",
    ];
    for (orientation, expected) in (1..=8).zip(upright) {
        let path = inputs.file("o.jpg", &with_orientation(&jpeg, orientation));
        let decoded = decode(&path);
        assert_eq!(decoded.report.orientation, orientation);
        assert_eq!(
            (decoded.report.stored_width, decoded.report.stored_height),
            (60, 40)
        );
        let size = if orientation > 4 { (40, 60) } else { (60, 40) };
        assert_eq!((decoded.image.width(), decoded.image.height()), size);
        assert_eq!(letters(&decoded), expected, "orientation {orientation}");
    }
    let odd = decode(&inputs.file("o9.jpg", &with_orientation(&jpeg, 9)));
    assert_eq!(
        (odd.report.orientation, letters(&odd).as_str()),
        (1, "RGBW")
    );
}

#[test]
fn a_picture_editor_is_known_by_the_name_it_left() {
    let inputs = Inputs::new();
    let jpeg = encoded(&quarters(), ImageFormat::Jpeg);
    let by_editor = |software: &str| {
        let file = with_app1(&jpeg, format!("Exif\0\0{software}").as_bytes());
        decode(&inputs.file("e.jpg", &file)).report.by_editor
    };
    assert!(by_editor("Adobe Photoshop 25.1 (Windows)"));
    assert!(!by_editor("HDR+ 1.0.585804376zd"));
    assert!(!decode(&inputs.file("plain.jpg", &jpeg)).report.by_editor);
}

#[test]
fn png_and_webp_carry_an_orientation_too() {
    use image::ImageEncoder;
    use image::codecs::{png::PngEncoder, webp::WebPEncoder};
    let inputs = Inputs::new();
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0]);
    let mut png = vec![];
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif.clone()).unwrap();
    quarters().write_with_encoder(encoder).unwrap();
    let mut webp = vec![];
    let mut encoder = WebPEncoder::new_lossless(&mut webp);
    encoder.set_exif_metadata(exif).unwrap();
    quarters().write_with_encoder(encoder).unwrap();
    for (name, bytes) in [("a.png", png), ("a.webp", webp)] {
        let decoded = decode(&inputs.file(name, &bytes));
        assert_eq!(
            (decoded.report.orientation, letters(&decoded).as_str()),
            (6, "BRWG"),
            "{name}"
        );
    }
}

#[test]
fn one_pixel_is_an_image() {
    let inputs = Inputs::new();
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let one = DynamicImage::ImageRgb8(image::RgbImage::new(1, 1));
        let decoded = decode(&inputs.file("one", &encoded(&one, format)));
        assert_eq!((decoded.image.width(), decoded.image.height()), (1, 1));
    }
}

#[test]
fn a_giant_header_is_refused_before_it_is_allocated() {
    let inputs = Inputs::new();
    let mut png = encoded(&quarters(), ImageFormat::Png);
    png[16..20].copy_from_slice(&20_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&20_000u32.to_be_bytes());
    let mut jpeg = encoded(&quarters(), ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&20_000u16.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&20_000u16.to_be_bytes());
    for (name, bytes) in [
        ("whole.png", &png[..]),
        ("header.png", &png[..33]),
        ("whole.jpg", &jpeg[..]),
        ("header.jpg", &jpeg[..frame + 19]),
    ] {
        let error = refuse(&inputs.file(name, bytes));
        let MediaError::LimitExceeded(detail) = &error else {
            panic!("{name}: {error:?}");
        };
        assert!(
            detail.contains("20000x20000") && detail.contains("40 million"),
            "{detail}"
        );
    }
}

#[test]
fn forty_megapixels_are_the_limit_on_both_sides() {
    let inputs = Inputs::new();
    for (height, fits) in [(5_000, true), (5_001, false)] {
        let image = DynamicImage::ImageLuma8(image::GrayImage::new(8_000, height));
        let path = inputs.file("big.png", &encoded(&image, ImageFormat::Png));
        let result = decoder().decode_image(&path.as_path().into());
        if fits {
            assert_eq!(result.unwrap().image.data().len(), 120_000_000);
        } else {
            assert!(matches!(result, Err(MediaError::LimitExceeded(_))));
        }
    }
}

#[test]
fn a_cut_or_corrupt_image_is_damaged() {
    let inputs = Inputs::new();
    let noise = DynamicImage::ImageRgb8(image::RgbImage::from_fn(200, 200, |x, y| {
        Rgb([(x * 7 + y * 13) as u8, (x * y) as u8, (x ^ y) as u8])
    }));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let bytes = encoded(&noise, format);
        for part in [bytes.len() - 10, bytes.len() / 2, 40] {
            let error = refuse(&inputs.file("cut", &bytes[..part]));
            assert!(
                matches!(error, MediaError::Damaged(_)),
                "{format:?} {part}: {error:?}"
            );
        }
    }
    // A thumbnail's end marker inside EXIF does not make a cut JPEG whole.
    let jpeg = encoded(&noise, ImageFormat::Jpeg);
    let mut fake = jpeg[..2].to_vec();
    fake.extend([0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9]);
    fake.extend(&jpeg[2..jpeg.len() / 2]);
    assert!(matches!(
        refuse(&inputs.file("fake.jpg", &fake)),
        MediaError::Damaged(_)
    ));
}
