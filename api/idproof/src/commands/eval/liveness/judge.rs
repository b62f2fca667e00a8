use std::ops::ControlFlow;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context;
use idproof_domain::evidence::Liveness;
use idproof_domain::{
    CheckName, CheckResult, CheckStatus, Digits, Language, OnFail, Policy, Role, decide,
};
use idproof_media::Decoder;
use idproof_ports::{
    Clock, MediaDecoder, MediaError, RgbImage, VideoFrame, VideoRequest, VideoSink,
};
use idproof_worker::{
    Analysers, CaptureFacts, CaseInput, InputError, Progress, Stage, analyse_recording,
};

use super::gather::Sample;
use crate::commands::challenge;
use crate::commands::verify::legal_day;

/// What judges a living face in a recording.
const LIVING: [CheckName; 7] = [
    CheckName::SingleFace,
    CheckName::Liveness,
    CheckName::FaceMotion,
    CheckName::FaceContinuity,
    CheckName::Recapture,
    CheckName::Injection,
    CheckName::EncoderTraces,
];
/// What is told of a living face and, as shipped, decides nothing.
pub const CUES: [CheckName; 3] = [
    CheckName::DisplayTraces,
    CheckName::FaceSkin,
    CheckName::Pulse,
];
/// What judges the answer to a challenge.
const ANSWER: [CheckName; 4] = [
    CheckName::VideoIntegrity,
    CheckName::HeadMovement,
    CheckName::SpokenDigits,
    CheckName::AnswerTimes,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Accepted,
    /// Neither accepted nor refused.
    Person,
    Refused,
}

impl Answer {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Person => "to a person",
            Self::Refused => "refused",
        }
    }
}

/// How a sample was judged.
pub struct Seen {
    pub answer: Answer,
    /// Mean live score of the passive networks; `None` when nothing was scored.
    pub score: Option<f64>,
    pub reasons: Vec<String>,
    pub details: Vec<String>,
    /// How [`CUES`] ended; empty for a still.
    pub cues: Vec<(CheckName, CheckStatus)>,
}

impl Seen {
    /// Not judged at all: a person would look.
    fn not_measured(reason: &str) -> Self {
        Self {
            answer: Answer::Person,
            score: None,
            reasons: vec![reason.to_owned()],
            details: Vec::new(),
            cues: Vec::new(),
        }
    }
}

pub struct Judge<'a> {
    pub policy: &'a Policy,
    pub analysers: &'a Analysers,
    pub decoder: &'a Decoder,
    pub clock: &'a dyn Clock,
}

