//! Docker's lists, and its tasks in our words.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::{Known, ObservedTask, TaskState, UpdateState, UpdateStatus};
use berth_domain::ids::StackName;
use berth_domain::shared::Shared;
use berth_domain::stack::{INSTANCE_LABEL, NAMESPACE_LABEL, ServiceSpec};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use tokio::try_join;

use crate::client::{Client, Request};
use crate::convert::from_swarm;
use crate::error::Failure;
use crate::reader::short_name;
use crate::wire;

/// The label with a stack's name on images that Berth built.
pub(crate) const IMAGE_STACK_LABEL: &str = "berth.stack";
/// The label with a container's service, Docker's own.
pub(crate) const SERVICE_ID_LABEL: &str = "com.docker.swarm.service.id";

/// All that was listed in one look.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    pub(crate) services: Vec<Listed>,
    pub(crate) tasks: Vec<wire::Task>,
    /// Ids of the tasks that run their service's newest spec.
    pub(crate) up_to_date: BTreeSet<String>,
    pub(crate) nodes: Vec<wire::Node>,
    pub(crate) networks: Vec<wire::Network>,
    pub(crate) configs: Vec<wire::File>,
    pub(crate) secrets: Vec<wire::File>,
    pub(crate) volumes: Vec<wire::Volume>,
    pub(crate) images: Vec<wire::Image>,
    pub(crate) containers: Vec<wire::Container>,
}

/// What services are read with.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    /// Names behind the ids of networks.
    pub(crate) names: BTreeMap<String, String>,
    /// What stacks should be.
    pub(crate) known: &'a Known,
}

/// A service in our words.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) owner: wire::Owner,
    pub(crate) version: u64,
    pub(crate) changed_at: DateTime<Utc>,
    /// What it is, if a spec can say that.
    pub(crate) spec: Option<Shared<ServiceSpec>>,
    /// The ids of those of its networks whose name was not known: they stand in it.
    pub(crate) unnamed: Vec<String>,
    /// The ids of the networks that it was on before its last update.
    pub(crate) previous_networks: Vec<String>,
    /// The configs and secrets that it used then.
    pub(crate) previous_files: BTreeSet<String>,
    pub(crate) update: Option<UpdateStatus>,
}

impl Listed {
    /// One of many: what Docker says of it is held no longer than this takes.
    fn read(service: wire::Service, reading: &Reading<'_>) -> Self {
        let wire::Service { id, version, updated_at, spec, previous_spec, update_status } = service;
        let owner = wire::Owner::of(&spec.labels);
        let read = from_swarm(&spec, &reading.names).inspect_err(|error| {
            tracing::debug!("service {} differs from all that Berth writes: {error}", spec.name);
        });
        let share = |read| match owner.stack() {
            Some(stack) => reading.known.share(&stack, &short_name(&stack, &spec.name), read),
            None => Shared::new(read),
        };
        let on = spec.task_template.networks.iter().map(|network| &network.target);
        let unnamed = on.filter(|id| !reading.names.contains_key(*id)).cloned().collect();
        let previous = previous_spec.unwrap_or_default().task_template;
        let wire::PreviousContainer { configs, secrets } = previous.container_spec;
        let configs = configs.into_iter().map(|config| config.name);
        Self {
            id,
            version: version.index,
            changed_at: updated_at,
            spec: read.ok().map(share),
            owner,
            unnamed,
            previous_networks: previous.networks.into_iter().map(|it| it.target).collect(),
            previous_files: configs.chain(secrets.into_iter().map(|it| it.name)).collect(),
            update: update_status.as_ref().and_then(update_status_of),
            name: spec.name,
        }
    }
}

/// Puts names in place of the ids of a service's networks.
pub(crate) fn name_networks(spec: &mut ServiceSpec, names: &BTreeMap<String, String>) {
    for attachment in &mut spec.networks {
        if let Some(name) = names.get(&attachment.network) {
            attachment.network.clone_from(name);
        }
    }
}

