//! The Swarm's nodes: what the leader stored of them, so that every replica can
//! answer, whether or not its own engine does. What is on one now, and what would
//! become of it, the replica's own engine is asked.

mod node;

use axum::Json;
use axum::extract::State;
use berth_domain::facts;
use berth_store::nodes;

pub(crate) use self::node::*;
use crate::auth::Viewer;
use crate::problem::Result;
use crate::state::ApiState;
use crate::types::{
    Availability, Cluster, Node, NodeRole, NodeState, Outage, OutageEnding, PlacedTasks,
};

/// How many outages are told.
const OUTAGES: i64 = 50;

/// The nodes that stacks run on
///
/// As the leading Berth last saw them: a change shows within seconds.
#[utoipa::path(
    get,
    path = "/api/v1/cluster",
    tag = "status",
    responses((status = 200, description = "The nodes, and when which was away", body = Cluster)),
)]
pub(crate) async fn get_cluster(
    State(state): State<ApiState>,
    _viewer: Viewer,
) -> Result<Json<Cluster>> {
    let known = nodes::list(&state.pool).await?;
    let placed = nodes::placed(&state.pool).await?;
    let outages = nodes::outages(&state.pool, OUTAGES).await?;
    let (tasks_running, tasks_desired) = nodes::tally(&state.pool).await?;
    Ok(Json(Cluster {
        nodes: known.into_iter().map(|node| shape(node, &placed)).collect(),
        tasks_running,
        tasks_desired,
        outages: outages.into_iter().map(outage).collect(),
    }))
}

fn shape(node: nodes::Node, placed: &[nodes::Placed]) -> Node {
    let nodes::Node { facts, away_since, state_since } = node;
    let tasks = placed.iter().filter(|it| it.node_id == facts.id).map(|it| PlacedTasks {
        stack: it.stack.clone(),
        service: it.service.clone(),
        running: it.running,
    });
    Node {
        tasks: tasks.collect(),
        role: if facts.manager { NodeRole::Manager } else { NodeRole::Worker },
        leader: facts.leader,
        berth_leader: facts.asked,
        availability: availability(facts.availability),
        state: match facts.state {
            facts::NodeState::Unknown => NodeState::Unknown,
            facts::NodeState::Ready => NodeState::Ready,
            facts::NodeState::Down => NodeState::Down,
            facts::NodeState::Disconnected => NodeState::Disconnected,
        },
        message: facts.message,
        state_since,
        away_since,
        address: facts.address,
        engine_version: facts.engine,
        os: facts.os,
        architecture: facts.architecture,
        cpus: cpus(facts.nano_cpus),
        memory_bytes: facts.memory,
        labels: facts.labels,
        id: facts.id,
        hostname: facts.name,
    }
}

const fn availability(is: facts::Availability) -> Availability {
    match is {
        facts::Availability::Active => Availability::Active,
        facts::Availability::Pause => Availability::Pause,
        facts::Availability::Drain => Availability::Drain,
    }
}

/// Cores, to a hundredth.
fn cpus(nano: i64) -> f64 {
    let hundredths = i32::try_from(nano / 10_000_000).unwrap_or(i32::MAX);
    f64::from(hundredths) / 100.0
}

fn outage(outage: nodes::Outage) -> Outage {
    Outage {
        node_id: outage.node_id,
        hostname: outage.hostname,
        lost_at: outage.lost_at,
        ended_at: outage.ended_at,
        ending: outage.ending.as_deref().and_then(OutageEnding::from_word),
    }
}
