//! Scenarios times points.
//!
//! In a packed run Berth is told to die at many points at once: each process dies
//! at the first of them that it comes to, and its successor at the next. In a full
//! run each point that a scenario passes is then tried apart, to the right end, in
//! several [`worlds`].

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use berth_github_sim::{Faults, NewPullRequest, NewRepository, PullRequestChange};
use serde_json::{Value, json};

use super::points::{self, Side, Target};
use super::report::Summary;
use super::scenario::{Sample, Scenario};
use super::site::Site;
use super::verdict::Expected;
use crate::steps::step;

mod worlds;

/// In how many worlds at once a full run is, where nobody says.
pub const WORLDS: NonZeroUsize = NonZeroUsize::new(3).expect("it is not 0");

/// How much is tried.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Each point once, in the first scenario that passes it.
    pub quick: bool,
    /// In how many worlds at once, but in a quick run.
    pub worlds: NonZeroUsize,
    /// Berth is killed only in scenarios whose name contains one of these; the others
    /// lead up to them. None is all.
    pub only: Vec<String>,
    /// Say what was tried as it is.
    pub aloud: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { quick: false, worlds: WORLDS, only: Vec::new(), aloud: false }
    }
}

impl Plan {
    fn wants(&self, scenario: Scenario) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| scenario.name().contains(only))
    }
}

/// The preview that scenarios go through.
#[derive(Debug)]
struct Preview {
    branch: String,
    number: i64,
    sample: Sample,
    history: Vec<(String, &'static str, Sample)>,
}

impl Preview {
    /// The newest commit that was well and is not what the preview is now.
    fn earlier(&self) -> Option<(String, Sample)> {
        let other = |entry: &&(String, &str, Sample)| {
            entry.1 == "succeeded" && entry.2.round != self.sample.round
        };
        self.history.iter().rfind(other).map(|(sha, _, sample)| (sha.clone(), *sample))
    }
}

#[derive(Debug)]
struct Runner {
    site: Site,
    preview: Option<Preview>,
    /// What main should be.
    main: Option<Expected>,
    rounds: u32,
}

/// Kills Berth at its points, in a world in `folder`.
///
/// # Errors
///
/// Where a run can't go on: then it is no verdict.
pub async fn run(plan: &Plan, folder: PathBuf) -> anyhow::Result<Summary> {
    let names = points::listed().await?;
    let targets = targets(&names, plan.quick);
    let mut summary = if plan.quick {
        let mut runner = Box::pin(Runner::begin(&folder)).await?;
        let outcome = Box::pin(runner.quick(plan, targets)).await;
        runner.end(outcome).await?
    } else {
        Box::pin(worlds::all(plan, &folder, &targets)).await?
    };
    if plan.only.is_empty() {
        let missed = |name: &&String| !points::is_excused(name) && !summary.reached.contains(name);
        summary.missed = names.iter().filter(missed).cloned().collect();
    }
    Ok(summary)
}

/// The sides to try: both, or one and the other in turn.
fn targets(names: &[String], quick: bool) -> Vec<Target> {
    let side = |point: &String, side| Target { point: point.clone(), side };
    let pairs = names.iter().enumerate().map(|(index, point)| {
        let both = vec![side(point, Side::Before), side(point, Side::After)];
        if quick { vec![both[index % 2].clone()] } else { both }
    });
    pairs.flatten().collect()
}

impl Runner {
    /// A world in `folder`, where nothing has happened yet.
    async fn begin(folder: &Path) -> anyhow::Result<Self> {
        let mut site = Box::pin(Site::open(folder.to_owned())).await?;
        // Whoever begins to lead asks for the webhooks that came too early.
        site.arm(Vec::new()).await?;
        Ok(Self { site, preview: None, main: None, rounds: 0 })
    }

    /// Ends its world, and says what came of it.
    async fn end(self, outcome: anyhow::Result<()>) -> anyhow::Result<Summary> {
        let mut summary = self.site.close().await?;
        if let Err(err) = outcome {
            summary.unmet.push(format!("the run broke off: {err:#}"));
        }
        Ok(summary)
    }