impl Lists {
    /// Services with their tasks and nodes, of one stack or of all.
    pub(crate) async fn of_tasks(
        client: &Client,
        stack: Option<&StackName>,
        reading: &Reading<'_>,
    ) -> Result<Self, Failure> {
        let label = equals(NAMESPACE_LABEL, stack.map(StackName::as_str));
        let labels: [&str; 1] = [&label];
        let (services, (tasks, up_to_date), nodes) = try_join!(
            services(client, &labels, reading),
            tasks(client, ("label", &labels)),
            list::<Vec<wire::Node>>(client, "/nodes", &[]),
        )?;
        Ok(Self { services, tasks, up_to_date, nodes, ..Self::default() })
    }

    /// The same of one stack, less the tasks of services that are gone. Docker goes
    /// through all tasks there are for those with a label, and not for a service's.
    pub(crate) async fn of_services(
        client: &Client,
        stack: &StackName,
        reading: &Reading<'_>,
    ) -> Result<Self, Failure> {
        let label = equals(NAMESPACE_LABEL, Some(stack.as_str()));
        let labels: [&str; 1] = [&label];
        let (services, nodes) = try_join!(
            services(client, &labels, reading),
            list::<Vec<wire::Node>>(client, "/nodes", &[]),
        )?;
        let lists = Self { services, nodes, ..Self::default() };
        let ids: Vec<&str> = lists.services.iter().map(|service| service.id.as_str()).collect();
        if ids.is_empty() {
            // No filter would mean all tasks there are.
            return Ok(lists);
        }
        match tasks(client, ("service", &ids)).await {
            Ok((tasks, up_to_date)) => Ok(Self { tasks, up_to_date, ..lists }),
            // One of them went meanwhile.
            Err(error) if error.is_not_found() => {
                Self::of_tasks(client, Some(stack), reading).await
            }
            Err(error) => Err(error),
        }
    }

    /// Everything of one stack, or of all, less the networks. The number of calls is
    /// always the same.
    pub(crate) async fn of_everything(
        client: &Client,
        stack: Option<&StackName>,
        instance: Option<&str>,
        reading: &Reading<'_>,
    ) -> Result<Self, Failure> {
        let stack_name = stack.map(StackName::as_str);
        let label = equals(NAMESPACE_LABEL, stack_name);
        let built = equals(IMAGE_STACK_LABEL, stack_name);
        let mine = instance.map(|instance| equals(INSTANCE_LABEL, Some(instance)));
        let with = |label| {
            let mut labels: Vec<&str> = vec![label];
            labels.extend(mine.as_deref());
            labels
        };
        let (volume_labels, image_labels) = (with(&label), with(&built));
        let (lists, configs, secrets, volumes, images, containers) = try_join!(
            Self::of_tasks(client, stack, reading),
            list::<Vec<wire::File>>(client, "/configs", &[("label", &[&label])]),
            list::<Vec<wire::File>>(client, "/secrets", &[("label", &[&label])]),
            list::<wire::Volumes>(client, "/volumes", &[("label", &volume_labels)]),
            list::<Vec<wire::Image>>(client, "/images/json", &[("label", &image_labels)]),
            list::<Vec<wire::Container>>(client, "/containers/json", &[("label", &[&label])]),
        )?;
        let volumes = volumes.volumes;
        Ok(Self { configs, secrets, volumes, images, containers, ..lists })
    }
}

/// Services with these labels.
async fn services(
    client: &Client,
    labels: &[&str],
    reading: &Reading<'_>,
) -> Result<Vec<Listed>, Failure> {
    elements(client, "/services", &[("label", labels)], |it| Some(Listed::read(it, reading))).await
}

/// Tasks that a filter finds, the newest first, and the ids of those of them that run
/// their service's newest spec.
async fn tasks(
    client: &Client,
    filter: (&str, &[&str]),
) -> Result<(Vec<wire::Task>, BTreeSet<String>), Failure> {
    let (mut tasks, up_to_date) = try_join!(
        elements(client, "/tasks", &[filter], Some::<wire::Task>),
        elements(client, "/tasks", &[filter, ("_up-to-date", &["true"])], |task: wire::TaskId| {
            Some(task.id)
        }),
    )?;
    tasks.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.id.cmp(&b.id)));
    Ok((tasks, up_to_date.into_iter().collect()))
}

