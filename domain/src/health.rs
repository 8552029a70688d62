//! Whether a service is well, from its tasks. Pure; Swarm's own update status
//! is no verdict (it may be missing, stale, or `updating` for ever).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cluster::{ObservedService, ObservedTask, TaskState, UpdateState};
use crate::stack::{Condition, Mode, ServiceSpec};

/// How well something is. The worst wins upward: task, service, stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All that should run runs.
    Healthy,
    /// Not yet, and nothing speaks against it.
    Progressing,
    /// Something is wrong.
    Degraded,
    /// It can't be told.
    Unknown,
}

/// A service's health, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceHealth {
    /// How well it is.
    pub health: Health,
    /// A stable word for what is wrong, such as `crash_loop`; empty when well.
    pub code: String,
    /// In words; empty when well.
    pub reason: String,
    /// New tasks that run, and are healthy where there is a check.
    pub running: u64,
    /// Tasks that should run.
    pub wanted: u64,
    /// Since when all of them do.
    pub well_since: Option<DateTime<Utc>>,
    /// The task to look into, where one failed.
    pub failed_task: Option<String>,
}

/// Failures of one slot that make a crash loop. Swarm remembers five tasks a
/// slot, so it can't be many more.
const CRASHES: usize = 3;

/// How long ago a failure may be and still count.
const CRASH_WINDOW: Duration = Duration::from_secs(5 * 60);

/// How long a task must at least have run for its service to count as recovered
/// from a crash loop.
const RECOVERED: Duration = Duration::from_secs(20);

/// How long Swarm may take to make a new task in place of one that ended.
const REPLACING: Duration = Duration::from_secs(5);

/// How long Swarm may take to make a service's first task.
const MAKING: Duration = Duration::from_secs(30);

/// How long a task may find no node before that is worth telling: the one that it
/// replaces may still hold its port.
const PLACING: Duration = Duration::from_secs(10);

/// How long a task may wait for its network's address.
const ALLOCATING: Duration = Duration::from_secs(30);

/// How well `service` is at `now`, given what it should be.
///
/// It judges tasks that run the service's newest spec, on nodes that are up.
/// What Swarm says of the update only explains why a service is *not* well: the
/// status may be years old.
#[must_use]
pub fn of_service(
    wanted: &ServiceSpec,
    observed: &ObservedService,
    now: DateTime<Utc>,
) -> ServiceHealth {
    let job = matches!(wanted.mode, Mode::ReplicatedJob { .. } | Mode::GlobalJob);
    let tasks: Vec<&ObservedTask> =
        observed.tasks.iter().filter(|task| task.up_to_date && !task.node_down).collect();
    let good: Vec<&ObservedTask> =
        tasks.iter().copied().filter(|task| is_good(job, task)).collect();
    // Two tasks of a slot run at once while one takes over from the other.
    let running = good.iter().map(|task| seat(task)).collect::<BTreeSet<_>>().len() as u64;
    let goal = goal(wanted.mode, &tasks);
    let mut answer = ServiceHealth {
        health: Health::Progressing,
        code: String::new(),
        reason: String::new(),
        running,
        wanted: goal,
        well_since: None,
        failed_task: None,
    };

    // Newest first, as Swarm lists them.
    let ended: Vec<&ObservedTask> = tasks
        .iter()
        .copied()
        .filter(|task| has_ended(job, task) && age(task, now) <= CRASH_WINDOW)
        .collect();
    if let Some(latest) = ended.first().copied()
        && let Some((code, reason)) = crashing(&ended, running < goal, now)
    {
        answer.health = Health::Degraded;
        answer.failed_task = Some(latest.id.clone());
        code.clone_into(&mut answer.code);
        answer.reason = format!("{reason}; {}", why(latest));
        return answer;
    }

    if running < goal
        && let Some((code, reason, task)) = forsaken(wanted.mode, observed, now)
    {
        answer.health = Health::Degraded;
        answer.failed_task = task.map(|task| task.id.clone());
        code.clone_into(&mut answer.code);
        answer.reason =
            task.map_or_else(|| reason.to_owned(), |task| format!("{reason}; {}", why(task)));
        return answer;
    }

    if running >= goal {
        answer.health = Health::Healthy;
        answer.well_since = good.iter().map(|task| task.since).max();
        if goal == 0 {
            answer.well_since = Some(DateTime::<Utc>::MIN_UTC);
        }
        return answer;
    }

    if let Some((code, reason)) = stopped(observed) {
        let failed = observed.tasks.iter().find(|task| has_ended(job, task));
        answer.health = Health::Degraded;
        code.clone_into(&mut answer.code);
        answer.reason =
            failed.map_or_else(|| reason.clone(), |task| format!("{reason}; {}", why(task)));
        answer.failed_task = failed.map(|task| task.id.clone());
        return answer;
    }

    if let Some((code, reason)) = tasks.iter().find_map(|task| stuck(task, now)) {
        answer.health = Health::Degraded;
        code.clone_into(&mut answer.code);
        answer.reason = reason;
        return answer;
    }

    answer.failed_task = ended.first().map(|task| task.id.clone());
    answer.reason = waiting(wanted, &tasks, &ended, running, goal);
    answer
}

