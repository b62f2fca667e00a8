use axum::Json;
use axum::extract::State;
use idproof_database::Message;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::own;
use crate::auth::Integrator;
use crate::path::Path;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// A message to a webhook address.
#[derive(Serialize, ToSchema)]
pub struct Delivery {
    /// `webhook-id` of the message; the same at every attempt.
    pub id: String,
    pub event: String,
    pub case_id: Option<String>,
    /// `pending`, `sent` or `failed`.
    pub state: &'static str,
    pub attempts: i64,
    /// The status with which the receiver last answered, if it answered.
    pub response_code: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub sent_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct DeliveryPage {
    pub items: Vec<Delivery>,
    /// For the next page; missing on the last.
    pub next_cursor: Option<String>,
}

pub(crate) fn delivery(message: Message) -> Delivery {
    Delivery {
        id: message.id.to_string(),
        event: message.template,
        case_id: message.case.map(|c| c.to_string()),
        state: message.state.as_str(),
        attempts: message.attempts,
        response_code: message.response_code,
        last_error: message.last_error,
        created_at: time(message.created_at),
        sent_at: message.sent_at.map(time),
    }
}

/// What was sent to a webhook address, newest first
///
/// Needs `webhooks:manage`.
#[utoipa::path(get, path = "/v1/webhooks/{id}/deliveries", tag = "Webhooks", operation_id = "listDeliveries",
    params(("id" = String, Path, description = "The webhook"), Page),
    responses((status = 200, body = DeliveryPage)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Path(id): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<DeliveryPage>, Problem> {
    let endpoint = own(&service, &caller, &id).await?;
    let before = page.cursor.as_deref().map(str::parse).transpose();
    let before =
        before.map_err(|_| Problem::field("cursor", "not_accepted", "`next_cursor` of a page"))?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::field("limit", "range", "1 to 200"));
    }
    let database = service.database();
    let mut found = database
        .deliveries(&endpoint.id, before.as_ref(), limit + 1)
        .await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        found.pop();
    }
    let next_cursor = found.last().filter(|_| more).map(|m| m.id.to_string());
    let items = found.into_iter().map(delivery).collect();
    Ok(Json(DeliveryPage { items, next_cursor }))
}
