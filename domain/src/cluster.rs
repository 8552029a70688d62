//! The cluster as a port: what is observed, what can be done, how it fails.
//!
//! Two implementations: `swarm` (Docker) and `reconciler::sim` (memory, with
//! seeded faults). Neither decides anything.

mod known;
pub mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;

use chrono::{DateTime, Utc};

pub use self::known::Known;
use self::output::{Feed, Source};
use crate::facts::{Availability, ClusterFacts, NodeFacts};
use crate::ids::StackName;
use crate::registry::{Answer, LoginError, Origin};
use crate::shared::Shared;
use crate::stack::{FileSpec, Mode, NetworkSpec, ServiceSpec, StackSpec};

/// What is on the cluster under one stack's name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedStack {
    /// Services by short name.
    pub services: BTreeMap<String, ObservedService>,
    /// Networks by their name on the cluster.
    pub networks: BTreeMap<String, ObservedNetwork>,
    /// Configs by their name on the cluster, to their id.
    pub configs: BTreeMap<String, ObservedFile>,
    /// Secrets by their name on the cluster, to their id.
    pub secrets: BTreeMap<String, ObservedFile>,
    /// Volumes of this stack on nodes that can be reached.
    pub volumes: Vec<String>,
    /// Images that Berth built for this stack, on nodes that can be reached.
    pub images: Vec<String>,
    /// Tasks whose service is gone but that still run.
    pub leaving_tasks: u32,
}

/// A service as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedService {
    /// Its id.
    pub id: String,
    /// Its version, which an update must name.
    pub version: Version,
    /// When it was changed last, by whomever, or Swarm told of its update.
    pub changed_at: DateTime<Utc>,
    /// Whether it carries our instance's label: only then may it be touched.
    pub ours: bool,
    /// What it is, in the fields that Berth owns; [`None`] where it has become
    /// something that no [`ServiceSpec`] says, which counts as different.
    pub spec: Option<Shared<ServiceSpec>>,
    /// The networks, configs and secrets, by their names on the cluster, of what
    /// it was before its last update: Swarm needs them to take that back.
    pub previous: BTreeSet<String>,
    /// What Swarm says of its last update, if anything.
    pub update: Option<UpdateStatus>,
    /// Its tasks, newest first, as far as Swarm remembers them.
    pub tasks: Vec<ObservedTask>,
}

/// A service's or node's version: an update that names an older one is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version(pub u64);

/// A network as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// Its id.
    pub id: String,
    /// Whether it carries our instance's label.
    pub ours: bool,
    /// What it is.
    pub spec: Shared<NetworkSpec>,
}

/// A config or secret as it is. Its name has the hash of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedFile {
    /// Its id.
    pub id: String,
    /// Whether it carries our instance's label.
    pub ours: bool,
}

/// What Swarm says of an update. Never a verdict: it may be missing, stale, or
/// say `updating` for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateStatus {
    /// Where it stands.
    pub state: UpdateState,
    /// Swarm's words.
    pub message: String,
    /// Since when.
    pub started_at: Option<DateTime<Utc>>,
}

/// Swarm's states of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateState {
    /// It goes on.
    Updating,
    /// It stopped after a failure.
    Paused,
    /// It is through.
    Completed,
    /// It is being taken back.
    RollbackStarted,
    /// The taking back stopped.
    RollbackPaused,
    /// It was taken back.
    RollbackCompleted,
}

/// A task as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTask {
    /// Its id.
    pub id: String,
    /// Its slot; [`None`] for global services.
    pub slot: Option<u64>,
    /// The node it is on, once it is on one.
    pub node: Option<String>,
    /// Whether that node is down: then nothing the task says counts.
    pub node_down: bool,
    /// What it is.
    pub state: TaskState,
    /// What Swarm wants of it.
    pub desired: TaskState,
    /// Since when it is what it is.
    pub since: DateTime<Utc>,
    /// Whether it runs the service's newest spec (Swarm's `_up-to-date`).
    pub up_to_date: bool,
    /// What went wrong, in Swarm's words.
    pub error: Option<String>,
    /// How its process ended.
    pub exit_code: Option<i64>,
}

