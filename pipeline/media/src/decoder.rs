use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use idproof_ports::{
    Clock, DecodedImage, ImageReport, MediaDecoder, MediaError, MediaFile, RgbImage, VideoFrame,
    VideoReport, VideoRequest, VideoSink,
};
use idproof_protocol::{
    Attempt, Frame, Image, Job, Limits, Message, Order, SAMPLE_RATE, Sandbox, VideoSummary,
};

use crate::child::{Next, Running};
use crate::status::{AttemptResult, SandboxStatus};
use crate::{file, verdict};

/// Where the decoder is and what it may take.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderConfig {
    /// The `idproof-decoder` program.
    pub program: PathBuf,
    /// The program for stills: `idproof-still-decoder`, which starts faster, or the same one.
    pub still_program: PathBuf,
    pub limits: Limits,
    /// Longest wait for an image in all.
    pub image_timeout: Duration,
    /// Longest wait for the decoder over a recording; the analysis of its frames is not counted.
    pub video_timeout: Duration,
    /// Refuse to decode where the kernel has no landlock. Off: seccomp alone must do.
    pub require_landlock: bool,
}

impl DecoderConfig {
    /// The default limits: 20 s for an image, 60 s for a recording.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        Self {
            still_program: program.clone(),
            program,
            limits: Limits::default(),
            image_timeout: Duration::from_secs(20),
            video_timeout: Duration::from_secs(60),
            require_landlock: false,
        }
    }
}

/// The [`MediaDecoder`] that decodes in a sandboxed child process, one child per file.
pub struct Decoder {
    config: DecoderConfig,
    clock: Arc<dyn Clock>,
    warned: AtomicBool,
}

const IMAGE: &str = "image";
const RECORDING: &str = "recording";
const SOUND: &str = "sound";

impl Decoder {
    pub fn new(config: DecoderConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            config,
            clock,
            warned: AtomicBool::new(false),
        }
    }

    /// Starts a child for each forbidden thing and tells what came of it.
    /// `Unavailable` where the decoder is missing or cannot lock itself in.
    pub fn self_check(&self) -> Result<SandboxStatus, MediaError> {
        let mut sandbox = None;
        let mut attempts = vec![];
        for attempt in Attempt::ALL {
            let (seen, result) = self.attempt(attempt)?;
            sandbox = Some(seen);
            if attempt != Attempt::Nothing {
                attempts.push((attempt, result));
            }
        }
        let sandbox = sandbox.ok_or_else(never_ready)?;
        Ok(SandboxStatus {
            landlock_abi: sandbox.landlock_abi,
            landlock_full: sandbox.landlock_full,
            seccomp: sandbox.seccomp,
            rlimits: sandbox.rlimits,
            no_new_privs: sandbox.no_new_privs,
            attempts,
        })
    }

    fn attempt(&self, attempt: Attempt) -> Result<(Sandbox, AttemptResult), MediaError> {
        use std::os::unix::process::ExitStatusExt;
        let nothing = File::open("/dev/null")
            .map_err(|_| MediaError::Unavailable("/dev/null cannot be read".into()))?;
        let mut running =
            self.start(Job::SelfCheck(attempt), nothing, self.config.image_timeout)?;
        let result = match running.next() {
            Next::Said(Message::Survived(0)) => AttemptResult::Allowed,
            Next::Said(Message::Survived(errno)) => AttemptResult::Refused(errno),
            Next::Died(Some(status)) if status.signal() == Some(libc::SIGSYS) => {
                AttemptResult::Killed
            }
            other => return Err(self.failure(other, RECORDING, self.config.image_timeout)),
        };
        let sandbox = running.sandbox().ok_or_else(never_ready)?;
        Ok((sandbox, result))
    }

    fn start(&self, job: Job, input: File, limit: Duration) -> Result<Running, MediaError> {
        let order = Order {
            job,
            limits: self.config.limits.clone(),
        };
        let clock = Arc::clone(&self.clock);
        let program = match order.job {
            Job::Image => &self.config.still_program,
            Job::Video { .. } | Job::Sound | Job::SelfCheck(_) => &self.config.program,
        };
        Running::start(program, &order, input, clock, limit)
    }

    /// Every way in which a conversation can end badly.
    fn failure(&self, next: Next, expected: &'static str, limit: Duration) -> MediaError {
        match next {
            Next::Said(Message::Failure(failure)) => verdict::of_failure(failure, expected),
            Next::Said(_) => MediaError::DecoderFailed("it answered another question".into()),
            Next::Died(status) => verdict::of_death(status, &self.config.limits),
            Next::TimedOut => MediaError::TimedOut(limit),
            Next::Broke(error) => verdict::of_breach(&error),
        }
    }

    /// Refuses a child that is not locked in as configured.
    fn check_sandbox(&self, sandbox: Option<Sandbox>) -> Result<(), MediaError> {
        let sandbox = sandbox.ok_or_else(never_ready)?;
        if !(sandbox.seccomp && sandbox.rlimits && sandbox.no_new_privs) {
            return Err(MediaError::Unavailable("its sandbox is incomplete".into()));
        }
        if sandbox.landlock_abi == 0 {
            if self.config.require_landlock {
                return Err(MediaError::Unavailable(
                    "landlock is required but not enabled in this kernel".into(),
                ));
            }
            if !self.warned.swap(true, Ordering::Relaxed) {
                tracing::warn!("this kernel has no landlock: the decoder runs under seccomp alone");
            }
        }
        Ok(())
    }
}

fn never_ready() -> MediaError {
    MediaError::DecoderFailed("it never said that its sandbox stood".into())
}

