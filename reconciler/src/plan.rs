//! What to do to a cluster: the one pure function that decides it.

pub(crate) mod depends;
mod ensure;
mod remove;
mod replace;

use std::collections::BTreeSet;
use std::fmt;

use berth_domain::cluster::{Action, Desired, ObservedStack};
use berth_domain::stack::{MountKind, ServiceSpec, StackSpec};

use crate::drift::Kind;

use self::ensure::ensure;
use self::remove::{LEAVING, remove_all, remove_unwanted};

/// What one pass will do, in order, and what it would do but may not yet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    replaced: Vec<String>,
    actions: Vec<Action>,
    conflicts: Vec<String>,
    waiting: Vec<String>,
    partial: bool,
    unwanted: Vec<(Kind, String)>,
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
        self.actions.is_empty() && self.conflicts.is_empty() && self.waiting.is_empty()
    }

    /// What Swarm can't change where it stands, so that it goes and is made
    /// again, with the reason, one sentence each.
    #[must_use]
    pub fn replaced(&self) -> &[String] {
        &self.replaced
    }

    /// What is in the way and is not ours to change, one sentence each.
    #[must_use]
    pub fn conflicts(&self) -> &[String] {
        &self.conflicts
    }

    /// What must happen on the cluster before the next pass can go on, one
    /// sentence each.
    #[must_use]
    pub fn waiting(&self) -> &[String] {
        &self.waiting
    }

    /// Whether something that is asked for is made by a later pass only.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// What of ours is there though nothing asks for it, whether it can be
    /// removed already or not; nothing where nothing is to be removed.
    #[must_use]
    pub fn unwanted(&self) -> &[(Kind, String)] {
        &self.unwanted
    }

    /// The plan as lines: what its [`Display`](fmt::Display) prints.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let replaced = self.replaced.iter().map(|replaced| format!("± replace {replaced}"));
        let actions = self.actions.iter().map(ToString::to_string);
        let conflicts = self.conflicts.iter().map(|conflict| format!("! {conflict}"));
        let waiting = self.waiting.iter().map(|waiting| format!("… {waiting}"));
        replaced.chain(actions).chain(conflicts).chain(waiting).collect()
    }

    /// As [`lines`](Self::lines), less what only passes by, such as how many tasks are
    /// still leaving: what is worth keeping of the plan.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut lines = self.lines();
        lines.retain(|line| !line.ends_with(LEAVING));
        lines
    }

    fn wait(&mut self, what: String) {
        if !self.waiting.contains(&what) {
            self.waiting.push(what);
        }
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
    names.extend(spec.services.values().flat_map(|is| references(is)).map(str::to_owned));
    names
}

/// Plans a pass.
///
/// Networks come first, then secrets and configs, then services, then removals:
/// new before old, and nothing before what it needs. Only what carries our label
/// is ever changed or removed. A service that is as it should be is left alone,
/// because even an update that changes nothing overwrites what Swarm would roll
/// back to, and runs jobs again. Configs and secrets can't be changed in Swarm, so
/// they carry their content's hash in their names; what else it can't change is
/// [replaced](Plan::replaced). A service that is not there yet is made once those
/// that it depends on have come far enough ([`StackSpec::dependencies`]), and
/// nothing is made or changed before its turn around [jobs](StackSpec::jobs).
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
pub(crate) mod tests;
