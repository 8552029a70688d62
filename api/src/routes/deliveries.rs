//! Handlers: deliveries.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List deliveries
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "deliveries",
    params(ListQuery),
    responses((status = 200, description = "The deliveries", body = DeliveryPage)),
)]
pub(crate) async fn list_deliveries(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read a delivery
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}",
    tag = "deliveries",
    params(("id" = String, Path, description = "GitHub's id of the delivery")),
    responses((status = 200, description = "The delivery", body = Delivery)),
)]
pub(crate) async fn get_delivery(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Ask for a delivery to be worked on again
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/replay",
    tag = "deliveries",
    params(("id" = String, Path, description = "GitHub's id of the delivery")),
    responses((status = 202, description = "It will be", body = Delivery)),
)]
pub(crate) async fn replay_delivery(
    State(_state): State<ApiState>,
    _operator: Operator,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
