//! Handlers: deployments.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List a stack's deployments
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/deployments",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name"), ListQuery),
    responses((status = 200, description = "The deployments", body = DeploymentPage)),
)]
pub(crate) async fn list_deployments(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Deploy a stack anew
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/deployments",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name")),
    request_body = Redeploy,
    responses((status = 201, description = "The deployment", body = Deployment)),
)]
pub(crate) async fn create_deployment(
    State(_state): State<ApiState>,
    _operator: Operator,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read a deployment
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/deployments/{number}",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name"), ("number" = i64, Path, description = "The deployment's number within the stack")),
    responses((status = 200, description = "The deployment", body = Deployment)),
)]
pub(crate) async fn get_deployment(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Ask for a deployment to be stopped
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/cancel",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    responses((status = 202, description = "It will be", body = Deployment)),
)]
pub(crate) async fn cancel_deployment(
    State(_state): State<ApiState>,
    _operator: Operator,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read a deployment's build log
#[utoipa::path(
    get,
    path = "/api/v1/deployments/{id}/log",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id"), LogQuery),
    responses((status = 200, description = "The lines", body = LogPage)),
)]
pub(crate) async fn get_build_log(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
