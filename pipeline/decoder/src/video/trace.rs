//! Which programs left their names in a recording.

use std::ffi::CStr;

use ffmpeg_next::format::context::Input;
use ffmpeg_next::{DictionaryRef, Stream, ffi};
use idproof_protocol::{MAX_PROGRAMS, sanitise_detail};

/// Entries under which muxers and encoders name themselves.
const ENTRIES: [&CStr; 4] = [
    c"encoder",
    c"encoding_tool",
    c"software",
    c"writing_application",
];
/// What encoders write into the video itself, by its first bytes.
const SIGNS: [(&[u8], &str); 3] = [
    (b"x264 - core", "x264"),
    (b"x265 (build", "x265"),
    (b"Lavc", "Lavc"),
];
/// Longest name that is handed out.
const LONGEST: usize = 60;

/// The names, each once. `opening`: the first bytes of the video track.
pub(super) fn programs(input: &Input, opening: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    named(&input.metadata(), &mut found);
    for stream in input.streams() {
        named(&stream.metadata(), &mut found);
        signs(setup(&stream), &mut found);
    }
    signs(opening, &mut found);
    found
}

/// The entries as bytes: nobody has checked that they are UTF-8.
#[expect(unsafe_code, reason = "the safe getter believes every entry is UTF-8")]
fn named(entries: &DictionaryRef<'_>, found: &mut Vec<String>) {
    for name in ENTRIES {
        // SAFETY: the dictionary lives as long as its reference; an entry's value ends with a zero
        // and is read before anything could change it.
        let value = unsafe {
            let entry = ffi::av_dict_get(entries.as_ptr(), name.as_ptr(), std::ptr::null(), 0);
            if entry.is_null() {
                continue;
            }
            CStr::from_ptr((*entry).value).to_bytes()
        };
        add(&String::from_utf8_lossy(value), found);
    }
}

fn signs(bytes: &[u8], found: &mut Vec<String>) {
    for (sign, name) in SIGNS {
        if bytes.windows(sign.len()).any(|w| w == sign) {
            add(name, found);
        }
    }
}

fn add(name: &str, found: &mut Vec<String>) {
    let mut name = sanitise_detail(name.trim());
    name.truncate(LONGEST);
    if !name.is_empty() && found.len() < MAX_PROGRAMS && !found.contains(&name) {
        found.push(name);
    }
}

/// What the decoder is set up with.
#[expect(unsafe_code, reason = "the bytes have no safe getter")]
fn setup<'a>(stream: &Stream<'a>) -> &'a [u8] {
    // SAFETY: the parameters live as long as the input; the pair describes one allocation, or
    // nothing at all.
    unsafe {
        let parameters = stream.parameters();
        let raw = parameters.as_ptr();
        let size = usize::try_from((*raw).extradata_size).unwrap_or(0);
        if (*raw).extradata.is_null() || size == 0 {
            return &[];
        }
        std::slice::from_raw_parts((*raw).extradata, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_printable_and_told_once() {
        let mut found = Vec::new();
        add("Lavf58.29.100", &mut found);
        add(" Lavf58.29.100 ", &mut found);
        add("", &mut found);
        add("un\u{e9}\n", &mut found);
        add(&"x".repeat(500), &mut found);
        assert_eq!(found[..2], ["Lavf58.29.100", "un?"]);
        assert_eq!(found[2].len(), LONGEST);
        (0..20).for_each(|n| add(&n.to_string(), &mut found));
        assert_eq!(found.len(), MAX_PROGRAMS);
    }

    #[test]
    fn encoders_sign_the_video_itself() {
        let mut found = Vec::new();
        signs(b"\0\0\0\x01\x06\x05x264 - core 164 r3095", &mut found);
        signs(b"nothing", &mut found);
        signs(b"", &mut found);
        assert_eq!(found, ["x264"]);
    }
}
