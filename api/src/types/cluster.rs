//! The Swarm's nodes, and when which was away.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;

words! {
    /// What a node is to its Swarm.
    NodeRole {
        /// It decides with others, and runs tasks.
        Manager = "manager",
        /// It runs tasks.
        Worker = "worker",
    }
}

words! {
    /// Swarm's states of a node.
    NodeState {
        /// It was not heard of since Swarm's leader changed.
        Unknown = "unknown",
        /// It answers.
        Ready = "ready",
        /// It does not answer: what ran on it runs elsewhere.
        Down = "down",
        /// It has gone away by itself.
        Disconnected = "disconnected",
    }
}

words! {
    /// What a person wants of a node.
    Availability {
        /// It takes tasks.
        Active = "active",
        /// It keeps its tasks and takes no more.
        Pause = "pause",
        /// It is to have none.
        Drain = "drain",
    }
}

words! {
    /// How a time in which a node was away ended.
    OutageEnding {
        /// The node came back.
        Back = "back",
        /// The node was removed from the Swarm.
        Removed = "removed",
    }
}

/// Tasks of a stack's service that run on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacedTasks {
    /// The stack's name.
    pub stack: String,
    /// The service's short name.
    pub service: String,
    /// How many run there.
    pub running: i64,
}

/// A node of the Swarm, as the leading Berth last saw it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its name.
    pub hostname: String,
    /// What it is to its Swarm.
    pub role: NodeRole,
    /// Whether it is the manager that leads the Swarm.
    pub leader: bool,
    /// Whether it is the one through whose engine Berth's leader works.
    pub berth_leader: bool,
    /// What a person wants of it.
    pub availability: Availability,
    /// Whether it answers.
    pub state: NodeState,
    /// Swarm's words about that; empty where there are none.
    pub message: String,
    /// Since when it is in that state, as far as Berth has seen.
    pub state_since: DateTime<Utc>,
    /// Since when it is away; null where it is not.
    #[schema(required = true)]
    pub away_since: Option<DateTime<Utc>>,
    /// Where it is.
    pub address: String,
    /// Its engine's version.
    pub engine_version: String,
    /// Such as `linux`.
    pub os: String,
    /// As the kernel calls it, such as `x86_64`.
    pub architecture: String,
    /// Its CPUs.
    pub cpus: f64,
    /// Its memory.
    pub memory_bytes: i64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The tasks of Berth's stacks that run on it.
    pub tasks: Vec<PlacedTasks>,
}

/// A time in which a node was away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outage {
    /// The node's id.
    pub node_id: String,
    /// Its name at that time.
    pub hostname: String,
    /// Since when.
    pub lost_at: DateTime<Utc>,
    /// Until when; null while it is away.
    #[schema(required = true)]
    pub ended_at: Option<DateTime<Utc>>,
    /// How it ended; null while it is away.
    #[schema(required = true)]
    pub ending: Option<OutageEnding>,
}

/// The Swarm that stacks run on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Cluster {
    /// Its nodes, by name; none before a Berth has led.
    pub nodes: Vec<Node>,
    /// Tasks of Berth's stacks that run, jobs apart.
    pub tasks_running: i64,
    /// Tasks of Berth's stacks that should run, jobs apart.
    pub tasks_desired: i64,
    /// When nodes were away, the newest first: of the last 90 days, at most 50.
    pub outages: Vec<Outage>,
}

words! {
    /// Swarm's states of a task.
    TaskState {
        /// Made.
        New = "new",
        /// Waiting for a node.
        Pending = "pending",
        /// Given to a node.
        Assigned = "assigned",
        /// Taken by the node.
        Accepted = "accepted",
        /// The image is being pulled.
        Preparing = "preparing",
        /// Prepared.
        Ready = "ready",
        /// Started, and not yet healthy.
        Starting = "starting",
        /// Started, and healthy where there is a check.
        Running = "running",
        /// Ended well.
        Complete = "complete",
        /// Told to end.
        Shutdown = "shutdown",
        /// Ended badly.
        Failed = "failed",
        /// The node would not take it.
        Rejected = "rejected",
        /// To be removed.
        Remove = "remove",
        /// Its node is lost.
        Orphaned = "orphaned",
    }
}

words! {
    /// What would become of a task if its node were drained.
    Fate {
        /// It is started on another node.
        Moves = "moves",
        /// It is started on another node, without what is in its volumes.
        MovesEmpty = "moves_empty",
        /// It ends, and none takes its place: the other nodes have theirs.
        Ends = "ends",
        /// It ends, and what takes its place waits: no other node can have it.
        Waits = "waits",
    }
}

/// A task that is on a node and is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeTask {
    /// Its id.
    pub id: String,
    /// The stack of this Berth that it is of; null where it is of none.
    #[schema(required = true)]
    pub stack: Option<String>,
    /// Its service: of a stack of this Berth by its short name, else as Docker calls it.
    pub service: String,
    /// Which of the service's tasks it is; null for global services.
    #[schema(required = true)]
    pub slot: Option<u64>,
    /// Its image.
    pub image: String,
    /// What it is.
    pub state: TaskState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What would become of it if the node were drained.
    pub fate: Fate,
    /// Why, where it would not simply move; else empty.
    pub why: String,
}

/// What is on a node.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NodeLoad {
    /// The tasks that are to run there, of this Berth's stacks first, by name.
    pub tasks: Vec<NodeTask>,
    /// CPUs that are kept for them.
    pub reserved_cpus: f64,
    /// Memory that is kept for them.
    pub reserved_memory_bytes: i64,
    /// Why the node can't be drained; null where it can.
    #[schema(required = true)]
    pub no_drain: Option<String>,
}

/// What a person last wanted of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodeIntent {
    /// What it is to be.
    pub availability: Availability,
    /// Who wanted it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// When it was done or given up; null while it is to be done.
    #[schema(required = true)]
    pub done_at: Option<DateTime<Utc>>,
    /// Why it was not done; null where it was, or is to be.
    #[schema(required = true)]
    pub failure: Option<String>,
}

/// A node, what is on it, and what people want of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NodeDetail {
    /// The node.
    pub node: Node,
    /// What a person last wanted of it; null where nobody did.
    #[schema(required = true)]
    pub intent: Option<NodeIntent>,
    /// What is on it now; null where the Berth that answers can't ask Docker.
    #[schema(required = true)]
    pub load: Option<NodeLoad>,
    /// Why that is not known; empty where it is.
    pub blind: String,
}

/// What a node is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
pub struct AvailabilityChange {
    /// What it is to be.
    pub availability: Availability,
    /// Drain it although Berth's leader works through it.
    #[serde(default)]
    pub even_with_leader: bool,
}