/// Whether a service has come as far as another one that is to be made after it
/// asks, given what it should be. As with [`of_service`], only tasks that run its
/// newest spec on nodes that are up count.
#[must_use]
pub fn meets(condition: Condition, wanted: &ServiceSpec, observed: &ObservedService) -> bool {
    let job = matches!(wanted.mode, Mode::ReplicatedJob { .. } | Mode::GlobalJob);
    let tasks: Vec<&ObservedTask> =
        observed.tasks.iter().filter(|task| task.up_to_date && !task.node_down).collect();
    let far_enough = tasks.iter().filter(|task| match condition {
        Condition::Started => {
            let started = matches!(task.state, TaskState::Starting | TaskState::Running);
            is_good(job, task) || started && task.desired <= TaskState::Running
        }
        Condition::Healthy => is_good(job, task),
        Condition::Completed => task.state == TaskState::Complete,
    });
    let seats: BTreeSet<_> = far_enough.map(|task| seat(task)).collect();
    seats.len() as u64 >= goal(wanted.mode, &tasks)
}

/// Whether Swarm does nothing more by itself for a service that has too few tasks.
///
/// It will not start them again, or stopped the update to what it is. Only being
/// forced to replace its tasks helps such a service, where its spec is to stay.
#[must_use]
pub fn is_given_up(wanted: &ServiceSpec, observed: &ObservedService, now: DateTime<Utc>) -> bool {
    let health = of_service(wanted, observed, now);
    let stopped = observed.update.as_ref().is_some_and(|update| {
        matches!(update.state, UpdateState::Paused | UpdateState::RollbackPaused)
    });
    // However long ago that was, Swarm goes on replacing tasks that ended.
    let replaces = observed.tasks.iter().any(|task| {
        task.up_to_date && task.desired <= TaskState::Running && task.state < TaskState::Running
    });
    health.running < health.wanted
        && (stopped && !replaces || forsaken(wanted.mode, observed, now).is_some())
}

/// How many tasks there should be.
fn goal(mode: Mode, tasks: &[&ObservedTask]) -> u64 {
    match mode {
        Mode::Replicated { replicas } => replicas,
        Mode::ReplicatedJob { total_completions, .. } => total_completions,
        // One a node. Which nodes Swarm chose shows by its tasks; those that it
        // stopped itself are on nodes that it left.
        Mode::Global | Mode::GlobalJob => {
            let mut newest: BTreeMap<&str, &ObservedTask> = BTreeMap::new();
            for task in tasks {
                newest.entry(seat(task).1).or_insert(task);
            }
            let placed = newest.values().filter(|task| {
                task.desired <= TaskState::Running
                    || matches!(
                        task.state,
                        TaskState::Complete | TaskState::Failed | TaskState::Rejected
                    )
            });
            (placed.count() as u64).max(1)
        }
    }
}

/// The place that tasks take one after another: a slot, or a node.
fn seat(task: &ObservedTask) -> (u64, &str) {
    match task.slot {
        Some(slot) => (slot, ""),
        None => (0, task.node.as_deref().unwrap_or_default()),
    }
}

fn is_good(job: bool, task: &ObservedTask) -> bool {
    if job {
        task.state == TaskState::Complete
    } else {
        task.state == TaskState::Running && task.desired == TaskState::Running
    }
}

/// Whether the task ended by itself. A service that is no job must not end, not
/// even well.
fn has_ended(job: bool, task: &ObservedTask) -> bool {
    match task.state {
        TaskState::Failed | TaskState::Rejected => true,
        TaskState::Complete => !job,
        TaskState::New
        | TaskState::Pending
        | TaskState::Assigned
        | TaskState::Accepted
        | TaskState::Preparing
        | TaskState::Ready
        | TaskState::Starting
        | TaskState::Running
        | TaskState::Shutdown
        | TaskState::Remove
        | TaskState::Orphaned => false,
    }
}

