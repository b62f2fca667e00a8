use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idproof_database::{Case, Challenge, Tx};
use idproof_domain::case::CaseState;
use idproof_domain::challenge::{Asks, Script, ScriptStep};
use idproof_domain::ids::ChallengeId;
use idproof_vault::{ChallengeClaims, script_digest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::CaseAccess;
use crate::json;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::wire::{AdaptationWish, adaptation, head_direction, language, time};

/// What the applicant wants of the challenge.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ChallengeWish {
    /// What they asked to be spared; each leads to a person.
    #[schema(schema_with = adaptations, required = false)]
    adapt: Vec<AdaptationWish>,
}

fn adaptations() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(adaptation())
}

/// What to do in one recording.
#[derive(Serialize, ToSchema)]
pub struct ChallengeView {
    #[schema(pattern = "^chl_[0-9a-z]{26}$")]
    pub id: String,
    /// Signed: binds one recording to the challenge and its attempt. Shown once, used once.
    pub token: String,
    #[schema(schema_with = language)]
    pub language: &'static str,
    pub steps: Vec<StepView>,
    /// Until then the upload of the recording must have begun.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// One thing to do.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepView {
    /// Say this digit.
    Digit {
        #[schema(minimum = 0, maximum = 9)]
        digit: u8,
        /// Milliseconds after the start of the recording.
        after_ms: u32,
    },
    /// Turn the head this way, as one sees it oneself, and come back.
    Head {
        #[schema(schema_with = head_direction)]
        direction: &'static str,
        /// Milliseconds after the start of the recording.
        after_ms: u32,
    },
    /// Hold the document beside the face.
    Document {
        /// Milliseconds after the start of the recording.
        after_ms: u32,
    },
}

impl From<&ScriptStep> for StepView {
    fn from(step: &ScriptStep) -> Self {
        match step {
            ScriptStep::Digit { digit, after_ms } => Self::Digit {
                digit: *digit,
                after_ms: *after_ms,
            },
            ScriptStep::Head {
                direction,
                after_ms,
            } => Self::Head {
                direction: direction.as_str(),
                after_ms: *after_ms,
            },
            ScriptStep::Document { after_ms } => Self::Document {
                after_ms: *after_ms,
            },
        }
    }
}

/// By which a token names the attempt that it was drawn for.
pub(crate) fn attempt_name(case: &Case) -> String {
    format!("{}/{}", case.id, case.attempt)
}

/// Draws digits that are not those of the challenge before.
async fn draw(
    service: &Service,
    tx: &mut Tx,
    case: &Case,
    wish: ChallengeWish,
) -> Result<(Challenge, String), Problem> {
    let last = tx.last_challenge(&case.id).await?;
    let adapt: Vec<_> = wish.adapt.into_iter().map(Into::into).collect();
    let enrolment = &service.parts.enrolment;
    let asks = Asks {
        digits: enrolment.digits,
        head: enrolment.head_movement,
        document: enrolment.document_shown,
    };
    let script = loop {
        let mut lot = |below| service.lot(below);
        let script = Script::draw(asks, case.language, adapt.clone(), &mut lot);
        if last
            .as_ref()
            .is_none_or(|l| l.script.digits != script.digits)
        {
            break script;
        }
    };
    let now = service.now();
    let id = ChallengeId::new(now, service.id_bytes());
    let expires_at = now + service.parts.enrolment.challenge_minutes * 60_000;
    let token = service.secrets().sign_challenge(&ChallengeClaims {
        id: id.to_string(),
        attempt: attempt_name(case),
        expires_at,
        script: script_digest(&script),
    })?;
    let challenge = Challenge {
        id,
        case: case.id.clone(),
        attempt: case.attempt,
        script,
        created_at: now,
        expires_at,
        voided_at: None,
        used_at: None,
    };
    Ok((challenge, token))
}

/// Draw a challenge
///
/// One is valid at a time: drawing anew voids the last. Possible once the pictures of the document
/// are there. Problems: `consent_needed`, `invalid_state`, `too_many_challenges`.
#[utoipa::path(post, path = "/v1/cases/{id}/challenges", tag = "Uploads", operation_id = "drawChallenge",
    params(("id" = String, Path, description = "The case")),
    request_body = ChallengeWish,
    responses((status = 201, body = ChallengeView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
    json::OptionalJson(wish): json::OptionalJson<ChallengeWish>,
) -> Result<(StatusCode, Json<ChallengeView>), Problem> {
    let mut tx = service.database().begin().await?;
    let mut case = locked(&mut tx, &access.case.id).await?;
    if !matches!(
        case.state,
        CaseState::DocumentUploaded | CaseState::VideoUploaded
    ) {
        return Err(Code::InvalidState.into());
    }
    if case.consent.is_none() {
        return Err(Code::ConsentNeeded.into());
    }
    let drawn = tx.count_challenges(&case.id, case.attempt).await?;
    if drawn >= service.parts.limits.challenges_per_attempt {
        return Err(Code::TooManyChallenges.into());
    }
    let (challenge, token) = draw(&service, &mut tx, &case, wish).await?;
    tx.draw_challenge(&challenge).await?;
    case.last_activity_at = challenge.created_at;
    tx.save_case(&mut case).await?;
    tx.commit().await?;
    let view = ChallengeView {
        id: challenge.id.to_string(),
        token,
        language: challenge.script.language.code(),
        steps: challenge.script.steps.iter().map(Into::into).collect(),
        expires_at: time(challenge.expires_at),
    };
    Ok((StatusCode::CREATED, Json(view)))
}
