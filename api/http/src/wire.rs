//! What several endpoints say and hear. Converted explicitly from and to the domain's types.

use idproof_database::notices::{WEBHOOK_EVENTS, rfc3339};
use idproof_database::{Case, Upload, UploadKind, UploadState};
use idproof_domain::case::CaseState;
use idproof_domain::challenge::{Adaptation, Direction};
use idproof_domain::document_kind::{DocumentKind, Side};
use idproof_domain::letter::LetterCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

fn one_of(values: impl IntoIterator<Item = &'static str>) -> Object {
    let values: Vec<&str> = values.into_iter().collect();
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(values))
        .build()
}

pub(crate) fn case_state() -> Object {
    one_of(CaseState::ALL.iter().map(|s| s.as_str()))
}

pub(crate) fn upload_kind() -> Object {
    one_of(UploadKind::ALL.iter().map(|k| k.as_str()))
}

pub(crate) fn upload_state() -> Object {
    one_of(UploadState::ALL.iter().map(|s| s.as_str()))
}

pub(crate) fn language() -> Object {
    one_of(["fr", "en"])
}

pub(crate) fn head_direction() -> Object {
    one_of([Direction::Left, Direction::Right, Direction::Up].map(Direction::as_str))
}

pub(crate) fn document_type() -> Object {
    one_of(DocumentKind::ALL.iter().map(|k| k.as_str()))
}

/// The same where there may be none.
pub(crate) fn document_type_or_none() -> Object {
    let kinds = DocumentKind::ALL.iter().map(|k| k.as_str().into());
    let values: Vec<Value> = kinds.chain([Value::Null]).collect();
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(values))
        .build()
}

pub(crate) fn letter_state() -> Object {
    one_of(LetterCode::ALL.iter().map(|s| s.as_str()))
}

pub(crate) fn webhook_event() -> Object {
    one_of(WEBHOOK_EVENTS.iter().copied().chain(["*"]))
}

pub(crate) fn adaptation() -> Object {
    one_of(["no_speech", "sign", "no_head", "more_time"])
}

/// `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn time(ms: i64) -> String {
    rfc3339(ms)
}

/// A text in both languages.
#[derive(Serialize, ToSchema)]
pub struct Label {
    pub fr: &'static str,
    pub en: &'static str,
}

impl From<(&'static str, &'static str)> for Label {
    fn from((fr, en): (&'static str, &'static str)) -> Self {
        Self { fr, en }
    }
}

/// A side of a document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SideView {
    Front,
    Back,
}

impl From<Side> for SideView {
    fn from(side: Side) -> Self {
        match side {
            Side::Front => Self::Front,
            Side::Back => Self::Back,
        }
    }
}

/// An address or a number, mostly hidden.
#[derive(Serialize, ToSchema)]
pub struct ContactView {
    #[schema(example = "a…@example.org")]
    pub masked: String,
    pub confirmed: bool,
}

pub(crate) fn mask_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

pub(crate) fn mask_phone(number: &str) -> String {
    let chars: Vec<char> = number.chars().collect();
    let shown: String = chars.iter().take(3).collect();
    let last: String = chars.iter().skip(chars.len().saturating_sub(2)).collect();
    format!("{shown} ••• •• {last}")
}

/// What was consented to.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ConsentView {
    /// Of the text.
    pub version: String,
    /// Whether a program may compare face and voice. Without, a person looks at the recording.
    pub biometrics: bool,
    #[schema(format = DateTime)]
    pub at: String,
}

pub(crate) fn consent_of(case: &Case) -> Option<ConsentView> {
    case.consent
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
}

/// A file of a case, in short.
#[derive(Serialize, ToSchema)]
pub struct UploadSummary {
    pub id: String,
    #[schema(schema_with = upload_kind)]
    pub kind: &'static str,
    #[schema(schema_with = upload_state)]
    pub state: &'static str,
    pub challenge_id: Option<String>,
}

impl From<&Upload> for UploadSummary {
    fn from(upload: &Upload) -> Self {
        Self {
            id: upload.id.to_string(),
            kind: upload.kind.as_str(),
            state: upload.state.as_str(),
            challenge_id: upload.challenge.as_ref().map(ToString::to_string),
        }
    }
}

/// What the applicant asked to be spared; every one leads to a person, none to a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AdaptationWish {
    NoSpeech,
    Sign,
    NoHead,
    MoreTime,
}

impl From<AdaptationWish> for Adaptation {
    fn from(wish: AdaptationWish) -> Self {
        match wish {
            AdaptationWish::NoSpeech => Self::NoSpeech,
            AdaptationWish::Sign => Self::Sign,
            AdaptationWish::NoHead => Self::NoHead,
            AdaptationWish::MoreTime => Self::MoreTime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_show_little() {
        assert_eq!(mask_email("ada.lovelace@example.org"), "a…@example.org");
        assert_eq!(mask_email("é@x.fr"), "é…@x.fr");
        assert_eq!(mask_phone("+33612345678"), "+33 ••• •• 78");
        assert_eq!(mask_phone(""), " ••• •• ");
    }
}
