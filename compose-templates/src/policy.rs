//! What a compose file that Berth didn't write may ask for.
//!
//! A preview runs what somebody proposes, before anybody has agreed to it. So
//! where a file is [restricted](Restrictions), it gets nothing of the nodes, of
//! the cluster and of other stacks, and limits on what it uses. In three parts:
//!
//! 1. [`check()`] reads the files' model and refuses, each thing at its place.
//! 2. [`fill_in()`] puts limits where the file has none, and takes away what says
//!    nothing to Swarm but may say something to other programs.
//! 3. [`gate()`] looks at the finished [`StackSpec`] and nothing else: whatever
//!    the loader did, nothing that is not known to be harmless gets by.
//!
//! Both ends take their structs apart field by field, so that a new field does
//! not compile before somebody has decided about it. What this is not: a
//! sandbox. It does not limit builds, disks, or what a container sends.
//! `docs/policy.md` is the whole table, with reasons.

use berth_domain::map::Map;
use berth_domain::stack::StackSpec;

use crate::complaint::Note;
use crate::compose::units;
use crate::load::{Loaded, StackContext};
use crate::yaml::At;

mod check;
mod fill;
mod gate;
mod lists;
mod places;
mod service;

/// What restricted files are held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restrictions {
    /// The environment's host: a route is at it, or below it. Without one there
    /// are no routes.
    pub host: Option<String>,
    /// How much they may use.
    pub limits: Limits,
}

/// How much a restricted stack may use. A service that says nothing gets as much
/// as it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// CPU of one task, in billionths of a core.
    pub nano_cpus: i64,
    /// Memory of one task, in bytes. What is mounted from memory counts.
    pub memory: i64,
    /// Processes and threads of one task.
    pub pids: i64,
    /// Tasks of one service.
    pub replicas: u64,
    /// Tasks of the whole stack.
    pub tasks: u64,
    /// Registries that images may come from, by host; `docker.io` is Docker Hub.
    /// What the stack builds itself comes from none.
    pub registries: Vec<String>,
}

impl Default for Limits {
    /// One core, 1 GiB and 512 processes a task, three tasks a service, twenty
    /// in all, from the two registries that strangers' images mostly come from.
    fn default() -> Self {
        Self {
            nano_cpus: 1_000_000_000,
            memory: 1024 * 1024 * 1024,
            pids: 512,
            replicas: 3,
            tasks: 20,
            registries: vec!["docker.io".to_owned(), "ghcr.io".to_owned()],
        }
    }
}

/// CPUs as a compose file writes them (`0.5`), in billionths of a core.
#[must_use]
pub fn cpus(text: &str) -> Option<i64> {
    units::nano_cpus(text).filter(|cpus| *cpus > 0)
}

/// Memory as a compose file writes it (`512m`), in bytes.
#[must_use]
pub fn bytes(text: &str) -> Option<i64> {
    units::bytes(text).filter(|bytes| *bytes > 0)
}

/// What restricted files may not ask for, with places.
pub(crate) fn check(
    loaded: &Loaded,
    context: &StackContext,
    restrictions: &Restrictions,
) -> Vec<(At, String)> {
    check::check(loaded, context, restrictions)
}

/// Limits `spec` and takes away what other programs may listen to; says what is
/// less than the files ask for.
pub(crate) fn fill_in(
    spec: &mut StackSpec,
    loaded: &Loaded,
    restrictions: &Restrictions,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for (name, message) in fill::fill_in(spec, &restrictions.limits) {
        let at = loaded.model.services.get(&name).map(|service| service.at);
        notes.push(Note { place: at.and_then(|at| loaded.place(at)), message });
    }
    notes
}

/// What of a finished stack is not known to be harmless; nothing, if the two
/// above did their work.
pub(crate) fn gate(
    spec: &StackSpec,
    context: &StackContext,
    restrictions: &Restrictions,
) -> Vec<String> {
    gate::forbidden(spec, context, restrictions)
}

/// A sum that does not wrap: what is too much stays too much.
fn total(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.fold(0, i64::saturating_add)
}

/// Labels by name.
type Labels = Map<String, String>;

#[cfg(test)]
mod tests;
