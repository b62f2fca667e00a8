//! Each check: evidence and thresholds in, status and reasons out.

mod doubt;
mod print;
mod quality;
mod seals;

use crate::answers;
use crate::attack;
use crate::check::{CheckName, CheckResult, CheckStatus};
use crate::cues;
use crate::document::term::{self, LastDay, Printed};
use crate::document_kind::DocumentKind;
use crate::evidence::{
    DeclaredField, Doubt, Evidence, FaceMatch, Liveness, Measured, Motion, Portrait, Presence,
    Recording, Surface, Zone, median,
};
use crate::face::{Calibrations, Pair};
use crate::origin;
use crate::policy::Policy;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;
use crate::voice;
use time::Date;

/// A result under construction: passed until a problem is noted.
pub(crate) struct Verdict {
    status: CheckStatus,
    score: Option<f64>,
    threshold: Option<f64>,
    reasons: Vec<ReasonCode>,
    detail: String,
}

impl Verdict {
    pub(crate) fn passed(detail: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Passed,
            score: None,
            threshold: None,
            reasons: Vec::new(),
            detail: detail.into(),
        }
    }

    pub(crate) fn scored(mut self, score: f64, threshold: f64) -> Self {
        self.score = Some(score);
        self.threshold = Some(threshold);
        self
    }

    /// Notes a problem. `Failed` outweighs `Borderline`, which outweighs `Passed`.
    pub(crate) fn note(&mut self, status: CheckStatus, reason: ReasonCode) {
        if self.status != CheckStatus::Failed {
            self.status = status;
        }
        self.reasons.push(reason);
    }

    pub(crate) fn with(mut self, status: CheckStatus, reason: ReasonCode) -> Self {
        self.note(status, reason);
        self
    }
}

/// Every check of the case, in the order of [`CheckName::ALL`].
pub(crate) fn evaluate(evidence: &Evidence, policy: &Policy) -> Vec<CheckResult> {
    let t = policy.thresholds();
    let mut results = vec![
        run(
            CheckName::DocumentQuality,
            evidence.surfaces.as_ref(),
            |s| quality::judge(s, t),
        ),
        run(
            CheckName::DocumentPortrait,
            evidence.portrait.as_ref(),
            |p| portrait(p.as_ref(), t),
        ),
        run(CheckName::DocumentMrz, evidence.zone.as_ref(), |z| {
            zone(z.as_ref(), t)
        }),
        run(CheckName::DocumentKind, evidence.zone.as_ref(), |z| {
            kind(z.as_ref(), evidence.announced)
        }),
        run(CheckName::DocumentValidity, evidence.zone.as_ref(), |z| {
            validity(z.as_ref(), evidence.today, t)
        }),
    ];
    results.push(run(
        CheckName::DocumentPrint,
        evidence.print.as_ref(),
        |p| print::judge(p),
    ));
    results.push(run(
        CheckName::DocumentOriginal,
        evidence.doubts.as_ref(),
        |d| doubt::judge(d, evidence.seen_in, policy),
    ));
    let has_seal = !matches!(&evidence.seals, Measured::Value(seals) if seals.is_empty());
    if has_seal {
        results.push(run(CheckName::DocumentSeal, evidence.seals.as_ref(), |s| {
            seals::judge(s)
        }));
    }
    if let Some(declared) = &evidence.declared {
        results.push(run(
            CheckName::DeclaredIdentity,
            declared.as_ref(),
            |fields| declared_identity(fields),
        ));
    }
    results.extend([
        run(
            CheckName::VideoIntegrity,
            evidence.recording.as_ref(),
            |r| recording(r, t),
        ),
        run(CheckName::SingleFace, evidence.presence.as_ref(), |p| {
            presence(p, t)
        }),
        run(CheckName::FaceMatch, evidence.face_match.as_ref(), |m| {
            face_match(m, policy.calibrations(), t)
        }),
        run(CheckName::Liveness, evidence.liveness.as_ref(), |l| {
            liveness(l, t)
        }),
        run(CheckName::FaceMotion, evidence.motion.as_ref(), |m| {
            motion(m, t)
        }),
        run(
            CheckName::FaceContinuity,
            evidence.continuity.as_ref(),
            |c| attack::continuity(c, policy.calibrations(), t),
        ),
        run(CheckName::Recapture, evidence.recapture.as_ref(), |r| {
            attack::recapture(r, t)
        }),
        run(CheckName::DisplayTraces, evidence.display.as_ref(), |d| {
            cues::display(d, t)
        }),
        run(CheckName::FaceSkin, evidence.skin.as_ref(), |s| {
            cues::skin(s, t)
        }),
        run(CheckName::Pulse, evidence.pulse.as_ref(), |p| {
            cues::pulse(p, t)
        }),
        run(CheckName::Injection, evidence.injection.as_ref(), |i| {
            attack::injection(i, t)
        }),
        run(CheckName::EncoderTraces, evidence.traces.as_ref(), |e| {
            origin::traces(e)
        }),
    ]);
    if let Some(footage) = &evidence.footage {
        results.push(run(CheckName::FootageSeen, footage.as_ref(), |f| {
            origin::footage(f, t)
        }));
    }
    if let Some(turns) = &evidence.head {
        results.push(run(CheckName::HeadMovement, turns.as_ref(), |turns| {
            attack::head(turns, t)
        }));
    }
    if let Some(shown) = &evidence.document_shown {
        results.push(run(CheckName::DocumentShown, shown.as_ref(), |d| {
            attack::document_shown(d, policy.calibrations(), t)
        }));
    }
    if let Some(layout) = &evidence.layout {
        results.push(run(CheckName::DocumentLayout, layout.as_ref(), |l| {
            cues::layout(l, t)
        }));
    }
    results.push(voice::spoken_digits(&evidence.speech, t));
    if let Some(answers) = &evidence.answers {
        results.push(run(CheckName::AnswerTimes, answers.as_ref(), |a| {
            answers::answers(a, t)
        }));
    }
    results.push(voice::lip_sync(&evidence.lips, t));
    results
}

