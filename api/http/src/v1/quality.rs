use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::Service;

/// What a picture is measured by before it is taken.
#[derive(Serialize, ToSchema)]
pub struct Quality {
    /// Pixels a millimetre of the document, at least.
    pub resolution_min: f64,
    /// Share of the document that may be blurred, 0 to 1.
    pub blur_max: f64,
    /// Share of the document that may be overexposed by glare, 0 to 1.
    pub glare_max: f64,
    /// Brightness, 0 to 255, above which its darkest parts are too pale.
    pub dark_end_max: f64,
    /// Brightness, 0 to 255, below which its lightest parts are too dark.
    pub light_end_min: f64,
}

/// What pictures are measured by
///
/// Public.
#[utoipa::path(get, path = "/v1/quality", tag = "Public", operation_id = "getQuality",
    responses((status = 200, body = Quality)))]
pub(crate) async fn handler(State(service): State<Service>) -> Json<Quality> {
    let capture = service.parts.capture;
    Json(Quality {
        resolution_min: capture.resolution_min,
        blur_max: capture.blur_max,
        glare_max: capture.glare_max,
        dark_end_max: capture.dark_end_max,
        light_end_min: capture.light_end_min,
    })
}
