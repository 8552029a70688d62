//! What to do to a cluster: the one pure function that decides it.

use std::collections::BTreeSet;
use std::fmt;

use berth_domain::cluster::{Action, Desired, ObservedService, ObservedStack};
use berth_domain::stack::{MountKind, ServiceSpec, StackSpec};

/// What one pass will do, in order, and what it would do but may not yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    actions: Vec<Action>,
    conflicts: Vec<String>,
    waiting: Option<String>,
}

impl Plan {
    /// The calls to make, in order.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Whether there is no call to make now.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Whether the cluster is as it should be: no call to make now, none later,
    /// and nothing of somebody else's in the way.
    #[must_use]
    pub const fn is_synced(&self) -> bool {
        self.actions.is_empty() && self.conflicts.is_empty() && self.waiting.is_none()
    }

    /// What is in the way and is not ours to change, one sentence each.
    #[must_use]
    pub fn conflicts(&self) -> &[String] {
        &self.conflicts
    }

    /// What must happen on the cluster before the next pass can go on.
    #[must_use]
    pub fn waiting(&self) -> Option<&str> {
        self.waiting.as_deref()
    }

    /// The plan as lines: what its [`Display`](fmt::Display) prints.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let actions = self.actions.iter().map(ToString::to_string);
        let conflicts = self.conflicts.iter().map(|conflict| format!("! {conflict}"));
        let waiting = self.waiting.iter().map(|waiting| format!("… {waiting}"));
        actions.chain(conflicts).chain(waiting).collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join("\n"))
    }
}

/// Whether what a stack no longer asks for is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prune {
    /// It stays, as `docker stack deploy` without `--prune` has it.
    Off,
    /// It goes, less the configs, secrets and networks named here (by their
    /// names on the cluster): those of the release that Swarm may roll back to.
    On {
        /// The names.
        keep: BTreeSet<String>,
    },
}

impl Prune {
    /// Removes all that is not asked for.
    #[must_use]
    pub const fn all() -> Self {
        Self::On { keep: BTreeSet::new() }
    }
}

/// The names that `spec` refers to and that removals must spare while Swarm may
/// roll back to it.
#[must_use]
pub fn names_of(spec: &StackSpec) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    names.extend(
        spec.networks.keys().chain(spec.configs.keys()).chain(spec.secrets.keys()).cloned(),
    );
    names.extend(spec.services.values().flat_map(references).map(str::to_owned));
    names
}

/// Plans a pass.
///
/// Networks come first, then secrets and configs, then services, then removals:
/// new before old, and nothing before what it needs. Only what carries our label
/// is ever changed or removed. A service that is as it should be is left alone,
/// because even an update that changes nothing overwrites what Swarm would roll
/// back to, and runs jobs again. Networks, configs and secrets can't be changed
/// in Swarm: files carry their content's hash in their names, and a network stays
/// as it was made.
#[must_use]
pub fn plan(desired: &Desired, observed: &ObservedStack, prune: &Prune) -> Plan {
    match desired {
        Desired::Present(spec) => {
            let mut plan = ensure(spec, observed);
            if let Prune::On { keep } = prune {
                remove_unwanted(spec, observed, keep, &mut plan);
            }
            plan
        }
        Desired::Absent => remove_all(observed),
    }
}

/// Whether nothing of ours is left of the stack.
#[must_use]
pub fn is_gone(observed: &ObservedStack) -> bool {
    observed.leaving_tasks == 0
        && observed.services.values().all(|is| !is.ours)
        && observed.networks.values().all(|is| !is.ours)
        && observed.configs.values().all(|is| !is.ours)
        && observed.secrets.values().all(|is| !is.ours)
        && observed.volumes.is_empty()
        && observed.images.is_empty()
}

