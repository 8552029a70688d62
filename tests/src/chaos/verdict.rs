//! Whether everything is as it should be: what Docker's own command line, the
//! GitHub simulator and Berth's API say, against what the scenario wants.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

use crate::world::{World, items};

/// What the stack should be.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    /// The stack's name.
    pub(super) stack: String,
    /// Its services, by their short names; none where it should be gone.
    pub(super) services: &'static [&'static str],
    /// Every deployment that it ever had: the commit, and how it ended.
    pub(super) deployments: Vec<(String, &'static str)>,
    /// Its host, and what it serves.
    pub(super) serves: (String, String),
    /// Whether every webhook must have been judged: not while they are lost.
    pub(super) webhooks: bool,
    /// Its pull request, which has one comment of ours.
    pub(super) pull_request: Option<i64>,
}

/// What is not as it should be. Empty is right.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    pub(super) leftovers: Vec<String>,
    pub(super) doubles: Vec<String>,
    pub(super) lost: Vec<String>,
    pub(super) unmet: Vec<String>,
}

impl Findings {
    pub(super) const fn is_right(&self) -> bool {
        self.leftovers.is_empty()
            && self.doubles.is_empty()
            && self.lost.is_empty()
            && self.unmet.is_empty()
    }

    fn unmet(&mut self, text: impl Into<String>) {
        self.unmet.push(text.into());
    }
}

/// Looks at everything. An error is that of somebody who was asked, such as a
/// Berth that is not up yet: that, too, is not as it should be.
///
/// Docker's command line costs more than what is looked at: while something else
/// is not as it should be it is asked only if this is the `last` look.
pub(super) async fn look(
    world: &World,
    repository: &str,
    expected: &Expected,
    last: bool,
) -> Findings {
    let mut findings = Findings::default();
    let outcome = async {
        deployments(world, expected, &mut findings).await?;
        if expected.webhooks {
            webhooks(world, &mut findings).await?;
        }
        github(world, repository, expected, &mut findings)?;
        let gone = expected.services.is_empty();
        if gone {
            unlisted(world, expected, &mut findings).await?;
        } else {
            served(world, expected, &mut findings).await?;
        }
        if !(last || findings.is_right()) {
            return Ok(());
        }
        if gone {
            findings.leftovers.extend(world.docker.leftovers(&expected.stack).await?);
            return Ok(());
        }
        cluster(world, expected, &mut findings).await
    }
    .await;
    if let Err(err) = outcome {
        findings.unmet(format!("{err:#}"));
    }
    findings
}

/// Looks at what is around the deployments of a stack that should be there: its
/// webhooks, the cluster, and its route.
pub(super) async fn look_around(world: &World, expected: &Expected, findings: &mut Findings) {
    let outcome = async {
        webhooks(world, findings).await?;
        cluster(world, expected, findings).await?;
        served(world, expected, findings).await
    }
    .await;
    if let Err(err) = outcome {
        findings.unmet(format!("{err:#}"));
    }
}

/// Berth's own list: each commit as often as it was asked for, and well ended.
async fn deployments(
    world: &World,
    expected: &Expected,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    if expected.services.is_empty() {
        return Ok(());
    }
    let path = format!("/api/v1/stacks/{}/deployments", expected.stack);
    let list = world.api()?.all(&path).await?;
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
    for item in &list {
        let sha = item["commit"]["sha"].as_str().unwrap_or_default();
        reasons.extend(item["reason"]["text"].as_str().map(|why| (sha, why)));
        found.entry(sha).or_default().push(item["phase"].as_str().unwrap_or_default());
    }
    let mut wanted: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (sha, phase) in &expected.deployments {
        wanted.entry(sha).or_default().push(phase);
    }
    for (sha, phases) in &mut wanted {
        let there = found.entry(sha).or_default();
        there.sort_unstable();
        phases.sort_unstable();
        if there.len() > phases.len() {
            findings.doubles.push(format!("deployment of {sha} to {}: {there:?}", expected.stack));
        } else if there != phases {
            let why = reasons.get(sha).copied().unwrap_or("no reason is told");
            let stack = &expected.stack;
            findings.unmet(format!("{stack} of {sha} is {there:?}, not {phases:?}: {why}"));
        }
    }
    for sha in found.keys().filter(|sha| !wanted.contains_key(*sha)) {
        findings.doubles.push(format!("a deployment of {sha} that nobody asked for"));
    }
    Ok(())
}

/// As many of the newest webhooks as one page of Berth's list has.
const NEWEST: usize = 60;

