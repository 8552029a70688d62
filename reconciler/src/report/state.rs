//! Two questions, asked of a stack and of each service: is it what it should be,
//! and is it well? Each is answered with why and since when.

use std::collections::BTreeMap;

use berth_domain::health::Health;
use berth_domain::ids::ReleaseId;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Report, ServiceReport};
use crate::drift::{Difference, Kind};
use crate::fight::Bout;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// Why, in words.
    pub reason: String,
    /// Since when it has been the same.
    pub since: DateTime<Utc>,
}

impl<T: PartialEq> Answer<T> {
    fn keep(&mut self, before: &Earlier<T>) {
        if self.value == before.value {
            self.since = before.since;
        }
    }
}

/// Of an answer what a later one goes on from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct Earlier<T> {
    value: T,
    since: DateTime<Utc>,
}

/// Both answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct State {
    /// Whether it is what it should be.
    pub synced: Answer<bool>,
    /// How well it is.
    pub healthy: Answer<Health>,
}

impl State {
    /// Before anything was asked.
    pub(super) const fn unknown(since: DateTime<Utc>) -> Self {
        let reason = String::new();
        Self {
            synced: Answer { value: false, reason: String::new(), since },
            healthy: Answer { value: Health::Unknown, reason, since },
        }
    }

    fn keep(&mut self, before: &StateBefore) {
        self.synced.keep(&before.synced);
        self.healthy.keep(&before.healthy);
    }
}

/// What an earlier report said that a later one goes on from. Read as far as it
/// goes: another version of Berth may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct Before {
    state: Option<StateBefore>,
    services: Vec<ServiceBefore>,
    /// [`Report::reached`].
    pub reached: Option<ReleaseId>,
    /// [`Report::bouts`].
    pub bouts: Vec<Bout>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
struct ServiceBefore {
    name: String,
    state: Option<StateBefore>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct StateBefore {
    synced: Earlier<bool>,
    healthy: Earlier<Health>,
}

impl StateBefore {
    const fn of(state: &State) -> Self {
        let State { synced, healthy } = state;
        Self {
            synced: Earlier { value: synced.value, since: synced.since },
            healthy: Earlier { value: healthy.value, since: healthy.since },
        }
    }
}

impl Before {
    /// What a stored report said.
    #[must_use]
    pub fn read(stored: Option<&Value>) -> Self {
        stored.and_then(|stored| Self::deserialize(stored).ok()).unwrap_or_default()
    }

    /// What a report said.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let service = |is: &ServiceReport| ServiceBefore {
            name: is.name.clone(),
            state: Some(StateBefore::of(&is.state)),
        };
        Self {
            state: Some(StateBefore::of(&report.state)),
            services: report.services.iter().map(service).collect(),
            reached: report.reached,
            bouts: report.bouts.clone(),
        }
    }
}

impl Report {
    /// Answers both questions for the stack as a whole, as of `now`.
    pub(super) fn judge(&mut self, now: DateTime<Utc>) {
        let synced = if self.synced {
            "nothing differs".to_owned()
        } else {
            summed_up(self.differences.iter().map(|it| it.sentence.clone()))
                .unwrap_or_else(|| self.message.clone())
        };
        let bad = self.services.iter().filter(|it| it.health != Health::Healthy);
        let mut bad: Vec<&ServiceReport> = bad.collect();
        // The worst first, by name where they are alike.
        bad.sort_by(|a, b| b.health.cmp(&a.health).then_with(|| a.name.cmp(&b.name)));
        let sick = bad.iter().map(|it| format!("service `{}`: {}", it.name, it.reason));
        let healthy = match summed_up(sick) {
            Some(reason) => reason,
            None if self.health == Health::Healthy => match self.services.len() {
                0 => "there is no service that could be unwell".to_owned(),
                1 => "its service is well".to_owned(),
                many => format!("all {many} services are well"),
            },
            // A pass says what else it has against it.
            None if self.message.is_empty() => synced.clone(),
            None => self.message.clone(),
        };
        self.state = State {
            synced: Answer { value: self.synced, reason: synced, since: now },
            healthy: Answer { value: self.health, reason: healthy, since: now },
        };
    }

    /// Goes on from the report before this one, as of `now`: what is as it was
    /// then has been so since it was said first.
    pub fn follow(&mut self, before: &Before, now: DateTime<Utc>) {
        self.judge(now);
        if let Some(before) = &before.state {
            self.state.keep(before);
        }
        let known: BTreeMap<&str, &StateBefore> = before
            .services
            .iter()
            .filter_map(|it| Some((it.name.as_str(), it.state.as_ref()?)))
            .collect();
        for service in &mut self.services {
            if let Some(before) = known.get(service.name.as_str()) {
                service.state.keep(before);
            }
        }
    }
}

impl ServiceReport {
    pub(super) fn judge(&mut self, differences: &[Difference], now: DateTime<Utc>) {
        let own = |it: &&Difference| it.kind == Kind::Service && it.name == self.name;
        let own = differences.iter().filter(own).map(|it| it.sentence.clone());
        let differs = summed_up(own);
        let well = || "all its tasks are well".to_owned();
        self.state = State {
            synced: Answer {
                value: differs.is_none(),
                reason: differs.unwrap_or_else(|| "nothing differs".to_owned()),
                since: now,
            },
            healthy: Answer {
                value: self.health,
                reason: if self.reason.is_empty() { well() } else { self.reason.clone() },
                since: now,
            },
        };
    }
}

/// The first of some sentences, and how many more there are; [`None`] where there
/// is none.
fn summed_up(mut sentences: impl Iterator<Item = String>) -> Option<String> {
    let first = sentences.next()?;
    Some(match sentences.count() {
        0 => first,
        more => format!("{first}, and {more} more"),
    })
}
