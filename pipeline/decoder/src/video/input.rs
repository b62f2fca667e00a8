//! Opening a container over our own reading functions.

use std::ffi::{CStr, c_char, c_int};
use std::ptr;

use ffmpeg_next as ffmpeg;
use ffmpeg_next::ffi;
use ffmpeg_next::format::context::{Input, StreamIo};
use idproof_protocol::{ErrorCode, Failure, Limits};

use super::{damaged, internal, to_us};
use crate::source::Source;

/// Bytes read from the file at a time.
const BUFFER: usize = 1 << 16;

/// A demuxer that asks for another file or address gets none.
#[expect(unsafe_code, reason = "the signature is FFmpeg's")]
unsafe extern "C" fn open_nothing(
    _: *mut ffi::AVFormatContext,
    _: *mut *mut ffi::AVIOContext,
    _: *const c_char,
    _: c_int,
    _: *mut *mut ffi::AVDictionary,
) -> c_int {
    -libc::EACCES
}

/// Reads the container's header with the one demuxer named. Streams are not probed: whatever
/// is claimed about them is checked against what their packets decode to.
#[expect(
    unsafe_code,
    reason = "no safe way to name the demuxer and skip probing"
)]
pub(super) fn open(source: Source, demuxer: &CStr) -> Result<Input, Failure> {
    let mut io =
        StreamIo::from_read_seek_with_capacity(source, BUFFER).map_err(|_| crate::no_memory())?;
    // SAFETY: `context` is either handed to `avformat_open_input`, which frees it on
    // failure, or owned by the returned `Input`; `io` outlives it in both cases.
    unsafe {
        let format = ffi::av_find_input_format(demuxer.as_ptr());
        let mut context = ffi::avformat_alloc_context();
        if format.is_null() || context.is_null() {
            ffi::avformat_free_context(context);
            return Err(internal("the media library cannot read containers"));
        }
        (*context).pb = io.as_mut_ptr();
        (*context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
        (*context).io_open = Some(open_nothing);
        let opened =
            ffi::avformat_open_input(&raw mut context, ptr::null(), format, ptr::null_mut());
        if opened < 0 {
            return Err(if opened == ffi::AVERROR(libc::ENOMEM) {
                crate::no_memory()
            } else {
                damaged("the recording's header is cut off or corrupt; record it again")
            });
        }
        Ok(Input::wrap_with_custom_io(context, io))
    }
}

/// The next packet. Always a fresh one: reading into a used packet leaks what it holds.
pub(super) fn next_packet(input: &mut Input) -> Result<ffmpeg::Packet, ffmpeg::Error> {
    let mut packet = ffmpeg::Packet::empty();
    packet.read(input).map(|()| packet)
}

/// The streams that are decoded, and what the container claims about them.
pub(super) struct Tracks {
    pub video: usize,
    pub audio: Option<usize>,
    pub orientation: u8,
    /// Clockwise degrees that the container asks for.
    pub rotation: u16,
    pub claims: Claims,
}

/// What the container says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Claims {
    pub duration_us: Option<i64>,
    /// Stored size of the pictures; zero where nothing is said.
    pub width: u32,
    pub height: u32,
    pub frames_per_second: Option<f64>,
    pub video_packets: Option<u64>,
    /// A rotation that is no quarter turn cannot be applied.
    pub odd_rotation: bool,
}

impl Tracks {
    /// The first moving picture and the first sound; all other streams are discarded.
    pub fn choose(input: &mut Input, limits: &Limits) -> Result<Self, Failure> {
        use ffmpeg::media::Type;
        let mut video = None;
        let mut audio = None;
        for stream in input.streams() {
            let still = stream
                .disposition()
                .contains(ffmpeg::format::stream::Disposition::ATTACHED_PIC);
            let slot = match stream.parameters().medium() {
                Type::Video if !still => &mut video,
                Type::Audio => &mut audio,
                _ => continue,
            };
            slot.get_or_insert(stream.index());
        }
        let video = video.ok_or_else(|| {
            let what = if audio.is_some() {
                "only sound"
            } else {
                "no video"
            };
            let detail = format!("the recording holds {what}; record with the camera on");
            Failure::new(ErrorCode::Unsupported, detail)
        })?;
        discard_others(input, video, audio);
        let claims = Claims::read(input, video);
        let (orientation, rotation, odd) = orientation(input, video);
        if claims.width.max(claims.height) > limits.side {
            return Err(too_big(claims.width, claims.height, limits));
        }
        Ok(Self {
            video,
            audio,
            orientation,
            rotation,
            claims: Claims {
                odd_rotation: odd,
                ..claims
            },
        })
    }
}

