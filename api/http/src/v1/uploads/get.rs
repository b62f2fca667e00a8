use axum::Json;
use axum::extract::State;

use super::{UploadView, view};
use crate::auth::UploadAccess;
use crate::problem::Problem;
use crate::service::Service;

/// What has come of an upload
///
/// After a break: what is not in `received` is to be sent again.
#[utoipa::path(get, path = "/v1/uploads/{id}", tag = "Uploads", operation_id = "getUpload",
    params(("id" = String, Path, description = "The upload")),
    responses((status = 200, body = UploadView)))]
pub(crate) async fn handler(
    State(service): State<Service>,
    access: UploadAccess,
) -> Result<Json<UploadView>, Problem> {
    let chunks = service.database().chunks_of(&access.upload.id).await?;
    Ok(Json(view(&service, &access.upload, &chunks)))
}
