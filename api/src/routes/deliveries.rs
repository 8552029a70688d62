//! What GitHub said, and what the rules made of it.

use axum::Json;
use axum::extract::State;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::views::deliveries::{self, DecisionView, DeliveryView};
use http::StatusCode;

use crate::auth::{Operator, Viewer};
use crate::extract::{Path, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{Decision, Delivery, DeliveryPage, DeploymentRef, ListQuery, Outcome};

/// List deliveries
#[utoipa::path(
    get,
    path = "/api/v1/deliveries",
    tag = "deliveries",
    params(ListQuery),
    responses((status = 200, description = "The deliveries, newest first", body = DeliveryPage)),
)]
pub(crate) async fn list_deliveries(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<ListQuery>,
) -> Result<Json<DeliveryPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = pagination::decode(query.cursor.as_deref())?;
    let rows = deliveries::list(&state.pool, before, limit).await?;
    let key = |row: &DeliveryView| (row.received_at, row.id.clone());
    Ok(Json(Page::cut(rows, limit, key, delivery).into()))
}

/// Read a delivery
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{id}",
    tag = "deliveries",
    params(("id" = String, Path, description = "GitHub's id of the delivery")),
    responses((status = 200, description = "The delivery", body = Delivery)),
)]
pub(crate) async fn get_delivery(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Json<Delivery>> {
    Ok(Json(delivery(deliveries::get(&state.pool, &id).await?)))
}

/// Ask for a delivery to be worked on again
///
/// What it deployed already it does not deploy twice.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{id}/replay",
    tag = "deliveries",
    params(("id" = String, Path, description = "GitHub's id of the delivery")),
    responses((status = 202, description = "It will be", body = Delivery)),
)]
pub(crate) async fn replay_delivery(
    State(state): State<ApiState>,
    Operator(who): Operator,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Delivery>)> {
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::deliveries::replay(&mut *db, &id).await?;
    let act = NewAct::new(Actor::Person(&who.account), Kind::Replayed, &id);
    acts::record(&mut *db, act).await?;
    db.commit().await?;
    let row = deliveries::get(&state.pool, &id).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery(row))))
}

pub(super) fn delivery(row: DeliveryView) -> Delivery {
    Delivery {
        id: row.id,
        event: row.event,
        action: row.action,
        repository: row.repository,
        git_ref: row.git_ref,
        sha: row.sha,
        sender: row.sender,
        received_at: row.received_at,
        processed_at: row.processed_at,
        outcome: row.outcome.as_deref().and_then(Outcome::from_word),
        reason: row.reason,
        decisions: row.decisions.into_iter().map(decision).collect(),
    }
}

fn decision(row: DecisionView) -> Decision {
    Decision {
        rule_name: row.rule_name,
        matched: row.matched,
        reason: row.reason,
        deployment: row
            .stack
            .zip(row.number)
            .map(|(stack, number)| DeploymentRef { stack, number }),
    }
}
