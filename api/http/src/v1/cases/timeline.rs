use axum::Json;
use axum::extract::State;
use idproof_database::Event;
use idproof_domain::case::label;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::{Label, time};

/// Something that happened to a case.
#[derive(Serialize, ToSchema)]
pub struct TimelineEntry {
    #[schema(format = DateTime)]
    pub at: String,
    #[schema(example = "document_uploaded")]
    pub kind: String,
    pub label: Label,
    /// Reason codes, where there are some.
    pub reasons: Vec<String>,
}

fn entry(event: Event) -> Option<TimelineEntry> {
    let label = label(&event.kind)?.into();
    let reasons = match event.kind.as_str() {
        "refused" | "retake_asked" => event.data.get("reasons").cloned(),
        _ => None,
    };
    Some(TimelineEntry {
        at: time(event.at),
        kind: event.kind,
        label,
        reasons: reasons
            .and_then(|r| serde_json::from_value(r).ok())
            .unwrap_or_default(),
    })
}

/// What has happened, oldest first
#[utoipa::path(get, path = "/v1/cases/{id}/timeline", tag = "Cases", operation_id = "getTimeline",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = Vec<TimelineEntry>)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<Vec<TimelineEntry>>, Problem> {
    let events = service.database().events_of(&access.case.id).await?;
    Ok(Json(events.into_iter().filter_map(entry).collect()))
}
