//! Three replicas on one Postgres, killed, paused and cut off by schedules that
//! are drawn from seeds, while people push: one leads at a time, and everything
//! comes to its right end.
//!
//! ```text
//! schedule   what is done to whom, and when: drawn from a seed
//! crew       what that comes to, whoever leads
//! site       the world, and how it is done
//! front      how webhooks reach all replicas
//! readers    who asks each replica all the time
//! witness    who led when, by Postgres's word
//! verdict    what is not as it should be
//! report     the figures
//! failover   how long a killed leader is missed
//! ```

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::{Instant, sleep};

mod crew;
pub mod failover;
pub(crate) mod front;
mod readers;
mod report;
mod schedule;
mod site;
mod verdict;
mod witness;

pub use self::report::Summary;
use self::schedule::{Schedule, Step};
use self::site::{LEASE, Site};
use self::verdict::Deployment;
use super::scenario::Sample;
use super::verdict::{Expected, Findings, look_around};
use crate::steps::step;

/// How much later than its lease a leader may be replaced, in seconds.
const GRACE: f64 = 2.0;

/// How long everything may take to be as it should be once all are healed: a
/// webhook that a replica took with it is asked for again within five minutes.
const LIMIT: Duration = Duration::from_secs(420);

/// How many schedules there are where nobody says.
pub const SCHEDULES: u64 = 200;

/// How many in a quick run.
pub const QUICK: u64 = 3;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many schedules.
    pub schedules: u64,
    /// The first one's seed; the others follow it.
    pub seed: u64,
    /// Whether to say what goes on.
    pub aloud: bool,
}

/// Where a run stands.
#[derive(Debug)]
struct Runner {
    site: Site,
    round: u32,
    /// The newest deployment's number before the schedule.
    before: i64,
    /// What was pushed in the schedule.
    pushed: Vec<String>,
    /// The newest one of it.
    sample: Sample,
    summary: Summary,
}

/// Runs schedules in a world in `folder`, until one of them does not come to its
/// right end: whatever came after could be its doing.
///
/// # Errors
///
/// Where a run can't begin.
pub async fn run(plan: &Plan, folder: PathBuf) -> anyhow::Result<Summary> {
    let mut runner = Box::pin(Runner::open(folder)).await?;
    let outcome = Box::pin(runner.everything(plan)).await;
    let Runner { site, mut summary, .. } = runner;
    summary.taken = site.taken();
    if let Err(err) = outcome {
        summary.problems.push(format!("the run broke off: {err:#}"));
    }
    let (kept, closed) = site.close(!summary.is_fine()).await;
    if let Err(err) = closed {
        summary.leftovers += 1;
        summary.problems.push(format!("left over: {err:#}"));
    }
    if let Some(path) = kept {
        summary.problems.push(format!("the replicas' logs are kept in {}", path.display()));
    }
    Ok(summary)
}

