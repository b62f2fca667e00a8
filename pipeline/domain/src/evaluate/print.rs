use super::Verdict;
use crate::check::CheckStatus;
use crate::document::print::Compared;
use crate::reason::ReasonCode;

/// Fewer fields than this compared leave too much unseen.
const FEWEST: usize = 2;

/// Print that differs fails; print that cannot be read leaves the document to a person.
pub(super) fn judge(fields: &[Compared]) -> Verdict {
    let read: Vec<&Compared> = fields.iter().filter(|f| f.likeness.is_some()).collect();
    let differing: Vec<&str> = read
        .iter()
        .filter(|f| f.agrees() == Some(false))
        .map(|f| f.field)
        .collect();
    let mut v = Verdict::passed(format!(
        "{} of {} printed fields read, {} agree with the zone.",
        read.len(),
        fields.len(),
        read.len() - differing.len()
    ));
    if read.len() < FEWEST {
        v.note(CheckStatus::Borderline, ReasonCode::PrintUnreadable);
    }
    if !differing.is_empty() {
        v.note(CheckStatus::Failed, ReasonCode::PrintDiffers);
        v.detail
            .push_str(&format!(" Different: {}.", differing.join(", ")));
    }
    v
}