/// Every webhook that GitHub has a record of was judged.
async fn webhooks(world: &World, findings: &mut Findings) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    let mut sent: Vec<(String, String)> = Vec::new();
    for attempt in world.github()?.deliveries().into_iter().rev() {
        if seen.insert(attempt.guid.clone()) && sent.len() < NEWEST {
            sent.push((attempt.guid, attempt.event));
        }
    }
    let list = world.api()?.read("/api/v1/deliveries?limit=100").await?;
    let judged: BTreeMap<&str, &Value> =
        items(&list).filter_map(|item| Some((item["id"].as_str()?, item))).collect();
    for (guid, event) in sent {
        match judged.get(guid.as_str()) {
            None => findings.lost.push(format!("webhook {event} {guid} is not there")),
            Some(item) if item["processed_at"].is_null() => {
                findings.lost.push(format!("webhook {event} {guid} is not judged"));
            }
            Some(item) if item["outcome"] == "failed" => {
                findings.lost.push(format!("webhook {event} {guid} failed: {}", item["reason"]));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// GitHub heard of each thing once, and of its end.
fn github(
    world: &World,
    repository: &str,
    expected: &Expected,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let github = world.github()?;
    let deployments = github.deployments(repository)?;
    let mut ids = BTreeSet::new();
    for deployment in &deployments {
        let id = deployment.payload["berth_deployment"].to_string();
        if !ids.insert(id.clone()) {
            findings.doubles.push(format!("deployment {id} at GitHub"));
        }
    }
    let mut ids = BTreeSet::new();
    for run in github.check_runs(repository)? {
        if !ids.insert(run.external_id.clone()) {
            findings.doubles.push(format!("check run {:?} at GitHub", run.external_id));
        }
    }
    let comments = github.comments(repository)?;
    if let Some(number) = expected.pull_request {
        let ours = comments.iter().filter(|one| one.issue == number && one.app_id.is_some());
        match ours.count() {
            1 => {}
            0 => findings.unmet("GitHub has no comment of ours"),
            many => findings.doubles.push(format!("comment of ours at GitHub, {many} times")),
        }
    }
    let gone = expected.services.is_empty();
    for (sha, phase) in &expected.deployments {
        let latest = expected.deployments.iter().rfind(|(_, phase)| *phase == "succeeded");
        let runs = github.check_runs(repository)?;
        let mut runs = runs.iter().filter(|run| run.head_sha == *sha);
        let conclusion = if *phase == "succeeded" { "success" } else { "failure" };
        if !runs.any(|run| run.conclusion.as_deref() == Some(conclusion)) {
            findings.unmet(format!("no check run of {sha} at GitHub says {conclusion}"));
        }
        let state = match *phase {
            "succeeded" if gone => "inactive",
            "succeeded" if latest.is_some_and(|(latest, _)| latest == sha) => "success",
            "succeeded" => "inactive",
            _ => "failure",
        };
        let states: Vec<&str> =
            deployments.iter().filter(|it| it.sha == *sha).map(|it| it.state()).collect();
        let settled = gone && states.iter().all(|it| *it == "inactive");
        if !(settled || states.contains(&state)) {
            findings.unmet(format!("GitHub's deployment of {sha} is {states:?}, not {state}"));
        }
    }
    Ok(())
}

/// Berth knows nothing of the stack any more.
async fn unlisted(
    world: &World,
    expected: &Expected,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let list = world.api()?.read("/api/v1/stacks?limit=100").await?;
    if items(&list).any(|item| item["name"] == expected.stack.as_str()) {
        findings.unmet(format!("Berth still lists {}", expected.stack));
    }
    Ok(())
}

/// On the cluster there is what should be, once, and nothing else.
async fn cluster(
    world: &World,
    expected: &Expected,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let stack = &expected.stack;
    let objects = world.docker.leftovers(stack).await?;
    let named = |kind: &str| -> Vec<String> {
        let prefix = format!("{kind} ");
        objects.iter().filter_map(|line| Some(line.strip_prefix(&prefix)?.to_owned())).collect()
    };
    let wanted: BTreeSet<String> =
        expected.services.iter().map(|name| format!("{stack}_{name}")).collect();
    let services = named("service");
    for name in services.iter().filter(|name| !wanted.contains(*name)) {
        findings.leftovers.push(format!("service {name}"));
    }
    for name in wanted.iter().filter(|name| !services.contains(name)) {
        findings.unmet(format!("there is no service {name}"));
    }
    let mut specs = String::new();
    for name in &services {
        specs.push_str(&world.docker.run(&["service", "inspect", name]).await?);
        let format = "{{.CurrentState}}";
        let filter = "desired-state=running";
        let args = ["service", "ps", "--format", format, "--filter", filter, name];
        let tasks = world.docker.run(&args).await?;
        let running = tasks.lines().filter(|state| state.starts_with("Running")).count();
        match running {
            1 => {}
            0 => findings.unmet(format!("no task of {name} runs: {tasks}")),
            many => findings.doubles.push(format!("task of {name}, {many} times")),
        }
    }
    // What a service was before its last update, Swarm needs to take that back.
    for kind in ["config", "secret"] {
        for name in named(kind).iter().filter(|name| !specs.contains(name.as_str())) {
            findings.leftovers.push(format!("{kind} {name}"));
        }
    }
    for (kind, name) in [("network", "default"), ("volume", "data")] {
        let wanted = format!("{stack}_{name}");
        for other in named(kind).iter().filter(|name| **name != wanted) {
            findings.leftovers.push(format!("{kind} {other}"));
        }
    }
    Ok(())
}

/// The route answers as it should.
async fn served(world: &World, expected: &Expected, findings: &mut Findings) -> anyhow::Result<()> {
    let (host, text) = &expected.serves;
    let answer = world.traefik()?.client().get_host(host, "/banner.txt").await;
    let answer = answer.with_context(|| format!("{host} does not answer"))?;
    if !(answer.status.is_success() && answer.text().contains(text.as_str())) {
        findings.unmet(format!(
            "{host} answers {} {:?}, not {text:?}",
            answer.status,
            answer.text().trim()
        ));
    }
    Ok(())
}
