use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::image::RgbImage;

/// Where a file to decode is.
#[derive(Debug)]
pub enum MediaFile {
    Path(PathBuf),
    /// Already open: a file without a name, so that plain media never lie on a disk. It is read
    /// from its beginning, wherever its position is.
    Open(File),
}

impl From<&Path> for MediaFile {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for MediaFile {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<File> for MediaFile {
    fn from(file: File) -> Self {
        Self::Open(file)
    }
}

/// Decodes untrusted media. The implementation does so in a sandboxed child process.
pub trait MediaDecoder: Send + Sync {
    /// One still image: JPEG, PNG, WebP (HEIC where built in), EXIF orientation applied.
    fn decode_image(&self, file: &MediaFile) -> Result<DecodedImage, MediaError>;

    /// One recording. Frames and sound go to `sink` as they are decoded; nothing is collected.
    fn decode_video(
        &self,
        file: &MediaFile,
        request: &VideoRequest,
        sink: &mut dyn VideoSink,
    ) -> Result<VideoReport, MediaError>;

    /// One WAV file to 16 kHz mono samples in -1..=1. For evaluation: applicants send recordings.
    fn decode_sound(&self, file: &MediaFile) -> Result<Vec<f32>, MediaError>;
}

#[derive(Debug, Clone)]
pub struct DecodedImage {
    pub image: RgbImage,
    pub report: ImageReport,
}

/// What the decoder saw of a still image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageReport {
    /// Sniffed from the bytes: `jpeg`, `png`, `webp` or `heic`.
    pub format: String,
    pub file_bytes: u64,
    /// As stored, before orientation.
    pub stored_width: u32,
    pub stored_height: u32,
    /// EXIF orientation 1..=8 that was applied (1 where there is none).
    pub orientation: u8,
    /// A picture editor has left its name in the file.
    pub by_editor: bool,
}

/// Which frames the analysis wants to see.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoRequest {
    /// Frames closer than this to the last delivered one are decoded and timed, but not
    /// converted nor delivered. Zero delivers every frame.
    pub min_frame_gap: Duration,
    /// Delivered frames are scaled down so that the longer side is at most this many pixels.
    pub max_side: u32,
}

/// Receives frames and sound in the order they are decoded (the two interleave).
/// `Break` stops the decoding early; that is not an error.
pub trait VideoSink {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()>;

    /// 16 kHz mono samples in -1..=1, contiguous from the start of the sound track.
    fn audio(&mut self, samples: &[f32]) -> ControlFlow<()>;
}

#[derive(Debug, Clone)]
pub struct VideoFrame {
    /// Presentation time from the container, relative to the first frame.
    pub at: Duration,
    /// Count of the frame among all decoded ones, from 0.
    pub index: u64,
    /// Upright: the container's rotation is already applied.
    pub image: RgbImage,
}

/// What the decoder saw of a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoReport {
    /// Sniffed by the demuxer: `webm`, `mp4`, `mov`.
    pub container: String,
    pub video_codec: String,
    pub audio_codec: Option<String>,
    pub file_bytes: u64,
    /// Size of the upright frames before scaling.
    pub width: u32,
    pub height: u32,
    /// Degrees clockwise that were applied: 0, 90, 180, 270.
    pub rotation: u16,
    /// Presentation time of every decoded frame relative to the first, in decode order, microseconds.
    pub timestamps_us: Vec<i64>,
    /// How much each of these frames differs from the one before: hundredths of a grey level, mean
    /// absolute difference of every eighth pixel of every eighth row; 0 for the first.
    pub changes: Vec<u16>,
    /// Gaps of more than 1.5 nominal frame intervals, counted in missing frames.
    pub dropped_frames: u64,
    /// Consecutive frames with identical picture content.
    pub duplicated_frames: u64,
    /// Frames or packets the codec could not decode.
    pub corrupt_frames: u64,
    /// Span of the delivered sound in microseconds; zero without a sound track.
    pub audio_us: i64,
    /// Start of sound relative to the first frame, microseconds.
    pub audio_offset_us: i64,
    /// The duration the container claims, if any.
    pub claimed_us: Option<i64>,
    /// Each thing the container says that its packets contradict, in words without personal data.
    pub lies: Vec<String>,
    /// Programs that left their names in the file, as they stand there: muxers and encoders.
    pub programs: Vec<String>,
}

impl VideoReport {
    /// From the first to the last presentation time, whatever the container claims.
    pub fn duration(&self) -> Duration {
        let (min, max) = self
            .timestamps_us
            .iter()
            .fold((i64::MAX, i64::MIN), |(lo, hi), &t| (lo.min(t), hi.max(t)));
        Duration::from_micros(u64::try_from(max.saturating_sub(min)).unwrap_or(0))
    }
}

/// Why a file gave no usable media. The text names what is wrong and what to do, never the content.
#[derive(Debug, thiserror::Error, Clone, PartialEq)]
pub enum MediaError {
    /// The file cannot be read at all (missing, no permission, a directory, a link where none is allowed).
    #[error("cannot read the file: {0}")]
    Unreadable(String),
    /// The bytes are no supported image or recording.
    #[error("not a usable {expected}: {detail}")]
    Unsupported {
        expected: &'static str,
        detail: String,
    },
    /// A limit was exceeded before anything was allocated for it.
    #[error("too large: {0}")]
    LimitExceeded(String),
    /// Supported, but damaged beyond use (truncated, no decodable frame).
    #[error("damaged: {0}")]
    Damaged(String),
    /// The decoder did not finish within its time.
    #[error("decoding took longer than {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The decoder died or broke its protocol; said without its output.
    #[error("the decoder stopped: {0}")]
    DecoderFailed(String),
    /// The decoder itself is missing or the sandbox cannot be set up on this machine.
    #[error("the decoder is not available: {0}")]
    Unavailable(String),
}
