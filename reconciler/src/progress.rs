//! How far a deployment has come on the cluster.
//!
//! Swarm has no such verdict to give: `completed` does not mean healthy there,
//! `updating` may last for ever, and a status may be of an update long ago.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use berth_domain::cluster::{ObservedService, ObservedStack, UpdateState, UpdateStatus};
use berth_domain::health::{Health, ServiceHealth, of_service};
use berth_domain::stack::{ServiceSpec, StackSpec};

use crate::plan::depends;

/// What a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What should run.
    pub spec: &'a StackSpec,
    /// What is there.
    pub observed: &'a ObservedStack,
    /// The services that this deployment is known to have changed: what they are
    /// now, they became after that.
    pub changed: &'a BTreeSet<String>,
    /// When applying began.
    pub since: DateTime<Utc>,
    /// When it must be done.
    pub deadline: DateTime<Utc>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Reached,
    /// It never will be.
    Failed(Failure),
}

/// Why a step failed on the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable word, such as `crash_loop`.
    pub code: String,
    /// In words, naming the service.
    pub text: String,
    /// The service, where it is one's fault.
    pub service: Option<String>,
    /// The task to look into.
    pub task: Option<String>,
}

/// How long a new task may wait for a node or an address before the deployment
/// fails: Swarm starts it whenever there is room, so give it a moment.
const PLACING: Duration = Duration::from_secs(45);

/// How long a service may crash from the start before the deployment fails: what
/// it needs may still be starting, and Swarm knows no order between services.
const CRASHING: Duration = Duration::from_secs(20);

/// The least time for which all must be well.
const LEAST_WINDOW: Duration = Duration::from_secs(1);

/// The code of what was not done by its deadline.
pub const TIMED_OUT: &str = "timed_out";

/// Whether Swarm has taken every object of the release, but for services that
/// wait for others; [`None`] while not.
#[must_use]
pub fn applied(is: &Situation<'_>, now: DateTime<Utc>) -> Option<Verdict> {
    if let Some(failure) = first_given_up(is, now) {
        return Some(Verdict::Failed(failure));
    }
    let Situation { spec, observed, .. } = is;
    let missing = spec
        .services
        .iter()
        .find(|(name, wanted)| {
            !observed.services.get(*name).is_some_and(|live| is_as_wanted(live, wanted))
                && depends::awaited(spec, observed, name).is_empty()
        })
        .map(|(name, _)| format!("service `{name}`"))
        .or_else(|| {
            let as_wanted = |name: &String| {
                let (live, wanted) = (observed.networks.get(name), spec.networks.get(name));
                live.zip(wanted)
                    .is_some_and(|(live, wanted)| wanted.changes_from(&live.spec).is_empty())
            };
            absent("network", spec.networks.keys(), as_wanted)
        })
        .or_else(|| {
            absent("config", spec.configs.keys(), |name| observed.configs.contains_key(name))
        })
        .or_else(|| {
            absent("secret", spec.secrets.keys(), |name| observed.secrets.contains_key(name))
        });
    match missing {
        None => Some(Verdict::Reached),
        Some(what) if now >= is.deadline => Some(Verdict::Failed(Failure {
            code: TIMED_OUT.to_owned(),
            text: format!("{what} was not applied in time"),
            service: None,
            task: None,
        })),
        Some(_) => None,
    }
}

/// Whether every service's new tasks ran, healthy, for the monitor window;
/// [`None`] while that can still become so.
#[must_use]
pub fn converged(is: &Situation<'_>, now: DateTime<Utc>) -> Option<Verdict> {
    if let Some(failure) = first_given_up(is, now) {
        return Some(Verdict::Failed(failure));
    }
    let mut waiting = None;
    // Told only where nothing else is wrong: what it waits for is the cause.
    let mut held = None;
    for (name, wanted) in &is.spec.services {
        // As it still is, it says nothing of the release.
        let awaited = depends::awaited(is.spec, is.observed, name);
        if !awaited.is_empty() {
            held.get_or_insert_with(|| (name, format!("it {}", depends::words(&awaited))));
            continue;
        }
        let Some(live) = is.observed.services.get(name) else {
            waiting.get_or_insert_with(|| (name, "it is not there".to_owned()));
            continue;
        };
        let health = of_service(wanted, live, now);
        if let Some(failure) = hopeless(is, name, &health, now) {
            return Some(Verdict::Failed(failure));
        }
        if let Some(reason) = not_yet(is.spec, wanted, live, &health, now) {
            waiting.get_or_insert((name, reason));
        }
    }
    let Some((name, reason)) = waiting.or(held) else { return Some(Verdict::Reached) };
    if now < is.deadline {
        return None;
    }
    let task = is
        .observed
        .services
        .get(name)
        .and_then(|live| is.spec.services.get(name).map(|wanted| of_service(wanted, live, now)))
        .and_then(|health| health.failed_task);
    Some(Verdict::Failed(Failure {
        code: TIMED_OUT.to_owned(),
        text: format!("service `{name}` did not become healthy in time: {reason}"),
        service: Some(name.clone()),
        task,
    }))
}

/// How long all must be well without a break.
#[must_use]
pub fn window(spec: &StackSpec) -> Duration {
    spec.monitor_window().max(LEAST_WINDOW)
}

