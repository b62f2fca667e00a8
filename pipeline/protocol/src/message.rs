use crate::reader::ProtocolError;
use crate::wire::{Put, Take};
use crate::{MAX_AUDIO_SAMPLES, MAX_FRAMES, MAX_LIES, MAX_PROGRAMS, MAX_TEXT};

/// Everything the child may say.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The sandbox stands; nothing of the file was read yet.
    Ready(Sandbox),
    /// The one picture of an image job.
    Image(Image),
    /// One picture of a video job.
    Frame(Frame),
    /// 16 kHz mono samples, at most [`MAX_AUDIO_SAMPLES`].
    Audio(Vec<f32>),
    /// Closes a video job, and a sound job (with no frames in it).
    Video(VideoSummary),
    /// Closes any job.
    Failure(Failure),
    /// Closes a self check whose attempt did not kill the child:
    /// zero when it was not refused, else the `errno` that refused it.
    Survived(i32),
}

/// What is in force in the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sandbox {
    /// [`crate::VERSION`] of the child.
    pub version: u16,
    /// Landlock ABI of the kernel, zero where there is none.
    pub landlock_abi: u8,
    /// Every right known to the child is handled.
    pub landlock_full: bool,
    pub seccomp: bool,
    pub rlimits: bool,
    pub no_new_privs: bool,
}

/// An upright RGB image and how it was stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// Sniffed: `jpeg`, `png`, `webp`, `heic`.
    pub format: String,
    pub file_bytes: u64,
    pub stored_width: u32,
    pub stored_height: u32,
    /// EXIF orientation 1..=8 that was applied.
    pub orientation: u8,
    /// A picture editor has left its name in the file.
    pub by_editor: bool,
    pub width: u32,
    pub height: u32,
    /// `3 * width * height` bytes.
    pub pixels: Vec<u8>,
}

/// An upright RGB frame of a recording.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// Relative to the first frame, microseconds, not negative.
    pub at_us: u64,
    /// Count among all decoded frames, from zero.
    pub index: u64,
    pub width: u32,
    pub height: u32,
    /// `3 * width * height` bytes.
    pub pixels: Vec<u8>,
}

/// What was seen of a recording; the units are those of `idproof_ports::VideoReport`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoSummary {
    pub container: String,
    pub video_codec: String,
    pub audio_codec: Option<String>,
    pub file_bytes: u64,
    pub width: u32,
    pub height: u32,
    pub rotation: u16,
    pub timestamps_us: Vec<i64>,
    /// One for each of `timestamps_us`.
    pub changes: Vec<u16>,
    pub dropped_frames: u64,
    pub duplicated_frames: u64,
    pub corrupt_frames: u64,
    pub audio_us: i64,
    pub audio_offset_us: i64,
    pub claimed_us: Option<i64>,
    pub lies: Vec<String>,
    /// At most [`MAX_PROGRAMS`].
    pub programs: Vec<String>,
}

/// Why there is no result. The detail names no content of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    pub code: ErrorCode,
    /// Printable ASCII, at most [`MAX_TEXT`] bytes.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ErrorCode {
    Unreadable = 1,
    Unsupported = 2,
    LimitExceeded = 3,
    Damaged = 4,
    /// The sandbox could not be set up.
    Sandbox = 5,
    Internal = 6,
}

impl Failure {
    pub fn new(code: ErrorCode, detail: impl AsRef<str>) -> Self {
        Self {
            code,
            detail: sanitise_detail(detail.as_ref()),
        }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} {}x{})", self.format, self.width, self.height)
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} at {} us)", self.index, self.at_us)
    }
}

/// Printable ASCII of at most [`MAX_TEXT`] bytes; anything else becomes `?`.
pub fn sanitise_detail(text: &str) -> String {
    text.chars()
        .take(MAX_TEXT)
        .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
        .collect()
}

