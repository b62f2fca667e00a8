use crate::{Job, Message, Order, ProtocolError, SAMPLE_RATE, VERSION};

/// Holds the child to its order: which message may follow which, and how many.
#[derive(Debug)]
pub struct Conversation {
    job: Job,
    stage: Stage,
    /// Frames that may still come.
    frames_left: u64,
    /// Samples that may still come.
    samples_left: u64,
    next_index: u64,
    last_at_us: u64,
    duration_us: u64,
    max_frames: u64,
    max_side: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Silent,
    Ready,
    Closed,
}

/// Frames and sound may run this far beyond the longest duration (one last packet).
const SLACK_US: u64 = 1_000_000;

impl Conversation {
    pub fn new(order: &Order) -> Self {
        let limits = &order.limits;
        let duration_us = limits.duration_us.saturating_add(SLACK_US);
        let (frames, max_side) = match order.job {
            Job::Video {
                min_gap_us,
                max_side,
            } => {
                // A gap may come out a time-base step short, never by half.
                let by_gap = duration_us.checked_div(min_gap_us / 2).unwrap_or(u64::MAX);
                let frames = by_gap.saturating_add(2).min(u64::from(limits.frames));
                (frames, max_side.min(limits.side))
            }
            _ => (0, 0),
        };
        Self {
            job: order.job,
            stage: Stage::Silent,
            frames_left: frames,
            samples_left: duration_us.saturating_mul(u64::from(SAMPLE_RATE)) / 1_000_000,
            next_index: 0,
            last_at_us: 0,
            duration_us,
            max_frames: u64::from(limits.frames),
            max_side,
        }
    }

    /// Whether the closing message was seen.
    pub fn is_closed(&self) -> bool {
        self.stage == Stage::Closed
    }

    /// Refuses a message that may not come now; takes note of it otherwise.
    pub fn admit(&mut self, message: &Message) -> Result<(), ProtocolError> {
        match (self.stage, message) {
            (Stage::Closed, _) => Err(ProtocolError::Order("a message after the closing one")),
            (Stage::Silent, Message::Ready(sandbox)) => {
                if sandbox.version != VERSION {
                    return Err(ProtocolError::Order("another version of the protocol"));
                }
                self.stage = Stage::Ready;
                Ok(())
            }
            (Stage::Silent | Stage::Ready, Message::Failure(_)) => self.close(),
            (Stage::Silent, _) => Err(ProtocolError::Order("a message before the sandbox stood")),
            (Stage::Ready, Message::Ready(_)) => Err(ProtocolError::Order("ready twice")),
            (Stage::Ready, _) => self.admit_result(message),
        }
    }

    fn admit_result(&mut self, message: &Message) -> Result<(), ProtocolError> {
        match (self.job, message) {
            (Job::Image, Message::Image(_)) | (Job::SelfCheck(_), Message::Survived(_)) => {
                self.close()
            }
            (Job::Video { .. }, Message::Frame(frame)) => {
                if frame.width.max(frame.height) > self.max_side {
                    return Err(ProtocolError::Excess(
                        "a frame longer than the longest side",
                    ));
                }
                let first = self.next_index == 0;
                if frame.index < self.next_index || (!first && frame.at_us < self.last_at_us) {
                    return Err(ProtocolError::Order("frames run backwards"));
                }
                if frame.index >= self.max_frames || frame.at_us > self.duration_us {
                    return Err(ProtocolError::Excess("a frame beyond the longest duration"));
                }
                self.frames_left = spend(self.frames_left, 1, "too many frames")?;
                self.next_index = frame.index + 1;
                self.last_at_us = frame.at_us;
                Ok(())
            }
            (Job::Video { .. } | Job::Sound, Message::Audio(samples)) => {
                let count = samples.len() as u64;
                self.samples_left = spend(self.samples_left, count, "too much sound")?;
                Ok(())
            }
            (Job::Video { .. }, Message::Video(summary)) => {
                let frames = summary.timestamps_us.len() as u64;
                if frames > self.max_frames {
                    return Err(ProtocolError::Excess("more frames than the most"));
                }
                if frames < self.next_index {
                    return Err(ProtocolError::Order("a report of fewer frames than sent"));
                }
                self.close()
            }
            (Job::Sound, Message::Video(summary)) => {
                if !summary.timestamps_us.is_empty() {
                    return Err(ProtocolError::Order("frames in a sound"));
                }
                self.close()
            }
            _ => Err(ProtocolError::Order("a message of another job")),
        }
    }

    fn close(&mut self) -> Result<(), ProtocolError> {
        self.stage = Stage::Closed;
        Ok(())
    }
}

fn spend(left: u64, cost: u64, what: &'static str) -> Result<u64, ProtocolError> {
    left.checked_sub(cost).ok_or(ProtocolError::Excess(what))
}
