//! `StackSpec`: what should run, in Swarm's terms but in names instead of ids.
//!
//! The compose loader makes it, the planner compares it, `swarm` puts it on the
//! wire and reads it back. A field is here if, and only if, Berth owns it.
//!
//! Everything is ordered (maps by their keys, sorted lists), because Swarm
//! restarts tasks for a changed order alone. Durations are nanoseconds, as on
//! the wire. What each service has of maps is a [`Map`], which is small.

mod canonical;
mod changes;
mod depends;
mod job;
mod mount;
mod route;
mod shrink;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::StackName;
use crate::map::Map;
use crate::shared::Shared;

pub use self::changes::NetworkChange;
pub use self::depends::{Condition, Dependencies, circle};
pub use self::job::{JobTime, Jobs};
pub use self::mount::{FileRef, Mount, MountKind};
pub use self::route::{ANY_HOST, Claim, Contested, Held, Protocol, ROUTES_LABEL, Route, contested};

/// The label that says which stack an object belongs to; Docker's own.
pub const NAMESPACE_LABEL: &str = "com.docker.stack.namespace";
/// The label with a service's image as it was written; Docker's own.
pub const IMAGE_LABEL: &str = "com.docker.stack.image";
/// The label that says which Berth made an object. Nothing without it, or with
/// another's id, is ever pruned.
pub const INSTANCE_LABEL: &str = "berth.instance";

/// Nanoseconds, as Docker's API counts durations.
pub type Nanos = i64;

/// Everything that one stack should consist of.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StackSpec {
    /// Services by their short name. Shared with those that are seen to be just so.
    pub services: BTreeMap<String, Shared<ServiceSpec>>,
    /// What services wait for before they are made for the first time.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dependencies: Dependencies,
    /// Which services are jobs that run before or after all else is changed.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub jobs: Jobs,
    /// Networks to create, by their name on the Swarm. External ones are only referred to.
    pub networks: Map<String, Shared<NetworkSpec>>,
    /// Configs to create, by their name on the Swarm.
    pub configs: Map<String, Shared<FileSpec>>,
    /// Secrets to create, by their name on the Swarm.
    pub secrets: Map<String, Shared<FileSpec>>,
    /// Where the stack answers. Carried by labels too; here so that the routed
    /// phase knows what to ask for.
    pub routes: Vec<Route>,
}

/// A network to create.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkSpec {
    /// The driver; empty means `overlay`.
    pub driver: String,
    /// Options of the driver.
    pub driver_opts: Map<String, String>,
    /// Labels, less the namespace's and the instance's.
    pub labels: Map<String, String>,
    /// No way out of it.
    pub internal: bool,
    /// Containers outside of Swarm may join it.
    pub attachable: bool,
    /// The address management's driver, if stated.
    pub ipam_driver: Option<String>,
    /// Subnets in CIDR notation.
    pub subnets: Vec<String>,
    /// What is said of a subnet beyond itself, by subnet.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub pools: Map<String, Pool>,
}

/// How the addresses of a subnet are given out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Pool {
    /// The gateway's address. Where nothing is said, Swarm takes one.
    pub gateway: Option<String>,
    /// The part of the subnet, in CIDR notation, that addresses are taken from.
    pub ip_range: Option<String>,
}

/// A config or a secret: named bytes, immutable in Swarm.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FileSpec {
    /// The bytes; empty where a driver gives them.
    pub data: Vec<u8>,
    /// Labels, less the namespace's and the instance's.
    pub labels: Map<String, String>,
    /// A secret driver, with its options.
    pub driver: Option<Driver>,
    /// The templating driver, such as `golang`.
    pub template_driver: Option<String>,
}

impl fmt::Debug for FileSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, labels, driver, template_driver } = self;
        // It may be a secret: its size says enough.
        f.debug_struct("FileSpec")
            .field("data", &format_args!("{} bytes", data.len()))
            .field("labels", labels)
            .field("driver", driver)
            .field("template_driver", template_driver)
            .finish()
    }
}

/// A plug-in by name, with its options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// Its name.
    pub name: String,
    /// Its options.
    pub options: Map<String, String>,
}

