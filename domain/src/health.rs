//! Whether a service is well, from its tasks. Pure; Swarm's own update status
//! is no verdict (it may be missing, stale, or `updating` for ever).

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cluster::{ObservedService, ObservedTask, TaskState, UpdateState};
use crate::stack::{Mode, ServiceSpec};

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

/// Tasks of one release that may fail before it counts as a crash loop.
const CRASHES: usize = 3;

/// How long a task may wait for a node or a network.
const PLACING: Duration = Duration::from_secs(45);

/// How well `service` is at `now`, given what it should be.
#[must_use]
pub fn of_service(
    wanted: &ServiceSpec,
    observed: &ObservedService,
    now: DateTime<Utc>,
) -> ServiceHealth {
    let tasks: Vec<&ObservedTask> =
        observed.tasks.iter().filter(|task| task.up_to_date && !task.node_down).collect();
    let job = matches!(wanted.mode, Mode::ReplicatedJob { .. } | Mode::GlobalJob);
    let good = |task: &&&ObservedTask| {
        if job {
            task.state == TaskState::Complete
        } else {
            task.state == TaskState::Running && task.desired == TaskState::Running
        }
    };
    let running = tasks.iter().filter(good).count() as u64;
    let goal = match wanted.mode {
        Mode::Replicated { replicas } => replicas,
        Mode::ReplicatedJob { total_completions, .. } => total_completions,
        // One a node that is wanted there: Swarm has already made the tasks.
        Mode::Global | Mode::GlobalJob => {
            let placed = tasks.iter().filter(|task| task.desired <= TaskState::Running).count();
            (placed as u64).max(u64::from(tasks.is_empty()))
        }
    };
    let mut answer = ServiceHealth {
        health: Health::Progressing,
        code: String::new(),
        reason: String::new(),
        running,
        wanted: goal,
        well_since: None,
        failed_task: None,
    };

    if let Some(update) = &observed.update {
        let code = match update.state {
            UpdateState::Paused => "update_paused",
            UpdateState::RollbackStarted | UpdateState::RollbackCompleted => "rolled_back",
            UpdateState::RollbackPaused => "rollback_paused",
            UpdateState::Updating | UpdateState::Completed => "",
        };
        if !code.is_empty() {
            code.clone_into(&mut answer.code);
            answer.health = Health::Degraded;
            answer.reason = format!("Swarm stopped the update: {}", update.message);
            let failed = observed.tasks.iter().find(|task| has_failed(task));
            if let Some(task) = failed {
                answer.reason = format!("{}; {}", answer.reason, why(task));
                answer.failed_task = Some(task.id.clone());
            }
            return answer;
        }
    }

    let failures: Vec<&&ObservedTask> = tasks.iter().filter(|task| has_failed(task)).collect();
    if let Some(latest) = failures.first()
        && running < goal
    {
        let live = tasks.iter().any(|task| task.desired <= TaskState::Running && !has_failed(task));
        answer.failed_task = Some(latest.id.clone());
        answer.reason = why(latest);
        if latest.state == TaskState::Rejected && failures.len() >= CRASHES {
            "rejected".clone_into(&mut answer.code);
            answer.health = Health::Degraded;
        } else if failures.len() >= CRASHES {
            "crash_loop".clone_into(&mut answer.code);
            answer.reason = format!("its tasks failed {} times; {}", failures.len(), answer.reason);
            answer.health = Health::Degraded;
        } else if !live {
            "exhausted".clone_into(&mut answer.code);
            answer.reason = format!("Swarm gave up restarting it; {}", answer.reason);
            answer.health = Health::Degraded;
        }
        return answer;
    }

    let stuck = tasks.iter().find(|task| {
        task.state <= TaskState::Pending
            && now.signed_duration_since(task.since).to_std().is_ok_and(|age| age > PLACING)
    });
    if let Some(task) = stuck {
        answer.health = Health::Degraded;
        (answer.code, answer.reason) = match &task.error {
            Some(error) => ("unschedulable".to_owned(), format!("no node can run it: {error}")),
            None => (
                "unallocated".to_owned(),
                "its network cannot be allocated; does its subnet overlap another's?".to_owned(),
            ),
        };
        return answer;
    }

    if running >= goal {
        answer.health = Health::Healthy;
        answer.well_since = tasks.iter().filter(good).map(|task| task.since).max();
        if goal == 0 {
            answer.well_since = Some(DateTime::<Utc>::MIN_UTC);
        }
    } else if let Some(task) = tasks.iter().find(|task| task.state == TaskState::Starting) {
        answer.reason = if wanted.healthcheck.is_some() {
            "waiting for its health check".to_owned()
        } else {
            format!("task {} starts", short(&task.id))
        };
    } else {
        answer.reason = format!("{running} of {goal} tasks run");
    }
    answer
}

fn has_failed(task: &ObservedTask) -> bool {
    matches!(task.state, TaskState::Failed | TaskState::Rejected)
}

fn why(task: &ObservedTask) -> String {
    let words = task.error.as_deref().unwrap_or("it ended with no message");
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
