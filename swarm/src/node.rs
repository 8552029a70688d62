//! [`Node`]: one engine of a Swarm, whether or not it is a manager, for what lies
//! on it alone. Only what is of one Berth is seen, and each thing is looked at
//! again before it is removed: whoever says what to remove may be wrong.

use std::collections::BTreeSet;

use berth_domain::cluster::{Action, Cluster as _, ClusterError};
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::node::{Item, NodeContainer, NodeImage, NodeReport, NodeVolume};
use berth_domain::stack::NAMESPACE_LABEL;
use tokio::try_join;

use crate::Endpoint;
use crate::apply::not_ours;
use crate::client::{Request, segment};
use crate::error::Failure;
use crate::objects::{IMAGE_STACK_LABEL, SERVICE_ID_LABEL, list};
use crate::swarm::Swarm;
use crate::wire;

/// The states of a container that is over.
const OVER: &[&str] = &["created", "exited", "dead"];

/// One engine, and what is on it of the Berth `instance`.
#[derive(Debug)]
pub struct Node {
    swarm: Swarm,
}

/// Who a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName {
    /// Swarm's id of it.
    pub id: String,
    /// Its host's name.
    pub hostname: String,
}

impl Node {
    /// The engine that listens at `endpoint`. Nothing is asked of it yet.
    #[must_use]
    pub fn new(endpoint: &Endpoint, instance: &str) -> Self {
        Self { swarm: Swarm::new(endpoint, Some(instance)) }
    }

    /// Who it is; [`None`] where it is in no Swarm.
    ///
    /// # Errors
    ///
    /// The engine does not answer.
    pub async fn name(&self) -> Result<Option<NodeName>, ClusterError> {
        let info: wire::Info = self
            .swarm
            .client
            .json(Request::get("/info"))
            .await
            .map_err(|error| error.about("reading who the node is"))?;
        let id = info.swarm.node_id;
        Ok((!id.is_empty()).then_some(NodeName { id, hostname: info.name }))
    }

    /// All that is there of ours that may once be in the way. What can't be read in
    /// full is an error, and no report.
    ///
    /// # Errors
    ///
    /// The engine does not answer.
    pub async fn report(&self) -> Result<NodeReport, ClusterError> {
        let client = &self.swarm.client;
        let lists = async {
            try_join!(
                list::<wire::Volumes>(client, "/volumes", &[("label", &[NAMESPACE_LABEL])]),
                // Of images, those are spared that any container uses, ours or not.
                async {
                    let all = Request::list("/containers/json").query("all", "true");
                    client.json::<Vec<wire::Container>>(all).await
                },
                list::<Vec<wire::Image>>(client, "/images/json", &[]),
            )
        };
        let (volumes, containers, images) =
            lists.await.map_err(|error: Failure| error.about("reading what is on the node"))?;
        let used: BTreeSet<&str> = containers.iter().map(|it| it.image_id.as_str()).collect();
        let mut report = NodeReport {
            volumes: volumes.volumes.iter().filter_map(|it| self.volume(it)).collect(),
            containers: containers.iter().filter_map(|it| self.container(it)).collect(),
            images: images
                .iter()
                .filter(|it| !used.contains(it.id.as_str()))
                .flat_map(|it| self.images(it))
                .collect(),
        };
        report.volumes.sort_unstable();
        report.containers.sort_unstable();
        report.images.sort_unstable();
        Ok(report)
    }

    fn stack(&self, labels: &Map<String, String>, label: &str) -> Option<StackName> {
        let name = labels.get(label).filter(|_| self.swarm.owns(labels))?;
        StackName::parse(name).ok()
    }

    fn volume(&self, volume: &wire::Volume) -> Option<NodeVolume> {
        let stack = self.stack(&volume.labels, NAMESPACE_LABEL)?;
        Some(NodeVolume { name: volume.name.clone(), stack })
    }

    fn container(&self, container: &wire::Container) -> Option<NodeContainer> {
        let stack = self.stack(&container.labels, NAMESPACE_LABEL)?;
        let service = container.labels.get(SERVICE_ID_LABEL)?.clone();
        let over = OVER.contains(&container.state.as_str());
        over.then(|| NodeContainer { id: container.id.clone(), stack, service })
    }

    /// An image by each tag that Berth built it under; one that was pulled for a
    /// service, which leaves it without a tag, by its digest.
    fn images(&self, image: &wire::Image) -> Vec<NodeImage> {
        let digests = image.repo_digests.iter().filter_map(|it| it.split_once('@'));
        let mut keys: Vec<String> = digests.map(|(_, digest)| digest.to_owned()).collect();
        keys.push(image.id.clone());
        if let Some(stack) = self.stack(&image.labels, IMAGE_STACK_LABEL) {
            let tags = image.repo_tags.iter().filter(|tag| !tag.ends_with("<none>"));
            let named = tags.map(|tag| {
                let mut keys = keys.clone();
                keys.insert(0, tag.clone());
                NodeImage { name: tag.clone(), stack: Some(stack.clone()), keys }
            });
            return named.collect();
        }
        let names: Vec<&String> =
            image.repo_digests.iter().filter(|it| !it.starts_with("<none>")).collect();
        match names.as_slice() {
            [name] if is_untagged(&image.repo_tags) => {
                vec![NodeImage { name: (*name).clone(), stack: None, keys }]
            }
            _ => Vec::new(),
        }
    }

