//! The HTTP side.

use std::net::SocketAddr;
use std::sync::Arc;

use idproof_delivery::{ElectronicLetter, LetterProvider, Window, letter_pdf};
use idproof_http::{LetterPdf, Metrics, Service};
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::{Parts, listen, stopped};
use crate::compose;
use crate::compose::insides::{Insides, address_rules, calendar};
use crate::config::Config;

/// The model that the pages guide by, if the store has it.
const DETECTOR: &str = "blazeface";

pub(super) async fn start(
    config: &Config,
    insides: &Insides,
    registry: &mut Registry,
    parts: &mut Parts,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<SocketAddr> {
    let metrics = Arc::new(Metrics::default());
    metrics.register(registry);
    let mut http = config.http.clone();
    if http.face_detector.is_none() {
        http.face_detector = detector(config);
    }
    let letter: Arc<LetterPdf> = Arc::new(|content| {
        letter_pdf(content, Window::default())
            .map(|pdf| pdf.bytes)
            .map_err(|e| e.to_string())
    });
    let service = Service::new(idproof_http::Parts {
        database: insides.database.clone(),
        vault: insides.vault.clone(),
        clock: Arc::clone(&insides.roots.clock),
        random: Arc::clone(&insides.roots.random),
        calendar: calendar(config)?,
        letters: config.letter.text.clone(),
        electronic_provider: ElectronicLetter.code(),
        letter_pdf: letter,
        code_by_sms: config.letter.code_by_sms,
        address_rules: address_rules(config),
        http,
        limits: config.limits.clone(),
        enrolment: config.enrolment.clone(),
        capture: config.capture,
        metrics,
    })
    .await?;
    let listener = listen("http.listen", config.http.listen).await?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    parts.spawn(async move {
        idproof_http::serve(listener, service, stopped(stop)).await;
        "the HTTP side"
    });
    Ok(address)
}

fn detector(config: &Config) -> Option<std::path::PathBuf> {
    let store = compose::store(config).ok()?;
    match store.locate(DETECTOR) {
        Ok(model) => Some(model.path),
        Err(e) => {
            tracing::info!("the pages guide without a face detector: {e}");
            None
        }
    }
}
