//! What runs, and what is to run.

use axum::Json;
use axum::extract::State;
use berth_store::views::stacks::{self, StackFilter, StackView};
use http::StatusCode;

use crate::auth::{Operator, Viewer};
use crate::extract::{Path, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::Result;
use crate::routes::shape;
use crate::state::ApiState;
use crate::types::{Stack, StackKind, StackPage, StackQuery, StackSummary};

/// List stacks
#[utoipa::path(
    get,
    path = "/api/v1/stacks",
    tag = "stacks",
    params(StackQuery),
    responses((status = 200, description = "The stacks, by name", body = StackPage)),
)]
pub(crate) async fn list_stacks(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<StackQuery>,
) -> Result<Json<StackPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after: Option<String> = pagination::decode(query.cursor.as_deref())?;
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let filter = StackFilter {
        name: None,
        text,
        kind: query.kind.map(StackKind::as_str),
        repository_id: query.repository_id,
        after: after.as_deref(),
        limit,
    };
    let rows = stacks::list(&state.pool, &filter).await?;
    let github = &state.github.settings().web_url;
    let item = |row: StackView| shape::stack(row, github).summary;
    Ok(Json(Page::cut(rows, limit, |row: &StackView| row.name.clone(), item).into()))
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
    Ok(Json(shape::stack(row, &state.github.settings().web_url)))
}

/// Ask for a stack to be removed, with its volumes
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
    _operator: Operator,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<StackSummary>)> {
    berth_store::stacks::remove(&state.pool, &name).await?;
    let row = stacks::get(&state.pool, &name).await?;
    let stack = shape::stack(row, &state.github.settings().web_url);
    Ok((StatusCode::ACCEPTED, Json(stack.summary)))
}
