//! What nothing asks for, and letting it go.

use axum::Json;
use axum::extract::State;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::{executors, pruning};
use http::StatusCode;

use crate::auth::{Admin, Viewer};
use crate::extract::Json as Body;
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{Approval, Orphan, PruneApproval, PrunePlan};

/// What is going to be pruned
///
/// Stacks on the cluster with this Berth's label that nothing asks for, and what
/// stacks left behind on single nodes.
#[utoipa::path(
    get,
    path = "/api/v1/prune",
    tag = "status",
    responses((status = 200, description = "The plan; empty where everything is asked for", body = PrunePlan)),
)]
pub(crate) async fn get_prune_plan(
    State(state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Json<PrunePlan>> {
    let pruning::PrunePlan { orphans, held, approved: _, approved_by, approved_at } =
        pruning::plan(&state.pool).await?;
    let orphans = orphans.into_iter().map(|orphan| {
        let pruning::Orphan { stack, since, due, actions } = orphan;
        Orphan { stack, since, due, actions }
    });
    let approved = approved_by.zip(approved_at).map(|(by, at)| Approval { by, at });
    let nodes = executors::list(&state.pool).await?.into_iter().map(super::executors::plan);
    Ok(Json(PrunePlan { orphans: orphans.collect(), nodes: nodes.collect(), held, approved }))
}

/// Let go what is held
///
/// Where more than a share of all stacks would be pruned at once, Berth waits for
/// a person, who says which stacks the plan had.
#[utoipa::path(
    post,
    path = "/api/v1/prune/approve",
    tag = "status",
    request_body = PruneApproval,
    responses(
        (status = 204, description = "They will be removed"),
        (status = 409, description = "The plan has other stacks by now, or nothing is held"),
    ),
)]
pub(crate) async fn approve_pruning(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(approval): Body<PruneApproval>,
) -> Result<StatusCode> {
    let mut db = Intent::begin(&state.pool).await?;
    match pruning::approve(&mut *db, &approval.stacks, &who.account.name).await {
        Ok(()) => {
            let stacks = approval.stacks.join(", ");
            let act = NewAct::new(Actor::Person(&who.account), Kind::PruneApproved, &stacks);
            acts::record(&mut *db, act).await?;
            db.commit().await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Err(berth_store::Error::Conflict { .. }) => Err(Problem::conflict(
            "The plan has other stacks by now, or nothing is held. Read it again.",
        )),
        Err(other) => Err(other.into()),
    }
}
