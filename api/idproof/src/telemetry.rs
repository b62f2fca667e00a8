//! Logs and traces.

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogConfig, LogFormat};

/// Longest wait for the collector of traces.
const TRACES_LIMIT: Duration = Duration::from_secs(10);

/// Sends what traces are left when dropped.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take() {
            // The collector may be away; the work is done all the same.
            let _ = provider.shutdown();
        }
    }
}

/// Logs to standard error; `IDPROOF_LOG` filters, `default` where it says nothing.
pub fn init(config: &LogConfig, default: &str) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_from_env("IDPROOF_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let lines = match config.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let provider = config.traces.as_deref().map(provider).transpose()?;
    let traces = provider.as_ref().map(|provider| {
        // Spans of libraries could hold addresses and statements.
        let own = Targets::new().with_target("idproof", tracing::Level::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("idproof"))
            .with_location(false)
            .with_threads(false)
            .with_filter(own)
    });
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces)
        .init();
    Ok(Telemetry(provider))
}

fn provider(base: &str) -> anyhow::Result<SdkTracerProvider> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(TRACES_LIMIT))
        .http_status_as_error(false)
        .build()
        .into();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Collector(agent))
        .with_endpoint(format!("{}/v1/traces", base.trim_end_matches('/')))
        .with_timeout(TRACES_LIMIT)
        .build()?;
    let resource = Resource::builder_empty()
        .with_service_name("idproof")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

/// Called on the exporter's own thread, where it may block.
#[derive(Debug)]
struct Collector(ureq::Agent);

#[async_trait::async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = self.0.run(request)?.into_parts();
        let body = body.read_to_vec()?;
        Ok(Response::from_parts(parts, body.into()))
    }
}
