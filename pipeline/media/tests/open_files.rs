//! Files that are open already and have no name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

mod common;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use common::decoder;
use idproof_ports::{MediaDecoder, MediaError, MediaFile};
use image::{ImageFormat, RgbImage};

/// A file without a name.
fn nameless(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn png() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(vec![]);
    RgbImage::from_pixel(30, 20, image::Rgb([9, 90, 200]))
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

#[test]
fn a_nameless_file_is_read_from_its_beginning_each_time_and_left_as_it_was() {
    let mut file = nameless(&png());
    file.seek(SeekFrom::Start(7)).unwrap();
    let media = MediaFile::from(file);
    for _ in 0..2 {
        let decoded = decoder().decode_image(&media).unwrap();
        assert_eq!((decoded.image.width(), decoded.image.height()), (30, 20));
    }
    let MediaFile::Open(mut file) = media else {
        panic!("it was given open")
    };
    assert_eq!(file.stream_position().unwrap(), 7);
}

#[test]
fn an_open_file_is_held_to_the_same_rules() {
    let empty = MediaFile::from(nameless(b""));
    let error = decoder().decode_image(&empty).unwrap_err();
    assert!(error.to_string().contains("empty"), "{error}");

    let directory = MediaFile::from(File::open("/tmp").unwrap());
    let error = decoder().decode_image(&directory).unwrap_err();
    assert!(matches!(error, MediaError::Unreadable(_)), "{error:?}");

    let pipe = MediaFile::from(File::from(std::os::fd::OwnedFd::from(
        std::io::pipe().unwrap().0,
    )));
    let error = decoder().decode_image(&pipe).unwrap_err();
    assert!(matches!(error, MediaError::Unreadable(_)), "{error:?}");
}
