//! Boards for whoever runs the service: how cases fare, what is due, what is stuck. Figures alone:
//! nobody is named in them, and a group too small to hide in is not broken down.

mod backlog;
mod deadlines;
mod funnel;
mod messages;
mod outbox;
mod retakes;
mod reviewers;
mod share;
mod times;
mod versions;

use axum::Router;
use axum::routing::{get, post};
use idproof_database::Role;
use idproof_database::boards::BoardFilter;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use crate::problem::{Code, Problem, internal};
use crate::service::Service;

pub(super) fn router() -> Router<Service> {
    Router::new()
        .route("/dashboards/funnel", get(funnel::handler))
        .route("/dashboards/retakes", get(retakes::handler))
        .route("/dashboards/decisions", get(times::handler))
        .route("/dashboards/deadlines", get(deadlines::handler))
        .route("/dashboards/reviewers", get(reviewers::handler))
        .route("/dashboards/versions", get(versions::handler))
        .route("/dashboards/backlog", get(backlog::handler))
        .route("/messages", get(messages::list))
        .route("/messages/{id}/retry", post(messages::retry))
        .route("/outbox", get(outbox::handler))
}

/// Who sees the boards.
const SEE: &[Role] = &[
    Role::Operator,
    Role::Senior,
    Role::Administrator,
    Role::Auditor,
];
/// Who keeps the service running.
pub(super) const RUN: &[Role] = &[Role::Operator, Role::Administrator];

const MOST_DAYS: i64 = 92;

/// Which cases a board is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    #[serde(default)]
    days: Option<i64>,
    #[serde(default)]
    organisation: Option<String>,
    #[serde(default)]
    sandbox: Option<bool>,
}

/// A day of the service's calendar, with its first instant and the next day's.
struct Day {
    day: Date,
    from: i64,
    to: i64,
}

fn days_of(days: Option<i64>, default: i64) -> Result<i64, Problem> {
    let days = days.unwrap_or(default);
    if (1..=MOST_DAYS).contains(&days) {
        return Ok(days);
    }
    let detail = format!("1 to {MOST_DAYS}");
    Err(Problem::field("days", "not_accepted", detail))
}

/// So many days, the last one today, oldest first.
fn days(service: &Service, days: i64) -> Result<Vec<Day>, Problem> {
    let calendar = &service.parts.calendar;
    let today = calendar.day_of(service.now())?;
    let one = |back: i64| {
        let day = today.checked_sub(back.days()).ok()?;
        let from = calendar.day_start(day)?;
        let to = calendar.day_start(day.checked_add(1.day()).ok()?)?;
        Some(Day { day, from, to })
    };
    (0..days)
        .rev()
        .map(|back| one(back).ok_or_else(|| internal("a day lies beyond the calendar")))
        .collect()
}

impl Chosen {
    async fn filter(&self, service: &Service) -> Result<BoardFilter, Problem> {
        let organisation = match &self.organisation {
            Some(text) => {
                let wrong =
                    |_| Problem::field("organisation", "not_accepted", "the id of an organisation");
                let id = text.parse().map_err(wrong)?;
                let there = service.database().organisation(&id).await?;
                Some(there.ok_or_else(|| Problem::from(Code::NotFound))?.id)
            }
            None => None,
        };
        Ok(BoardFilter {
            organisation,
            sandbox: self.sandbox.unwrap_or(false),
        })
    }

    fn days(&self, service: &Service) -> Result<Vec<Day>, Problem> {
        days(service, days_of(self.days, 30)?)
    }

    /// When the first of the days began.
    fn since(&self, service: &Service) -> Result<i64, Problem> {
        let days = self.days(service)?;
        Ok(days.first().map_or(service.now(), |d| d.from))
    }
}
