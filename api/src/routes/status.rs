//! Handlers: status.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// Whether this process is alive
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "status",
    responses((status = 200, description = "It is", body = Alive)),
    security(()),
)]
pub(crate) async fn get_alive(
    State(_state): State<ApiState>,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Whether this Berth can do its work
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "status",
    responses((status = 200, description = "It can", body = Readiness), (status = 503, description = "It can't", body = Readiness)),
    security(()),
)]
pub(crate) async fn get_readiness(
    State(_state): State<ApiState>,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// How this Berth is
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "status",
    responses((status = 200, description = "How it is", body = Status)),
)]
pub(crate) async fn get_status(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