/// Swarm's states of a task, in order (swarmkit, `api/types.proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskState {
    /// Made.
    New,
    /// Waiting for a node.
    Pending,
    /// Given to a node.
    Assigned,
    /// Taken by the node.
    Accepted,
    /// The image is being pulled.
    Preparing,
    /// Prepared.
    Ready,
    /// Started, and not yet healthy.
    Starting,
    /// Started, and healthy where there is a check.
    Running,
    /// Ended well.
    Complete,
    /// Told to end.
    Shutdown,
    /// Ended badly.
    Failed,
    /// The node would not take it.
    Rejected,
    /// To be removed.
    Remove,
    /// Its node is lost.
    Orphaned,
}

/// One call to the cluster.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Makes a network.
    CreateNetwork {
        /// Its name on the cluster.
        name: String,
        /// What it should be.
        spec: NetworkSpec,
    },
    /// Makes a config.
    CreateConfig {
        /// Its name on the cluster.
        name: String,
        /// What is in it.
        spec: FileSpec,
    },
    /// Makes a secret.
    CreateSecret {
        /// Its name on the cluster.
        name: String,
        /// What is in it.
        spec: FileSpec,
    },
    /// Makes a service.
    CreateService {
        /// Its short name.
        name: String,
        /// What it should be.
        spec: Box<ServiceSpec>,
    },
    /// Changes a service.
    UpdateService {
        /// Its short name.
        name: String,
        /// What it should be.
        spec: Box<ServiceSpec>,
        /// The version that this was decided on.
        from: Version,
    },
    /// Removes a service.
    RemoveService {
        /// Its short name.
        name: String,
        /// The version that this was decided on.
        from: Version,
    },
    /// Removes a config.
    RemoveConfig {
        /// Its name on the cluster.
        name: String,
    },
    /// Removes a secret.
    RemoveSecret {
        /// Its name on the cluster.
        name: String,
    },
    /// Removes a network.
    RemoveNetwork {
        /// Its name on the cluster.
        name: String,
    },
    /// Removes a volume, and what is in it.
    RemoveVolume {
        /// Its name.
        name: String,
    },
    /// Removes an image that Berth built.
    RemoveImage {
        /// Its tag.
        name: String,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = |spec: &ServiceSpec| match spec.mode {
            Mode::Replicated { replicas } => format!("x{replicas}"),
            Mode::Global => "on every node".to_owned(),
            Mode::ReplicatedJob { total_completions, .. } => format!("job x{total_completions}"),
            Mode::GlobalJob => "job on every node".to_owned(),
        };
        match self {
            Self::CreateNetwork { name, .. } => write!(f, "+ network {name}"),
            Self::CreateConfig { name, .. } => write!(f, "+ config {name}"),
            Self::CreateSecret { name, .. } => write!(f, "+ secret {name}"),
            Self::CreateService { name, spec } => {
                write!(f, "+ service {name} {} {}", spec.image, tasks(spec))
            }
            Self::UpdateService { name, spec, .. } => {
                let anew = if spec.force_updates > 0 { " anew" } else { "" };
                write!(f, "~ service {name} {} {}{anew}", spec.image, tasks(spec))
            }
            Self::RemoveService { name, .. } => write!(f, "- service {name}"),
            Self::RemoveConfig { name } => write!(f, "- config {name}"),
            Self::RemoveSecret { name } => write!(f, "- secret {name}"),
            Self::RemoveNetwork { name } => write!(f, "- network {name}"),
            Self::RemoveVolume { name } => write!(f, "- volume {name}"),
            Self::RemoveImage { name } => write!(f, "- image {name}"),
        }
    }
}

/// What a stack should be.
#[derive(Debug, Clone, PartialEq)]
pub enum Desired {
    /// This.
    Present(Box<StackSpec>),
    /// Nothing: no service, network, config, secret, volume or image of it.
    Absent,
}

