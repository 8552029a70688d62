//! `berth stack deploy` and `berth stack plan`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired};
use berth_domain::stack::StackSpec;
use berth_reconciler::plan::{Plan, Prune, plan as plan_of};
use berth_swarm::{Endpoint, RegistryAuth, Swarm};
use rand::Rng;
use serde_json::json;
use tokio::time::sleep;

use super::load::Input;
use super::{DeployArgs, PlanArgs, WhatArgs, apply, images, print_json, print_line, wait};

/// How often to look again where somebody else changed the stack meanwhile.
const ATTEMPTS: u32 = 5;

/// A stack to deploy, before it was compared with anything.
struct Wanted {
    swarm: Swarm,
    auth: RegistryAuth,
    written: StackSpec,
}

impl Wanted {
    async fn read(endpoint: &Endpoint, what: &WhatArgs) -> anyhow::Result<Self> {
        let written = Input::read(&what.files).await?.to_stack(&what.name)?;
        let auth = if what.with_registry_auth {
            images::registry_auth().await?
        } else {
            RegistryAuth::default()
        };
        let swarm = Swarm::new(endpoint, None).with_registry_auth(auth.clone());
        Ok(Self { swarm, auth, written })
    }

    /// Compares with what is there now.
    async fn plan(&self, what: &WhatArgs) -> Result<(StackSpec, Plan), ClusterError> {
        let observed = self.swarm.observe(&what.name).await?;
        let mut spec = self.written.clone();
        let reader = self.swarm.reader();
        images::pin(&reader, &self.auth, what.resolve_image, &mut spec, &observed).await;
        let prune = if what.prune { Prune::all() } else { Prune::Off };
        let plan = plan_of(&Desired::Present(Box::new(spec.clone())), &observed, &prune);
        Ok((spec, plan))
    }
}

/// Prints a plan, and exits with 2 where it has something to do.
pub(crate) async fn plan(endpoint: &Endpoint, args: PlanArgs) -> anyhow::Result<ExitCode> {
    let what = args.what;
    let wanted = Wanted::read(endpoint, &what).await?;
    let (_, plan) = wanted.plan(&what).await?;
    print_plan(&what, &plan)?;
    Ok(if plan.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

fn print_plan(what: &WhatArgs, plan: &Plan) -> anyhow::Result<()> {
    if what.json {
        return print_json(&json!({"stack": what.name, "plan": plan.lines()}));
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

    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut attempt = 1;
    let (spec, plan) = loop {
        let (spec, plan) = wanted.plan(&what).await?;
        if dry_run {
            print_plan(&what, &plan)?;
            return Ok(ExitCode::SUCCESS);
        }
        if let [conflict, ..] = plan.conflicts() {
            bail!("{conflict}");
        }
        done.extend(apply::changed(plan.actions()));
        let tell = |action: &Action| say(&action.to_string());
        match apply::apply(&wanted.swarm, &what.name, plan.actions(), &tell).await {
            Ok(()) => break (spec, plan),
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
    };
    if let Some(waiting) = plan.waiting() {
        say(&format!("… {waiting}"));
    }

    let services = if detach {
        json!(null)
    } else {
        let goal =
            wait::Goal { stack: &what.name, spec: &spec, changed: &done, since, patience: timeout };
        wait::until_converged(&wanted.swarm, &goal, &say).await?
    };
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    if what.json {
        print_json(&json!({
            "stack": what.name,
            "ok": true,
            "actions": plan.lines(),
            "services": services,
            "duration_ms": ms,
        }))?;
    }
    Ok(ExitCode::SUCCESS)
}
