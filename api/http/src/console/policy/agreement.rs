use axum::Json as Answer;
use axum::extract::State;
use idproof_database::Agreement;
use serde::{Deserialize, Serialize};

use super::READ;
use super::standing::Standing;
use super::view::NameView;
use crate::console::access::Signed;
use crate::console::statistics::Rate;
use crate::path::Path;
use crate::problem::Problem;
use crate::query::Query;
use crate::service::Service;
use crate::wire::time;

const DAY_MS: i64 = 24 * 3_600_000;
/// Cases named of each cell.
const EXAMPLES: i64 = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    days: Option<i64>,
}

#[derive(Serialize)]
pub(super) struct AgreementView {
    version: NameView,
    since: String,
    cases: i64,
    same: i64,
    table: Vec<Cell>,
    agreement: Rate,
}

#[derive(Serialize)]
struct Cell {
    active: &'static str,
    shadow: &'static str,
    cases: i64,
    examples: Vec<String>,
}

/// What a version that judged without effect would have done, beside what was done.
pub(super) async fn agreement(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Answer<AgreementView>, Problem> {
    me.may(READ)?;
    let days = asked.days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(Problem::field("days", "not_accepted", "1 to 366"));
    }
    let standing = Standing::read(&service).await?;
    let version = standing.version(&id)?;
    let since = standing.now.saturating_sub(days * DAY_MS);
    let database = service.database();
    let cells = database.agreement(&version.id, since).await?;
    let count = |cells: &mut dyn Iterator<Item = &Agreement>| cells.map(|c| c.cases).sum::<i64>();
    let cases = count(&mut cells.iter());
    let same = count(&mut cells.iter().filter(|c| c.active == c.shadow));
    let mut table = Vec::new();
    for cell in &cells {
        let examples = if cell.active == cell.shadow {
            Vec::new()
        } else {
            database
                .agreement_cases(&version.id, since, cell, EXAMPLES)
                .await?
        };
        table.push(Cell {
            active: cell.active.as_str(),
            shadow: cell.shadow.as_str(),
            cases: cell.cases,
            examples: examples.iter().map(ToString::to_string).collect(),
        });
    }
    let small = |n: i64| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Answer(AgreementView {
        version: NameView {
            id: Some(version.id.to_string()),
            name: version.name.clone(),
        },
        since: time(since),
        cases,
        same,
        agreement: Rate::new(small(same), small(cases)),
        table,
    }))
}