/// A service. What is large and rarely said is behind a pointer: a leader holds
/// those of all stacks.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceSpec {
    /// The image that runs, pinned where it could be.
    pub image: String,
    /// The image as the compose file has it ([`IMAGE_LABEL`]).
    pub written_image: String,
    /// Labels of the service, less the namespace's, image's and instance's.
    /// Traefik reads these. Changing them restarts nothing.
    pub labels: Map<String, String>,
    /// Labels of its containers, less the namespace's.
    pub container_labels: Map<String, String>,
    /// `entrypoint:`, Swarm's `Command`.
    pub entrypoint: Vec<String>,
    /// `command:`, Swarm's `Args`.
    pub command: Vec<String>,
    /// The host name in the container.
    pub hostname: Option<String>,
    /// The working directory.
    pub working_dir: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Additional groups.
    pub groups: Vec<String>,
    /// The environment. [`None`] is a bare `KEY`, which unsets the image's.
    pub env: Map<String, Option<String>>,
    /// `/etc/hosts` lines, as Swarm has them: `IP host`.
    pub hosts: Vec<String>,
    /// Name servers.
    pub dns: Vec<String>,
    /// Search domains.
    pub dns_search: Vec<String>,
    /// Resolver options.
    pub dns_options: Vec<String>,
    /// The health check.
    pub healthcheck: Option<Box<Healthcheck>>,
    /// How long a task has to stop.
    pub stop_grace_period: Option<Nanos>,
    /// The signal that stops it.
    pub stop_signal: Option<String>,
    /// An init process as PID 1.
    pub init: Option<bool>,
    /// A terminal.
    pub tty: bool,
    /// Standard input stays open.
    pub stdin_open: bool,
    /// The root file system can't be written.
    pub read_only: bool,
    /// Windows isolation.
    pub isolation: Option<String>,
    /// Capabilities to add, upper case with `CAP_`, sorted.
    pub cap_add: Vec<String>,
    /// Capabilities to drop, likewise.
    pub cap_drop: Vec<String>,
    /// Kernel parameters.
    pub sysctls: Map<String, String>,
    /// Limits by name: soft and hard.
    pub ulimits: Map<String, (i64, i64)>,
    /// `oom_score_adj`.
    pub oom_score_adj: Option<i64>,
    /// Where Windows gets its credentials.
    pub credential_spec: Option<Box<CredentialSpec>>,
    /// What else the kernel holds the container to.
    #[serde(skip_serializing_if = "Security::is_default")]
    pub security: Security,
    /// Mounts, in the file's order.
    pub mounts: Vec<Mount>,
    /// Configs, sorted by the object's name.
    pub configs: Vec<FileRef>,
    /// Secrets, sorted by the object's name.
    pub secrets: Vec<FileRef>,
    /// Networks, sorted by name.
    pub networks: Vec<Attachment>,
    /// The log driver.
    pub logging: Option<Box<Driver>>,
    /// How many tasks, and of what kind.
    pub mode: Mode,
    /// What it may use, and what is kept for it.
    pub resources: Resources,
    /// When a task is replaced.
    pub restart: Option<Box<RestartPolicy>>,
    /// Where tasks may run.
    pub placement: Placement,
    /// How an update goes about it.
    pub update: Option<Box<UpdateConfig>>,
    /// How a rollback goes about it.
    pub rollback: Option<Box<UpdateConfig>>,
    /// `vip` or `dnsrr`.
    pub endpoint_mode: EndpointMode,
    /// Published ports, sorted.
    pub ports: Vec<Port>,
    /// How often its tasks are to have been replaced for no other reason, *at
    /// least* (Swarm's `ForceUpdate`). Swarm replaces them when that rises. It never
    /// falls: what a hand raised is as good, and a release that does not know of a
    /// restart takes none back.
    #[serde(skip_serializing_if = "is_zero")]
    pub force_updates: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Swarm's two ways of finding a service's tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointMode {
    /// One virtual address.
    #[default]
    Vip,
    /// The tasks' addresses, by DNS.
    Dnsrr,
}

/// A health check.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Healthcheck {
    /// `["CMD", …]`, `["CMD-SHELL", "…"]`, or `["NONE"]`.
    pub test: Vec<String>,
    /// Between two checks.
    pub interval: Option<Nanos>,
    /// Of one check.
    pub timeout: Option<Nanos>,
    /// In which a failure does not count.
    pub start_period: Option<Nanos>,
    /// Between two checks in the start period.
    pub start_interval: Option<Nanos>,
    /// Failures in a row that make it unhealthy.
    pub retries: Option<i64>,
}

/// A Windows credential spec: one of the three is set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialSpec {
    /// A config's name on the Swarm.
    pub config: Option<String>,
    /// A file.
    pub file: Option<String>,
    /// A registry value.
    pub registry: Option<String>,
}

/// What the kernel holds a container to, as far as a file says: the rest is the
/// engine's own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Security {
    /// No process gets more than its parent had.
    pub no_new_privileges: bool,
    /// Every system call is let through.
    pub unconfined_seccomp: bool,
    /// No profile of `AppArmor` applies.
    pub unconfined_apparmor: bool,
    /// The label of `SELinux`, if it is not the engine's.
    pub selinux: Option<Box<Selinux>>,
}

