//! Tasks, nodes, networks, files, volumes, images, containers, events.

use std::collections::BTreeMap;

use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::stack::{INSTANCE_LABEL, NAMESPACE_LABEL};
use chrono::{DateTime, Utc};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::nullable;
use super::service::{
    ConfigReference, Driver, Labels, NetworkAttachment, Platform, SecretReference, Version,
};

/// Of what a service was before its last update, only what that refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PreviousSpec {
    pub(crate) task_template: PreviousTask,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PreviousTask {
    #[serde(deserialize_with = "nullable")]
    pub(crate) container_spec: PreviousContainer,
    #[serde(deserialize_with = "nullable")]
    pub(crate) networks: Vec<NetworkAttachment>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PreviousContainer {
    #[serde(deserialize_with = "nullable")]
    pub(crate) configs: Vec<ConfigReference>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) secrets: Vec<SecretReference>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Task {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) created_at: DateTime<Utc>,
    #[serde(default)]
    pub(crate) spec: TaskContainer,
    #[serde(rename = "ServiceID", default)]
    pub(crate) service_id: String,
    #[serde(default)]
    pub(crate) slot: Option<u64>,
    #[serde(rename = "NodeID", default)]
    pub(crate) node_id: Option<String>,
    pub(crate) status: TaskStatus,
    pub(crate) desired_state: String,
    #[serde(deserialize_with = "nullable", default)]
    pub(crate) networks_attachments: Vec<TaskNetwork>,
}

/// Of a task only its id.
#[derive(Debug, Deserialize)]
pub(crate) struct TaskId {
    #[serde(rename = "ID")]
    pub(crate) id: String,
}

/// Of a task's spec only what tells whose it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskContainer {
    #[serde(deserialize_with = "nullable")]
    pub(crate) container_spec: TaskImage,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskImage {
    pub(crate) image: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Owner,
}

/// Of labels only what tells whose an object is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Owner {
    #[serde(rename = "com.docker.stack.namespace")]
    pub(crate) stack: Option<String>,
    #[serde(rename = "berth.instance")]
    pub(crate) instance: Option<String>,
}

impl Owner {
    /// What labels tell.
    pub(crate) fn of(labels: &Labels) -> Self {
        let label = |name: &str| labels.get(name).cloned();
        Self { stack: label(NAMESPACE_LABEL), instance: label(INSTANCE_LABEL) }
    }

