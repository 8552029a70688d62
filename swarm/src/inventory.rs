//! What the cluster has, and what is taken on it: the facts for a preflight.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::{Cluster as _, ClusterError, TaskState, Version};
use berth_domain::facts::{
    Availability, ClusterFacts, ImageFact, NetworkFacts, NodeFacts, NodeState, TakenPort,
};
use berth_domain::registry::Answer;
use berth_domain::stack::NAMESPACE_LABEL;
use futures_util::future::join_all;
use tokio::time::Instant;
use tokio::{join, try_join};

use crate::client::{Request, segment};
use crate::error::Failure;
use crate::kernel::{esp, ipvs};
use crate::objects::{SERVICE_ID_LABEL, list, networks, task_state};
use crate::reader::claims_of;
use crate::swarm::Swarm;
use crate::wire;

impl Swarm {
    pub(crate) async fn take_stock(
        &self,
        images: &BTreeSet<String>,
    ) -> Result<ClusterFacts, ClusterError> {
        let asked =
            join_all(images.iter().map(async |image| (image, self.find_image(image).await)));
        let (facts, asked) = join!(Box::pin(self.shared_stock()), asked);
        let failed = |error: Failure| error.about("reading what the cluster has");
        let mut facts = facts.map_err(failed)?;
        for (image, fact) in asked {
            facts.images.insert(image.clone(), fact.map_err(failed)?);
        }
        Ok(facts)
    }

    /// All but the images. It takes lists of everything, so those who ask at once are
    /// answered by one look: it began after each of them asked.
    async fn shared_stock(&self) -> Result<ClusterFacts, Failure> {
        let asked = Instant::now();
        let mut last = self.stock.lock().await;
        if let Some((began, facts)) = &*last
            && *began >= asked
        {
            return Ok(facts.clone());
        }
        let began = Instant::now();
        let facts = self.count_stock().await?;
        *last = Some((began, facts.clone()));
        Ok(facts)
    }

    async fn count_stock(&self) -> Result<ClusterFacts, Failure> {
        let client = &self.client;
        let lists = async {
            try_join!(
                list::<Vec<wire::Node>>(client, "/nodes", &[]),
                networks(client, None),
                list::<Vec<wire::File>>(client, "/configs", &[]),
                list::<Vec<wire::File>>(client, "/secrets", &[]),
                list::<Vec<wire::Service>>(client, "/services", &[]),
                list::<Vec<wire::Task>>(client, "/tasks", &[("desired-state", &["running"])]),
                list::<Vec<wire::Container>>(client, "/containers/json", &[]),
                async { client.json::<wire::Info>(Request::get("/info")).await },
            )
        };
        let (nodes, networks, configs, secrets, services, tasks, containers, info) =
            Box::pin(lists).await?;
        let api = client.api().await?;
        let mut facts = ClusterFacts {
            api_minor: (api.major == 1).then_some(api.minor),
            nodes: nodes.iter().map(|it| node(it, &info.swarm.node_id)).collect(),
            networks: networks_of(networks),
            configs: configs.into_iter().map(|config| config.spec.name).collect(),
            secrets: secrets.into_iter().map(|secret| secret.spec.name).collect(),
            ports: ports_of_services(&services, &tasks),
            routes: services.iter().flat_map(|it| claims_of(&it.spec.labels)).collect(),
            ipvs: ipvs(client.endpoint()),
            esp: esp(client.endpoint()),
            ..ClusterFacts::default()
        };
        facts.ports.extend(ports_of_containers(&containers, &info.swarm.node_id));
        Ok(facts)
    }

    pub(crate) async fn list_nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        let (nodes, info) =
            try_join!(list::<Vec<wire::Node>>(&self.client, "/nodes", &[]), async {
                self.client.json::<wire::Info>(Request::get("/info")).await
            })
            .map_err(|error| error.about("reading the nodes"))?;
        Ok(nodes.iter().map(|it| node(it, &info.swarm.node_id)).collect())
    }

    /// Looks for an image on this manager, then in its registry.
    async fn find_image(&self, image: &str) -> Result<ImageFact, Failure> {
        let here = Request::get(format!("/images/{}/json", segment(image)));
        match self.client.json::<serde::de::IgnoredAny>(here).await {
            Ok(_) => return Ok(ImageFact::There),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        // Where it is the login that is missing, or the engine that does not take
        // the question, nothing is known of the image.
        Ok(match self.ask_registry(image).await {
            Ok(Answer::Found(_)) => ImageFact::There,
            Ok(Answer::NotFound) => ImageFact::Missing("it has no such image".to_owned()),
            Ok(Answer::Denied { message, .. }) => ImageFact::Missing(message),
            Ok(Answer::Unreachable { message }) => ImageFact::Unknown(message),
            Err(error) => ImageFact::Unknown(error.to_string()),
        })
    }
}

