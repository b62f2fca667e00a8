//! The checks of the voice: what was said.

use crate::check::{CheckName, CheckResult, CheckStatus};
use crate::evaluate::{Verdict, run};
use crate::evidence::{Measured, Speech};
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Were the digits asked for said? Public for evaluation, which judges sound without a case.
pub fn spoken_digits(speech: &Measured<Speech>, t: &Thresholds) -> CheckResult {
    run(CheckName::SpokenDigits, speech.as_ref(), |s| said(s, t))
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
