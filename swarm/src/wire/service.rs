//! A service's spec and all that is in it.

use berth_domain::map::Map;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PreviousSpec, nullable};

pub(crate) type Labels = Map<String, String>;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Service {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) version: Version,
    pub(crate) updated_at: chrono::DateTime<chrono::Utc>,
    pub(crate) spec: ServiceSpec,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_spec: Option<PreviousSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_status: Option<UpdateStatus>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Version {
    pub(crate) index: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct UpdateStatus {
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) started_at: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceSpec {
    pub(crate) name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
    pub(crate) task_template: TaskSpec,
    pub(crate) mode: ServiceMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_config: Option<UpdateConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rollback_config: Option<UpdateConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint_spec: Option<EndpointSpec>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container_spec: Option<ContainerSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Resources>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) restart_policy: Option<RestartPolicy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) placement: Option<Placement>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) networks: Vec<NetworkAttachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_driver: Option<Driver>,
    pub(crate) force_update: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) runtime: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerSpec {
    pub(crate) image: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) command: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) args: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hostname: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) env: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) dir: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) user: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) privileges: Option<Privileges>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) stop_signal: String,
    #[serde(rename = "TTY", skip_serializing_if = "is_false")]
    pub(crate) tty: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) open_stdin: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) read_only: bool,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) mounts: Vec<Mount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_grace_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) healthcheck: Option<Healthcheck>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) hosts: Vec<String>,
    #[serde(rename = "DNSConfig", skip_serializing_if = "Option::is_none")]
    pub(crate) dns_config: Option<DnsConfig>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<SecretReference>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) configs: Vec<ConfigReference>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) isolation: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub(crate) sysctls: Map<String, String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) capability_add: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) capability_drop: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) ulimits: Vec<Ulimit>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) oom_score_adj: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(is: &bool) -> bool {
    !*is
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(is: &i64) -> bool {
    *is == 0
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Privileges {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential_spec: Option<CredentialSpec>,
    #[serde(rename = "SELinuxContext", skip_serializing_if = "Option::is_none")]
    pub(crate) selinux_context: Option<SelinuxContext>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seccomp: Option<Confinement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) app_armor: Option<Confinement>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_new_privileges: bool,
    /// The rest, which Berth does not own.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SelinuxContext {
    pub(crate) disable: bool,
    pub(crate) user: String,
    pub(crate) role: String,
    pub(crate) r#type: String,
    pub(crate) level: String,
}

/// Seccomp's or `AppArmor`'s: of a profile of one's own only that there is one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Confinement {
    pub(crate) mode: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct CredentialSpec {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) config: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) registry: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DnsConfig {
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) nameservers: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) search: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Healthcheck {
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) test: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_interval: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retries: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Mount {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) source: String,
    pub(crate) target: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) read_only: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) consistency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bind_options: Option<BindOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volume_options: Option<VolumeOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tmpfs_options: Option<TmpfsOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster_options: Option<Empty>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Empty {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct BindOptions {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) propagation: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct VolumeOptions {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) no_copy: bool,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub(crate) labels: Labels,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) subpath: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver_config: Option<Driver>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TmpfsOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Driver {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) name: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub(crate) options: Map<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct FileTarget {
    pub(crate) name: String,
    #[serde(rename = "UID")]
    pub(crate) uid: String,
    #[serde(rename = "GID")]
    pub(crate) gid: String,
    pub(crate) mode: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SecretReference {
    pub(crate) file: Option<FileTarget>,
    #[serde(rename = "SecretID")]
    pub(crate) id: String,
    #[serde(rename = "SecretName")]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ConfigReference {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<FileTarget>,
    /// Set where the runtime itself reads it: for a credential spec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) runtime: Option<Empty>,
    #[serde(rename = "ConfigID")]
    pub(crate) id: String,
    #[serde(rename = "ConfigName")]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Ulimit {
    pub(crate) name: String,
    pub(crate) hard: i64,
    pub(crate) soft: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Resources {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<Limits>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reservations: Option<Reservations>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Limits {
    #[serde(rename = "NanoCPUs", skip_serializing_if = "Option::is_none")]
    pub(crate) nano_cpus: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_bytes: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pids: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Reservations {
    #[serde(rename = "NanoCPUs", skip_serializing_if = "Option::is_none")]
    pub(crate) nano_cpus: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_bytes: Option<i64>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) generic_resources: Vec<GenericResource>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct GenericResource {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discrete_resource_spec: Option<DiscreteResource>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct DiscreteResource {
    pub(crate) kind: String,
    pub(crate) value: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RestartPolicy {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) condition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_attempts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) window: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Placement {
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) constraints: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) preferences: Vec<Preference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_replicas: Option<u64>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) platforms: Vec<Platform>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Preference {
    pub(crate) spread: Option<Spread>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Spread {
    pub(crate) spread_descriptor: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Platform {
    #[serde(alias = "architecture", skip_serializing_if = "String::is_empty")]
    pub(crate) architecture: String,
    #[serde(rename = "OS", alias = "os", skip_serializing_if = "String::is_empty")]
    pub(crate) os: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NetworkAttachment {
    pub(crate) target: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) aliases: Vec<String>,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Map::is_empty")]
    pub(crate) driver_opts: Map<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceMode {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicated: Option<Replicated>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) global: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replicated_job: Option<ReplicatedJob>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) global_job: Option<Empty>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Replicated {
    pub(crate) replicas: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ReplicatedJob {
    pub(crate) max_concurrent: Option<u64>,
    pub(crate) total_completions: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct UpdateConfig {
    pub(crate) parallelism: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) failure_action: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) monitor: Option<i64>,
    pub(crate) max_failure_ratio: f64,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) order: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct EndpointSpec {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) mode: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) ports: Vec<Port>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Port {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) protocol: String,
    pub(crate) target_port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) published_port: Option<u16>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) publish_mode: String,
}
