//! Which services wait for others before they are made.

use berth_domain::cluster::ObservedStack;
use berth_domain::health::meets;
use berth_domain::stack::{Condition, StackSpec};

/// What `service` still waits for, if it is not there: each of its dependencies
/// that is not as it should be yet, or has not come as far as it must.
///
/// A service that is there waits for nothing: it is updated with the others.
pub(crate) fn awaited<'a>(
    spec: &'a StackSpec,
    observed: &ObservedStack,
    service: &str,
) -> Vec<(&'a str, Condition)> {
    if observed.services.contains_key(service) {
        return Vec::new();
    }
    let all = spec.dependencies.get(service).into_iter().flatten();
    let unmet = all.filter(|(name, condition)| {
        // What is not part of the stack will never come.
        let Some(wanted) = spec.services.get(*name) else { return false };
        !observed.services.get(*name).is_some_and(|live| {
            live.spec.as_ref().is_some_and(|spec| spec.means(wanted))
                && meets(**condition, wanted, live)
        })
    });
    unmet.map(|(name, condition)| (name.as_str(), *condition)).collect()
}

/// The rest of a sentence that starts with a service: what it waits for.
pub(crate) fn words(awaited: &[(&str, Condition)]) -> String {
    let each: Vec<String> =
        awaited.iter().map(|(name, condition)| format!("{name} {condition}")).collect();
    format!("waits until {}", each.join(" and "))
}
