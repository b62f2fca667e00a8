use axum::Json;
use axum::extract::State;
use axum::http::{Extensions, StatusCode};
use idproof_database::{ApiKey, Case, DatabaseError, NewCase, SandboxOutcome, Scope};
use idproof_domain::Language;
use idproof_domain::case::Actor;
use idproof_domain::document_kind::DocumentKind;
use idproof_domain::ids::{CaseId, OrganisationId};
use idproof_vault::WrappedKey;
use serde::Deserialize;
use utoipa::ToSchema;

use super::consent::{self, ConsentBody};
use super::new_token;
use super::view::{OpenedCase, opened, view};
use crate::auth::{Caller, Integrator};
use crate::json;
use crate::layers::admission::{client_of, too_often};
use crate::limits::Origin;
use crate::problem::{Code, FieldError, Problem};
use crate::service::Service;
use crate::wire::{document_type_or_none, language};

/// What a case begins with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCaseBody {
    #[schema(schema_with = language)]
    language: String,
    /// The integrator's own name for the case, at most 200 characters. With a key only.
    #[serde(default)]
    #[schema(max_length = 200)]
    reference: Option<String>,
    #[serde(default)]
    #[schema(schema_with = document_type_or_none)]
    document_type: Option<String>,
    #[serde(default, deserialize_with = "json::object")]
    consent: Option<ConsentBody>,
    /// The outcome a sandbox case is to have. With a test key only.
    #[serde(default)]
    sandbox_outcome: Option<Outcome>,
}

/// How a sandbox case ends.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Accept,
    Review,
    Refuse,
    Retake,
}

impl From<Outcome> for SandboxOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Accept => Self::Accept,
            Outcome::Review => Self::Review,
            Outcome::Refuse => Self::Refuse,
            Outcome::Retake => Self::Retake,
        }
    }
}

struct Wanted {
    language: Language,
    reference: Option<String>,
    document: Option<DocumentKind>,
    outcome: Option<SandboxOutcome>,
    consent: Option<ConsentBody>,
}

/// An integrator's own name for a case.
pub(crate) fn check_reference(reference: &str) -> Option<FieldError> {
    let wrong = |code, detail: &str| Some(FieldError::new("/reference", code, detail));
    if reference.is_empty() || reference.chars().count() > 200 {
        wrong("length", "1 to 200 characters")
    } else if reference.contains(char::is_control) {
        wrong("not_accepted", "no control characters")
    } else {
        None
    }
}

impl NewCaseBody {
    fn check(self, key: Option<&ApiKey>, service: &Service) -> Result<Wanted, Problem> {
        let mut errors = Vec::new();
        let language = self.language.parse().ok();
        if language.is_none() {
            errors.push(FieldError::new("/language", "not_accepted", "`fr` or `en`"));
        }
        if let Some(reference) = &self.reference {
            if key.is_none() {
                let detail = "only an integrator names its cases";
                errors.push(FieldError::new("/reference", "not_allowed", detail));
            } else {
                errors.extend(check_reference(reference));
            }
        }
        let sandbox = key.is_some_and(|k| k.sandbox);
        if self.sandbox_outcome.is_some() && !sandbox {
            let detail = "outcomes are forced with a test key only";
            errors.push(FieldError::new("/sandbox_outcome", "not_allowed", detail));
        }
        let document = self.document_type.as_deref().and_then(|text| {
            let kind = super::identity::accepted(service, text);
            if kind.is_none() {
                let detail = "see /v1/policy/documents";
                errors.push(FieldError::new("/document_type", "not_accepted", detail));
            }
            kind
        });
        match (language, errors.is_empty()) {
            (Some(language), true) => Ok(Wanted {
                language,
                reference: self.reference,
                document,
                outcome: self.sandbox_outcome.map(Into::into),
                consent: self.consent,
            }),
            _ => Err(Problem::invalid(errors)),
        }
    }
}

