use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::State;
use idproof_database::boards::{FunnelEnd, FunnelRow, WAY};
use serde::Serialize;

use super::share::{SMALLEST, Share, is_small};
use super::{Chosen, SEE};
use crate::console::access::Signed;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

const SUBMITTED: usize = 5;
const ACCEPTED: usize = 6;
const ACTIVATED: usize = 9;

/// How many came exactly so far, and what became of them there.
#[derive(Default, Clone)]
struct Counts {
    open: [i64; WAY.len()],
    refused: [i64; WAY.len()],
    dropped: [i64; WAY.len()],
}

impl Counts {
    fn add(&mut self, row: &FunnelRow) {
        let part = match row.end {
            FunnelEnd::Open => &mut self.open,
            FunnelEnd::Refused => &mut self.refused,
            FunnelEnd::Dropped => &mut self.dropped,
        };
        if let Some(count) = part.get_mut(row.reached) {
            *count += row.cases;
        }
    }

    /// How many came so far or further.
    fn reached(&self, place: usize) -> i64 {
        (place..WAY.len())
            .map(|p| self.open[p] + self.refused[p] + self.dropped[p])
            .sum()
    }

    fn started(&self) -> i64 {
        self.reached(0)
    }

    fn steps(&self) -> Vec<StepView> {
        let started = self.started();
        let told = |n: i64| (!is_small(started)).then_some(n);
        let one = |(place, step): (usize, &&'static str)| {
            let reached = self.reached(place);
            StepView {
                step,
                reached: Share::new(reached, started),
                // Of a small group, how many there were before would tell what is hidden.
                passed: (place > 0 && !is_small(started))
                    .then(|| Share::new(reached, self.reached(place - 1))),
                dropped: told(self.dropped[place]),
                refused: told(self.refused[place]),
                open: told(if place == ACTIVATED {
                    0
                } else {
                    self.open[place]
                }),
            }
        };
        WAY.iter().enumerate().map(one).collect()
    }

    fn ends(&self) -> Ends {
        let started = self.started();
        let share = |place| Share::new(self.reached(place), started);
        Ends {
            started,
            submitted: share(SUBMITTED),
            accepted: share(ACCEPTED),
            activated: share(ACTIVATED),
        }
    }
}

#[derive(Serialize)]
pub(super) struct Funnel {
    since: String,
    time_zone: String,
    smallest: i64,
    started: i64,
    steps: Vec<StepView>,
    by_day: Vec<DayView>,
    by_organisation: Vec<OrganisationView>,
}

#[derive(Serialize)]
struct StepView {
    step: &'static str,
    reached: Share,
    passed: Option<Share>,
    dropped: Option<i64>,
    refused: Option<i64>,
    open: Option<i64>,
}

#[derive(Serialize)]
struct Ends {
    started: i64,
    submitted: Share,
    accepted: Share,
    activated: Share,
}

#[derive(Serialize)]
struct DayView {
    day: String,
    #[serde(flatten)]
    ends: Ends,
}

#[derive(Serialize)]
struct OrganisationView {
    id: String,
    name: String,
    #[serde(flatten)]
    ends: Ends,
}

pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Query(chosen): Query<Chosen>,
) -> Result<Answer<Funnel>, Problem> {
    me.may(SEE)?;
    let filter = chosen.filter(&service).await?;
    let days = chosen.days(&service)?;
    let database = service.database();
    let mut all = Counts::default();
    let mut by_organisation: BTreeMap<String, Counts> = BTreeMap::new();
    let mut by_day = Vec::new();
    for day in &days {
        let mut here = Counts::default();
        for row in database.funnel(&filter, day.from, day.to).await? {
            here.add(&row);
            all.add(&row);
            let organisation = by_organisation.entry(row.organisation.to_string());
            organisation.or_default().add(&row);
        }
        by_day.push(DayView {
            day: day.day.to_string(),
            ends: here.ends(),
        });
    }
    let organisations = database.organisations().await?;
    let by_organisation = organisations
        .into_iter()
        .filter_map(|o| {
            let counts = by_organisation.get(o.id.as_str())?;
            Some(OrganisationView {
                id: o.id.to_string(),
                name: o.name,
                ends: counts.ends(),
            })
        })
        .collect();
    let zone = service.parts.calendar.zone().iana_name();
    Ok(Answer(Funnel {
        since: time(days.first().map_or(service.now(), |d| d.from)),
        time_zone: zone.unwrap_or("UTC").to_owned(),
        smallest: SMALLEST,
        started: all.started(),
        steps: all.steps(),
        by_day,
        by_organisation,
    }))
}
