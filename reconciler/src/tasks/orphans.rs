//! Orphans: what carries our label under a stack's name that no row asks for.
//!
//! What is going to be removed is written down first, for people to read. A
//! database that was restored from an old backup, or somebody else's, asks for
//! few of the stacks that are there: so a look after which more would go than a
//! share of all stacks removes nothing, and a person is asked.

use std::collections::BTreeMap;
use std::time::Duration;

use berth_domain::chain;
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::ids::StackName;
use berth_store::acts::{Actor, Kind, NewAct, record_led};
use berth_store::leases::Fence;
use berth_store::pruning::{self, Orphan};
use chrono::{DateTime, Utc};

use crate::acts;
use crate::engine::Engine;
use crate::error::PassError;
use crate::plan::{Prune, plan};
use crate::settings::Settings;

/// Orphans that were seen, and since when. Losing it only makes them wait for
/// their grace period once more.
#[derive(Debug, Default)]
pub struct Orphans {
    /// As whom they were seen: what another leader saw meanwhile is not known.
    led: Option<Fence>,
    since: BTreeMap<StackName, DateTime<Utc>>,
    /// What was told last of what goes, by name.
    told: BTreeMap<StackName, String>,
}

impl Orphans {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins anew where somebody else has led since.
    fn lead(&mut self, fence: Fence) {
        if self.led != Some(fence) {
            *self = Self { led: Some(fence), ..Self::default() };
        }
    }

    /// Takes what one complete look at the cluster found that nothing asks for,
    /// and says what will be removed, and when: once it has been there for `grace`.
    /// What was not seen this time starts anew: it was asked for again, or is gone.
    pub fn plan(
        &mut self,
        seen: &BTreeMap<StackName, ObservedStack>,
        now: DateTime<Utc>,
        grace: Duration,
    ) -> Vec<Orphan> {
        self.since.retain(|name, _| seen.contains_key(name));
        self.told.retain(|name, _| seen.contains_key(name));
        let there = seen.iter().map(|(name, stack)| (name, to_do(stack)));
        there
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(name, actions)| {
                let since = *self.since.entry(name.clone()).or_insert(now);
                Orphan {
                    stack: name.to_string(),
                    since,
                    due: since + grace,
                    actions: actions.iter().map(ToString::to_string).collect(),
                }
            })
            .collect()
    }

    /// Whether it is news that this goes of an orphan; remembers it. What Docker
    /// refuses time and again is told once.
    fn is_news(&mut self, name: &StackName, words: &str) -> bool {
        let before = self.told.insert(name.clone(), words.to_owned());
        before.as_deref() != Some(words)
    }
}

/// Whether so many of `all` stacks are too many to go with nobody being asked:
/// more than one, and more than `limit` percent.
#[must_use]
pub const fn are_too_many(due: usize, all: usize, limit: u8) -> bool {
    due > 1 && due.saturating_mul(100) > all.saturating_mul(limit as usize)
}

/// What is done about an orphan now.
///
/// Its volumes stay: nobody asked for them to go, and a database that was
/// restored from an older backup does not know its newest stacks.
fn to_do(seen: &ObservedStack) -> Vec<Action> {
    let plan = plan(&Desired::Absent, seen, &Prune::all());
    let actions = plan.actions().iter();
    actions.filter(|action| !matches!(action, Action::RemoveVolume { .. })).cloned().collect()
}

/// Writes down what will be removed of what is `left` of no stack that is wanted, if
/// that is news, and removes what is due, unless it is too much and nobody has let
/// it go.
pub(crate) async fn tend<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    orphans: &mut Orphans,
    (left, wanted): (&BTreeMap<StackName, ObservedStack>, usize),
) -> Result<(), PassError> {
    let Settings { orphan_grace, prune_limit, .. } = engine.settings;
    let now = engine.settings.clock.now();
    orphans.lead(fence);
    let plan = orphans.plan(left, now, orphan_grace);
    let due: Vec<&Orphan> = plan.iter().filter(|orphan| orphan.due <= now).collect();
    let all = wanted + plan.len();
    let held = are_too_many(due.len(), all, prune_limit);
    let stored = pruning::plan(&engine.pool).await?;
    if (&stored.orphans, stored.held) != (&plan, held) {
        pruning::put(&engine.pool, fence, &plan, held).await?;
    }
    let let_go = due.iter().all(|orphan| stored.approved.contains(&orphan.stack));
    if held && !let_go {
        if !stored.held {
            tracing::warn!(
                "nothing asks for {} of {all} stacks; they stay until a person lets them go",
                due.len()
            );
        }
        return Ok(());
    }
    let is_due = |name: &StackName| due.iter().any(|orphan| orphan.stack == name.as_str());
    for (name, stack) in left.iter().filter(|(name, _)| is_due(name)) {
        engine.check(fence)?;
        let words = acts::told(&to_do(stack));
        if orphans.is_news(name, &words) {
            let act = NewAct::new(Actor::Reconciler, Kind::OrphanRemoved, name.as_str());
            let told = record_led(&engine.pool, fence, act.saying(&words)).await;
            told.inspect_err(|_| drop(orphans.told.remove(name)))?;
        }
        if let Err(error) = prune(&*engine.cluster, name, stack).await {
            tracing::warn!(stack.name = %name, "could not prune `{name}`: {}", chain(&error));
        }
    }
    Ok(())
}