impl MediaDecoder for Decoder {
    fn decode_image(&self, file: &MediaFile) -> Result<DecodedImage, MediaError> {
        let (input, file_bytes) = file::open(file, IMAGE, self.config.limits.file_bytes)?;
        let limit = self.config.image_timeout;
        let mut running = self.start(Job::Image, input, limit)?;
        match running.next() {
            Next::Said(Message::Image(image)) => {
                self.check_sandbox(running.sandbox())?;
                decoded_image(image, file_bytes)
            }
            other => Err(self.failure(other, IMAGE, limit)),
        }
    }

    fn decode_video(
        &self,
        file: &MediaFile,
        request: &VideoRequest,
        sink: &mut dyn VideoSink,
    ) -> Result<VideoReport, MediaError> {
        let (input, file_bytes) = file::open(file, RECORDING, self.config.limits.file_bytes)?;
        let limit = self.config.video_timeout;
        let job = Job::Video {
            min_gap_us: u64::try_from(request.min_frame_gap.as_micros()).unwrap_or(u64::MAX),
            max_side: request.max_side.max(16),
        };
        let mut running = self.start(job, input, limit)?;
        let mut told = Told {
            report: VideoReport {
                file_bytes,
                ..VideoReport::default()
            },
            samples: 0,
        };
        loop {
            let next = running.next();
            self.check_sandbox_if_said(&running, &next)?;
            let go_on = match next {
                Next::Said(Message::Frame(frame)) => sink.frame(told.frame(frame)?),
                Next::Said(Message::Audio(samples)) => {
                    told.samples += samples.len() as u64;
                    sink.audio(&samples)
                }
                Next::Said(Message::Video(summary)) => return told.closed(summary),
                other => return Err(self.failure(other, RECORDING, limit)),
            };
            if go_on.is_break() {
                // Dropping `running` ends the child.
                return Ok(told.stopped());
            }
        }
    }

    fn decode_sound(&self, file: &MediaFile) -> Result<Vec<f32>, MediaError> {
        self.sound(file)
    }
}

impl Decoder {
    /// What [`MediaDecoder::decode_sound`] does.
    fn sound(&self, file: &MediaFile) -> Result<Vec<f32>, MediaError> {
        let (input, _) = file::open(file, SOUND, self.config.limits.file_bytes)?;
        let limit = self.config.video_timeout;
        let mut running = self.start(Job::Sound, input, limit)?;
        let mut all = Vec::new();
        loop {
            let next = running.next();
            self.check_sandbox_if_said(&running, &next)?;
            match next {
                Next::Said(Message::Audio(samples)) => all.extend_from_slice(&samples),
                Next::Said(Message::Video(_)) => return Ok(all),
                other => return Err(self.failure(other, SOUND, limit)),
            }
        }
    }

    /// A failure may come before the sandbox stands; results may not.
    fn check_sandbox_if_said(&self, running: &Running, next: &Next) -> Result<(), MediaError> {
        match next {
            Next::Said(Message::Failure(_)) | Next::Died(_) | Next::TimedOut | Next::Broke(_) => {
                Ok(())
            }
            Next::Said(_) => self.check_sandbox(running.sandbox()),
        }
    }
}

fn decoded_image(image: Image, file_bytes: u64) -> Result<DecodedImage, MediaError> {
    let report = ImageReport {
        format: image.format,
        file_bytes,
        stored_width: image.stored_width,
        stored_height: image.stored_height,
        orientation: image.orientation,
        by_editor: image.by_editor,
    };
    let image = RgbImage::from_raw(image.width, image.height, image.pixels)
        .ok_or_else(|| MediaError::DecoderFailed("an image of another size".into()))?;
    Ok(DecodedImage { image, report })
}

/// What a recording has shown so far, counted on this side.
struct Told {
    report: VideoReport,
    samples: u64,
}

impl Told {
    fn frame(&mut self, frame: Frame) -> Result<VideoFrame, MediaError> {
        let at_us = i64::try_from(frame.at_us).unwrap_or(i64::MAX);
        self.report.timestamps_us.push(at_us);
        let image = RgbImage::from_raw(frame.width, frame.height, frame.pixels)
            .ok_or_else(|| MediaError::DecoderFailed("a frame of another size".into()))?;
        Ok(VideoFrame {
            at: Duration::from_micros(frame.at_us),
            index: frame.index,
            image,
        })
    }

    fn audio_us(&self) -> i64 {
        i64::try_from(self.samples * 1_000_000 / u64::from(SAMPLE_RATE)).unwrap_or(i64::MAX)
    }

    /// The sink has seen enough: the report holds the delivered frames' times and no codec.
    fn stopped(mut self) -> VideoReport {
        self.report.audio_us = self.audio_us();
        self.report
    }

    /// The child's own report, except for what this side knows better.
    fn closed(self, summary: VideoSummary) -> Result<VideoReport, MediaError> {
        const CONTAINERS: [&str; 4] = ["webm", "matroska", "mp4", "mov"];
        if !CONTAINERS.contains(&summary.container.as_str()) {
            return Err(MediaError::DecoderFailed("an unknown container".into()));
        }
        Ok(VideoReport {
            audio_us: self.audio_us(),
            file_bytes: self.report.file_bytes,
            container: summary.container,
            video_codec: summary.video_codec,
            audio_codec: summary.audio_codec,
            width: summary.width,
            height: summary.height,
            rotation: summary.rotation,
            timestamps_us: summary.timestamps_us,
            changes: summary.changes,
            dropped_frames: summary.dropped_frames,
            duplicated_frames: summary.duplicated_frames,
            corrupt_frames: summary.corrupt_frames,
            audio_offset_us: summary.audio_offset_us,
            claimed_us: summary.claimed_us,
            lies: summary.lies,
            programs: summary.programs,
        })
    }
}
