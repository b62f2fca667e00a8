use axum::Json;
use axum::extract::State;
use idproof_database::{CaseFilter, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Integrator;
use crate::problem::{FieldError, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::wire::{case_state, time};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Only cases in this state.
    #[param(schema_with = case_state)]
    state: Option<String>,
    /// Only cases of this name of the integrator's.
    reference: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
}

/// A case in a list.
#[derive(Serialize, ToSchema)]
pub struct CaseSummary {
    pub id: String,
    pub number: String,
    pub reference: Option<String>,
    #[schema(schema_with = case_state)]
    pub state: &'static str,
    pub attempt: u32,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub state_since: String,
}

#[derive(Serialize, ToSchema)]
pub struct CasePage {
    pub items: Vec<CaseSummary>,
    /// For the next page; missing on the last.
    pub next_cursor: Option<String>,
}

impl Filter {
    fn check(self, sandbox: bool) -> Result<CaseFilter, Problem> {
        let mut errors = Vec::new();
        let state = self.state.as_deref().map(str::parse).transpose();
        if state.is_err() {
            errors.push(FieldError::new(
                "state",
                "not_accepted",
                "a state of a case",
            ));
        }
        if self
            .reference
            .as_ref()
            .is_some_and(|r| r.contains(char::is_control))
        {
            let detail = "no control characters";
            errors.push(FieldError::new("reference", "not_accepted", detail));
        }
        let before = self.cursor.as_deref().map(str::parse).transpose();
        if before.is_err() {
            errors.push(FieldError::new(
                "cursor",
                "not_accepted",
                "`next_cursor` of a page",
            ));
        }
        let limit = self.limit.unwrap_or(50);
        if !(1..=200).contains(&limit) {
            errors.push(FieldError::new("limit", "range", "1 to 200"));
        }
        match (state, before) {
            (Ok(state), Ok(before)) if errors.is_empty() => Ok(CaseFilter {
                state,
                reference: self.reference,
                sandbox: Some(sandbox),
                before,
                limit,
            }),
            _ => Err(Problem::invalid(errors)),
        }
    }
}

/// List the organisation's cases, newest first
///
/// Needs a key with `cases:read`. A test key lists sandbox cases, a live key real ones.
#[utoipa::path(get, path = "/v1/cases", tag = "Cases", operation_id = "listCases",
    params(Filter),
    responses((status = 200, body = CasePage)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Integrator,
    Query(filter): Query<Filter>,
) -> Result<Json<CasePage>, Problem> {
    caller.with(Scope::CasesRead)?;
    let mut filter = filter.check(caller.0.sandbox)?;
    let wanted = filter.limit;
    filter.limit += 1;
    let mut cases = service
        .database()
        .cases(&caller.0.organisation, &filter)
        .await?;
    let more = cases.len() > usize::try_from(wanted).unwrap_or(usize::MAX);
    if more {
        cases.pop();
    }
    let next_cursor = cases.last().filter(|_| more).map(|c| c.id.to_string());
    let items = cases
        .into_iter()
        .map(|case| CaseSummary {
            id: case.id.to_string(),
            number: case.number,
            reference: case.reference,
            state: case.state.as_str(),
            attempt: case.attempt,
            created_at: time(case.created_at),
            state_since: time(case.state_since),
        })
        .collect();
    Ok(Json(CasePage { items, next_cursor }))
}
