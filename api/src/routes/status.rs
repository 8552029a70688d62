//! How this Berth is.

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::auth::Viewer;
use crate::health::Found;
use crate::state::ApiState;
use crate::types::{Alive, Check, Docker, Leader, LostNode, Readiness, Status};

/// Whether this process is alive
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "status",
    responses((status = 200, description = "It is", body = Alive)),
    security(()),
)]
pub(crate) async fn get_alive() -> Json<Alive> {
    Json(Alive { ok: true })
}

/// Whether this Berth can do its work
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "status",
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "It can't", body = Readiness),
    ),
    security(()),
)]
pub(crate) async fn get_readiness(State(state): State<ApiState>) -> (StatusCode, Json<Readiness>) {
    let report = state.health.report(&state).await;
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let readiness = Readiness {
        postgres: check(&report.postgres),
        docker: check(&report.docker),
        leader: check(&report.lease),
    };
    (status, Json(readiness))
}

/// How this Berth is
#[utoipa::path(
    get,
    path = "/api/v1/status",
    tag = "status",
    responses((status = 200, description = "How it is", body = Status)),
)]
pub(crate) async fn get_status(State(state): State<ApiState>, _viewer: Viewer) -> Json<Status> {
    let report = state.health.report(&state).await;
    let ready = report.is_ready();
    let holder = report.lease.as_ref().ok();
    // Without its database Berth says that, and nothing of this.
    let pruning = berth_store::pruning::plan(&state.pool).await.unwrap_or_default();
    let waits = pruning.held && pruning.approved.is_empty();
    let held = if waits { pruning.orphans.len() } else { 0 };
    let silent = berth_store::executors::silent(&state.pool).await.unwrap_or_default();
    Json(Status {
        version: state.settings.version.clone(),
        instance_id: state.settings.instance_id,
        leader: Leader {
            holder: holder.map(|lease| lease.holder),
            is_me: holder.is_some_and(|lease| lease.holder == state.settings.replica),
            expires_at: holder.map(|lease| lease.expires_at),
        },
        postgres: check(&report.postgres),
        docker: match report.docker {
            Ok(engine) => Docker {
                ok: true,
                detail: String::new(),
                version: engine.version,
                nodes: i64::try_from(engine.nodes).unwrap_or(i64::MAX),
            },
            Err(detail) => Docker { ok: false, detail, version: String::new(), nodes: 0 },
        },
        held_orphans: i64::try_from(held).unwrap_or(i64::MAX),
        silent_executors: silent,
        lost_nodes: report
            .lost_nodes
            .into_iter()
            .map(|(node, since)| LostNode { id: node.id, hostname: node.name, since })
            .collect(),
        ready,
    })
}

fn check<T>(found: &Found<T>) -> Check {
    Check { ok: found.is_ok(), detail: found.as_ref().err().cloned().unwrap_or_default() }
}
