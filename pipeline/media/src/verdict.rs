//! The child's failures and deaths in the words of the port.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use idproof_ports::MediaError;
use idproof_protocol::{ErrorCode, Failure, Limits, ProtocolError};

/// A failure the child reported.
pub(crate) fn of_failure(failure: Failure, expected: &'static str) -> MediaError {
    let detail = failure.detail;
    match failure.code {
        ErrorCode::Unreadable => MediaError::Unreadable(detail),
        ErrorCode::Unsupported => MediaError::Unsupported { expected, detail },
        ErrorCode::LimitExceeded => MediaError::LimitExceeded(detail),
        ErrorCode::Damaged => MediaError::Damaged(detail),
        ErrorCode::Sandbox => MediaError::Unavailable(detail),
        ErrorCode::Internal => MediaError::DecoderFailed(detail),
    }
}

/// A child that ended without a closing message.
pub(crate) fn of_death(status: Option<ExitStatus>, limits: &Limits) -> MediaError {
    let failed = |why: &str| MediaError::DecoderFailed(why.into());
    let Some(status) = status else {
        return failed("it closed its pipe and did not end");
    };
    if let Some(signal) = status.signal() {
        return match signal {
            libc::SIGXCPU => MediaError::TimedOut(Duration::from_secs(limits.cpu_seconds.into())),
            libc::SIGSYS => {
                failed("killed by its sandbox (SIGSYS): it tried a forbidden system call")
            }
            libc::SIGKILL => failed("killed from outside (SIGKILL), perhaps for lack of memory"),
            libc::SIGABRT => failed("aborted (SIGABRT), perhaps beyond its memory limit"),
            libc::SIGSEGV => failed("crashed (SIGSEGV)"),
            libc::SIGBUS => failed("crashed (SIGBUS)"),
            libc::SIGILL => failed("crashed (SIGILL)"),
            libc::SIGFPE => failed("crashed (SIGFPE)"),
            other => MediaError::DecoderFailed(format!("killed by signal {other}")),
        };
    }
    match status.code() {
        Some(64) => failed("it did not understand its order; decoder and program differ"),
        Some(101) => failed("it ran into an internal error"),
        Some(code) => MediaError::DecoderFailed(format!("it ended without a result (code {code})")),
        None => failed("it ended without a result"),
    }
}

/// A child that did not hold to the protocol.
pub(crate) fn of_breach(error: &ProtocolError) -> MediaError {
    MediaError::DecoderFailed(match error {
        ProtocolError::Pipe(_) => "its pipe failed".into(),
        other => format!("it broke its protocol ({other})"),
    })
}
