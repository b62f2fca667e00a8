//! What the HTTP service counts, for Prometheus. Labels are route templates and codes, never ids.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

/// The counters of one HTTP process.
pub struct Metrics {
    answers: Family<Answer, Counter>,
    seconds: Family<Route, Histogram, fn() -> Histogram>,
    problems: Family<Refusal, Counter>,
    uploaded: Counter,
    pub(crate) connections: Gauge,
    pub(crate) at_work: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new([
        0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0,
    ])
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            answers: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            problems: Family::default(),
            uploaded: Counter::default(),
            connections: Gauge::default(),
            at_work: Gauge::default(),
        }
    }
}

impl Metrics {
    /// Shows every counter in `registry`, whose prefix names the program.
    pub fn register(&self, registry: &mut Registry) {
        let r = registry;
        r.register(
            "http_answers",
            "Requests answered, by route and status",
            self.answers.clone(),
        );
        r.register(
            "http_seconds",
            "Time from a request's head to its answer's head",
            self.seconds.clone(),
        );
        r.register(
            "http_problems",
            "Requests not done, by code",
            self.problems.clone(),
        );
        r.register(
            "http_uploaded_bytes",
            "Bytes of chunks stored",
            self.uploaded.clone(),
        );
        r.register(
            "http_connections",
            "Connections open now",
            self.connections.clone(),
        );
        r.register("http_at_work", "Requests at work now", self.at_work.clone());
    }

    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        let route = route.to_owned();
        self.seconds
            .get_or_create(&Route {
                method,
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.answers
            .get_or_create(&Answer {
                method,
                route,
                status,
            })
            .inc();
    }

    pub(crate) fn problem(&self, code: &'static str) {
        self.problems.get_or_create(&Refusal { code }).inc();
    }

    pub(crate) fn uploaded(&self, bytes: u64) {
        self.uploaded.inc_by(bytes);
    }
}

/// `GET /metrics` in the text format of OpenMetrics.
pub fn metrics_router(registry: Arc<Registry>) -> Router {
    let show = move || {
        let registry = Arc::clone(&registry);
        async move {
            let mut text = String::new();
            let encoded = prometheus_client::encoding::text::encode(&mut text, &registry);
            match encoded {
                Ok(()) => ([(CONTENT_TYPE, FORMAT)], text).into_response(),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
    };
    Router::new().route("/metrics", get(show))
}

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
