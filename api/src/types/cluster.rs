//! The Swarm's nodes, and when which was away.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
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
    /// What a person wants of it.
    pub availability: Availability,
    /// Whether it answers.
    pub state: NodeState,
    /// Swarm's words about that; empty where there are none.
    pub message: String,
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
    /// When nodes were away, the newest first: of the last 90 days, at most 50.
    pub outages: Vec<Outage>,
}
