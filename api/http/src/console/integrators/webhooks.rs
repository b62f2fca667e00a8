use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::boards::EndpointCounts;
use idproof_database::notices::WEBHOOK_EVENTS;
use idproof_database::{Channel, Endpoint, Role};
use idproof_domain::ids::{JobId, MessageId};
use idproof_vault::Purpose;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{ADMIN, SEE, organisation, overlap};
use crate::console::access::Signed;
use crate::console::boards::RUN;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::v1::webhooks::delivery_list::{Delivery, DeliveryPage, delivery};
use crate::v1::webhooks::{checked_events, checked_url, create as new, test as trial};
use crate::wire::time;

/// Hours for which a secret that is replaced may go on signing.
const LONGEST_OVERLAP: i64 = 168;

#[derive(Serialize)]
pub(super) struct Webhooks {
    events: Vec<&'static str>,
    items: Vec<Item>,
}

#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    url: String,
    url_hidden: bool,
    events: Vec<String>,
    sandbox: bool,
    enabled: bool,
    created_at: String,
    old_secret_until: Option<String>,
    pending: i64,
    failed: i64,
    last_sent_at: Option<String>,
}

/// Where an address leads, without a path that may hold a secret.
fn hidden(url: &str) -> String {
    let end = url.find("://").map_or(0, |at| at + 3);
    let host = url[end..].split(['/', '?']).next().unwrap_or_default();
    format!("{}{host}/…", &url[..end])
}

async fn item(
    service: &Service,
    me: &Signed,
    endpoint: &Endpoint,
    counts: EndpointCounts,
) -> Result<Item, Problem> {
    let whole = me.staff.has(Role::Administrator);
    let now = service.now();
    let old = endpoint.old_secret.as_ref().map(|(_, until)| *until);
    let last = service.database().last_delivery(&endpoint.id).await?;
    Ok(Item {
        id: endpoint.id.to_string(),
        url: if whole {
            endpoint.url.clone()
        } else {
            hidden(&endpoint.url)
        },
        url_hidden: !whole,
        events: endpoint.events.clone(),
        sandbox: endpoint.sandbox,
        enabled: endpoint.enabled,
        created_at: time(endpoint.created_at),
        old_secret_until: old.filter(|until| now < *until).map(time),
        pending: counts.pending,
        failed: counts.failed,
        last_sent_at: last.map(time),
    })
}

/// The address as it is now.
async fn seen(service: &Service, me: &Signed, endpoint: &Endpoint) -> Result<Item, Problem> {
    let counts = service.database().endpoint_counts().await?;
    let counts = counts.get(endpoint.id.as_str()).copied();
    item(service, me, endpoint, counts.unwrap_or_default()).await
}

async fn of_path(service: &Service, id: &str) -> Result<Endpoint, Problem> {
    let not_found = || Problem::from(Code::NotFound);
    let id = id.parse().map_err(|_| not_found())?;
    let found = service.database().endpoint(&id).await?;
    found.ok_or_else(not_found)
}

pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<Answer<Webhooks>, Problem> {
    me.may(SEE)?;
    let organisation = organisation(&service, &id).await?;
    let database = service.database();
    let counts = database.endpoint_counts().await?;
    let mut items = Vec::new();
    for sandbox in [false, true] {
        for endpoint in database.endpoints(&organisation.id, sandbox).await? {
            let counts = counts.get(endpoint.id.as_str()).copied();
            items.push(item(&service, &me, &endpoint, counts.unwrap_or_default()).await?);
        }
    }
    Ok(Answer(Webhooks {
        events: WEBHOOK_EVENTS.iter().copied().chain(["*"]).collect(),
        items,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    url: String,
    events: Vec<String>,
    sandbox: bool,
}

/// An address with its secret, which is shown this once.
#[derive(Serialize)]
pub(super) struct Made {
    webhook: Item,
    secret: String,
}

pub(super) async fn create(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<New>,
) -> Result<(StatusCode, Answer<Made>), Problem> {
    me.may(ADMIN)?;
    let organisation = organisation(&service, &id).await?;
    let (endpoint, secret) = new::prepare(
        &service,
        organisation.id.clone(),
        sent.sandbox,
        &sent.url,
        sent.events,
    )?;
    let mut tx = service.database().begin().await?;
    new::insert(&mut tx, &endpoint).await?;
    let data = json!({
        "webhook": endpoint.id, "organisation": organisation.id, "sandbox": endpoint.sandbox,
    });
    tx.record(me.event(None, service.now(), "webhook_created", data));
    tx.commit().await?;
    let webhook = seen(&service, &me, &endpoint).await?;
    Ok((StatusCode::CREATED, Answer(Made { webhook, secret })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    enabled: Option<bool>,
}

pub(super) async fn change(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Change>,
) -> Result<Answer<Item>, Problem> {
    me.may(ADMIN)?;
    let mut endpoint = of_path(&service, &id).await?;
    let data = json!({
        "webhook": endpoint.id, "url": sent.url.is_some(), "events": sent.events, "enabled": sent.enabled,
    });
    if let Some(url) = sent.url {
        endpoint.url = checked_url(&service, &url)?;
    }
    if let Some(events) = sent.events {
        endpoint.events = checked_events(events)?;
    }
    if let Some(enabled) = sent.enabled {
        endpoint.enabled = enabled;
    }
    save(&service, &me, &endpoint, "webhook_changed", data).await?;
    Ok(Answer(seen(&service, &me, &endpoint).await?))
}

async fn save(
    service: &Service,
    me: &Signed,
    endpoint: &Endpoint,
    kind: &str,
    data: serde_json::Value,
) -> Result<(), Problem> {
    let mut tx = service.database().begin().await?;
    if !tx.save_endpoint(endpoint).await? {
        return Err(Code::NotFound.into());
    }
    tx.record(me.event(None, service.now(), kind, data));
    tx.commit().await?;
    Ok(())
}

pub(super) async fn remove(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    me.may(ADMIN)?;
    let endpoint = of_path(&service, &id).await?;
    let now = service.now();
    let mut tx = service.database().begin().await?;
    if !tx.remove_endpoint(&endpoint.id, now).await? {
        return Err(Code::NotFound.into());
    }
    let data = json!({ "webhook": endpoint.id });
    tx.record(me.event(None, now, "webhook_removed", data));
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rotation {
    overlap_hours: i64,
}

/// Gives the address another secret; the old one signs beside it for a while.
pub(super) async fn rotate(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Rotation>,
) -> Result<Answer<Made>, Problem> {
    me.may(ADMIN)?;
    let overlap = overlap(sent.overlap_hours, LONGEST_OVERLAP)?;
    let mut endpoint = of_path(&service, &id).await?;
    let secret = new::new_secret(&service);
    let context = endpoint.id.as_str();
    let sealed = service
        .secrets()
        .seal(Purpose::Webhooks, context, &secret)?;
    let until = service.now() + overlap;
    let old = std::mem::replace(&mut endpoint.secret, sealed);
    endpoint.old_secret = (overlap > 0).then_some((old, until));
    let data = json!({ "webhook": endpoint.id, "until": time(until) });
    save(&service, &me, &endpoint, "webhook_secret_rotated", data).await?;
    let webhook = seen(&service, &me, &endpoint).await?;
    Ok(Answer(Made { webhook, secret }))
}

/// The message as it is now.
async fn sent(service: &Service, id: &MessageId) -> Result<Delivery, Problem> {
    let message = service.database().message(id).await?;
    Ok(delivery(
        message.ok_or_else(|| Problem::from(Code::NotFound))?,
    ))
}

pub(super) async fn test(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<(StatusCode, Answer<Delivery>), Problem> {
    me.may(RUN)?;
    let endpoint = of_path(&service, &id).await?;
    if !endpoint.enabled {
        return Err(Problem::from(Code::InvalidState).detail("the address is disabled"));
    }
    let mut tx = service.database().begin().await?;
    let message = trial::post(&service, &mut tx, &endpoint).await?;
    let data = json!({ "webhook": endpoint.id, "message": message });
    tx.record(me.event(None, service.now(), "webhook_tested", data));
    tx.commit().await?;
    let answer = sent(&service, &message).await?;
    Ok((StatusCode::ACCEPTED, Answer(answer)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<i64>,
}

pub(super) async fn deliveries(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Answer<DeliveryPage>, Problem> {
    me.may(SEE)?;
    let endpoint = of_path(&service, &id).await?;
    let before: Option<MessageId> = page
        .cursor
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::field("cursor", "not_accepted", "one from the page before"))?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::field("limit", "not_accepted", "1 to 200"));
    }
    let mut found = service
        .database()
        .deliveries(&endpoint.id, before.as_ref(), limit + 1)
        .await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        found.pop();
    }
    let next_cursor = found.last().filter(|_| more).map(|m| m.id.to_string());
    let items = found.into_iter().map(delivery).collect();
    Ok(Answer(DeliveryPage { items, next_cursor }))
}

pub(super) async fn replay(
    State(service): State<Service>,
    me: Signed,
    Path((id, message)): Path<(String, String)>,
) -> Result<(StatusCode, Answer<Delivery>), Problem> {
    me.may(RUN)?;
    let endpoint = of_path(&service, &id).await?;
    let not_found = || Problem::from(Code::NotFound);
    let message: MessageId = message.parse().map_err(|_| not_found())?;
    let database = service.database();
    let theirs = database
        .message(&message)
        .await?
        .filter(|m| m.channel == Channel::Webhook && m.recipient == endpoint.id.as_str())
        .ok_or_else(not_found)?;
    let now = service.now();
    let mut tx = database.begin().await?;
    let job = JobId::new(now, service.id_bytes());
    if !tx.replay(&message, job, now).await? {
        return Err(Code::DeliveryRunning.into());
    }
    let data = json!({ "webhook": endpoint.id, "message": message });
    tx.record(me.event(theirs.case.as_ref(), now, "webhook_replayed", data));
    tx.commit().await?;
    let answer = sent(&service, &message).await?;
    Ok((StatusCode::ACCEPTED, Answer(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_path() {
        for (url, shown) in [
            (
                "https://hooks.example.org/secret/1?k=2",
                "https://hooks.example.org/…",
            ),
            (
                "https://hooks.example.org:8443?k=2",
                "https://hooks.example.org:8443/…",
            ),
            ("http://[::1]:80/x", "http://[::1]:80/…"),
        ] {
            assert_eq!(hidden(url), shown);
        }
    }
}
