//! Recordings: WebM and Matroska, MP4, MOV; sound alone: WAV.

use std::io;

use ffmpeg_next as ffmpeg;
use idproof_protocol::{ErrorCode, Failure, Frame, Limits, VideoSummary};

use crate::orient;
use crate::sniff::{HEAD, Kind, sniff};
use crate::source::Source;

mod codec;
mod input;
mod picture;
mod same;
mod scan;
mod session;
mod sound;
mod timeline;
mod trace;
mod wave;

pub use wave::decode_sound;

/// Where frames and sound go as they are decoded. An error stops the decoding.
pub trait Output {
    fn frame(&mut self, frame: Frame) -> io::Result<()>;

    /// 16 kHz mono, -1..=1.
    fn audio(&mut self, samples: &[f32]) -> io::Result<()>;
}

/// Which frames are sent.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Microseconds between sent frames, at least.
    pub min_gap_us: u64,
    /// Longer side of sent frames in pixels, at most.
    pub max_side: u32,
}

/// Time stamps in WebM are rounded to 1 ms; a gap this much shorter still counts.
const GAP_TOLERANCE_US: i64 = 1_000;

/// To be called once, before the sandbox stands.
pub fn initialise() -> Result<(), Failure> {
    ffmpeg::init().map_err(|_| internal("the media library does not start"))?;
    ffmpeg::util::log::set_level(ffmpeg::util::log::Level::Quiet);
    Ok(())
}

/// Decodes one recording. Its packets are walked once without decoding, so that what is too
/// long is refused before any frame is decoded; then frames and sound go to `output`.
pub fn decode_video(
    source: &Source,
    wanted: Wanted,
    limits: &Limits,
    output: &mut dyn Output,
) -> Result<VideoSummary, Failure> {
    crate::check_length(source.length(), limits)?;
    let head = source.head(HEAD).map_err(|_| crate::unreadable())?;
    let kind = sniff(&head);
    let container = match kind {
        Kind::Matroska { webm: true } => "webm",
        Kind::Matroska { webm: false } => "matroska",
        Kind::Mp4 { quicktime: true } => "mov",
        Kind::Mp4 { quicktime: false } => "mp4",
        other => {
            let detail = format!(
                "this is {}; send a WebM, MP4 or MOV recording",
                other.words()
            );
            return Err(Failure::new(ErrorCode::Unsupported, detail));
        }
    };
    let demuxer = if matches!(kind, Kind::Matroska { .. }) {
        c"matroska"
    } else {
        c"mov"
    };
    let mut input = input::open(source.clone(), demuxer)?;
    let tracks = input::Tracks::choose(&mut input, limits)?;
    let seen = scan::packets(&mut input, &tracks, limits)?;
    drop(input);
    let mut input = input::open(source.clone(), demuxer)?;
    let tracks = input::Tracks::choose(&mut input, limits)?;
    let mut session = session::Session::new(&input, tracks, wanted, limits, output)?;
    session.run(&mut input)?;
    let mut summary = session.finish(&seen)?;
    summary.container = container.into();
    summary.programs = trace::programs(&input, &seen.opening);
    summary.file_bytes = source.length();
    Ok(summary)
}

/// Ticks of a time base to microseconds, saturating.
fn to_us(ticks: i64, base: ffmpeg::Rational) -> i64 {
    let (num, den) = (i128::from(base.numerator()), i128::from(base.denominator()));
    if den == 0 {
        return 0;
    }
    let us = i128::from(ticks) * num * 1_000_000 / den;
    i64::try_from(us).unwrap_or(if us < 0 { i64::MIN } else { i64::MAX })
}

/// The size of a frame that is sent: upright, scaled down to `max_side`.
fn sent_size(width: u32, height: u32, orientation: u8, max_side: u32) -> (u32, u32) {
    let (width, height) = orient::upright(width, height, orientation);
    let longer = width.max(height);
    if longer <= max_side {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled = (u64::from(side) * u64::from(max_side) + u64::from(longer) / 2)
            / u64::from(longer.max(1));
        u32::try_from(scaled).unwrap_or(1).clamp(1, max_side)
    };
    (scale(width), scale(height))
}

fn internal(detail: &str) -> Failure {
    Failure::new(ErrorCode::Internal, detail)
}

fn damaged(detail: &str) -> Failure {
    Failure::new(ErrorCode::Damaged, detail)
}

/// An `ENOMEM` from FFmpeg.
fn is_no_memory(error: ffmpeg::Error) -> bool {
    error
        == ffmpeg::Error::Other {
            errno: libc::ENOMEM,
        }
}

/// The pipe broke: the parent has stopped listening.
fn pipe_broke(_: io::Error) -> Failure {
    internal("the pipe to the parent is closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_upright_and_scaled() {
        assert_eq!(sent_size(1280, 720, 1, 1280), (1280, 720));
        assert_eq!(sent_size(1280, 720, 6, 1280), (720, 1280));
        assert_eq!(sent_size(1280, 720, 6, 640), (360, 640));
        assert_eq!(sent_size(1920, 1, 1, 16), (16, 1));
    }

    #[test]
    fn ticks_become_microseconds() {
        assert_eq!(to_us(90_000, ffmpeg::Rational(1, 90_000)), 1_000_000);
        assert_eq!(to_us(i64::MAX, ffmpeg::Rational(1, 1)), i64::MAX);
        assert_eq!(to_us(5, ffmpeg::Rational(1, 0)), 0);
    }
}
