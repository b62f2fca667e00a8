use axum::Json;
use axum::extract::State;
use idproof_database::{Case, Channel, Tx};
use idproof_domain::case::{Actor, CaseState};
use idproof_domain::letter::{LetterCode, LetterStep};
use serde::Serialize;
use utoipa::ToSchema;

use super::{LetterView, advance, content, held, view};
use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;

/// The letter, opened.
#[derive(Serialize, ToSchema)]
pub struct OpenedLetter {
    #[serde(flatten)]
    pub letter: LetterView,
    /// Who sent it.
    pub sender: String,
    /// The code to enter, until it was entered.
    #[schema(pattern = "^[0-9]{6}$")]
    pub activation_code: Option<String>,
}

/// The code by SMS too, where that is configured.
async fn text_code(service: &Service, tx: &mut Tx, case: &Case) -> Result<(), Problem> {
    if let (true, Some(phone)) = (service.parts.code_by_sms, case.phone.clone()) {
        let (now, random) = (service.now(), service.random());
        let data = serde_json::json!({ "number": case.number });
        let (channel, template) = (Channel::Sms, "sms_letter_code");
        tx.post_new(case, channel, template, phone, data, now, random)
            .await?;
    }
    Ok(())
}

/// Accept and open the letter
///
/// Acknowledges receipt. Once accepted it may be opened again. For the applicant alone. Problems:
/// `letter_elsewhere`, `letter_late`, `invalid_state`, `not_found`.
#[utoipa::path(post, path = "/v1/cases/{id}/letter/accept", tag = "Letter", operation_id = "acceptLetter",
    params(("id" = String, Path, description = "The case")),
    responses((status = 200, body = OpenedLetter)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: CaseAccess,
) -> Result<Json<OpenedLetter>, Problem> {
    // Whoever runs the integration must not learn the code that proves the applicant's receipt.
    if access.actor != Actor::Applicant {
        return Err(Code::Unauthorized.into());
    }
    let mut tx = service.database().begin().await?;
    let (mut case, mut letter) = held(&service, &mut tx, &access).await?;
    if letter.letter.code() != LetterCode::Accepted {
        let step = LetterStep::Accept;
        advance(&service, &mut tx, &mut case, &mut letter, step, &access).await?;
        text_code(&service, &mut tx, &case).await?;
        tx.commit().await?;
    }
    let said = content(&service, &case, &letter)?;
    let usable = case.state == CaseState::LetterOpened;
    Ok(Json(OpenedLetter {
        letter: view(&service, &letter),
        sender: said.sender.name.clone(),
        activation_code: usable.then(|| said.code.reveal().to_owned()),
    }))
}
