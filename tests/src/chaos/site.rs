//! A world whose Berth may die at any moment: it is started again, and what was
//! asked of it is waited for.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep, timeout};

use super::points::Target;
use super::report::{Row, Summary};
use super::verdict::{self, Expected, Findings};
use crate::berth::Berth;
use crate::world::{NewRule, Settings, Visibility, World};

/// How long everything may take to be as it should be, from the last death on: a
/// bound for bugs, not for slow machines.
const LIMIT: Duration = Duration::from_secs(240);

/// Between two looks at everything.
const LOOK: Duration = Duration::from_millis(200);

/// The lease, so that a killed process's runs out soon.
pub(super) const LEASE: &str = "2s";

/// The world, with Berth beside it.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) world: World,
    pub(super) name: String,
    /// The App's installation at GitHub.
    pub(super) installation: i64,
    berth: Berth,
    armed: Vec<Target>,
    /// How much of the log the running process has not written.
    read: usize,
    pub(super) summary: Summary,
}

/// A death that was wanted, and nothing has shown yet that it was survived.
#[derive(Debug)]
struct Death {
    at: Target,
    since: Instant,
}

impl Site {
    /// A world with an account, an App, and rules for main and pull requests.
    pub(super) async fn open(folder: PathBuf) -> anyhow::Result<Self> {
        let id = uuid::Uuid::now_v7().simple().to_string();
        // The last digits are random, the first ones are the time.
        let name = format!("chaos{}", id.get(24..).unwrap_or_default());
        let mut world = World::new(Settings {
            name: name.clone(),
            folder,
            ports: (0, 0, 0),
            env: vec![("BERTH_LEASE_TTL".to_owned(), LEASE.to_owned())],
            docker_host: None,
        });
        let started = async {
            world.start_github(&name, Visibility::Private).await?;
            world.start_traefik().await?;
            world.start_berth().await?;
            world.set_up().await?;
            let slug = world.create_app().await?;
            let repository = world.install(&slug, &name).await?;
            let previews = NewRule {
                name: "Previews",
                event: "pull_request",
                refs: &[],
                environment: "pr-{{number}}",
                host: "pr-{{number}}.{{app}}.localhost",
            };
            let production = NewRule {
                name: "Production",
                event: "push",
                refs: &["main"],
                environment: "production",
                host: "{{app}}.localhost",
            };
            world.add_rule(repository, previews).await?;
            world.add_rule_for(repository, production, &["banner.txt", "web/**"]).await?;
            let github = world.api()?.read("/api/v1/github").await?;
            let installation = github["installations"][0]["id"].as_i64();
            let installation = installation.context("Berth knows no installation")?;
            Ok((world.take_berth()?, installation))
        }
        .await;
        match started {
            Ok((berth, installation)) => Ok(Self {
                world,
                name,
                installation,
                berth,
                armed: Vec::new(),
                read: 0,
                summary: Summary::default(),
            }),
            Err(err) => {
                drop(world.end().await);
                Err(err)
            }
        }
    }

    /// `acme/<name>`.
    pub(super) fn repository(&self) -> String {
        format!("acme/{}", self.name)
    }

    /// Ends it all. What does not go away is left over.
    pub(super) async fn close(self) -> anyhow::Result<Summary> {
        let Self { world, mut berth, mut summary, .. } = self;
        let log = berth.log().unwrap_or_default();
        let stopped = berth.stop().await;
        let ended = world.end().await;
        if let Err(err) = stopped.and(ended) {
            summary.leftovers.push(format!("{err:#}"));
        }
        if !summary.is_fine()
            && let Ok(path) = keep(&log)
        {
            summary.unmet.push(format!("Berth's log is kept in {}", path.display()));
        }
        Ok(summary)
    }

    /// The points that the running process still dies at.
    pub(super) fn armed(&self) -> &[Target] {
        &self.armed
    }

    /// Starts Berth anew, to die at `targets`.
    pub(super) async fn arm(&mut self, targets: Vec<Target>) -> anyhow::Result<()> {
        self.berth.stop().await?;
        self.armed = targets;
        self.launch()
    }

    /// Stops Berth in order, once it leads, and starts it again. It may die on the
    /// way: gives the deaths.
    pub(super) async fn restart(&mut self) -> anyhow::Result<Vec<Target>> {
        let mut deaths = self.leading().await?;
        self.berth.terminate().await?;
        let ended = timeout(LIMIT, self.berth.ended()).await;
        let status = ended.context("berth did not stop when asked to")??;
        if status.success() {
            self.launch()?;
        } else {
            deaths.push(self.died(status)?);
        }
        Ok(deaths)
    }

