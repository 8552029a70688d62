//! What is too much: removals, and what they must spare.

use std::collections::BTreeSet;

use berth_domain::cluster::{Action, ObservedService, ObservedStack};
use berth_domain::stack::StackSpec;

use super::{Plan, references};
use crate::drift::Kind;

/// How it ends what says that tasks of a service that is gone still run.
pub(super) const LEAVING: &str = " leaving";

const UNUSED_FIRST: &str = "objects no longer asked for go once no service uses them";

pub(super) fn remove_unwanted(
    spec: &StackSpec,
    observed: &ObservedStack,
    keep: &BTreeSet<String>,
    plan: &mut Plan,
) {
    for (name, is) in &observed.services {
        if is.ours && !spec.services.contains_key(name) {
            plan.unwanted.push((Kind::Service, name.clone()));
        }
        // One that is on a network that is replaced goes for that already.
        let goes = plan.actions.iter().any(
            |action| matches!(action, Action::RemoveService { name: gone, .. } if gone == name),
        );
        if is.ours && !goes && !spec.services.contains_key(name) {
            plan.actions.push(Action::RemoveService { name: name.clone(), from: is.version });
        }
    }

    // Swarm itself would need what its way back names.
    let previous: BTreeSet<&str> =
        observed.services.values().flat_map(|is| &is.previous).map(String::as_str).collect();
    let mut unwanted =
        Objects::of(observed).without(|name| keep.contains(name) || previous.contains(name));
    unwanted.configs.retain(|name| !spec.configs.contains_key(*name));
    unwanted.secrets.retain(|name| !spec.secrets.contains_key(*name));
    unwanted.networks.retain(|name| !spec.networks.contains_key(*name));
    if unwanted.is_empty() {
        return;
    }
    let names = |kind, names: &[&String]| {
        names.iter().map(|name| (kind, (*name).clone())).collect::<Vec<_>>()
    };
    plan.unwanted.extend(names(Kind::Config, &unwanted.configs));
    plan.unwanted.extend(names(Kind::Secret, &unwanted.secrets));
    plan.unwanted.extend(names(Kind::Network, &unwanted.networks));
    // What a service that can't be read refers to can't be told either: it is
    // about to be replaced, and the next pass will know.
    if observed.services.values().any(|is| is.spec.is_none()) {
        plan.wait(UNUSED_FIRST.to_owned());
        return;
    }
    let in_use = in_use(observed.services.values());
    let unused = unwanted.clone().without(|name| in_use.contains(name));
    if unused.len() < unwanted.len() {
        plan.wait(UNUSED_FIRST.to_owned());
    }
    unused.remove(observed.leaving_tasks, plan);
}

pub(super) fn remove_all(observed: &ObservedStack) -> Plan {
    let mut plan = Plan::default();
    for (name, is) in observed.services.iter().filter(|(_, is)| is.ours) {
        plan.actions.push(Action::RemoveService { name: name.clone(), from: is.version });
    }
    if !plan.actions.is_empty() {
        plan.wait("the rest goes once the services are gone".to_owned());
        return plan;
    }
    if observed.leaving_tasks > 0 {
        plan.wait(leaving(observed.leaving_tasks));
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
            plan.wait(leaving(leaving_tasks));
        } else if removes_services {
            plan.wait("networks go once the removed services' tasks left".to_owned());
        } else {
            let removals = networks.into_iter();
            plan.actions.extend(removals.map(|name| Action::RemoveNetwork { name: name.clone() }));
        }
    }
}

pub(super) fn leaving(tasks: u32) -> String {
    let are = if tasks == 1 { "task is" } else { "tasks are" };
    format!("{tasks} {are}{LEAVING}")
}

fn in_use<'a>(services: impl Iterator<Item = &'a ObservedService>) -> BTreeSet<&'a str> {
    services.filter_map(|is| is.spec.as_deref()).flat_map(references).collect()
}
