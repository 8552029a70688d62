//! [`Reader`]: an engine to look at.

use std::collections::BTreeMap;

use berth_domain::cluster::{ClusterError, Known, ObservedTask};
use berth_domain::drain::Placed;
use berth_domain::facts::NodeFacts;
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::stack::{Claim, Held, NAMESPACE_LABEL, ROUTES_LABEL};

use crate::client::{Client, Request, segment};
use crate::facts::{self, Engine, Facts};
use crate::logs::{self, LogOptions, LogStream};
use crate::objects::{Lists, Reading, task_of};
use crate::{Endpoint, wire};

/// A view of an engine that can't change anything.
#[derive(Debug, Clone)]
pub struct Reader {
    client: Client,
}

/// A task, with what only a person needs of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The task.
    pub task: ObservedTask,
    /// Its service's short name, where the service is there still.
    pub service: Option<String>,
    /// Its image.
    pub image: String,
    /// The name of the node it is on.
    pub node_name: Option<String>,
    /// The container it became, on that node.
    pub container: Option<String>,
    /// Its addresses in its networks, in CIDR notation.
    pub addresses: Vec<String>,
}

impl Reader {
    /// A reader of the engine at `endpoint`.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        Self::of(Client::new(endpoint.clone()))
    }

    pub(crate) const fn of(client: Client) -> Self {
        Self { client }
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The engine: its version, its Swarm, how many nodes that has.
    ///
    /// # Errors
    ///
    /// It does not answer.
    pub async fn engine(&self) -> Result<Engine, ClusterError> {
        facts::engine(&self.client).await
    }

    /// What there is to know before stacks can run and answer.
    ///
    /// # Errors
    ///
    /// The engine does not answer.
    pub async fn facts(&self) -> Result<Facts, ClusterError> {
        facts::facts(&self.client).await
    }

    /// A stack's tasks, newest first, those of removed services too.
    ///
    /// # Errors
    ///
    /// The engine does not answer.
    pub async fn tasks(&self, stack: &StackName) -> Result<Vec<Task>, ClusterError> {
        let reading = Reading { names: BTreeMap::new(), known: &Known::default() };
        let lists = Lists::of_tasks(&self.client, Some(stack), &reading)
            .await
            .map_err(|error| error.about(format!("reading the tasks of {stack}")))?;
        let services: BTreeMap<&str, String> = lists
            .services
            .iter()
            .map(|service| (service.id.as_str(), short_name(stack, &service.name)))
            .collect();
        Ok(lists
            .tasks
            .iter()
            .map(|task| {
                let observed = task_of(task, &lists);
                let node = lists.nodes.iter().find(|node| Some(&node.id) == task.node_id.as_ref());
                let container = &task.status.container_status.container_id;
                Task {
                    service: services.get(task.service_id.as_str()).cloned(),
                    image: task.spec.container_spec.image.clone(),
                    node_name: node.map(|node| node.description.hostname.clone()),
                    container: (!container.is_empty()).then(|| container.clone()),
                    addresses: task
                        .networks_attachments
                        .iter()
                        .flat_map(|network| network.addresses.iter().cloned())
                        .collect(),
                    task: observed,
                }
            })
            .collect())
    }

    /// The nodes, and all tasks that are to run on them, whosever they are.
    ///
    /// # Errors
    ///
    /// The engine does not answer, or is no manager.
    pub async fn placed(&self) -> Result<(Vec<NodeFacts>, Vec<Placed>), ClusterError> {
        crate::placed::placed(&self.client).await
    }

    /// What a service of `stack`, by its short name, writes.
    ///
    /// # Errors
    ///
    /// There is no such service, or the engine does not answer.
    pub async fn service_log(
        &self,
        stack: &StackName,
        service: &str,
        options: &LogOptions,
    ) -> Result<LogStream, ClusterError> {
        logs::stream(&self.client, "services", &stack.scope(service), options).await
    }

    /// What one task of `stack` writes.
    ///
    /// # Errors
    ///
    /// The stack has no such task, or the engine does not answer.
    pub async fn task_log(
        &self,
        stack: &StackName,
        task: &str,
        options: &LogOptions,
    ) -> Result<LogStream, ClusterError> {
        let what = || format!("task {task}");
        let found: wire::Task = self
            .client
            .json(Request::get(format!("/tasks/{}", segment(task))))
            .await
            .map_err(|error| error.about(what()))?;
        let namespace = found.spec.container_spec.labels.stack;
        if namespace.as_deref() != Some(stack.as_str()) {
            return Err(ClusterError::Stale { what: what() });
        }
        logs::stream(&self.client, "tasks", &found.id, options).await
    }
}

/// What the routes of a service with these labels claim.
pub(crate) fn claims_of(labels: &Map<String, String>) -> Vec<Held> {
    let (Some(stack), Some(claims)) = (labels.get(NAMESPACE_LABEL), labels.get(ROUTES_LABEL))
    else {
        return Vec::new();
    };
    let claims: Vec<Claim> = serde_json::from_str(claims).unwrap_or_default();
    claims.into_iter().map(|claim| Held { stack: stack.clone(), claim }).collect()
}

/// A service's name less its stack's.
pub(crate) fn short_name(stack: &StackName, name: &str) -> String {
    name.strip_prefix(&stack.scope("")).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_what_a_service_claims_and_another_nothing() {
        let labels = |routes: &str| {
            Map::from(
                [(NAMESPACE_LABEL, "shop"), (ROUTES_LABEL, routes)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
        };
        let held = claims_of(&labels(
            r#"[{"protocol":"http","entrypoints":["web"],"host":"shop.x","path":"/"}]"#,
        ));
        assert_eq!(held.len(), 1);
        assert_eq!(
            (held[0].stack.as_str(), held[0].claim.to_string()),
            ("shop", "`shop.x/`".to_owned())
        );
        assert_eq!(claims_of(&labels("Host(`shop.x`)")), []);
        assert_eq!(claims_of(&Map::new()), []);
    }
}
