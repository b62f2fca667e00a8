//! The API. One endpoint a file: its types, its errors, its words for the description, its handler.

pub(crate) mod cases;
pub(crate) mod contacts;
pub(crate) mod documents;
pub(crate) mod handover;
pub(crate) mod letters;
pub(crate) mod quality;
pub(crate) mod service_info;
pub(crate) mod uploads;
pub(crate) mod webhooks;

use idproof_database::{Case, Tx};
use idproof_domain::case::{Actor, Step};
use idproof_domain::ids::CaseId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::{Code, Problem};
use crate::service::Service;

/// Every endpoint under `/v1`, with its description.
pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(service_info::handler))
        .routes(routes!(documents::handler))
        .routes(routes!(quality::handler))
        .merge(cases::router())
        .merge(contacts::router())
        .merge(uploads::router())
        .merge(letters::router())
        .merge(handover::router())
        .merge(webhooks::router())
}

/// The case, held until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, id: &CaseId) -> Result<Case, Problem> {
    tx.case(id).await?.ok_or_else(|| Code::NotFound.into())
}

/// A step that nothing else hangs on.
pub(crate) async fn plain_step(
    service: &Service,
    id: &CaseId,
    step: &Step,
    actor: &Actor,
) -> Result<Case, Problem> {
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, id).await?;
    tx.step_and_tell(&mut case, step, actor, service.now(), service.random())
        .await?;
    tx.commit().await?;
    Ok(case)
}
