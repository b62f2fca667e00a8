//! The checks of the voice: what was said, and by this mouth?

use crate::check::{CheckName, CheckResult, CheckStatus};
use crate::evaluate::{Verdict, run};
use crate::evidence::{LipSync, Measured, Speech};
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Were the digits asked for said? Public for evaluation, which judges sound without a case.
pub fn spoken_digits(speech: &Measured<Speech>, t: &Thresholds) -> CheckResult {
    run(CheckName::SpokenDigits, speech.as_ref(), |s| said(s, t))
}

/// Does the mouth move with the voice? Never fails: on 5 s the measure tells own from another's
/// sound in 88 % of 130 pairs of windows of four recordings (`idproof eval sync`), too little to
/// refuse anybody.
pub(crate) fn lip_sync(lips: &Measured<LipSync>, t: &Thresholds) -> CheckResult {
    run(CheckName::LipSync, lips.as_ref(), |l| {
        let v = Verdict::passed(format!(
            "Correlation {:.2} over {:.1} s, the mouth {} ms behind the voice.",
            l.score, l.seconds, l.lag_ms
        ))
        .scored(l.score, t.lip_sync_accept);
        if l.score >= t.lip_sync_accept {
            v
        } else {
            v.with(CheckStatus::Borderline, ReasonCode::LipsUncertain)
        }
    })
}

fn said(s: &Speech, t: &Thresholds) -> Verdict {
    let mut v = Verdict::passed(format!(
        "{} digits heard where {} were asked, {:.1} s of voice.",
        s.heard, s.asked, s.voiced_seconds
    ));
    if s.voiced_seconds < t.speech_minimum_voice {
        return v.with(CheckStatus::Failed, ReasonCode::NothingSaid);
    }
    let Some(ratio) = s.log_ratio.filter(|r| !r.is_nan()) else {
        return v.with(CheckStatus::Borderline, ReasonCode::DigitsUncertain);
    };
    v = v.scored(ratio, t.speech_accept);
    if ratio < t.speech_refuse {
        return v.with(CheckStatus::Failed, ReasonCode::DigitsDiffer);
    }
    let sure =
        ratio >= t.speech_accept && s.as_asked && s.least_confidence >= t.speech_digit_confidence;
    if sure {
        v
    } else {
        v.with(CheckStatus::Borderline, ReasonCode::DigitsUncertain)
    }
}