/// A node, where the engine that was asked is that of the node `asked`.
pub(crate) fn node(node: &wire::Node, asked: &str) -> NodeFacts {
    let wire::NodeDescription { hostname, platform, resources, engine } = &node.description;
    NodeFacts {
        id: node.id.clone(),
        name: hostname.clone(),
        takes_tasks: node.status.state == "ready" && node.spec.availability == "active",
        manager: node.spec.role == "manager",
        leader: node.manager_status.leader,
        state: NodeState::from_word(&node.status.state),
        availability: Availability::from_word(&node.spec.availability),
        message: node.status.message.clone(),
        engine: engine.engine_version.clone(),
        labels: node.spec.labels.clone().into_iter().collect(),
        engine_labels: engine.labels.clone().into_iter().collect(),
        os: platform.os.clone(),
        architecture: platform.architecture.clone(),
        address: address(node),
        nano_cpus: resources.nano_cpus,
        memory: resources.memory_bytes,
        asked: node.id == asked,
        version: Version(node.version.index),
    }
}

/// Where the node is. A manager may know itself by no address but that at which
/// the others reach it.
fn address(node: &wire::Node) -> String {
    let own = node.status.addr.as_str();
    let reached = node.manager_status.addr.rsplit_once(':').map_or("", |(host, _port)| host);
    let unspecified = own.is_empty() || own == "0.0.0.0";
    if unspecified && !reached.is_empty() { reached.to_owned() } else { own.to_owned() }
}

/// Networks by name; where a node has one of the same name, the Swarm's.
fn networks_of(networks: Vec<wire::Network>) -> BTreeMap<String, NetworkFacts> {
    let mut all: BTreeMap<String, NetworkFacts> = BTreeMap::new();
    for network in networks {
        let subnets = network.ipam.config.into_iter().map(|config| config.subnet);
        let facts = NetworkFacts { swarm: network.scope == "swarm", subnets: subnets.collect() };
        if facts.swarm || !all.contains_key(&network.name) {
            all.insert(network.name, facts);
        }
    }
    all
}

fn ports_of_services(services: &[wire::Service], tasks: &[wire::Task]) -> Vec<TakenPort> {
    let mut taken = Vec::new();
    for service in services {
        let ports = service.spec.endpoint_spec.iter().flat_map(|endpoint| &endpoint.ports);
        for port in ports {
            let Some(published) = port.published_port.filter(|published| *published != 0) else {
                continue;
            };
            let tasks = tasks.iter().filter(|task| {
                task.service_id == service.id
                    && task_state(&task.status.state) <= TaskState::Running
            });
            let nodes = tasks.filter_map(|task| task.node_id.clone()).collect();
            taken.push(TakenPort {
                published,
                protocol: or_tcp(&port.protocol),
                by: format!("the service `{}`", service.spec.name),
                stack: service.spec.labels.get(NAMESPACE_LABEL).cloned(),
                nodes: (port.publish_mode == "host").then_some(nodes),
            });
        }
    }
    taken
}

/// Ports of containers that no service made, on the node that was asked.
fn ports_of_containers(containers: &[wire::Container], node: &str) -> Vec<TakenPort> {
    let mut taken: Vec<TakenPort> = Vec::new();
    for container in containers.iter().filter(|is| !is.labels.contains_key(SERVICE_ID_LABEL)) {
        let name = container.names.first().map_or(container.id.as_str(), |name| name.as_str());
        for port in &container.ports {
            let Some(published) = port.public_port else { continue };
            let one = TakenPort {
                published,
                protocol: or_tcp(&port.kind),
                by: format!("the container `{}`", name.trim_start_matches('/')),
                stack: None,
                nodes: Some(BTreeSet::from([node.to_owned()])),
            };
            // Docker tells of each address family.
            if !taken.contains(&one) {
                taken.push(one);
            }
        }
    }
    taken
}

fn or_tcp(protocol: &str) -> String {
    if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_owned() }
}