/// Open a case
///
/// Without a key only where the service is open to everybody (`open` of `/v1/service`), and only
/// so many an hour from one address. The token in the answer is shown this once.
#[utoipa::path(post, path = "/v1/cases", tag = "Cases", operation_id = "openCase",
    request_body = NewCaseBody,
    responses((status = 201, body = OpenedCase)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Caller,
    extensions: Extensions,
    json::Json(body): json::Json<NewCaseBody>,
) -> Result<(StatusCode, Json<OpenedCase>), Problem> {
    let key = match caller {
        Caller::Integrator(key) => {
            Integrator(key.clone()).with(Scope::CasesWrite)?;
            Some(key)
        }
        Caller::Nobody if service.parts.enrolment.open => None,
        _ => return Err(Code::Unauthorized.into()),
    };
    let wanted = body.check(key.as_deref(), &service)?;
    let consent = wanted
        .consent
        .as_ref()
        .map(|body| consent::check(&service, body))
        .transpose()?;
    if key.is_none()
        && let Some(client) = client_of(&extensions)
    {
        let origin = Origin::from(client.0);
        service.rates.opening.ask(&origin).map_err(too_often)?;
    }
    let owner = match key.as_deref() {
        Some(key) => Owner {
            organisation: key.organisation.clone(),
            sandbox: key.sandbox,
            actor: Actor::Integrator(key.id.to_string()),
        },
        None => Owner {
            organisation: service.own.clone(),
            sandbox: false,
            actor: Actor::Applicant,
        },
    };
    let (case, token) = create(&service, &owner, wanted, consent).await?;
    let seen = view(&service, &case).await?;
    Ok((StatusCode::CREATED, Json(opened(&service, seen, token))))
}

/// Whose a case is to be, and who opens it.
struct Owner {
    organisation: OrganisationId,
    sandbox: bool,
    actor: Actor,
}

/// Opens a case of the sandbox for somebody who has no key; returns it with its token.
pub(crate) async fn open_sandbox(
    service: &Service,
    organisation: OrganisationId,
    actor: Actor,
    language: Language,
    reference: Option<String>,
    outcome: SandboxOutcome,
) -> Result<(Case, String), Problem> {
    let owner = Owner {
        organisation,
        sandbox: true,
        actor,
    };
    let wanted = Wanted {
        language,
        reference,
        document: None,
        outcome: Some(outcome),
        consent: None,
    };
    create(service, &owner, wanted, None).await
}

/// Makes the case's keys, then the case. What does not reach the database leaves no key.
async fn create(
    service: &Service,
    owner: &Owner,
    wanted: Wanted,
    consent: Option<String>,
) -> Result<(Case, String), Problem> {
    let id = CaseId::new(service.now(), service.id_bytes());
    let wrapped = service.vault().new_case(&id).await?;
    let inserted = insert(service, owner, wanted, consent, &id, &wrapped).await;
    if inserted.is_err() {
        service.vault().destroy_case(&id).await?;
    }
    inserted
}

async fn insert(
    service: &Service,
    owner: &Owner,
    wanted: Wanted,
    consent: Option<String>,
    id: &CaseId,
    wrapped: &WrappedKey,
) -> Result<(Case, String), Problem> {
    let now = service.now();
    let mut new = NewCase {
        id: id.clone(),
        organisation: owner.organisation.clone(),
        reference: wanted.reference,
        number: String::new(),
        language: wanted.language,
        sandbox: owner.sandbox,
        sandbox_outcome: wanted.outcome,
        now_ms: now,
    };
    // Ten digits are drawn again where another case has them.
    for _ in 0..5 {
        new.number = number(service);
        let mut tx = service.database().begin().await?;
        let mut case = match tx.insert_case(new.clone(), &owner.actor).await {
            Err(DatabaseError::Exists(_)) => continue,
            other => other?,
        };
        tx.insert_case_key(id, wrapped.as_str(), now).await?;
        if wanted.document.is_some() || consent.is_some() {
            case.document_type = wanted.document.map(|d| d.as_str().to_owned());
            if let Some(consent) = consent {
                consent::note(&mut tx, &mut case, consent, &owner.actor, now);
            }
            tx.save_case(&mut case).await?;
        }
        let token = new_token(service, &mut tx, &case).await?;
        tx.commit().await?;
        return Ok((case, token));
    }
    Err(crate::problem::internal("no free case number was found"))
}

/// Digits in groups, as people read them out: `4821-0937-55`.
fn number(service: &Service) -> String {
    let digits = format!("{:05}{:05}", service.lot(100_000), service.lot(100_000));
    format!("{}-{}-{}", &digits[..4], &digits[4..8], &digits[8..])
}
