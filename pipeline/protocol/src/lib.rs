//! What the decoder process and its parent say to each other.
//!
//! The parent gives its [`Order`] on the command line and the media file as
//! standard input. The child answers on its standard output with
//! length-prefixed [`Message`]s: one `Ready`, then pictures and sound, then one
//! closing message. The parent trusts nothing: [`MessageReader`] refuses a
//! length before anything is allocated for it, and [`Conversation`] refuses
//! messages out of order or beyond the limits that were ordered.
//!
//! Everything here is pure: no process, no file, no clock.

pub mod conversation;
pub mod message;
pub mod order;
pub mod reader;
mod wire;
pub mod writer;

pub use conversation::Conversation;
pub use message::{
    ErrorCode, Failure, Frame, Image, Message, Sandbox, VideoSummary, sanitise_detail,
};
pub use order::{Attempt, Job, Limits, Order, OrderError};
pub use reader::{MessageReader, Pipe, ProtocolError};
pub use writer::MessageWriter;

/// Raised with every change of the wire form; both sides must agree.
pub const VERSION: u16 = 3;

/// Samples per second of the sound that is sent.
pub const SAMPLE_RATE: u32 = 16_000;

/// Samples in the longest sound message (two seconds).
pub const MAX_AUDIO_SAMPLES: usize = 32_000;

/// Longest free text in bytes (failure details, lies).
pub const MAX_TEXT: usize = 200;

/// Longest list of contradictions in a report.
pub const MAX_LIES: usize = 16;

/// Longest list of programs that left their names in a recording.
pub const MAX_PROGRAMS: usize = 8;

/// Frames whatever the limits say; bounds the report's list of times.
pub const MAX_FRAMES: u32 = 100_000;