fn ensure(spec: &StackSpec, observed: &ObservedStack) -> Plan {
    let mut plan = Plan::default();
    for (name, network) in &spec.networks {
        if !observed.networks.contains_key(name) {
            plan.actions.push(Action::CreateNetwork { name: name.clone(), spec: network.clone() });
        }
    }
    for (name, secret) in &spec.secrets {
        if !observed.secrets.contains_key(name) {
            plan.actions.push(Action::CreateSecret { name: name.clone(), spec: secret.clone() });
        }
    }
    for (name, config) in &spec.configs {
        if !observed.configs.contains_key(name) {
            plan.actions.push(Action::CreateConfig { name: name.clone(), spec: config.clone() });
        }
    }
    for (name, wanted) in &spec.services {
        let Some(is) = observed.services.get(name) else {
            plan.actions.push(create(name, wanted));
            continue;
        };
        if is.spec.as_ref().is_some_and(|spec| spec.means(wanted)) {
            continue;
        }
        if !is.ours {
            plan.conflicts.push(format!("service {name} exists and was not made by this Berth"));
        } else if can_become(is, wanted) {
            plan.actions.push(Action::UpdateService {
                name: name.clone(),
                spec: Box::new(wanted.clone()),
                from: is.version,
            });
        } else {
            plan.actions.push(Action::RemoveService { name: name.clone(), from: is.version });
            plan.actions.push(create(name, wanted));
        }
    }
    plan
}

/// Whether Swarm can update `is` into `wanted`. It refuses a change of mode; what
/// can't be read may be of any mode.
fn can_become(is: &ObservedService, wanted: &ServiceSpec) -> bool {
    is.spec.as_ref().is_some_and(|spec| {
        std::mem::discriminant(&spec.mode) == std::mem::discriminant(&wanted.mode)
    })
}

fn create(name: &str, spec: &ServiceSpec) -> Action {
    Action::CreateService { name: name.to_owned(), spec: Box::new(spec.clone()) }
}

fn remove_unwanted(
    spec: &StackSpec,
    observed: &ObservedStack,
    keep: &BTreeSet<String>,
    plan: &mut Plan,
) {
    for (name, is) in &observed.services {
        if is.ours && !spec.services.contains_key(name) {
            plan.actions.push(Action::RemoveService { name: name.clone(), from: is.version });
        }
    }

    let mut unwanted = Objects::of(observed).without(|name| keep.contains(name));
    unwanted.configs.retain(|name| !spec.configs.contains_key(*name));
    unwanted.secrets.retain(|name| !spec.secrets.contains_key(*name));
    unwanted.networks.retain(|name| !spec.networks.contains_key(*name));
    if unwanted.is_empty() {
        return;
    }
    // What a service that can't be read refers to can't be told either: it is
    // about to be replaced, and the next pass will know.
    if observed.services.values().any(|is| is.spec.is_none()) {
        plan.waiting = Some("objects no longer asked for go once no service uses them".to_owned());
        return;
    }
    let in_use = in_use(observed.services.values());
    let unused = unwanted.clone().without(|name| in_use.contains(name));
    if unused.len() < unwanted.len() {
        plan.waiting = Some("objects no longer asked for go once no service uses them".to_owned());
    }
    unused.remove(observed.leaving_tasks, plan);
}

fn remove_all(observed: &ObservedStack) -> Plan {
    let mut plan = Plan::default();
    for (name, is) in observed.services.iter().filter(|(_, is)| is.ours) {
        plan.actions.push(Action::RemoveService { name: name.clone(), from: is.version });
    }
    if !plan.actions.is_empty() {
        plan.waiting = Some("the rest goes once the services are gone".to_owned());
        return plan;
    }
    if observed.leaving_tasks > 0 {
        plan.waiting = Some(leaving(observed.leaving_tasks));
        return plan;
    }

    // Somebody else may have put a service under our namespace, on our network.
    let foreign = || observed.services.values().filter(|is| !is.ours);
    if foreign().any(|is| is.spec.is_none()) && !Objects::of(observed).is_empty() {
        plan.conflicts
            .push("a service that was not made by this Berth may use the rest".to_owned());
        return plan;
    }
    let in_use = in_use(foreign());
    let all = Objects::of(observed);
    let unused = all.clone().without(|name| in_use.contains(name));
    if unused.len() < all.len() {
        plan.conflicts
            .push("a service that was not made by this Berth uses some of the rest".to_owned());
    }
    unused.remove(0, &mut plan);
    for name in observed.volumes.iter().filter(|name| !in_use.contains(name.as_str())) {
        plan.actions.push(Action::RemoveVolume { name: name.clone() });
    }
    for name in observed.images.iter().filter(|name| !in_use.contains(name.as_str())) {
        plan.actions.push(Action::RemoveImage { name: name.clone() });
    }
    plan
}