    /// Kills Berth at each point once, in the first scenario that passes it.
    async fn quick(&mut self, plan: &Plan, mut left: Vec<Target>) -> anyhow::Result<()> {
        for scenario in Scenario::ALL {
            let wanted = plan.wants(scenario);
            let armed = if wanted { left.clone() } else { Vec::new() };
            if self.site.armed() != armed {
                self.site.arm(armed).await?;
            }
            let played = Box::pin(self.play(scenario));
            if plan.aloud {
                step(scenario.name(), played).await?;
            } else {
                played.await.context(scenario.name())?;
            }
            if wanted {
                left = self.site.armed().to_vec();
            }
        }
        self.site.arm(Vec::new()).await
    }

    /// Makes what a scenario starts from, with nobody dying.
    async fn prepare(&mut self, scenario: Scenario) -> anyhow::Result<()> {
        match (scenario, &self.preview) {
            (Scenario::FirstDeploy | Scenario::MissedOpening, Some(_)) => {
                Box::pin(self.play(Scenario::Close)).await?;
            }
            (
                Scenario::Update
                | Scenario::FailingUpdate
                | Scenario::Redeploy
                | Scenario::Rollback
                | Scenario::Restart
                | Scenario::Build
                | Scenario::Follow
                | Scenario::Close
                | Scenario::MissedClose,
                None,
            ) => Box::pin(self.play(Scenario::FirstDeploy)).await?,
            (Scenario::Stop, _) if self.main.is_none() => {
                Box::pin(self.play(Scenario::Paths)).await?;
            }
            _ => {}
        }
        if scenario == Scenario::Rollback && self.preview()?.earlier().is_none() {
            Box::pin(self.play(Scenario::Update)).await?;
        }
        Ok(())
    }

    async fn play(&mut self, scenario: Scenario) -> anyhow::Result<()> {
        let right = match scenario {
            Scenario::FirstDeploy => {
                let expected = self.open().await?;
                self.site.settle(scenario.name(), &expected, Vec::new()).await
            }
            Scenario::Update => {
                self.push(scenario, |now| Sample { helper: !now.helper, ..now }).await
            }
            Scenario::FailingUpdate => {
                self.push(scenario, |now| Sample { healthy: false, ..now }).await
            }
            Scenario::Redeploy => self.redeploy().await,
            Scenario::Rollback => self.roll_back().await,
            Scenario::Restart => self.restart().await,
            Scenario::Build => {
                self.push(scenario, |now| Sample { content: now.round, ..now }).await
            }
            Scenario::Paths => self.paths().await,
            Scenario::Follow => self.follow().await,
            Scenario::Close => {
                let expected = self.close()?;
                self.site.settle(scenario.name(), &expected, Vec::new()).await
            }
            Scenario::MissedOpening | Scenario::MissedClose => self.missed(scenario).await,
            Scenario::Stop => self.stop().await,
        }?;
        if right {
            Ok(())
        } else {
            bail!("what is listed was not so, and whatever comes after could be its doing")
        }
    }

    fn next_round(&mut self) -> u32 {
        self.rounds += 1;
        self.rounds
    }

    fn preview(&self) -> anyhow::Result<&Preview> {
        self.preview.as_ref().context("there is no preview")
    }

    /// What the preview should be.
    fn expected(&self, preview: &Preview) -> Expected {
        let good = preview.history.iter().rfind(|(_, phase, _)| *phase == "succeeded");
        let sample = good.map_or(preview.sample, |(_, _, sample)| *sample);
        Expected {
            stack: format!("{}-pr-{}", self.site.name, preview.number),
            services: sample.services(),
            deployments: preview
                .history
                .iter()
                .map(|(sha, phase, _)| (sha.clone(), *phase))
                .collect(),
            serves: (
                format!("pr-{}.{}.localhost", preview.number, self.site.name),
                sample.banner(),
            ),
            webhooks: true,
            pull_request: Some(preview.number),
        }
    }

