//! Looking: Docker's lists, sorted by stack.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::{
    ClusterError, Known, ObservedFile, ObservedNetwork, ObservedService, ObservedStack, TaskState,
    Version,
};
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::stack::{NAMESPACE_LABEL, NetworkSpec, Pool};

use crate::client::{Request, segment};
use crate::convert::unlabel;
use crate::error::Failure;
use crate::objects::{
    IMAGE_STACK_LABEL, Lists, Reading, SERVICE_ID_LABEL, name_networks, networks, task_of,
    task_state,
};
use crate::reader::short_name;
use crate::swarm::Swarm;
use crate::wire;

/// The label with a container's task, Docker's own.
const TASK_ID_LABEL: &str = "com.docker.swarm.task.id";
/// An option that Swarm adds to each overlay network.
const VXLAN_OPTION: &str = "com.docker.network.driver.overlay.vxlanid_list";

/// How many networks' names are remembered; previews have ever new ones.
const MAX_NETWORKS: usize = 10_000;

type Stacks = BTreeMap<StackName, ObservedStack>;

impl Swarm {
    /// Looks at one stack, or at all that have something of ours.
    pub(crate) async fn look(
        &self,
        stack: Option<&StackName>,
        known: &Known,
    ) -> Result<Stacks, ClusterError> {
        let failed = |error: Failure| error.about("reading what is there");
        // First, for services to be read with the names of what they are on.
        let networks = networks(&self.client, stack).await.map_err(failed)?;
        let reading = Reading { names: self.names_of(&networks), known };
        // Boxed: nine calls at once take room.
        let instance = self.instance.as_deref();
        let listing = Lists::of_everything(&self.client, stack, instance, &reading);
        let lists = Lists { networks, ..Box::pin(listing).await.map_err(failed)? };
        let names = self.network_names(&lists, reading.names).await.map_err(failed)?;
        self.remember(&lists, stack);
        let mut stacks = Stacks::new();
        self.sort_objects(&lists, &mut stacks);
        self.count_leaving(&lists, &mut stacks);
        self.sort_services(lists, &names, &mut stacks);
        if stack.is_none() {
            stacks.retain(|_, stack| has_ours(stack));
        }
        Ok(stacks)
    }

    /// Looks at one stack's services only.
    pub(crate) async fn look_at_services(
        &self,
        stack: &StackName,
    ) -> Result<BTreeMap<String, ObservedService>, ClusterError> {
        let failed = |error: Failure| error.about(format!("reading the services of {stack}"));
        let reading = Reading { names: self.names_of(&[]), known: &Known::default() };
        let listing = Lists::of_services(&self.client, stack, &reading);
        let lists = Box::pin(listing).await.map_err(failed)?;
        let names = self.network_names(&lists, reading.names).await.map_err(failed)?;
        let mut stacks = Stacks::new();
        self.sort_services(lists, &names, &mut stacks);
        Ok(stacks.remove(stack).unwrap_or_default().services)
    }

    /// Names behind the ids of networks, as far as they are known.
    fn names_of(&self, networks: &[wire::Network]) -> BTreeMap<String, String> {
        let mut names = crate::locked(&self.networks).clone();
        names.extend(networks.iter().map(|network| (network.id.clone(), network.name.clone())));
        names
    }

    /// Those behind all ids that services use. Those that are in no list, such as the
    /// swarm's own `host`, are looked up once.
    async fn network_names(
        &self,
        lists: &Lists,
        mut names: BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let unknown: BTreeSet<&String> = lists.services.iter().flat_map(|it| &it.unnamed).collect();
        for id in unknown {
            match self.network_name(id).await {
                Ok(name) => names.insert(id.clone(), name),
                Err(error) if error.is_not_found() => None,
                Err(error) => return Err(error),
            };
        }
        Ok(names)
    }

    async fn network_name(&self, id: &str) -> Result<String, Failure> {
        let path = format!("/networks/{}", segment(id));
        let network: wire::Network = self.client.json(Request::get(path)).await?;
        let mut known = crate::locked(&self.networks);
        if known.len() >= MAX_NETWORKS {
            known.clear();
        }
        known.insert(id.to_owned(), network.name.clone());
        Ok(network.name)
    }

    /// Keeps which stack each service is of, for events that only name an id.
    fn remember(&self, lists: &Lists, stack: Option<&StackName>) {
        let mut stacks = crate::locked(&self.stacks);
        if stack.is_none() {
            stacks.clear();
        }
        for service in lists.services.iter().filter(|service| self.is_owner(&service.owner)) {
            if let Some(stack) = service.owner.stack() {
                stacks.insert(service.id.clone(), stack);
            }
        }
    }

    fn sort_services(
        &self,
        mut lists: Lists,
        names: &BTreeMap<String, String>,
        stacks: &mut Stacks,
    ) {
        let services = std::mem::take(&mut lists.services);
        let mut tasks: BTreeMap<&str, Vec<&wire::Task>> = BTreeMap::new();
        for task in &lists.tasks {
            tasks.entry(&task.service_id).or_default().push(task);
        }
        for service in services {
            let Some(stack) = service.owner.stack() else { continue };
            let tasks = tasks.remove(service.id.as_str()).unwrap_or_default();
            let mut spec = service.spec;
            if !service.unnamed.is_empty()
                && let Some(spec) = &mut spec
            {
                name_networks(spec, names);
            }
            let mut previous = service.previous_files;
            previous
                .extend(service.previous_networks.iter().filter_map(|id| names.get(id)).cloned());
            let observed = ObservedService {
                id: service.id,
                version: Version(service.version),
                changed_at: service.changed_at,
                ours: self.is_owner(&service.owner),
                spec,
                previous,
                update: service.update,
                tasks: tasks.into_iter().map(|task| task_of(task, &lists)).collect(),
            };
            let name = short_name(&stack, &service.name);
            stacks.entry(stack).or_default().services.insert(name, observed);
        }
    }

