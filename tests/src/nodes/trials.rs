//! What is done to the nodes and to Berth, and what must be so afterwards.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::time::Instant;

use super::Plan;
use super::machine::NODES;
use super::report::{Row, Summary};
use super::site::{BERTH, LIMIT, MANY, SINGLE, Site, node};
use crate::steps::step;
use crate::wait::until;

/// How long visitors of a stack with tasks on other nodes may be without an
/// answer: until Traefik's own health check has passed the lost one over.
const GAP: Duration = Duration::from_secs(20);

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    LoseWorker,
    LoseOther,
    LoseLeader,
    Cut,
    Upgrade,
    Left,
}

impl Trial {
    const ALL: [Self; 6] =
        [Self::LoseWorker, Self::LoseOther, Self::LoseLeader, Self::Cut, Self::Upgrade, Self::Left];

    const fn name(self) -> &'static str {
        match self {
            Self::LoseWorker => "lose a worker",
            Self::LoseOther => "lose a manager",
            Self::LoseLeader => "lose the node with Berth's leader",
            Self::Cut => "cut a node off, and mend it",
            Self::Upgrade => "upgrade Berth",
            Self::Left => "close previews with volumes on a node that is away",
        }
    }
}

/// Tries all that the plan asks for, one after the other.
pub(super) async fn all(plan: &Plan, site: &mut Site, summary: &mut Summary) -> anyhow::Result<()> {
    let wanted = |trial: &Trial| plan.only.as_ref().is_none_or(|only| trial.name().contains(only));
    for trial in Trial::ALL.into_iter().filter(wanted) {
        until("all is well", LIMIT, async || well(site, NODES).await).await?;
        for probe in &site.probes {
            probe.take();
        }
        let mut row = Row { trial: trial.name(), ..Row::default() };
        step(trial.name(), Box::pin(run(trial, site, &mut row, summary))).await?;
        if let [many, single, berth] = site.probes.as_slice() {
            (row.many, row.single, row.berth) = (many.take(), single.take(), berth.take());
        }
        if row.many.gap > GAP {
            let gap = row.many.gap.as_secs_f64();
            summary.problems.push(format!(
                "{}: a stack with a task on each node gave no answer for {gap:.1} s",
                trial.name()
            ));
        }
        summary.rows.push(row);
    }
    Ok(())
}

async fn run(
    trial: Trial,
    site: &mut Site,
    row: &mut Row,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    match trial {
        Trial::Upgrade => return upgrade(site, row, summary).await,
        Trial::LoseWorker | Trial::LoseOther | Trial::LoseLeader | Trial::Cut | Trial::Left => {}
    }
    if trial == Trial::LoseLeader {
        lead_elsewhere(site).await?;
    }
    let leader = site.leader().await?;
    let keeper = site.keeper()?.name.clone();
    let name = match trial {
        Trial::LoseLeader => leader,
        Trial::LoseWorker | Trial::LoseOther | Trial::Cut | Trial::Upgrade | Trial::Left => {
            let others = site.machines.iter().map(|it| &it.name);
            let mut free = others.filter(|it| **it != keeper && **it != leader);
            free.next().context("every node is needed")?.clone()
        }
    };
    if trial == Trial::Left {
        return super::left::run(site, &name).await;
    }
    if trial == Trial::LoseWorker {
        site.keeper()?.docker.run(&["node", "demote", &name]).await?;
        let what = format!("all is well with {name} as a worker");
        until(&what, LIMIT, async || well(site, NODES - 1).await).await?;
    }
    let begun = Instant::now();
    if trial == Trial::Cut {
        site.machine(&name)?.cut().await?;
    } else {
        site.machine(&name)?.power_off().await?;
    }

    until(&format!("Berth says that {name} is away"), LIMIT, async || {
        let lost = site.lost().await?;
        if lost == [name.clone()] { Ok(()) } else { bail!("{lost:?}") }
    })
    .await?;
    row.told = Some(begun.elapsed());
    until("what ran there runs elsewhere", LIMIT, async || elsewhere(site, &name).await).await?;
    row.moved = Some(begun.elapsed());
    for stack in [MANY, SINGLE] {
        row.deployed = row.deployed.max(site.deploy(stack).await?);
        summary.deploys += 1;
    }

    let begun = Instant::now();
    if trial == Trial::Cut {
        site.machine(&name)?.mend().await?;
    } else {
        site.machine(&name)?.power_on().await?;
    }
    until(&format!("Berth says that {name} is back"), LIMIT, async || {
        let lost = site.lost().await?;
        if lost.is_empty() { Ok(()) } else { bail!("{lost:?}") }
    })
    .await?;
    row.back = Some(begun.elapsed());
    until("what happened is told", LIMIT, async || {
        let cluster = site.read("/api/v1/cluster").await?;
        let told = &cluster["outages"][0];
        ensure!(told["hostname"] == name.as_str() && told["ending"] == "back", "{told}");
        Ok(())
    })
    .await?;
    until("nothing runs twice", LIMIT, async || as_wanted(site).await).await?;
    if trial == Trial::LoseWorker {
        site.keeper()?.docker.run(&["node", "promote", &name]).await?;
    }
    Ok(())
}