pub(crate) fn run<T: ?Sized>(
    name: CheckName,
    input: Measured<&T>,
    judge: impl FnOnce(&T) -> Verdict,
) -> CheckResult {
    let verdict = match input {
        Measured::Value(value) => judge(value),
        Measured::Unavailable { reason, detail } => Verdict {
            status: CheckStatus::Unavailable,
            score: None,
            threshold: None,
            reasons: vec![reason],
            detail,
        },
    };
    CheckResult {
        name,
        status: verdict.status,
        score: verdict.score,
        threshold: verdict.threshold,
        reasons: verdict.reasons,
        detail: verdict.detail,
    }
}

fn portrait(portrait: Option<&Portrait>, t: &Thresholds) -> Verdict {
    let Some(p) = portrait.filter(|p| p.score >= t.document_portrait_score) else {
        return Verdict::passed("No face was found on the document.")
            .with(CheckStatus::Failed, ReasonCode::PortraitNotFound);
    };
    let mut v = Verdict::passed(format!("A face {:.0} pixels wide was found.", p.width))
        .scored(p.score, t.document_portrait_score);
    if p.width < t.document_portrait_width {
        v.note(CheckStatus::Borderline, ReasonCode::PortraitTooSmall);
    }
    v
}

fn zone(zone: Option<&Zone>, t: &Thresholds) -> Verdict {
    let Some(z) = zone else {
        return Verdict::passed("No machine-readable zone was found.")
            .with(CheckStatus::Failed, ReasonCode::MrzNotFound);
    };
    let right = z.checks.saturating_sub(z.wrong_checks.len());
    let mut v = Verdict::passed(format!(
        "{} zone, {right} of {} check digits right, {} characters corrected.",
        z.format, z.checks, z.corrections
    ))
    .scored(share(right as f64, z.checks as f64), 1.0);
    if !z.wrong_checks.is_empty() || z.checks == 0 {
        v.note(CheckStatus::Failed, ReasonCode::MrzCheckDigitWrong);
        v.detail
            .push_str(&format!(" Wrong: {}.", z.wrong_checks.join(", ")));
    }
    if z.corrections as f64 > t.document_mrz_corrections {
        v.note(CheckStatus::Borderline, ReasonCode::MrzUncertain);
    }
    if z.sides_differ {
        v.note(CheckStatus::Failed, ReasonCode::SidesDiffer);
    }
    v
}

