//! Repositories that installations let us see.

use axum::Json;
use axum::extract::State;
use berth_store::views::github::{self, RepositoryView};

use crate::auth::Viewer;
use crate::extract::Query;
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{Repository, RepositoryPage, RepositoryQuery};

/// List the repositories that installations let us see
#[utoipa::path(
    get,
    path = "/api/v1/repositories",
    tag = "github",
    params(RepositoryQuery),
    responses((status = 200, description = "The repositories", body = RepositoryPage)),
)]
pub(crate) async fn list_repositories(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<RepositoryQuery>,
) -> Result<Json<RepositoryPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = pagination::decode(query.cursor.as_deref())?;
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let rows = github::repositories(&state.pool, text, after, limit).await?;
    let key = |row: &RepositoryView| (row.owner.clone(), row.name.clone(), row.id);
    Ok(Json(Page::cut(rows, limit, key, repository).into()))
}

fn repository(row: RepositoryView) -> Repository {
    Repository {
        id: row.id,
        full_name: format!("{}/{}", row.owner, row.name),
        owner: row.owner,
        name: row.name,
        default_branch: row.default_branch,
        private: row.private,
    }
}
