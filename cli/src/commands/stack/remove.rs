//! `berth stack rm`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::ids::StackName;
use berth_reconciler::plan::{Prune, plan};
use berth_swarm::Swarm;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{RemoveArgs, apply, print_json, print_line};

/// Between two looks.
const POLL: Duration = Duration::from_millis(100);

/// Removes stacks one after another, and waits until they are gone.
pub(crate) async fn remove(swarm: &Swarm, args: RemoveArgs) -> anyhow::Result<ExitCode> {
    let RemoveArgs { names, detach, volumes, timeout, json } = args;
    let mut removed = Vec::new();
    for name in &names {
        let say = |line: &str| {
            if !json {
                print_line(line);
            }
        };
        let what = Spare { volumes: !volumes, leaving: detach };
        let lines = remove_one(swarm, name, what, timeout, &say)
            .await
            .with_context(|| format!("failed to remove {name}"))?;
        if lines.is_empty() {
            eprintln!("nothing found in stack: {name}");
        }
        removed.push(json!({"stack": name, "actions": lines}));
    }
    if json {
        print_json(&json!({"ok": true, "stacks": removed}))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove_one(
    swarm: &Swarm,
    name: &StackName,
    what: Spare,
    timeout: Duration,
    say: &(impl Fn(&str) + Sync),
) -> anyhow::Result<Vec<String>> {
    let deadline = Instant::now() + timeout;
    let mut lines = Vec::new();
    loop {
        let observed = what.spare(swarm.observe(name).await?);
        let plan = plan(&Desired::Absent, &observed, &Prune::Off);
        if plan.is_synced() {
            return Ok(lines);
        }
        if let [conflict, ..] = plan.conflicts() {
            bail!("{conflict}");
        }
        let tell = |action: &Action| say(&action.to_string());
        let obstacle = match apply::apply(swarm, name, plan.actions(), &tell).await {
            Ok(()) => {
                lines.extend(plan.actions().iter().map(ToString::to_string));
                // Where something was done, there is something new to see at once.
                plan.waiting().first().filter(|_| plan.is_empty()).cloned()
            }
            Err(error @ ClusterError::Rejected { .. }) => return Err(error.into()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(obstacle) = obstacle {
            if Instant::now() >= deadline {
                bail!("{obstacle}");
            }
            tracing::debug!(stack.name = %name, "{obstacle}");
            sleep(POLL).await;
        }
    }
}

/// What is left alone.
#[derive(Debug, Clone, Copy)]
struct Spare {
    volumes: bool,
    /// Tasks that still stop: they are not waited for.
    leaving: bool,
}

impl Spare {
    /// What `docker stack rm` leaves is left: images, and volumes unless asked for.
    fn spare(self, mut observed: ObservedStack) -> ObservedStack {
        observed.images.clear();
        if self.volumes {
            observed.volumes.clear();
        }
        if self.leaving {
            observed.leaving_tasks = 0;
        }
        observed
    }
}
