//! Handlers: session.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// Log in
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "session",
    request_body = Login,
    responses((status = 200, description = "Logged in; the cookie is set", body = Session)),
    security(()),
)]
pub(crate) async fn log_in(
    State(_state): State<ApiState>,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Make the first account with the one-time setup link
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    tag = "session",
    request_body = Setup,
    responses((status = 201, description = "Made, and logged in; the cookie is set", body = Session)),
    security(()),
)]
pub(crate) async fn set_up(
    State(_state): State<ApiState>,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Who is logged in
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 200, description = "The person", body = Session)),
)]
pub(crate) async fn get_session(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Log out
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "session",
    responses((status = 204, description = "Logged out")),
)]
pub(crate) async fn log_out(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
