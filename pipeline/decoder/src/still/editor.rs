//! Picture editors that leave their names in what they write.

/// As they stand in EXIF's `Software` and XMP's `CreatorTool`. Telephones write the name of their
/// system there.
const EDITORS: [&[u8]; 16] = [
    b"adobe photoshop",
    b"adobe lightroom",
    b"adobe illustrator",
    b"affinity photo",
    b"canva",
    b"coreldraw",
    b"gimp 2.",
    b"gimp 3.",
    b"paint.net",
    b"paintshop",
    b"photopea",
    b"photoscape",
    b"picsart",
    b"pixelmator",
    b"pixlr",
    b"snapseed",
];

/// Whether one of them stands in these bytes, in whatever case.
pub(super) fn is_named_in(bytes: &[u8]) -> bool {
    EDITORS.iter().any(|name| {
        let mut windows = bytes.windows(name.len());
        windows.any(|w| w.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_are_known_and_telephones_are_none() {
        assert!(is_named_in(b"\0\0Adobe Photoshop 25.1 (Windows)\0"));
        assert!(is_named_in(b"<xmp:CreatorTool>GIMP 2.10</xmp:CreatorTool>"));
        for phone in [
            "17.1.2",
            "HDR+ 1.0.585804376zd",
            "S918BXXU3AWGJ",
            "Adobe RGB (1998)",
        ] {
            assert!(!is_named_in(phone.as_bytes()), "{phone}");
        }
        assert!(!is_named_in(b""));
    }
}
