//! One's own API tokens.

use axum::Json;
use axum::extract::State;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::tokens;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use crate::auth::{Viewer, secret};
use crate::extract::{Json as Body, Path};
use crate::pagination::Page;
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{ApiToken, ApiTokenPage, CreatedApiToken, NewApiToken};

/// List one's own API tokens
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "session",
    responses((status = 200, description = "The tokens, newest first", body = ApiTokenPage)),
)]
pub(crate) async fn list_tokens(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
) -> Result<Json<ApiTokenPage>> {
    let tokens = tokens::list(&state.pool, who.account.id).await?;
    let items = tokens
        .into_iter()
        .map(|it| ApiToken {
            id: it.id,
            name: it.name,
            created_at: it.created_at,
            used_at: it.used_at,
        })
        .collect();
    Ok(Json(Page::whole(items).into()))
}

/// Make an API token
///
/// It may do what its owner may.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "session",
    request_body = NewApiToken,
    responses((status = 201, description = "The token, shown this once", body = CreatedApiToken)),
)]
pub(crate) async fn create_token(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
    Body(new): Body<NewApiToken>,
) -> Result<(StatusCode, Json<CreatedApiToken>)> {
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Problem::invalid_field("/name", "A token's name has 1 to 100 characters."));
    }
    let (token, hash) = secret::fresh(secret::TOKEN_PREFIX);
    let mut db = Intent::begin(&state.pool).await?;
    let id = tokens::create(&mut *db, &hash, who.account.id, &name).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::TokenMade, &name);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    let token = token.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(CreatedApiToken { id, name, token })))
}

/// Revoke an API token
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    tag = "session",
    params(("id" = Uuid, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked")),
)]
pub(crate) async fn delete_token(
    State(state): State<ApiState>,
    Viewer(who): Viewer,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    let mut db = Intent::begin(&state.pool).await?;
    let name = tokens::revoke(&mut *db, who.account.id, id).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::TokenRevoked, &name);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
