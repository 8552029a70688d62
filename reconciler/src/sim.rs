//! A cluster and a builder in memory, with seeded faults: for tests, and for
//! measuring what a pass costs without Docker.

mod builder;
mod nodes;
mod output;
mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::mpsc;

use berth_domain::cluster::output::{Source, Wrote};
use berth_domain::cluster::{
    Action, Cluster, ClusterError, Everything, Known, ObservedService, ObservedStack, Version,
};
use berth_domain::facts::{Availability, ClusterFacts, NodeFacts};
use berth_domain::ids::StackName;
use berth_domain::registry::{Answer, Found, Origin};

pub use self::builder::SimBuilder;
use self::output::Outputs;
pub use self::output::SimFeed;
use self::world::{Counter, World};
use crate::clock::Clock;

/// What the tasks of an image do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// They run, once they were observed so many times.
    Runs {
        /// How many times.
        after: u32,
    },
    /// They run at once, having written this.
    Writes {
        /// Its lines.
        log: Vec<String>,
    },
    /// They start and their check never passes.
    NeverHealthy,
    /// No node takes them.
    Unschedulable,
    /// They end as soon as they start, every time.
    Crashes {
        /// With this exit code.
        exit_code: i64,
        /// Having written this.
        log: Vec<String>,
    },
}

impl Behaviour {
    /// What an image does that nothing was said of.
    const DEFAULT: Self = Self::Runs { after: 1 };
}

/// A fault to be had by one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The call is not carried out.
    Unavailable,
    /// The call is carried out, and its answer is lost: what a crash between two
    /// actions looks like to whoever comes after.
    AnswerLost,
    /// Somebody else changed the service first.
    Stale,
}

/// How often each call was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// [`Cluster::observe`].
    pub observe: u64,
    /// [`Cluster::observe_services`].
    pub observe_services: u64,
    /// [`Cluster::observe_all`].
    pub observe_all: u64,
    /// [`Cluster::apply`], as far as it was carried out.
    pub apply: u64,
    /// [`Cluster::set_availability`], likewise.
    pub set_availability: u64,
}

/// A cluster in memory.
#[derive(Debug)]
pub struct Sim {
    clock: Clock,
    outputs: Arc<Outputs>,
    state: Mutex<State>,
    woken: tokio::sync::Mutex<mpsc::UnboundedReceiver<Option<StackName>>>,
    wake: mpsc::UnboundedSender<Option<StackName>>,
}

#[derive(Debug)]
struct State {
    stacks: BTreeMap<StackName, World>,
    counter: Counter,
    behaviours: BTreeMap<String, Behaviour>,
    faults: VecDeque<Fault>,
    refused: Option<(String, u32)>,
    /// What registries have: digests by image.
    digests: BTreeMap<String, String>,
    registries_away: bool,
    asked: u64,
    random: Option<(StdRng, f64)>,
    away: bool,
    tasks_leave: bool,
    step: Duration,
    calls: Calls,
    applied: Vec<(StackName, String)>,
    facts: ClusterFacts,
}

