use axum::Json as Answer;
use axum::extract::State;
use idproof_database::{FaceJudgement, Judgement};
use serde::Deserialize;
use serde_json::json;

use super::{CaseView, locked, view_of};
use crate::console::access::Signed;
use crate::json::Json;
use crate::path::Path;
use crate::problem::{Code, Problem};
use crate::service::Service;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    face: String,
    confidence: i64,
}

/// What a person thinks of the two faces: once, and before they see what the machine thinks.
pub(super) async fn handler(
    State(service): State<Service>,
    me: Signed,
    Path(id): Path<String>,
    Json(sent): Json<Sent>,
) -> Result<Answer<CaseView>, Problem> {
    let face: FaceJudgement = sent
        .face
        .parse()
        .map_err(|()| Problem::field("/face", "not_accepted", "same, different or unsure"))?;
    if !(1..=5).contains(&sent.confidence) {
        return Err(Problem::field("/confidence", "not_accepted", "1 to 5"));
    }
    let now = service.now();
    let mut tx = service.database().begin().await?;
    let case = locked(&service, &mut tx, &me, &id).await?;
    let judgement = Judgement {
        case: case.id.clone(),
        attempt: case.attempt,
        staff: me.staff.id.clone(),
        face,
        confidence: sent.confidence,
        at: now,
    };
    if !tx.judge(&judgement).await? {
        return Err(Code::JudgementGiven.into());
    }
    let data =
        json!({ "face": face.as_str(), "confidence": sent.confidence, "attempt": case.attempt });
    tx.record(me.event(Some(&case.id), now, "review_judged", data));
    tx.commit().await?;
    Ok(Answer(view_of(&service, &me, &case).await?))
}
