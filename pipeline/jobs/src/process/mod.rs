//! Analyses a case that was handed in and gives it its verdict.

mod footage;
mod judges;
mod marks;
mod material;
mod outcome;
#[cfg(test)]
mod shadow_tests;
mod shown;

use std::sync::Arc;
use std::time::Duration;

use idproof_database::notices::rfc3339;
use idproof_database::{Case, CaseScores, Claimed, Decision, JobKind, NewEvent, RetryPolicy, Tx};
use idproof_domain::calendar::Calendar;
use idproof_domain::case::{Actor, CaseState, Step};
use idproof_domain::ids::{CaseId, DecisionId};
use idproof_domain::{Policy, ReasonCode, Rules, Verdict};
use idproof_ports::MediaDecoder;
use idproof_vault::Vault;
use idproof_wire::PolicyReport;
use idproof_worker::{Analysers, analyse};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::handler::{Handler, JobError};
use crate::runner::Context;
use judges::{Judge, Judges, Read};
use material::Material;
use outcome::{Found, may_use_biometrics, quiet};

/// The decoder and the models. Loading models may take seconds: asked for where blocking is allowed.
pub trait Tools: Send + Sync {
    fn decoder(&self) -> &dyn MediaDecoder;
    fn analysers(&self) -> &Analysers;
}

/// What cases are judged by.
pub struct Judgement {
    /// Where no version in the database is in force.
    pub policy: Policy,
    pub policy_report: PolicyReport,
    pub rules: Rules,
    /// Whose day decides about expiry and age.
    pub calendar: Calendar,
    /// Most bytes of one file.
    pub file_bytes: u64,
}

/// Handles [`JobKind::Process`].
pub struct Process {
    context: Context,
    vault: Vault,
    tools: Arc<dyn Tools>,
    judgement: Judgement,
    /// The policy of the configuration.
    configured: Arc<Judge>,
    read: Read,
    retry: RetryPolicy,
    /// One permit an analysis, held until its thread has really ended.
    room: Arc<Semaphore>,
}

impl Process {
    /// `slots`: analyses at once.
    pub fn new(
        context: Context,
        vault: Vault,
        tools: Arc<dyn Tools>,
        judgement: Judgement,
        most_attempts: i64,
        slots: usize,
    ) -> Self {
        let configured = Arc::new(Judge {
            policy: judgement.policy.clone(),
            report: judgement.policy_report.clone(),
        });
        Self {
            context,
            vault,
            tools,
            judgement,
            configured,
            read: Read::default(),
            retry: RetryPolicy {
                most_attempts,
                first: Duration::from_secs(5),
                longest: Duration::from_secs(600),
            },
            room: Arc::new(Semaphore::new(slots)),
        }
    }

    /// Takes the case into work; `None` where there is nothing to do any more.
    async fn begin(&self, id: &CaseId) -> Result<Option<Case>, JobError> {
        let mut tx = self.context.database.begin().await?;
        let Some(mut case) = tx.case(id).await? else {
            return Err(JobError::give_up("there is no such case"));
        };
        match case.state {
            CaseState::Submitted => {
                let step = Step::ProcessingStarted {
                    attempt: case.attempt,
                };
                self.step(&mut tx, &mut case, &step).await?;
                tx.commit().await?;
                Ok(Some(case))
            }
            // A worker died over it.
            CaseState::Processing => Ok(Some(case)),
            // Withdrawn, or done by another worker.
            _ => Ok(None),
        }
    }

    async fn step(&self, tx: &mut Tx, case: &mut Case, step: &Step) -> Result<(), JobError> {
        let (now, random) = (self.context.now(), &*self.context.random);
        Ok(tx
            .step_and_tell(case, step, &Actor::System, now, random)
            .await?)
    }

    async fn look(&self, case: &Case) -> Result<(Found, Judges), JobError> {
        let rules = self.judgement.rules;
        // Only a sandbox case may have its outcome chosen; a real one never, whatever its row says.
        if case.sandbox
            && let Some(outcome) = case.sandbox_outcome
        {
            return Ok((Found::forced(outcome), self.judges(case).await?));
        }
        if !may_use_biometrics(case) {
            let found = Found::for_a_person(ReasonCode::BiometricsDeclined);
            return Ok((found, self.judges(case).await?));
        }
        let room = Arc::clone(&self.room).acquire_owned().await;
        let material = self.material(case).await?;
        let Material { input, person } = material;
        let (tools, clock) = (Arc::clone(&self.tools), Arc::clone(&self.context.clock));
        let analysed = tokio::task::spawn_blocking(move || {
            let result = analyse(&input, tools.decoder(), tools.analysers(), &*clock, quiet());
            drop(room);
            result
        })
        .await
        .map_err(|_| JobError::again("the analysis stopped unexpectedly"))?;
        let mut analysed = analysed;
        if let Ok(analysis) = &mut analysed {
            analysis.evidence.footage = self.footage(case, &analysis.marks).await?;
            analysis.evidence.seen_in = self.seen_in(case, &analysis.pictures).await?;
            for timing in &analysis.timings {
                self.context.tally.stage(timing.stage.as_str(), timing.took);
            }
        }
        let judges = self.judges(case).await?;
        let found = Found::judged(analysed, &judges.active.policy, case.attempt, person, rules);
        Ok((found, judges))
    }