impl Security {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A label of `SELinux`; a part that is empty is the engine's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selinux {
    /// There is none.
    pub disable: bool,
    /// The user.
    pub user: String,
    /// The role.
    pub role: String,
    /// The type.
    pub kind: String,
    /// The level.
    pub level: String,
}

/// A network that a service is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Attachment {
    /// The network's name on the Swarm.
    pub network: String,
    /// What the service is called there.
    pub aliases: Vec<String>,
    /// Options of the driver.
    pub driver_opts: Map<String, String>,
}

/// How many tasks, and of what kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Mode {
    /// So many, kept running.
    Replicated {
        /// How many.
        replicas: u64,
    },
    /// One a node.
    Global,
    /// So many runs to completion.
    ReplicatedJob {
        /// At once.
        max_concurrent: u64,
        /// In all.
        total_completions: u64,
    },
    /// One run a node.
    GlobalJob,
}

impl Mode {
    /// `replicated`, `global`, `replicated_job` or `global_job`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Replicated { .. } => "replicated",
            Self::Global => "global",
            Self::ReplicatedJob { .. } => "replicated_job",
            Self::GlobalJob => "global_job",
        }
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self::Replicated { replicas: 1 }
    }
}

/// What a service may use, and what is kept for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// The most CPU, in billionths of a core.
    pub limit_nano_cpus: Option<i64>,
    /// The most memory, in bytes.
    pub limit_memory: Option<i64>,
    /// The most processes.
    pub limit_pids: Option<i64>,
    /// CPU kept free, in billionths of a core.
    pub reserve_nano_cpus: Option<i64>,
    /// Memory kept free, in bytes.
    pub reserve_memory: Option<i64>,
    /// Discrete generic resources: kind to number.
    pub reserve_generic: Map<String, i64>,
}

/// When a task is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartPolicy {
    /// `none`, `on-failure` or `any`.
    pub condition: String,
    /// Before a restart.
    pub delay: Option<Nanos>,
    /// How often.
    pub max_attempts: Option<u64>,
    /// In which the attempts count.
    pub window: Option<Nanos>,
}

/// Where tasks may run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// `node.role==manager` and so on, as written.
    pub constraints: Vec<String>,
    /// Labels to spread over.
    pub spread: Vec<String>,
    /// The most on one node; 0 is no limit.
    pub max_replicas_per_node: u64,
    /// `(os, architecture)` that the image runs on.
    pub platforms: Vec<(String, String)>,
}

/// How an update or a rollback goes about it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// Tasks at once; 0 is all.
    pub parallelism: u64,
    /// Between two rounds.
    pub delay: Option<Nanos>,
    /// `pause`, `continue` or `rollback`; empty means the engine's default.
    pub failure_action: String,
    /// How long a new task is watched.
    pub monitor: Option<Nanos>,
    /// The share of failures that is let pass.
    pub max_failure_ratio: f64,
    /// `stop-first` or `start-first`; empty means the engine's default.
    pub order: String,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    /// On the node; [`None`] for one that Swarm picks.
    pub published: Option<u16>,
    /// In the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// On the task's node only, instead of on every node.
    pub host: bool,
}

impl StackSpec {
    /// How long the slowest service's new tasks are to be watched before the
    /// stack counts as converged. Swarm's own default is five seconds.
    #[must_use]
    pub fn monitor_window(&self) -> std::time::Duration {
        let default = 5_000_000_000;
        let longest = self
            .services
            .values()
            .map(|service| service.update.as_ref().and_then(|u| u.monitor).unwrap_or(default))
            .max()
            .unwrap_or(0);
        std::time::Duration::from_nanos(u64::try_from(longest).unwrap_or(0))
    }

    /// What its routes take for it alone.
    #[must_use]
    pub fn claims(&self) -> BTreeSet<Claim> {
        self.routes.iter().flat_map(Route::claims).collect()
    }

    /// The volumes that belong to this stack, by their name on the Swarm.
    #[must_use]
    pub fn volumes(&self, stack: &StackName) -> Vec<&str> {
        let prefix = stack.scope("");
        let mut names: Vec<&str> = self
            .services
            .values()
            .flat_map(|service| &service.mounts)
            .filter(|mount| matches!(mount.kind, MountKind::Volume { external: false, .. }))
            .filter_map(|mount| mount.source.as_deref())
            .filter(|name| name.starts_with(&prefix))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}
