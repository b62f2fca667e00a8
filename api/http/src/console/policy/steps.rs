//! What becomes of a version: approved by a second person, withdrawn, or judging without effect.

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{PolicyVersion, Tx};
use idproof_domain::ids::PolicyId;
use serde::Deserialize;

use super::WRITE;
use super::draft::{about, check_reason, shown};
use super::standing::Standing;
use super::view::{VersionView, why_not};
use crate::console::access::Signed;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;

fn id_of(id: &str) -> Result<PolicyId, Problem> {
    id.parse().map_err(|_| Code::NotFound.into())
}

/// The version, held against everybody else.
async fn held(tx: &mut Tx, id: &PolicyId) -> Result<PolicyVersion, Problem> {
    let found = tx.policy_version(id).await?;
    found.ok_or_else(|| Code::NotFound.into())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approve {
    /// Of the text that was read.
    sha256: String,
}

pub(super) async fn approve(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Approve>,
) -> Result<Answer<VersionView>, Problem> {
    me.may(WRITE)?;
    let id = id_of(&id)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let version = held(&mut tx, &id).await?;
    match why_not(&service, &me, &version).await? {
        None => {}
        Some("same_person") => return Err(Code::SamePerson.into()),
        Some("claim_unsupported") => return Err(Code::ClaimUnsupported.into()),
        Some(_) => return Err(Code::PolicyState.into()),
    }
    if sent.sha256 != version.sha256 {
        let what = "that of the text that is to be approved";
        return Err(Problem::field("/sha256", "not_accepted", what));
    }
    if let Some(text) = &version.text {
        // The program may have been replaced since it was drafted, and know more checks now.
        super::draft::parse(text)?;
    }
    if !tx.approve_policy(&id, &me.staff.id, now).await? {
        return Err(Code::PolicyState.into());
    }
    tx.record(me.event(None, now, "policy_approved", about(&version)));
    tx.commit().await?;
    shown(&service, &me, &id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Withdraw {
    reason: String,
}

/// A version that is not in force yet. What is in force is replaced by another version, which two
/// people make: to take it away alone would be a change by one.
pub(super) async fn withdraw(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Withdraw>,
) -> Result<Answer<VersionView>, Problem> {
    me.may(WRITE)?;
    let id = id_of(&id)?;
    let reason = check_reason(&sent.reason)?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let version = held(&mut tx, &id).await?;
    if !tx.withdraw_policy(&id, &me.staff.id, &reason, now).await? {
        return Err(Code::PolicyState.into());
    }
    tx.record(me.event(None, now, "policy_withdrawn", about(&version)));
    tx.commit().await?;
    shown(&service, &me, &id).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shadow {
    on: bool,
}

/// Lets a version judge beside the one in force, without any effect, or ends that.
pub(super) async fn shadow(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Shadow>,
) -> Result<Answer<VersionView>, Problem> {
    me.may(WRITE)?;
    let id = id_of(&id)?;
    let standing = Standing::read(&service).await?;
    let now = standing.now;
    let mut tx = service.database().begin().await?;
    let version = held(&mut tx, &id).await?;
    if sent.on {
        let state = standing.state(&version);
        if ["withdrawn", "active"].contains(&state) || version.text.is_none() {
            return Err(Code::PolicyState.into());
        }
    }
    tx.set_shadow(&version, sent.on.then_some(now)).await?;
    let kind = if sent.on {
        "policy_shadow_began"
    } else {
        "policy_shadow_ended"
    };
    tx.record(me.event(None, now, kind, about(&version)));
    tx.commit().await?;
    shown(&service, &me, &id).await
}
