use std::collections::BTreeMap;
use std::time::Duration;

use idproof_domain::{CheckResult, CheckStatus, Decision, Outcome, Reason};
use idproof_ports::{ImageReport, ModelIdentity, VideoReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outcome of one verification with everything needed to defend it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// 1; grows when a reader of older reports would misread newer ones.
    pub report_version: u32,
    /// When the decision was made, RFC 3339, UTC.
    pub decided_at: String,
    /// `accept`, `review` (a human decides) or `refuse`.
    pub decision: DecisionReport,
    /// Why it is not `accept`; empty when it is.
    pub reasons: Vec<ReasonReport>,
    /// Every check by name.
    pub checks: BTreeMap<String, CheckReport>,
    /// Every model that spoke.
    pub models: Vec<ModelReport>,
    pub policy: PolicyReport,
    /// Wall-clock milliseconds by stage; stages overlap, `total` is the whole.
    pub timings: BTreeMap<String, f64>,
    pub media: MediaReport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DecisionReport {
    Accept,
    Review,
    Refuse,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonReport {
    /// Stable reason code.
    pub code: String,
    /// The check it comes from.
    pub check: String,
    /// A sentence without personal data.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StatusReport {
    Passed,
    Failed,
    Borderline,
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckReport {
    pub status: StatusReport,
    /// In the unit of `threshold`; null when nothing was measured.
    pub score: Option<f64>,
    /// The accepting threshold of the policy; null when nothing was measured.
    pub threshold: Option<f64>,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelReport {
    pub name: String,
    pub version: String,
    /// Of the file that was loaded.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyReport {
    pub version: String,
    /// Of the policy's text.
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaReport {
    /// Front, back.
    pub documents: Vec<DocumentMedia>,
    /// Null when the decoder stopped before the recording was read.
    pub video: Option<VideoMedia>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentMedia {
    /// Sniffed from the bytes.
    pub format: String,
    pub bytes: u64,
    /// As stored, before orientation.
    pub width: u32,
    pub height: u32,
    /// EXIF orientation 1 to 8 that was applied.
    pub orientation: u8,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoMedia {
    /// Sniffed from the bytes.
    pub container: String,
    pub codec: String,
    pub bytes: u64,
    /// Upright size.
    pub width: u32,
    pub height: u32,
    /// Degrees clockwise that were applied.
    pub rotation: u16,
    pub seconds: f64,
    pub frames: u64,
    pub dropped_frames: u64,
    pub duplicated_frames: u64,
    pub corrupt_frames: u64,
    /// Null without a sound track.
    pub audio: Option<AudioMedia>,
    /// The duration the container claims.
    pub claimed_seconds: Option<f64>,
    /// What the container says that its packets contradict.
    pub contradictions: Vec<String>,
    /// Programs that left their names in the file.
    #[serde(default)]
    pub programs: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioMedia {
    pub codec: String,
    pub seconds: f64,
    /// Start relative to the first frame.
    pub offset_seconds: f64,
}

/// What a report is made of.
pub struct ReportParts<'a> {
    /// RFC 3339, UTC.
    pub decided_at: String,
    pub decision: &'a Decision,
    pub models: &'a [ModelIdentity],
    pub policy: PolicyReport,
    /// Stage names and how long each took.
    pub timings: Vec<(&'a str, Duration)>,
    pub documents: &'a [ImageReport],
    pub video: Option<&'a VideoReport>,
}

impl From<ReportParts<'_>> for Report {
    fn from(parts: ReportParts<'_>) -> Self {
        let ms = |d: Duration| (d.as_secs_f64() * 1e4).round() / 10.0;
        Self {
            report_version: 1,
            decided_at: parts.decided_at,
            decision: match parts.decision.outcome {
                Outcome::Accept => DecisionReport::Accept,
                Outcome::Review => DecisionReport::Review,
                Outcome::Refuse => DecisionReport::Refuse,
            },
            reasons: parts.decision.reasons.iter().map(Into::into).collect(),
            checks: parts
                .decision
                .checks
                .iter()
                .map(|c| (c.name.as_str().to_owned(), c.into()))
                .collect(),
            models: parts.models.iter().map(Into::into).collect(),
            policy: parts.policy,
            timings: parts
                .timings
                .into_iter()
                .map(|(stage, took)| (stage.to_owned(), ms(took)))
                .collect(),
            media: MediaReport {
                documents: parts.documents.iter().map(Into::into).collect(),
                video: parts.video.map(Into::into),
            },
        }
    }
}

impl From<&Reason> for ReasonReport {
    fn from(r: &Reason) -> Self {
        Self {
            code: r.code.as_str().to_owned(),
            check: r.check.as_str().to_owned(),
            detail: r.detail.clone(),
        }
    }
}

impl From<&CheckResult> for CheckReport {
    fn from(c: &CheckResult) -> Self {
        Self {
            status: match c.status {
                CheckStatus::Passed => StatusReport::Passed,
                CheckStatus::Failed => StatusReport::Failed,
                CheckStatus::Borderline => StatusReport::Borderline,
                CheckStatus::Unavailable => StatusReport::Unavailable,
            },
            // JSON has no NaN: a score that is no number was not measured.
            score: c.score.filter(|s| s.is_finite()),
            threshold: c.threshold.filter(|s| s.is_finite()),
            detail: c.detail.clone(),
        }
    }
}

impl From<&ModelIdentity> for ModelReport {
    fn from(m: &ModelIdentity) -> Self {
        Self {
            name: m.name.clone(),
            version: m.version.clone(),
            sha256: m.sha256.clone(),
        }
    }
}

impl From<&ImageReport> for DocumentMedia {
    fn from(r: &ImageReport) -> Self {
        Self {
            format: r.format.clone(),
            bytes: r.file_bytes,
            width: r.stored_width,
            height: r.stored_height,
            orientation: r.orientation,
        }
    }
}

impl From<&VideoReport> for VideoMedia {
    fn from(r: &VideoReport) -> Self {
        let seconds = |us: i64| us as f64 / 1e6;
        Self {
            container: r.container.clone(),
            codec: r.video_codec.clone(),
            bytes: r.file_bytes,
            width: r.width,
            height: r.height,
            rotation: r.rotation,
            seconds: r.duration().as_secs_f64(),
            frames: r.timestamps_us.len() as u64,
            dropped_frames: r.dropped_frames,
            duplicated_frames: r.duplicated_frames,
            corrupt_frames: r.corrupt_frames,
            audio: r.audio_codec.as_ref().map(|codec| AudioMedia {
                codec: codec.clone(),
                seconds: seconds(r.audio_us),
                offset_seconds: seconds(r.audio_offset_us),
            }),
            claimed_seconds: r.claimed_us.map(seconds),
            contradictions: r.lies.clone(),
            programs: known_programs(&r.programs),
        }
    }
}

/// Only encoders and editors that are known: the rest of what a file says may name its owner.
fn known_programs(programs: &[String]) -> Vec<String> {
    let known = programs
        .iter()
        .filter_map(|p| idproof_domain::origin::encoder_named_in(p));
    known.map(str::to_owned).collect()
}
