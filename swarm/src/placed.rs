//! Nodes and what is on them: all tasks of the Swarm, whosever they are, with what
//! they need of a node, and the one change that is made to a node.

use std::collections::BTreeMap;

use berth_domain::cluster::{ClusterError, Version};
use berth_domain::drain::{Needs, Placed};
use berth_domain::facts::{Availability, NodeFacts};
use berth_domain::stack::{INSTANCE_LABEL, NAMESPACE_LABEL, Placement};
use tokio::try_join;

use crate::client::{Client, Request, segment};
use crate::error::Failure;
use crate::inventory::node;
use crate::objects::{list, task_state};
use crate::swarm::Swarm;
use crate::wire;

impl Swarm {
    /// Makes a node that was at version `from` be `wanted`, unless it is already.
    pub(crate) async fn make_node_be(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        let what = format!("node {node}");
        let failed = |error: Failure| error.about(what.clone());
        let path = format!("/nodes/{}", segment(node));
        let wire::WholeNode { version, mut spec } =
            self.client.json(Request::get(path.clone())).await.map_err(failed)?;
        if spec.get("Availability").and_then(serde_json::Value::as_str) == Some(wanted.as_str()) {
            return Ok(());
        }
        if version.index != from.0 {
            return Err(ClusterError::Stale { what });
        }
        spec.insert("Availability".to_owned(), wanted.as_str().into());
        let request = Request::post(format!("{path}/update"))
            .query("version", from.0.to_string())
            .json(&spec)
            .map_err(failed)?;
        self.client.bytes(request).await.map(drop).map_err(failed)
    }
}

/// The nodes, and the tasks that are to run.
pub(crate) async fn placed(client: &Client) -> Result<(Vec<NodeFacts>, Vec<Placed>), ClusterError> {
    let (nodes, services, tasks, info) = try_join!(
        list::<Vec<wire::Node>>(client, "/nodes", &[]),
        list::<Vec<wire::Service>>(client, "/services", &[]),
        list::<Vec<wire::Task>>(client, "/tasks", &[("desired-state", &["running"])]),
        async { client.json::<wire::Info>(Request::get("/info")).await },
    )
    .map_err(|error| error.about("reading what runs on the nodes"))?;
    let services: BTreeMap<&str, &wire::ServiceSpec> =
        services.iter().map(|service| (service.id.as_str(), &service.spec)).collect();
    let tasks = tasks.iter().filter_map(|task| {
        // Of a service that was removed meanwhile, the task is on its way out.
        services.get(task.service_id.as_str()).map(|service| placed_task(task, service))
    });
    let tasks = tasks.collect();
    Ok((nodes.iter().map(|it| node(it, &info.swarm.node_id)).collect(), tasks))
}

fn placed_task(task: &wire::Task, service: &wire::ServiceSpec) -> Placed {
    let label = |name: &str| service.labels.get(name).cloned();
    Placed {
        id: task.id.clone(),
        service: service.name.clone(),
        stack: label(NAMESPACE_LABEL),
        instance: label(INSTANCE_LABEL),
        slot: task.slot,
        node: task.node_id.clone().filter(|node| !node.is_empty()),
        state: task_state(&task.status.state),
        since: task.status.timestamp,
        image: task.spec.container_spec.image.clone(),
        needs: needs_of(service),
    }
}

fn needs_of(service: &wire::ServiceSpec) -> Needs {
    let task = &service.task_template;
    let kept = task.resources.as_ref().and_then(|it| it.reservations.as_ref());
    let ports = service.endpoint_spec.iter().flat_map(|endpoint| &endpoint.ports);
    let ports = ports.filter(|port| port.publish_mode == "host").filter_map(|port| {
        let protocol = if port.protocol.is_empty() { "tcp" } else { &port.protocol };
        Some((port.published_port.filter(|port| *port != 0)?, protocol.to_owned()))
    });
    let mounts = task.container_spec.iter().flat_map(|container| &container.mounts);
    Needs {
        global: service.mode.global.is_some() || service.mode.global_job.is_some(),
        placement: task.placement.as_ref().map(placement_of).unwrap_or_default(),
        nano_cpus: kept.and_then(|it| it.nano_cpus).unwrap_or(0),
        memory: kept.and_then(|it| it.memory_bytes).unwrap_or(0),
        ports: ports.collect(),
        volumes: mounts.filter(|it| is_local(it)).map(|it| it.source.clone()).collect(),
    }
}

fn placement_of(placement: &wire::Placement) -> Placement {
    Placement {
        constraints: placement.constraints.clone(),
        spread: Vec::new(),
        max_replicas_per_node: placement.max_replicas.unwrap_or(0),
        platforms: placement
            .platforms
            .iter()
            .map(|it| (it.os.clone(), it.architecture.clone()))
            .collect(),
    }
}

/// Whether it is a volume with a name that each node has for itself: one with a
/// driver of its own, or options, such as those of NFS, may be the same everywhere.
fn is_local(mount: &wire::Mount) -> bool {
    let driver = mount.volume_options.as_ref().and_then(|options| options.driver_config.as_ref());
    let own = driver.is_none_or(|driver| {
        matches!(driver.name.as_str(), "" | "local") && driver.options.is_empty()
    });
    mount.kind == "volume" && !mount.source.is_empty() && own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_needs_of_a_node_is_read_from_its_spec() {
        let service: wire::ServiceSpec = serde_json::from_str(
            r#"{
                "Name": "shop_db",
                "Mode": {"Replicated": {"Replicas": 1}},
                "TaskTemplate": {
                    "ContainerSpec": {"Image": "db:1", "Mounts": [
                        {"Type": "volume", "Source": "shop_data", "Target": "/data"},
                        {"Type": "volume", "Target": "/anonymous"},
                        {"Type": "bind", "Source": "/etc", "Target": "/host"},
                        {"Type": "volume", "Source": "shop_nfs", "Target": "/nfs", "VolumeOptions":
                            {"DriverConfig": {"Name": "local", "Options": {"type": "nfs"}}}}
                    ]},
                    "Resources": {"Reservations": {"NanoCPUs": 5, "MemoryBytes": 7}},
                    "Placement": {"Constraints": ["node.role==manager"], "MaxReplicas": 2,
                        "Platforms": [{"Architecture": "amd64", "OS": "linux"}]}
                },
                "EndpointSpec": {"Ports": [
                    {"Protocol": "udp", "TargetPort": 53, "PublishedPort": 53, "PublishMode": "host"},
                    {"TargetPort": 80, "PublishedPort": 80, "PublishMode": "ingress"}
                ]}
            }"#,
        )
        .expect("it is a service");
        let needs = needs_of(&service);
        assert_eq!((needs.global, needs.nano_cpus, needs.memory), (false, 5, 7));
        assert!(needs.volumes.iter().eq(["shop_data"]), "{:?}", needs.volumes);
        assert!(needs.ports.iter().eq([&(53, "udp".to_owned())]), "{:?}", needs.ports);
        assert_eq!(needs.placement.constraints, ["node.role==manager"]);
        assert_eq!(needs.placement.max_replicas_per_node, 2);
        assert_eq!(needs.placement.platforms, [("linux".to_owned(), "amd64".to_owned())]);
    }
}