    /// The stack; [`None`] also for a name that Berth gives to none.
    pub(crate) fn stack(&self) -> Option<StackName> {
        self.stack.as_ref().and_then(|name| StackName::parse(name).ok())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TaskStatus {
    pub(crate) timestamp: DateTime<Utc>,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) err: Option<String>,
    #[serde(deserialize_with = "nullable", default)]
    pub(crate) container_status: ContainerStatus,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    pub(crate) container_id: String,
    pub(crate) exit_code: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct TaskNetwork {
    #[serde(deserialize_with = "nullable")]
    pub(crate) addresses: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Node {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) version: Version,
    #[serde(default)]
    pub(crate) spec: NodeSpec,
    #[serde(default)]
    pub(crate) status: NodeStatus,
    #[serde(default)]
    pub(crate) description: NodeDescription,
    /// Of managers only.
    #[serde(deserialize_with = "nullable", default)]
    pub(crate) manager_status: ManagerStatus,
}

/// A node as it is sent back: with all of its spec, whatever a newer engine has there.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WholeNode {
    pub(crate) version: Version,
    pub(crate) spec: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ManagerStatus {
    pub(crate) leader: bool,
    pub(crate) addr: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeSpec {
    pub(crate) role: String,
    pub(crate) availability: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeStatus {
    pub(crate) state: String,
    pub(crate) message: String,
    pub(crate) addr: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeDescription {
    pub(crate) hostname: String,
    pub(crate) platform: Platform,
    pub(crate) resources: NodeResources,
    pub(crate) engine: NodeEngine,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeResources {
    #[serde(rename = "NanoCPUs")]
    pub(crate) nano_cpus: i64,
    pub(crate) memory_bytes: i64,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NodeEngine {
    pub(crate) engine_version: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scope: String,
    pub(crate) driver: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) options: Map<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
    pub(crate) internal: bool,
    pub(crate) attachable: bool,
    #[serde(rename = "IPAM", deserialize_with = "nullable")]
    pub(crate) ipam: Ipam,
    containers: Option<BTreeMap<String, IgnoredAny>>,
}

impl Network {
    /// Whether a list has it although it left the Swarm: where a network goes while
    /// a task on it is being made, the node's part of it stays, and can't be removed.
    ///
    /// The Swarm's own answer names no containers, and is listed instead of the
    /// node's; only the node's has a map of them (seen with Engine 20.10).
    pub(crate) fn is_left_behind(&self) -> bool {
        self.scope == "swarm" && self.containers.is_some()
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Ipam {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) driver: String,
    #[serde(deserialize_with = "nullable", skip_serializing_if = "Vec::is_empty")]
    pub(crate) config: Vec<IpamConfig>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct IpamConfig {
    pub(crate) subnet: String,
    #[serde(rename = "IPRange", skip_serializing_if = "String::is_empty")]
    pub(crate) ip_range: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) gateway: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NetworkCreate {
    pub(crate) name: String,
    /// Before API 1.44, a second network of one name is made unless this says no.
    pub(crate) check_duplicate: bool,
    pub(crate) driver: String,
    pub(crate) options: Map<String, String>,
    pub(crate) labels: Labels,
    pub(crate) internal: bool,
    pub(crate) attachable: bool,
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub(crate) ipam: Option<Ipam>,
}

/// A config or a secret, which look alike.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct File {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) spec: FileHead,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct FileHead {
    pub(crate) name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

/// The body that makes a config or a secret. It has no `Debug`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FileCreate {
    pub(crate) name: String,
    pub(crate) labels: Labels,
    /// Base64, as Go writes bytes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<Driver>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) templating: Option<Driver>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Volumes {
    #[serde(deserialize_with = "nullable", default)]
    pub(crate) volumes: Vec<Volume>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Volume {
    pub(crate) name: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Image {
    pub(crate) id: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) repo_tags: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) repo_digests: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Container {
    pub(crate) id: String,
    #[serde(rename = "ImageID")]
    pub(crate) image_id: String,
    pub(crate) state: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) names: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) ports: Vec<ContainerPort>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Labels,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerPort {
    pub(crate) public_port: Option<u16>,
    #[serde(rename = "Type")]
    pub(crate) kind: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Event {
    #[serde(rename = "Type")]
    pub(crate) kind: String,
    pub(crate) action: String,
    pub(crate) actor: Actor,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Actor {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) attributes: Map<String, String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Info {
    pub(crate) name: String,
    pub(crate) server_version: String,
    pub(crate) system_time: String,
    pub(crate) swarm: SwarmInfo,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SwarmInfo {
    #[serde(rename = "NodeID")]
    pub(crate) node_id: String,
    pub(crate) local_node_state: String,
    pub(crate) control_available: bool,
    pub(crate) nodes: u64,
    pub(crate) error: String,
}

/// An image as it is inspected.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ImageDetails {
    pub(crate) id: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) repo_tags: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) repo_digests: Vec<String>,
}

/// What a registry has under an image's name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Distribution {
    pub(crate) descriptor: Descriptor,
    #[serde(deserialize_with = "nullable")]
    pub(crate) platforms: Vec<Platform>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Descriptor {
    pub(crate) digest: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(scope: &str, containers: &str) -> Network {
        let text =
            format!(r#"{{"Id": "v5i", "Name": "shop_default", "Scope": "{scope}"{containers}}}"#);
        serde_json::from_str(&text).expect("it is a network")
    }

    #[test]
    fn only_a_networks_part_on_a_node_without_the_swarms_is_left_behind() {
        let part = r#", "Containers": {"lb-shop_default": {"Name": "shop_default-endpoint"}}"#;
        assert!(network("swarm", part).is_left_behind());
        assert!(network("swarm", r#", "Containers": {}"#).is_left_behind());
        assert!(!network("swarm", r#", "Containers": null"#).is_left_behind());
        assert!(!network("swarm", "").is_left_behind(), "a newer engine's list has no containers");
        assert!(!network("local", r#", "Containers": {}"#).is_left_behind());
    }
}
