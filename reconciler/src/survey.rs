//! One look at every stack at once: a fixed number of calls to the cluster, and
//! then nothing but comparing.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use berth_domain::cluster::{Cluster, ClusterError, Desired, Everything, ObservedStack};
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

/// What was seen of a stack. What is there is not kept: of thousands, it would be
/// most of what Berth holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The ids of the services that are there.
    pub services: Vec<String>,
    /// What there is to do.
    pub plan: Plan,
    /// What to show.
    pub report: Report,
}

/// A look at every stack that was asked for, one after another and in no order
/// that means anything, and at what else of ours is on the cluster.
pub struct Survey<'a> {
    there: Everything,
    /// What is still to be seen.
    wanted: BTreeMap<&'a StackName, (usize, &'a Wanted)>,
    /// What carries our label under names that were not asked for; complete once
    /// every stack has been seen.
    orphans: BTreeMap<StackName, ObservedStack>,
    router: &'a Url,
    now: DateTime<Utc>,
}

impl fmt::Debug for Survey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, orphans, .. } = self;
        let names: Vec<_> = wanted.keys().collect();
        f.debug_struct("Survey").field("wanted", &names).field("orphans", orphans).finish()
    }
}

impl Survey<'_> {
    /// What nothing asks for, when every stack has been seen.
    #[must_use]
    pub fn into_orphans(mut self) -> BTreeMap<StackName, ObservedStack> {
        self.by_ref().for_each(drop);
        self.orphans
    }
}

impl Iterator for Survey<'_> {
    /// The place of a stack among those that were asked for, and what was seen of it.
    type Item = (usize, Seen);

    fn next(&mut self) -> Option<Self::Item> {
        for (name, observed) in self.there.by_ref() {
            if let Some((place, wanted)) = self.wanted.remove(&name) {
                let desired = wanted.desired.as_deref();
                return Some((place, look(desired, &observed, self.router, self.now)));
            }
            self.orphans.insert(name, observed);
        }
        // Nothing is there of the rest.
        let (_, (place, wanted)) = self.wanted.pop_first()?;
        let nothing = ObservedStack::default();
        Some((place, look(wanted.desired.as_deref(), &nothing, self.router, self.now)))
    }
}

/// Looks at every stack at `now`. Nothing is changed.
///
/// # Errors
///
/// What the cluster says.
pub async fn survey<'a, C: Cluster>(
    cluster: &C,
    stacks: &'a [Wanted],
    router: &'a Url,
    now: DateTime<Utc>,
) -> Result<Survey<'a>, ClusterError> {
    let known = stacks.iter().filter_map(|it| Some((it.name.clone(), it.desired.clone()?)));
    let there = cluster.observe_all(known.collect()).await?;
    let wanted = stacks.iter().enumerate().map(|(place, it)| (&it.name, (place, it))).collect();
    Ok(Survey { there, wanted, orphans: BTreeMap::new(), router, now })
}

/// What there is to do about one stack, and what to show of it.
#[must_use]
pub fn look(
    desired: Option<&Desired>,
    observed: &ObservedStack,
    router: &Url,
    now: DateTime<Utc>,
) -> Seen {
    let plan = desired.map_or_else(Plan::default, |it| plan(it, observed, &Prune::all()));
    let report = report(desired, observed, &plan, router, now);
    let services = observed.services.values().map(|is| is.id.clone()).collect();
    Seen { services, plan, report }
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
                let image = format!("{service}:1");
                let wanted = ServiceSpec { image, ..ServiceSpec::default() };
                let spec_of = Box::new(wanted.clone());
                let create = Action::CreateService { name: service.to_owned(), spec: spec_of };
                sim.apply(&name, &create).await.unwrap();
                spec.services.insert(service.to_owned(), wanted.into());
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

        let mut survey = survey(&sim, &stacks, &router, DateTime::UNIX_EPOCH).await.unwrap();
        let seen: BTreeMap<usize, Seen> = survey.by_ref().collect();

        assert_eq!((sim.calls().observe_all, sim.calls().observe), (1, 0));
        assert!(seen.keys().copied().eq(0..39), "each is seen once");
        assert!(seen.values().all(|it| it.plan.is_synced()));
        assert!(seen.values().all(|it| it.report.health == Health::Healthy));
        assert!(survey.into_orphans().keys().eq([&removed.name]));
    }

    #[tokio::test]
    async fn a_stack_of_which_nothing_is_there_is_seen_too() {
        let router = Url::parse("http://localhost").unwrap();
        let sim = Sim::new(Clock::stopped(DateTime::UNIX_EPOCH));
        let there = stacks(&sim, 2).await;
        let missing = StackName::parse("missing").unwrap();
        let missing = Wanted { name: missing, ..there.first().unwrap().clone() };
        let all = [missing, there.first().unwrap().clone()];

        let survey = survey(&sim, &all, &router, DateTime::UNIX_EPOCH).await.unwrap();

        let seen: BTreeMap<usize, Seen> = survey.collect();
        assert_eq!(seen.len(), 2);
        assert_eq!((seen[&0].services.len(), seen[&0].plan.actions().len()), (0, 5));
        assert_eq!((seen[&1].services.len(), seen[&1].plan.is_synced()), (5, true));
    }

    #[tokio::test]
    async fn a_stack_that_nobody_has_described_is_left_alone_and_shown() {
        let router = Url::parse("http://localhost").unwrap();
        let sim = Sim::new(Clock::stopped(DateTime::UNIX_EPOCH));
        let mut stacks = stacks(&sim, 1).await;
        stacks.iter_mut().for_each(|it| it.desired = None);

        let mut survey = survey(&sim, &stacks, &router, DateTime::UNIX_EPOCH).await.unwrap();

        let (_, only) = survey.next().unwrap();
        assert!(only.plan.is_synced());
        assert_eq!(only.report.services.len(), 5);
        assert!(only.report.services.iter().all(|it| it.code.is_empty()));
    }
}
