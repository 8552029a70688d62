//! How stacks came to be what they are.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use berth_domain::ids::DeploymentId;
use berth_store::Error;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::views::deployments::{self, DeploymentView, LogLineView};
use berth_store::views::events;
use http::{HeaderValue, StatusCode, header};
use uuid::Uuid;

use crate::auth::{Admin, Identity, Operator, Viewer};
use crate::extract::{Json as Body, OptionalJson, Path, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::{Problem, Result};
use crate::routes::{settings, shape};
use crate::state::ApiState;
use crate::types::{
    Because, Deployment, DeploymentPage, DeploymentStory, ListQuery, LogLine, LogPage, LogQuery,
    LogSource, Redeploy, Restart, Rollback,
};

/// A deployment that was made, and where it is.
type Made = (StatusCode, [(header::HeaderName, HeaderValue); 1], Json<Deployment>);

/// How many lines of a build log come at once where nobody says.
const LINES: u16 = 1000;
/// How many may.
const LINES_MAX: u16 = 2000;

/// List a stack's deployments
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/deployments",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name"), ListQuery),
    responses((status = 200, description = "The deployments, newest first", body = DeploymentPage)),
)]
pub(crate) async fn list_deployments(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeploymentPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = pagination::decode(query.cursor.as_deref())?;
    let stack = deployments::stack_id(&state.pool, &name).await?;
    let rows = deployments::list(&state.pool, stack, before, limit).await?;
    let key = |row: &DeploymentView| row.number;
    Ok(Json(Page::cut(rows, limit, key, shape::deployment).into()))
}

/// Deploy a stack anew
///
/// It takes over from a deployment that goes on.
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/deployments",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name")),
    request_body = Redeploy,
    responses((status = 201, description = "The deployment", body = Deployment)),
)]
pub(crate) async fn create_deployment(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
    OptionalJson(redeploy): OptionalJson<Redeploy>,
) -> Result<Made> {
    let sha = redeploy.sha.as_deref();
    let is_sha = |sha: &str| {
        sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    if sha.is_some_and(|sha| !is_sha(sha)) {
        return Err(Problem::invalid_field(
            "/sha",
            "A commit is named by all 40 digits of its SHA.",
        ));
    }
    let why = format!("{} asked for it", who.account.name);
    let mut db = Intent::begin(&state.pool).await?;
    let made = berth_store::deployments::again(&mut *db, &name, sha, who.account.id, &why).await;
    let (_stack, created) =
        made.map_err(|err| conflict(err, "This stack is being removed, or was never deployed."))?;
    let act = NewAct::on_stack(Actor::Person(&who.account), Kind::Deployed, &name);
    acts::record(&mut *db, act.numbered(created.number)).await?;
    db.commit().await?;
    created_at(&state, created.id).await
}

/// Go back to what a deployment brought
///
/// A new deployment applies that one's release as it is kept: the same images by
/// digest, configs, secrets and variables. Nothing is fetched, built or rendered.
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/rollback",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name")),
    request_body = Rollback,
    responses((status = 201, description = "The deployment", body = Deployment)),
)]
pub(crate) async fn roll_back(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
    Body(target): Body<Rollback>,
) -> Result<Made> {
    let (id, by) = (who.account.id, &who.account.name);
    let mut db = Intent::begin(&state.pool).await?;
    let made = berth_store::deployments::rollback(&mut *db, &name, target.number, id, by).await;
    let (_stack, created) = made.map_err(no_way_back)?;
    let act = NewAct::on_stack(Actor::Person(&who.account), Kind::RolledBack, &name);
    let detail = format!("to what #{} brought", target.number);
    acts::record(&mut *db, act.numbered(created.number).saying(&detail)).await?;
    db.commit().await?;
    created_at(&state, created.id).await
}

/// Restart what runs
///
/// A new deployment replaces the tasks of the services named, or of all, as their
/// update settings say. What runs stays the same release: nothing is fetched, built
/// or rendered, and no job runs.
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/restart",
    tag = "deployments",
    params(("name" = String, Path, description = "The stack's name")),
    request_body = Restart,
    responses((status = 201, description = "The deployment", body = Deployment)),
)]
pub(crate) async fn restart_stack(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
    OptionalJson(restart): OptionalJson<Restart>,
) -> Result<Made> {
    let mut db = Intent::begin(&state.pool).await?;
    let of = berth_store::deployments::restartable(&mut db, &state.seal, &name)
        .await
        .map_err(no_restart)?;
    let unknown = |(at, service): (usize, &String)| {
        let known: Vec<&str> = of.services.iter().map(String::as_str).collect();
        (!of.services.contains(service)).then(|| {
            let known = known.join(", ");
            let detail = format!("{name} has no such service to restart. It has: {known}.");
            Problem::invalid_field(format!("/services/{at}"), detail)
        })
    };
    if let Some(problem) = restart.services.iter().enumerate().find_map(unknown) {
        return Err(problem);
    }
    let chosen: BTreeSet<String> = restart.services.into_iter().collect();
    let by = (who.account.id, who.account.name.as_str());
    let created =
        berth_store::deployments::restart(&mut db, &of, &chosen, by).await.map_err(no_restart)?;
    let detail = chosen.into_iter().collect::<Vec<_>>().join(", ");
    let act = NewAct::on_stack(Actor::Person(&who.account), Kind::Restarted, &name);
    acts::record(&mut *db, act.numbered(created.number).saying(&detail)).await?;
    db.commit().await?;
    created_at(&state, created.id).await
}

