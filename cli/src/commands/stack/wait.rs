//! Waiting until a stack runs, or never will.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, anyhow};
use berth_domain::cluster::{Cluster, ClusterError, ObservedStack};
use berth_domain::health::{Health, of_service};
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;
use berth_reconciler::progress::{Failure, Situation, Verdict, converged, rest};
use berth_swarm::{Endpoint, Swarm};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::time::sleep;

/// Between two looks while something still has to happen.
pub(crate) const POLL: Duration = Duration::from_millis(80);
/// The shortest wait between two looks.
const SHORTEST: Duration = Duration::from_millis(15);
/// How long the engine may be silent before waiting ends.
const SILENCE: Duration = Duration::from_secs(30);
/// Lines of a failed task's log to print.
const LOG_LINES: u32 = 20;

/// The engine's clock, against ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EngineTime {
    ahead: TimeDelta,
    /// When the command began, by the engine's clock.
    began: DateTime<Utc>,
}

impl EngineTime {
    fn now(self) -> DateTime<Utc> {
        Utc::now() + self.ahead
    }
}

/// Compares clocks, where the engine has another than we: what tasks say of when
/// they started is in its time.
pub(crate) async fn engine_time(
    swarm: &Swarm,
    endpoint: &Endpoint,
) -> Result<EngineTime, ClusterError> {
    let before = Utc::now();
    if endpoint.is_local() {
        return Ok(EngineTime { ahead: TimeDelta::zero(), began: before });
    }
    let engine = swarm.reader().engine().await?;
    let middle = before + (Utc::now() - before) / 2;
    let ahead = engine.time.map_or(TimeDelta::zero(), |time| time - middle);
    Ok(EngineTime { ahead, began: before + ahead })
}

/// What is waited for.
#[derive(Debug)]
pub(crate) struct Goal<'a> {
    pub(crate) stack: &'a StackName,
    pub(crate) spec: &'a StackSpec,
    pub(crate) since: EngineTime,
    pub(crate) patience: Duration,
}

/// Looking again and again until a stack runs.
#[derive(Debug)]
pub(crate) struct Watch {
    /// What was last said of each service.
    told: BTreeMap<String, String>,
    /// When the engine last answered.
    answered: tokio::time::Instant,
}

impl Default for Watch {
    fn default() -> Self {
        Self { told: BTreeMap::new(), answered: tokio::time::Instant::now() }
    }
}

impl Watch {
    /// Waits until every service's new tasks ran for the monitor window, and gives
    /// what then is. A rollback is an error, and so is all that will not mend.
    /// `changed` are the services that were made or changed.
    pub(crate) async fn until_converged(
        &mut self,
        swarm: &Swarm,
        goal: &Goal<'_>,
        changed: &BTreeSet<String>,
        say: &impl Fn(&str),
    ) -> anyhow::Result<serde_json::Value> {
        loop {
            match self.look(swarm, goal, changed, say).await? {
                Look::Converged(services) => return Ok(services),
                Look::NotYet(wait) => sleep(wait).await,
            }
        }
    }

    /// Looks once. What will not mend is an error.
    pub(crate) async fn look(
        &mut self,
        swarm: &Swarm,
        goal: &Goal<'_>,
        changed: &BTreeSet<String>,
        say: &impl Fn(&str),
    ) -> anyhow::Result<Look> {
        let began = goal.since.began;
        let deadline = TimeDelta::from_std(goal.patience)
            .ok()
            .and_then(|patience| began.checked_add_signed(patience))
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut observed = match swarm.observe_services(goal.stack).await {
            Ok(services) => ObservedStack { services, ..ObservedStack::default() },
            Err(error) if self.answered.elapsed() < SILENCE => {
                tracing::debug!("{error}");
                return Ok(Look::NotYet(POLL));
            }
            Err(error) => return Err(error).context("failed to wait for the services"),
        };
        self.answered = tokio::time::Instant::now();
        // What Swarm says of an update that is not ours is history: such as that it
        // just took another one back, to what is wanted now.
        for (name, live) in &mut observed.services {
            if !changed.contains(name) {
                live.update = None;
            }
        }
        let now = goal.since.now();
        tell(goal, &observed, now, &mut self.told, say);
        let situation =
            Situation { spec: goal.spec, observed: &observed, changed, since: began, deadline };
        match converged(&situation, now) {
            Some(Verdict::Reached) => Ok(Look::Converged(summary(goal.spec, &observed, now))),
            Some(Verdict::Failed(failure)) => Err(explain(swarm, goal, &failure).await),
            None => Ok(Look::NotYet(until_next(goal.spec, &observed, now))),
        }
    }
}

/// What a look found.
#[derive(Debug)]
pub(crate) enum Look {
    /// All runs: what is, as JSON.
    Converged(serde_json::Value),
    /// Look again after this long.
    NotYet(Duration),
}

/// How long nothing can be decided: until the window is over where all are well,
/// else until something may have changed.
fn until_next(spec: &StackSpec, observed: &ObservedStack, now: DateTime<Utc>) -> Duration {
    rest(spec, &observed.services, now).map_or(POLL, |rest| rest.clamp(SHORTEST, POLL))
}

/// Says of each service what is new.
fn tell(
    goal: &Goal<'_>,
    observed: &ObservedStack,
    now: DateTime<Utc>,
    told: &mut BTreeMap<String, String>,
    say: &impl Fn(&str),
) {
    for (name, wanted) in &goal.spec.services {
        let Some(live) = observed.services.get(name) else { continue };
        let health = of_service(wanted, live, now);
        let mut line = format!("  {name}: {}/{} running", health.running, health.wanted);
        if health.health != Health::Healthy && !health.reason.is_empty() {
            line.push_str(" · ");
            line.push_str(&health.reason);
        }
        if told.get(name) != Some(&line) {
            say(&line);
            told.insert(name.clone(), line);
        }
    }
}

fn summary(spec: &StackSpec, observed: &ObservedStack, now: DateTime<Utc>) -> serde_json::Value {
    let services = spec.services.iter().filter_map(|(name, wanted)| {
        let health = of_service(wanted, observed.services.get(name)?, now);
        Some(json!({
            "name": name,
            "image": wanted.image,
            "running": health.running,
            "wanted": health.wanted,
        }))
    });
    services.collect()
}

/// The failure, with the task, its exit code and what it wrote last.
async fn explain(swarm: &Swarm, goal: &Goal<'_>, failure: &Failure) -> anyhow::Error {
    let Failure { code: _, text, service: _, task } = failure;
    let Some(task) = task else { return anyhow!("{text}") };
    let lines = swarm.task_log(task, LOG_LINES).await.unwrap_or_default();
    let services = swarm.observe_services(goal.stack).await.unwrap_or_default();
    let exit = services
        .values()
        .flat_map(|service| &service.tasks)
        .find(|is| is.id == *task)
        .and_then(|task| task.exit_code);
    let mut message = format!("{text}\n  task {task}");
    if let Some(exit) = exit {
        message.push_str(&format!(", exit code {exit}"));
    }
    message.push_str(if lines.is_empty() { "; it wrote nothing" } else { "; it wrote last:" });
    for line in &lines {
        message.push_str("\n    ");
        message.push_str(line);
    }
    anyhow!("{message}")
}