    /// Goes on after a process that has ended: it died where it should.
    pub(super) fn died(&mut self, status: ExitStatus) -> anyhow::Result<Target> {
        let log = self.berth.log()?;
        let own = log.get(self.read..).unwrap_or_default();
        let said = own.lines().rev().find_map(|line| line.strip_prefix("fail point: killed at "));
        let at = said.and_then(|at| self.armed.iter().position(|target| target.text() == at));
        let (Some(at), Some(9)) = (at, status.signal()) else {
            let tail: Vec<&str> = own.lines().rev().take(20).collect();
            bail!(
                "Berth ended by itself ({status}), at no point where it should die; its log, newest line first:\n{}",
                tail.join("\n")
            );
        };
        let target = self.armed.remove(at);
        let name = target.point.clone();
        if !self.summary.reached.contains(&name) {
            self.summary.reached.push(name);
        }
        self.launch()?;
        Ok(target)
    }

    /// Starts Berth again after it stopped.
    pub(super) fn launch(&mut self) -> anyhow::Result<()> {
        self.read = self.berth.log()?.len();
        let targets: Vec<String> = self.armed.iter().map(Target::text).collect();
        let env = ("BERTH_FAIL_POINT".to_owned(), targets.join(","));
        let env = if targets.is_empty() { Vec::new() } else { vec![env] };
        self.berth.launch(&env)
    }

    /// Asks Berth for something until it has heard, however often it dies meanwhile.
    /// Gives the answer and the deaths.
    pub(super) async fn insist<T>(
        &mut self,
        what: &str,
        ask: impl AsyncFn(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<(T, Vec<Target>)> {
        let mut deaths = Vec::new();
        let deadline = Instant::now() + LIMIT;
        loop {
            match ask(self).await {
                Ok(answer) => return Ok((answer, deaths)),
                Err(err) if Instant::now() > deadline => {
                    return Err(err.context(format!("waited in vain until {what}")));
                }
                Err(_) => {}
            }
            if let Ok(status) = timeout(LOOK, self.berth.ended()).await {
                deaths.push(self.died(status?)?);
            }
        }
    }

    /// Waits until Berth leads. Gives the deaths.
    pub(super) async fn leading(&mut self) -> anyhow::Result<Vec<Target>> {
        let leads = async |site: &Self| {
            let status = site.world.api()?.read("/api/v1/status").await?;
            if status["leader"]["is_me"] == true { Ok(()) } else { bail!("it does not: {status}") }
        };
        Ok(self.insist("Berth leads", leads).await?.1)
    }

    /// Waits until everything is as expected, however often Berth dies meanwhile.
    /// What is not so after a generous while is in the summary. `deaths` are those
    /// that came before.
    ///
    /// # Errors
    ///
    /// Where Berth ends otherwise.
    pub(super) async fn settle(
        &mut self,
        scenario: &'static str,
        expected: &Expected,
        deaths: Vec<Target>,
    ) -> anyhow::Result<bool> {
        let begun = Instant::now();
        let mut death = None;
        let mut rows: Vec<Row> = Vec::new();
        let row = |at: &Target, seconds: f64| Row {
            at: at.text(),
            scenario,
            deploys: expected.deployments.len(),
            seconds,
            leftovers: 0,
        };
        for at in deaths {
            if let Some(Death { at, since }) = death.replace(Death { at, since: begun }) {
                rows.push(row(&at, since.elapsed().as_secs_f64()));
            }
        }
        let mut deadline = Instant::now() + LIMIT;
        let mut findings = Findings::default();
        let repository = self.repository();
        loop {
            let last = Instant::now() > deadline;
            let look = async {
                let findings = verdict::look(&self.world, &repository, expected, last).await;
                if !findings.is_right() {
                    sleep(LOOK).await;
                }
                findings
            };
            let ended = tokio::select! {
                status = self.berth.ended() => Some(status?),
                seen = look => { findings = seen; None }
            };
            if let Some(status) = ended {
                let since = Instant::now();
                let at = self.died(status)?;
                if let Some(Death { at, since }) = death.replace(Death { at, since }) {
                    rows.push(row(&at, since.elapsed().as_secs_f64()));
                }
                deadline = Instant::now() + LIMIT;
            } else if findings.is_right() || last {
                break;
            }
        }
        if let Some(Death { at, since }) = death {
            rows.push(row(&at, since.elapsed().as_secs_f64()));
        }
        let right = findings.is_right();
        if !right {
            let passed: Vec<&str> = rows.iter().map(|row| row.at.as_str()).collect();
            self.summary.unmet.push(format!(
                "`{scenario}` did not come to its right end within {} s after it was killed at {}",
                LIMIT.as_secs(),
                passed.join(", then ")
            ));
        }
        for row in &mut rows {
            row.leftovers = findings.leftovers.len();
        }
        self.summary.rows.append(&mut rows);
        self.summary.leftovers.append(&mut findings.leftovers);
        self.summary.doubles.append(&mut findings.doubles);
        self.summary.lost.append(&mut findings.lost);
        self.summary.unmet.append(&mut findings.unmet);
        Ok(right)
    }
}

/// Keeps a log where the world's folder will be gone.
fn keep(log: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("berth-chaos-{}.log", std::process::id()));
    std::fs::write(&path, log)?;
    Ok(path)
}