/// The first byte of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Ready = 1,
    Image = 2,
    Frame = 3,
    Audio = 4,
    Video = 5,
    Failure = 6,
    Survived = 7,
}

/// Bytes of an image's or frame's fields that precede its pixels.
pub(crate) const IMAGE_HEAD: usize = 40;
pub(crate) const FRAME_HEAD: usize = 24;

impl Kind {
    pub fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Ready,
            2 => Self::Image,
            3 => Self::Frame,
            4 => Self::Audio,
            5 => Self::Video,
            6 => Self::Failure,
            7 => Self::Survived,
            _ => return None,
        })
    }

    /// Bytes of the longest body, or of its fields where pixels follow them.
    pub fn max_body(self) -> usize {
        match self {
            Self::Ready => 8,
            Self::Image => IMAGE_HEAD,
            Self::Frame => FRAME_HEAD,
            Self::Audio => 4 * MAX_AUDIO_SAMPLES,
            Self::Video => 10 * MAX_FRAMES as usize + 8192,
            Self::Failure => 2 + MAX_TEXT,
            Self::Survived => 4,
        }
    }
}

impl Sandbox {
    pub(crate) fn put(&self, to: &mut Put) {
        to.u16(self.version).u8(self.landlock_abi);
        to.bool(self.landlock_full).bool(self.seccomp);
        to.bool(self.rlimits).bool(self.no_new_privs);
    }

    pub(crate) fn take(from: &mut Take<'_>) -> Result<Self, ProtocolError> {
        Ok(Self {
            version: from.u16()?,
            landlock_abi: from.u8()?,
            landlock_full: from.bool()?,
            seccomp: from.bool()?,
            rlimits: from.bool()?,
            no_new_privs: from.bool()?,
        })
    }
}

impl Image {
    /// Exactly [`IMAGE_HEAD`] bytes.
    pub(crate) fn put_head(&self, to: &mut Put) {
        let mut name = [0; 8];
        for (slot, byte) in name.iter_mut().zip(self.format.bytes()) {
            *slot = byte;
        }
        to.raw(&name).u64(self.file_bytes);
        to.u32(self.stored_width).u32(self.stored_height);
        to.u32(self.width).u32(self.height);
        to.u8(self.orientation);
        to.bool(self.by_editor).raw(&[0; 6]);
    }

    /// Without pixels.
    pub(crate) fn take_head(from: &mut Take<'_>) -> Result<Self, ProtocolError> {
        let format = match from.bytes(8)? {
            b"jpeg\0\0\0\0" => "jpeg",
            b"png\0\0\0\0\0" => "png",
            b"webp\0\0\0\0" => "webp",
            b"heic\0\0\0\0" => "heic",
            b"tiff\0\0\0\0" => "tiff",
            _ => return Err(ProtocolError::Malformed("an unknown image format")),
        };
        let image = Self {
            format: format.into(),
            file_bytes: from.u64()?,
            stored_width: from.u32()?,
            stored_height: from.u32()?,
            width: from.u32()?,
            height: from.u32()?,
            orientation: from.u8()?,
            by_editor: from.bool()?,
            pixels: vec![],
        };
        if from.bytes(6)? != [0; 6] || !(1..=8).contains(&image.orientation) {
            return Err(ProtocolError::Malformed("an unknown orientation"));
        }
        Ok(image)
    }
}

impl Frame {
    /// Exactly [`FRAME_HEAD`] bytes.
    pub(crate) fn put_head(&self, to: &mut Put) {
        to.u64(self.at_us).u64(self.index);
        to.u32(self.width).u32(self.height);
    }

    /// Without pixels.
    pub(crate) fn take_head(from: &mut Take<'_>) -> Result<Self, ProtocolError> {
        Ok(Self {
            at_us: from.u64()?,
            index: from.u64()?,
            width: from.u32()?,
            height: from.u32()?,
            pixels: vec![],
        })
    }
}