    /// Opens a pull request.
    async fn open(&mut self) -> anyhow::Result<Expected> {
        let round = self.next_round();
        let sample = Sample { round, content: round, helper: true, healthy: true };
        let branch = format!("round-{round}");
        let repository = self.site.repository();
        let github = self.site.world.github()?;
        let pushed = github.push(&repository, &branch, sample.commit("Begin")).await?;
        let new = NewPullRequest::of(&format!("Round {round}"), &branch);
        let number = github.open_pull_request(&repository, new).await?.number;
        let history = vec![(pushed.after, "succeeded", sample)];
        self.preview = Some(Preview { branch, number, sample, history });
        Ok(self.expected(self.preview()?))
    }

    async fn push(
        &mut self,
        scenario: Scenario,
        change: impl FnOnce(Sample) -> Sample,
    ) -> anyhow::Result<bool> {
        let round = self.next_round();
        let repository = self.site.repository();
        let mut preview = self.preview.take().context("there is no preview")?;
        // What failed is not built upon.
        let sample = change(Sample { round, healthy: true, ..preview.sample });
        let github = self.site.world.github()?;
        let commit = sample.commit(scenario.name());
        let sha = github.push(&repository, &preview.branch, commit).await?.after;
        let phase = if sample.healthy { "succeeded" } else { "failed" };
        preview.history.push((sha, phase, sample));
        preview.sample = sample;
        let expected = self.expected(&preview);
        self.preview = Some(preview);
        self.site.settle(scenario.name(), &expected, Vec::new()).await
    }

    /// Somebody presses the button for the first commit.
    async fn redeploy(&mut self) -> anyhow::Result<bool> {
        let (sha, _, sample) =
            self.preview()?.history.first().cloned().context("nothing was deployed")?;
        let body = json!({ "sha": sha });
        self.press(Scenario::Redeploy, ("deployments", body), (sha, sample), Vec::new()).await
    }

    /// Somebody goes back to the release of another commit.
    async fn roll_back(&mut self) -> anyhow::Result<bool> {
        // It may only just have been started.
        let mut deaths = self.site.leading().await?;
        let preview = self.preview()?;
        let (sha, sample) = preview.earlier().context("there is no earlier release")?;
        let path = format!("/api/v1/stacks/{}/deployments", self.expected(preview).stack);
        let its = |item: &&Value| {
            item["commit"]["sha"] == sha.as_str() && item["can_roll_back"] == Value::Bool(true)
        };
        let look = async |site: &Site| {
            let there = site.world.api()?.all(&path).await?;
            let release = there.iter().find(its).context("its release is not kept")?;
            anyhow::Ok(release["number"].clone())
        };
        let (number, more) = self.site.insist("an earlier release is kept", look).await?;
        deaths.extend(more);
        let body = json!({ "number": number });
        self.press(Scenario::Rollback, ("rollback", body), (sha, sample), deaths).await
    }

    /// Somebody has the tasks replaced of what runs.
    async fn restart(&mut self) -> anyhow::Result<bool> {
        let deaths = self.site.leading().await?;
        let runs = self.preview()?.history.iter().rfind(|(_, phase, _)| *phase == "succeeded");
        let (sha, _, sample) = runs.cloned().context("nothing runs")?;
        self.press(Scenario::Restart, ("restart", json!({})), (sha, sample), deaths).await
    }

    /// Somebody presses a button of the stack, until Berth has heard.
    async fn press(
        &mut self,
        scenario: Scenario,
        (button, body): (&str, Value),
        (sha, sample): (String, Sample),
        mut deaths: Vec<Target>,
    ) -> anyhow::Result<bool> {
        let mut preview = self.preview.take().context("there is no preview")?;
        preview.history.push((sha, "succeeded", sample));
        preview.sample = sample;
        let expected = self.expected(&preview);
        let path = format!("/api/v1/stacks/{}/deployments", expected.stack);
        let pressed = format!("/api/v1/stacks/{}/{button}", expected.stack);
        let many = preview.history.len();
        self.preview = Some(preview);
        let ask = async |site: &Site| {
            let api = site.world.api()?;
            if api.all(&path).await?.len() < many {
                api.post(&pressed, &body).await?;
            }
            anyhow::Ok(())
        };
        deaths.extend(self.site.insist("Berth has heard of a button", ask).await?.1);
        self.site.settle(scenario.name(), &expected, deaths).await
    }