    /// Writes verdict and decision, unless the case was withdrawn meanwhile.
    async fn conclude(&self, seen: &Case, found: Found, judges: Judges) -> Result<Tx, JobError> {
        let pictures = self.keep_shown(seen, &found).await;
        let now = self.context.now();
        let mut tx = self.context.database.begin().await?;
        let case = tx.case(&seen.id).await?;
        let same =
            |case: &Case| case.state == CaseState::Processing && case.attempt == seen.attempt;
        let Some(mut case) = case.filter(same) else {
            drop(tx);
            self.drop_shown(&pictures).await?;
            return Ok(self.context.database.begin().await?);
        };
        for picture in &pictures {
            tx.insert_picture(picture).await?;
        }
        let reasons: Vec<String> = found.reasons().iter().map(ToString::to_string).collect();
        let decision = Decision {
            id: DecisionId::new(now, self.context.id_bytes()),
            case: case.id.clone(),
            attempt: case.attempt,
            outcome: found.outcome(),
            reasons: reasons.clone(),
            report: found.report(&judges.active.report, rfc3339(now))?,
            policy_version: judges.active.report.version.clone(),
            policy_sha256: judges.active.report.sha256.clone(),
            decided_by: found.decided_by().to_owned(),
            at: now,
        };
        if let Some(marks) = found.marks() {
            let kept = self.footage_to_keep(&case, marks)?;
            tx.keep_footage(&case.id, &kept).await?;
        }
        tx.insert_decision(&decision).await?;
        let scores = self.scores(&case, &found, &judges, now)?;
        if let Some(scores) = &scores {
            tx.insert_case_scores(scores).await?;
        }
        tx.record(sealed(&decision, scores.as_ref()));
        case.reasons.clone_from(&reasons);
        let step = match found.verdict {
            Verdict::Accept => Step::Accepted { by_human: false },
            Verdict::Refuse { .. } => Step::Refused {
                by_human: false,
                reasons,
            },
            Verdict::Review { .. } => Step::SentToReview { reasons },
            Verdict::Retake {
                document, video, ..
            } => Step::RetakeAsked {
                reasons,
                document,
                video,
            },
        };
        self.step(&mut tx, &mut case, &step).await?;
        self.context.tally.decided(decision.outcome);
        Ok(tx)
    }
}

/// Ties the decision's record to the chain: whoever changes it later shows.
fn sealed(decision: &Decision, scores: Option<&CaseScores>) -> NewEvent {
    let report = Sha256::digest(decision.report.to_string().as_bytes());
    let scores = scores.map(|s| format!("{:x}", Sha256::digest(s.scores.as_bytes())));
    NewEvent {
        case: Some(decision.case.clone()),
        at: decision.at,
        kind: "decided".to_owned(),
        actor: Actor::System,
        data: json!({
            "decision": decision.id,
            "outcome": decision.outcome.as_str(),
            "report_sha256": format!("{report:x}"),
            "policy_sha256": decision.policy_sha256,
            "scores_sha256": scores,
        }),
    }
}

fn case_of(job: &Claimed) -> Result<CaseId, JobError> {
    job.subject
        .parse()
        .map_err(|_| JobError::give_up("the job names no case"))
}

impl Handler for Process {
    const KIND: JobKind = JobKind::Process;

    fn retry(&self) -> RetryPolicy {
        self.retry
    }

    async fn handle(&self, job: &Claimed) -> Result<Tx, JobError> {
        let Some(case) = self.begin(&case_of(job)?).await? else {
            return Ok(self.context.database.begin().await?);
        };
        let (found, judges) = self.look(&case).await?;
        self.conclude(&case, found, judges).await
    }

    /// A case that cannot be analysed is a human's.
    async fn give_up(&self, tx: &mut Tx, job: &Claimed, _why: &str) -> Result<(), JobError> {
        let Ok(id) = case_of(job) else { return Ok(()) };
        let Some(mut case) = tx.case(&id).await? else {
            return Ok(());
        };
        if case.state == CaseState::Submitted {
            let attempt = case.attempt;
            self.step(tx, &mut case, &Step::ProcessingStarted { attempt })
                .await?;
        }
        if case.state == CaseState::Processing {
            let reasons = vec![ReasonCode::AnalysisFailed.to_string()];
            case.reasons.clone_from(&reasons);
            self.step(tx, &mut case, &Step::SentToReview { reasons })
                .await?;
        }
        Ok(())
    }
}