/// What is on the cluster, a stack at a time: of thousands, nobody needs to hold
/// more than the one that is being looked at.
pub type Everything = Box<dyn Iterator<Item = (StackName, ObservedStack)> + Send>;

/// Why the cluster did not do what it was asked; by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// What was observed is no longer so, or something on its way out still
    /// holds it: observe again.
    #[error("{what} changed meanwhile, or is still in use")]
    Stale {
        /// What.
        what: String,
    },
    /// The engine can't be reached, or is busy: try again later.
    #[error("Docker does not answer: {message}")]
    Unavailable {
        /// How it showed.
        message: String,
    },
    /// The engine will never take this: a person must change something.
    #[error("Docker refused {what}: {message}")]
    Rejected {
        /// What it was asked.
        what: String,
        /// Its words.
        message: String,
    },
    /// Who we are to an image's registry can't be told: try again later.
    #[error(transparent)]
    Login(LoginError),
}

/// A cluster that stacks run on.
pub trait Cluster: Send + Sync + 'static {
    /// What comes of following a service.
    type Feed: Feed;

    /// What is there under one stack's name.
    fn observe(
        &self,
        stack: &StackName,
    ) -> impl Future<Output = Result<ObservedStack, ClusterError>> + Send;

    /// A stack's services and their tasks alone, for whoever waits for them: a
    /// lighter look than [`observe`](Self::observe).
    fn observe_services(
        &self,
        stack: &StackName,
    ) -> impl Future<Output = Result<BTreeMap<String, ObservedService>, ClusterError>> + Send;

    /// What is there under every stack of this instance, as of one moment and by
    /// name, in a number of calls that does not depend on how many there are. What
    /// is as it is known to should be is [shared](Known::share).
    fn observe_all(
        &self,
        known: Known,
    ) -> impl Future<Output = Result<Everything, ClusterError>> + Send;

    /// What the cluster has, and what is taken on it. Of `images`, it is asked
    /// whether there are such.
    fn facts(
        &self,
        images: &BTreeSet<String>,
    ) -> impl Future<Output = Result<ClusterFacts, ClusterError>> + Send;

    /// The cluster's nodes.
    fn nodes(&self) -> impl Future<Output = Result<Vec<NodeFacts>, ClusterError>> + Send;

    /// Makes a node, as it was at version `from`, be `wanted`. Doing it twice does
    /// it once.
    fn set_availability(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Carries out one action. Doing it twice does it once.
    fn apply(
        &self,
        stack: &StackName,
        action: &Action,
    ) -> impl Future<Output = Result<(), ClusterError>> + Send;

    /// Asks the registry of `image` what it has under that name, with the login
    /// that there is for it. An error is the cluster's, not the registry's.
    fn ask_registry(
        &self,
        image: &str,
    ) -> impl Future<Output = Result<Answer, ClusterError>> + Send;

    /// Whether the node that we talk to has `image`, and where it is from.
    fn local_image(
        &self,
        image: &str,
    ) -> impl Future<Output = Result<Option<Origin>, ClusterError>> + Send;

    /// The last lines that a task wrote, for the reason of a failure.
    fn task_log(
        &self,
        task: &str,
        lines: u32,
    ) -> impl Future<Output = Result<Vec<String>, ClusterError>> + Send;

    /// Every service of this instance, for its output.
    fn sources(&self) -> impl Future<Output = Result<Vec<Source>, ClusterError>> + Send;

    /// Follows what the tasks of a service write, ended ones too: what they wrote
    /// from `since` on, or all that there is of it, and what comes.
    fn follow(
        &self,
        source: &Source,
        since: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<Self::Feed, ClusterError>> + Send;

    /// Waits until something changed on the cluster, and says which stack it
    /// was, or [`None`] where it may be any. A hint, nothing more.
    fn changed(&self) -> impl Future<Output = Option<StackName>> + Send;
}