/// Whether the ended tasks are more than bad luck: a code and words.
fn crashing(
    ended: &[&ObservedTask],
    short: bool,
    now: DateTime<Utc>,
) -> Option<(&'static str, String)> {
    let mut seats: BTreeMap<(u64, &str), Vec<&ObservedTask>> = BTreeMap::new();
    for task in ended {
        seats.entry(seat(task)).or_default().push(task);
    }
    let worst = seats.values().max_by_key(|failures| failures.len())?;
    let first = worst.iter().map(|task| age(task, now)).max().unwrap_or_default();
    let latest = worst.iter().map(|task| age(task, now)).min().unwrap_or_default();

    let refused = worst.iter().filter(|task| task.state == TaskState::Rejected).count();
    if short && refused >= CRASHES {
        return Some(("rejected", format!("its node refused it {refused} times")));
    }
    // It may run at this very moment. What has run for longer than it took to
    // crash so often has recovered.
    let recovered = !short && latest > first.saturating_sub(latest).max(RECOVERED);
    if worst.len() >= CRASHES && !recovered {
        return Some(("crash_loop", format!("its tasks ended {} times", worst.len())));
    }
    None
}

/// Whether Swarm has left a service that has too few tasks to itself: its restart
/// attempts are used up, or it forgot the service's tasks. A code, words, and the
/// task that ended last. One on a node that is down is yet to be replaced.
fn forsaken(
    mode: Mode,
    observed: &ObservedService,
    now: DateTime<Utc>,
) -> Option<(&'static str, &'static str, Option<&ObservedTask>)> {
    let job = matches!(mode, Mode::ReplicatedJob { .. } | Mode::GlobalJob);
    // Of a global service there is none where no node suits it.
    let counted = matches!(mode, Mode::Replicated { .. });
    let alive = |task: &ObservedTask| {
        task.desired <= TaskState::Running && task.state <= TaskState::Running
            || job && task.state == TaskState::Complete
    };
    let unchanged = now.signed_duration_since(observed.changed_at).to_std().unwrap_or_default();
    let mut tasks = observed.tasks.iter().filter(|task| task.up_to_date);
    if tasks.clone().any(alive) || unchanged < REPLACING {
        return None;
    }
    match tasks.find(|task| has_ended(job, task)) {
        Some(latest) if age(latest, now) >= REPLACING => {
            Some(("exhausted", "Swarm does not start it again", Some(latest)))
        }
        None if counted && observed.tasks.is_empty() && unchanged >= MAKING => {
            Some(("forgotten", "Swarm has no task of it, and makes none", None))
        }
        Some(_) | None => None,
    }
}

/// What Swarm says of an update that it gave up.
fn stopped(observed: &ObservedService) -> Option<(&'static str, String)> {
    let update = observed.update.as_ref()?;
    let code = match update.state {
        UpdateState::Paused => "update_paused",
        UpdateState::RollbackStarted => "rolled_back",
        UpdateState::RollbackPaused => "rollback_paused",
        UpdateState::Updating | UpdateState::Completed | UpdateState::RollbackCompleted => {
            return None;
        }
    };
    Some((code, format!("Swarm stopped the update: {}", update.message)))
}

fn stuck(task: &ObservedTask, now: DateTime<Utc>) -> Option<(&'static str, String)> {
    if task.state > TaskState::Pending || task.desired > TaskState::Running {
        return None;
    }
    match &task.error {
        Some(error) if age(task, now) >= PLACING => {
            Some(("unschedulable", format!("no node can run it: {error}")))
        }
        None if age(task, now) >= ALLOCATING => Some((
            "unallocated",
            "its network cannot be allocated; does its subnet overlap another's?".to_owned(),
        )),
        Some(_) | None => None,
    }
}

/// What a service that is not there yet waits for.
fn waiting(
    wanted: &ServiceSpec,
    tasks: &[&ObservedTask],
    ended: &[&ObservedTask],
    running: u64,
    goal: u64,
) -> String {
    let live = tasks
        .iter()
        .filter(|task| task.desired <= TaskState::Running && task.state < TaskState::Running);
    let waits = match live.map(|task| task.state).min() {
        Some(TaskState::Starting) if wanted.healthcheck.is_some() => "waits for its health check",
        Some(TaskState::Preparing) => "gets its image ready",
        Some(TaskState::New | TaskState::Pending) => "waits for a node",
        Some(_) => "starts",
        None => "waits for Swarm",
    };
    let progress = format!("{waits}: {running} of {goal} tasks run");
    ended.first().map_or_else(|| progress.clone(), |task| format!("{progress}; {}", why(task)))
}

fn age(task: &ObservedTask, now: DateTime<Utc>) -> Duration {
    now.signed_duration_since(task.since).to_std().unwrap_or_default()
}

fn why(task: &ObservedTask) -> String {
    let words = match (&task.error, task.exit_code) {
        (Some(error), _) => error.as_str(),
        (None, Some(0)) => "it ended by itself",
        (None, _) => "it ended with no message",
    };
    match task.exit_code {
        Some(code) if code != 0 && !words.contains("non-zero exit") => {
            format!("task {}: {words} (exit code {code})", short(&task.id))
        }
        _ => format!("task {}: {words}", short(&task.id)),
    }
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests;
