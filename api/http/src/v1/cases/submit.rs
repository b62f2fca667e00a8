use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, JobKind, NewJob, Priority, Tx, UploadKind, UploadState};
use idproof_domain::case::Step;
use idproof_domain::ids::JobId;

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::v1::uploads::missing_documents;

/// What is missing before a case can be handed in.
async fn check(service: &Service, tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    let enrolment = &service.parts.enrolment;
    if case.consent.is_none() {
        return Err(Code::ConsentNeeded.into());
    }
    if (enrolment.email && case.email.is_none()) || (enrolment.phone && case.phone.is_none()) {
        return Err(Code::ContactNeeded.into());
    }
    let uploads = tx.uploads_of(&case.id, case.attempt).await?;
    let missing = missing_documents(case, &uploads);
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|k| k.as_str()).collect();
        return Err(Problem::from(Code::DocumentMissing).detail(names.join(", ")));
    }
    let video = uploads
        .iter()
        .find(|u| u.kind == UploadKind::SelfieVideo && u.state == UploadState::Complete);
    let Some(challenge) = video.and_then(|v| v.challenge.as_ref()) else {
        return Err(Code::VideoMissing.into());
    };
    let challenge = tx.challenge(challenge).await?;
    let stands = challenge.is_some_and(|c| {
        c.case == case.id
            && c.attempt == case.attempt
            && c.voided_at.is_none()
            && c.used_at.is_some()
    });
    if stands {
        Ok(())
    } else {
        Err(Code::ChallengeVoid.into())
    }
}

/// Hand the case in
///
/// Problems: `consent_needed`, `contact_needed`, `document_missing`, `video_missing`,
/// `challenge_void`, `invalid_state`.
#[utoipa::path(post, path = "/v1/cases/{id}/submit", tag = "Cases", operation_id = "submitCase",
    params(("id" = String, Path, description = "The case")),
    responses((status = 202, body = StatusView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<(StatusCode, Json<StatusView>), Problem> {
    let (now, random) = (service.now(), service.random());
    let due = service.parts.calendar.letter_due(now)?;
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    let step = Step::Submitted {
        attempt: case.attempt,
    };
    step.apply(case.state)?;
    check(&service, &mut tx, &case).await?;
    case.submitted_at = Some(now);
    case.letter_due_at = Some(due);
    tx.step_and_tell(&mut case, &step, &access.actor, now, random)
        .await?;
    tx.enqueue(&NewJob {
        id: JobId::new(now, service.id_bytes()),
        kind: JobKind::Process,
        subject: case.id.to_string(),
        dedupe: format!("process:{}:{}", case.id, case.attempt),
        priority: Priority::NORMAL,
        run_at: now,
        now_ms: now,
    })
    .await?;
    tx.extend_tokens_of(&case.id, now, service.token_end(case.state, now))
        .await?;
    tx.commit().await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(status_of(&service, &case).await?),
    ))
}
