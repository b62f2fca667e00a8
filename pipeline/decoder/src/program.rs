//! The program around the decoding: its order, descriptors, sandbox and closing message.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use idproof_protocol::{
    ErrorCode, Failure, Frame, Job, Limits, Message, MessageWriter, Order, VideoSummary,
};

use crate::video::{Output, Wanted};
use crate::{Source, sandbox, self_check};

/// How recordings are decoded; a program without it links no FFmpeg and starts in a
/// fraction of the time.
pub struct Videos {
    /// Called once, before the sandbox stands.
    pub initialise: fn() -> Result<(), Failure>,
    pub decode: fn(&Source, Wanted, &Limits, &mut dyn Output) -> Result<VideoSummary, Failure>,
    pub decode_sound: fn(&Source, &Limits, &mut dyn Output) -> Result<VideoSummary, Failure>,
}

/// The whole program: one file in by standard input, messages out by standard output.
pub fn run(videos: Option<&Videos>) -> ExitCode {
    // A panic's message could quote the file; the exit code says enough.
    std::panic::set_hook(Box::new(|_| {}));
    sandbox::settle_time_zone();
    let arguments = std::env::args_os().skip(1);
    let order = match Order::from_args(arguments.map(|a| a.to_string_lossy().into_owned())) {
        Ok(order) => order,
        Err(_) => return ExitCode::from(64),
    };
    let Ok((input, output)) = descriptors() else {
        return ExitCode::from(66);
    };
    let mut pipe = MessageWriter::new(output);
    let closing = match work(&order, videos, input, &mut pipe) {
        Ok(closing) => closing,
        Err(failure) => Message::Failure(failure),
    };
    match pipe.send(&closing) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(74),
    }
}

/// Standard input and output without the buffers of the standard library.
fn descriptors() -> Result<(File, File), Failure> {
    sandbox::close_inherited()?;
    let owned = |fd: std::os::fd::BorrowedFd<'_>| {
        fd.try_clone_to_owned()
            .map(File::from)
            .map_err(|_| Failure::new(ErrorCode::Unreadable, "a descriptor is missing"))
    };
    Ok((owned(io::stdin().as_fd())?, owned(io::stdout().as_fd())?))
}

/// The closing message; what comes before it is sent on the way.
fn work(
    order: &Order,
    videos: Option<&Videos>,
    input: File,
    pipe: &mut MessageWriter<File>,
) -> Result<Message, Failure> {
    if let Some(videos) = videos {
        (videos.initialise)()?;
    }
    // Only the length is asked for; nothing is read yet.
    let source = Source::from_file(input);
    let sandbox = sandbox::enter(&order.limits)?;
    let closed = |_| Failure::new(ErrorCode::Internal, "the pipe is closed");
    pipe.ready(&sandbox).map_err(closed)?;
    if let Job::SelfCheck(attempt) = order.job {
        return Ok(Message::Survived(self_check::attempt(attempt)));
    }
    let source =
        source.map_err(|_| Failure::new(ErrorCode::Unreadable, "this is no regular file"))?;
    match order.job {
        Job::Image => crate::decode_image(&source, &order.limits).map(Message::Image),
        Job::Video {
            min_gap_us,
            max_side,
        } => {
            let Some(videos) = videos else {
                let why = "this program decodes stills alone";
                return Err(Failure::new(ErrorCode::Internal, why));
            };
            let wanted = Wanted {
                min_gap_us,
                max_side: max_side.min(order.limits.side),
            };
            let mut output = Pipe(pipe);
            (videos.decode)(&source, wanted, &order.limits, &mut output).map(Message::Video)
        }
        Job::Sound => {
            let Some(videos) = videos else {
                let why = "this program decodes stills alone";
                return Err(Failure::new(ErrorCode::Internal, why));
            };
            (videos.decode_sound)(&source, &order.limits, &mut Pipe(pipe)).map(Message::Video)
        }
        Job::SelfCheck(_) => Err(Failure::new(ErrorCode::Internal, "unreachable job")),
    }
}

/// Frames and sound go straight into the pipe.
struct Pipe<'a>(&'a mut MessageWriter<File>);

impl Output for Pipe<'_> {
    fn frame(&mut self, frame: Frame) -> io::Result<()> {
        self.0.frame(&frame)
    }

    fn audio(&mut self, samples: &[f32]) -> io::Result<()> {
        self.0.audio(samples)
    }
}