impl VideoSummary {
    pub(crate) fn put(&self, to: &mut Put) {
        to.text(&self.container).text(&self.video_codec);
        to.bool(self.audio_codec.is_some());
        if let Some(codec) = &self.audio_codec {
            to.text(codec);
        }
        to.u64(self.file_bytes).u32(self.width).u32(self.height);
        to.u16(self.rotation);
        to.u64(self.dropped_frames).u64(self.duplicated_frames);
        to.u64(self.corrupt_frames);
        to.i64(self.audio_us).i64(self.audio_offset_us);
        to.bool(self.claimed_us.is_some());
        to.i64(self.claimed_us.unwrap_or(0));
        let lies = &self.lies[..self.lies.len().min(MAX_LIES)];
        to.u8(u8::try_from(lies.len()).unwrap_or(0));
        for lie in lies {
            to.text(lie);
        }
        let programs = &self.programs[..self.programs.len().min(MAX_PROGRAMS)];
        to.u8(u8::try_from(programs.len()).unwrap_or(0));
        for program in programs {
            to.text(program);
        }
        let times = &self.timestamps_us[..self.timestamps_us.len().min(MAX_FRAMES as usize)];
        to.u32(u32::try_from(times.len()).unwrap_or(0));
        for (i, &time) in times.iter().enumerate() {
            to.i64(time);
            to.u16(self.changes.get(i).copied().unwrap_or(0));
        }
    }

    pub(crate) fn take(from: &mut Take<'_>) -> Result<Self, ProtocolError> {
        let mut summary = Self {
            container: from.name()?,
            video_codec: from.name()?,
            audio_codec: if from.bool()? {
                Some(from.name()?)
            } else {
                None
            },
            file_bytes: from.u64()?,
            width: from.u32()?,
            height: from.u32()?,
            rotation: from.u16()?,
            dropped_frames: from.u64()?,
            duplicated_frames: from.u64()?,
            corrupt_frames: from.u64()?,
            audio_us: from.i64()?,
            audio_offset_us: from.i64()?,
            ..Self::default()
        };
        let claimed = (from.bool()?, from.i64()?);
        summary.claimed_us = claimed.0.then_some(claimed.1);
        let lies = usize::from(from.u8()?);
        if lies > MAX_LIES || (!claimed.0 && claimed.1 != 0) || !summary.rotation.is_multiple_of(90)
        {
            return Err(ProtocolError::Malformed("a report contradicts itself"));
        }
        for _ in 0..lies {
            summary.lies.push(from.text()?);
        }
        let programs = usize::from(from.u8()?);
        if programs > MAX_PROGRAMS {
            return Err(ProtocolError::Malformed("too many programs"));
        }
        for _ in 0..programs {
            summary.programs.push(from.text()?);
        }
        let times = from.u32()? as usize;
        if times.checked_mul(10) != Some(from.0.len()) {
            return Err(ProtocolError::Malformed("a report's times do not fit it"));
        }
        summary.timestamps_us.reserve_exact(times);
        summary.changes.reserve_exact(times);
        for _ in 0..times {
            summary.timestamps_us.push(from.i64()?);
            summary.changes.push(from.u16()?);
        }
        Ok(summary)
    }
}

impl Failure {
    pub(crate) fn put(&self, to: &mut Put) {
        to.u8(self.code as u8).text(&self.detail);
    }

    pub(crate) fn take(from: &mut Take<'_>) -> Result<Self, ProtocolError> {
        let code = match from.u8()? {
            1 => ErrorCode::Unreadable,
            2 => ErrorCode::Unsupported,
            3 => ErrorCode::LimitExceeded,
            4 => ErrorCode::Damaged,
            5 => ErrorCode::Sandbox,
            6 => ErrorCode::Internal,
            _ => return Err(ProtocolError::Malformed("an unknown error code")),
        };
        Ok(Self {
            code,
            detail: from.text()?,
        })
    }
}