pub(crate) fn validity(zone: Option<&Zone>, today: Date, t: &Thresholds) -> Verdict {
    let mut v = Verdict::passed("Not expired; the holder is of age.");
    // Dates under a wrong check digit are not known.
    let sure = |z: &&Zone| z.wrong_checks.is_empty();
    let printed = zone.filter(sure).map_or(Printed::default(), |z| Printed {
        birth: z.birth_date,
        issue: z.issue,
        expiry: z.expiry,
    });
    let kind = zone.filter(sure).and_then(|z| z.kind);
    match term::last_day(kind, &printed) {
        LastDay::On(last) | LastDay::Between(_, last) if last < today => {
            v.note(CheckStatus::Failed, ReasonCode::DocumentExpired);
        }
        LastDay::On(_) => {}
        LastDay::Between(first, _) if first >= today => {}
        LastDay::Between(..) | LastDay::Unknown => {
            v.note(CheckStatus::Borderline, ReasonCode::ExpiryUnknown);
        }
    }
    if kind == Some(DocumentKind::FrenchPermit) {
        match term::is_long_permit(&printed) {
            Some(true) => {}
            Some(false) => v.note(CheckStatus::Failed, ReasonCode::PermitTooShort),
            None => v.note(CheckStatus::Borderline, ReasonCode::PermitTermUnknown),
        }
    }
    match zone.filter(sure).and_then(|z| z.birth_date) {
        None => v.note(CheckStatus::Borderline, ReasonCode::BirthDateUnknown),
        Some(birth) => {
            let age = term::years_between(birth, today);
            if f64::from(age) < t.document_minimum_age {
                v.note(CheckStatus::Failed, ReasonCode::Underage);
            }
        }
    }
    if !v.reasons.is_empty() {
        v.detail = sentence(&v.reasons);
    }
    v
}

fn kind(zone: Option<&Zone>, announced: Option<DocumentKind>) -> Verdict {
    let Some(z) = zone else {
        return Verdict::passed("No machine-readable zone was found.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let mut v = Verdict::passed(match z.kind {
        Some(kind) => kind.label().1,
        None => "No accepted kind of document.",
    });
    if z.kind.is_none() {
        v.note(CheckStatus::Failed, ReasonCode::DocumentNotAccepted);
    }
    if z.specimen {
        v.note(CheckStatus::Failed, ReasonCode::SpecimenDocument);
    }
    if announced.is_some() && z.kind.is_some() && announced != z.kind {
        v.note(CheckStatus::Failed, ReasonCode::DocumentKindDiffers);
    }
    v
}

fn declared_identity(fields: &[DeclaredField]) -> Verdict {
    let different: Vec<&str> = fields
        .iter()
        .filter(|f| !f.agrees)
        .map(|f| f.field)
        .collect();
    let agree = fields.len() - different.len();
    let v = Verdict::passed(format!(
        "{agree} of {} declared fields agree.",
        fields.len()
    ))
    .scored(share(agree as f64, fields.len() as f64), 1.0);
    if fields.is_empty() {
        return v.with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    }
    if different.is_empty() {
        return v;
    }
    let mut v = v.with(CheckStatus::Failed, ReasonCode::IdentityDiffers);
    v.detail
        .push_str(&format!(" Different: {}.", different.join(", ")));
    v
}

fn recording(r: &Recording, t: &Thresholds) -> Verdict {
    let irregular = share(r.irregular_frames as f64, r.frames as f64);
    let mut v = Verdict::passed(format!(
        "{:.1} s, {} frames, {:.0} % irregular, {:.1} s of sound.",
        r.seconds,
        r.frames,
        irregular * 100.0,
        r.sound_seconds
    ))
    .scored(r.seconds, t.video_minimum_seconds);
    if r.seconds.is_nan() || r.seconds < t.video_minimum_seconds {
        v.note(CheckStatus::Failed, ReasonCode::VideoTooShort);
    }
    if r.frames == 0 || irregular > t.video_irregular_share {
        v.note(CheckStatus::Borderline, ReasonCode::VideoTimingIrregular);
    }
    if !r.lies.is_empty() {
        v.note(CheckStatus::Borderline, ReasonCode::ContainerContradicts);
        v.detail.push_str(&format!(" {}", r.lies.join("; ")));
    }
    if r.sound_seconds <= 0.0 || r.sound_seconds < r.seconds * t.video_sound_share {
        v.note(CheckStatus::Failed, ReasonCode::NoSound);
    }
    v
}

