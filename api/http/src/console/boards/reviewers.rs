use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::SEE;
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

const HOUR_MS: i64 = 3_600_000;
const MOST_HOURS: i64 = 168;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hours {
    #[serde(default)]
    hours: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct Load {
    since: String,
    waiting: i64,
    held: i64,
    second: i64,
    escalated: i64,
    overdue: i64,
    oldest_since: Option<String>,
    decided: i64,
    arrived: i64,
    reviewer_hours: i64,
    per_reviewer_hour: Option<f64>,
    hours: Vec<HourView>,
}

#[derive(Serialize)]
struct HourView {
    from: String,
    arrived: i64,
    decided: i64,
    reviewers: i64,
}

/// What the people who judge cases have before them, as a team.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(query): Query<Hours>,
) -> Result<Answer<Load>, Problem> {
    me.may(SEE)?;
    let hours = query.hours.unwrap_or(48);
    if !(1..=MOST_HOURS).contains(&hours) {
        let detail = format!("1 to {MOST_HOURS}");
        return Err(Problem::field("hours", "not_accepted", detail));
    }
    let now = service.now();
    let last = now / HOUR_MS;
    let first = last - hours + 1;
    let database = service.database();
    let found = database.team_hours(first * HOUR_MS).await?;
    let queue = database.queue_counts(now).await?;
    let (mut decided, mut arrived, mut reviewer_hours) = (0, 0, 0);
    let mut views = Vec::new();
    for hour in first..=last {
        let here = found.get(&hour).copied().unwrap_or_default();
        decided += here.decided;
        arrived += here.arrived;
        reviewer_hours += here.reviewers;
        views.push(HourView {
            from: time(hour * HOUR_MS),
            arrived: here.arrived,
            decided: here.decided,
            reviewers: here.reviewers,
        });
    }
    Ok(Answer(Load {
        since: time(first * HOUR_MS),
        waiting: queue.waiting,
        held: queue.held,
        second: queue.second,
        escalated: queue.escalated,
        overdue: queue.overdue,
        oldest_since: queue.oldest_since.map(time),
        decided,
        arrived,
        reviewer_hours,
        per_reviewer_hour: (reviewer_hours > 0).then(|| decided as f64 / reviewer_hours as f64),
        hours: views,
    }))
}