/// The networks that there are, or those of one stack.
pub(crate) async fn networks(
    client: &Client,
    stack: Option<&StackName>,
) -> Result<Vec<wire::Network>, Failure> {
    let label = stack.map(|stack| equals(NAMESPACE_LABEL, Some(stack.as_str())));
    let labels: Vec<&str> = label.iter().map(String::as_str).collect();
    let of_stack = [("label", labels.as_slice())];
    let filters = if stack.is_some() { of_stack.as_slice() } else { &[] };
    let mut networks: Vec<wire::Network> = list(client, "/networks", filters).await?;
    networks.retain(|network| !network.is_left_behind());
    Ok(networks)
}

/// One list.
pub(crate) fn list<'a, T: DeserializeOwned>(
    client: &'a Client,
    path: &str,
    filters: &[(&str, &[&str])],
) -> impl Future<Output = Result<T, Failure>> + use<'a, T> {
    let request = Request::list(path).filters(filters);
    client.json(request)
}

/// One list, of which `keep` says what is kept of each element as it comes.
pub(crate) fn elements<'a, T: DeserializeOwned, U, F: FnMut(T) -> Option<U> + Send + 'a>(
    client: &'a Client,
    path: &str,
    filters: &[(&str, &[&str])],
    keep: F,
) -> impl Future<Output = Result<Vec<U>, Failure>> + use<'a, T, U, F> {
    let request = Request::list(path).filters(filters);
    client.elements(request, keep)
}

/// A label filter: a key with a value, or with any.
pub(crate) fn equals(key: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => format!("{key}={value}"),
        None => key.to_owned(),
    }
}

/// A task in our words.
pub(crate) fn task_of(task: &wire::Task, lists: &Lists) -> ObservedTask {
    let state = task_state(&task.status.state);
    let ended = matches!(state, TaskState::Complete | TaskState::Failed | TaskState::Shutdown);
    let node = task.node_id.clone().filter(|node| !node.is_empty());
    let node_down = node.as_ref().is_some_and(|id| {
        lists.nodes.iter().any(|node| node.id == *id && node.status.state == "down")
    });
    ObservedTask {
        id: task.id.clone(),
        slot: task.slot,
        node,
        node_down,
        state,
        desired: task_state(&task.desired_state),
        since: task.status.timestamp,
        up_to_date: lists.up_to_date.contains(&task.id),
        error: task.status.err.clone().filter(|error| !error.is_empty()),
        exit_code: task.status.container_status.exit_code.filter(|_| ended),
    }
}

/// Swarm's words for a task's state. One that is newer than this code counts as
/// a task that has only been made: neither running nor failed.
pub(crate) fn task_state(text: &str) -> TaskState {
    match text {
        "pending" => TaskState::Pending,
        "assigned" => TaskState::Assigned,
        "accepted" => TaskState::Accepted,
        "preparing" => TaskState::Preparing,
        "ready" => TaskState::Ready,
        "starting" => TaskState::Starting,
        "running" => TaskState::Running,
        "complete" => TaskState::Complete,
        "shutdown" => TaskState::Shutdown,
        "failed" => TaskState::Failed,
        "rejected" => TaskState::Rejected,
        "remove" => TaskState::Remove,
        "orphaned" => TaskState::Orphaned,
        _ => TaskState::New,
    }
}

/// Swarm's words for an update's state.
fn update_status_of(live: &wire::UpdateStatus) -> Option<UpdateStatus> {
    let state = match live.state.as_str() {
        "updating" => UpdateState::Updating,
        "paused" => UpdateState::Paused,
        "completed" => UpdateState::Completed,
        "rollback_started" => UpdateState::RollbackStarted,
        "rollback_paused" => UpdateState::RollbackPaused,
        "rollback_completed" => UpdateState::RollbackCompleted,
        _ => return None,
    };
    Some(UpdateStatus { state, message: live.message.clone(), started_at: live.started_at })
}