/// Says why nothing is restarted.
fn no_restart(err: Error) -> Problem {
    let Error::Conflict { what } = err else { return err.into() };
    Problem::conflict(match what {
        "release" => "Nothing of this stack has succeeded yet, so there is nothing to restart.",
        "deployment" => "A deployment is under way. Wait for its end, or cancel it.",
        _ => "This stack is being removed.",
    })
}

/// Try again what failed
///
/// A new deployment of the same commit, or of the same release for a rollback, or of
/// the same services for a restart. Only the stack's newest deployment can be tried again.
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/retry",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    responses((status = 201, description = "The new deployment", body = Deployment)),
)]
pub(crate) async fn retry_deployment(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(id): Path<Uuid>,
) -> Result<Made> {
    let (by, name) = (who.account.id, &who.account.name);
    let mut db = Intent::begin(&state.pool).await?;
    let made = berth_store::deployments::retry(&mut *db, DeploymentId(id), by, name).await;
    let (_stack, created) = made.map_err(no_way_back)?;
    record(&mut db, &who, Kind::Retried, (created.id, "")).await?;
    db.commit().await?;
    created_at(&state, created.id).await
}

/// The answer to whoever had a deployment made.
async fn created_at(state: &ApiState, id: DeploymentId) -> Result<Made> {
    let row = deployments::by_id(&state.pool, id.0).await?;
    let place = format!("/api/v1/stacks/{}/deployments/{}", row.stack, row.number);
    let place = HeaderValue::from_str(&place).map_err(|err| Problem::internal().because(&err))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(shape::deployment(row))))
}

/// Says why nothing is brought back, or tried again.
fn no_way_back(err: Error) -> Problem {
    let Error::Conflict { what } = err else { return err.into() };
    Problem::conflict(match what {
        "release" => "That deployment never succeeded, or its release is no longer kept.",
        "policy" => {
            "That release is of a file that was trusted then, and its rule is restricted now."
        }
        "deployment" => "Only what failed or was stopped can be tried again.",
        "newest deployment" => "A newer deployment took its place. Deploy the commit instead.",
        _ => "This stack is being removed.",
    })
}

/// Read a deployment
///
/// With what it does to the cluster, what was done to it, and how long such a
/// deployment usually takes.
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/deployments/{number}",
    tag = "deployments",
    params(
        ("name" = String, Path, description = "The stack's name"),
        ("number" = i64, Path, description = "The deployment's number within the stack"),
    ),
    responses((status = 200, description = "The deployment", body = DeploymentStory)),
)]
pub(crate) async fn get_deployment(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path((name, number)): Path<(String, i64)>,
) -> Result<Json<DeploymentStory>> {
    let stack = deployments::stack_id(&state.pool, &name).await?;
    let row = deployments::get(&state.pool, stack, number).await?;
    let told = deployments::story(&state.pool, stack, number).await?;
    let acts = events::of_deployment(&state.pool, stack, number).await?;
    Ok(Json(shape::story(row, told, acts, &state.github.settings().web_url)))
}

/// Ask for a deployment to be stopped
///
/// What served before it still serves.
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/cancel",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    responses((status = 202, description = "It will be", body = Deployment)),
)]
pub(crate) async fn cancel_deployment(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<Deployment>)> {
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::deployments::request_cancel(&mut *db, DeploymentId(id))
        .await
        .map_err(|err| conflict(err, "This deployment is over already."))?;
    let row = record(&mut db, &who, Kind::Cancelled, (DeploymentId(id), "")).await?;
    db.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(shape::deployment(row))))
}

/// Let a deployment of a protected environment go
///
/// The first who approves it is remembered.
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/approve",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    responses((status = 202, description = "It will go on", body = Deployment)),
)]
pub(crate) async fn approve_deployment(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(id): Path<Uuid>,
) -> Result<(StatusCode, Json<Deployment>)> {
    let mut db = Intent::begin(&state.pool).await?;
    let new = berth_store::deployments::approve(&mut *db, DeploymentId(id), &who.account.name)
        .await
        .map_err(undecided)?;
    decided(&state, db, new.then_some(Kind::Approved), (&who, id, "")).await
}

