//! A case from its opening to its end.

mod activation;
mod appeal;
pub(crate) mod challenge;
mod consent;
mod current;
mod delete;
mod get;
mod identity;
mod list;
mod open;
mod reactivate;
mod retake;
mod status;
mod submit;
mod suspend;
mod timeline;
mod token;
pub(crate) mod view;
mod withdraw;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;

pub(crate) use activation::CodeBody;
pub(crate) use open::{check_reference, open_sandbox};
pub(crate) use status::{StatusView, status_of};
pub(crate) use token::new_token;

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(open::handler, list::handler))
        .routes(routes!(current::handler))
        .routes(routes!(get::handler, delete::handler))
        .routes(routes!(status::handler))
        .routes(routes!(timeline::handler))
        .routes(routes!(token::handler))
        .routes(routes!(consent::handler))
        .routes(routes!(identity::handler))
        .routes(routes!(challenge::handler))
        .routes(routes!(submit::handler))
        .routes(routes!(retake::handler))
        .routes(routes!(appeal::handler))
        .routes(routes!(withdraw::handler))
        .routes(routes!(suspend::handler))
        .routes(routes!(reactivate::handler))
        .routes(routes!(activation::handler))
}
