//! The HTTP side.

use std::net::SocketAddr;
use std::sync::Arc;

use idproof_delivery::{
    ElectronicLetter, LetterProvider, Link, Mail, Mailer, Sheet, Voice, Window, advice, letter_pdf,
    sheet_pdf,
};
use idproof_http::{
    EvidenceSheet, LetterPdf, Metrics, OutboxMessage, OutboxReader, Preview, PreviewMessage,
    PreviewOf, Previewed, Service,
};
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::{Parts, listen, stopped};
use crate::compose;
use crate::compose::insides::{Insides, address_rules, calendar};
use crate::compose::judgement::{policy, policy_text};
use crate::compose::labelled::Evaluation;
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
    let (policy, policy_report) = policy(config.decide.policy.as_deref())?;
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
        console: config.console.clone(),
        review_mode: config.decide.review,
        policy,
        policy_text: policy_text(config.decide.policy.as_deref())?,
        policy_sha256: policy_report.sha256,
        labelled: Arc::new(Evaluation),
        preview: preview(config)?,
        evidence_pdf: Arc::new(evidence_pdf),
        outbox: config.console.show_outbox.then(|| outbox(config)),
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

/// The messages that a reviewer's decision leads to. The link in them is made when they are sent.
fn preview(config: &Config) -> anyhow::Result<Arc<Preview>> {
    let mailer = Mailer::new(&config.mail, &config.brand, &config.outbox.dir)?;
    let link = Link::new(&format!("{}/continue", config.http.public_url))?;
    Ok(Arc::new(move |of: &PreviewOf| {
        let (case, link) = (of.number.clone(), link.clone());
        let (mail, reasons) = match &of.message {
            PreviewMessage::Changed { reasons } => (Mail::StatusChanged { case, link }, reasons),
            PreviewMessage::Retake { reasons } => {
                let causes = reasons.clone();
                (Mail::RetakeAsked { case, causes, link }, reasons)
            }
        };
        let voice = Voice {
            service: of.service.as_deref(),
            help: of.help.as_deref(),
        };
        let mail = mailer.preview(&mail, of.language, of.name.as_deref(), voice);
        let mail = mail.map_err(|e| e.to_string())?;
        Ok(Previewed {
            mail: of.has_email.then_some(mail),
            page: advice(reasons, of.language),
        })
    }))
}

fn outbox(config: &Config) -> Arc<OutboxReader> {
    let dir = config.outbox.dir.clone();
    Arc::new(move |limit| {
        let found = idproof_delivery::outbox::list(&dir, limit);
        let found = found.map_err(|e| e.kind().to_string())?;
        let message = |entry: idproof_delivery::outbox::Entry| OutboxMessage {
            id: entry.id.to_string(),
            at_ms: entry.at_ms,
            to: entry.to,
            subject: entry.subject,
            text: entry.text,
        };
        Ok(found.into_iter().map(message).collect())
    })
}

fn evidence_pdf(sheet: &EvidenceSheet) -> Result<Vec<u8>, String> {
    sheet_pdf(&Sheet {
        title: &sheet.title,
        day: sheet.day,
        id: &sheet.id,
        sections: &sheet.sections,
    })
    .map_err(|e| e.to_string())
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
