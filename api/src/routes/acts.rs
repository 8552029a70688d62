//! What people and Berth itself did.

use axum::Json;
use axum::extract::State;
use berth_store::acts::{self, Filter};

use crate::auth::Viewer;
use crate::extract::Query;
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{Act, ActKind, ActPage, ActQuery, ActorKind};

/// List acts
///
/// What people did here, and what Berth did by itself; kept for 90 days.
#[utoipa::path(
    get,
    path = "/api/v1/acts",
    tag = "acts",
    params(ActQuery),
    responses((status = 200, description = "The acts, newest first", body = ActPage)),
)]
pub(crate) async fn list_acts(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<ActQuery>,
) -> Result<Json<ActPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = pagination::decode(query.cursor.as_deref())?;
    let filter = Filter {
        people: query.by.map(|by| by == ActorKind::Person),
        stack: query.stack.as_deref(),
    };
    let rows = acts::list(&state.pool, filter, before, limit).await?;
    let page = Page::cut(rows, limit, |row: &acts::Act| row.id, act);
    // What a newer Berth wrote while both run has no word here yet.
    let Page { items, next_cursor } = page;
    Ok(Json(Page { items: items.into_iter().flatten().collect(), next_cursor }.into()))
}

fn act(row: acts::Act) -> Option<Act> {
    Some(Act {
        id: row.id,
        at: row.at,
        by: if row.user.is_some() { ActorKind::Person } else { ActorKind::Berth },
        user_id: row.user.map(|user| user.0),
        actor: row.actor,
        kind: ActKind::from_word(&row.kind)?,
        subject: row.subject,
        stack: row.stack,
        number: row.number,
        detail: row.detail,
    })
}

#[cfg(test)]
mod tests {
    use berth_store::acts::Kind;

    use super::*;

    #[test]
    fn every_kind_of_act_is_shown() {
        for kind in Kind::ALL {
            let shown = ActKind::from_word(kind.as_str());
            assert_eq!(shown.map(ActKind::as_str), Some(kind.as_str()));
        }
    }
}
