//! When to stop putting something back: where something else changes it each
//! time, it is told, not fought for ever. Pure.
//!
//! What is counted is each heal of the same difference: the same field of the
//! same object, whatever its value, since two that scale a service seldom agree on
//! a number. It is forgotten once there was peace for a while.

use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::cluster::Action;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::drift::{Difference, Kind};

/// How often the same difference is put back before that is called a fight.
pub const LIMIT: u32 = 5;

/// How long there must be peace for a bout to be forgotten.
const PEACE: Duration = Duration::from_secs(600);

/// How long to wait between two heals, by how many there were.
const BETWEEN: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };

/// How long it is left alone after too many, by how often that was.
const TRUCE: Backoff =
    Backoff { first: Duration::from_secs(600), most: Duration::from_secs(6 * 3600) };

/// How often the same difference was put back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Bout {
    kind: Kind,
    name: String,
    field: String,
    /// How often.
    pub heals: u32,
    /// The first time.
    pub first: DateTime<Utc>,
    /// The last time.
    pub last: DateTime<Utc>,
}

impl Bout {
    fn is_about(&self, it: &Difference) -> bool {
        self.kind == it.kind && self.name == it.name && self.field == it.field
    }

    fn wait(&self) -> Duration {
        if self.heals < LIMIT {
            BETWEEN.bound(self.heals)
        } else {
            TRUCE.bound(self.heals - LIMIT + 1)
        }
    }

    /// Until when it is left alone.
    fn until(&self) -> DateTime<Utc> {
        self.last + delta(self.wait())
    }

    fn is_over(&self, now: DateTime<Utc>) -> bool {
        now >= self.last + delta(self.wait().max(PEACE / 2) * 2)
    }

    fn sentence(&self) -> String {
        let Self { kind, name, heals, first, last, .. } = self;
        let minutes = last.signed_duration_since(*first).num_seconds().div_euclid(60) + 1;
        let minutes =
            if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
        format!(
            "something else changes {} `{name}` each time: healed {heals} times in {minutes}, left alone until {} or the next deployment",
            kind.as_str(),
            self.until().format("%Y-%m-%d %H:%M UTC"),
        )
    }
}

/// What of a plan is carried out now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Held {
    /// These actions, in order.
    pub actions: Vec<Action>,
    /// When to look again at what is not, if anything is.
    pub until: Option<DateTime<Utc>>,
    /// What is fought over, a sentence an object.
    pub sentences: Vec<String>,
}

/// The actions that are carried out at `now`, given what was put back before.
#[must_use]
pub fn hold(
    actions: &[Action],
    differences: &[Difference],
    bouts: &[Bout],
    now: DateTime<Utc>,
) -> Held {
    let waits = |it: &Difference| {
        bouts.iter().find(|bout| bout.is_about(it) && !bout.is_over(now) && now < bout.until())
    };
    let mut held = Held::default();
    for action in actions {
        let own: Vec<&Difference> = differences.iter().filter(|it| is_for(action, it)).collect();
        // What nobody fought over yet is put back, and the rest of it with that.
        let bouts: Option<Vec<&Bout>> = own.iter().map(|it| waits(it)).collect();
        match bouts.filter(|bouts| !bouts.is_empty()) {
            None => held.actions.push(action.clone()),
            Some(bouts) => {
                let until = bouts.iter().map(|bout| bout.until()).min();
                held.until = held.until.into_iter().chain(until).min();
                if let Some(worst) = bouts.into_iter().max_by_key(|bout| bout.heals)
                    && worst.heals >= LIMIT
                    && !held.sentences.contains(&worst.sentence())
                {
                    held.sentences.push(worst.sentence());
                }
            }
        }
    }
    // To replace a network, services go first: all of that, or nothing.
    let network = |it: &Difference| it.kind == Kind::Network && waits(it).is_some();
    if differences.iter().any(network) {
        held.actions.clear();
    }
    held
}

/// Counts that `actions` were carried out, and forgets what is over.
pub fn count(
    bouts: &mut Vec<Bout>,
    actions: &[Action],
    differences: &[Difference],
    now: DateTime<Utc>,
) {
    bouts.retain(|bout| !bout.is_over(now));
    for it in differences.iter().filter(|it| actions.iter().any(|action| is_for(action, it))) {
        if let Some(bout) = bouts.iter_mut().find(|bout| bout.is_about(it)) {
            bout.heals = bout.heals.saturating_add(1);
            bout.last = now;
        } else {
            let Difference { kind, name, field, .. } = it.clone();
            bouts.push(Bout { kind, name, field, heals: 1, first: now, last: now });
        }
    }
}

/// Whether an action puts a difference back.
fn is_for(action: &Action, it: &Difference) -> bool {
    let (kind, name) = match action {
        Action::CreateNetwork { name, .. } | Action::RemoveNetwork { name } => {
            (Kind::Network, name)
        }
        Action::CreateConfig { name, .. } | Action::RemoveConfig { name } => (Kind::Config, name),
        Action::CreateSecret { name, .. } | Action::RemoveSecret { name } => (Kind::Secret, name),
        Action::CreateService { name, .. }
        | Action::UpdateService { name, .. }
        | Action::RemoveService { name, .. } => (Kind::Service, name),
        Action::RemoveVolume { .. } | Action::RemoveImage { .. } => return false,
    };
    it.kind == kind && it.name == *name
}

fn delta(wait: Duration) -> TimeDelta {
    TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
