use std::sync::Arc;

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::RUN;
use crate::console::access::Signed;
use crate::problem::{Code, Problem, internal};
use crate::query::Query;
use crate::service::Service;
use crate::v1::letters;
use crate::wire::time;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct Outbox {
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    id: String,
    kind: &'static str,
    at: String,
    to: String,
    subject: Option<String>,
    text: String,
}

/// What a demonstration would have sent: codes, names and addresses, which nobody who works here
/// ever sees of a real applicant.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(wanted): Query<Wanted>,
) -> Result<Answer<Outbox>, Problem> {
    me.may(RUN)?;
    let reader = service.parts.outbox.as_ref();
    let reader = Arc::clone(reader.ok_or_else(|| Problem::from(Code::NotFound))?);
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::field("limit", "not_accepted", "1 to 200"));
    }
    let left = tokio::task::spawn_blocking(move || reader(limit))
        .await
        .map_err(|_| internal("reading the outbox stopped"))?
        .map_err(|error| {
            tracing::error!(error, "the local outbox cannot be read");
            Problem::from(Code::Internal)
        })?;
    let mut items: Vec<(i64, Item)> = left
        .into_iter()
        .map(|m| {
            let kind = if m.subject.is_some() { "email" } else { "sms" };
            let item = Item {
                id: m.id,
                kind,
                at: time(m.at_ms),
                to: m.to,
                subject: m.subject,
                text: m.text,
            };
            (m.at_ms, item)
        })
        .collect();
    let database = service.database();
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    for letter in database.newest_letters(most).await? {
        let Some(case) = database.case(&letter.case).await? else {
            continue;
        };
        let content = letters::content(&service, &case, &letter)?;
        let at = letter.letter.deposited_at();
        let to: Vec<&str> = std::iter::once(&content.recipient.name)
            .chain(&content.recipient.lines)
            .map(String::as_str)
            .collect();
        let item = Item {
            id: letter.id.to_string(),
            kind: "letter",
            at: time(at),
            to: to.join(", "),
            subject: None,
            text: content.parts().join("\n"),
        };
        items.push((at, item));
    }
    items.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    items.truncate(limit);
    let items = items.into_iter().map(|(_, item)| item).collect();
    Ok(Answer(Outbox { items }))
}
