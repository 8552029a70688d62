//! One look at every stack at once: a fixed number of calls to the cluster, and
//! then nothing but comparing.

use std::collections::BTreeMap;
use std::sync::Arc;

use berth_domain::cluster::{Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::ids::StackName;
use chrono::{DateTime, Utc};
use url::Url;

use crate::plan::{Plan, Prune, plan};
use crate::report::{Report, report};

/// A stack, and what it should be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub name: StackName,
    /// What it should be; [`None`] where nobody has said so yet. Shared: a
    /// release is decoded once and compared many times.
    pub desired: Option<Arc<Desired>>,
}

/// What was seen of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is there.
    pub observed: ObservedStack,
    /// What there is to do.
    pub plan: Plan,
    /// What to show.
    pub report: Report,
}

/// Every stack that was asked for, in the same order, and what else of ours is
/// on the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {
    /// What was seen of each stack.
    pub stacks: Vec<Seen>,
    /// What carries our label under names that were not asked for.
    pub orphans: BTreeMap<StackName, ObservedStack>,
}

/// Looks at every stack at `now`. Nothing is changed.
///
/// # Errors
///
/// What the cluster says.
pub async fn survey<C: Cluster>(
    cluster: &C,
    stacks: &[Wanted],
    router: &Url,
    now: DateTime<Utc>,
) -> Result<Survey, ClusterError> {
    let mut all = cluster.observe_all().await?;
    let stacks = stacks
        .iter()
        .map(|wanted| {
            let observed = all.remove(&wanted.name).unwrap_or_default();
            look(wanted.desired.as_deref(), observed, router, now)
        })
        .collect();
    Ok(Survey { stacks, orphans: all })
}

/// What there is to do about one stack, and what to show of it.
#[must_use]
pub fn look(
    desired: Option<&Desired>,
    observed: ObservedStack,
    router: &Url,
    now: DateTime<Utc>,
) -> Seen {
    let plan = desired.map_or_else(Plan::default, |it| plan(it, &observed, &Prune::all()));
    let report = report(desired, &observed, &plan, router, now);
    Seen { observed, plan, report }
}

#[cfg(test)]
mod tests {
    use berth_domain::cluster::Action;
    use berth_domain::health::Health;
    use berth_domain::stack::{ServiceSpec, StackSpec};

    use super::*;
    use crate::clock::Clock;
    use crate::sim::Sim;

    async fn stacks(sim: &Sim, many: usize) -> Vec<Wanted> {
        let mut stacks = Vec::new();
        for number in 0..many {
            let name = StackName::parse(&format!("stack-{number}")).unwrap();
            let mut spec = StackSpec::default();
            for service in ["api", "db", "mail", "web", "worker"] {
                let wanted =
                    ServiceSpec { image: format!("{service}:1"), ..ServiceSpec::default() };
                let spec_of = Box::new(wanted.clone());
                let create = Action::CreateService { name: service.to_owned(), spec: spec_of };
                sim.apply(&name, &create).await.unwrap();
                spec.services.insert(service.to_owned(), wanted);
            }
            let desired = Some(Arc::new(Desired::Present(Box::new(spec))));
            stacks.push(Wanted { name, desired });
        }
        stacks
    }

    #[tokio::test]
    async fn a_look_at_all_stacks_takes_one_look_at_the_cluster() {
        let router = Url::parse("http://localhost").unwrap();
        let sim = Sim::new(Clock::stopped(DateTime::UNIX_EPOCH));
        let mut stacks = stacks(&sim, 40).await;
        let removed = stacks.pop().unwrap();

        let seen = survey(&sim, &stacks, &router, DateTime::UNIX_EPOCH).await.unwrap();

        assert_eq!((sim.calls().observe_all, sim.calls().observe), (1, 0));
        assert!(seen.stacks.iter().all(|it| it.plan.is_synced()));
        assert!(seen.stacks.iter().all(|it| it.report.health == Health::Healthy));
        assert_eq!(seen.orphans.keys().collect::<Vec<_>>(), [&removed.name]);
    }

    #[tokio::test]
    async fn a_stack_that_nobody_has_described_is_left_alone_and_shown() {
        let router = Url::parse("http://localhost").unwrap();
        let sim = Sim::new(Clock::stopped(DateTime::UNIX_EPOCH));
        let mut stacks = stacks(&sim, 1).await;
        stacks.iter_mut().for_each(|it| it.desired = None);

        let seen = survey(&sim, &stacks, &router, DateTime::UNIX_EPOCH).await.unwrap();

        let only = seen.stacks.first().unwrap();
        assert!(only.plan.is_synced());
        assert_eq!(only.report.services.len(), 5);
        assert!(only.report.services.iter().all(|it| it.code.is_empty()));
    }
}
