//! Orphans: what carries our label under a stack's name that no row asks for.

use std::collections::BTreeMap;
use std::time::Duration;

use berth_domain::cluster::{Action, Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::ids::StackName;
use chrono::{DateTime, Utc};

use crate::plan::{Prune, is_gone, plan};

/// Orphans that were seen, and since when. Losing it only makes them wait for
/// their grace period once more.
#[derive(Debug, Default)]
pub struct Orphans {
    since: BTreeMap<StackName, DateTime<Utc>>,
}

impl Orphans {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what one complete look at the cluster found that nothing asks for,
    /// and says which of it has been there for `grace`. What was not seen this
    /// time starts anew: it was asked for again, or is gone.
    pub fn due<'a>(
        &mut self,
        seen: &'a BTreeMap<StackName, ObservedStack>,
        now: DateTime<Utc>,
        grace: Duration,
    ) -> Vec<(&'a StackName, &'a ObservedStack)> {
        self.since.retain(|name, _| seen.contains_key(name));
        seen.iter()
            .filter(|(_, stack)| !is_gone(stack))
            .filter(|(name, _)| {
                let since = *self.since.entry((*name).clone()).or_insert(now);
                now.signed_duration_since(since).to_std().is_ok_and(|age| age >= grace)
            })
            .collect()
    }
}

/// Removes what can be removed now of an orphan, and says what that was. The
/// next look goes on where this one had to wait.
///
/// Its volumes stay: nobody asked for them to go, and a database that was
/// restored from an older backup does not know its newest stacks.
///
/// # Errors
///
/// What the cluster says; what was done until then is done.
pub async fn prune<C: Cluster>(
    cluster: &C,
    name: &StackName,
    seen: &ObservedStack,
) -> Result<Vec<String>, ClusterError> {
    let plan = plan(&Desired::Absent, seen, &Prune::all());
    let mut done = Vec::new();
    let actions = plan.actions().iter();
    for action in actions.filter(|action| !matches!(action, Action::RemoveVolume { .. })) {
        tracing::info!(stack.name = %name, "prunes: {action} of `{name}`, which nothing asks for");
        cluster.apply(name, action).await?;
        done.push(action.to_string());
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use berth_domain::stack::{NetworkSpec, ServiceSpec};

    use super::*;
    use crate::clock::Clock;
    use crate::sim::Sim;

    const GRACE: Duration = Duration::from_secs(60);

    fn name(text: &str) -> StackName {
        StackName::parse(text).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// A cluster with a service and a network that nothing asks for.
    async fn cluster() -> Sim {
        let sim = Sim::new(Clock::stopped(at(0)));
        let network = "left_default".to_owned();
        let actions = [
            Action::CreateNetwork { name: network, spec: NetworkSpec::default() },
            Action::CreateService {
                name: "web".to_owned(),
                spec: Box::new(ServiceSpec::default()),
            },
        ];
        for action in actions {
            sim.apply(&name("left"), &action).await.unwrap();
        }
        sim
    }

    #[tokio::test]
    async fn an_orphan_is_pruned_after_its_grace_period_and_not_before() {
        let sim = cluster().await;
        let mut orphans = Orphans::new();
        let seen = sim.observe_all().await.unwrap();
        assert!(orphans.due(&seen, at(0), GRACE).is_empty());
        assert!(orphans.due(&seen, at(59), GRACE).is_empty());

        for now in 60..63 {
            let seen = sim.observe_all().await.unwrap();
            for (name, stack) in orphans.due(&seen, at(now), GRACE) {
                prune(&sim, name, stack).await.unwrap();
            }
        }
        assert!(is_gone(&sim.peek(&name("left"))));
    }

    #[tokio::test]
    async fn what_was_asked_for_in_between_starts_anew() {
        let sim = cluster().await;
        let mut orphans = Orphans::new();
        let seen = sim.observe_all().await.unwrap();
        assert!(orphans.due(&seen, at(0), GRACE).is_empty());
        // At this look, a row asked for it.
        assert!(orphans.due(&BTreeMap::new(), at(50), GRACE).is_empty());
        assert!(orphans.due(&seen, at(61), GRACE).is_empty());
        assert_eq!(orphans.due(&seen, at(121), GRACE).len(), 1);
    }

    #[tokio::test]
    async fn the_volumes_of_an_orphan_stay() {
        let sim = cluster().await;
        sim.meddle(&name("left"), |stack| stack.volumes = vec!["left_data".to_owned()]);
        for _ in 0..3 {
            let seen = sim.observe(&name("left")).await.unwrap();
            prune(&sim, &name("left"), &seen).await.unwrap();
        }
        let left = sim.peek(&name("left"));
        assert!(left.services.is_empty() && left.networks.is_empty(), "{left:?}");
        assert_eq!(left.volumes, ["left_data"]);
    }

    #[tokio::test]
    async fn what_is_not_ours_is_no_orphan() {
        let sim = cluster().await;
        sim.meddle(&name("left"), |stack| {
            stack.services.values_mut().for_each(|is| is.ours = false);
            stack.networks.values_mut().for_each(|is| is.ours = false);
        });
        let seen = sim.observe_all().await.unwrap();
        let mut orphans = Orphans::new();
        assert!(orphans.due(&seen, at(0), GRACE).is_empty());
        assert!(orphans.due(&seen, at(100), GRACE).is_empty());
    }
}
