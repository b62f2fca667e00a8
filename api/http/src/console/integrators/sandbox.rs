use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, CaseFilter, SandboxOutcome};
use serde::{Deserialize, Serialize};

use super::{SEE, organisation};
use crate::console::access::Signed;
use crate::console::boards::RUN;
use crate::json::Json;
use crate::problem::{FieldError, Problem};
use crate::query::Query;
use crate::service::Service;
use crate::v1::cases::{check_reference, open_sandbox};
use crate::wire::{Label, time};

#[derive(Serialize)]
pub(super) struct Outcomes {
    items: Vec<OutcomeView>,
}

#[derive(Serialize)]
struct OutcomeView {
    code: &'static str,
    label: Label,
    meaning: Label,
    states: &'static [&'static str],
    events: &'static [&'static str],
}

/// What a case of the sandbox may be made to come to, once it is handed in: nothing looks at its
/// pictures, everything after the verdict happens as to a real one.
fn view(outcome: SandboxOutcome) -> OutcomeView {
    let (label, meaning, states, events): (_, _, &'static [&'static str], &'static [&'static str]) =
        match outcome {
            SandboxOutcome::Accept => (
                ("Accepté", "Accepted"),
                (
                    "L’identité est acceptée\u{a0}; la lettre électronique avec le code d’activation part sans délai.",
                    "The identity is accepted; the electronic letter with the activation code leaves at once.",
                ),
                &["submitted", "processing", "accepted", "letter_sent"],
                &["case.submitted", "case.accepted", "case.letter_sent"],
            ),
            SandboxOutcome::Review => (
                ("Examen humain", "Review by a person"),
                (
                    "Le dossier attend une personne et y reste\u{a0}: personne ne juge les dossiers d’essai.",
                    "The case waits for a person and stays there: nobody judges cases of the sandbox.",
                ),
                &["submitted", "processing", "in_review"],
                &["case.submitted", "case.sent_to_review"],
            ),
            SandboxOutcome::Refuse => (
                ("Refusé", "Refused"),
                (
                    "L’identité est refusée\u{a0}; le demandeur peut contester une fois.",
                    "The identity is refused; the applicant may appeal once.",
                ),
                &["submitted", "processing", "refused"],
                &["case.submitted", "case.refused"],
            ),
            SandboxOutcome::Retake => (
                ("Nouvelles prises demandées", "Retake asked for"),
                (
                    "De nouvelles images sont demandées\u{a0}; la tentative suivante aboutit à la même demande.",
                    "Better pictures are asked for; the next attempt comes to the same.",
                ),
                &["submitted", "processing", "retake_asked"],
                &["case.submitted", "case.retake_asked"],
            ),
        };
    OutcomeView {
        code: outcome.as_str(),
        label: label.into(),
        meaning: meaning.into(),
        states,
        events,
    }
}

pub(super) async fn outcomes(me: Signed) -> Result<Answer<Outcomes>, Problem> {
    me.may(SEE)?;
    Ok(Answer(Outcomes {
        items: SandboxOutcome::ALL.into_iter().map(view).collect(),
    }))
}

#[derive(Serialize)]
pub(super) struct Cases {
    items: Vec<Item>,
}

#[derive(Serialize)]
pub(super) struct Item {
    id: String,
    number: String,
    reference: Option<String>,
    state: &'static str,
    outcome: Option<&'static str>,
    created_at: String,
}

fn item(case: Case) -> Item {
    Item {
        id: case.id.to_string(),
        number: case.number,
        reference: case.reference,
        state: case.state.as_str(),
        outcome: case.sandbox_outcome.map(SandboxOutcome::as_str),
        created_at: time(case.created_at),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Of {
    organisation: String,
}

/// The newest.
pub(super) async fn list(
    State(service): State<Service>,
    me: Signed,
    Query(of): Query<Of>,
) -> Result<Answer<Cases>, Problem> {
    me.may(SEE)?;
    let organisation = organisation(&service, &of.organisation).await?;
    let filter = CaseFilter {
        sandbox: Some(true),
        limit: 50,
        ..CaseFilter::default()
    };
    let found = service.database().cases(&organisation.id, &filter).await?;
    Ok(Answer(Cases {
        items: found.into_iter().map(item).collect(),
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct New {
    organisation: String,
    language: String,
    outcome: String,
    #[serde(default)]
    reference: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Made {
    case: Item,
    continue_url: String,
}

/// Opens a case of the sandbox that will come to this outcome.
pub(super) async fn create(
    State(service): State<Service>,
    me: Signed,
    Json(sent): Json<New>,
) -> Result<(StatusCode, Answer<Made>), Problem> {
    me.may(RUN)?;
    let organisation = organisation(&service, &sent.organisation).await?;
    let mut errors = Vec::new();
    let language = sent.language.parse().ok();
    if language.is_none() {
        errors.push(FieldError::new("/language", "not_accepted", "`fr` or `en`"));
    }
    let outcome = sent.outcome.parse().ok();
    if outcome.is_none() {
        let known = SandboxOutcome::ALL.map(SandboxOutcome::as_str).join(", ");
        let detail = format!("one of {known}");
        errors.push(FieldError::new("/outcome", "not_accepted", detail));
    }
    errors.extend(sent.reference.as_deref().and_then(check_reference));
    let (Some(language), Some(outcome), true) = (language, outcome, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let opened = open_sandbox(
        &service,
        organisation.id,
        me.actor(),
        language,
        sent.reference,
        outcome,
    );
    let (case, token) = opened.await?;
    let continue_url = format!("{}/continue#{token}", service.parts.http.public_url);
    let case = item(case);
    Ok((StatusCode::CREATED, Answer(Made { case, continue_url })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use idproof_database::notices::WEBHOOK_EVENTS;
    use idproof_domain::case::CaseState;

    #[test]
    fn outcomes_name_states_and_events_that_exist() {
        for outcome in SandboxOutcome::ALL {
            let view = view(outcome);
            for state in view.states {
                assert!(state.parse::<CaseState>().is_ok(), "{state}");
            }
            for event in view.events {
                assert!(WEBHOOK_EVENTS.contains(event), "{event}");
            }
            for text in [
                view.label.fr,
                view.label.en,
                view.meaning.fr,
                view.meaning.en,
            ] {
                assert!(!text.is_empty());
            }
        }
    }
}
