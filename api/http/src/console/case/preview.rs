use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{Case, ReviewKind};
use idproof_domain::ReasonCode;
use serde::Serialize;
use serde_json::Value;

use super::decide::Sent;
use super::in_hand;
use crate::console::access::Signed;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::{PreviewMessage, PreviewOf, Service};

#[derive(Serialize)]
pub(super) struct Preview {
    language: &'static str,
    messages: Vec<Message>,
    page: Vec<String>,
}

#[derive(Serialize)]
struct Message {
    channel: &'static str,
    subject: String,
    text: String,
}

/// The applicant's name as they typed it.
fn name(case: &Case) -> Option<String> {
    let declared: Value = serde_json::from_str(case.declared.as_deref()?).ok()?;
    let first = declared["first_names"][0].as_str();
    let last = declared["usage_name"]
        .as_str()
        .or_else(|| declared["birth_name"].as_str());
    let parts: Vec<&str> = [first, last].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What the applicant will receive of a decision.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Sent>,
) -> Result<Answer<Preview>, Problem> {
    let case = in_hand(&service, &me, &id).await?;
    let wish = sent.check()?;
    let language = case.language.code();
    let message = match wish.kind {
        ReviewKind::Accept => PreviewMessage::Changed {
            reasons: Vec::new(),
        },
        ReviewKind::Refuse => PreviewMessage::Changed {
            reasons: wish.reasons,
        },
        ReviewKind::Coercion => PreviewMessage::Changed {
            reasons: vec![ReasonCode::IdentityNotEstablished],
        },
        ReviewKind::Retake => PreviewMessage::Retake {
            reasons: wish.reasons,
        },
        ReviewKind::Escalate => {
            let (messages, page) = (Vec::new(), Vec::new());
            return Ok(Answer(Preview {
                language,
                messages,
                page,
            }));
        }
    };
    let own = service.database().branding(&case.organisation).await?;
    let own = own.unwrap_or_default();
    let of = PreviewOf {
        help: own.support.line(case.language),
        service: own.name,
        language: case.language,
        number: case.number.clone(),
        name: name(&case),
        message,
        has_email: case.email.is_some(),
    };
    let shown = (service.parts.preview)(&of).map_err(|error| {
        tracing::error!(error, "a preview cannot be made");
        Problem::from(Code::Internal)
    })?;
    let messages = shown.mail.into_iter().map(|(subject, text)| Message {
        channel: "email",
        subject,
        text,
    });
    Ok(Answer(Preview {
        language,
        messages: messages.collect(),
        page: shown.page,
    }))
}
