//! Decodes untrusted media in a process that can do nothing else.
//!
//! The binary `idproof-decoder` reads one file from its standard input, locks
//! itself in ([`sandbox`]) before it reads the first byte, and writes
//! [`idproof_protocol`] messages to its standard output. The decoding itself is
//! a library so that fuzzing reaches the same functions without a process.

pub mod orient;
pub mod program;
pub mod sandbox;
pub mod self_check;
pub mod sniff;
pub mod source;
pub mod still;
pub mod video;

pub use source::Source;
pub use still::decode_image;
pub use video::{Output, decode_sound, decode_video};

use idproof_protocol::{ErrorCode, Failure, Limits};

/// Refuses an empty file and one beyond the limit.
fn check_length(bytes: u64, limits: &Limits) -> Result<(), Failure> {
    if bytes == 0 {
        return Err(Failure::new(
            ErrorCode::Unsupported,
            "this is an empty file",
        ));
    }
    if bytes > limits.file_bytes {
        let (have, most) = (bytes as f64 / 1e6, limits.file_bytes as f64 / 1e6);
        let detail = format!("the file has {have:.1} MB; at most {most} MB are decoded");
        return Err(Failure::new(ErrorCode::LimitExceeded, detail));
    }
    Ok(())
}

fn unreadable() -> Failure {
    Failure::new(ErrorCode::Unreadable, "reading the file failed")
}

fn no_memory() -> Failure {
    Failure::new(
        ErrorCode::LimitExceeded,
        "decoding needs more memory than is allowed",
    )
}