/// Whether every node is there, and everything that should run does, on so many
/// managers what belongs there.
async fn well(site: &Site, managers: usize) -> anyhow::Result<()> {
    let lost = site.lost().await?;
    ensure!(lost.is_empty(), "{lost:?} are away");
    site.runs(BERTH, NODES).await?;
    site.runs("berth_traefik", managers).await?;
    for stack in [MANY, SINGLE] {
        site.is_routed(&stack.host(), "/").await?;
    }
    as_wanted(site).await
}

/// Whether so many containers of the stacks run as should, on all nodes together.
async fn as_wanted(site: &Site) -> anyhow::Result<()> {
    for (stack, wanted) in [(MANY, NODES), (SINGLE, 1)] {
        let service = format!("{}_web", site.name(stack).await?);
        let mut running = 0;
        for machine in site.machines.iter().filter(|it| it.is_on()) {
            running += machine.containers(&service).await?.len();
        }
        ensure!(running == wanted, "{running} of {service} run, and should {wanted}");
    }
    Ok(())
}

/// Whether Berth says that nothing runs on the node, and all that should on others.
async fn elsewhere(site: &Site, name: &str) -> anyhow::Result<()> {
    let left = node(site, name).await?;
    ensure!(left["state"] == "down" && !left["away_since"].is_null(), "{left}");
    let cluster = site.read("/api/v1/cluster").await?;
    for (stack, wanted) in [(MANY, NODES), (SINGLE, 1)] {
        let stack = site.name(stack).await?;
        let nodes = cluster["nodes"].as_array().into_iter().flatten();
        let others = nodes.filter(|node| node["hostname"] != name);
        let tasks = others.flat_map(|node| node["tasks"].as_array().into_iter().flatten());
        let its = tasks.filter(|task| task["stack"] == stack.as_str());
        let running: u64 = its.filter_map(|task| task["running"].as_u64()).sum();
        ensure!(running == wanted as u64, "{running} tasks of {stack} run: {cluster}");
    }
    Ok(())
}

/// Makes another node's Berth lead than the one beside the database, which is the
/// one that is not lost.
async fn lead_elsewhere(site: &Site) -> anyhow::Result<()> {
    let keeper = site.keeper()?;
    until("Berth leads elsewhere than beside the database", LIMIT, async || {
        if site.leader().await? != keeper.name {
            return Ok(());
        }
        for container in keeper.containers(BERTH).await? {
            keeper.docker.run(&["stop", &container]).await?;
        }
        bail!("it led beside the database, and was stopped")
    })
    .await?;
    until("all is well again", LIMIT, async || well(site, NODES).await).await
}

/// Gives Berth another image, and deploys until the last replica has it.
async fn upgrade(site: &mut Site, row: &mut Row, summary: &mut Summary) -> anyhow::Result<()> {
    let docker = site.keeper()?.docker.clone();
    let image = site.images.berth[1].clone();
    let args = ["service", "update", "--detach", "--no-resolve-image", "--image", &image, BERTH];
    docker.run(&args).await?;
    let state = ["service", "inspect", "--format", "{{.UpdateStatus.State}}", BERTH];
    loop {
        for stack in [MANY, SINGLE] {
            row.deployed = row.deployed.max(site.deploy(stack).await?);
            summary.deploys += 1;
        }
        match docker.run(&state).await?.as_str() {
            "updating" => {}
            "completed" => break,
            other => bail!("the update of Berth is {other}"),
        }
    }
    let mut running = 0;
    for machine in &site.machines {
        // By the name that it runs under: the executors are of the same image, and so
        // is what ran before.
        let filter = format!("label=com.docker.swarm.service.name={BERTH}");
        let args = ["ps", "--format", "{{.Image}}", "--filter", &filter];
        let images = machine.docker.run(&args).await?;
        running += images.lines().filter(|it| **it == image).count();
    }
    ensure!(running == NODES, "{running} replicas have the new image");
    Ok(())
}
