//! Handlers: repositories.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List the repositories that installations let us see
#[utoipa::path(
    get,
    path = "/api/v1/repositories",
    tag = "github",
    params(ListQuery),
    responses((status = 200, description = "The repositories", body = RepositoryPage)),
)]
pub(crate) async fn list_repositories(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
