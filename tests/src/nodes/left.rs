//! What previews leave on nodes: it goes where it should, on a node that was away
//! as well, and what is kept or anybody else's stays.

use anyhow::{Context as _, bail, ensure};
use berth_github_sim::{Commit, NewPullRequest};
use http::Method;
use serde_json::{Value, json};

use super::machine::{Machine, NODES};
use super::site::{LIMIT, Site};
use crate::wait::until;
use crate::world::items;

/// A stack with a task on each node, and so with a volume on each.
const COMPOSE: &str = r#"services:
  web:
    image: berth-demo/base:1
    command: [sh, -c, "date >/data/began && exec sleep 1d"]
    volumes: ["data:/data"]
    stop_grace_period: 1s
    deploy:
      replicas: 3
      endpoint_mode: dnsrr
      placement: { max_replicas_per_node: 1 }
      restart_policy: { condition: any, delay: 1s }
      update_config: { monitor: 1s }
volumes: { data: {} }
"#;

/// A volume of another Berth's, under the name of a stack of ours.
const OTHERS: &str = "anothers-data";

/// A preview, by its stack and its pull request.
struct Preview {
    stack: String,
    number: i64,
}

async fn open(site: &Site, branch: &str) -> anyhow::Result<Preview> {
    let github = site.github()?;
    let commit = Commit::of(&format!("Try {branch}"), [("compose.yaml", COMPOSE)]);
    let sha = github.push("acme/shop", branch, commit).await?.after;
    let asked = NewPullRequest::of(branch, branch);
    let number = github.open_pull_request("acme/shop", asked).await?.number;
    let environment = format!("pr-{number}");
    let stack = until(&format!("{branch} is previewed"), LIMIT, async || {
        let list = site.read("/api/v1/stacks").await?;
        let its = items(&list).find(|it| it["environment"] == environment.as_str());
        let name = its.and_then(|it| it["name"].as_str());
        let name = name.with_context(|| list.to_string())?.to_owned();
        let list = site.read(&format!("/api/v1/stacks/{name}/deployments")).await?;
        let of_it = items(&list).find(|it| it["commit"]["sha"] == sha.as_str());
        let over = of_it.filter(|it| !it["finished_at"].is_null());
        Ok::<_, anyhow::Error>((name, over.cloned().with_context(|| list.to_string())?))
    })
    .await?;
    ensure!(stack.1["phase"] == "succeeded", "{}", stack.1);
    Ok(Preview { stack: stack.0, number })
}

/// The names of a stack's volumes on a node.
async fn volumes(machine: &Machine, stack: &str) -> anyhow::Result<Vec<String>> {
    let filter = format!("label=com.docker.stack.namespace={stack}");
    let args = ["volume", "ls", "--format", "{{.Name}}", "--filter", &filter];
    let mut all: Vec<String> =
        machine.docker.run(&args).await?.lines().map(str::to_owned).collect();
    all.retain(|name| name != OTHERS);
    Ok(all)
}

/// What a node said last, and what is planned there.
async fn known(site: &Site, node: &str) -> anyhow::Result<Value> {
    let plan = site.read("/api/v1/prune").await?;
    let mut nodes = plan["nodes"].as_array().into_iter().flatten();
    let its = nodes.find(|it| it["hostname"] == node).cloned();
    its.with_context(|| format!("nothing is known of {node}: {plan}"))
}

/// What is planned on a node.
async fn planned(site: &Site, node: &str) -> anyhow::Result<Value> {
    Ok(known(site, node).await?["items"].clone())
}

/// Closes two previews while a node is away; one of them keeps its volumes.
pub(super) async fn run(site: &mut Site, away: &str) -> anyhow::Result<()> {
    until("an executor was heard of on each node", LIMIT, async || {
        let plan = site.read("/api/v1/prune").await?;
        let many = plan["nodes"].as_array().map_or(0, Vec::len);
        if many == NODES { Ok(()) } else { bail!("{plan}") }
    })
    .await?;
    let goes = open(site, "goes").await?;
    let stays = open(site, "stays").await?;
    let path = format!("/api/v1/stacks/{}/settings", stays.stack);
    let settings = json!({
        "on_failure": "rollback", "protected": false, "freezes": [], "drift": "heal",
        "volumes": {"policy": "keep", "days": null},
    });
    site.api().with_header("if-match", "*").json(Method::PUT, &path, &settings).await?;
    for machine in &site.machines {
        for stack in [&goes.stack, &stays.stack] {
            let there = volumes(machine, stack).await?;
            ensure!(there.len() == 1, "{}: {stack} has {there:?}", machine.name);
        }
        let namespace = format!("com.docker.stack.namespace={}", goes.stack);
        let instance = "berth.instance=0190a5e2-0000-7000-8000-000000000000";
        let labels = ["--label", instance, "--label", &namespace];
        machine.docker.run(&[&["volume", "create"], &labels[..], &[OTHERS]].concat()).await?;
    }

    // What a node has never told of is known once it is back.
    let before = known(site, away).await?["reported_at"].clone();
    until("the node has told of its volumes", LIMIT, async || {
        let now = known(site, away).await?["reported_at"].clone();
        if now == before { bail!("{now}") } else { Ok(()) }
    })
    .await?;
    site.machine(away)?.power_off().await?;
    until("the node is told as away", LIMIT, async || {
        let lost = site.lost().await?;
        if lost == [away] { Ok(()) } else { bail!("{lost:?}") }
    })
    .await?;
    for preview in [&goes, &stays] {
        site.github()?.close_pull_request("acme/shop", preview.number)?;
    }
    until("the volumes are gone on the nodes that are there", LIMIT, async || {
        for machine in site.machines.iter().filter(|it| it.is_on()) {
            let there = volumes(machine, &goes.stack).await?;
            ensure!(
                there.is_empty(),
                "{}: {there:?} {}",
                machine.name,
                planned(site, &machine.name).await?
            );
        }
        Ok(())
    })
    .await?;
    until("what is to go on the other stays open", LIMIT, async || {
        let items = planned(site, away).await?;
        ensure!(items.to_string().contains(&goes.stack), "{items}");
        ensure!(!items.to_string().contains(&stays.stack), "{items}");
        Ok(())
    })
    .await?;
    site.machine(away)?.power_on().await?;
    until("the volume is gone there, too", LIMIT, async || {
        let machine = site.machines.iter().find(|it| it.name == away).context("no such node")?;
        let there = volumes(machine, &goes.stack).await?;
        if there.is_empty() { Ok(()) } else { bail!("{there:?}") }
    })
    .await?;
    for machine in &site.machines {
        let there = volumes(machine, &stays.stack).await?;
        ensure!(there.len() == 1, "{}: what is kept is {there:?}", machine.name);
        machine.docker.run(&["volume", "inspect", OTHERS]).await?;
    }
    Ok(())
}