impl Runner {
    /// In a world that nothing was pushed to.
    async fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let site = Box::pin(Site::open(folder)).await?;
        let sample = Sample { round: 0, content: 0, helper: false, healthy: true };
        let (pushed, summary) = (Vec::new(), Summary::default());
        Ok(Self { site, round: 0, before: 0, pushed, sample, summary })
    }

    /// Pushes once while all is well.
    async fn begin(&mut self) -> anyhow::Result<()> {
        self.push().await?;
        self.settle().await.map_err(anyhow::Error::msg).context("before any trouble")
    }

    async fn everything(&mut self, plan: &Plan) -> anyhow::Result<()> {
        // There is a stack to look at before anybody does.
        self.begin().await?;
        self.site.watch();
        for number in 0..plan.schedules {
            let schedule = Schedule::of(plan.seed.wrapping_add(number));
            let told = schedule.to_string();
            let play = Box::pin(self.play(&schedule));
            let played = if plan.aloud { step(&told, play).await } else { play.await };
            self.summary.schedules += 1;
            if let Err(err) = played {
                self.summary.problems.push(format!(
                    "schedule {told}\n  again: cargo xtask chaos --replicas --seed {}\n  {err:#}",
                    schedule.seed
                ));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Plays one schedule to its end. What is not as it should be is an error.
    async fn play(&mut self, schedule: &Schedule) -> anyhow::Result<()> {
        self.before = self.newest().await?;
        self.pushed.clear();
        for &Step { push, deed, wait } in &schedule.steps {
            if push {
                self.push().await?;
            }
            self.site.act(deed).await?;
            sleep(wait).await;
        }
        self.site.heal_all().await?;
        let settled = self.settle().await;
        let mut wrong = settled.err().into_iter().collect::<Vec<_>>();

        let turns = self.site.witness.turns().await?;
        let split = verdict::leadership(&turns);
        self.summary.splits += split.len();
        wrong.extend(split);
        let late = self.site.witness.late().await?;
        self.summary.late += late.len();
        wrong.extend(late.into_iter().map(|what| format!("a late write: {what}")));
        let losses = self.site.take_losses();
        let took = verdict::takeovers(&turns, &losses);
        self.summary.takeovers.extend(took.into_iter().flatten());
        wrong.extend(verdict::replaced(&turns, &losses, LEASE.as_secs_f64() + GRACE));
        let reads = self.site.readers.take();
        self.summary.reads += reads.len();
        let unread = verdict::reads(&reads);
        self.summary.unread += unread.len();
        // They are all alike.
        wrong.extend(unread.into_iter().take(5));
        anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n  "));
        Ok(())
    }

    async fn push(&mut self) -> anyhow::Result<()> {
        self.round += 1;
        self.sample = Sample { round: self.round, ..self.sample };
        let commit = self.sample.commit(&format!("Round {}", self.round));
        let github = self.site.world.github()?;
        let sha = github.push(&self.site.repository(), "main", commit).await?.after;
        self.pushed.push(sha);
        self.summary.pushes += 1;
        Ok(())
    }

    async fn deployments(&self) -> anyhow::Result<Vec<Deployment>> {
        let path = format!("/api/v1/stacks/{}/deployments", self.site.name);
        let list = self.site.world.api()?.all(&path).await?;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let deployment = |item: &serde_json::Value| Deployment {
            sha: text(&item["commit"]["sha"]),
            number: item["number"].as_i64().unwrap_or_default(),
            phase: text(&item["phase"]),
        };
        Ok(list.iter().map(deployment).collect())
    }

    async fn newest(&self) -> anyhow::Result<i64> {
        Ok(self.deployments().await?.iter().map(|it| it.number).max().unwrap_or_default())
    }

    /// Waits until everything is as it should be; else says what is not.
    async fn settle(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut findings = Findings::default();
            if let Err(err) = self.look(&mut findings).await {
                findings.unmet.push(format!("{err:#}"));
            }
            if findings.is_right() {
                return Ok(());
            }
            if Instant::now() > deadline {
                self.summary.leftovers += findings.leftovers.len();
                self.summary.doubles += findings.doubles.len();
                self.summary.lost += findings.lost.len();
                let Findings { leftovers, doubles, lost, unmet } = findings;
                return Err([leftovers, doubles, lost, unmet].concat().join("\n  "));
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn look(&self, findings: &mut Findings) -> anyhow::Result<()> {
        let world = &self.site.world;
        let mut deployments = self.deployments().await?;
        deployments.retain(|it| it.number > self.before);
        let (doubles, unmet) = verdict::pushes(&self.pushed, &deployments);
        findings.doubles.extend(doubles);
        findings.unmet.extend(unmet);
        self.github(&deployments, findings)?;
        let expected = Expected {
            stack: self.site.name.clone(),
            services: self.sample.services(),
            deployments: Vec::new(),
            serves: (format!("{}.localhost", self.site.name), self.sample.banner()),
            webhooks: true,
            pull_request: None,
        };
        look_around(world, &expected, findings).await;
        Ok(())
    }

    /// GitHub heard of each deployment once, and of its end.
    fn github(&self, deployments: &[Deployment], findings: &mut Findings) -> anyhow::Result<()> {
        let github = self.site.world.github()?;
        let repository = self.site.repository();
        let there = github.deployments(&repository)?;
        let runs = github.check_runs(&repository)?;
        let ids = there.iter().map(|it| it.payload["berth_deployment"].to_string());
        findings.doubles.extend(verdict::twice("deployment at GitHub", ids));
        let ids = runs.iter().filter_map(|it| it.external_id.clone());
        findings.doubles.extend(verdict::twice("check run at GitHub", ids));
        let last = self.pushed.last();
        for deployment in deployments {
            let sha = &deployment.sha;
            let wanted = if last == Some(sha) { "success" } else { "inactive" };
            let states: Vec<&str> =
                there.iter().filter(|it| it.sha == *sha).map(|it| it.state()).collect();
            // One that was replaced at once is nothing to tell of.
            let untold = deployment.phase == "superseded" && states.is_empty();
            if states != [wanted] && !untold {
                findings.unmet.push(format!("GitHub's deployment of {sha} is {states:?}"));
            }
            let open = runs.iter().filter(|run| run.head_sha == *sha);
            if open.clone().any(|run| run.conclusion.is_none()) {
                findings.unmet.push(format!("GitHub's check run of {sha} is open"));
            }
            if last == Some(sha) && open.count() != 1 {
                findings.unmet.push(format!("GitHub has not one check run of {sha}"));
            }
        }
        Ok(())
    }
}
