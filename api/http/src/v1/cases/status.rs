use axum::Json;
use axum::extract::State;
use idproof_database::{Case, UploadKind, UploadState};
use idproof_domain::case::{CaseState, Step};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::CaseAccess;
use crate::problem::Problem;
use crate::service::Service;
use crate::v1::uploads::missing_documents;
use crate::wire::{case_state, time};

/// Where a case stands and what comes next.
#[derive(Serialize, ToSchema)]
pub struct StatusView {
    #[schema(schema_with = case_state)]
    pub state: &'static str,
    /// What the applicant quotes on the telephone.
    pub number: String,
    /// Place among the cases that wait for the machine, itself included; while it waits.
    pub queue_position: Option<i64>,
    /// When the activation letter must have left.
    #[schema(format = DateTime)]
    pub letter_due_at: Option<String>,
    /// When pictures and recording are deleted.
    #[schema(format = DateTime)]
    pub media_due_at: Option<String>,
    pub next: Next,
    /// What the applicant may do now beside what is next.
    pub can: Vec<Action>,
    /// Why it was refused.
    pub reasons: Vec<String>,
    pub appealed: bool,
    /// What is to be taken again, while that is asked.
    pub retake: Option<Retake>,
}

/// What comes next.
#[derive(Serialize, ToSchema)]
pub struct Next {
    pub code: NextStep,
}

/// What the applicant does next, or waits for.
#[derive(Debug, Serialize, ToSchema, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum NextStep {
    GiveConsent,
    ConfirmEmail,
    ConfirmPhone,
    DeclareIdentity,
    UploadDocument,
    RecordVideo,
    Submit,
    /// The machine or a person is at it.
    Wait,
    Retake,
    WaitForLetter,
    OpenLetter,
    EnterCode,
    /// Nothing is left to do.
    Nothing,
}

#[derive(Debug, Serialize, ToSchema, PartialEq, Eq, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Withdraw,
    Appeal,
    Suspend,
    Reactivate,
    Delete,
}

/// What the applicant is asked to do better.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Retake {
    /// Reason codes.
    pub reasons: Vec<String>,
    /// Whether the pictures of the document are to be taken again.
    pub document: bool,
    /// Whether the recording is. It always is: it must show the document that is judged, and
    /// answer a challenge of its own.
    pub video: bool,
}

/// What the last request to do better asked for.
pub(super) async fn asked(service: &Service, case: &Case) -> Result<Option<Retake>, Problem> {
    if case.state != CaseState::RetakeAsked {
        return Ok(None);
    }
    let events = service.database().events_of(&case.id).await?;
    let last = events.into_iter().rev().find(|e| e.kind == "retake_asked");
    Ok(last
        .and_then(|e| serde_json::from_value::<Retake>(e.data).ok())
        .map(|asked| Retake {
            video: true,
            ..asked
        }))
}

async fn next(service: &Service, case: &Case) -> Result<NextStep, Problem> {
    Ok(match case.state {
        s if s.is_collecting() => collecting(service, case).await?,
        CaseState::RetakeAsked => NextStep::Retake,
        CaseState::Accepted => NextStep::WaitForLetter,
        CaseState::LetterSent => NextStep::OpenLetter,
        CaseState::LetterOpened => NextStep::EnterCode,
        CaseState::Submitted | CaseState::Processing | CaseState::InReview => NextStep::Wait,
        _ => NextStep::Nothing,
    })
}

async fn collecting(service: &Service, case: &Case) -> Result<NextStep, Problem> {
    let enrolment = &service.parts.enrolment;
    if case.consent.is_none() {
        return Ok(NextStep::GiveConsent);
    }
    if enrolment.email && case.email.is_none() {
        return Ok(NextStep::ConfirmEmail);
    }
    if enrolment.phone && case.phone.is_none() {
        return Ok(NextStep::ConfirmPhone);
    }
    if case.declared.is_none() {
        return Ok(NextStep::DeclareIdentity);
    }
    let uploads = service
        .database()
        .uploads_of(&case.id, case.attempt)
        .await?;
    if !missing_documents(case, &uploads).is_empty() {
        return Ok(NextStep::UploadDocument);
    }
    let recorded = uploads
        .iter()
        .any(|u| u.kind == UploadKind::SelfieVideo && u.state == UploadState::Complete);
    if !recorded || case.state != CaseState::VideoUploaded {
        return Ok(NextStep::RecordVideo);
    }
    Ok(NextStep::Submit)
}

/// Whether the media that an appeal needs are still there.
pub(super) fn has_media(case: &Case, now: i64) -> bool {
    case.media_purged_at.is_none() && case.media_due_at.is_none_or(|due| now < due)
}

fn can(case: &Case, now: i64) -> Vec<Action> {
    let possible = |step: &Step| step.apply(case.state).is_ok();
    [
        (Action::Withdraw, possible(&Step::Withdrawn)),
        (
            Action::Appeal,
            possible(&Step::Appealed) && !case.appealed && has_media(case, now),
        ),
        (Action::Suspend, possible(&Step::Suspended)),
        (Action::Reactivate, possible(&Step::Reactivated)),
        (Action::Delete, possible(&Step::Deleted)),
    ]
    .into_iter()
    .filter_map(|(action, possible)| possible.then_some(action))
    .collect()
}

pub(crate) async fn status_of(service: &Service, case: &Case) -> Result<StatusView, Problem> {
    let waits = matches!(
        case.state,
        CaseState::Submitted | CaseState::Processing | CaseState::InReview | CaseState::Accepted
    );
    Ok(StatusView {
        state: case.state.as_str(),
        number: case.number.clone(),
        queue_position: service.database().place_in_queue(case).await?,
        letter_due_at: case.letter_due_at.filter(|_| waits).map(time),
        media_due_at: case
            .media_due_at
            .filter(|_| case.media_purged_at.is_none())
            .map(time),
        next: Next {
            code: next(service, case).await?,
        },
        can: can(case, service.now()),
        reasons: if case.state == CaseState::Refused {
            case.reasons.clone()
        } else {
            Vec::new()
        },
        appealed: case.appealed,
        retake: asked(service, case).await?,
    })
}

/// Where a case stands and what comes next
#[utoipa::path(get, path = "/v1/cases/{id}/status", tag = "Cases", operation_id = "getStatus",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<StatusView>, Problem> {
    Ok(Json(status_of(&service, &access.case).await?))
}
