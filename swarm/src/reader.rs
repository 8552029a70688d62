//! [`Reader`]: an engine to look at.

use berth_domain::cluster::{ClusterError, ObservedTask};
use berth_domain::ids::StackName;
use berth_domain::stack::NAMESPACE_LABEL;

use crate::client::{Client, Request, segment};
use crate::facts::{self, Engine, Facts};
use crate::logs::{self, LogOptions, LogStream};
use crate::objects::{Lists, task_of};
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
        let lists = Lists::of_tasks(&self.client, Some(stack))
            .await
            .map_err(|error| error.about(format!("reading the tasks of {stack}")))?;
        let services: std::collections::BTreeMap<&str, String> = lists
            .services
            .iter()
            .map(|service| (service.id.as_str(), short_name(stack, &service.spec.name)))
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
        let namespace = found.spec.container_spec.labels.get(NAMESPACE_LABEL);
        if namespace.map(String::as_str) != Some(stack.as_str()) {
            return Err(ClusterError::Stale { what: what() });
        }
        logs::stream(&self.client, "tasks", &found.id, options).await
    }
}

/// A service's name less its stack's.
pub(crate) fn short_name(stack: &StackName, name: &str) -> String {
    name.strip_prefix(&stack.scope("")).unwrap_or(name).to_owned()
}
