//! Writes the HEIC seeds into the folder named on the command line.

#[path = "../../../pipeline/decoder/tests/heic_maker/mod.rs"]
mod heic_maker;

use std::path::Path;

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    for (name, width, height, turned, exif) in [
        ("plain", 64u32, 64u32, 1, None),
        ("turned", 96, 64, 6, Some(6)),
        ("mirrored", 64, 80, 5, None),
    ] {
        let pixels: Vec<u8> = (0..width * height)
            .flat_map(|i| [(i % 251) as u8, (i / width) as u8, (i * 7 % 255) as u8])
            .collect();
        let path = Path::new(&folder).join(format!("{name}.heic"));
        heic_maker::write(&path, width, height, &pixels, turned, exif);
    }
}
