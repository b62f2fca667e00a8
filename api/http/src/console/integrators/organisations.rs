use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::Organisation;
use idproof_domain::ids::OrganisationId;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ADMIN, SEE};
use crate::console::access::Signed;
use crate::json::Json;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

#[derive(Serialize)]
pub(super) struct Organisations {
    items: Vec<Item>,
}

#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    name: String,
    own: bool,
    created_at: String,
    keys: i64,
    webhooks: i64,
}

fn item(service: &Service, organisation: Organisation, counts: (i64, i64)) -> Item {
    Item {
        own: organisation.id == service.own,
        id: organisation.id.to_string(),
        name: organisation.name,
        created_at: time(organisation.created_at),
        keys: counts.0,
        webhooks: counts.1,
    }
}

pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Organisations>, Problem> {
    me.may(SEE)?;
    let database = service.database();
    let counts = database.organisation_counts(service.now()).await?;
    let all = database.organisations().await?;
    let one = |o: Organisation| {
        let counts = counts.get(o.id.as_str()).copied().unwrap_or_default();
        item(&service, o, counts)
    };
    Ok(Answer(Organisations {
        items: all.into_iter().map(one).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    name: String,
}

pub(super) async fn create(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<New>,
) -> Result<(StatusCode, Answer<Item>), Problem> {
    me.may(ADMIN)?;
    let name = sent.name.trim().to_owned();
    if !(1..=80).contains(&name.chars().count()) {
        return Err(Problem::field("/name", "length", "1 to 80 characters"));
    }
    if name.contains(char::is_control) {
        let detail = "no control characters";
        return Err(Problem::field("/name", "not_accepted", detail));
    }
    let database = service.database();
    if database
        .organisations()
        .await?
        .iter()
        .any(|o| o.name == name)
    {
        let detail = "there is an organisation of this name";
        return Err(Problem::field("/name", "taken", detail));
    }
    let now = service.now();
    let new = Organisation {
        id: OrganisationId::new(now, service.id_bytes()),
        name,
        created_at: now,
    };
    let mut tx = database.begin().await?;
    tx.insert_organisation(&new).await?;
    let data = json!({ "organisation": new.id });
    tx.record(me.event(None, now, "organisation_created", data));
    tx.commit().await?;
    Ok((StatusCode::CREATED, Answer(item(&service, new, (0, 0)))))
}
