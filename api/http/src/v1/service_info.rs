use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Service;
use crate::wire;

/// What pages need before a case exists.
#[derive(Serialize, ToSchema)]
pub struct ServiceInfo {
    /// The service's name as applicants read it.
    pub name: String,
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
/// Public.
#[utoipa::path(get, path = "/v1/service", tag = "Public", operation_id = "getService",
    responses((status = 200, body = ServiceInfo)))]
pub(crate) async fn handler(State(service): State<Service>) -> Json<ServiceInfo> {
    let enrolment = &service.parts.enrolment;
    let limits = &service.parts.limits;
    Json(ServiceInfo {
        name: enrolment.name.clone(),
        languages: ["fr", "en"],
        open: enrolment.open,
        consent_version: enrolment.consent_version.clone(),
        support: Support {
            phone: enrolment.support_phone.clone(),
            email: enrolment.support_email.clone(),
            hours: enrolment.support_hours.clone(),
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
    })
}
