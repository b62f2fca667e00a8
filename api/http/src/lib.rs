//! The HTTP service: the API under `/v1`, its description, the capture pages, health and metrics.
//!
//! [`Service::new`] takes everything it is made of, [`router`] makes the routes, [`serve`] runs
//! them on a socket with time limits. A process of its own; it meets the worker only through rows
//! in the database.

mod auth;
mod config;
mod console;
mod docs;
mod health;
mod json;
mod keys;
mod layers;
mod limits;
mod linger;
mod metrics;
mod openapi;
mod pages;
mod path;
mod problem;
mod query;
mod router;
mod secret;
mod server;
mod service;
mod v1;
mod wire;

pub use config::{
    CaptureConfig, ConfigError, EnrolmentConfig, HttpConfig, LimitsConfig, none_if_empty,
};
pub use console::{
    Asked, ConsoleConfig, Labelled, LabelledScores, Limits, NewStaff, OidcConfig, StaffError,
    Support, create_staff, reset_staff,
};
pub use keys::{KeyError, NewKey, create_key};
pub use metrics::{Metrics, metrics_router};
pub use openapi::openapi;
pub use problem::Code;
pub use router::router;
pub use server::{serve, serve_metrics};
pub use service::{
    EvidencePdf, EvidenceSheet, LetterPdf, OutboxMessage, OutboxReader, Parts, Preview,
    PreviewMessage, PreviewOf, Previewed, Service, StartError,
};
