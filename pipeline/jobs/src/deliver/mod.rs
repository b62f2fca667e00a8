//! Sends the messages of the outbox. A message may leave twice where its sender died after the
//! other side took it: Message-ID, idempotency header and webhook id are the same each time.

mod words;

use std::time::Duration;

use idproof_database::{
    Case, Channel, Claimed, Database, JobKind, Message, MessageState, RetryPolicy, Tx,
};
use idproof_delivery::{
    DeliveryError, MailTo, Mailer, Reason, SmsSender, SmsTo, Voice, WebhookSecret, WebhookSender,
};
use idproof_domain::calendar::Calendar;
use idproof_domain::ids::{EndpointId, MessageId};
use idproof_vault::{Purpose, Secrets};

use crate::handler::{Handler, JobError};
use crate::runner::Context;
use words::Unsaid;

/// The ways out.
pub struct Senders {
    pub mail: Mailer,
    pub sms: SmsSender,
    pub webhooks: WebhookSender,
}

/// What messages need to know of the service.
pub struct Wording {
    /// The address applicants see, without a path.
    pub public_url: String,
    /// Whose clock dates are written in.
    pub calendar: Calendar,
    /// How long the link in a message lets its reader in.
    pub link_life: Duration,
}

/// Handles [`JobKind::Deliver`].
pub struct Deliver {
    context: Context,
    senders: Senders,
    secrets: Secrets,
    wording: Wording,
}

/// The waits after each failed attempt; about 75 hours in all, as Standard Webhooks asks.
const WAITS_S: [u64; 10] = [
    5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
];

/// Longest wait with a code: somebody sits before the page that asks for it.
const LONGEST_WITH_CODE: Duration = Duration::from_secs(120);

/// How an attempt ended.
enum Sent {
    Taken,
    /// Trying again would not help; the reason is shown to operators.
    Refused(String),
    /// The receiver wants nothing more at all.
    Unwanted(EndpointId),
}

impl From<Unsaid> for Sent {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::Arrived => Self::Taken,
            Unsaid::Never(why) => Self::Refused(why.into()),
        }
    }
}

impl Deliver {
    pub fn new(context: Context, senders: Senders, secrets: Secrets, wording: Wording) -> Self {
        Self {
            context,
            senders,
            secrets,
            wording,
        }
    }

    fn database(&self) -> &Database {
        &self.context.database
    }

    /// `code`: where a webhook's receiver answers, what.
    async fn send(&self, message: &Message, code: &mut Option<u16>) -> Result<Sent, JobError> {
        if message.recipient.is_empty() {
            return Ok(Sent::Refused("the person's data were removed".into()));
        }
        if message.channel == Channel::Webhook {
            return self.call(message, code).await;
        }
        let case = match &message.case {
            Some(id) => self.database().case(id).await?,
            None => None,
        };
        let Some(case) = case else {
            return Ok(Sent::Refused("there is no such case".into()));
        };
        if message.channel == Channel::Email {
            self.mail(message, &case).await
        } else {
            self.text(message, &case).await
        }
    }

    async fn mail(&self, message: &Message, case: &Case) -> Result<Sent, JobError> {
        let words = match words::mail(self, message, case).await? {
            Ok(words) => words,
            Err(unsaid) => return Ok(unsaid.into()),
        };
        let name = words::name(case);
        let own = self.database().branding(&case.organisation).await?;
        let own = own.unwrap_or_default();
        let help = own.support.line(message.language);
        let to = MailTo {
            id: &message.id,
            address: &message.recipient,
            name: name.as_deref(),
            language: message.language,
            voice: Voice {
                service: own.name.as_deref(),
                help: help.as_deref(),
            },
            at_ms: message.created_at,
        };
        ended(self.senders.mail.send(to, &words).await)
    }

    async fn text(&self, message: &Message, case: &Case) -> Result<Sent, JobError> {
        let words = match words::sms(self, message, case).await? {
            Ok(words) => words,
            Err(unsaid) => return Ok(unsaid.into()),
        };
        let to = SmsTo {
            id: &message.id,
            number: &message.recipient,
            language: message.language,
            at_ms: message.created_at,
        };
        ended(self.senders.sms.send(to, &words).await)
    }

    async fn call(&self, message: &Message, code: &mut Option<u16>) -> Result<Sent, JobError> {
        let never = |why: &str| Ok(Sent::Refused(why.to_owned()));
        let Ok(id) = message.recipient.parse::<EndpointId>() else {
            return never("the endpoint is unknown");
        };
        let Some(endpoint) = self.database().endpoint(&id).await? else {
            return never("the endpoint was removed");
        };
        if !endpoint.enabled {
            return never("the endpoint is disabled");
        }
        let old = endpoint.old_secret.as_ref();
        let old = old.filter(|(_, until)| self.context.now() < *until);
        let mut secrets = Vec::new();
        for sealed in [Some(&endpoint.secret), old.map(|(secret, _)| secret)]
            .into_iter()
            .flatten()
        {
            let secret = self.secrets.open(Purpose::Webhooks, id.as_str(), sealed)?;
            let Ok(secret) = secret.parse::<WebhookSecret>() else {
                return never("the endpoint's secret cannot be used");
            };
            secrets.push(secret);
        }
        let body = message.data.to_string();
        let timestamp = self.context.now() / 1000;
        let sent = self
            .senders
            .webhooks
            .send(&endpoint.url, &secrets, &message.id, timestamp, &body)
            .await;
        *code = match &sent {
            Ok(code) => Some(*code),
            Err(e) => e.code(),
        };
        match sent {
            Err(DeliveryError::Permanent {
                reason: Reason::Answered { code: 410, .. },
            }) => Ok(Sent::Unwanted(id)),
            other => ended(other.map(|_| ())),
        }
    }

