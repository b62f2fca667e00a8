use idproof_domain::CheckName;
use idproof_evaluation::claim::{self, Verdict};
use idproof_evaluation::labelled::LabelledSet;
use idproof_evaluation::operating::{self, Thresholds};
use idproof_http::{Asked, Labelled, LabelledScores, Limits, Support};
use serde_json::{Value, json};

/// What the program puts behind the HTTP side.
pub struct Evaluation;

fn parse(content: &[u8]) -> Result<LabelledSet, String> {
    LabelledSet::parse(content).map_err(|e| e.to_string())
}

fn thresholds(limits: Limits) -> Thresholds {
    Thresholds {
        accept: limits.accept,
        refuse: limits.refuse,
        higher_is_better: limits.higher_is_better,
    }
}

impl LabelledScores for Evaluation {
    fn read(&self, content: &[u8]) -> Result<Labelled, String> {
        let set = parse(content)?;
        let check = CheckName::ALL.into_iter().find(|c| c.as_str() == set.check);
        Ok(Labelled {
            check: check.ok_or("`check` names no check")?,
            summary: json!(set.summary()),
            threshold: set.threshold,
            name: set.name,
        })
    }

    fn measure(&self, content: &[u8], before: Limits, after: Limits) -> Result<Value, String> {
        let set = parse(content)?;
        Ok(json!(operating::measure(
            &set,
            &thresholds(before),
            &thresholds(after)
        )))
    }

    fn support(
        &self,
        content: &[u8],
        asked: &Asked<'_>,
        at: Limits,
    ) -> Result<Option<Support>, String> {
        let point = operating::at(&parse(content)?, &thresholds(at));
        let rates = [&point.false_accept, &point.false_reject];
        let found = rates.into_iter().find(|r| r.name == asked.rate);
        Ok(found.map(|rate| {
            let support = claim::support(rate, asked.at_most);
            Support {
                supported: support.verdict == Verdict::Supported,
                view: json!(support),
            }
        }))
    }
}
