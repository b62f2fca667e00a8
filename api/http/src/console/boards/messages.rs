use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Channel, Message, MessageState};
use idproof_domain::ids::{JobId, MessageId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{RUN, SEE};
use crate::console::access::Signed;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    channel: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
    #[serde(default)]
    limit: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Messages {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

/// A message, without whom it goes to and what it says.
#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    channel: &'static str,
    template: String,
    case: Option<String>,
    state: &'static str,
    attempts: i64,
    response_code: Option<i64>,
    last_error: Option<String>,
    created_at: String,
    retry: bool,
    why_not: Option<&'static str>,
}

fn item(message: Message) -> Item {
    let why_not = match message.state {
        MessageState::Failed if message.recipient.is_empty() => Some("person_removed"),
        MessageState::Failed => None,
        MessageState::Pending | MessageState::Sent => Some("under_way"),
    };
    Item {
        id: message.id.to_string(),
        channel: message.channel.as_str(),
        template: message.template,
        case: message.case.map(|c| c.to_string()),
        state: message.state.as_str(),
        attempts: message.attempts,
        response_code: message.response_code,
        last_error: message.last_error,
        created_at: time(message.created_at),
        retry: why_not.is_none(),
        why_not,
    }
}

/// Messages that have not left.
pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<Messages>, Problem> {
    me.may(SEE)?;
    let wrong = |name, detail: &str| Problem::field(name, "not_accepted", detail);
    let state = wanted.state.as_deref().unwrap_or("failed").parse().ok();
    let state = state
        .filter(|s| *s != MessageState::Sent)
        .ok_or_else(|| wrong("state", "failed or pending"))?;
    let channel: Option<Channel> = wanted
        .channel
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|()| wrong("channel", "email, sms or webhook"))?;
    let before: Option<MessageId> = wanted
        .cursor
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|_| wrong("cursor", "one from the page before"))?;
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(wrong("limit", "1 to 200"));
    }
    let mut found = service
        .database()
        .messages_in_trouble(state, channel, before.as_ref(), limit + 1)
        .await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if more {
        found.pop();
    }
    Ok(Answer(Messages {
        next_cursor: found.last().filter(|_| more).map(|m| m.id.to_string()),
        items: found.into_iter().map(item).collect(),
    }))
}

/// Sends a message once more that was given up.
pub(super) async fn retry(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
) -> Result<(StatusCode, Answer<Item>), Problem> {
    me.may(RUN)?;
    let not_found = || Problem::from(Code::NotFound);
    let id: MessageId = id.parse().map_err(|_| not_found())?;
    let database = service.database();
    let message = database.message(&id).await?.ok_or_else(not_found)?;
    let now = service.now();
    let mut tx = database.begin().await?;
    let job = JobId::new(now, service.id_bytes());
    if !tx.retry_message(&id, job, now).await? {
        return Err(match message.state {
            MessageState::Pending => Code::DeliveryRunning.into(),
            MessageState::Sent => Problem::from(Code::InvalidState).detail("it was sent"),
            MessageState::Failed => Problem::from(Code::InvalidState)
                .detail("the person's data were removed: there is nobody to write to"),
        });
    }
    let data = json!({ "message": id, "channel": message.channel.as_str() });
    tx.record(me.event(message.case.as_ref(), now, "message_retried", data));
    tx.commit().await?;
    let message = database.message(&id).await?.ok_or_else(not_found)?;
    Ok((StatusCode::ACCEPTED, Answer(item(message))))
}
