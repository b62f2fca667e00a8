use super::Verdict;
use crate::check::CheckStatus;
use crate::evidence::Doubt;
use crate::face::Pair;
use crate::policy::Policy;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// The worst of all photographs; doubt is a person's to resolve, it fails nobody.
pub(super) fn judge(doubts: &[Doubt], seen_in: Option<u64>, policy: &Policy) -> Verdict {
    let t = policy.thresholds();
    let worst = |of: fn(&Doubt) -> f64| {
        let all = doubts.iter().map(of);
        // A score that is no number counts as the worst.
        all.map(|v| if v.is_nan() { 1.0 } else { v })
            .fold(0.0, f64::max)
    };
    let (screen, copy) = (worst(|d| d.screen), worst(|d| d.copy));
    let mut v = Verdict::passed(format!("Screen {screen:.2}, copy {copy:.2}."));
    if doubts.is_empty() {
        return v.with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    }
    v = v.scored(screen, t.document_screen_max);
    if screen > t.document_screen_max {
        v.note(CheckStatus::Borderline, ReasonCode::ScreenSuspected);
    }
    if copy > t.document_copy_max {
        v.note(CheckStatus::Borderline, ReasonCode::CopySuspected);
    }
    edits(&mut v, doubts, t);
    second(&mut v, doubts, policy);
    if let Some(others) = seen_in.filter(|n| *n > 0) {
        v.note(CheckStatus::Borderline, ReasonCode::SeenInAnotherCase);
        v.detail
            .push_str(&format!(" Sent in {others} other cases."));
    }
    v
}

/// What could not be compared says nothing.
fn edits(v: &mut Verdict, doubts: &[Doubt], t: &Thresholds) {
    type Score = fn(&Doubt) -> Option<f64>;
    let scores: [(Score, f64, ReasonCode, &str); 3] = [
        (
            |d| d.portrait,
            t.document_portrait_edit_max,
            ReasonCode::EditInPortrait,
            "the portrait",
        ),
        (
            |d| d.field,
            t.document_field_edit_max,
            ReasonCode::EditInField,
            "a field",
        ),
        (
            |d| d.line,
            t.document_line_edit_max,
            ReasonCode::EditInField,
            "the compression of a line",
        ),
    ];
    for (of, most, reason, place) in scores {
        let all = || doubts.iter().filter_map(of);
        if let Some(worst) = all().reduce(f64::max) {
            v.detail
                .push_str(&format!(" Traces of an edit in {place} {worst:.2}."));
        }
        if all().any(|score| score.is_nan() || score > most) {
            v.note(CheckStatus::Borderline, reason);
        }
    }
    if doubts.iter().any(|d| d.by_editor) {
        v.note(CheckStatus::Borderline, ReasonCode::EditProgram);
    }
}

/// A second portrait that shows somebody else. Where there is none, or none that is seen, nothing is said.
fn second(v: &mut Verdict, doubts: &[Doubt], policy: &Policy) {
    let least = policy.thresholds().document_second_portrait_min;
    for comparison in doubts.iter().filter_map(|d| d.second.as_ref()) {
        let calibration = policy.calibrations().of(Pair::Portrait, comparison);
        let ratio = calibration.and_then(|c| c.log_ratio(comparison));
        // What cannot be told is left to a person.
        if ratio.is_none_or(|ratio| ratio < least) {
            v.note(CheckStatus::Borderline, ReasonCode::SecondPortraitDiffers);
        }
        if let Some(ratio) = ratio {
            v.detail.push_str(&format!(
                " Second portrait: log likelihood ratio {ratio:.1}."
            ));
        }
    }
}
