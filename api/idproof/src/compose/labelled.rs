//! Labelled scores, measured by `models/evaluation`.

use idproof_domain::CheckName;
use idproof_evaluation::claim::{self, Verdict};
use idproof_evaluation::labelled::LabelledSet;
use idproof_evaluation::operating::{self, Thresholds};
use idproof_http::{Asked, Labelled, LabelledScores, Limits, Support};
use serde_json::Value;

/// What the HTTP side asks.
pub struct Evaluation;

/// The check of this name.
pub fn check_of(set: &LabelledSet) -> Result<CheckName, String> {
    let found = CheckName::ALL.into_iter().find(|c| c.as_str() == set.check);
    found.ok_or_else(|| "`check` names no check".to_owned())
}

fn thresholds(limits: Limits) -> Thresholds {
    Thresholds {
        accept: limits.accept,
        refuse: limits.refuse,
        higher_is_better: limits.higher_is_better,
    }
}

fn parse(content: &[u8]) -> Result<LabelledSet, String> {
    LabelledSet::parse(content).map_err(|e| e.to_string())
}

fn value(of: impl serde::Serialize) -> Result<Value, String> {
    serde_json::to_value(of).map_err(|e| e.to_string())
}

impl LabelledScores for Evaluation {
    fn read(&self, content: &[u8]) -> Result<Labelled, String> {
        let set = parse(content)?;
        Ok(Labelled {
            check: check_of(&set)?,
            threshold: set.threshold.clone(),
            summary: value(set.summary())?,
            name: set.name,
        })
    }

    fn measure(&self, content: &[u8], before: Limits, after: Limits) -> Result<Value, String> {
        let set = parse(content)?;
        value(operating::measure(
            &set,
            &thresholds(before),
            &thresholds(after),
        ))
    }

    fn support(
        &self,
        content: &[u8],
        asked: &Asked<'_>,
        at: Limits,
    ) -> Result<Option<Support>, String> {
        let point = operating::at(&parse(content)?, &thresholds(at));
        let rates = [&point.false_accept, &point.false_reject];
        let Some(rate) = rates.into_iter().find(|r| r.name == asked.rate) else {
            return Ok(None);
        };
        let support = claim::support(rate, asked.at_most);
        Ok(Some(Support {
            supported: support.verdict == Verdict::Supported,
            view: value(support)?,
        }))
    }
}