    async fn note(
        &self,
        tx: &mut Tx,
        message: &Message,
        state: MessageState,
        error: Option<&str>,
    ) -> Result<(), JobError> {
        let now = self.context.now();
        tx.note_message(&message.id, state, error, now).await?;
        if state != MessageState::Pending {
            tx.forget_recipient(&message.id).await?;
        }
        Ok(())
    }
}

fn ended(result: Result<(), DeliveryError>) -> Result<Sent, JobError> {
    match result {
        Ok(()) => Ok(Sent::Taken),
        Err(DeliveryError::Permanent { reason }) => Ok(Sent::Refused(reason.to_string())),
        Err(DeliveryError::Transient {
            reason,
            retry_after,
        }) => Err(JobError::Again {
            why: reason.to_string(),
            after: retry_after,
        }),
    }
}

fn message_of(job: &Claimed) -> Result<MessageId, JobError> {
    job.subject
        .parse()
        .map_err(|_| JobError::give_up("the job names no message"))
}

impl Handler for Deliver {
    const KIND: JobKind = JobKind::Deliver;

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            most_attempts: i64::try_from(WAITS_S.len() + 1).unwrap_or(1),
            first: Duration::from_secs(WAITS_S[0]),
            longest: Duration::from_secs(WAITS_S[WAITS_S.len() - 1]),
        }
    }

    async fn handle(&self, job: &Claimed) -> Result<Tx, JobError> {
        let id = message_of(job)?;
        let Some(message) = self.database().message(&id).await? else {
            return Err(JobError::give_up("there is no such message"));
        };
        let channel = message.channel;
        if message.state == MessageState::Sent {
            return Ok(self.database().begin().await?);
        }
        let mut code = None;
        let result = self.send(&message, &mut code).await;
        let mut tx = self.database().begin().await?;
        if channel == Channel::Webhook {
            tx.note_response(&id, code).await?;
        }
        match result {
            Ok(Sent::Taken) => {
                self.note(&mut tx, &message, MessageState::Sent, None)
                    .await?;
                self.context.tally.message(channel, "sent");
            }
            Ok(Sent::Refused(why)) => {
                self.note(&mut tx, &message, MessageState::Failed, Some(&why))
                    .await?;
                self.context.tally.message(channel, "refused");
                tracing::warn!(message = %id, channel = channel.as_str(), "not sent: {why}");
            }
            Ok(Sent::Unwanted(endpoint)) => {
                let why = "the receiver wants no more (410): the endpoint is disabled";
                self.note(&mut tx, &message, MessageState::Failed, Some(why))
                    .await?;
                tx.disable_endpoint(&endpoint).await?;
                self.context.tally.message(channel, "refused");
            }
            Err(JobError::Again { why, after }) => {
                self.note(&mut tx, &message, MessageState::Pending, Some(&why))
                    .await?;
                tx.commit().await?;
                self.context.tally.message(channel, "again");
                let after = after.unwrap_or_default().max(wait(&message));
                return Err(JobError::Again {
                    why,
                    after: Some(after),
                });
            }
            Err(e) => return Err(e),
        }
        Ok(tx)
    }

    /// The message has failed; `idproof jobs unpark` sends it again, unless its person was removed.
    async fn give_up(&self, tx: &mut Tx, job: &Claimed, why: &str) -> Result<(), JobError> {
        let Ok(id) = message_of(job) else {
            return Ok(());
        };
        tx.note_message(&id, MessageState::Failed, Some(why), self.context.now())
            .await?;
        tx.forget_recipient(&id).await?;
        Ok(())
    }
}

/// The wait after one more failed attempt at a message. Attempts whose worker died do not count.
fn wait(message: &Message) -> Duration {
    let wait = after(message.attempts);
    match message.template.as_str() {
        "email_code" | "sms_code" => wait.min(LONGEST_WITH_CODE),
        _ => wait,
    }
}

/// The wait after so many failed attempts and one more.
fn after(failed: i64) -> Duration {
    let n = usize::try_from(failed).unwrap_or(0);
    Duration::from_secs(WAITS_S[n.min(WAITS_S.len() - 1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_spread_over_three_days() {
        let all: Duration = (0..10).map(after).sum();
        assert!((74..=76).contains(&(all.as_secs() / 3600)), "{all:?}");
        assert_eq!(after(0).as_secs(), 5);
        assert_eq!(after(99), after(9));
    }
}
