use axum::Json;
use axum::extract::State;
use idproof_domain::document_kind::{DocumentKind, Shape};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Service;
use crate::wire::{Label, SideView, document_type};

/// A kind of document that is taken.
#[derive(Serialize, ToSchema)]
pub struct DocumentType {
    #[schema(schema_with = document_type)]
    pub code: &'static str,
    pub label: Label,
    /// The sides to photograph.
    pub sides: Vec<SideView>,
    pub shape: ShapeView,
    /// Whether a picture may be a file instead of a photograph taken now.
    pub file_upload: bool,
}

/// What the document is to hold.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShapeView {
    Card,
    Booklet,
}

/// Which documents are taken
///
/// Public.
#[utoipa::path(get, path = "/v1/policy/documents", tag = "Public", operation_id = "listDocumentTypes",
    responses((status = 200, body = Vec<DocumentType>)))]
pub(crate) async fn handler(State(service): State<Service>) -> Json<Vec<DocumentType>> {
    let enrolment = &service.parts.enrolment;
    let view = |kind: &DocumentKind| DocumentType {
        code: kind.as_str(),
        label: kind.label().into(),
        sides: kind.sides().iter().map(|s| (*s).into()).collect(),
        shape: match kind.shape() {
            Shape::Card => ShapeView::Card,
            Shape::Booklet => ShapeView::Booklet,
        },
        file_upload: enrolment.file_upload,
    };
    Json(enrolment.documents.iter().map(view).collect())
}
