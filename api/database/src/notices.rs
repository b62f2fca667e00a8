//! What every change of a case tells the people and programs concerned. The API, the worker and
//! the reconcilers all go through here, so that nobody is told twice or not at all.

use idproof_domain::case::{Actor, Step};
use idproof_domain::ids::{JobId, MessageId};
use idproof_ports::Random;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Case, Channel, NewMessage, Result, Tx};

/// The templates of what this file posts. Each gets `{number}`, the case's number;
/// `retake_asked` also `{reasons, document, video}`.
pub mod template {
    /// E-mail: received, being looked at.
    pub const PROCESSING: &str = "processing";
    /// E-mail: something new; says not what, since mail is read by others too.
    pub const STATUS_CHANGED: &str = "status_changed";
    /// E-mail: better pictures are needed.
    pub const RETAKE_ASKED: &str = "retake_asked";
    /// E-mail and SMS: the identity is in use from now on.
    pub const ACTIVATED: &str = "activated";
    /// E-mail.
    pub const SUSPENDED: &str = "suspended";
    /// E-mail.
    pub const REACTIVATED: &str = "reactivated";
    /// E-mail: all data about the person are removed.
    pub const DELETED: &str = "deleted";
}

/// What integrators can be told: `case.` and the step's kind.
pub const WEBHOOK_EVENTS: &[&str] = &[
    "case.submitted",
    "case.sent_to_review",
    "case.retake_asked",
    "case.retake_started",
    "case.accepted",
    "case.refused",
    "case.appealed",
    "case.letter_sent",
    "case.letter_opened",
    "case.letter_returned",
    "case.activated",
    "case.suspended",
    "case.reactivated",
    "case.withdrawn",
    "case.expired",
    "case.deleted",
];

/// The event that shows an integrator that an address works.
pub const WEBHOOK_TEST: &str = "webhook.test";

/// Ten random bytes for an id.
pub fn id_bytes(random: &dyn Random) -> [u8; 10] {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    bytes
}

/// RFC 3339 in UTC; the epoch for a time that no calendar knows.
pub fn rfc3339(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// By which ways a person is told of the step, and in which words.
fn to_person(step: &Step) -> &'static [(Channel, &'static str)] {
    use template as t;
    const MAIL: Channel = Channel::Email;
    const SMS: Channel = Channel::Sms;
    match step {
        Step::Submitted { .. } => &[(MAIL, t::PROCESSING)],
        Step::Accepted { .. } | Step::Refused { .. } => &[(MAIL, t::STATUS_CHANGED)],
        Step::RetakeAsked { .. } => &[(MAIL, t::RETAKE_ASKED)],
        // Whoever did not do this must learn of it, whichever way still reaches them.
        Step::Activated => &[(MAIL, t::ACTIVATED), (SMS, t::ACTIVATED)],
        Step::Suspended => &[(MAIL, t::SUSPENDED)],
        Step::Reactivated => &[(MAIL, t::REACTIVATED)],
        Step::Deleted => &[(MAIL, t::DELETED)],
        _ => &[],
    }
}

fn words(case: &Case, step: &Step) -> Value {
    match step {
        Step::RetakeAsked {
            reasons,
            document,
            video,
        } => json!({
            "number": case.number, "reasons": reasons, "document": document, "video": video,
        }),
        _ => json!({ "number": case.number }),
    }
}

/// What an integrator is sent. Ids, states and reason codes; no personal data.
fn webhook_body(case: &Case, event: &str, reasons: &[String], now_ms: i64) -> Value {
    json!({
        "type": event,
        "timestamp": rfc3339(now_ms),
        "data": {
            "case": case.id,
            "number": case.number,
            "reference": case.reference,
            "state": case.state,
            "attempt": case.attempt,
            "reasons": reasons,
            "sandbox": case.sandbox,
        },
    })
}

impl Tx {
    /// Makes the step and posts every message it causes: to the applicant's confirmed addresses,
    /// and to the organisation's webhooks.
    pub async fn step_and_tell(
        &mut self,
        case: &mut Case,
        step: &Step,
        actor: &Actor,
        now_ms: i64,
        random: &dyn Random,
    ) -> Result<()> {
        self.step(case, step, actor, now_ms).await?;
        for (channel, template) in to_person(step) {
            let recipient = match channel {
                Channel::Email => case.email.clone(),
                Channel::Sms => case.phone.clone(),
                Channel::Webhook => None,
            };
            if let Some(recipient) = recipient {
                self.post_new(
                    case,
                    *channel,
                    template,
                    recipient,
                    words(case, step),
                    now_ms,
                    random,
                )
                .await?;
            }
        }
        let event = format!("case.{}", step.kind());
        if !WEBHOOK_EVENTS.contains(&event.as_str()) {
            return Ok(());
        }
        let reasons = match step {
            Step::Refused { reasons, .. }
            | Step::SentToReview { reasons }
            | Step::RetakeAsked { reasons, .. } => reasons.as_slice(),
            _ => &[],
        };
        let body = webhook_body(case, &event, reasons, now_ms);
        for endpoint in self.endpoints_hearing(case, &event).await? {
            let recipient = endpoint.to_string();
            self.post_new(
                case,
                Channel::Webhook,
                &event,
                recipient,
                body.clone(),
                now_ms,
                random,
            )
            .await?;
        }
        Ok(())
    }

    /// Posts one message about the case as it stands. The same template for the same revision of
    /// the case to the same place is posted once.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    pub async fn post_new(
        &mut self,
        case: &Case,
        channel: Channel,
        template: &str,
        recipient: String,
        data: Value,
        now_ms: i64,
        random: &dyn Random,
    ) -> Result<bool> {
        // The address itself stays out of the key, which outlives it.
        let to = match channel {
            Channel::Webhook => recipient.as_str(),
            other => other.as_str(),
        };
        let dedupe = format!("{to}:{template}:{}:{}", case.id, case.revision);
        let message = NewMessage {
            id: MessageId::new(now_ms, id_bytes(random)),
            case: Some(case.id.clone()),
            channel,
            template: template.to_owned(),
            language: case.language,
            recipient,
            data,
            dedupe,
            now_ms,
        };
        self.post(&message, JobId::new(now_ms, id_bytes(random)))
            .await
    }
}
