use idproof_database::{Case, Message, Token};
use idproof_delivery::{Link, Mail, Sms};
use idproof_domain::ReasonCode;
use idproof_domain::code::SixDigits;
use idproof_domain::confirm::CodePurpose;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::Deliver;
use crate::handler::JobError;

/// Why a message is not sent, or not again.
pub(super) enum Unsaid {
    /// Its code was used: it came, though whoever sent it died before noting so.
    Arrived,
    Never(&'static str),
}

/// A message that can be sent, or why not.
type Sayable<T> = Result<Result<T, Unsaid>, JobError>;

/// A code that can still be used, with its minutes, or why it is not said.
type SayableCode = Result<(SixDigits, u32), Unsaid>;

const UNKNOWN: &str = "no message of this name is known";
const CODE_ENDED: &str = "its code ended before it could leave";
const NO_LETTER: &str = "there is no letter to tell of";

pub(super) async fn mail(by: &Deliver, message: &Message, case: &Case) -> Sayable<Mail> {
    let number = case.number.clone();
    if message.template == "email_code" {
        let code = code(by, case, CodePurpose::Email).await?;
        return Ok(code.map(|(code, minutes)| Mail::EmailCode { code, minutes }));
    }
    if message.template == "deleted" {
        return Ok(Ok(Mail::Deleted { case: number }));
    }
    let link = link(by, message, case).await?;
    Ok(Ok(match message.template.as_str() {
        "processing" => Mail::Processing {
            case: number,
            answer_by: local(by, case.letter_due_at.unwrap_or(message.created_at))?,
            link,
        },
        "status_changed" => Mail::StatusChanged { case: number, link },
        "retake_asked" => Mail::RetakeAsked {
            case: number,
            causes: causes(message),
            link,
        },
        "letter_available" | "letter_reminder" => {
            let Some(letter) = by.database().letter_of(&case.id).await? else {
                return Ok(Err(Unsaid::Never(NO_LETTER)));
            };
            let accept_until = local(by, letter.letter.accept_until())?.date();
            if message.template == "letter_available" {
                Mail::LetterAvailable { accept_until, link }
            } else {
                Mail::LetterReminder { accept_until, link }
            }
        }
        "activated" => Mail::Activated { case: number, link },
        "suspended" => Mail::Suspended { case: number, link },
        "reactivated" => Mail::Reactivated { case: number, link },
        _ => return Ok(Err(Unsaid::Never(UNKNOWN))),
    }))
}

pub(super) async fn sms(by: &Deliver, message: &Message, case: &Case) -> Sayable<Sms> {
    Ok(match message.template.as_str() {
        "sms_code" => {
            let code = code(by, case, CodePurpose::Phone).await?;
            code.map(|(code, minutes)| Sms::Code { code, minutes })
        }
        "sms_letter_code" => {
            let code = code(by, case, CodePurpose::Activation).await?;
            code.map(|(code, _)| Sms::LetterCode { code })
        }
        "activated" => Ok(Sms::Activated),
        _ => Err(Unsaid::Never(UNKNOWN)),
    })
}

/// The applicant's name as they typed it.
pub(super) fn name(case: &Case) -> Option<String> {
    let declared: serde_json::Value = serde_json::from_str(case.declared.as_deref()?).ok()?;
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let first = match &declared["first_names"] {
        serde_json::Value::Array(all) => all.first().and_then(text),
        other => text(other),
    };
    let last = text(&declared["usage_name"]).or_else(|| text(&declared["birth_name"]));
    let parts: Vec<String> = [first, last].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// The code that is to leave, and for how many minutes it is still good.
async fn code(by: &Deliver, case: &Case, purpose: CodePurpose) -> Result<SayableCode, JobError> {
    let now = by.context.now();
    let Some(stored) = by.database().code(&case.id, purpose).await? else {
        return Ok(Err(Unsaid::Never(CODE_ENDED)));
    };
    if stored.record.used_at.is_some() {
        return Ok(Err(Unsaid::Arrived));
    }
    if stored.record.expires_at <= now {
        return Ok(Err(Unsaid::Never(CODE_ENDED)));
    }
    let minutes = (stored.record.expires_at - now + 59_999) / 60_000;
    let code = by.secrets.code(purpose, &case.id, &stored.nonce)?;
    Ok(Ok((code, u32::try_from(minutes).unwrap_or(u32::MAX))))
}

fn causes(message: &Message) -> Vec<ReasonCode> {
    serde_json::from_value(message.data["reasons"].clone()).unwrap_or_default()
}

fn local(by: &Deliver, ms: i64) -> Result<DateTime, JobError> {
    let at = Timestamp::from_millisecond(ms)
        .map_err(|_| JobError::give_up("a date lies beyond the calendar"))?;
    Ok(by.wording.calendar.zone().to_datetime(at))
}

/// The page of the case, with what lets its reader in: a token that belongs to the message, so
/// that every attempt sends the same.
async fn link(by: &Deliver, message: &Message, case: &Case) -> Result<Link, JobError> {
    let token = by.secrets.link_token(&message.id)?;
    let now = by.context.now();
    let life = i64::try_from(by.wording.link_life.as_millis()).unwrap_or(i64::MAX / 2);
    let mut tx = by.database().begin().await?;
    tx.insert_token(
        &token.hash,
        &Token {
            case: case.id.clone(),
            created_at: now,
            expires_at: now.saturating_add(life),
        },
    )
    .await?;
    tx.commit().await?;
    Link::new(&format!(
        "{}/continue#{}",
        by.wording.public_url, token.text
    ))
    .map_err(|_| JobError::give_up("`http.public_url` makes no link"))
}
