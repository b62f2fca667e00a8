//! A case as its applicant and its integrator see it.

use idproof_database::{Case, UploadState};
use idproof_domain::confirm::CodePurpose;
use idproof_domain::document_kind::DocumentKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::identity::Identity;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire::{
    ConsentView, ContactView, SideView, UploadSummary, case_state, consent_of,
    document_type_or_none, language, mask_email, mask_phone, time,
};

/// A case.
#[derive(Serialize, ToSchema)]
pub struct CaseView {
    #[schema(pattern = "^case_[0-9a-z]{26}$")]
    pub id: String,
    /// What the applicant quotes on the telephone.
    #[schema(example = "4821-0937-55")]
    pub number: String,
    /// The integrator's own name for it.
    pub reference: Option<String>,
    pub sandbox: bool,
    #[schema(schema_with = case_state)]
    pub state: &'static str,
    #[schema(schema_with = language)]
    pub language: &'static str,
    /// From 1; counts up with each retake.
    pub attempt: u32,
    pub consent: Option<ConsentView>,
    /// The address that is confirmed, or else the one a code was sent to.
    pub email: Option<ContactView>,
    /// The number that is confirmed, or else the one a code was sent to.
    pub phone: Option<ContactView>,
    #[schema(schema_with = document_type_or_none)]
    pub document_type: Option<String>,
    /// The sides of that document to photograph.
    pub sides: Vec<SideView>,
    pub identity: Option<Identity>,
    /// Those of this attempt that were not discarded.
    pub uploads: Vec<UploadSummary>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub last_activity_at: String,
    /// When a token that is used now ends.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// A case and the token that leads back to it.
#[derive(Serialize, ToSchema)]
pub struct OpenedCase {
    pub case: CaseView,
    /// The continuation token: shown once.
    #[schema(pattern = "^idc_[0-9A-Za-z_-]{43}$")]
    pub token: String,
    /// Where the applicant goes on; holds the token behind its `#`.
    pub continue_url: String,
}

pub(crate) fn opened(service: &Service, case: CaseView, token: String) -> OpenedCase {
    OpenedCase {
        continue_url: format!("{}/continue#{token}", service.parts.http.public_url),
        case,
        token,
    }
}

pub(crate) async fn view(service: &Service, case: &Case) -> Result<CaseView, Problem> {
    let database = service.database();
    let pending = async |purpose| -> Result<Option<String>, Problem> {
        let code = database.code(&case.id, purpose).await?;
        Ok(code.and_then(|c| c.target))
    };
    let contact =
        |confirmed: &Option<String>, pending: Option<String>, mask: fn(&str) -> String| {
            let (address, confirmed) = match (confirmed, &pending) {
                (Some(address), _) => (address, true),
                (None, Some(address)) => (address, false),
                (None, None) => return None,
            };
            Some(ContactView {
                masked: mask(address),
                confirmed,
            })
        };
    let uploads = database.uploads_of(&case.id, case.attempt).await?;
    let kind: Option<DocumentKind> = case.document_type.as_deref().and_then(|t| t.parse().ok());
    Ok(CaseView {
        id: case.id.to_string(),
        number: case.number.clone(),
        reference: case.reference.clone(),
        sandbox: case.sandbox,
        state: case.state.as_str(),
        language: case.language.code(),
        attempt: case.attempt,
        consent: consent_of(case),
        email: contact(&case.email, pending(CodePurpose::Email).await?, mask_email),
        phone: contact(&case.phone, pending(CodePurpose::Phone).await?, mask_phone),
        document_type: case.document_type.clone(),
        sides: kind
            .map(|k| k.sides().iter().map(|s| (*s).into()).collect())
            .unwrap_or_default(),
        identity: Identity::of(case),
        uploads: uploads
            .iter()
            .filter(|u| u.state != UploadState::Discarded)
            .map(Into::into)
            .collect(),
        created_at: time(case.created_at),
        last_activity_at: time(case.last_activity_at),
        expires_at: time(service.token_end(case.state, service.now())),
    })
}
