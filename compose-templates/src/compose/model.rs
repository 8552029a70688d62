//! What compose files say, in their own terms: nothing is scoped to a stack yet.
//!
//! An [`Option`] that is [`None`] and an empty list were not written, so that
//! files can be merged.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::build::BuildContext;
use berth_domain::stack::{Condition, Driver, Healthcheck, Nanos, Pool, Security};

use crate::x_berth::{JobTime, Route};
use crate::yaml::At;

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<T> {
    pub(crate) at: At,
    pub(crate) it: T,
}

/// Everything that one or several merged files say.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Model {
    pub(crate) services: BTreeMap<String, Service>,
    pub(crate) networks: BTreeMap<String, Network>,
    pub(crate) volumes: BTreeMap<String, Volume>,
    pub(crate) configs: BTreeMap<String, Blob>,
    pub(crate) secrets: BTreeMap<String, Blob>,
}

/// A service.
#[derive(Clone, PartialEq)]
pub(crate) struct Service {
    pub(crate) at: At,
    pub(crate) image: Option<Placed<String>>,
    pub(crate) build: Option<BuildModel>,
    /// Keys that are left out though they ask for something beyond the service:
    /// Swarm has it for nobody, but not everybody may ask.
    pub(crate) beyond: Vec<Placed<&'static str>>,
    pub(crate) profiles: Vec<String>,
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) hostname: Option<String>,
    pub(crate) working_dir: Option<String>,
    pub(crate) user: Option<String>,
    pub(crate) group_add: Vec<String>,
    pub(crate) environment: BTreeMap<String, Option<String>>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) extra_hosts: Vec<String>,
    pub(crate) dns: Vec<String>,
    pub(crate) dns_search: Vec<String>,
    pub(crate) dns_opt: Vec<String>,
    pub(crate) healthcheck: Option<HealthModel>,
    pub(crate) stop_grace_period: Option<Nanos>,
    pub(crate) stop_signal: Option<String>,
    pub(crate) init: Option<bool>,
    pub(crate) tty: Option<bool>,
    pub(crate) stdin_open: Option<bool>,
    pub(crate) read_only: Option<bool>,
    pub(crate) isolation: Option<String>,
    pub(crate) cap_add: Vec<String>,
    pub(crate) cap_drop: Vec<String>,
    pub(crate) sysctls: BTreeMap<String, String>,
    pub(crate) ulimits: BTreeMap<String, (i64, i64)>,
    pub(crate) oom_score_adj: Option<i64>,
    pub(crate) credential_spec: Option<Placed<Credentials>>,
    pub(crate) security: Security,
    pub(crate) platform: Option<(String, String)>,
    pub(crate) logging: Option<Driver>,
    pub(crate) restart: Option<Restart>,
    pub(crate) scale: Option<u64>,
    pub(crate) mem_limit: Option<i64>,
    pub(crate) mem_reservation: Option<i64>,
    pub(crate) mem_reservation_at: Option<At>,
    pub(crate) cpus: Option<i64>,
    pub(crate) pids_limit: Option<i64>,
    pub(crate) tmpfs: Vec<Tmpfs>,
    pub(crate) shm_size: Option<i64>,
    pub(crate) volumes: Vec<VolumeUse>,
    pub(crate) ports: Vec<PortUse>,
    pub(crate) networks: BTreeMap<String, NetworkUse>,
    pub(crate) predefined_network: Option<String>,
    pub(crate) configs: Vec<BlobUse>,
    pub(crate) secrets: Vec<BlobUse>,
    /// Which lists were written as `[]`, where files are merged as Docker does it.
    pub(crate) empty: BTreeSet<&'static str>,
    pub(crate) depends_on: BTreeMap<String, DependsUse>,
    pub(crate) deploy: Deploy,
    pub(crate) routes: Vec<Placed<Route>>,
    pub(crate) job: Option<Placed<JobTime>>,
}

impl Service {
    pub(crate) fn new(at: At) -> Self {
        Self {
            at,
            image: None,
            build: None,
            beyond: Vec::new(),
            profiles: Vec::new(),
            entrypoint: None,
            command: None,
            hostname: None,
            working_dir: None,
            user: None,
            group_add: Vec::new(),
            environment: BTreeMap::new(),
            labels: BTreeMap::new(),
            extra_hosts: Vec::new(),
            dns: Vec::new(),
            dns_search: Vec::new(),
            dns_opt: Vec::new(),
            healthcheck: None,
            stop_grace_period: None,
            stop_signal: None,
            init: None,
            tty: None,
            stdin_open: None,
            read_only: None,
            isolation: None,
            cap_add: Vec::new(),
            cap_drop: Vec::new(),
            sysctls: BTreeMap::new(),
            ulimits: BTreeMap::new(),
            oom_score_adj: None,
            credential_spec: None,
            security: Security::default(),
            platform: None,
            logging: None,
            restart: None,
            scale: None,
            mem_limit: None,
            mem_reservation: None,
            mem_reservation_at: None,
            cpus: None,
            pids_limit: None,
            tmpfs: Vec::new(),
            shm_size: None,
            volumes: Vec::new(),
            ports: Vec::new(),
            networks: BTreeMap::new(),
            predefined_network: None,
            configs: Vec::new(),
            secrets: Vec::new(),
            empty: BTreeSet::new(),
            depends_on: BTreeMap::new(),
            deploy: Deploy::default(),
            routes: Vec::new(),
            job: None,
        }
    }
}