fn presence(p: &Presence, t: &Thresholds) -> Verdict {
    let one = share(f64::from(p.with_one_face), f64::from(p.frames));
    let mut v = Verdict::passed(format!(
        "One face in {} of {} analysed frames, several in {}, none in {}.",
        p.with_one_face, p.frames, p.with_several, p.with_none
    ))
    .scored(one, t.single_face_pass);
    if one < t.single_face_pass {
        let status = if one < t.single_face_fail {
            CheckStatus::Failed
        } else {
            CheckStatus::Borderline
        };
        if p.with_several > 0 {
            v.note(status, ReasonCode::SeveralFaces);
        }
        if p.frames == 0 || p.with_none == p.frames {
            v.note(status, ReasonCode::NoFace);
        } else if p.with_none > 0 {
            v.note(status, ReasonCode::FaceNotThroughout);
        }
    }
    if p.with_one_face > 0 && p.face_width < t.face_width {
        v.note(CheckStatus::Borderline, ReasonCode::FaceTooSmall);
    }
    if let Some(light) = p.light
        && (light.is_nan() || light < t.face_light)
    {
        v.note(CheckStatus::Borderline, ReasonCode::FaceTooDark);
        v.detail.push_str(&format!(" Cheeks of luma {light:.0}."));
    }
    let eyes = p.eyes.is_some_and(|e| e.is_nan() || e < t.face_eyes_light);
    let chin = p.chin.is_some_and(|c| c.is_nan() || c > t.face_chin_colour);
    if eyes || chin {
        v.note(CheckStatus::Borderline, ReasonCode::FaceCovered);
        v.detail.push_str(&format!(
            " Eyes {:.2} of the cheeks' light, chin {:.3} from the brow's colour.",
            p.eyes.unwrap_or(0.0),
            p.chin.unwrap_or(0.0)
        ));
    }
    v
}

/// The median over frames, so that one lucky or one bad frame decides nothing.
fn face_match(m: &FaceMatch, calibrations: &Calibrations, t: &Thresholds) -> Verdict {
    let Some(first) = m.comparisons.first() else {
        return Verdict::passed("No frame could be compared.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let Some(calibration) = calibrations.of(Pair::Portrait, first) else {
        return Verdict::passed("The policy holds no calibration for the embedders that are here.")
            .with(CheckStatus::Unavailable, ReasonCode::ModelUnavailable);
    };
    let ratios: Option<Vec<f64>> = m
        .comparisons
        .iter()
        .map(|c| calibration.log_ratio(c))
        .collect();
    let Some(ratio) = ratios.and_then(|r| median(&r)) else {
        return Verdict::passed("A distance is no number.")
            .with(CheckStatus::Unavailable, ReasonCode::ModelFailed);
    };
    let v = Verdict::passed(format!(
        "Median log likelihood ratio {ratio:.1} over {} frames, calibrated for {}.",
        m.comparisons.len(),
        calibration.name()
    ))
    .scored(ratio, t.face_match_accept);
    if ratio >= t.face_match_accept {
        v
    } else if ratio < t.face_match_refuse {
        v.with(CheckStatus::Failed, ReasonCode::FaceMismatch)
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::FaceUncertain)
    }
}

fn liveness(l: &Liveness, t: &Thresholds) -> Verdict {
    let Some(score) = l.score() else {
        return Verdict::passed("No frame could be scored.")
            .with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    };
    let v = Verdict::passed(format!(
        "Mean live score {score:.3} over {} frames.",
        l.scores.len()
    ))
    .scored(score, t.liveness_accept);
    if score >= t.liveness_accept {
        v
    } else if score < t.liveness_refuse {
        v.with(CheckStatus::Failed, ReasonCode::PresentationAttackLikely)
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::LivenessUncertain)
    }
}

/// The check of the quality of photographs alone, for data sets.
pub fn judge_document_quality(surfaces: &[Surface], t: &Thresholds) -> CheckResult {
    run(CheckName::DocumentQuality, Measured::Value(surfaces), |s| {
        quality::judge(s, t)
    })
}

/// The check of what speaks against an original alone, for data sets.
pub fn judge_doubt(doubts: &[Doubt], policy: &Policy) -> CheckResult {
    run(CheckName::DocumentOriginal, Measured::Value(doubts), |d| {
        doubt::judge(d, None, policy)
    })
}

/// The check of the passive networks' scores alone, for stills.
pub fn judge_liveness(l: &Liveness, t: &Thresholds) -> CheckResult {
    run(CheckName::Liveness, Measured::Value(l), |l| liveness(l, t))
}

fn motion(m: &Motion, t: &Thresholds) -> Verdict {
    let v = Verdict::passed(format!(
        "Deformation {:.4} of the eye distance over {} frames.",
        m.deformation, m.frames
    ))
    .scored(m.deformation, t.face_motion_accept);
    if m.deformation >= t.face_motion_accept {
        v
    } else if m.deformation < t.face_motion_refuse {
        v.with(CheckStatus::Failed, ReasonCode::FaceDoesNotMove)
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::MotionUncertain)
    }
}

/// `part / whole`; zero of nothing is zero.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn sentence(reasons: &[ReasonCode]) -> String {
    reasons
        .iter()
        .map(|r| r.meaning())
        .collect::<Vec<_>>()
        .join(" ")
}
