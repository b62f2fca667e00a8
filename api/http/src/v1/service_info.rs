use axum::Json;
use axum::extract::State;
use idproof_domain::Language;
use idproof_domain::branding::Branding;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::problem::Problem;
use crate::service::Service;
use crate::wire;

/// What pages need before a case exists.
#[derive(Serialize, ToSchema)]
pub struct ServiceInfo {
    /// The service's name as applicants read it, or that of their case's organisation.
    pub name: String,
    /// How the organisation of the applicant's case appears, where that is set.
    pub organisation: Option<OrganisationView>,
    #[schema(schema_with = languages)]
    pub languages: [&'static str; 2],
    /// Whether a case may be opened without a key.
    pub open: bool,
    /// The consent text that is current.
    pub consent_version: String,
    pub support: Support,
    pub contacts: Contacts,
    /// Whether a picture of the document may be a file.
    pub file_upload: bool,
    pub retention_hours: Retention,
    pub limits: UploadLimits,
    /// What an applicant may ask to be spared; each leads to a person.
    #[schema(schema_with = adaptations)]
    pub accessible: [&'static str; 4],
}

fn languages() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(wire::language())
}

fn adaptations() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::Array::new(wire::adaptation())
}

/// How an organisation appears.
#[derive(Serialize, ToSchema)]
pub struct OrganisationView {
    /// White text can be read on it, and it on the pages.
    #[schema(pattern = "^#[0-9a-f]{6}$")]
    pub colour: Option<String>,
    /// Where the applicant goes when nothing is left to do.
    pub return_url: Option<String>,
}

/// Who helps, as shown.
#[derive(Serialize, ToSchema)]
pub struct Support {
    pub phone: Option<String>,
    pub email: Option<String>,
    pub hours: Option<String>,
}

/// Which contacts must be confirmed.
#[derive(Serialize, ToSchema)]
pub struct Contacts {
    pub email: bool,
    pub phone: bool,
}

/// How long pictures are kept.
#[derive(Serialize, ToSchema)]
pub struct Retention {
    /// After the verdict.
    pub media: i64,
    /// After the last activity in a case that is never handed in.
    pub abandoned: i64,
}

/// What an upload may measure.
#[derive(Serialize, ToSchema)]
pub struct UploadLimits {
    pub chunk_bytes: u64,
    pub chunks: i64,
    pub document_bytes: u64,
    pub video_bytes: u64,
}

/// Media are deleted so long after the verdict, and after the last activity.
const MEDIA_HOURS: i64 = 72;

/// What the service asks and whom to ask for help
///
/// Public. With an applicant's token, name, support and appearance are those of the organisation
/// whose case it is, where it has set them.
#[utoipa::path(get, path = "/v1/service", tag = "Public", operation_id = "getService",
    responses((status = 200, body = ServiceInfo)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<ServiceInfo>, Problem> {
    let own = of_caller(&service, &caller).await?;
    let (language, own) = own.unwrap_or((Language::Fr, Branding::default()));
    // What was set under a milder rule is not shown.
    let colour = own.colour.filter(|colour| colour.readable());
    let enrolment = &service.parts.enrolment;
    let limits = &service.parts.limits;
    let ask = own.support;
    let asks = ask != Default::default();
    Ok(Json(ServiceInfo {
        name: own.name.unwrap_or_else(|| enrolment.name.clone()),
        organisation: (colour.is_some() || own.return_url.is_some()).then(|| OrganisationView {
            colour: colour.map(Into::into),
            return_url: own.return_url,
        }),
        languages: ["fr", "en"],
        open: enrolment.open,
        consent_version: enrolment.consent_version.clone(),
        support: if asks {
            Support {
                hours: ask.words(language).map(str::to_owned),
                phone: ask.phone,
                email: ask.email,
            }
        } else {
            Support {
                phone: enrolment.support_phone.clone(),
                email: enrolment.support_email.clone(),
                hours: enrolment.support_hours.clone(),
            }
        },
        contacts: Contacts {
            email: enrolment.email,
            phone: enrolment.phone,
        },
        file_upload: enrolment.file_upload,
        retention_hours: Retention {
            media: MEDIA_HOURS,
            abandoned: MEDIA_HOURS,
        },
        limits: UploadLimits {
            chunk_bytes: limits.chunk_bytes,
            chunks: limits.chunks,
            document_bytes: limits.document_bytes,
            video_bytes: limits.video_bytes,
        },
        accessible: ["no_speech", "sign", "no_head", "more_time"],
    }))
}

/// How the organisation appears whose case the caller has the token of, and in which language.
async fn of_caller(
    service: &Service,
    caller: &Caller,
) -> Result<Option<(Language, Branding)>, Problem> {
    let Caller::Applicant(holder) = caller else {
        return Ok(None);
    };
    let Some(case) = service.database().case(&holder.token.case).await? else {
        return Ok(None);
    };
    let branding = service.database().branding(&case.organisation).await?;
    Ok(branding.map(|own| (case.language, own)))
}
