use axum::Json as Answer;
use axum::extract::State;
use idproof_domain::case::CaseState;
use serde::Serialize;

use super::SEE;
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

const HOUR_MS: i64 = 3_600_000;
/// Hours before its deadline from which a letter counts as at risk.
const RISK_HOURS: i64 = 4;

#[derive(Serialize)]
pub(super) struct Backlog {
    at: String,
    purge: Purge,
    letters: Letters,
    jobs: Vec<Jobs>,
    messages: Vec<Messages>,
}

#[derive(Serialize)]
struct Purge {
    overdue: i64,
    oldest_due: Option<String>,
    due_24h: i64,
}

#[derive(Serialize)]
struct Letters {
    waiting: i64,
    at_risk: i64,
    overdue: i64,
    under_way: i64,
    oldest_deposited: Option<String>,
}

#[derive(Serialize)]
struct Jobs {
    kind: &'static str,
    ready: i64,
    leased: i64,
    parked: i64,
    oldest_due: Option<String>,
}

#[derive(Serialize)]
struct Messages {
    channel: &'static str,
    state: &'static str,
    count: i64,
    oldest: String,
}

/// What is waiting, and what is late.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Backlog>, Problem> {
    me.may(SEE)?;
    let now = service.now();
    let database = service.database();
    let overdue = database.purge_backlog(now).await?;
    let soon = database.purge_backlog(now + 24 * HOUR_MS).await?;
    let due = database.deadlines(now, now + RISK_HOURS * HOUR_MS).await?;
    let accepted = due.iter().find(|d| d.state == CaseState::Accepted);
    let letters = database.letter_backlog().await?;
    Ok(Answer(Backlog {
        at: time(now),
        purge: Purge {
            overdue: overdue.cases,
            oldest_due: overdue.oldest_due.map(time),
            due_24h: soon.cases - overdue.cases,
        },
        letters: Letters {
            waiting: database.letters_to_leave().await?,
            at_risk: accepted.map_or(0, |d| d.at_risk),
            overdue: accepted.map_or(0, |d| d.overdue),
            under_way: letters.under_way,
            oldest_deposited: letters.oldest_deposited.map(time),
        },
        jobs: database
            .job_counts(now)
            .await?
            .into_iter()
            .map(|j| Jobs {
                kind: j.kind.as_str(),
                ready: j.ready,
                leased: j.leased,
                parked: j.parked,
                oldest_due: j.oldest_due.map(time),
            })
            .collect(),
        messages: database
            .unsent_messages()
            .await?
            .into_iter()
            .map(|m| Messages {
                channel: m.channel.as_str(),
                state: m.state.as_str(),
                count: m.count,
                oldest: time(m.oldest),
            })
            .collect(),
    }))
}