/// How long until all have been well for long enough, where they stay so; [`None`]
/// where one of them is not well, or not there.
#[must_use]
pub fn rest(
    spec: &StackSpec,
    services: &BTreeMap<String, ObservedService>,
    now: DateTime<Utc>,
) -> Option<Duration> {
    let mut latest = DateTime::<Utc>::MIN_UTC;
    for (name, wanted) in &spec.services {
        latest = latest.max(of_service(wanted, services.get(name)?, now).well_since?);
    }
    let window = TimeDelta::from_std(window(spec)).ok()?;
    let end = latest.checked_add_signed(window)?;
    Some((end - now).to_std().unwrap_or_default())
}

fn is_as_wanted(live: &ObservedService, wanted: &ServiceSpec) -> bool {
    live.spec.as_ref().is_some_and(|spec| spec.means(wanted))
}

fn absent<'a>(
    kind: &str,
    mut names: impl Iterator<Item = &'a String>,
    there: impl Fn(&String) -> bool,
) -> Option<String> {
    names.find(|name| !there(name)).map(|name| format!("{kind} `{name}`"))
}

/// The first service whose update Swarm gave up or took back since `is.since`.
fn first_given_up(is: &Situation<'_>, now: DateTime<Utc>) -> Option<Failure> {
    is.spec.services.iter().find_map(|(name, wanted)| {
        let live = is.observed.services.get(name)?;
        let update = live.update.as_ref()?;
        let code = given_up(is, name, wanted, live, update)?;
        let failed = newest_failure(live);
        let health = of_service(wanted, live, now);
        let words = match code {
            "rolled_back" => "Swarm took its update back",
            _ => "Swarm stopped its update",
        };
        let why = failed.map_or_else(|| update.message.clone(), |(_, why)| why);
        Some(Failure {
            code: code.to_owned(),
            text: format!("service `{name}`: {words}: {why}"),
            service: Some(name.clone()),
            task: failed_id(live).or(health.failed_task),
        })
    })
}

fn given_up(
    is: &Situation<'_>,
    name: &str,
    wanted: &ServiceSpec,
    live: &ObservedService,
    update: &UpdateStatus,
) -> Option<&'static str> {
    let other = !is_as_wanted(live, wanted);
    // A status is of this deployment where it began after it did. Where we know
    // that we changed the service, no clock is needed: each change takes the
    // former status away.
    let recent =
        is.changed.contains(name) || update.started_at.is_some_and(|started| started >= is.since);
    match update.state {
        UpdateState::RollbackStarted | UpdateState::RollbackCompleted if other && recent => {
            Some("rolled_back")
        }
        UpdateState::RollbackPaused if other && recent => Some("rollback_paused"),
        UpdateState::Paused if !other && recent => Some("update_paused"),
        UpdateState::RollbackStarted
        | UpdateState::RollbackCompleted
        | UpdateState::RollbackPaused
        | UpdateState::Paused
        | UpdateState::Updating
        | UpdateState::Completed => None,
    }
}

/// The newest task that failed, of whatever spec: after a rollback the guilty
/// one is no longer up to date.
fn newest_failure(live: &ObservedService) -> Option<(&str, String)> {
    use berth_domain::cluster::TaskState;
    let failed = live
        .tasks
        .iter()
        .filter(|task| matches!(task.state, TaskState::Failed | TaskState::Rejected))
        .max_by_key(|task| task.since)?;
    let words = failed.error.clone().unwrap_or_else(|| "a task failed".to_owned());
    let why = match failed.exit_code {
        Some(code) if !words.contains("non-zero exit") => format!("{words} (exit code {code})"),
        Some(_) | None => words,
    };
    Some((&failed.id, why))
}

fn failed_id(live: &ObservedService) -> Option<String> {
    newest_failure(live).map(|(id, _)| id.to_owned())
}

/// Whether a service will not become healthy any more.
fn hopeless(
    is: &Situation<'_>,
    name: &str,
    health: &ServiceHealth,
    now: DateTime<Utc>,
) -> Option<Failure> {
    if health.health != Health::Degraded {
        return None;
    }
    let age = now.signed_duration_since(is.since).to_std().unwrap_or_default();
    let waits = match health.code.as_str() {
        "unschedulable" | "unallocated" => age < PLACING,
        // One that runs at the moment may yet turn out to have recovered.
        "crash_loop" => age < CRASHING || health.running >= health.wanted,
        _ => false,
    };
    if waits {
        return None;
    }
    Some(Failure {
        code: health.code.clone(),
        text: format!("service `{name}`: {}", health.reason),
        service: Some(name.to_owned()),
        task: health.failed_task.clone(),
    })
}

/// What a service still lacks.
fn not_yet(
    spec: &StackSpec,
    wanted: &ServiceSpec,
    live: &ObservedService,
    health: &ServiceHealth,
    now: DateTime<Utc>,
) -> Option<String> {
    if !is_as_wanted(live, wanted) {
        return Some("it is not what it should be".to_owned());
    }
    if health.health != Health::Healthy {
        return Some(health.reason.clone());
    }
    if live.update.as_ref().is_some_and(|update| update.state == UpdateState::Updating) {
        return Some("Swarm is still updating it".to_owned());
    }
    let window = TimeDelta::from_std(window(spec)).unwrap_or(TimeDelta::MAX);
    let well = health.well_since.is_some_and(|since| {
        since == DateTime::<Utc>::MIN_UTC || now.signed_duration_since(since) >= window
    });
    if well { None } else { Some("it has not been healthy for long enough".to_owned()) }
}

#[cfg(test)]
mod tests;
