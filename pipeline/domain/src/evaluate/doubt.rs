use super::Verdict;
use crate::check::CheckStatus;
use crate::evidence::Doubt;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// The worst of all photographs; doubt is a person's to resolve, it fails nobody.
pub(super) fn judge(doubts: &[Doubt], seen_in: Option<u64>, t: &Thresholds) -> Verdict {
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
    if let Some(others) = seen_in.filter(|n| *n > 0) {
        v.note(CheckStatus::Borderline, ReasonCode::SeenInAnotherCase);
        v.detail
            .push_str(&format!(" Sent in {others} other cases."));
    }
    v
}
