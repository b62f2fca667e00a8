use axum::Json as Answer;
use axum::extract::State;
use serde::Serialize;

use super::SEE;
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::time;

const HOUR_MS: i64 = 3_600_000;
/// Working hours from handing in to the letter (the law of the registered e-letter's code).
const LEGAL_HOURS: i64 = 24;
/// Working hours left; none left is overdue.
const COLUMNS: [i64; 8] = [0, 1, 2, 4, 8, 12, 18, LEGAL_HOURS];

#[derive(Serialize)]
pub(super) struct Risk {
    at: String,
    legal_hours: i64,
    columns: [i64; 8],
    rows: Vec<Row>,
    totals: Vec<i64>,
}

#[derive(Serialize)]
struct Row {
    state: &'static str,
    counts: Vec<i64>,
}

/// Cases by the working hours left until their letter must have left. These counts are never
/// hidden: each of them is work that somebody must do.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
) -> Result<Answer<Risk>, Problem> {
    me.may(SEE)?;
    let now = service.now();
    let calendar = &service.parts.calendar;
    let mut bounds = vec![now];
    for hours in &COLUMNS[1..] {
        bounds.push(calendar.after_working(now, hours * HOUR_MS)?);
    }
    let found = service.database().letters_due_by(&bounds).await?;
    let mut totals = vec![0; COLUMNS.len()];
    for (_, counts) in &found {
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    Ok(Answer(Risk {
        at: time(now),
        legal_hours: LEGAL_HOURS,
        columns: COLUMNS,
        rows: found
            .into_iter()
            .map(|(state, counts)| Row {
                state: state.as_str(),
                counts,
            })
            .collect(),
        totals,
    }))
}