    /// Removes one thing, where it is what the item says; what is gone is removed.
    ///
    /// # Errors
    ///
    /// `Rejected` where it is not ours, or not over; `Stale` where it is in use.
    pub async fn remove(&self, item: &Item) -> Result<(), ClusterError> {
        match item {
            Item::Volume { name, stack } => {
                let action = Action::RemoveVolume { name: name.clone() };
                self.swarm.apply(stack, &action).await
            }
            Item::Image { name, stack: Some(stack) } => {
                let action = Action::RemoveImage { name: name.clone() };
                self.swarm.apply(stack, &action).await
            }
            Item::Image { name, stack: None } => self.remove_pulled(name).await,
            Item::Container { id, stack } => self.remove_container(id, stack).await,
        }
    }

    async fn remove_container(&self, id: &str, stack: &StackName) -> Result<(), ClusterError> {
        let what = format!("container {id}");
        let client = &self.swarm.client;
        let all = Request::list("/containers/json").query("all", "true").filters(&[("id", &[id])]);
        let found: Vec<wire::Container> =
            client.json(all).await.map_err(|error| error.about(&what))?;
        let Some(live) = found.iter().find(|it| it.id == id) else { return Ok(()) };
        match self.container(live) {
            Some(ours) if ours.stack == *stack => {}
            Some(_) | None => return Err(not_ours(&what)),
        }
        // Without force: Docker keeps what runs after all. Its anonymous volumes go.
        let request = Request::delete(format!("/containers/{}", segment(id))).query("v", "true");
        gone(client.bytes(request).await, what)
    }

    async fn remove_pulled(&self, name: &str) -> Result<(), ClusterError> {
        let what = format!("image {name}");
        let client = &self.swarm.client;
        let path = format!("/images/{}", segment(name));
        let live =
            match client.json::<wire::ImageDetails>(Request::get(format!("{path}/json"))).await {
                Err(error) if error.is_not_found() => return Ok(()),
                other => other.map_err(|error| error.about(&what))?,
            };
        // By a name with a digest alone: an id would reach what has tags.
        if !name.contains("@sha256:") || !is_untagged(&live.repo_tags) {
            return Err(not_ours(&what));
        }
        gone(client.bytes(Request::delete(path)).await, what)
    }
}

/// What became of a removal; what is gone already is removed.
fn gone(done: Result<Vec<u8>, Failure>, what: String) -> Result<(), ClusterError> {
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) if error.is_conflict() => Err(ClusterError::Stale { what }),
        Err(error) => Err(error.about(what)),
    }
}

fn is_untagged(tags: &[String]) -> bool {
    tags.iter().all(|tag| tag.ends_with("<none>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node::new(&"unix:///nowhere/docker.sock".parse().unwrap(), "i-1")
    }

    fn labels(pairs: &[(&str, &str)]) -> wire::Labels {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_image_is_ours_by_its_label_or_has_been_pulled_for_a_service() {
        let image = |tags: &[&str], pairs: &[(&str, &str)]| wire::Image {
            id: "sha256:1".to_owned(),
            repo_tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            repo_digests: vec!["nginx@sha256:2".to_owned()],
            labels: labels(pairs),
        };
        let names = |image: &wire::Image| {
            node()
                .images(image)
                .into_iter()
                .map(|it| (it.name, it.stack.is_some()))
                .collect::<Vec<_>>()
        };
        let own = [("berth.instance", "i-1"), (IMAGE_STACK_LABEL, "shop")];
        let others = [("berth.instance", "i-2"), (IMAGE_STACK_LABEL, "shop")];
        assert_eq!(names(&image(&["berth/shop-web:1"], &own)), [("berth/shop-web:1".into(), true)]);
        assert!(names(&image(&["berth/shop-web:1"], &others)).is_empty());
        assert!(names(&image(&["nginx:1"], &[])).is_empty(), "somebody gave it a tag");
        for untagged in [&[][..], &["nginx:<none>"][..]] {
            assert_eq!(names(&image(untagged, &[])), [("nginx@sha256:2".into(), false)]);
        }
    }

    #[test]
    fn a_container_counts_once_it_is_over() {
        let container = |state: &str, instance: &str| wire::Container {
            id: "c".to_owned(),
            state: state.to_owned(),
            labels: labels(&[
                ("berth.instance", instance),
                (NAMESPACE_LABEL, "shop"),
                (SERVICE_ID_LABEL, "s"),
            ]),
            ..wire::Container::default()
        };
        assert!(node().container(&container("exited", "i-1")).is_some());
        assert!(node().container(&container("running", "i-1")).is_none());
        assert!(node().container(&container("exited", "i-2")).is_none());
    }
}