/// Names of configs, secrets and networks of ours.
#[derive(Debug, Clone)]
struct Objects<'a> {
    configs: Vec<&'a String>,
    secrets: Vec<&'a String>,
    networks: Vec<&'a String>,
}

impl<'a> Objects<'a> {
    fn of(observed: &'a ObservedStack) -> Self {
        Self {
            configs: observed
                .configs
                .iter()
                .filter(|(_, is)| is.ours)
                .map(|(name, _)| name)
                .collect(),
            secrets: observed
                .secrets
                .iter()
                .filter(|(_, is)| is.ours)
                .map(|(name, _)| name)
                .collect(),
            networks: observed
                .networks
                .iter()
                .filter(|(_, is)| is.ours)
                .map(|(name, _)| name)
                .collect(),
        }
    }

    fn without(mut self, spared: impl Fn(&str) -> bool) -> Self {
        for names in [&mut self.configs, &mut self.secrets, &mut self.networks] {
            names.retain(|name| !spared(name));
        }
        self
    }

    const fn len(&self) -> usize {
        self.configs.len() + self.secrets.len() + self.networks.len()
    }

    const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn remove(self, leaving_tasks: u32, plan: &mut Plan) {
        let Self { configs, secrets, networks } = self;
        plan.actions
            .extend(configs.into_iter().map(|name| Action::RemoveConfig { name: name.clone() }));
        plan.actions
            .extend(secrets.into_iter().map(|name| Action::RemoveSecret { name: name.clone() }));
        // A network may be removed under the feet of tasks that still stop, and
        // making it again at once then stalls a node: wait for them.
        let removes_services =
            plan.actions.iter().any(|action| matches!(action, Action::RemoveService { .. }));
        if networks.is_empty() {
            return;
        }
        if leaving_tasks > 0 {
            plan.waiting = Some(leaving(leaving_tasks));
        } else if removes_services {
            plan.waiting = Some("networks go once the removed services' tasks left".to_owned());
        } else {
            let removals = networks.into_iter();
            plan.actions.extend(removals.map(|name| Action::RemoveNetwork { name: name.clone() }));
        }
    }
}

fn leaving(tasks: u32) -> String {
    if tasks == 1 { "1 task is leaving".to_owned() } else { format!("{tasks} tasks are leaving") }
}

fn in_use<'a>(services: impl Iterator<Item = &'a ObservedService>) -> BTreeSet<&'a str> {
    services.filter_map(|is| is.spec.as_ref()).flat_map(references).collect()
}

/// Every object that `spec` refers to, by its name on the cluster.
fn references(spec: &ServiceSpec) -> impl Iterator<Item = &str> {
    let credentials = spec.credential_spec.as_ref().and_then(|is| is.config.as_deref());
    let files = spec.configs.iter().chain(&spec.secrets).map(|file| file.name.as_str());
    let networks = spec.networks.iter().map(|is| is.network.as_str());
    let volumes = spec
        .mounts
        .iter()
        .filter(|mount| matches!(mount.kind, MountKind::Volume { .. }))
        .filter_map(|mount| mount.source.as_deref());
    files.chain(networks).chain(volumes).chain(credentials).chain([spec.image.as_str()])
}

#[cfg(test)]
mod tests;
