//! A service's output behind the `Cluster` port: lines with names for their tasks
//! and nodes.

use std::collections::BTreeMap;

use berth_domain::cluster::ClusterError;
use berth_domain::cluster::output::{Feed, Said, Source, Wrote};
use berth_domain::stack::INSTANCE_LABEL;
use chrono::{DateTime, Utc};

use super::{LogLine, LogOptions, LogStream, Output, stream};
use crate::client::{Client, Request, segment};
use crate::objects::{elements, equals};
use crate::observe::stack_of;
use crate::reader::short_name;
use crate::wire;

/// How many names are remembered; a service that starts over and over has ever new
/// tasks.
const MAX_NAMES: usize = 1000;

/// The output of one service, as Docker's manager gives it.
#[derive(Debug)]
pub struct SwarmFeed {
    client: Client,
    service: String,
    stream: LogStream,
    /// A line whose names are being looked up, kept in case that is cancelled.
    held: Option<LogLine>,
    tasks: BTreeMap<String, String>,
    nodes: BTreeMap<String, String>,
}

/// Every service of the instance.
pub(crate) async fn sources(
    client: &Client,
    instance: Option<&str>,
) -> Result<Vec<Source>, ClusterError> {
    let label = equals(INSTANCE_LABEL, instance);
    let source = |service: wire::Service| {
        let stack = stack_of(&service.spec.labels)?;
        let name = short_name(&stack, &service.spec.name);
        Some(Source { id: service.id, stack, service: name })
    };
    elements(client, "/services", &[("label", &[&label])], source)
        .await
        .map_err(|error| error.about("listing services"))
}

/// Follows what a service's tasks write.
pub(crate) async fn follow(
    client: &Client,
    source: &Source,
    since: Option<DateTime<Utc>>,
) -> Result<SwarmFeed, ClusterError> {
    let options = LogOptions { tail: None, follow: true, since };
    let stream = stream(client, "services", &source.id, &options).await?;
    Ok(SwarmFeed {
        client: client.clone(),
        service: source.service.clone(),
        stream,
        held: None,
        tasks: BTreeMap::new(),
        nodes: BTreeMap::new(),
    })
}

impl Feed for SwarmFeed {
    async fn next(&mut self) -> Result<Option<Said>, ClusterError> {
        loop {
            if self.held.is_none() {
                self.held = self.stream.next().await?;
            }
            let Some(line) = self.held.clone() else { return Ok(None) };
            let said = self.said(line).await;
            self.held = None;
            if let Some(said) = said {
                return Ok(Some(said));
            }
        }
    }
}

impl SwarmFeed {
    async fn said(&mut self, line: LogLine) -> Option<Said> {
        let LogLine { output, at, task, node: node_id, text } = line;
        if output == Output::Engine {
            let id = missing_node(&text)?;
            let node = self.node(&id).await;
            let message = format!(
                "Docker could not get what was written on the node {node}: it does not answer."
            );
            return Some(Said::Missing { node: Some(node), message });
        }
        let node = match &node_id {
            Some(id) => Some(self.node(id).await),
            None => None,
        };
        let task_id = task.unwrap_or_default();
        let task = self.task(&task_id, node.as_deref()).await;
        let stderr = output == Output::Stderr;
        // Docker stamps every line that it keeps.
        let at = at?;
        Some(Said::Line(Wrote { task_id, task, node_id, node, stderr, at, text }))
    }

    /// A task's name: its service's with its place, or its node where it has none.
    async fn task(&mut self, id: &str, node: Option<&str>) -> String {
        if let Some(name) = self.tasks.get(id) {
            return name.clone();
        }
        let path = format!("/tasks/{}", segment(id));
        let slot = match self.client.json::<wire::Task>(Request::get(path)).await {
            Ok(task) => task.slot.filter(|slot| *slot > 0).map(|slot| slot.to_string()),
            // Swarm forgot it already.
            Err(_) => Some(id.chars().take(8).collect()),
        };
        let place = slot.unwrap_or_else(|| node.unwrap_or(id).to_owned());
        let name = format!("{}.{place}", self.service);
        if self.tasks.len() >= MAX_NAMES {
            self.tasks.clear();
        }
        self.tasks.insert(id.to_owned(), name.clone());
        name
    }

    /// A node's name, or its id where Swarm knows none.
    async fn node(&mut self, id: &str) -> String {
        if let Some(name) = self.nodes.get(id) {
            return name.clone();
        }
        let path = format!("/nodes/{}", segment(id));
        let name = match self.client.json::<wire::Node>(Request::get(path)).await {
            Ok(node) if !node.description.hostname.is_empty() => node.description.hostname,
            Ok(_) | Err(_) => id.to_owned(),
        };
        self.nodes.insert(id.to_owned(), name.clone());
        name
    }
}

/// The node that the engine says it could not reach: swarmkit's log broker says
/// `incomplete log stream … node <id> is not available`, or `disconnected`.
fn missing_node(text: &str) -> Option<String> {
    let (_, reasons) = text.split_once("incomplete log stream")?;
    reasons.split([',', ':']).find_map(|reason| {
        let id = reason.trim().strip_prefix("node ")?.split(' ').next()?;
        Some(id.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_says_which_node_it_could_not_reach() {
        let start = "Error grabbing logs: warning: incomplete log stream. some logs could not be \
                     retrieved for the following reasons: ";
        let said = |reasons: &str| missing_node(&format!("{start}{reasons}"));
        assert_eq!(said("node abc is not available").as_deref(), Some("abc"));
        assert_eq!(
            said("task t1 has not been scheduled, node xyz disconnected unexpectedly").as_deref(),
            Some("xyz")
        );
        assert_eq!(said("task t1 has not been scheduled"), None);
        assert_eq!(missing_node("Error grabbing logs: rpc error: code = Unavailable"), None);
    }
}
