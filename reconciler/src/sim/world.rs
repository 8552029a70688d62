//! One stack in memory: what an action does to it, and what time does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use berth_domain::cluster::{
    Action, ClusterError, Known, ObservedFile, ObservedNetwork, ObservedService, ObservedStack,
    ObservedTask, TaskState, UpdateState, UpdateStatus, Version,
};
use berth_domain::ids::StackName;
use berth_domain::shared::Shared;
use berth_domain::stack::{Mode, MountKind, ServiceSpec};

use super::Behaviour;

/// One stack, with what Docker would remember of it.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// What an observer sees. Shared with who is about to.
    pub(super) seen: Arc<ObservedStack>,
    /// What each service was before its last update.
    previous: BTreeMap<String, Shared<ServiceSpec>>,
    /// How often each service has been observed since its last change.
    age: BTreeMap<String, u32>,
}

/// Numbers that are never given twice.
#[derive(Debug, Default)]
pub(super) struct Counter(u64);

impl Counter {
    pub(super) const fn after(last: u64) -> Self {
        Self(last)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl World {
    pub(super) fn of(seen: ObservedStack) -> Self {
        Self { seen: Arc::new(seen), previous: BTreeMap::new(), age: BTreeMap::new() }
    }

    /// A copy of what an observer sees.
    pub(super) fn observed(&self) -> ObservedStack {
        ObservedStack::clone(&self.seen)
    }

    /// The same, to change it.
    pub(super) fn seen_mut(&mut self) -> &mut ObservedStack {
        Arc::make_mut(&mut self.seen)
    }

    /// Does what `action` says, as Docker would, or refuses as Docker would.
    pub(super) fn carry_out(
        &mut self,
        stack: &StackName,
        action: &Action,
        counter: &mut Counter,
        now: DateTime<Utc>,
    ) -> Result<(), ClusterError> {
        let seen = Arc::make_mut(&mut self.seen);
        match action {
            Action::CreateNetwork { name, spec } => {
                seen.networks.entry(name.clone()).or_insert_with(|| ObservedNetwork {
                    id: format!("network-{}", counter.next()),
                    ours: true,
                    spec: spec.clone().into(),
                });
            }
            Action::CreateConfig { name, .. } => {
                seen.configs.entry(name.clone()).or_insert_with(|| file(counter));
            }
            Action::CreateSecret { name, .. } => {
                seen.secrets.entry(name.clone()).or_insert_with(|| file(counter));
            }
            Action::CreateService { name, spec } => {
                if let Some(is) = seen.services.get(name) {
                    return if is.spec.as_deref() == Some(spec) {
                        Ok(())
                    } else {
                        Err(stale(name))
                    };
                }
                self.check_references(stack, name, spec)?;
                let service = ObservedService {
                    id: format!("service-{}", counter.next()),
                    version: Version(counter.next()),
                    changed_at: now,
                    ours: true,
                    spec: Some(Shared::new((**spec).clone())),
                    previous: BTreeSet::new(),
                    update: None,
                    tasks: fresh_tasks(spec, counter, now),
                };
                self.seen_mut().services.insert(name.clone(), service);
                self.age.insert(name.clone(), 0);
                self.make_volumes(stack, spec);
            }
            Action::UpdateService { name, spec, from } => {
                self.check_references(stack, name, spec)?;
                let seen = Arc::make_mut(&mut self.seen);
                let is = seen.services.get_mut(name).ok_or_else(|| stale(name))?;
                if is.version != *from {
                    return Err(stale(name));
                }
                let kind = is.spec.as_ref().map(|spec| std::mem::discriminant(&spec.mode));
                if kind.is_some_and(|kind| kind != std::mem::discriminant(&spec.mode)) {
                    return Err(rejected(name, "service mode change is not allowed"));
                }
                let mut spec = Shared::new((**spec).clone());
                let forced = is.spec.as_ref().map_or(0, |is| is.force_updates);
                if spec.force_updates < forced {
                    spec.force_updates = forced;
                }
                if let Some(before) = is.spec.replace(spec.clone()) {
                    is.previous = names_in(&before);
                    self.previous.insert(name.clone(), before);
                }
                is.version = Version(counter.next());
                is.changed_at = now;
                is.update = None;
                retire(&mut is.tasks, now);
                let mut tasks = fresh_tasks(&spec, counter, now);
                tasks.append(&mut is.tasks);
                is.tasks = tasks;
                is.tasks.truncate(HISTORY);
                self.age.insert(name.clone(), 0);
                self.make_volumes(stack, &spec);
            }
            Action::RemoveService { name, from } => {
                if let Some(is) = seen.services.get(name) {
                    if is.version != *from {
                        return Err(stale(name));
                    }
                    let running = is.tasks.iter().filter(|task| task.state <= TaskState::Running);
                    seen.leaving_tasks += u32::try_from(running.count()).unwrap_or(u32::MAX);
                    seen.services.remove(name);
                    self.previous.remove(name);
                    self.age.remove(name);
                }
            }
            Action::RemoveConfig { name } => {
                self.check_unused(name)?;
                self.seen_mut().configs.remove(name);
            }
            Action::RemoveSecret { name } => {
                self.check_unused(name)?;
                self.seen_mut().secrets.remove(name);
            }
            Action::RemoveNetwork { name } => {
                self.check_unused(name)?;
                if self.seen.leaving_tasks > 0 {
                    return Err(rejected(name, "network is in use by task"));
                }
                self.seen_mut().networks.remove(name);
            }
            Action::RemoveVolume { name } => {
                self.check_unused(name)?;
                self.seen_mut().volumes.retain(|is| is != name);
            }
            Action::RemoveImage { name } => {
                self.check_unused(name)?;
                self.seen_mut().images.retain(|is| is != name);
            }
        }
        Ok(())
    }

    /// What happens by itself between two observations.
    pub(super) fn pass_time(
        &mut self,
        behaviours: &BTreeMap<String, Behaviour>,
        leave: bool,
        counter: &mut Counter,
        now: DateTime<Utc>,
    ) {
        let seen = Arc::make_mut(&mut self.seen);
        if leave {
            seen.leaving_tasks = 0;
        }
        for (name, is) in &mut seen.services {
            let settled = is.tasks.iter().all(|task| {
                task.state == TaskState::Running && task.desired == TaskState::Running
                    || task.state > TaskState::Running && task.desired > TaskState::Running
            });
            if settled {
                continue;
            }
            let Some(spec) = is.spec.as_ref() else { continue };
            let age = self.age.entry(name.clone()).or_default();
            *age += 1;
            let behaviour = behaviours.get(&spec.image).unwrap_or(&Behaviour::DEFAULT);
            let back = live_on(is, behaviour, *age, counter, now);
            if back && let Some(previous) = self.previous.remove(name) {
                roll_back(is, previous, counter, now);
                *age = 0;
            }
        }
    }

    fn check_references(
        &self,
        stack: &StackName,
        service: &str,
        spec: &ServiceSpec,
    ) -> Result<(), ClusterError> {
        let prefix = stack.scope("");
        let seen = &self.seen;
        let networks =
            spec.networks.iter().map(|is| (&is.network, seen.networks.contains_key(&is.network)));
        let configs = spec.configs.iter().map(|is| (&is.name, seen.configs.contains_key(&is.name)));
        let secrets = spec.secrets.iter().map(|is| (&is.name, seen.secrets.contains_key(&is.name)));
        let missing = networks
            .chain(configs)
            .chain(secrets)
            .find(|(name, there)| name.starts_with(&prefix) && !there);
        missing.map_or(Ok(()), |(name, _)| Err(rejected(service, &format!("{name} not found"))))
    }

    fn check_unused(&self, object: &str) -> Result<(), ClusterError> {
        let names = |spec: &ServiceSpec| {
            spec.image == object
                || spec.networks.iter().any(|is| is.network == object)
                || spec.configs.iter().chain(&spec.secrets).any(|is| is.name == object)
                || spec.mounts.iter().any(|is| is.source.as_deref() == Some(object))
        };
        let user = self.seen.services.iter().find(|(_, is)| is.spec.as_deref().is_some_and(names));
        user.map_or(Ok(()), |(name, _)| {
            Err(rejected(object, &format!("it is in use by the following service: {name}")))
        })
    }

    fn make_volumes(&mut self, stack: &StackName, spec: &ServiceSpec) {
        let prefix = stack.scope("");
        for mount in &spec.mounts {
            let ours = matches!(mount.kind, MountKind::Volume { external: false, .. });
            if let Some(name) =
                mount.source.as_ref().filter(|name| ours && name.starts_with(&prefix))
                && !self.seen.volumes.contains(name)
            {
                self.seen_mut().volumes.push(name.clone());
            }
        }
    }
}

/// What is there of a stack as it would be read from an engine: none of it is what
/// the cluster itself holds.
pub(super) fn read(
    stack: StackName,
    seen: &ObservedStack,
    known: &Known,
) -> (StackName, ObservedStack) {
    let mut read = seen.clone();
    for (name, is) in &mut read.services {
        let spec = is.spec.take().map(|spec| ServiceSpec::clone(&spec));
        is.spec = spec.map(|spec| known.share(&stack, name, spec));
    }
    (stack, read)
}

/// How many tasks Swarm remembers of a service here.
const HISTORY: usize = 8;

/// Lets a service's tasks live on for a while. True where Swarm takes its update
/// back.
fn live_on(
    is: &mut ObservedService,
    behaviour: &Behaviour,
    age: u32,
    counter: &mut Counter,
    now: DateTime<Utc>,
) -> bool {
    // What was told to end has ended.
    for task in is.tasks.iter_mut().filter(|task| task.desired > TaskState::Running) {
        if task.state <= TaskState::Running {
            task.state = TaskState::Shutdown;
            task.since = now;
        }
    }
    let Some(spec) = is.spec.as_ref() else { return false };
    let job = matches!(spec.mode, Mode::ReplicatedJob { .. } | Mode::GlobalJob);
    let current = |task: &&mut ObservedTask| {
        task.up_to_date && task.desired <= TaskState::Running && task.state < TaskState::Running
    };
    let runs_after = match behaviour {
        Behaviour::Runs { after } => *after,
        Behaviour::Writes { .. } => 1,
        Behaviour::NeverHealthy | Behaviour::Unschedulable | Behaviour::Crashes { .. } => u32::MAX,
    };
    match behaviour {
        Behaviour::Runs { .. } | Behaviour::Writes { .. } if age >= runs_after => {
            for task in is.tasks.iter_mut().filter(current) {
                task.state = if job { TaskState::Complete } else { TaskState::Running };
                if job {
                    task.desired = TaskState::Complete;
                }
                task.since = now;
            }
            false
        }
        Behaviour::Runs { .. } | Behaviour::Writes { .. } | Behaviour::NeverHealthy => {
            for task in is.tasks.iter_mut().filter(current) {
                if task.state != TaskState::Starting {
                    task.state = TaskState::Starting;
                    task.since = now;
                }
            }
            false
        }
        Behaviour::Unschedulable => {
            for task in is.tasks.iter_mut().filter(current) {
                task.state = TaskState::Pending;
                task.error = Some(
                    "no suitable node (scheduling constraints not satisfied on 1 node)".to_owned(),
                );
            }
            false
        }
        Behaviour::Crashes { exit_code, .. } => {
            let most = spec.restart.as_ref().and_then(|restart| restart.max_attempts);
            let ended: Vec<Option<u64>> = is
                .tasks
                .iter()
                .filter(|task| task.up_to_date && task.state == TaskState::Failed)
                .map(|task| task.slot)
                .collect();
            let ended = |slot| ended.iter().filter(|is| **is == slot).count() as u64;
            let mut restarted = Vec::new();
            for task in is.tasks.iter_mut().filter(current) {
                let next = ObservedTask {
                    id: format!("task-{}", counter.next()),
                    since: now,
                    ..task.clone()
                };
                let is_last = most.is_some_and(|most| ended(task.slot) >= most);
                task.state = TaskState::Failed;
                task.desired = TaskState::Shutdown;
                task.since = now;
                task.error = Some(format!("task: non-zero exit ({exit_code})"));
                task.exit_code = Some(*exit_code);
                if !is_last {
                    restarted.push(next);
                }
            }
            restarted.append(&mut is.tasks);
            is.tasks = restarted;
            is.tasks.truncate(HISTORY);
            let takes_back =
                spec.update.as_ref().is_some_and(|update| update.failure_action == "rollback");
            takes_back && age >= 2
        }
    }
}

fn roll_back(
    is: &mut ObservedService,
    previous: Shared<ServiceSpec>,
    counter: &mut Counter,
    now: DateTime<Utc>,
) {
    retire(&mut is.tasks, now);
    let mut tasks = fresh_tasks(&previous, counter, now);
    tasks.append(&mut is.tasks);
    is.tasks = tasks;
    is.tasks.truncate(HISTORY);
    is.spec = Some(previous);
    is.previous.clear();
    is.version = Version(counter.next());
    is.changed_at = now;
    is.update = Some(UpdateStatus {
        state: UpdateState::RollbackCompleted,
        message: "rollback completed".to_owned(),
        started_at: Some(now),
    });
}

fn retire(tasks: &mut [ObservedTask], now: DateTime<Utc>) {
    for task in tasks {
        task.up_to_date = false;
        if task.desired <= TaskState::Running {
            task.desired = TaskState::Shutdown;
            task.since = now;
        }
    }
}

fn fresh_tasks(spec: &ServiceSpec, counter: &mut Counter, now: DateTime<Utc>) -> Vec<ObservedTask> {
    let many = match spec.mode {
        Mode::Replicated { replicas } => replicas,
        Mode::Global | Mode::GlobalJob => 1,
        Mode::ReplicatedJob { total_completions, .. } => total_completions,
    };
    (1..=many)
        .map(|slot| ObservedTask {
            id: format!("task-{}", counter.next()),
            slot: Some(slot),
            node: Some("node-1".to_owned()),
            node_down: false,
            state: TaskState::New,
            desired: TaskState::Running,
            since: now,
            up_to_date: true,
            error: None,
            exit_code: None,
        })
        .collect()
}

/// What Swarm needs to go back to `spec`.
fn names_in(spec: &ServiceSpec) -> BTreeSet<String> {
    let files = spec.configs.iter().chain(&spec.secrets).map(|is| &is.name);
    files.chain(spec.networks.iter().map(|is| &is.network)).cloned().collect()
}

fn file(counter: &mut Counter) -> ObservedFile {
    ObservedFile { id: format!("file-{}", counter.next()), ours: true }
}

fn stale(service: &str) -> ClusterError {
    ClusterError::Stale { what: format!("service {service}") }
}

fn rejected(what: &str, message: &str) -> ClusterError {
    ClusterError::Rejected { what: what.to_owned(), message: message.to_owned() }
}
