//! Handlers: tokens.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List one's own API tokens
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "session",
    responses((status = 200, description = "The tokens", body = ApiTokenPage)),
)]
pub(crate) async fn list_tokens(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Make an API token
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "session",
    request_body = NewApiToken,
    responses((status = 201, description = "The token, shown this once", body = CreatedApiToken)),
)]
pub(crate) async fn create_token(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Revoke an API token
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    tag = "session",
    params(("id" = Uuid, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")),
)]
pub(crate) async fn delete_token(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
