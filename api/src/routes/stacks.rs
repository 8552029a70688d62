//! What runs, and what is to run.

use axum::Json;
use axum::extract::State;
use berth_domain::stack::StackSpec;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::releases;
use berth_store::views::stacks::{self, Order, StackFilter, StackView};
use chrono::{DateTime, Utc};
use http::StatusCode;

use crate::auth::{Operator, Viewer};
use crate::extract::{Path, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::{Problem, Result};
use crate::routes::{settings, shape};
use crate::state::ApiState;
use crate::types::{
    Stack, StackChoices, StackKind, StackPage, StackQuery, StackRepository, StackSort, StackState,
    StackSummary,
};

/// List stacks
#[utoipa::path(
    get,
    path = "/api/v1/stacks",
    tag = "stacks",
    params(StackQuery),
    responses((status = 200, description = "The stacks, in order", body = StackPage)),
)]
pub(crate) async fn list_stacks(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<StackQuery>,
) -> Result<Json<StackPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let order = match query.sort {
        None | Some(StackSort::Name) => Order::Name,
        Some(StackSort::Updated) => Order::Updated,
    };
    let after: Option<(DateTime<Utc>, String)> = pagination::decode(query.cursor.as_deref())?;
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let filter = StackFilter {
        name: None,
        text,
        kind: query.kind.map(StackKind::as_str),
        repository_id: query.repository_id,
        environment: query.environment.as_deref(),
        state: query.state.map(StackState::as_str),
        synced: query.synced,
        attention: query.attention,
        order,
        after: after.as_ref().map(|(at, name)| (*at, name.as_str())),
        limit,
    };
    let rows = stacks::list(&state.pool, &filter).await?;
    let github = &state.github.settings().web_url;
    let item = |row: StackView| shape::summary(row, github);
    let key = |row: &StackView| (row.updated_at, row.name.clone());
    Ok(Json(Page::cut(rows, limit, key, item).into()))
}

/// Read what lists of stacks can be narrowed to
#[utoipa::path(
    get,
    path = "/api/v1/stack-choices",
    tag = "stacks",
    responses((status = 200, description = "What there is", body = StackChoices)),
)]
pub(crate) async fn get_stack_choices(
    State(state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Json<StackChoices>> {
    let stacks::Choices { environments, repositories } = stacks::choices(&state.pool).await?;
    let repository = |(id, full_name)| StackRepository { id, full_name };
    let repositories = repositories.into_iter().map(repository).collect();
    Ok(Json(StackChoices { environments, repositories }))
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
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Json<Stack>> {
    let row = stacks::get(&state.pool, &name).await?;
    let (said, _version) = berth_store::environments::settings(&state.pool, &name).await?;
    let spec = released(&state, &name).await?;
    let github = &state.github.settings().web_url;
    Ok(Json(shape::stack(row, settings::shown(said), spec.as_ref(), github)))
}

/// What a stack should be, if that is known and can be read: where it can't, the
/// log says so, and the page is of use without.
async fn released(state: &ApiState, name: &str) -> Result<Option<StackSpec>> {
    let stack = berth_store::stacks::by_name(&state.pool, name).await?;
    let Some(release) = stack.release else { return Ok(None) };
    let mut specs = releases::specs(&state.pool, &state.seal, &[release]).await?;
    Ok(specs.remove(&release))
}

/// Ask for a stack to be removed; its volumes follow what its settings say
///
/// Its environment ends with it: a later event that matches a rule makes new
/// ones.
#[utoipa::path(
    delete,
    path = "/api/v1/stacks/{name}",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 202, description = "It will be", body = StackSummary)),
)]
pub(crate) async fn delete_stack(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<StackSummary>)> {
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::stacks::remove(&mut *db, &name).await?;
    let act = NewAct::on_stack(Actor::Person(&who.account), Kind::StackRemoved, &name);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    summary(&state, &name).await
}

/// Leave a stack as it is
///
/// Nothing is applied to it until it is resumed: no deployment, and nothing that
/// differs is put back. Deployments are made ready and wait; removing the stack
/// goes on. Pausing it again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/pause",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 202, description = "It will be", body = StackSummary)),
)]
pub(crate) async fn pause_stack(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<StackSummary>)> {
    let mut db = Intent::begin(&state.pool).await?;
    let news =
        berth_store::stacks::pause(&mut *db, &name, &who.account.name).await.map_err(|err| {
            if matches!(err, berth_store::Error::Conflict { .. }) {
                Problem::conflict("This stack is being removed.")
            } else {
                err.into()
            }
        })?;
    if news {
        let act = NewAct::on_stack(Actor::Person(&who.account), Kind::Paused, &name);
        acts::record(&mut *db, act).await?;
    }
    db.commit().await?;
    summary(&state, &name).await
}

/// Let a stack that was paused go on
#[utoipa::path(
    post,
    path = "/api/v1/stacks/{name}/resume",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 202, description = "It will", body = StackSummary)),
)]
pub(crate) async fn resume_stack(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<StackSummary>)> {
    let mut db = Intent::begin(&state.pool).await?;
    if berth_store::stacks::resume(&mut *db, &name).await? {
        let act = NewAct::on_stack(Actor::Person(&who.account), Kind::Resumed, &name);
        acts::record(&mut *db, act).await?;
    }
    db.commit().await?;
    summary(&state, &name).await
}

/// What is said of a stack that something was asked of.
async fn summary(state: &ApiState, name: &str) -> Result<(StatusCode, Json<StackSummary>)> {
    let row = stacks::get(&state.pool, name).await?;
    let summary = shape::summary(row, &state.github.settings().web_url);
    Ok((StatusCode::ACCEPTED, Json(summary)))
}
