//! What a service waits for before it is made for the first time.
//!
//! Swarm starts all services at once, so this is never sent to it and is no part
//! of a [`ServiceSpec`](super::ServiceSpec): the planner holds back what waits.
//! For jobs ([`Jobs`](super::Jobs)) it counts each time they change.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a service must have come before another one is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Its containers have been started.
    Started,
    /// All its tasks run, and are healthy where there is a check.
    Healthy,
    /// All its tasks have ended well.
    Completed,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Started => "has started",
            Self::Healthy => "is healthy",
            Self::Completed => "has completed",
        })
    }
}

/// The services that each service waits for, by short names. One that waits for
/// nothing is not in it. No service waits for itself, however indirectly: see
/// [`circle`].
pub type Dependencies = BTreeMap<String, BTreeMap<String, Condition>>;

/// Services that wait for each other in a circle, each for the next and the last
/// for the first; [`None`] where there is no circle.
#[must_use]
pub fn circle(dependencies: &Dependencies) -> Option<Vec<String>> {
    let mut left: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let waits_for = |name: &str, left: &BTreeSet<&str>| {
        let mut names = dependencies.get(name)?.keys().map(String::as_str);
        names.find(|name| left.contains(name)).map(str::to_owned)
    };
    // What waits for nothing that is left can be made; what then still is left
    // waits for some other that is.
    loop {
        let free: Vec<&str> =
            left.iter().copied().filter(|name| waits_for(name, &left).is_none()).collect();
        if free.is_empty() {
            break;
        }
        left.retain(|name| !free.contains(name));
    }
    let mut path = vec![(*left.first()?).to_owned()];
    loop {
        let next = waits_for(path.last()?, &left)?;
        if let Some(start) = path.iter().position(|name| *name == next) {
            return Some(path.split_off(start));
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dependencies(edges: &[(usize, usize)]) -> Dependencies {
        let mut all = Dependencies::new();
        for (from, to) in edges {
            let waits = all.entry(format!("s{from}")).or_default();
            waits.insert(format!("s{to}"), Condition::Started);
        }
        all
    }

    #[test]
    fn a_service_that_waits_for_itself_is_a_circle() {
        assert_eq!(circle(&dependencies(&[(1, 1)])), Some(vec!["s1".to_owned()]));
    }

    proptest! {
        #[test]
        fn where_each_waits_only_for_later_ones_there_is_no_circle(
            edges in prop::collection::vec((0..20_usize, 1..20_usize), 0..60),
        ) {
            let edges: Vec<_> = edges.iter().map(|(from, by)| (*from, from + by)).collect();
            prop_assert_eq!(circle(&dependencies(&edges)), None);
        }

        #[test]
        fn a_circle_is_found_and_is_one(
            edges in prop::collection::vec((0..8_usize, 0..8_usize), 0..20),
            ring in prop::collection::btree_set(0..8_usize, 1..5),
        ) {
            let ring: Vec<usize> = ring.into_iter().collect();
            let closed = ring.iter().copied().zip(ring.iter().copied().cycle().skip(1));
            let all = dependencies(&[edges, closed.collect()].concat());
            let found = circle(&all).expect("there is one");
            for (name, next) in found.iter().zip(found.iter().cycle().skip(1)) {
                prop_assert!(all[name].contains_key(next), "{:?}", found);
            }
        }
    }
}
