use axum::Json as Answer;
use axum::extract::State;
use idproof_domain::completed;
use serde::{Deserialize, Serialize};

use super::standing::{Named, Standing, configured, named};
use super::view::{DiffView, NameView, VersionView, diff_of, view};
use super::{CONFIGURED, READ};
use crate::console::access::Signed;
use crate::path::Path;
use crate::problem::{Problem, internal};
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    #[serde(default)]
    organisation: Option<String>,
}

#[derive(Serialize)]
pub(super) struct List {
    configured: Configured,
    organisations: Vec<OrganisationView>,
    in_force: Vec<InForceView>,
    items: Vec<VersionView>,
}

#[derive(Serialize)]
struct Configured {
    name: String,
    sha256: String,
    text: String,
}

#[derive(Serialize)]
struct OrganisationView {
    id: String,
    name: String,
}

#[derive(Serialize)]
struct InForceView {
    organisation: Option<String>,
    version: Option<String>,
    name: String,
    since: Option<String>,
}

/// Every version with what is in force.
pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<ListQuery>,
) -> Result<Answer<List>, Problem> {
    me.may(READ)?;
    let standing = Standing::read(&service).await?;
    let only = standing.organisation(query.organisation.as_deref(), "organisation")?;
    let mut in_force = vec![InForceView {
        organisation: None,
        version: standing.in_force(None).map(|v| v.id.to_string()),
        name: standing
            .in_force(None)
            .map_or_else(|| configured(&service).name, |v| v.name.clone()),
        since: standing.in_force(None).and_then(|v| v.starts_at).map(time),
    }];
    for organisation in &standing.organisations {
        let own = standing.latest(Some(&organisation.id));
        if let Some(v) = own.filter(|v| v.text.is_some()) {
            in_force.push(InForceView {
                organisation: Some(organisation.id.to_string()),
                version: Some(v.id.to_string()),
                name: v.name.clone(),
                since: v.starts_at.map(time),
            });
        }
    }
    let mut items = Vec::new();
    for version in &standing.versions {
        if only.is_none() || version.organisation == only {
            items.push(view(&service, &me, &standing, version).await?);
        }
    }
    let parts = &service.parts;
    Ok(Answer(List {
        configured: Configured {
            name: parts.policy.version().to_owned(),
            sha256: parts.policy_sha256.clone(),
            text: parts.policy_text.clone(),
        },
        organisations: standing
            .organisations
            .iter()
            .map(|o| OrganisationView {
                id: o.id.to_string(),
                name: o.name.clone(),
            })
            .collect(),
        in_force,
        items,
    }))
}

#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    version: Option<VersionView>,
    text: Option<String>,
    /// The text with the checks that it lacks, as they ship; where it lacks any.
    completed: Option<String>,
    diff: Option<DiffView>,
}

/// One version with its text and what it changes.
pub(super) async fn show(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Shown>, Problem> {
    me.may(READ)?;
    let standing = Standing::read(&service).await?;
    if id == CONFIGURED {
        return Ok(Answer(Shown {
            version: None,
            text: Some(service.parts.policy_text.clone()),
            completed: None,
            diff: None,
        }));
    }
    let version = standing.version(&id)?;
    let now = standing.policy_in_force(&service, version.organisation.as_ref())?;
    let diff = match &version.text {
        None => None,
        Some(_) => Some(between(&now, &named(version)?)),
    };
    let whole = version.text.as_deref().map(completed).transpose();
    let whole = whole.map_err(|_| internal("a stored policy cannot be read"))?;
    Ok(Answer(Shown {
        completed: whole.filter(|w| !w.added.is_empty()).map(|w| w.text),
        text: version.text.clone(),
        version: Some(view(&service, &me, &standing, version).await?),
        diff,
    }))
}

fn between(from: &Named, to: &Named) -> DiffView {
    diff_of(from, NameView::of(to), &to.policy, &to.missing)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiffQuery {
    against: String,
}

pub(super) async fn diff(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Answer<DiffView>, Problem> {
    me.may(READ)?;
    let standing = Standing::read(&service).await?;
    let from = standing.policy(&service, &query.against)?;
    let to = standing.policy(&service, &id)?;
    Ok(Answer(between(&from, &to)))
}
