use super::{Surface, Verdict};
use crate::check::CheckStatus;
use crate::reason::ReasonCode;
use crate::thresholds::Thresholds;

/// Every photograph against every limit; each cause is named once.
pub(super) fn judge(surfaces: &[Surface], t: &Thresholds) -> Verdict {
    let mut v = Verdict::passed(match surfaces {
        [] => "No photograph was measured.".to_owned(),
        all => all
            .iter()
            .map(|s| {
                let finest = s.resolution.map_or("size unknown".to_owned(), |r| {
                    format!("{r:.1} pixels a millimetre")
                });
                format!(
                    "{finest}, blur {:.2}, glare {:.3}, light {:.0} to {:.0}.",
                    s.blur, s.glare, s.dark_end, s.light_end
                )
            })
            .collect::<Vec<_>>()
            .join(" "),
    });
    if surfaces.is_empty() {
        return v.with(CheckStatus::Borderline, ReasonCode::NothingToCompare);
    }
    let worst = surfaces
        .iter()
        .filter_map(|s| s.resolution)
        .reduce(f64::min);
    if let Some(worst) = worst {
        v = v.scored(worst, t.document_resolution_min);
    }
    for surface in surfaces {
        for reason in problems(surface, t) {
            if !v.reasons.contains(&reason) {
                v.note(CheckStatus::Failed, reason);
            }
        }
    }
    v
}

/// A number that is none fails its limit.
fn problems(s: &Surface, t: &Thresholds) -> Vec<ReasonCode> {
    let least = |value: f64, limit: f64| value.is_nan() || value < limit;
    let most = |value: f64, limit: f64| value.is_nan() || value > limit;
    let found = [
        (
            s.resolution
                .is_some_and(|r| least(r, t.document_resolution_min)),
            ReasonCode::DocumentTooSmall,
        ),
        (s.cut_off, ReasonCode::DocumentCutOff),
        (
            most(s.covered, t.document_covered_max),
            ReasonCode::DocumentCovered,
        ),
        (
            least(s.light_end, t.document_light_end_min),
            ReasonCode::DocumentTooDark,
        ),
        (
            most(s.dark_end, t.document_dark_end_max),
            ReasonCode::DocumentTooBright,
        ),
        (
            most(s.glare, t.document_glare_max),
            ReasonCode::DocumentGlare,
        ),
        (
            most(s.blur, t.document_blur_max),
            ReasonCode::DocumentBlurred,
        ),
    ];
    found
        .into_iter()
        .filter_map(|(wrong, reason)| wrong.then_some(reason))
        .collect()
}
