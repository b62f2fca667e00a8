use super::Verdict;
use crate::check::CheckStatus;
use crate::evidence::SealLook;
use crate::reason::ReasonCode;
use crate::seal::Trust;

/// A forged seal or one that contradicts the zone fails; one that nobody here can verify leaves
/// the document to a person. There is at least one.
pub(super) fn judge(seals: &[SealLook]) -> Verdict {
    let mut v = Verdict::passed(format!(
        "{} of {} seals verified.",
        seals.iter().filter(|s| is_good(s)).count(),
        seals.len()
    ));
    for seal in seals {
        match seal {
            SealLook::OtherFormat => v.note(CheckStatus::Borderline, ReasonCode::SealUnverified),
            SealLook::Broken => v.note(CheckStatus::Failed, ReasonCode::SealForged),
            SealLook::TwoDDoc {
                trust, differing, ..
            } => {
                if !differing.is_empty() {
                    v.note(CheckStatus::Failed, ReasonCode::SealDiffers);
                    v.detail
                        .push_str(&format!(" Different: {}.", differing.join(", ")));
                }
                match trust {
                    Trust::Verified => {}
                    Trust::Forged => v.note(CheckStatus::Failed, ReasonCode::SealForged),
                    // "A revoked certificate always fails" (specification 3.2.6).
                    Trust::Revoked => v.note(CheckStatus::Failed, ReasonCode::SealUntrusted),
                    Trust::UnknownCertificate | Trust::OutOfPeriod | Trust::Test => {
                        v.note(CheckStatus::Borderline, ReasonCode::SealUntrusted)
                    }
                }
            }
        }
    }
    if seals.is_empty() {
        v.note(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    }
    v
}

fn is_good(seal: &SealLook) -> bool {
    matches!(seal, SealLook::TwoDDoc { trust: Trust::Verified, differing, .. } if differing.is_empty())
}