/// `build:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildModel {
    pub(crate) at: At,
    /// A folder is from the root that files are read from.
    pub(crate) context: Option<BuildContext>,
    pub(crate) dockerfile: Option<String>,
    pub(crate) args: BTreeMap<String, String>,
    pub(crate) target: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// `healthcheck:`, with `disable:` still apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HealthModel {
    pub(crate) at: At,
    pub(crate) disable: Option<bool>,
    pub(crate) it: Healthcheck,
}

/// `credential_spec:`; a config is still named as in the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Credentials {
    pub(crate) config: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) registry: Option<String>,
}

/// `restart:`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Restart {
    No,
    Always,
    OnFailure(Option<u64>),
    /// What Docker refuses where it comes to use it.
    Unknown {
        at: At,
        text: String,
    },
}

/// An entry of `tmpfs:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tmpfs {
    pub(crate) target: String,
    pub(crate) size: Option<i64>,
    pub(crate) mode: Option<u32>,
}

/// An entry of a service's `volumes:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VolumeUse {
    pub(crate) at: At,
    pub(crate) kind: VolumeKind,
    pub(crate) source: Option<String>,
    pub(crate) target: String,
    pub(crate) read_only: bool,
    pub(crate) propagation: Option<String>,
    pub(crate) no_copy: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) subpath: Option<String>,
    pub(crate) tmpfs_size: Option<i64>,
    pub(crate) tmpfs_mode: Option<u32>,
    /// Of which kinds it has options: `bind`, `volume`, `tmpfs`.
    pub(crate) options: BTreeSet<&'static str>,
}

/// `type:` of a volume entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VolumeKind {
    Volume,
    Bind,
    Tmpfs,
    Npipe,
    Cluster,
    Image,
}

/// One published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PortUse {
    pub(crate) at: At,
    pub(crate) published: Option<u16>,
    pub(crate) target: u16,
    pub(crate) protocol: String,
    pub(crate) host: bool,
}

/// An entry of a service's `networks:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetworkUse {
    pub(crate) at: At,
    /// Nothing but its name was written.
    pub(crate) bare: bool,
    pub(crate) aliases: Vec<String>,
    /// Whether the service's own name is one of them.
    pub(crate) named: bool,
    pub(crate) driver_opts: BTreeMap<String, String>,
}

/// An entry of a service's `configs:` or `secrets:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlobUse {
    pub(crate) at: At,
    pub(crate) source: String,
    pub(crate) target: Option<String>,
    pub(crate) uid: Option<String>,
    pub(crate) gid: Option<String>,
    pub(crate) mode: Option<u32>,
}

/// An entry of `depends_on:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DependsUse {
    pub(crate) at: At,
    pub(crate) condition: Condition,
    /// Whether the other service must be there at all.
    pub(crate) required: bool,
}

/// `deploy:`
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Deploy {
    pub(crate) mode: Option<Placed<DeployMode>>,
    pub(crate) replicas: Option<Placed<u64>>,
    pub(crate) endpoint_mode: Option<Placed<berth_domain::stack::EndpointMode>>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) update: Option<Update>,
    pub(crate) rollback: Option<Update>,
    pub(crate) limit_nano_cpus: Option<i64>,
    pub(crate) limit_memory: Option<i64>,
    pub(crate) limit_pids: Option<i64>,
    /// Where `reservations:` is.
    pub(crate) reservations_at: Option<At>,
    pub(crate) reserve_nano_cpus: Option<i64>,
    pub(crate) reserve_memory: Option<i64>,
    pub(crate) reserve_generic: BTreeMap<String, i64>,
    pub(crate) restart: Option<RestartBlock>,
    pub(crate) constraints: Vec<String>,
    /// Where `constraints:` is.
    pub(crate) constraints_at: Option<At>,
    pub(crate) spread: Vec<String>,
    pub(crate) max_replicas_per_node: Option<u64>,
}

/// `deploy.mode`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeployMode {
    Replicated,
    Global,
    ReplicatedJob,
    GlobalJob,
}

/// `deploy.update_config` and `deploy.rollback_config`
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    pub(crate) at: At,
    pub(crate) parallelism: Option<u64>,
    pub(crate) delay: Option<Nanos>,
    pub(crate) failure_action: Option<String>,
    pub(crate) monitor: Option<Nanos>,
    pub(crate) max_failure_ratio: Option<f64>,
    pub(crate) order: Option<String>,
}

/// `deploy.restart_policy`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RestartBlock {
    pub(crate) condition: Option<String>,
    pub(crate) delay: Option<Nanos>,
    pub(crate) max_attempts: Option<u64>,
    pub(crate) window: Option<Nanos>,
}

/// A top-level network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Network {
    pub(crate) at: At,
    pub(crate) external: bool,
    pub(crate) name: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) driver_opts: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) internal: bool,
    pub(crate) attachable: bool,
    pub(crate) ipam_driver: Option<String>,
    pub(crate) subnets: Vec<String>,
    /// By subnet.
    pub(crate) pools: BTreeMap<String, Pool>,
}

/// A top-level volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) external: bool,
    pub(crate) name: Option<String>,
    pub(crate) driver: Option<String>,
    pub(crate) driver_opts: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// A top-level config or secret: no `Debug`, since it may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Blob {
    pub(crate) at: At,
    pub(crate) external: bool,
    pub(crate) name: Option<String>,
    pub(crate) content: Vec<u8>,
    pub(crate) driver: Option<Driver>,
    pub(crate) template_driver: Option<String>,
    pub(crate) labels: BTreeMap<String, String>,
}