/// Turn down a deployment that waits for approval
///
/// It ends as cancelled, for the reason given. What served before it still serves.
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/reject",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    request_body = Because,
    responses((status = 202, description = "It will be stopped", body = Deployment)),
)]
pub(crate) async fn reject_deployment(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(id): Path<Uuid>,
    Body(because): Body<Because>,
) -> Result<(StatusCode, Json<Deployment>)> {
    let (name, why) = (&who.account.name, reason(&because)?);
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::deployments::reject(&mut *db, DeploymentId(id), name, why)
        .await
        .map_err(undecided)?;
    decided(&state, db, Some(Kind::Rejected), (&who, id, why)).await
}

/// Let one deployment through the freezes of its environment
///
/// The first who does is remembered, with the reason. The next deployment waits
/// as ever.
#[utoipa::path(
    post,
    path = "/api/v1/deployments/{id}/override-freeze",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id")),
    request_body = Because,
    responses((status = 202, description = "It will go on", body = Deployment)),
)]
pub(crate) async fn override_freeze(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
    Body(because): Body<Because>,
) -> Result<(StatusCode, Json<Deployment>)> {
    let (name, why) = (&who.account.name, reason(&because)?);
    let mut db = Intent::begin(&state.pool).await?;
    let new = berth_store::deployments::override_freeze(&mut *db, DeploymentId(id), name, why)
        .await
        .map_err(undecided)?;
    decided(&state, db, new.then_some(Kind::FreezeOverridden), (&who, id, why)).await
}

/// The reason that somebody gives for a decision.
fn reason(because: &Because) -> Result<&str> {
    settings::reason(&because.reason).map_err(|wrong| Problem::invalid_field("/reason", wrong))
}

/// Says why there is nothing to decide of a deployment.
fn undecided(err: Error) -> Problem {
    let Error::Conflict { what } = err else { return err.into() };
    Problem::conflict(match what {
        "rejection" => "This deployment was rejected, and is being stopped.",
        "approval" => "This deployment is approved already. Cancel it instead.",
        "environment" => "This deployment needs no approval: its environment is not protected.",
        "step" => "This deployment is being applied already: it waits for nobody.",
        "freeze" => "Nothing is to be overridden: the environment is not frozen now.",
        _ => "This deployment is over already.",
    })
}

/// The answer to whoever decided something, which is written down where it is
/// `news`: who comes second decides nothing.
async fn decided(
    state: &ApiState,
    mut db: Intent,
    news: Option<Kind>,
    (who, id, why): (&Identity, Uuid, &str),
) -> Result<(StatusCode, Json<Deployment>)> {
    if let Some(kind) = news {
        record(&mut db, who, kind, (DeploymentId(id), why)).await?;
    }
    db.commit().await?;
    let row = deployments::by_id(&state.pool, id).await?;
    Ok((StatusCode::ACCEPTED, Json(shape::deployment(row))))
}

/// Read what a deployment's builds and jobs wrote
///
/// A job's lines come once it ended.
#[utoipa::path(
    get,
    path = "/api/v1/deployments/{id}/log",
    tag = "deployments",
    params(("id" = Uuid, Path, description = "The deployment's id"), LogQuery),
    responses((status = 200, description = "The lines, in order", body = LogPage)),
)]
pub(crate) async fn get_build_log(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(id): Path<Uuid>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>> {
    let limit = pagination::limit(query.limit, LINES, LINES_MAX)?;
    let rows = deployments::log(&state.pool, id, query.after.unwrap_or_default(), limit).await?;
    // The cursor is the plain id, since it is what `after` takes.
    let mut page = Page::cut(rows, limit, |row: &LogLineView| row.id, line);
    page.next_cursor =
        page.next_cursor.and_then(|_| page.items.last().map(|line: &LogLine| line.id.to_string()));
    Ok(Json(page.into()))
}

/// Writes down what somebody did to a deployment, and returns how it is now.
async fn record(
    db: &mut Intent,
    who: &Identity,
    kind: Kind,
    (id, why): (DeploymentId, &str),
) -> Result<DeploymentView> {
    let row = deployments::by_id(&mut **db, id.0).await?;
    let act = NewAct::on_stack(Actor::Person(&who.account), kind, &row.stack);
    acts::record(&mut **db, act.numbered(row.number).saying(why)).await?;
    Ok(row)
}

/// Says of a conflict what it means here.
fn conflict(err: Error, meaning: &str) -> Problem {
    if matches!(err, Error::Conflict { .. }) { Problem::conflict(meaning) } else { err.into() }
}

fn line(row: LogLineView) -> LogLine {
    LogLine {
        id: row.id,
        source: LogSource::from_word(&row.source).unwrap_or(LogSource::Build),
        service: row.service,
        line: row.line,
        at: row.at,
    }
}
