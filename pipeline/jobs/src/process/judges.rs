//! By which policy a case is judged: the one in force for its organisation, or that of the
//! configuration where none is; and the shadow beside it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use idproof_database::{Case, CaseScores, PolicyName};
use idproof_domain::ids::PolicyId;
use idproof_domain::scores::Scores;
use idproof_domain::{Policy, decide};
use idproof_wire::PolicyReport;

use super::Process;
use super::outcome::{Found, outcome_of, weigh};
use crate::handler::JobError;

/// A policy and how reports name it.
pub(super) struct Judge {
    pub policy: Policy,
    pub report: PolicyReport,
}

/// What one case is judged by.
#[derive(Clone)]
pub(super) struct Judges {
    pub active: Arc<Judge>,
    shadow: Option<(PolicyId, Arc<Judge>)>,
}

/// Versions that were read before: they never change.
#[derive(Default)]
pub(super) struct Read(Mutex<HashMap<PolicyId, Arc<Judge>>>);

impl Read {
    /// Versions kept in memory at once.
    const MOST: usize = 64;

    fn get(&self, id: &PolicyId) -> Option<Arc<Judge>> {
        let read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(id).map(Arc::clone)
    }

    fn put(&self, id: PolicyId, judge: &Arc<Judge>) {
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= Self::MOST {
            read.clear();
        }
        read.insert(id, Arc::clone(judge));
    }
}

impl Process {
    /// What a case is judged by now.
    ///
    /// # Errors
    /// Where the version in force cannot be read the case waits: no other may take its place.
    pub(super) async fn judges(&self, case: &Case) -> Result<Judges, JobError> {
        let database = &self.context.database;
        let now = self.context.now();
        let found = database
            .policies_in_force(Some(&case.organisation), now)
            .await?;
        let active = match &found.active {
            Some(version) => self.judge(version).await?,
            None => Arc::clone(&self.configured),
        };
        let shadow = match found.shadow {
            None => None,
            Some(version) => match self.judge(&version).await {
                Ok(judge) => Some((version.id, judge)),
                // It decides nothing: the case goes on without it.
                Err(e) => {
                    tracing::warn!(policy = %version.id, "the shadow policy does not judge: {e}");
                    None
                }
            },
        };
        Ok(Judges { active, shadow })
    }

    async fn judge(&self, version: &PolicyName) -> Result<Arc<Judge>, JobError> {
        if let Some(judge) = self.read.get(&version.id) {
            return Ok(judge);
        }
        let text = self.context.database.policy_text(&version.id).await?;
        let text = text.ok_or_else(|| JobError::again("the policy in force has no text"))?;
        let policy = Policy::parse(&text).map_err(|e| {
            tracing::error!(policy = %version.id, "a policy that was approved cannot be used: {e}");
            JobError::again("the policy in force cannot be used")
        })?;
        let judge = Arc::new(Judge {
            policy,
            report: PolicyReport {
                version: version.name.clone(),
                sha256: version.sha256.clone(),
            },
        });
        self.read.put(version.id.clone(), &judge);
        Ok(judge)
    }

    /// What is kept of an analysed case so that it can be judged again; `None` where nothing was
    /// analysed, and of the sandbox.
    pub(super) fn scores(
        &self,
        case: &Case,
        found: &Found,
        judges: &Judges,
        now: i64,
    ) -> Result<Option<CaseScores>, JobError> {
        let Some(evidence) = found.evidence().filter(|_| !case.sandbox) else {
            return Ok(None);
        };
        let rules = self.judgement.rules;
        let shadow = judges.shadow.as_ref().map(|(id, judge)| {
            let decision = decide(evidence, &judge.policy);
            let would = weigh(&decision, case.attempt, found.person, rules);
            (id.clone(), outcome_of(&would))
        });
        let scores = Scores::of(evidence, &judges.active.policy);
        Ok(Some(CaseScores {
            case: case.id.clone(),
            attempt: case.attempt,
            organisation: case.organisation.clone(),
            at: now,
            policy_version: judges.active.report.version.clone(),
            policy_sha256: judges.active.report.sha256.clone(),
            outcome: found.outcome(),
            person: found.person.is_some(),
            rules,
            scores: CaseScores::text_of(&scores)?,
            shadow,
        }))
    }
}
