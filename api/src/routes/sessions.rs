//! One's own sessions: the browsers that are logged in.

use axum::Json;
use axum::extract::State;
use berth_store::sessions::own;
use http::StatusCode;
use uuid::Uuid;

use crate::auth::{Credential, Identity, Viewer};
use crate::extract::Path;
use crate::pagination::Page;
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{LoginSession, LoginSessionPage};

/// List one's own sessions
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "session",
    responses((status = 200, description = "The sessions, last seen first", body = LoginSessionPage)),
)]
pub(crate) async fn list_sessions(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
) -> Result<Json<LoginSessionPage>> {
    let sessions = own::list(&state.pool, who.account.id, asking(&who)).await?;
    let items = sessions
        .into_iter()
        .map(|it| LoginSession {
            id: it.id,
            user_agent: it.user_agent,
            created_at: it.created_at,
            seen_at: it.seen_at,
            current: it.current,
        })
        .collect();
    Ok(Json(Page::whole(items).into()))
}

/// End one of one's own sessions
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "session",
    params(("id" = Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "Ended: that browser has to log in again")),
)]
pub(crate) async fn delete_session(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    own::revoke(&state.pool, who.account.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all of one's own sessions but the one that asks
///
/// Asked with an API token, all of them end. Tokens stay.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "session",
    responses((status = 204, description = "Ended: the other browsers have to log in again")),
)]
pub(crate) async fn delete_other_sessions(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
) -> Result<StatusCode> {
    own::revoke_others(&state.pool, who.account.id, asking(&who)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn asking(who: &Identity) -> Option<&[u8; 32]> {
    match &who.credential {
        Credential::Session(hash) => Some(hash),
        Credential::Token(_) => None,
    }
}
