//! One node: what is on it, what draining it would do, and wanting that.

use axum::Json;
use axum::extract::State;
use berth_domain::cluster::ClusterError;
use berth_domain::drain::{self, Placed};
use berth_domain::{cluster, facts};
use berth_store::nodes;
use http::StatusCode;

use super::{availability, cpus, shape};
use crate::auth::{Admin, Viewer};
use crate::extract::{Json as Body, Path};
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{
    Availability, AvailabilityChange, Fate, NodeDetail, NodeIntent, NodeLoad, NodeTask, TaskState,
};

/// Read a node
///
/// What is on it comes from Docker as it is asked, and is null where the Berth
/// that answers can't reach its manager.
#[utoipa::path(
    get,
    path = "/api/v1/cluster/nodes/{id}",
    tag = "status",
    params(("id" = String, Path, description = "The node's id")),
    responses((status = 200, description = "The node", body = NodeDetail)),
)]
pub(crate) async fn get_node(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Json<NodeDetail>> {
    detail(&state, &id).await.map(Json)
}

/// Drain a node, pause it, or make it active
///
/// The leading Berth does it within seconds, once: what is changed by other hands
/// later stays. A node is not drained that is the last which takes tasks, or which
/// can run what is on it.
#[utoipa::path(
    put,
    path = "/api/v1/cluster/nodes/{id}/availability",
    tag = "status",
    params(("id" = String, Path, description = "The node's id")),
    request_body = AvailabilityChange,
    responses(
        (status = 202, description = "It will be done", body = NodeDetail),
        (status = 409, description = "It must not be drained, or Berth's leader works through it"),
        (status = 503, description = "What draining it would do can't be told now"),
    ),
)]
pub(crate) async fn set_node_availability(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<String>,
    Body(change): Body<AvailabilityChange>,
) -> Result<(StatusCode, Json<NodeDetail>)> {
    let wanted = match change.availability {
        Availability::Active => facts::Availability::Active,
        Availability::Pause => facts::Availability::Pause,
        Availability::Drain => {
            let node = find(&state, &id).await?;
            refuse(&state, &node.facts, change.even_with_leader).await?;
            facts::Availability::Drain
        }
    };
    nodes::intend(&state.pool, &id, wanted, &who.account.name).await?;
    Ok((StatusCode::ACCEPTED, Json(detail(&state, &id).await?)))
}

/// Refuses to drain a node that can't be done without, or that Berth's leader
/// needs and nobody said that it knows.
async fn refuse(state: &ApiState, node: &facts::NodeFacts, with_leader: bool) -> Result<()> {
    let (seen, tasks) = state.docker.placed().await.map_err(|err| {
        let detail = format!("What draining {} would do can't be told now: {err}.", node.name);
        Problem::unavailable(detail).retry_after(5).because(&err)
    })?;
    let known = find_seen(node, &seen);
    if let Some(refusal) = drain::drain(known, &seen, &tasks).refusal {
        return Err(Problem::conflict(refusal));
    }
    if node.asked && !with_leader {
        return Err(Problem::conflict(format!(
            "Berth's leader works through {}. Where Berth is a service of this Swarm, it ends there, and another replica leads once the lease has run out. Say `even_with_leader` to drain it all the same.",
            node.name
        )));
    }
    Ok(())
}

/// The node as Docker has it now, if it does.
fn find_seen<'a>(node: &'a facts::NodeFacts, seen: &'a [facts::NodeFacts]) -> &'a facts::NodeFacts {
    seen.iter().find(|it| it.id == node.id).unwrap_or(node)
}

async fn find(state: &ApiState, id: &str) -> Result<nodes::Node> {
    let known = nodes::list(&state.pool).await?;
    known.into_iter().find(|node| node.facts.id == id).ok_or_else(|| Problem::not_found("node"))
}

