//! Versions and differences as the pages see them.

use idproof_database::{PolicyState, PolicyVersion, Role as StaffRole};
use idproof_domain::ids::StaffId;
use idproof_domain::{CheckName, Policy, PolicyChange, Role, differences};
use serde::Serialize;
use serde_json::Value;

use super::standing::{Named, Standing, named};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(super) struct Who {
    id: String,
    display_name: String,
}

impl Who {
    pub fn new(standing: &Standing, id: &StaffId) -> Self {
        Self {
            display_name: standing.names.get(id.as_str()).cloned().unwrap_or_default(),
            id: id.to_string(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct VersionView {
    id: String,
    name: String,
    sha256: String,
    organisation: Option<String>,
    state: &'static str,
    ends_override: bool,
    reason: String,
    author: Who,
    created_at: String,
    approved_by: Option<Who>,
    approved_at: Option<String>,
    starts_at: Option<String>,
    withdrawn_by: Option<Who>,
    withdrawn_at: Option<String>,
    withdrawn_reason: Option<String>,
    rolls_back_to: Option<String>,
    shadow: bool,
    shadow_since: Option<String>,
    claims: Value,
    may_approve: bool,
    why_not: Option<&'static str>,
    /// Of one that is not in force yet.
    changes: Option<usize>,
    /// Of one that is in force or may yet be: checks of this program that its text lacks. No case is judged by it,
    /// those that it is in force for wait.
    missing: Vec<&'static str>,
}

/// Whether every claim is carried by the data it was held against.
pub(super) fn claims_supported(claims: &Value) -> bool {
    claims
        .as_array()
        .is_some_and(|all| all.iter().all(|c| c["support"]["verdict"] == "supported"))
}

/// Why this person may not approve the version.
pub(super) async fn why_not(
    service: &Service,
    me: &Signed,
    version: &PolicyVersion,
) -> Result<Option<&'static str>, Problem> {
    if !me.staff.has(StaffRole::Operator) {
        return Ok(Some("role_missing"));
    }
    if version.state != PolicyState::Drafted {
        return Ok(Some("policy_state"));
    }
    let database = service.database();
    let author = database.staff(&version.author).await?;
    match author {
        // An account that was ended speaks for nobody any more.
        None => return Ok(Some("policy_state")),
        Some(author) if author.disabled_at.is_some() => return Ok(Some("policy_state")),
        Some(author) => {
            if !database.are_two_people(&me.staff, &author).await? {
                return Ok(Some("same_person"));
            }
        }
    }
    if !claims_supported(&version.claims) {
        return Ok(Some("claim_unsupported"));
    }
    Ok(None)
}

pub(super) async fn view(
    service: &Service,
    me: &Signed,
    standing: &Standing,
    v: &PolicyVersion,
) -> Result<VersionView, Problem> {
    let who = |id: &Option<StaffId>| id.as_ref().map(|id| Who::new(standing, id));
    let why_not = why_not(service, me, v).await?;
    let state = standing.state(v);
    let counts = ["drafted", "scheduled", "active"].contains(&state);
    let own = v.text.as_ref().filter(|_| counts);
    let own = own.map(|_| named(v)).transpose()?;
    let changes = match &own {
        Some(own) if state != "active" => {
            let now = standing.policy_in_force(service, v.organisation.as_ref())?;
            Some(items(&now, &own.policy, &own.missing).len())
        }
        _ => None,
    };
    Ok(VersionView {
        id: v.id.to_string(),
        name: v.name.clone(),
        sha256: v.sha256.clone(),
        organisation: v.organisation.as_ref().map(ToString::to_string),
        state,
        ends_override: v.text.is_none(),
        reason: v.reason.clone(),
        author: Who::new(standing, &v.author),
        created_at: time(v.created_at),
        approved_by: who(&v.approved_by),
        approved_at: v.approved_at.map(time),
        starts_at: v.starts_at.map(time),
        withdrawn_by: who(&v.withdrawn_by),
        withdrawn_at: v.withdrawn_at.map(time),
        withdrawn_reason: v.withdrawn_reason.clone(),
        rolls_back_to: v.rolls_back_to.clone(),
        shadow: v.is_shadow(standing.now),
        shadow_since: v.shadow_since.map(time),
        claims: v.claims.clone(),
        may_approve: why_not.is_none(),
        why_not,
        changes,
        missing: own
            .map(|own| own.missing.into_iter().map(CheckName::as_str).collect())
            .unwrap_or_default(),
    })
}

#[derive(Serialize)]
pub(super) struct NameView {
    pub id: Option<String>,
    pub name: String,
}

impl NameView {
    pub fn of(named: &Named) -> Self {
        Self {
            id: Some(named.id.clone()),
            name: named.name.clone(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Words {
    pub fr: &'static str,
    pub en: &'static str,
}

#[derive(Serialize)]
pub(super) struct DiffView {
    from: NameView,
    to: NameView,
    items: Vec<DiffItem>,
}

#[derive(Serialize)]
struct DiffItem {
    key: String,
    /// `None`: it does not stand in the text, which is from before the program knew it. `to` likewise.
    from: Option<String>,
    to: Option<String>,
    unit: Option<&'static str>,
    meaning: Option<Words>,
    check: Option<&'static str>,
    looser: Option<bool>,
}

/// What changes between two policies; `missing`: what the new one's text lacks.
pub(super) fn diff_of(
    from: &Named,
    to: NameView,
    policy: &Policy,
    missing: &[CheckName],
) -> DiffView {
    DiffView {
        from: NameView::of(from),
        to,
        items: items(from, policy, missing),
    }
}

fn items(from: &Named, policy: &Policy, missing: &[CheckName]) -> Vec<DiffItem> {
    let one_sided = |check: CheckName, added: bool| {
        let role = policy.check(check);
        let required = role.role == Role::Required;
        DiffItem {
            key: format!("checks.{check}"),
            from: (!added).then(|| role.words()),
            to: added.then(|| role.words()),
            unit: None,
            meaning: None,
            check: Some(check.as_str()),
            looser: required.then_some(!added),
        }
    };
    let not_in = |one: &[CheckName], other: &[CheckName]| -> Vec<CheckName> {
        one.iter().copied().filter(|c| !other.contains(c)).collect()
    };
    let added = not_in(&from.missing, missing);
    let gone = not_in(missing, &from.missing);
    let sides = added.iter().map(|c| (*c, true));
    let sides = sides.chain(gone.iter().map(|c| (*c, false)));
    let mut all: Vec<DiffItem> = sides.map(|(c, added)| one_sided(c, added)).collect();
    let told: Vec<String> = all.iter().map(|item| item.key.clone()).collect();
    let item = |c: PolicyChange| DiffItem {
        key: c.key,
        from: Some(c.from),
        to: Some(c.to),
        unit: c.unit,
        meaning: c.meaning.map(|(fr, en)| Words { fr, en }),
        check: c.check.map(|c| c.as_str()),
        looser: c.looser,
    };
    let changed = differences(&from.policy, policy).into_iter().map(item);
    all.extend(changed.filter(|item| !told.contains(&item.key)));
    all
}
