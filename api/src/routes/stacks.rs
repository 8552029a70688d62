//! Handlers: stacks.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List stacks
#[utoipa::path(
    get,
    path = "/api/v1/stacks",
    tag = "stacks",
    params(StackQuery),
    responses((status = 200, description = "The stacks", body = StackPage)),
)]
pub(crate) async fn list_stacks(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read a stack
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 200, description = "The stack", body = Stack)),
)]
pub(crate) async fn get_stack(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Ask for a stack to be removed, with its volumes
#[utoipa::path(
    delete,
    path = "/api/v1/stacks/{name}",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 202, description = "It will be", body = StackSummary)),
)]
pub(crate) async fn delete_stack(
    State(_state): State<ApiState>,
    _operator: Operator,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
