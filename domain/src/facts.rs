//! What a cluster has, and what is taken on it by whomever: what a deployment is
//! checked against before anything is touched.

use std::collections::{BTreeMap, BTreeSet};

use crate::stack::Held;

/// A cluster, as far as it decides whether a stack can run on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterFacts {
    /// Its nodes.
    pub nodes: Vec<NodeFacts>,
    /// Networks by name.
    pub networks: BTreeMap<String, NetworkFacts>,
    /// Names of configs.
    pub configs: BTreeSet<String>,
    /// Names of secrets.
    pub secrets: BTreeSet<String>,
    /// Ports that are published.
    pub ports: Vec<TakenPort>,
    /// What was found of the images that were asked about.
    pub images: BTreeMap<String, ImageFact>,
    /// What the routes of services claim, by whose they are: as their labels
    /// tell, so those of stacks that no database knows are among them.
    pub routes: Vec<Held>,
    /// The version of Docker's API that is spoken, less the `1.` before it; [`None`]
    /// where that was not asked.
    pub api_minor: Option<u16>,
    /// Whether the kernel has IPVS, without which service addresses (`vip`) and
    /// ports that are published on every node lead nowhere; [`None`] where that
    /// can't be told.
    pub ipvs: Option<bool>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeFacts {
    /// Its id.
    pub id: String,
    /// Its host name.
    pub name: String,
    /// Whether it is up and takes tasks.
    pub takes_tasks: bool,
    /// Whether it is a manager.
    pub manager: bool,
    /// Whether it is the manager that leads.
    pub leader: bool,
    /// Whether it answers.
    pub state: NodeState,
    /// What a person wants of it.
    pub availability: Availability,
    /// Swarm's words about its state; empty where there are none.
    pub message: String,
    /// Its engine's version.
    pub engine: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its engine's labels.
    pub engine_labels: BTreeMap<String, String>,
    /// Such as `linux`.
    pub os: String,
    /// As the kernel calls it, such as `x86_64`.
    pub architecture: String,
    /// Its address.
    pub address: String,
    /// Its CPUs, in billionths of a core.
    pub nano_cpus: i64,
    /// Its memory, in bytes.
    pub memory: i64,
}

/// Swarm's states of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeState {
    /// It was not heard of since Swarm's leader changed.
    #[default]
    Unknown,
    /// It answers.
    Ready,
    /// It does not answer: Swarm runs elsewhere what ran on it.
    Down,
    /// It has gone away by itself.
    Disconnected,
}

impl NodeState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Ready, Self::Down, Self::Disconnected];

    /// Swarm's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ready => "ready",
            Self::Down => "down",
            Self::Disconnected => "disconnected",
        }
    }

    /// What a word of Swarm's says; one that only a newer Swarm knows says nothing.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or_default()
    }

    /// Whether the node is lost; [`None`] where that can't be told yet.
    #[must_use]
    pub const fn is_away(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Ready => Some(false),
            Self::Down | Self::Disconnected => Some(true),
        }
    }
}

/// What a person wants of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Availability {
    /// It takes tasks.
    #[default]
    Active,
    /// It keeps its tasks and takes no more.
    Pause,
    /// It is to have none.
    Drain,
}

impl Availability {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Pause, Self::Drain];

    /// Swarm's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pause => "pause",
            Self::Drain => "drain",
        }
    }

    /// What a word of Swarm's says.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|it| it.as_str() == word).unwrap_or_default()
    }
}

/// A network that is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NetworkFacts {
    /// Whether it spans the cluster; one of a single node is no use to services.
    pub swarm: bool,
    /// Its subnets in CIDR notation.
    pub subnets: Vec<String>,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenPort {
    /// The number.
    pub published: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Who has it, in words: a service or a container by name.
    pub by: String,
    /// The stack it is of, if it is of one.
    pub stack: Option<String>,
    /// The ids of the nodes it is taken on; [`None`] for all.
    pub nodes: Option<BTreeSet<String>>,
}

/// What was found of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageFact {
    /// A node that was asked or its registry has it.
    There,
    /// Neither has it; why, in the registry's words.
    Missing(String),
    /// No node that was asked has it, and its registry did not answer; why.
    Unknown(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swarms_words_read_back_and_a_word_of_a_newer_swarm_says_nothing() {
        let states = ["unknown", "ready", "down", "disconnected"];
        assert_eq!(states.map(NodeState::from_word), NodeState::ALL);
        assert_eq!(NodeState::ALL.map(NodeState::as_str), states);
        assert_eq!(NodeState::from_word("asleep"), NodeState::Unknown);

        let availabilities = ["active", "pause", "drain"];
        assert_eq!(availabilities.map(Availability::from_word), Availability::ALL);
        assert_eq!(Availability::ALL.map(Availability::as_str), availabilities);
        assert_eq!(Availability::from_word("asleep"), Availability::Active);
    }
}
