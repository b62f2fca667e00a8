//! The console of those who judge cases: its API under `/console/api`, its pages under `/console/`.
//! Not part of the integrators' API and not described there.

mod access;
mod boards;
mod case;
mod config;
mod evidence;
mod examine;
mod integrators;
mod oidc;
mod pages;
mod password;
mod policy;
mod queue;
mod session;
mod staff;
mod statistics;
mod token;
mod totp;
mod wire;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::service::Service;

pub use config::{ConsoleConfig, OidcConfig};
pub use policy::{Asked, Labelled, LabelledScores, Limits, Support};
pub use staff::{NewStaff, StaffError, create_staff, reset_staff};

pub(crate) fn router(service: &Service) -> Router<Service> {
    let api = Router::new()
        .merge(session::router())
        .merge(oidc::router())
        .merge(staff::router())
        .merge(queue::router())
        .merge(case::router())
        .merge(statistics::router())
        .merge(examine::router())
        .merge(boards::router())
        .merge(integrators::router())
        .merge(policy::router())
        .route_layer(from_fn_with_state(service.clone(), access::layer));
    Router::new()
        .nest("/console/api", api)
        .merge(pages::router())
}
