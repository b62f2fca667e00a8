//! E-mail address and telephone number: a code is sent, a code comes back.

mod email;
mod email_confirm;
mod phone;
mod phone_confirm;

use idproof_database::{Case, Channel, Code as StoredCode, NewMessage, Tx};
use idproof_domain::case::{Actor, Step};
use idproof_domain::code::SixDigits;
use idproof_domain::confirm::{CodePurpose, CodeRecord, Sending};
use idproof_domain::ids::{JobId, MessageId};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::secret::hex;
use crate::service::Service;
use crate::v1::locked;
use crate::wire::time;

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(email::handler))
        .routes(routes!(email_confirm::handler))
        .routes(routes!(phone::handler))
        .routes(routes!(phone_confirm::handler))
}

/// A code is on its way.
#[derive(Serialize, ToSchema)]
pub struct CodeSent {
    /// When the next one may be asked for.
    #[schema(format = DateTime)]
    pub resend_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
}

const RESEND_MS: i64 = 30_000;

/// The digits that were typed.
pub(crate) fn typed(code: &str) -> Result<SixDigits, Problem> {
    code.parse()
        .map_err(|_| Problem::field("/code", "not_six_digits", "six digits"))
}

/// Writes the code and the message that carries it. The message holds the address and never the
/// code: whoever sends it derives the digits from the nonce.
pub(super) async fn send(
    service: &Service,
    access: &CaseAccess,
    purpose: CodePurpose,
    target: String,
) -> Result<CodeSent, Problem> {
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    Step::EmailConfirmed.apply(case.state)?;
    let last = tx.code(&case.id, purpose).await?;
    let same = last
        .as_ref()
        .is_some_and(|c| c.target.as_ref() == Some(&target));
    let sending = CodeRecord::send(last.as_ref().map(|c| &c.record), purpose, same, now)
        .map_err(|e| Problem::of_code(e, now))?;
    let code = match (sending, last) {
        (Sending::Again(record), Some(last)) => StoredCode { record, ..last },
        (Sending::Fresh(record) | Sending::Again(record), _) => {
            let mut nonce = [0; 16];
            service.random().fill(&mut nonce);
            let nonce = hex(&nonce);
            let digits = service.secrets().code(purpose, &case.id, &nonce)?;
            StoredCode {
                case: case.id.clone(),
                purpose,
                hash: service.secrets().code_hash(purpose, &case.id, &digits)?,
                nonce,
                target: Some(target.clone()),
                record,
            }
        }
    };
    tx.put_code(&code).await?;
    post(service, &mut tx, &case, &code, target).await?;
    case.last_activity_at = now;
    tx.save_case(&mut case).await?;
    tx.commit().await?;
    Ok(CodeSent {
        resend_at: time(now + RESEND_MS),
        expires_at: time(code.record.expires_at),
    })
}

async fn post(
    service: &Service,
    tx: &mut Tx,
    case: &Case,
    code: &StoredCode,
    recipient: String,
) -> Result<(), Problem> {
    let (channel, template) = match code.purpose {
        CodePurpose::Phone => (Channel::Sms, "sms_code"),
        _ => (Channel::Email, "email_code"),
    };
    let now = service.now();
    let message = NewMessage {
        id: MessageId::new(now, service.id_bytes()),
        case: Some(case.id.clone()),
        channel,
        template: template.to_owned(),
        language: case.language,
        recipient,
        data: json!({ "purpose": code.purpose.as_str() }),
        dedupe: format!("code:{}:{}:{}", code.purpose, case.id, code.record.sent_at),
        now_ms: now,
    };
    tx.post(&message, JobId::new(now, service.id_bytes()))
        .await?;
    Ok(())
}

/// Compares a code and, if it is right, makes its target the case's own.
pub(super) async fn confirm(
    service: &Service,
    access: &CaseAccess,
    purpose: CodePurpose,
    code: &str,
) -> Result<Case, Problem> {
    let typed = typed(code)?;
    let now = service.now();
    let refused = |e| Problem::of_code(e, now);
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    Step::EmailConfirmed.apply(case.state)?;
    let Some(mut code) = tx.code(&case.id, purpose).await? else {
        return Err(Code::CodeExpired.into());
    };
    let right = service
        .secrets()
        .is_code(purpose, &case.id, &typed, &code.hash)?;
    // The same button pressed twice.
    let used = code.record.used_at.is_some() && code.target.is_some();
    if right && used && confirmed(&case, purpose) == &code.target {
        return Ok(case);
    }
    code.record.open(now).map_err(refused)?;
    let answer;
    (code.record, answer) = code.record.guessed(right, now);
    tx.put_code(&code).await?;
    if answer.is_ok() {
        take_over(service, &mut tx, &mut case, &code, &access.actor).await?;
    }
    tx.commit().await?;
    answer.map_err(refused)?;
    Ok(case)
}

fn confirmed(case: &Case, purpose: CodePurpose) -> &Option<String> {
    match purpose {
        CodePurpose::Phone => &case.phone,
        _ => &case.email,
    }
}

async fn take_over(
    service: &Service,
    tx: &mut Tx,
    case: &mut Case,
    code: &StoredCode,
    actor: &Actor,
) -> Result<(), Problem> {
    let now = service.now();
    let step = match code.purpose {
        CodePurpose::Phone => {
            case.phone.clone_from(&code.target);
            case.phone_confirmed_at = Some(now);
            Step::PhoneConfirmed
        }
        _ => {
            case.email.clone_from(&code.target);
            case.email_confirmed_at = Some(now);
            Step::EmailConfirmed
        }
    };
    tx.step_and_tell(case, &step, actor, now, service.random())
        .await?;
    let enrolment = &service.parts.enrolment;
    let all =
        (!enrolment.email || case.email.is_some()) && (!enrolment.phone || case.phone.is_some());
    if all && case.state == idproof_domain::case::CaseState::Created {
        let step = Step::ContactConfirmed;
        tx.step_and_tell(case, &step, actor, now, service.random())
            .await?;
    }
    Ok(())
}
