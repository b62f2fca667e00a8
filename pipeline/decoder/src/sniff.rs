//! What a file is, by its first bytes alone; names and MIME types are never asked.

/// Bytes that [`sniff`] wants to see.
pub const HEAD: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Jpeg,
    Png,
    Webp,
    Tiff,
    Heic,
    /// EBML; the flag says that its document type is `webm`.
    Matroska {
        webm: bool,
    },
    /// ISO base media; the flag says that its brand is QuickTime's.
    Mp4 {
        quicktime: bool,
    },
    /// RIFF WAVE.
    Wave,
    /// Anything else, in words.
    Other(&'static str),
}

impl Kind {
    /// In words, to tell somebody what they sent.
    pub fn words(self) -> &'static str {
        match self {
            Self::Jpeg => "a JPEG image",
            Self::Png => "a PNG image",
            Self::Webp => "a WebP image",
            Self::Tiff => "a TIFF image",
            Self::Heic => "a HEIC image",
            Self::Matroska { .. } => "a WebM or Matroska recording",
            Self::Mp4 { .. } => "an MP4 or MOV recording",
            Self::Wave => "a WAV sound",
            Self::Other(words) => words,
        }
    }
}

pub fn sniff(head: &[u8]) -> Kind {
    if head.starts_with(b"\xff\xd8\xff") {
        return Kind::Jpeg;
    }
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Kind::Png;
    }
    if head.starts_with(b"II*\0") || head.starts_with(b"MM\0*") {
        return Kind::Tiff;
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Kind::Webp,
            Some(b"AVI ") => Kind::Other("an AVI recording"),
            Some(b"WAVE") => Kind::Wave,
            _ => Kind::Other("an unknown RIFF file"),
        };
    }
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        let webm = head.windows(4).any(|w| w == b"webm");
        return Kind::Matroska { webm };
    }
    if let Some(kind) = iso_media(head) {
        return kind;
    }
    Kind::Other(others(head))
}

/// ISO/IEC 14496-12: a box length, then its type. Old QuickTime files have no `ftyp`.
fn iso_media(head: &[u8]) -> Option<Kind> {
    match head.get(4..8)? {
        b"ftyp" => Some(match head.get(8..12)? {
            b"heic" | b"heix" | b"heim" | b"heis" => Kind::Heic,
            b"mif1" | b"msf1" if head.windows(4).any(|w| w == b"heic" || w == b"heix") => {
                Kind::Heic
            }
            b"avif" | b"avis" | b"mif1" | b"msf1" => Kind::Other("an AVIF image"),
            b"qt  " => Kind::Mp4 { quicktime: true },
            _ => Kind::Mp4 { quicktime: false },
        }),
        b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot" => {
            Some(Kind::Mp4 { quicktime: true })
        }
        b"styp" | b"moof" => Some(Kind::Mp4 { quicktime: false }),
        _ => None,
    }
}

fn others(head: &[u8]) -> &'static str {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF document"),
        (b"GIF8", "a GIF image"),
        (b"BM", "a BMP image"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"OggS", "an Ogg file"),
        (b"FLV", "a Flash recording"),
        (b"\x7fELF", "a program"),
        (b"\xff\xfb", "an MP3 sound"),
        (b"ID3", "an MP3 sound"),
    ];
    if let Some((_, words)) = KNOWN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return words;
    }
    let printable = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if head.is_empty() {
        "an empty file"
    } else if head.iter().all(printable) {
        "text"
    } else {
        "an unknown kind of file"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_bytes() {
        assert_eq!(sniff(b"%PDF-1.7\n%abc"), Kind::Other("a PDF document"));
        assert_eq!(sniff(b"hello, I am a video"), Kind::Other("text"));
        assert_eq!(sniff(b""), Kind::Other("an empty file"));
        assert_eq!(sniff(b"\0\0\0\x14ftypqt  "), Kind::Mp4 { quicktime: true });
        assert_eq!(sniff(b"\0\0\0\x14ftypisom"), Kind::Mp4 { quicktime: false });
        assert_eq!(sniff(b"\0\0\0\x18ftypheic"), Kind::Heic);
        assert_eq!(sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"), Kind::Heic);
        assert_eq!(sniff(b"\0\0\0\x18ftypavif"), Kind::Other("an AVIF image"));
        assert_eq!(
            sniff(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"),
            Kind::Matroska { webm: true }
        );
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Kind::Webp);
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Kind::Wave);
        assert_eq!(sniff(b"II*\0\x08\0\0\0"), Kind::Tiff);
        assert_eq!(sniff(b"MM\0*\0\0\0\x08"), Kind::Tiff);
    }
}
