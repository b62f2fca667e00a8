use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, JobKind, NewJob, Priority, Tx, Upload, UploadKind, UploadState};
use idproof_domain::case::{CaseState, Step};
use idproof_domain::ids::{JobId, UploadId};

use super::{StatusView, status_of};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::v1::uploads::{missing_documents, object_name};

/// What is missing before a case can be handed in.
async fn check(
    service: &Service,
    tx: &mut Tx,
    case: &Case,
    settled: &[UploadId],
) -> Result<(), Problem> {
    let enrolment = &service.parts.enrolment;
    if case.consent.is_none() {
        return Err(Code::ConsentNeeded.into());
    }
    if (enrolment.email && case.email.is_none()) || (enrolment.phone && case.phone.is_none()) {
        return Err(Code::ContactNeeded.into());
    }
    let mut uploads = tx.uploads_of(&case.id, case.attempt).await?;
    // What was completed a moment ago was not settled: it is missing until asked again.
    uploads.retain(|u| settled.contains(&u.id));
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

/// Makes the attempt's files withstand a power cut, before anything is promised about them. Files
/// that one has taken are thrown away, so that they are asked for again. Returns what is settled.
async fn settle(service: &Service, access: &CaseAccess) -> Result<Vec<UploadId>, Problem> {
    let database = service.database();
    let case = &access.case;
    let mut settled = Vec::new();
    let mut lost = Vec::new();
    for upload in database.uploads_of(&case.id, case.attempt).await? {
        if upload.state != UploadState::Complete {
            continue;
        }
        let chunks = database.chunks_of(&upload.id).await?;
        let objects = chunks
            .iter()
            .map(|c| Ok((object_name(&c.object)?, u64::try_from(c.size).unwrap_or(0))))
            .collect::<Result<Vec<_>, Problem>>()?;
        let whole = chunks.iter().map(|c| c.size).sum::<i64>() == upload.size;
        if whole && service.vault().settle(objects).await?.is_empty() {
            settled.push(upload.id);
        } else {
            lost.push(upload);
        }
    }
    if lost.is_empty() {
        return Ok(settled);
    }
    throw_away(service, access, &lost).await?;
    let documents = lost.iter().filter(|u| u.kind != UploadKind::SelfieVideo);
    let names: Vec<&str> = documents.map(|u| u.kind.as_str()).collect();
    Err(if names.is_empty() {
        Code::VideoMissing.into()
    } else {
        Problem::from(Code::DocumentMissing).detail(names.join(", "))
    })
}

async fn throw_away(
    service: &Service,
    access: &CaseAccess,
    lost: &[Upload],
) -> Result<(), Problem> {
    let (now, random) = (service.now(), service.random());
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    for upload in lost {
        let Some(mut upload) = tx.upload(&upload.id).await? else {
            continue;
        };
        tracing::error!(case = %case.id, upload = %upload.id, "a file is no longer whole: it is asked for again");
        upload.state = UploadState::Discarded;
        tx.save_upload(&upload).await?;
        if upload.kind == UploadKind::SelfieVideo && case.state == CaseState::VideoUploaded {
            tx.step_and_tell(&mut case, &Step::VideoDiscarded, &access.actor, now, random)
                .await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Hand the case in
///
/// From the answer on, files and case withstand also a power cut.
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
    let settled = settle(&service, &access).await?;
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    let step = Step::Submitted {
        attempt: case.attempt,
    };
    step.apply(case.state)?;
    check(&service, &mut tx, &case, &settled).await?;
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
