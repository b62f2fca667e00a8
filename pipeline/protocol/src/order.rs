use std::fmt;

/// What the child must do, and within which limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub job: Job,
    pub limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Image,
    Video {
        /// Frames closer than this to the last sent one are not sent, microseconds.
        min_gap_us: u64,
        /// Longer side of the sent frames in pixels, at least 16.
        max_side: u32,
    },
    /// A sound file alone.
    Sound,
    /// Try something forbidden after the sandbox stands; the file is not touched.
    SelfCheck(Attempt),
}

/// A thing the sandbox must refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    OpenFile,
    Socket,
    Exec,
    Fork,
    WriteFile,
    /// Two gibibytes at once.
    Memory,
    /// No attempt at all: shows that the sandbox itself can be set up.
    Nothing,
}

impl Attempt {
    pub const ALL: [Self; 7] = [
        Self::OpenFile,
        Self::Socket,
        Self::Exec,
        Self::Fork,
        Self::WriteFile,
        Self::Memory,
        Self::Nothing,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::OpenFile => "open-file",
            Self::Socket => "socket",
            Self::Exec => "exec",
            Self::Fork => "fork",
            Self::WriteFile => "write-file",
            Self::Memory => "memory",
            Self::Nothing => "nothing",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name() == name)
    }
}

/// Everything is refused before memory is allocated for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest file in bytes. Default 200 MB.
    pub file_bytes: u64,
    /// Most pixels of a still image. Default 40 million.
    pub image_pixels: u64,
    /// Longest side of a recording in pixels. Default 1920.
    pub side: u32,
    /// Longest recording in microseconds, by its packets. Default 60 s.
    pub duration_us: u64,
    /// Most frames of a recording. Default 14,400 (60 s at 240 a second).
    pub frames: u32,
    /// Address space of the child in bytes. Default 1 GiB.
    pub memory_bytes: u64,
    /// CPU time of the child in seconds. Default 60.
    pub cpu_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 200_000_000,
            image_pixels: 40_000_000,
            side: 1920,
            duration_us: 60_000_000,
            frames: 14_400,
            memory_bytes: 1 << 30,
            cpu_seconds: 60,
        }
    }
}

impl Limits {
    /// Values beyond which the frame arithmetic or the wire form would not hold.
    fn check(&self) -> Result<(), OrderError> {
        let inside = self.file_bytes <= 1 << 40
            && (1..=200_000_000).contains(&self.image_pixels)
            && (16..=8192).contains(&self.side)
            && (1..=3_600_000_000).contains(&self.duration_us)
            && (1..=crate::MAX_FRAMES).contains(&self.frames)
            && self.memory_bytes >= 64 << 20
            && (1..=86_400).contains(&self.cpu_seconds);
        if inside {
            Ok(())
        } else {
            Err(OrderError("a limit is out of range".into()))
        }
    }
}

/// The command line is not an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad order: {0}")]
pub struct OrderError(pub String);

impl Order {
    /// `image`, `video`, `sound` or `self-check`, then `key=value` words.
    pub fn to_args(&self) -> Vec<String> {
        let mut args = vec![];
        match self.job {
            Job::Image => args.push("image".into()),
            Job::Video {
                min_gap_us,
                max_side,
            } => {
                args.push("video".into());
                args.push(word("min-gap-us", min_gap_us));
                args.push(word("max-side", max_side));
            }
            Job::Sound => args.push("sound".into()),
            Job::SelfCheck(attempt) => {
                args.push("self-check".into());
                args.push(word("attempt", attempt.name()));
            }
        }
        let l = &self.limits;
        args.push(word("file-bytes", l.file_bytes));
        args.push(word("image-pixels", l.image_pixels));
        args.push(word("side", l.side));
        args.push(word("duration-us", l.duration_us));
        args.push(word("frames", l.frames));
        args.push(word("memory-bytes", l.memory_bytes));
        args.push(word("cpu-seconds", l.cpu_seconds));
        args
    }

    /// The reverse of [`Order::to_args`]; keys left out keep their defaults.
    pub fn from_args<I, S>(args: I) -> Result<Self, OrderError>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<str>,
    {
        let mut args = args.into_iter();
        let verb = args
            .next()
            .ok_or_else(|| OrderError("no job: image, video, sound or self-check".into()))?;
        let mut limits = Limits::default();
        let (mut min_gap_us, mut max_side) = (0, limits.side);
        let mut attempt = Attempt::Nothing;
        for arg in args {
            let (key, value) = arg
                .as_ref()
                .split_once('=')
                .ok_or_else(|| OrderError("expected key=value".into()))?;
            match key {
                "min-gap-us" => min_gap_us = number(key, value)?,
                "max-side" => max_side = number(key, value)?,
                "attempt" => {
                    attempt = Attempt::from_name(value)
                        .ok_or_else(|| OrderError("unknown attempt".into()))?;
                }
                "file-bytes" => limits.file_bytes = number(key, value)?,
                "image-pixels" => limits.image_pixels = number(key, value)?,
                "side" => limits.side = number(key, value)?,
                "duration-us" => limits.duration_us = number(key, value)?,
                "frames" => limits.frames = number(key, value)?,
                "memory-bytes" => limits.memory_bytes = number(key, value)?,
                "cpu-seconds" => limits.cpu_seconds = number(key, value)?,
                _ => return Err(OrderError(format!("unknown key {key:?}"))),
            }
        }
        limits.check()?;
        let job = match verb.as_ref() {
            "image" => Job::Image,
            "video" if max_side < 16 => return Err(OrderError("max-side is below 16".into())),
            "video" => Job::Video {
                min_gap_us,
                max_side,
            },
            "sound" => Job::Sound,
            "self-check" => Job::SelfCheck(attempt),
            _ => {
                let jobs = "the job is image, video, sound or self-check";
                return Err(OrderError(jobs.into()));
            }
        };
        Ok(Self { job, limits })
    }
}

fn word(key: &str, value: impl fmt::Display) -> String {
    format!("{key}={value}")
}

fn number<T: std::str::FromStr>(key: &str, value: &str) -> Result<T, OrderError> {
    value
        .parse()
        .map_err(|_| OrderError(format!("{key} is not a number in range")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_survives_the_command_line() {
        let mut jobs = vec![
            Job::Image,
            Job::Video {
                min_gap_us: 100_000,
                max_side: 720,
            },
            Job::Sound,
        ];
        jobs.extend(Attempt::ALL.map(Job::SelfCheck));
        for job in jobs {
            let order = Order {
                job,
                limits: Limits {
                    side: 640,
                    ..Limits::default()
                },
            };
            assert_eq!(Order::from_args(order.to_args()), Ok(order));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for args in [
            vec![],
            vec!["dance"],
            vec!["image", "side"],
            vec!["image", "side=abc"],
            vec!["image", "side=100000"],
            vec!["image", "colour=1"],
            vec!["video", "max-side=0"],
            vec!["self-check", "attempt=fly"],
        ] {
            assert!(Order::from_args(&args).is_err(), "{args:?}");
        }
    }
}
