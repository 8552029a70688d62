//! Handlers: rules.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// List rules
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    tag = "rules",
    params(RuleQuery),
    responses((status = 200, description = "The rules", body = RulePage)),
)]
pub(crate) async fn list_rules(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Write a rule
#[utoipa::path(
    post,
    path = "/api/v1/rules",
    tag = "rules",
    request_body = RuleDraft,
    responses((status = 201, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn create_rule(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read a rule
#[utoipa::path(
    get,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(("id" = Uuid, Path, description = "The rule's id")),
    responses((status = 200, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn get_rule(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Change a rule
#[utoipa::path(
    put,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(("id" = Uuid, Path, description = "The rule's id"), ("if-match" = String, Header, description = "The `ETag` of the rule as it was read")),
    request_body = RuleDraft,
    responses((status = 200, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn update_rule(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Remove a rule
#[utoipa::path(
    delete,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(("id" = Uuid, Path, description = "The rule's id"), ("if-match" = String, Header, description = "The `ETag` of the rule as it was read")),
    responses((status = 204, description = "Removed")),
)]
pub(crate) async fn delete_rule(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
