//! The registered letter with the activation code, where it is read on the pages.

mod accept;
mod get;
mod pdf;
mod refuse;

use idproof_database::{Case, StoredLetter, Tx};
use idproof_domain::case::{CaseState, Step};
use idproof_domain::confirm::CodePurpose;
use idproof_domain::letter::{LetterContent, LetterError, LetterStep};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::CaseAccess;
use crate::problem::{Code, Problem};
use crate::service::Service;
use crate::v1::locked;
use crate::wire::{letter_state, time};

pub(crate) fn router() -> OpenApiRouter<Service> {
    OpenApiRouter::new()
        .routes(routes!(get::handler))
        .routes(routes!(accept::handler))
        .routes(routes!(refuse::handler))
        .routes(routes!(pdf::handler))
}

/// A registered letter.
#[derive(Serialize, ToSchema)]
pub struct LetterView {
    #[schema(schema_with = letter_state)]
    pub state: &'static str,
    #[schema(format = DateTime)]
    pub deposited_at: String,
    /// Until then it can be accepted or refused.
    #[schema(format = DateTime)]
    pub accept_until: String,
    /// Who carries it.
    pub provider: String,
    /// Whether it is opened here; otherwise it comes on paper.
    pub electronic: bool,
}

fn view(service: &Service, letter: &StoredLetter) -> LetterView {
    LetterView {
        state: letter.letter.code().as_str(),
        deposited_at: time(letter.letter.deposited_at()),
        accept_until: time(letter.letter.accept_until()),
        provider: letter.provider.clone(),
        electronic: is_electronic(service, letter),
    }
}

fn is_electronic(service: &Service, letter: &StoredLetter) -> bool {
    letter.provider == service.parts.electronic_provider
}

pub(crate) fn content(
    service: &Service,
    case: &Case,
    letter: &StoredLetter,
) -> Result<LetterContent, Problem> {
    let code = service
        .secrets()
        .code(CodePurpose::Activation, &case.id, &letter.nonce)?;
    let (settings, calendar) = (&service.parts.letters, &service.parts.calendar);
    Ok(letter.content(case, code, settings, calendar)?)
}

impl From<LetterError> for Problem {
    fn from(e: LetterError) -> Self {
        match e {
            LetterError::TooLate => Code::LetterLate.into(),
            LetterError::Invalid { .. } | LetterError::TooEarly => {
                Self::from(Code::InvalidState).detail(e.to_string())
            }
            LetterError::Inconsistent { .. } => {
                crate::problem::internal("a letter contradicts itself")
            }
            LetterError::Calendar(e) => e.into(),
        }
    }
}

/// The letter and its case, held until the transaction ends, if the letter is read here.
async fn held(
    service: &Service,
    tx: &mut Tx,
    access: &CaseAccess,
) -> Result<(Case, StoredLetter), Problem> {
    let case = locked(tx, &access.case.id).await?;
    let letter = tx
        .letter_of(&case.id)
        .await?
        .ok_or_else(|| Problem::from(Code::NotFound))?;
    if !is_electronic(service, &letter) {
        return Err(Code::LetterElsewhere.into());
    }
    Ok((case, letter))
}

/// Makes a step of the letter with its proof, and the case's step that goes with it.
async fn advance(
    service: &Service,
    tx: &mut Tx,
    case: &mut Case,
    letter: &mut StoredLetter,
    step: LetterStep,
    access: &CaseAccess,
) -> Result<(), Problem> {
    if case.state != CaseState::LetterSent {
        return Err(Code::InvalidState.into());
    }
    let now = service.now();
    let (next, proof) = letter.letter.step(step, now, &service.parts.calendar)?;
    letter.letter = next;
    let sealed = service
        .secrets()
        .seal_statement(&content(service, case, letter)?, &letter.letter, proof)
        .map_err(|e| {
            tracing::error!(error = %e, "a proof cannot be sealed");
            Problem::from(Code::Internal)
        })?;
    tx.save_letter(letter).await?;
    tx.insert_proof(&letter.id, proof, &sealed.body, &sealed.seal)
        .await?;
    let step = match step {
        LetterStep::Refuse => Step::LetterReturned { claimed: true },
        _ => Step::LetterOpened,
    };
    tx.step_and_tell(case, &step, &access.actor, now, service.random())
        .await?;
    Ok(())
}