impl Sim {
    /// An empty cluster.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let (wake, woken) = mpsc::unbounded_channel();
        let state = State {
            stacks: BTreeMap::new(),
            counter: Counter::default(),
            behaviours: BTreeMap::new(),
            faults: VecDeque::new(),
            refused: None,
            digests: BTreeMap::new(),
            registries_away: false,
            asked: 0,
            random: None,
            away: false,
            tasks_leave: true,
            step: Duration::ZERO,
            calls: Calls::default(),
            applied: Vec::new(),
            facts: ClusterFacts::default(),
        };
        Self {
            clock,
            outputs: Arc::default(),
            state: Mutex::new(state),
            woken: tokio::sync::Mutex::new(woken),
            wake,
        }
    }

    /// Says what the tasks of `image` do from now on.
    pub fn behave(&self, image: &str, behaviour: Behaviour) {
        self.state().behaviours.insert(image.to_owned(), behaviour);
    }

    /// Has the next calls of [`Cluster::apply`] fail like this, one after another.
    pub fn fail_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// Has each call of [`Cluster::apply`] fail with a probability of `share`, the
    /// same way for the same `seed`.
    pub fn fail_at_random(&self, seed: u64, share: f64) {
        self.state().random = Some((StdRng::seed_from_u64(seed), share));
    }

    /// Has the next `times` actions whose line starts like this refused for good.
    pub fn refuse(&self, start: &str, times: u32) {
        self.state().refused = Some((start.to_owned(), times));
    }

    /// Has the registry of `image` have it, with this digest from now on. What no
    /// registry has is an image that was made on the node.
    pub fn publish(&self, image: &str, digest: &str) {
        self.state().digests.insert(image.to_owned(), digest.to_owned());
    }

    /// Takes all registries away, or brings them back.
    pub fn set_registries_away(&self, away: bool) {
        self.state().registries_away = away;
    }

    /// How often registries were asked.
    #[must_use]
    pub fn asked_registries(&self) -> u64 {
        self.state().asked
    }

    /// Takes the whole cluster away, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.state().away = away;
        self.outputs.cut();
    }

    /// Has a service of a stack write a line.
    pub fn write(&self, stack: &StackName, service: &str, line: Wrote) {
        let state = self.state();
        let seen = state.stacks.get(stack).map(|world| &world.seen);
        if let Some(is) = seen.and_then(|seen| seen.services.get(service)) {
            self.outputs.write(&is.id, line);
        }
    }

    /// Cuts every stream of output, as an engine does that starts anew.
    pub fn cut_output(&self) {
        self.outputs.cut();
    }

    /// Whether tasks of removed services are gone by the next observation (they
    /// are by default), or stay until this is called again.
    pub fn set_tasks_leave(&self, leave: bool) {
        self.state().tasks_leave = leave;
    }

    /// Has each look at a stack take so long by the cluster's clock, if that is a
    /// stopped one.
    pub fn set_step(&self, step: Duration) {
        self.state().step = step;
    }

    /// Says what the cluster has. Without that, nothing is known of it, except
    /// that networks, configs and secrets are not there that no stack made.
    pub fn set_facts(&self, facts: ClusterFacts) {
        self.state().facts = facts;
        // As of Docker's events about nodes: it may concern any stack.
        drop(self.wake.send(None));
    }

    /// How often each call was made.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.state().calls
    }

    /// Every action that was carried out, as its line.
    #[must_use]
    pub fn applied(&self) -> Vec<(StackName, String)> {
        self.state().applied.clone()
    }

    /// What is there now, with no time passing.
    #[must_use]
    pub fn peek(&self, stack: &StackName) -> ObservedStack {
        self.state().stacks.get(stack).map(World::observed).unwrap_or_default()
    }

    /// Changes a stack behind everybody's back.
    pub fn meddle(&self, stack: &StackName, change: impl FnOnce(&mut ObservedStack)) {
        self.meddle_unheard(stack, change);
        self.hint(stack);
    }

    /// The same, where nothing tells of it: as of a container on another node.
    pub fn meddle_unheard(&self, stack: &StackName, change: impl FnOnce(&mut ObservedStack)) {
        change(self.state().stacks.entry(stack.clone()).or_default().seen_mut());
    }

    fn add_image(&self, stack: &StackName, tag: &str) -> bool {
        let mut state = self.state();
        let images = &mut state.stacks.entry(stack.clone()).or_default().seen_mut().images;
        let there = images.iter().any(|image| image == tag);
        if !there {
            images.push(tag.to_owned());
        }
        there
    }

    fn hint(&self, stack: &StackName) {
        // Nobody listens once the receiver, which is ours, is gone.
        drop(self.wake.send(Some(stack.clone())));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_now(&self, stack: &StackName, action: &Action) -> Result<(), ClusterError> {
        let now = self.clock.now();
        let mut state = self.state();
        state.check()?;
        state.check_refused(action)?;
        let fault = state.next_fault();
        match fault {
            Some(Fault::Unavailable) => return Err(unavailable("the call was lost")),
            Some(Fault::Stale) => {
                return Err(ClusterError::Stale { what: "the service".to_owned() });
            }
            Some(Fault::AnswerLost) | None => {}
        }
        let State { stacks, counter, .. } = &mut *state;
        stacks.entry(stack.clone()).or_default().carry_out(stack, action, counter, now)?;
        state.calls.apply += 1;
        state.applied.push((stack.clone(), action.to_string()));
        drop(state);
        self.hint(stack);
        match fault {
            Some(_) => Err(unavailable("the answer was lost")),
            None => Ok(()),
        }
    }
}

impl State {
    fn check(&self) -> Result<(), ClusterError> {
        if self.away { Err(unavailable("it is away")) } else { Ok(()) }
    }

