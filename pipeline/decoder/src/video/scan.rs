//! One walk over the packets before anything is decoded.

use ffmpeg_next as ffmpeg;
use ffmpeg_next::format::context::Input;
use idproof_protocol::{ErrorCode, Failure, Limits};

use super::input::{Tracks, next_packet};
use super::to_us;

/// What the packets say.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    /// From the first packet's start to the last one's end over both tracks, microseconds.
    pub span_us: i64,
    pub video_packets: u64,
    /// The container ended with an error rather than an end.
    pub broken_off: bool,
    /// How the video track begins, at most [`OPENING`] bytes: encoders write their names there.
    pub opening: Vec<u8>,
}

/// Bytes of the first video packet that are looked at.
const OPENING: usize = 4096;

/// Packets that fail to be read before the walk gives up.
const MOST_ERRORS: u32 = 100;

/// Refuses a recording whose packets run longer than the limit or are too many.
pub(super) fn packets(
    input: &mut Input,
    tracks: &Tracks,
    limits: &Limits,
) -> Result<Seen, Failure> {
    let mut seen = Seen::default();
    let mut spans = [Span::default(), Span::default()];
    let mut errors = 0;
    loop {
        let packet = match next_packet(input) {
            Ok(packet) => packet,
            Err(ffmpeg::Error::Eof) => break,
            Err(e) if super::is_no_memory(e) => return Err(crate::no_memory()),
            Err(_) => {
                seen.broken_off = true;
                errors += 1;
                if errors >= MOST_ERRORS {
                    break;
                }
                continue;
            }
        };
        let index = packet.stream();
        let which = if index == tracks.video {
            if seen.video_packets == 0 {
                let data = packet.data().unwrap_or_default();
                seen.opening = data[..data.len().min(OPENING)].to_vec();
            }
            seen.video_packets += 1;
            0
        } else if Some(index) == tracks.audio {
            1
        } else {
            continue;
        };
        if seen.video_packets > u64::from(limits.frames) {
            let detail = format!(
                "the recording has more than {} frames; record it at 30 frames a second",
                limits.frames
            );
            return Err(Failure::new(ErrorCode::LimitExceeded, detail));
        }
        let Some(base) = input.stream(index).map(|s| s.time_base()) else {
            continue;
        };
        if let Some(at) = packet.pts().or(packet.dts()) {
            let end = at.saturating_add(packet.duration().max(0));
            spans[which].extend(to_us(at, base), to_us(end, base));
        }
        if spans[which].length() > limit_us(limits) {
            return Err(too_long(limits));
        }
    }
    let [mut whole, audio] = spans;
    whole.join(&audio);
    seen.span_us = whole.length();
    Ok(seen)
}

pub(super) fn too_long(limits: &Limits) -> Failure {
    let detail = format!(
        "the recording is longer than {} s; record a shorter one",
        limits.duration_us / 1_000_000
    );
    Failure::new(ErrorCode::LimitExceeded, detail)
}

/// A recording of exactly the limit has a last packet that reaches a little over it.
pub(super) fn limit_us(limits: &Limits) -> i64 {
    const LAST_PACKET_US: u64 = 200_000;
    i64::try_from(limits.duration_us.saturating_add(LAST_PACKET_US)).unwrap_or(i64::MAX)
}

/// Earliest start and latest end, microseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Span(Option<(i64, i64)>);

impl Span {
    fn extend(&mut self, start: i64, end: i64) {
        let (lo, hi) = self.0.unwrap_or((start, end));
        self.0 = Some((lo.min(start), hi.max(end)));
    }

    fn join(&mut self, other: &Self) {
        if let Some((lo, hi)) = other.0 {
            self.extend(lo, hi);
        }
    }

    fn length(&self) -> i64 {
        self.0.map_or(0, |(lo, hi)| hi.saturating_sub(lo))
    }
}
