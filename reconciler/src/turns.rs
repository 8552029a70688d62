//! Whose turn it is to be deployed, where there are fewer places than deployments
//! that wait.
//!
//! Who waits is ordered by its priority, what stays before previews, then by how
//! long it has waited; each [`AGE`] of waiting lifts it by one priority, so that
//! nobody waits for ever. A limit holds back only whom it is about: previews have
//! at most half of the places, and a rule may say how many of its deployments may
//! go on at once. Memory only: a resync has everybody ask again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use berth_domain::ids::{RuleId, StackId};
use berth_domain::turn::Priority;
use tokio::time::Instant;

use crate::queue::Queue;

/// How long one waits to be lifted by a priority.
const AGE: Duration = Duration::from_secs(5 * 60);

/// How long one who was called has to come, before others go first.
const COMES: Duration = Duration::from_secs(15);

/// How many of `all` places previews may have.
pub(crate) const fn share(all: usize) -> usize {
    if all < 2 { 1 } else { all / 2 }
}

/// How many places there must be, so that one is left where previews have their
/// share.
pub(crate) const fn places(wanted: usize) -> usize {
    if wanted < 2 { 2 } else { wanted }
}

/// How many passes there may be at once where `all` of them may be deployments:
/// some are left for those that only look, heal, or ask for their turn.
pub(crate) const fn passes(all: usize) -> usize {
    all + 1 + all / 4
}

/// What a deployment is, to whom orders those that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// How it is ranked.
    pub(crate) priority: Priority,
    /// Whether it is of a preview.
    pub(crate) preview: bool,
    /// Its rule, and how many of that rule's deployments may go on at once.
    pub(crate) limit: Option<(RuleId, usize)>,
}

/// Why it is not a deployment's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Every place is taken, or kept for one that comes before it.
    Places,
    /// Previews have their share of the places.
    Previews,
    /// So many deployments of its rule go on, which is the most.
    Rule(usize),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Places => {
                f.write_str("other stacks are being deployed, and it has its turn after them")
            }
            Self::Previews => {
                f.write_str("other previews are being deployed, and it has its turn after them")
            }
            Self::Rule(1) => f.write_str(
                "its rule has one deployment at a time, and it has its turn after the one that goes on",
            ),
            Self::Rule(most) => write!(
                f,
                "its rule has {most} deployments at once at most, and it has its turn after them"
            ),
        }
    }
}

/// The places for deployments. Whoever finds none is put back into the queue once
/// it is its turn.
#[derive(Debug)]
pub(crate) struct Turns {
    places: usize,
    state: Mutex<State>,
    queue: Queue<StackId>,
}

#[derive(Debug, Default)]
struct State {
    running: BTreeMap<StackId, Claim>,
    waiting: BTreeMap<StackId, Waiter>,
}

#[derive(Debug, Clone, Copy)]
struct Waiter {
    claim: Claim,
    since: Instant,
    /// When it was put back into the queue, if it has not asked since.
    called: Option<Instant>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    stack: StackId,
    turns: &'a Turns,
}

impl Turns {
    /// So many places, all of them free.
    pub(crate) const fn new(places: usize, queue: Queue<StackId>) -> Self {
        let state = State { running: BTreeMap::new(), waiting: BTreeMap::new() };
        Self { places, state: Mutex::new(state), queue }
    }

    /// A place, or why there is none yet.
    pub(crate) fn take(&self, stack: StackId, claim: Claim) -> Result<Turn<'_>, Wait> {
        let now = Instant::now();
        let mut state = self.state();
        let waiter =
            state.waiting.entry(stack).or_insert(Waiter { claim, since: now, called: None });
        waiter.claim = claim;
        waiter.called = None;
        // Who does not come when called is not waited for.
        state.waiting.retain(|_, it| it.called.is_none_or(|at| now - at < COMES));
        let next = state.next(self.places, now);
        let granted = next.contains(&stack);
        if granted {
            state.waiting.remove(&stack);
            state.running.insert(stack, claim);
        }
        self.call(&mut state, now);
        if granted { Ok(Turn { stack, turns: self }) } else { Err(state.why(self.places, &claim)) }
    }

    /// A stack has nothing that waits for its turn.
    pub(crate) fn forget(&self, stack: StackId) {
        let mut state = self.state();
        if state.waiting.remove(&stack).is_some() {
            self.call(&mut state, Instant::now());
        }
    }

    /// Has those asked again whose turn it is; and, should one of them not come, the
    /// one after them a while later.
    fn call(&self, state: &mut State, now: Instant) {
        let next = state.next(self.places, now);
        let mut called = false;
        for stack in &next {
            let Some(waiter) = state.waiting.get_mut(stack) else { continue };
            if waiter.called.is_none() {
                waiter.called = Some(now);
                called = true;
                self.queue.put(*stack);
            }
        }
        if called && let Some(after) = state.in_order(now).into_iter().find(|it| !next.contains(it))
        {
            self.queue.put_after(after, COMES);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.running.remove(&self.stack);
        self.turns.call(&mut state, Instant::now());
    }
}

impl Waiter {
    /// The lower, the sooner.
    fn rank(&self, now: Instant) -> u64 {
        let base = 2 * self.claim.priority.rank() + u64::from(self.claim.preview);
        let lifted = 2 * (now.duration_since(self.since).as_secs() / AGE.as_secs());
        base.saturating_sub(lifted)
    }
}

impl State {
    /// Who waits, in the order of their turns.
    fn in_order(&self, now: Instant) -> Vec<StackId> {
        let mut order: Vec<_> =
            self.waiting.iter().map(|(id, it)| (it.rank(now), it.since, *id)).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, _, id)| id).collect()
    }

    /// Whose turn it is now.
    fn next(&self, places: usize, now: Instant) -> Vec<StackId> {
        let mut taken: Vec<Claim> = self.running.values().copied().collect();
        let mut next = Vec::new();
        for id in self.in_order(now) {
            if taken.len() >= places {
                break;
            }
            let Some(waiter) = self.waiting.get(&id) else { continue };
            if fits(&taken, places, &waiter.claim).is_ok() {
                taken.push(waiter.claim);
                next.push(id);
            }
        }
        next
    }

    fn why(&self, places: usize, claim: &Claim) -> Wait {
        let taken: Vec<Claim> = self.running.values().copied().collect();
        fits(&taken, places, claim).err().unwrap_or(Wait::Places)
    }
}

/// Whether there is a place for `claim` beside those that have one.
fn fits(taken: &[Claim], places: usize, claim: &Claim) -> Result<(), Wait> {
    if let Some((rule, most)) = claim.limit {
        let of_rule = |it: &&Claim| it.limit.is_some_and(|(other, _)| other == rule);
        if taken.iter().filter(of_rule).count() >= most {
            return Err(Wait::Rule(most));
        }
    }
    if claim.preview && taken.iter().filter(|it| it.preview).count() >= share(places) {
        return Err(Wait::Previews);
    }
    if taken.len() >= places { Err(Wait::Places) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
