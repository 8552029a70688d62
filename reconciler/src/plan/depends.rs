//! Which services wait for others before they are made or changed.

use berth_domain::cluster::{ObservedService, ObservedStack};
use berth_domain::health::meets;
use berth_domain::stack::{Condition, StackSpec};

/// What `service` still waits for: each that is not as it should be yet, or has
/// not come as far as it must. One that is not there waits for its dependencies;
/// one that is to be made or changed, for jobs or, as a job, for what goes first.
///
/// A service that is as it should be waits for nothing, and without jobs those
/// that are there are updated together.
pub(crate) fn awaited<'a>(
    spec: &'a StackSpec,
    observed: &ObservedStack,
    service: &str,
) -> Vec<(&'a str, Condition)> {
    let is_as_wanted = |name: &str, live: &ObservedService| {
        let spec = live.spec.as_ref().zip(spec.services.get(name));
        spec.is_some_and(|(is, wanted)| is.means(wanted))
    };
    let live = observed.services.get(service);
    if live.is_some_and(|live| is_as_wanted(service, live)) {
        return Vec::new();
    }
    let mut all = spec.waits_for_jobs(service);
    if live.is_none() {
        let own = spec.dependencies.get(service).into_iter().flatten();
        all.extend(own.map(|(name, condition)| (name.as_str(), *condition)));
    }
    all.retain(|name, condition| {
        // What is not part of the stack will never come.
        let Some(wanted) = spec.services.get(*name) else { return false };
        !observed
            .services
            .get(*name)
            .is_some_and(|live| is_as_wanted(name, live) && meets(*condition, wanted, live))
    });
    all.into_iter().collect()
}

/// The rest of a sentence that starts with a service: what it waits for.
pub(crate) fn words(awaited: &[(&str, Condition)]) -> String {
    let each: Vec<String> =
        awaited.iter().map(|(name, condition)| format!("{name} {condition}")).collect();
    format!("waits until {}", each.join(" and "))
}
