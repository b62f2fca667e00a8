//! The policy that cases are judged by.

use std::path::Path;

use idproof_domain::{Policy, Rules};
use idproof_jobs::Judgement;
use idproof_wire::PolicyReport;
use sha2::{Digest, Sha256};

use crate::commands::UnusableInput;
use crate::compose::insides::calendar;
use crate::config::Config;

/// The text of a file, or of the policy that ships.
pub fn policy_text(path: Option<&Path>) -> anyhow::Result<String> {
    let Some(path) = path else {
        return Ok(Policy::DEFAULT_TEXT.to_owned());
    };
    let text = std::fs::read_to_string(path);
    Ok(text.map_err(|e| UnusableInput(format!("policy {}: {e}", path.display())))?)
}

/// The policy of a file, or the one that ships, and how reports name it.
pub fn policy(path: Option<&Path>) -> anyhow::Result<(Policy, PolicyReport)> {
    let text = policy_text(path)?;
    let name = path.map_or_else(
        || "the policy that ships".to_owned(),
        |path| path.display().to_string(),
    );
    let policy = Policy::parse(&text).map_err(|e| UnusableInput(format!("{name}: {e}")))?;
    let report = PolicyReport {
        version: policy.version().to_owned(),
        sha256: format!("{:x}", Sha256::digest(text.as_bytes())),
    };
    Ok((policy, report))
}

pub fn judgement(config: &Config) -> anyhow::Result<Judgement> {
    let (policy, policy_report) = policy(config.decide.policy.as_deref())?;
    Ok(Judgement {
        policy,
        policy_report,
        rules: Rules {
            mode: config.decide.review,
            most_attempts: config.decide.attempts,
        },
        calendar: calendar(config)?,
        file_bytes: config.limits.document_bytes.max(config.limits.video_bytes),
    })
}