pub(super) fn too_big(width: u32, height: u32, limits: &Limits) -> Failure {
    let detail = format!(
        "the recording is {width}x{height} pixels; at most {} pixels a side are decoded",
        limits.side
    );
    Failure::new(ErrorCode::LimitExceeded, detail)
}

#[expect(unsafe_code, reason = "the discard flag has no safe setter")]
fn discard_others(input: &mut Input, video: usize, audio: Option<usize>) {
    // SAFETY: `streams` has `nb_streams` valid entries for as long as the input lives.
    unsafe {
        let context = input.as_mut_ptr();
        for index in 0..(*context).nb_streams as usize {
            if index != video && Some(index) != audio {
                (**(*context).streams.add(index)).discard = ffi::AVDiscard::AVDISCARD_ALL;
            }
        }
    }
}

impl Claims {
    #[expect(unsafe_code, reason = "the stored size has no safe getter")]
    fn read(input: &Input, video: usize) -> Self {
        let Some(stream) = input.stream(video) else {
            return Self::default();
        };
        let rate = stream.avg_frame_rate();
        let frames_per_second = (rate.numerator() > 0 && rate.denominator() > 0)
            .then(|| f64::from(rate.numerator()) / f64::from(rate.denominator()));
        let parameters = stream.parameters();
        // SAFETY: the parameters are alive and only read.
        let (width, height) =
            unsafe { ((*parameters.as_ptr()).width, (*parameters.as_ptr()).height) };
        let duration_us = match (input.duration(), stream.duration()) {
            (whole, _) if whole > 0 => Some(whole),
            (_, own) if own > 0 => Some(to_us(own, stream.time_base())),
            _ => None,
        };
        Self {
            duration_us,
            width: u32::try_from(width).unwrap_or(0),
            height: u32::try_from(height).unwrap_or(0),
            frames_per_second,
            video_packets: u64::try_from(stream.frames()).ok().filter(|&n| n > 0),
            odd_rotation: false,
        }
    }
}

/// The display matrix as (EXIF orientation, clockwise degrees, whether it is no quarter turn).
/// The matrix is row-major, 16.16 fixed point, and maps stored to shown (`libavutil/display.h`):
/// x' = a x + c y, y' = b x + d y with `[a, b, u, c, d, v, ...]`.
fn orientation(input: &Input, video: usize) -> (u8, u16, bool) {
    let matrix = input.stream(video).and_then(|stream| {
        stream
            .side_data()
            .find(|d| d.kind() == ffmpeg::codec::packet::side_data::Type::DisplayMatrix)
            .and_then(|d| matrix(d.data()))
    });
    matrix.map_or((1, 0, false), of_matrix)
}

/// Four of the nine numbers: a, b, c, d.
fn matrix(bytes: &[u8]) -> Option<[i32; 4]> {
    let (words, _) = bytes.as_chunks::<4>();
    let word = |i: usize| words.get(i).map(|w| i32::from_ne_bytes(*w));
    Some([word(0)?, word(1)?, word(3)?, word(4)?])
}

fn of_matrix([a, b, c, d]: [i32; 4]) -> (u8, u16, bool) {
    // A quarter turn has zeros on one diagonal; tolerate 1 % as writers round.
    let small = |x: i32, than: i32| i64::from(x).abs() * 100 < i64::from(than).abs();
    let straight = small(b, a) && small(c, d);
    let crossed = small(a, b) && small(d, c);
    match (straight, crossed) {
        (true, _) => match (a > 0, d > 0) {
            (true, true) => (1, 0, false),
            (false, true) => (2, 0, false),
            (false, false) => (3, 180, false),
            (true, false) => (4, 0, false),
        },
        (_, true) => match (b > 0, c > 0) {
            (true, true) => (5, 90, false),
            (true, false) => (6, 90, false),
            (false, false) => (7, 270, false),
            (false, true) => (8, 270, false),
        },
        _ => (1, 0, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarter_turns_are_told_from_the_matrix() {
        const ONE: i32 = 1 << 16;
        assert_eq!(of_matrix([ONE, 0, 0, ONE]), (1, 0, false));
        assert_eq!(of_matrix([0, ONE, -ONE, 0]), (6, 90, false));
        assert_eq!(of_matrix([-ONE, 0, 0, -ONE]), (3, 180, false));
        assert_eq!(of_matrix([0, -ONE, ONE, 0]), (8, 270, false));
        assert_eq!(of_matrix([-ONE, 0, 0, ONE]), (2, 0, false));
        assert_eq!(
            of_matrix([ONE / 2, ONE / 2, -ONE / 2, ONE / 2]),
            (1, 0, true)
        );
        assert_eq!(of_matrix([0, 0, 0, 0]), (1, 0, true));
    }
}
