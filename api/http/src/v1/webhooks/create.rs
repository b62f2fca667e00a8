use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use idproof_database::{Endpoint, Scope, Tx};
use idproof_domain::ids::{EndpointId, OrganisationId};
use idproof_vault::Purpose;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{WebhookView, checked_events, checked_url, events, view};
use crate::auth::Integrator;
use crate::json;
use crate::problem::{Code, Problem};
use crate::service::Service;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// `https`, public, without a user or a fragment.
    #[schema(example = "https://hooks.example.org/idproof")]
    url: String,
    #[schema(schema_with = events)]
    events: Vec<String>,
}

/// A new webhook address.
#[derive(Serialize, ToSchema)]
pub struct CreatedWebhook {
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What messages are signed with: shown this once.
    #[schema(pattern = "^whsec_[0-9A-Za-z+/=]+$")]
    pub secret: String,
}

/// As many as anybody needs.
const MOST: i64 = 20;

/// Register a webhook address
///
/// Needs `webhooks:manage`. A test key registers for sandbox cases, a live key for real ones.
/// Problems: `address_refused`, `invalid`.
#[utoipa::path(post, path = "/v1/webhooks", tag = "Webhooks", operation_id = "createWebhook",
    request_body = NewWebhook,
    responses((status = 201, body = CreatedWebhook)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    json::Json(body): json::Json<NewWebhook>,
) -> Result<(StatusCode, Json<CreatedWebhook>), Problem> {
    caller.with(Scope::WebhooksManage)?;
    let key = &caller.0;
    let (endpoint, secret) = prepare(
        &service,
        key.organisation.clone(),
        key.sandbox,
        &body.url,
        body.events,
    )?;
    let mut tx = service.database().begin().await?;
    insert(&mut tx, &endpoint).await?;
    tx.commit().await?;
    let webhook = view(endpoint);
    Ok((
        StatusCode::CREATED,
        Json(CreatedWebhook { webhook, secret }),
    ))
}

/// A secret as its receiver is given it.
pub(crate) fn new_secret(service: &Service) -> String {
    let mut bytes = [0; 32];
    service.random().fill(&mut bytes);
    format!("whsec_{}", STANDARD.encode(bytes))
}

/// An address that is nowhere yet, with its secret.
pub(crate) fn prepare(
    service: &Service,
    organisation: OrganisationId,
    sandbox: bool,
    url: &str,
    events: Vec<String>,
) -> Result<(Endpoint, String), Problem> {
    let url = checked_url(service, url)?;
    let events = checked_events(events)?;
    let now = service.now();
    let id = EndpointId::new(now, service.id_bytes());
    let secret = new_secret(service);
    let endpoint = Endpoint {
        secret: service
            .secrets()
            .seal(Purpose::Webhooks, id.as_str(), &secret)?,
        id,
        old_secret: None,
        organisation,
        url,
        events,
        sandbox,
        enabled: true,
        created_at: now,
    };
    Ok((endpoint, secret))
}

/// Stores an address, if its organisation may have another one.
pub(crate) async fn insert(tx: &mut Tx, endpoint: &Endpoint) -> Result<(), Problem> {
    let there = tx
        .count_endpoints(&endpoint.organisation, endpoint.sandbox)
        .await?;
    if there >= MOST {
        return Err(Problem::from(Code::Invalid).detail(format!("at most {MOST} addresses")));
    }
    tx.insert_endpoint(endpoint).await?;
    Ok(())
}
