//! Where integrators want to be told, after the Standard Webhooks specification.

pub(crate) mod create;
pub(crate) mod delivery_list;
mod delivery_replay;
mod get;
mod list;
mod remove;
pub(crate) mod test;
mod update;

use idproof_database::Endpoint;
use idproof_database::Scope;
use idproof_database::notices::WEBHOOK_EVENTS;
use idproof_domain::endpoint::check_url;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Integrator;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::wire::{time, webhook_event};

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(create::handler, list::handler))
        .routes(routes!(get::handler, update::handler, remove::handler))
        .routes(routes!(delivery_list::handler))
        .routes(routes!(delivery_replay::handler))
        .routes(routes!(test::handler))
}

/// A webhook address.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    #[schema(pattern = "^whe_[0-9a-z]{26}$")]
    pub id: String,
    pub url: String,
    /// What is told there; `*` is everything.
    #[schema(schema_with = events)]
    pub events: Vec<String>,
    pub enabled: bool,
    #[schema(format = DateTime)]
    pub created_at: String,
}

fn events() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(webhook_event())
}

/// The same where they stay as they are.
fn events_or_none() -> utoipa::openapi::schema::Array {
    use utoipa::openapi::schema::{ArrayBuilder, SchemaType, Type};
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(webhook_event())
        .build()
}

fn view(endpoint: Endpoint) -> WebhookView {
    WebhookView {
        id: endpoint.id.to_string(),
        url: endpoint.url,
        events: endpoint.events,
        enabled: endpoint.enabled,
        created_at: time(endpoint.created_at),
    }
}

/// The endpoint of that id, if it is the caller's.
async fn own(service: &Service, caller: &Integrator, id: &str) -> Result<Endpoint, Problem> {
    caller.with(Scope::WebhooksManage)?;
    let not_found = || Problem::from(Code::NotFound);
    let id = id.parse().map_err(|_| not_found())?;
    let endpoint = service.database().endpoint(&id).await?;
    endpoint
        .filter(|e| e.organisation == caller.0.organisation && e.sandbox == caller.0.sandbox)
        .ok_or_else(not_found)
}

/// An address that may be sent to, as it is to be used. A name's addresses are judged again at
/// every delivery.
pub(crate) fn checked_url(service: &Service, url: &str) -> Result<String, Problem> {
    check_url(url, &service.parts.address_rules)
        .map(Into::into)
        .map_err(|e| Problem::from(Code::AddressRefused).detail(e.to_string()))
}

pub(crate) fn checked_events(events: Vec<String>) -> Result<Vec<String>, Problem> {
    let known = |e: &String| e == "*" || WEBHOOK_EVENTS.contains(&e.as_str());
    if events.is_empty() || !events.iter().all(known) {
        let detail = format!("one or more of *, {}", WEBHOOK_EVENTS.join(", "));
        return Err(Problem::field("/events", "not_accepted", detail));
    }
    Ok(events)
}