    fn sort_objects(&self, lists: &Lists, stacks: &mut Stacks) {
        for network in &lists.networks {
            let Some(stack) = stack_of(&network.labels) else { continue };
            let observed = ObservedNetwork {
                id: network.id.clone(),
                ours: self.owns(&network.labels),
                spec: network_spec(network).into(),
            };
            stacks.entry(stack).or_default().networks.insert(network.name.clone(), observed);
        }
        let observed = |file: &wire::File| ObservedFile {
            id: file.id.clone(),
            ours: self.owns(&file.spec.labels),
        };
        for config in &lists.configs {
            let Some(stack) = stack_of(&config.spec.labels) else { continue };
            let configs = &mut stacks.entry(stack).or_default().configs;
            configs.insert(config.spec.name.clone(), observed(config));
        }
        for secret in &lists.secrets {
            let Some(stack) = stack_of(&secret.spec.labels) else { continue };
            let secrets = &mut stacks.entry(stack).or_default().secrets;
            secrets.insert(secret.spec.name.clone(), observed(secret));
        }
        for volume in lists.volumes.iter().filter(|volume| self.owns(&volume.labels)) {
            let Some(stack) = stack_of(&volume.labels) else { continue };
            stacks.entry(stack).or_default().volumes.push(volume.name.clone());
        }
        for image in lists.images.iter().filter(|image| self.owns(&image.labels)) {
            let Some(stack) =
                image.labels.get(IMAGE_STACK_LABEL).and_then(|name| StackName::parse(name).ok())
            else {
                continue;
            };
            let prefix = format!("berth/{stack}-");
            let tags = image.repo_tags.iter().filter(|tag| tag.starts_with(&prefix)).cloned();
            stacks.entry(stack).or_default().images.extend(tags);
        }
        for stack in stacks.values_mut() {
            stack.volumes.sort_unstable();
            stack.images.sort_unstable();
            stack.images.dedup();
        }
    }

    /// Counts what still runs of services that are gone: tasks on any node, and
    /// containers on this one that no task tells of any more. A task that was on
    /// no node yet runs nowhere, and Swarm keeps those of a removed job for ever.
    fn count_leaving(&self, lists: &Lists, stacks: &mut Stacks) {
        let services: BTreeSet<&str> =
            lists.services.iter().map(|service| service.id.as_str()).collect();
        let down: BTreeSet<&str> = lists
            .nodes
            .iter()
            .filter(|node| node.status.state == "down")
            .map(|node| node.id.as_str())
            .collect();
        let mut leaves = |owner: &wire::Owner| {
            if self.is_owner(owner)
                && let Some(stack) = owner.stack()
            {
                stacks.entry(stack).or_default().leaving_tasks += 1;
            }
        };
        for task in &lists.tasks {
            let state = task_state(&task.status.state);
            let runs = (TaskState::Assigned..=TaskState::Running).contains(&state);
            let lost = task.node_id.as_deref().is_some_and(|node| down.contains(node));
            if !services.contains(task.service_id.as_str()) && runs && !lost {
                leaves(&task.spec.container_spec.labels);
            }
        }
        let known: BTreeSet<&str> = lists
            .tasks
            .iter()
            .filter(|task| task_state(&task.status.state) <= TaskState::Running)
            .map(|task| task.id.as_str())
            .collect();
        for container in &lists.containers {
            let Some(service) = container.labels.get(SERVICE_ID_LABEL) else { continue };
            let task = container.labels.get(TASK_ID_LABEL).map_or("", String::as_str);
            let runs = matches!(container.state.as_str(), "running" | "paused" | "restarting");
            if !services.contains(service.as_str()) && !known.contains(task) && runs {
                leaves(&wire::Owner::of(&container.labels));
            }
        }
    }
}

fn has_ours(stack: &ObservedStack) -> bool {
    stack.leaving_tasks > 0
        || stack.services.values().any(|is| is.ours)
        || stack.networks.values().any(|is| is.ours)
        || stack.configs.values().any(|is| is.ours)
        || stack.secrets.values().any(|is| is.ours)
        || !stack.volumes.is_empty()
        || !stack.images.is_empty()
}

/// The stack that labels name; [`None`] also for a name that Berth gives to none.
pub(crate) fn stack_of(labels: &Map<String, String>) -> Option<StackName> {
    labels.get(NAMESPACE_LABEL).and_then(|name| StackName::parse(name).ok())
}

fn pool(config: &wire::IpamConfig) -> Option<(String, Pool)> {
    let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let pool = Pool { gateway: some(&config.gateway), ip_range: some(&config.ip_range) };
    (pool != Pool::default()).then(|| (config.subnet.clone(), pool))
}

fn network_spec(network: &wire::Network) -> NetworkSpec {
    let mut driver_opts = network.options.clone();
    driver_opts.remove(VXLAN_OPTION);
    NetworkSpec {
        driver: network.driver.clone(),
        driver_opts,
        labels: unlabel(&network.labels),
        internal: network.internal,
        attachable: network.attachable,
        ipam_driver: Some(network.ipam.driver.clone()).filter(|driver| !driver.is_empty()),
        subnets: network.ipam.config.iter().map(|config| config.subnet.clone()).collect(),
        pools: network.ipam.config.iter().filter_map(pool).collect(),
    }
}
