//! `berth stack deploy` and `berth stack plan`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use berth_compose_templates::Places;
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired};
use berth_domain::stack::StackSpec;
use berth_reconciler::plan::{Plan, Prune, plan as plan_of};
use berth_reconciler::preflight;
use berth_swarm::{Endpoint, Swarm};
use rand::Rng;
use serde_json::json;
use tokio::time::sleep;

use super::load::{Input, Refused};
use super::{DeployArgs, PlanArgs, WhatArgs, apply, images, print_json, print_line, wait};

/// How often to look again where somebody else changed the stack meanwhile.
const ATTEMPTS: u32 = 5;

/// A stack to deploy, before it was compared with anything.
struct Wanted {
    swarm: Swarm,
    written: StackSpec,
    places: Places,
}

impl Wanted {
    async fn read(endpoint: &Endpoint, what: &WhatArgs) -> anyhow::Result<Self> {
        let (written, places) = Input::read(&what.files)?.to_stack(&what.name)?;
        let mut swarm = Swarm::new(endpoint, None);
        if what.with_registry_auth {
            swarm = swarm.with_logins(Arc::new(images::docker_config().await?));
        }
        Ok(Self { swarm, written, places })
    }

    /// What is to be deployed, with the images pinned; or why the cluster can't
    /// run it. What may go wrong is written to the standard error.
    async fn checked(&self, what: &WhatArgs) -> anyhow::Result<StackSpec> {
        let spec = self.pinned(what).await?;
        let facts = self.swarm.facts(&preflight::images(&spec)).await?;
        let found = preflight::preflight(&what.name, &spec, &self.places, &facts);
        for note in found.notes {
            eprintln!("warning: {note}");
        }
        let mut complaints = found.complaints;
        if what.files.is_as_docker() {
            // Docker deploys what the cluster can't run, and finds out.
            let impossible = preflight::impossible(&what.name, &spec, &self.places, &facts);
            complaints.retain(|complaint| !impossible.contains(complaint));
            for complaint in &complaints {
                eprintln!("warning: {complaint}");
            }
            complaints = impossible;
        }
        if complaints.is_empty() {
            return Ok(spec);
        }
        let (start, noun) = ("the cluster can't run this for", "reasons");
        Err(Refused { start, noun, complaints }.into())
    }

    /// What is to be deployed, with the images pinned.
    async fn pinned(&self, what: &WhatArgs) -> Result<StackSpec, ClusterError> {
        let observed = self.swarm.observe(&what.name).await?;
        let mut spec = self.written.clone();
        images::pin(&self.swarm, what.resolve_image, &mut spec, &observed).await;
        Ok(spec)
    }

    /// Compares with what is there now.
    async fn plan(&self, what: &WhatArgs, spec: &StackSpec) -> Result<Plan, ClusterError> {
        let observed = self.swarm.observe(&what.name).await?;
        let prune = if what.prune { Prune::all() } else { Prune::Off };
        Ok(plan_of(&Desired::Present(Box::new(spec.clone())), &observed, &prune))
    }
}

/// Prints a plan, and exits with 2 where it has something to do, and with 1
/// where something is in the way.
pub(crate) async fn plan(endpoint: &Endpoint, args: PlanArgs) -> anyhow::Result<ExitCode> {
    let what = args.what;
    let wanted = Wanted::read(endpoint, &what).await?;
    let spec = wanted.checked(&what).await?;
    let plan = wanted.plan(&what, &spec).await?;
    print_plan(&what, &plan)?;
    Ok(match plan.conflicts() {
        [] if plan.is_synced() => ExitCode::SUCCESS,
        [] => ExitCode::from(2),
        [..] => ExitCode::FAILURE,
    })
}

fn print_plan(what: &WhatArgs, plan: &Plan) -> anyhow::Result<()> {
    if what.json {
        return print_json(&json!({
            "stack": what.name,
            "changes": !plan.is_synced(),
            "plan": plan.lines(),
            "replaced": plan.replaced(),
            "actions": plan.actions().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "conflicts": plan.conflicts(),
            "waiting": plan.waiting(),
        }));
    }
    for line in plan.lines() {
        print_line(&line);
    }
    Ok(())
}

/// Deploys, and waits unless told not to.
pub(crate) async fn deploy(endpoint: &Endpoint, args: DeployArgs) -> anyhow::Result<ExitCode> {
    let DeployArgs { what, detach, dry_run, timeout, quiet } = args;
    let wanted = Wanted::read(endpoint, &what).await?;
    let began = Instant::now();
    let since = wait::engine_time(&wanted.swarm, endpoint).await?;
    let say = |line: &str| {
        if !quiet && !what.json {
            print_line(line);
        }
    };

    let spec = wanted.checked(&what).await?;
    if dry_run {
        print_plan(&what, &wanted.plan(&what, &spec).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut done = Done::default();
    let goal = wait::Goal { stack: &what.name, spec: &spec, since, patience: timeout };
    let mut watch = wait::Watch::default();
    let plan = loop {
        let plan = one_pass(&wanted, &what, &spec, &mut done, &say).await?;
        if !plan.is_partial() {
            break plan;
        }
        // What the rest waits for may never come.
        watch.look(&wanted.swarm, &goal, &done.services, &say).await?;
        sleep(wait::POLL).await;
    };
    for waiting in plan.waiting() {
        say(&format!("… {waiting}"));
    }

    let services = if detach {
        json!(null)
    } else {
        watch.until_converged(&wanted.swarm, &goal, &done.services, &say).await?
    };
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if what.json {
        print_json(&json!({
            "stack": what.name,
            "ok": true,
            "actions": done.lines,
            "services": services,
            "duration_ms": ms,
        }))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    /// Services that were made or changed.
    services: BTreeSet<String>,
    /// A line for each action, and for what is replaced.
    lines: Vec<String>,
}

/// Plans and applies once; again where somebody else changed the stack meanwhile.
async fn one_pass(
    wanted: &Wanted,
    what: &WhatArgs,
    spec: &StackSpec,
    done: &mut Done,
    say: &(impl Fn(&str) + Sync),
) -> anyhow::Result<Plan> {
    let mut attempt = 1;
    loop {
        let plan = wanted.plan(what, spec).await?;
        if let [conflict, ..] = plan.conflicts() {
            bail!("{conflict}");
        }
        for replaced in plan.replaced() {
            let line = format!("± replace {replaced}");
            if !done.lines.contains(&line) {
                say(&line);
                done.lines.push(line);
            }
        }
        done.services.extend(apply::changed(plan.actions()));
        let tell = |action: &Action| say(&action.to_string());
        match apply::apply(&wanted.swarm, &what.name, plan.actions(), &tell).await {
            Ok(()) => {
                done.lines.extend(plan.actions().iter().map(ToString::to_string));
                return Ok(plan);
            }
            Err(ClusterError::Stale { what }) if attempt < ATTEMPTS => {
                tracing::debug!("{what} changed meanwhile; looking again");
            }
            Err(error @ ClusterError::Unavailable { .. }) if attempt < ATTEMPTS => {
                eprintln!("warning: {error}; trying again");
            }
            Err(error) => return Err(error).context(format!("failed to deploy {}", what.name)),
        }
        let jitter = rand::rng().random_range(0.5..1.0);
        sleep(Duration::from_millis(200).mul_f64(jitter) * attempt).await;
        attempt += 1;
    }
}
