//! What a deployment would do, before there is one.

use axum::Json;
use axum::extract::State;
use berth_store::Error;
use berth_store::dry_runs;
use berth_store::intent::Intent;
use http::StatusCode;

use crate::auth::{Operator, Viewer};
use crate::extract::Path;
use crate::problem::{Problem, Result};
use crate::routes::shape;
use crate::state::ApiState;
use crate::types::DryRun;

/// Read a stack's last dry run
///
/// The answer is of the time that it names: what was pushed, or changed on the
/// Swarm, since is not in it.
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/dry-run",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 200, description = "The dry run, if there was one", body = DryRun)),
)]
pub(crate) async fn get_dry_run(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Json<DryRun>> {
    let last = dry_runs::last(&state.pool, &name).await?;
    Ok(Json(shape::dry_run(last)))
}

/// Ask what a deployment would do
///
/// It is found out of what deploying anew takes: the commit and the compose file
/// of the newest deployment, as registries, the Swarm and the environment are now.
/// The stream tells of the stack once there is an answer. Nothing is deployed,
/// built or changed, and GitHub is told nothing. While one is being found out,
/// asking again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/dry-run",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 202, description = "It will be answered", body = DryRun)),
)]
pub(crate) async fn start_dry_run(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<DryRun>)> {
    let mut db = Intent::begin(&state.pool).await?;
    dry_runs::ask(&mut *db, &name, &who.account.name).await.map_err(nothing_to_run)?;
    let last = dry_runs::last(&mut *db, &name).await?;
    db.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(shape::dry_run(last))))
}

/// Says why there is no dry run.
fn nothing_to_run(err: Error) -> Problem {
    let Error::Conflict { what } = err else { return err.into() };
    Problem::conflict(match what {
        "deployment" => "Nothing was ever deployed here, so nothing says what would be.",
        _ => "This stack is being removed.",
    })
}
