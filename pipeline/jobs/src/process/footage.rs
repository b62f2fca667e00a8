//! Holds a recording against those of other cases whose media are still there. What is kept are keyed
//! hashes of how it moves: they go when the case's media go.

use std::collections::{BTreeMap, BTreeSet};

use idproof_database::Case;
use idproof_domain::Measured;
use idproof_domain::origin::Footage;
use idproof_vault::Purpose;
use idproof_worker::{Mark, Marks};

use super::Process;
use crate::handler::JobError;

/// Fewer marks in common than this say nothing, whatever their share.
const LEAST: usize = 20;
/// Bytes of a hash that are kept: enough that two marks never share one by chance.
const KEPT: usize = 8;

impl Process {
    /// What other cases have of it; `None` for a sandbox case, whose integrator sends one file again
    /// and again.
    pub(super) async fn footage(
        &self,
        case: &Case,
        marks: &Marks,
    ) -> Result<Option<Measured<Footage>>, JobError> {
        if case.sandbox {
            return Ok(None);
        }
        let asked = marks
            .asked
            .iter()
            .map(|phase| self.keyed(phase))
            .collect::<Result<Vec<_>, _>>()?;
        let all: BTreeSet<&String> = asked.iter().flatten().collect();
        let all: Vec<String> = all.into_iter().cloned().collect();
        let known = self
            .context
            .database
            .footage_of_others(&case.id, &all)
            .await?;
        let mut others: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (other, mark) in known {
            others.entry(other).or_default().insert(mark);
        }
        let threshold = self.judgement.policy.thresholds().footage_seen;
        let shares: Vec<f64> = others.values().map(|held| share(&asked, held)).collect();
        let cases = shares.iter().filter(|s| **s >= threshold).count();
        Ok(Some(Measured::Value(Footage {
            share: shares.into_iter().fold(0.0, f64::max),
            cases: u32::try_from(cases).unwrap_or(u32::MAX),
            marks: u32::try_from(marks.kept.len()).unwrap_or(u32::MAX),
        })))
    }

    /// What is to be kept of the recording of a case.
    pub(super) fn footage_to_keep(
        &self,
        case: &Case,
        marks: &Marks,
    ) -> Result<Vec<String>, JobError> {
        if case.sandbox {
            return Ok(Vec::new());
        }
        self.keyed(&marks.kept)
    }

    fn keyed(&self, marks: &[Mark]) -> Result<Vec<String>, JobError> {
        let secrets = self.vault.secrets();
        marks
            .iter()
            .map(|mark| {
                let parts: [&[u8]; 2] = [b"footage", &mark.to_le_bytes()];
                let mac = secrets.hmac(Purpose::Fingerprints, &parts)?;
                Ok(mac[..KEPT].iter().map(|b| format!("{b:02x}")).collect())
            })
            .collect()
    }
}

/// The share of what was asked that the other case holds, at the place that fits best.
fn share(asked: &[Vec<String>], held: &BTreeSet<String>) -> f64 {
    asked
        .iter()
        .map(|phase| {
            let common = phase.iter().filter(|m| held.contains(*m)).count();
            if common < LEAST {
                0.0
            } else {
                common as f64 / phase.len().max(1) as f64
            }
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(range: std::ops::Range<u32>) -> Vec<String> {
        range.map(|n| n.to_string()).collect()
    }

    #[test]
    fn the_place_that_fits_best_counts_and_a_few_marks_do_not() {
        let held: BTreeSet<String> = some(0..100).into_iter().collect();
        assert_eq!(share(&[some(200..300), some(50..150)], &held), 0.5);
        let few = LEAST as u32 - 1;
        assert_eq!(share(&[some(100 - few..100)], &held), 0.0);
        assert_eq!(share(&[some(99 - few..100)], &held), 1.0);
        assert_eq!(share(&[], &held), 0.0);
    }
}