    fn check_refused(&mut self, action: &Action) -> Result<(), ClusterError> {
        let what = action.to_string();
        match &mut self.refused {
            Some((start, times)) if *times > 0 && what.starts_with(start.as_str()) => {
                *times -= 1;
                Err(ClusterError::Rejected { what, message: "it is still being used".to_owned() })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn next_fault(&mut self) -> Option<Fault> {
        if let Some(fault) = self.faults.pop_front() {
            return Some(fault);
        }
        let (rng, share) = self.random.as_mut()?;
        let kinds = [Fault::Unavailable, Fault::AnswerLost, Fault::Stale];
        let kind = kinds.get(rng.random_range(0..kinds.len())).copied();
        kind.filter(|_| rng.random_bool(*share))
    }

    fn observe(&mut self, stack: &StackName, now: DateTime<Utc>) -> ObservedStack {
        let Self { stacks, counter, behaviours, tasks_leave, .. } = self;
        stacks.get_mut(stack).map_or_else(ObservedStack::default, |world| {
            world.pass_time(behaviours, *tasks_leave, counter, now);
            world.observed()
        })
    }
}

impl Cluster for Sim {
    type Feed = SimFeed;

    async fn observe(&self, stack: &StackName) -> Result<ObservedStack, ClusterError> {
        let mut state = self.state();
        state.check()?;
        self.clock.advance(state.step);
        let now = self.clock.now();
        state.calls.observe += 1;
        Ok(state.observe(stack, now))
    }

    async fn observe_services(
        &self,
        stack: &StackName,
    ) -> Result<BTreeMap<String, ObservedService>, ClusterError> {
        let mut state = self.state();
        state.check()?;
        self.clock.advance(state.step);
        let now = self.clock.now();
        state.calls.observe_services += 1;
        Ok(state.observe(stack, now).services)
    }

    async fn observe_all(&self, known: Known) -> Result<Everything, ClusterError> {
        let now = self.clock.now();
        let mut state = self.state();
        state.check()?;
        state.calls.observe_all += 1;
        let State { stacks, counter, behaviours, tasks_leave, .. } = &mut *state;
        let nothing = ObservedStack::default();
        let mut seen = Vec::with_capacity(stacks.len());
        for (name, world) in stacks.iter_mut() {
            world.pass_time(behaviours, *tasks_leave, counter, now);
            if *world.seen != nothing {
                seen.push((name.clone(), Arc::clone(&world.seen)));
            }
        }
        Ok(Box::new(seen.into_iter().map(move |(name, seen)| world::read(name, &seen, &known))))
    }

    async fn facts(&self, _images: &BTreeSet<String>) -> Result<ClusterFacts, ClusterError> {
        let state = self.state();
        state.check()?;
        Ok(state.facts.clone())
    }

    async fn nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        let state = self.state();
        state.check()?;
        Ok(state.facts.nodes.clone())
    }

    async fn set_availability(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        // As of `apply`.
        tokio::task::yield_now().await;
        self.state().set_availability(node, wanted, from)?;
        drop(self.wake.send(None));
        Ok(())
    }

    async fn apply(&self, stack: &StackName, action: &Action) -> Result<(), ClusterError> {
        // Docker takes a moment, in which the caller may be gone.
        tokio::task::yield_now().await;
        self.apply_now(stack, action)
    }

    async fn ask_registry(&self, image: &str) -> Result<Answer, ClusterError> {
        let mut state = self.state();
        state.check()?;
        state.asked += 1;
        if state.registries_away {
            return Ok(Answer::Unreachable { message: "connection refused".to_owned() });
        }
        Ok(state.digests.get(image).map_or(Answer::NotFound, |digest| {
            Answer::Found(Found { digest: digest.clone(), platforms: Vec::new() })
        }))
    }

    async fn local_image(&self, image: &str) -> Result<Option<Origin>, ClusterError> {
        let state = self.state();
        state.check()?;
        let published = state.digests.contains_key(image);
        Ok(Some(if published { Origin::Registry } else { Origin::Made }))
    }

    async fn task_log(&self, task: &str, lines: u32) -> Result<Vec<String>, ClusterError> {
        let state = self.state();
        state.check()?;
        let services = state.stacks.values().flat_map(|world| world.seen.services.values());
        let log = services
            .filter(|service| service.tasks.iter().any(|is| is.id == task))
            .find_map(|service| state.log_of(service))
            .unwrap_or_default();
        let skip = log.len().saturating_sub(lines as usize);
        Ok(log.into_iter().skip(skip).collect())
    }

    async fn sources(&self) -> Result<Vec<Source>, ClusterError> {
        let state = self.state();
        state.check()?;
        let services = state.stacks.iter().flat_map(|(stack, world)| {
            world.seen.services.iter().filter(|(_, is)| is.ours).map(|(name, is)| Source {
                id: is.id.clone(),
                stack: stack.clone(),
                service: name.clone(),
            })
        });
        Ok(services.collect())
    }

    async fn follow(
        &self,
        source: &Source,
        since: Option<DateTime<Utc>>,
    ) -> Result<SimFeed, ClusterError> {
        self.state().check()?;
        Ok(self.outputs.follow(&source.id, since))
    }

    async fn changed(&self) -> Option<StackName> {
        self.woken.lock().await.recv().await.flatten()
    }
}

impl State {
    fn log_of(&self, service: &ObservedService) -> Option<Vec<String>> {
        // A service that was rolled back shows its former image, so any crash will do.
        let own = service.spec.as_ref().and_then(|spec| self.behaviours.get(&spec.image));
        own.into_iter().chain(self.behaviours.values()).find_map(|behaviour| match behaviour {
            Behaviour::Crashes { log, .. } | Behaviour::Writes { log } => Some(log.clone()),
            Behaviour::Runs { .. } | Behaviour::NeverHealthy | Behaviour::Unschedulable => None,
        })
    }
}

fn unavailable(message: &str) -> ClusterError {
    ClusterError::Unavailable { message: message.to_owned() }
}

/// Does what `action` says to a stack that nobody else touches.
///
/// # Errors
///
/// As Docker would refuse it.
pub fn carry_out(
    stack: &StackName,
    seen: &ObservedStack,
    actions: &[Action],
) -> Result<ObservedStack, ClusterError> {
    let versions = seen.services.values().map(|is| is.version.0).max().unwrap_or(0);
    let mut counter = Counter::after(versions);
    let mut world = World::of(seen.clone());
    for action in actions {
        world.carry_out(stack, action, &mut counter, DateTime::UNIX_EPOCH)?;
    }
    Ok(world.observed())
}
