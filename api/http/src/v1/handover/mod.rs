//! From the computer to the phone: an invitation that is used once, with the number that the
//! first device shows.

mod device;
mod get;
mod look;
mod open;
mod take;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(open::handler))
        .routes(routes!(get::handler))
        .routes(routes!(look::handler))
        .routes(routes!(take::handler))
}
