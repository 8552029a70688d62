//! What Swarm can't change where it stands: it goes, and is made again.
//!
//! A network is replaced in two passes. First the services on it go, because
//! Swarm removes no network that one is on. Once their tasks have left (a network
//! that is made again under the feet of its last tasks stalls their node), it is
//! removed and made again, and so are the services.

use std::collections::BTreeSet;

use berth_domain::cluster::{Action, ObservedService, ObservedStack};
use berth_domain::stack::{ServiceSpec, StackSpec};

use super::Plan;
use super::remove::leaving;
use crate::drift;

/// Plans the replacement of every network that is not what it should be, and
/// gives the services that are left alone until that is done.
pub(super) fn networks<'a>(
    spec: &'a StackSpec,
    observed: &'a ObservedStack,
    plan: &mut Plan,
) -> BTreeSet<&'a str> {
    let mut free: Vec<&'a String> = Vec::new();
    let mut taken: Vec<&'a String> = Vec::new();
    let mut users: BTreeSet<&'a String> = BTreeSet::new();
    for (name, wanted) in &spec.networks {
        let Some(is) = observed.networks.get(name) else { continue };
        let changes = drift::clauses(wanted, &is.spec).join(", ");
        if changes.is_empty() {
            continue;
        }
        if !is.ours {
            plan.conflicts.push(format!(
                "network {name} was not made by this Berth and is not what it should be: {changes}"
            ));
            continue;
        }
        let on = || observed.services.iter().filter(|(_, is)| may_be_on(is, name));
        if let Some((user, _)) = on().find(|(_, is)| !is.ours) {
            plan.conflicts.push(format!(
                "network {name} can't be replaced ({changes}): service {user}, which was not made by this Berth, is on it"
            ));
            continue;
        }
        plan.replaced.push(format!("network {name}: {changes}"));
        users.extend(on().map(|(user, _)| user));
        if on().next().is_some() { taken.push(name) } else { free.push(name) }
    }
    for user in &users {
        if let Some(is) = observed.services.get(*user) {
            plan.actions.push(Action::RemoveService { name: (*user).clone(), from: is.version });
        }
    }
    if observed.leaving_tasks > 0 && !free.is_empty() {
        plan.wait(leaving(observed.leaving_tasks));
    }
    // Which network a task that leaves is on can't be told any more.
    if observed.leaving_tasks > 0 || !users.is_empty() {
        taken.append(&mut free);
    }
    for name in &taken {
        plan.wait(format!("network {name} is made again once no task is on it"));
        plan.partial = true;
    }
    for name in free {
        let Some(wanted) = spec.networks.get(name) else { continue };
        plan.actions.push(Action::RemoveNetwork { name: name.clone() });
        plan.actions.push(Action::CreateNetwork { name: name.clone(), spec: (**wanted).clone() });
    }
    // Nothing new comes onto what is about to go.
    let waits = spec.services.iter().filter(|(_, wanted)| {
        wanted.networks.iter().any(|is| taken.iter().any(|name| **name == is.network))
    });
    users.into_iter().chain(waits.map(|(name, _)| name)).map(String::as_str).collect()
}

/// Whether a service is on a network, for all that can be told.
fn may_be_on(is: &ObservedService, network: &str) -> bool {
    is.spec.as_ref().is_none_or(|spec| spec.networks.iter().any(|is| is.network == network))
}

/// Why a service can't become what it should be.
pub(super) fn why(is: &ObservedService, wanted: &ServiceSpec) -> String {
    match &is.spec {
        Some(spec) => {
            format!("mode changes from {} to {}", spec.mode.word(), wanted.mode.word())
        }
        None => "it is something that no compose file says".to_owned(),
    }
}