async fn detail(state: &ApiState, id: &str) -> Result<NodeDetail> {
    let node = find(state, id).await?;
    let intents = nodes::intents(&state.pool).await?;
    let seen = state.docker.placed().await;
    let instance = state.settings.instance_id.to_string();
    let (load, blind) = match &seen {
        Ok((seen, tasks)) => (Some(load(&node.facts, seen, tasks, &instance)), String::new()),
        Err(error) => (None, why_blind(error)),
    };
    Ok(NodeDetail {
        intent: intents.into_iter().find(|intent| intent.node_id == id).map(intent),
        node: shape(node, &nodes::placed(&state.pool).await?),
        load,
        blind,
    })
}

fn why_blind(error: &ClusterError) -> String {
    match error {
        ClusterError::Unavailable { message } => message.clone(),
        ClusterError::Stale { .. } | ClusterError::Rejected { .. } | ClusterError::Login(_) => {
            error.to_string()
        }
    }
}

fn intent(intent: nodes::Intent) -> NodeIntent {
    NodeIntent {
        availability: availability(intent.availability),
        by: intent.asked_by,
        at: intent.asked_at,
        done_at: intent.done_at,
        failure: intent.failure,
    }
}

fn load(
    node: &facts::NodeFacts,
    seen: &[facts::NodeFacts],
    all: &[Placed],
    instance: &str,
) -> NodeLoad {
    let outlook = drain::drain(find_seen(node, seen), seen, all);
    let (nano_cpus, memory) = drain::reserved(&node.id, all);
    let here = all.iter().filter(|task| task.node.as_deref() == Some(&node.id));
    let mut tasks: Vec<NodeTask> = here
        .map(|task| {
            let (fate, why) = outlook
                .fates
                .get(&task.id)
                .map_or((Fate::Moves, String::new()), |(fate, why)| (word(*fate), why.clone()));
            let ours = task.instance.as_deref() == Some(instance);
            let stack = task.stack.clone().filter(|_| ours);
            let prefix = stack.as_ref().map(|stack| format!("{stack}_")).unwrap_or_default();
            NodeTask {
                id: task.id.clone(),
                service: task.service.strip_prefix(&prefix).unwrap_or(&task.service).to_owned(),
                stack,
                slot: task.slot,
                image: task.image.clone(),
                state: state_of(task.state),
                since: task.since,
                fate,
                why,
            }
        })
        .collect();
    tasks.sort_by(|a, b| {
        let key = |it: &NodeTask| (it.stack.is_none(), it.stack.clone(), it.service.clone());
        key(a).cmp(&key(b)).then(a.slot.cmp(&b.slot)).then_with(|| a.id.cmp(&b.id))
    });
    NodeLoad {
        tasks,
        reserved_cpus: cpus(nano_cpus),
        reserved_memory_bytes: memory,
        no_drain: outlook.refusal,
    }
}

const fn word(fate: drain::Fate) -> Fate {
    match fate {
        drain::Fate::Moves => Fate::Moves,
        drain::Fate::MovesEmpty => Fate::MovesEmpty,
        drain::Fate::Ends => Fate::Ends,
        drain::Fate::Waits => Fate::Waits,
    }
}

const fn state_of(state: cluster::TaskState) -> TaskState {
    match state {
        cluster::TaskState::New => TaskState::New,
        cluster::TaskState::Pending => TaskState::Pending,
        cluster::TaskState::Assigned => TaskState::Assigned,
        cluster::TaskState::Accepted => TaskState::Accepted,
        cluster::TaskState::Preparing => TaskState::Preparing,
        cluster::TaskState::Ready => TaskState::Ready,
        cluster::TaskState::Starting => TaskState::Starting,
        cluster::TaskState::Running => TaskState::Running,
        cluster::TaskState::Complete => TaskState::Complete,
        cluster::TaskState::Shutdown => TaskState::Shutdown,
        cluster::TaskState::Failed => TaskState::Failed,
        cluster::TaskState::Rejected => TaskState::Rejected,
        cluster::TaskState::Remove => TaskState::Remove,
        cluster::TaskState::Orphaned => TaskState::Orphaned,
    }
}