    async fn paths(&mut self) -> anyhow::Result<bool> {
        let round = self.next_round();
        let sample = Sample { round, content: 0, helper: false, healthy: true };
        let repository = self.site.repository();
        let github = self.site.world.github()?;
        let sha = github.push(&repository, "main", sample.commit("Publish")).await?.after;
        let before = self.main.take().map(|main| main.deployments).unwrap_or_default();
        let expected = Expected {
            stack: self.site.name.clone(),
            services: sample.services(),
            deployments: before.into_iter().chain([(sha, "succeeded")]).collect(),
            serves: (format!("{}.localhost", self.site.name), sample.banner()),
            webhooks: true,
            pull_request: None,
        };
        self.main = Some(expected.clone());
        self.site.settle(Scenario::Paths.name(), &expected, Vec::new()).await
    }

    /// News that deploy nothing, and a check that is asked for again.
    async fn follow(&mut self) -> anyhow::Result<bool> {
        let repository = self.site.repository();
        let number = self.preview()?.number;
        let (sha, _, sample) =
            self.preview()?.history.first().cloned().context("nothing was deployed")?;
        let github = self.site.world.github()?;
        let title = Some(format!("Round {number}, with a new title"));
        let change = PullRequestChange { title, ..PullRequestChange::default() };
        github.change_pull_request(&repository, number, change)?;
        let installation = self.site.installation;
        github.suspend(installation, true)?;
        github.suspend(installation, false)?;
        let other = format!("other{}", self.next_round());
        let github = self.site.world.github()?;
        github
            .create_repository(NewRepository {
                owner: "acme".to_owned(),
                name: other.clone(),
                ..NewRepository::default()
            })
            .await?;
        // Once one was removed the installation names its repositories, and a new one
        // is not among them.
        let name = format!("acme/{other}");
        github.change_installation(installation, std::slice::from_ref(&name), &[])?;
        let renamed = github.rename_repository(&name, &format!("{other}b"))?;
        github.change_installation(installation, &[], &[renamed.full_name])?;
        let runs = github.check_runs(&repository)?;
        let run = runs.iter().find(|run| run.head_sha == sha).context("there is no check run")?;
        github.rerequest_check(&repository, run.id)?;
        if let Some(preview) = &mut self.preview {
            preview.history.push((sha, "succeeded", sample));
            preview.sample = sample;
        }
        let expected = self.expected(self.preview()?);
        self.site.settle(Scenario::Follow.name(), &expected, Vec::new()).await
    }

    /// Closes the pull request.
    fn close(&mut self) -> anyhow::Result<Expected> {
        let preview = self.preview.take().context("there is no preview")?;
        let github = self.site.world.github()?;
        github.close_pull_request(&self.site.repository(), preview.number)?;
        Ok(Expected { services: &[], ..self.expected(&preview) })
    }

    /// What no webhook told of is found by comparing with GitHub, and the webhooks
    /// are asked for again once they come through.
    async fn missed(&mut self, scenario: Scenario) -> anyhow::Result<bool> {
        let lost = Faults { drop_deliveries: true, ..Faults::default() };
        self.site.world.github()?.set_faults(lost);
        let expected =
            if scenario == Scenario::MissedOpening { self.open().await? } else { self.close()? };
        let deaths = self.site.restart().await?;
        let unheard = Expected { webhooks: false, ..expected.clone() };
        let right = self.site.settle(scenario.name(), &unheard, deaths).await?;
        self.site.world.github()?.set_faults(Faults::default());
        let deaths = self.site.restart().await?;
        Ok(self.site.settle(scenario.name(), &expected, deaths).await? && right)
    }

    /// Berth is told to stop; whichever way it ends, the next one goes on.
    async fn stop(&mut self) -> anyhow::Result<bool> {
        let mut deaths = self.site.restart().await?;
        deaths.extend(self.site.restart().await?);
        // Whatever stands, stands as before.
        let expected = self.main.clone().context("nothing was pushed to main")?;
        self.site.settle(Scenario::Stop.name(), &expected, deaths).await
    }
}
