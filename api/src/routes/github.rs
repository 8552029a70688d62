//! Handlers: github.

use axum::extract::State;
use axum::response::Response;
#[allow(unused_imports, reason="draft")]
use uuid::Uuid;
#[allow(unused_imports, reason="draft")]
use crate::auth::{Admin, Operator, Viewer};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::*;

/// How this Berth stands with GitHub
#[utoipa::path(
    get,
    path = "/api/v1/github",
    tag = "github",
    responses((status = 200, description = "The App and its installations", body = Github)),
)]
pub(crate) async fn get_github(
    State(_state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Begin to make the App: a form for the browser to post to GitHub
#[utoipa::path(
    post,
    path = "/api/v1/github/manifest",
    tag = "github",
    request_body = ManifestRequest,
    responses((status = 200, description = "The form", body = ManifestForm)),
)]
pub(crate) async fn create_manifest(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Finish making the App, with the code that GitHub sent back
#[utoipa::path(
    post,
    path = "/api/v1/github/app",
    tag = "github",
    request_body = ManifestCode,
    responses((status = 201, description = "The App", body = GithubApp)),
)]
pub(crate) async fn create_app(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Begin to install the App: where to send the browser
#[utoipa::path(
    post,
    path = "/api/v1/github/install",
    tag = "github",
    responses((status = 200, description = "The page on GitHub", body = Link)),
)]
pub(crate) async fn create_install_link(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}

/// Read an installation from GitHub, with its repositories
#[utoipa::path(
    post,
    path = "/api/v1/github/installations",
    tag = "github",
    request_body = InstallationClaim,
    responses((status = 201, description = "The installation", body = Installation)),
)]
pub(crate) async fn claim_installation(
    State(_state): State<ApiState>,
    _admin: Admin,
) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