/// Removes what can be removed now of an orphan, and says what that was. The
/// next look goes on where this one had to wait.
///
/// # Errors
///
/// What the cluster says; what was done until then is done.
pub async fn prune<C: Cluster>(
    cluster: &C,
    name: &StackName,
    seen: &ObservedStack,
) -> Result<Vec<String>, ClusterError> {
    let mut done = Vec::new();
    for action in to_do(seen) {
        tracing::info!(stack.name = %name, "prunes: {action} of `{name}`, which nothing asks for");
        cluster.apply(name, &action).await?;
        done.push(action.to_string());
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use berth_domain::cluster::{Known, ObservedService, Version};
    use berth_domain::stack::{NetworkSpec, ServiceSpec};
    use proptest::prelude::*;

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

    /// The stacks that are due at `now`.
    fn due(orphans: &mut Orphans, sim: &BTreeMap<StackName, ObservedStack>, now: i64) -> usize {
        let plan = orphans.plan(sim, at(now), GRACE);
        plan.iter().filter(|orphan| orphan.due <= at(now)).count()
    }

    #[tokio::test]
    async fn an_orphan_is_due_after_its_grace_period_and_not_before() {
        let seen = cluster().await.observe_all(Known::default()).await.unwrap().collect();
        let mut orphans = Orphans::new();
        let due = [0, 59, 60, 61].map(|now| due(&mut orphans, &seen, now));
        assert_eq!(due, [0, 0, 1, 1]);
    }

    #[tokio::test]
    async fn what_will_be_removed_is_told_from_the_first_look_on() {
        let seen = cluster().await.observe_all(Known::default()).await.unwrap().collect();
        let plan = Orphans::new().plan(&seen, at(7), GRACE);
        let actions = vec!["- service web".to_owned()];
        let due = at(67);
        assert_eq!(plan, [Orphan { stack: "left".to_owned(), since: at(7), due, actions }]);
    }

    #[tokio::test]
    async fn what_was_asked_for_in_between_starts_anew() {
        let seen = cluster().await.observe_all(Known::default()).await.unwrap().collect();
        let mut orphans = Orphans::new();
        assert_eq!(due(&mut orphans, &seen, 0), 0);
        // At this look, a row asked for it.
        assert_eq!(due(&mut orphans, &BTreeMap::new(), 50), 0);
        assert_eq!(due(&mut orphans, &seen, 61), 0);
        assert_eq!(due(&mut orphans, &seen, 121), 1);
    }

    /// A stack with a service of ours.
    fn left() -> ObservedStack {
        let service = ObservedService {
            id: "s".to_owned(),
            version: Version(1),
            changed_at: at(0),
            ours: true,
            spec: None,
            previous: BTreeSet::new(),
            update: None,
            tasks: Vec::new(),
        };
        let services = BTreeMap::from([("web".to_owned(), service)]);
        ObservedStack { services, ..ObservedStack::default() }
    }

    proptest! {
        /// In words of the world: at each look, what is due was there and asked for
        /// by nobody at every look since one that is at least the grace period ago;
        /// and all that was so is due.
        #[test]
        fn due_is_what_nobody_asked_for_for_the_whole_grace_period(
            looks in prop::collection::vec((0..45_i64, prop::array::uniform4(any::<bool>())), 1..24)
        ) {
            let names = ["a", "b", "c", "d"];
            let mut orphans = Orphans::new();
            let mut now = 0;
            let mut history: Vec<(i64, [bool; 4])> = Vec::new();
            for (later, unasked) in looks {
                now += later;
                history.push((now, unasked));
                let seen = names.iter().zip(unasked).filter(|(_, unasked)| *unasked);
                let seen = seen.map(|(text, _)| (name(text), left())).collect();
                let plan = orphans.plan(&seen, at(now), GRACE);
                let due: Vec<&str> = plan
                    .iter()
                    .filter(|orphan| orphan.due <= at(now))
                    .map(|orphan| orphan.stack.as_str())
                    .collect();
                let long_unasked = |at: usize| {
                    let run = history.iter().rev().take_while(|(_, unasked)| unasked[at]);
                    run.last().is_some_and(|(since, _)| now - since >= 60)
                };
                let expected: Vec<&str> =
                    (0..4).filter(|at| long_unasked(*at)).map(|at| names[at]).collect();
                prop_assert_eq!(due, expected);
            }
        }
    }

    #[test]
    fn one_may_always_go_and_more_only_up_to_the_limit() {
        let told = [(0, 0), (1, 1), (2, 2), (2, 7), (2, 8), (25, 100), (26, 100)]
            .map(|(due, all)| are_too_many(due, all, 25));
        assert_eq!(told, [false, false, true, true, false, false, true]);
        assert!(are_too_many(2, 100, 0) && !are_too_many(100, 100, 100));
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
        // What stays is nothing that is going to be removed.
        let seen = sim.observe_all(Known::default()).await.unwrap().collect();
        assert!(Orphans::new().plan(&seen, at(0), GRACE).is_empty());
    }

    #[tokio::test]
    async fn what_is_not_ours_is_no_orphan() {
        let sim = cluster().await;
        sim.meddle(&name("left"), |stack| {
            stack.services.values_mut().for_each(|is| is.ours = false);
            stack.networks.values_mut().for_each(|is| is.ours = false);
        });
        let seen = sim.observe_all(Known::default()).await.unwrap().collect();
        assert!(Orphans::new().plan(&seen, at(100), GRACE).is_empty());
    }
}