impl Judge<'_> {
    pub fn look(&self, sample: &Sample) -> anyhow::Result<Seen> {
        if sample.still {
            self.still(sample)
        } else {
            self.recording(sample)
        }
    }

    fn still(&self, sample: &Sample) -> anyhow::Result<Seen> {
        let image = match self.decoder.decode_image(&sample.path.as_path().into()) {
            Ok(decoded) => decoded.image,
            Err(_) => return Ok(Seen::not_measured("file_damaged")),
        };
        let faces = self
            .analysers
            .faces
            .as_ref()
            .map_err(|e| anyhow::anyhow!("{e}"))?;
        let live = self
            .analysers
            .liveness
            .as_ref()
            .map_err(|e| anyhow::anyhow!("{e}"))?;
        let found = faces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .enrol(&image)?;
        let Some(found) = found else {
            return Ok(Seen::not_measured("no_face"));
        };
        let score = live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .live_score(&image, &found.face.bounds)?;
        let liveness = Liveness {
            scores: vec![f64::from(score)],
        };
        let check = idproof_domain::judge_liveness(&liveness, self.policy.thresholds());
        Ok(self.seen(&[check], liveness.score()))
    }

    fn recording(&self, sample: &Sample) -> anyhow::Result<Seen> {
        let file = sample.path.with_extension("json");
        let challenge = file.is_file().then(|| challenge::load(&file)).transpose()?;
        let answers = challenge.is_some();
        let (digits, language, script, capture) = match challenge {
            Some(c) => (c.digits, c.script.language, Some(c.script), c.capture),
            None => (unasked()?, Language::En, None, CaptureFacts::default()),
        };
        let now = jiff::Timestamp::from_millisecond(self.clock.now_ms())?;
        let input = CaseInput {
            documents: Vec::new(),
            video: sample.path.as_path().into(),
            digits,
            language,
            script,
            capture,
            declared: None,
            announced: None,
            today: legal_day(now, "UTC")?,
        };
        let analysis =
            match analyse_recording(&input, self.decoder, self.analysers, self.clock, &Quiet) {
                Ok(analysis) => analysis,
                Err(InputError::Video {
                    source: MediaError::Damaged(_),
                }) => {
                    return Ok(Seen::not_measured("file_damaged"));
                }
                Err(_) => return Ok(Seen::not_measured("video_unusable")),
            };
        let score = analysis.evidence.liveness.value().and_then(Liveness::score);
        let counts = |name: CheckName| {
            LIVING.contains(&name) || CUES.contains(&name) || (answers && ANSWER.contains(&name))
        };
        let mut checks = decide(&analysis.evidence, self.policy).checks;
        let cues: Vec<CheckResult> = checks
            .iter()
            .filter(|c| CUES.contains(&c.name))
            .cloned()
            .collect();
        checks.retain(|c| counts(c.name) && self.policy.check(c.name).role == Role::Required);
        let mut seen = self.seen(&checks, score);
        seen.cues = cues.iter().map(|c| (c.name, c.status)).collect();
        let told = |c: &&CheckResult| self.policy.check(c.name).role == Role::Advisory;
        seen.details.extend(cues.iter().filter(told).map(detail));
        Ok(seen)
    }

    fn seen(&self, checks: &[CheckResult], score: Option<f64>) -> Seen {
        let mut answer = Answer::Accepted;
        for check in checks {
            let on_fail = self.policy.check(check.name).on_fail;
            match (check.status, on_fail) {
                (CheckStatus::Passed, _) => {}
                (CheckStatus::Failed, OnFail::Refuse) => answer = Answer::Refused,
                _ if answer == Answer::Refused => {}
                _ => answer = Answer::Person,
            }
        }
        let reasons = checks.iter().flat_map(|c| &c.reasons);
        Seen {
            answer,
            score,
            reasons: reasons.map(ToString::to_string).collect(),
            details: checks.iter().map(detail).collect(),
            cues: Vec::new(),
        }
    }

    /// The still, or a frame a second of the recording's beginning.
    pub fn pictures(&self, sample: &Sample) -> Vec<RgbImage> {
        let file = sample.path.as_path().into();
        if sample.still {
            let decoded = self.decoder.decode_image(&file);
            return decoded.map(|d| d.image).into_iter().collect();
        }
        let mut few = Few(Vec::new());
        let request = VideoRequest {
            min_frame_gap: Duration::from_secs(1),
            max_side: 360,
        };
        // What was decoded before a fault is shown.
        let _ = self.decoder.decode_video(&file, &request, &mut few);
        few.0
    }
}

fn detail(check: &CheckResult) -> String {
    format!(
        "{} ({}): {}",
        check.name,
        check.status.as_str(),
        check.detail
    )
}

/// Digits that nobody was asked for: the check of them does not count then.
fn unasked() -> anyhow::Result<Digits> {
    "000".parse().context("three digits")
}

/// The first frames.
struct Few(Vec<RgbImage>);

impl VideoSink for Few {
    fn frame(&mut self, frame: VideoFrame) -> ControlFlow<()> {
        self.0.push(frame.image);
        if self.0.len() < 5 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    fn audio(&mut self, _: &[f32]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

struct Quiet;

impl Progress for Quiet {
    fn started(&self, _: Stage) {}
    fn seen(&self, _: Stage, _: Duration) {}
    fn finished(&self, _: Stage, _: Duration) {}
}
