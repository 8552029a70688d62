//! A world of one's own: a GitHub simulator, a Traefik, a Berth with a private
//! Postgres, and a person who uses them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use berth_github_sim::{GithubSim, NewRepository, Settings as SimSettings};
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::berth::{Berth, Options};
use crate::docker::Docker;
use crate::http::Client;
use crate::traefik::{Traefik, free_port};
use crate::wait::{LONG, until};

/// What the first account is called and how it logs in.
pub const EMAIL: &str = "mira@acme.test";

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Prefixes what it makes on the Swarm outside of stacks.
    pub name: String,
    /// Where it keeps its files.
    pub folder: PathBuf,
    /// The ports of Berth, Traefik and the simulator, if they are free.
    pub ports: (u16, u16, u16),
    /// More of Berth's environment.
    pub env: Vec<(String, String)>,
    /// Where Berth is told that Docker is, if not where it really is.
    pub docker_host: Option<String>,
}

/// The world. Take it down with [`World::end`].
#[derive(Debug)]
pub struct World {
    settings: Settings,
    /// The engine.
    pub docker: Docker,
    sim: Option<GithubSim>,
    traefik: Option<Traefik>,
    berth: Option<Berth>,
    api: Option<Client>,
    /// The first account's password.
    pub password: String,
    stacks: Vec<String>,
}

/// Who may read the sample repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody: `git clone` works as it is.
    Public,
    /// Those with a token.
    Private,
}

/// A rule, by what differs between rules.
#[derive(Debug, Clone, Copy)]
pub struct NewRule<'a> {
    /// Its name.
    pub name: &'a str,
    /// `push`, `tag` or `pull_request`.
    pub event: &'a str,
    /// Its branches or tags.
    pub refs: &'a [&'a str],
    /// The environment that it deploys to.
    pub environment: &'a str,
    /// The environment's host.
    pub host: &'a str,
}

impl World {
    /// An empty world on the engine that the environment names.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            docker: Docker::from_env(),
            sim: None,
            traefik: None,
            berth: None,
            api: None,
            password: format!("{}-harbour", uuid::Uuid::now_v7().simple()),
            stacks: Vec::new(),
        }
    }

    /// A world around a Berth that it did not start, and that this simulator is
    /// GitHub to.
    #[must_use]
    pub fn beside(settings: Settings, sim: GithubSim) -> Self {
        Self { sim: Some(sim), ..Self::new(settings) }
    }

    /// Starts the GitHub simulator, which holds the sample repository as
    /// `acme/<name>`.
    ///
    /// # Errors
    ///
    /// Where it can't start.
    pub async fn start_github(&mut self, name: &str, visibility: Visibility) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.settings.folder)?;
        let port = free_port(self.settings.ports.2)?;
        let sim = GithubSim::start(SimSettings {
            listen: ([127, 0, 0, 1], port).into(),
            data: Some(self.settings.folder.clone()),
            ..SimSettings::default()
        })
        .await?;
        sim.create_repository(NewRepository {
            owner: "acme".to_owned(),
            name: name.to_owned(),
            private: visibility == Visibility::Private,
            folder: Some(sample()),
            ..NewRepository::default()
        })
        .await?;
        self.sim = Some(sim);
        Ok(())
    }

    /// Starts Traefik.
    ///
    /// # Errors
    ///
    /// Where Docker refuses.
    pub async fn start_traefik(&mut self) -> anyhow::Result<()> {
        let port = free_port(self.settings.ports.1)?;
        self.traefik = Some(Traefik::start(&self.docker, &self.settings.name, port).await?);
        Ok(())
    }

    /// Starts Berth; the other two must run.
    ///
    /// # Errors
    ///
    /// Where it ends instead, with its log.
    pub async fn start_berth(&mut self) -> anyhow::Result<()> {
        let traefik = self.traefik()?;
        let options = Options {
            data_dir: self.settings.folder.join("berth"),
            port: free_port(self.settings.ports.0)?,
            docker_host: self
                .settings
                .docker_host
                .clone()
                .unwrap_or_else(|| self.docker.host.clone()),
            github: self.github()?.base_url().to_owned(),
            router_port: traefik.port,
            public_network: traefik.network.clone(),
            env: self.settings.env.clone(),
        };
        self.berth = Some(Berth::start(options).await?);
        Ok(())
    }

    /// Starts all three.
    ///
    /// # Errors
    ///
    /// Where one of them can't.
    pub async fn start(&mut self, repository: &str) -> anyhow::Result<()> {
        self.start_github(repository, Visibility::Private).await?;
        self.start_traefik().await?;
        self.start_berth().await
    }

    /// Where it keeps its files.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.settings.folder
    }

    /// The simulator.
    ///
    /// # Errors
    ///
    /// Before it runs.
    pub fn github(&self) -> anyhow::Result<&GithubSim> {
        self.sim.as_ref().context("the GitHub simulator does not run")
    }

    /// Traefik.
    ///
    /// # Errors
    ///
    /// Before it runs.
    pub fn traefik(&self) -> anyhow::Result<&Traefik> {
        self.traefik.as_ref().context("Traefik does not run")
    }

    /// Berth.
    ///
    /// # Errors
    ///
    /// Before it runs.
    pub fn berth(&mut self) -> anyhow::Result<&mut Berth> {
        self.berth.as_mut().context("Berth does not run")
    }

    /// Takes Berth out of the world, for who starts and ends it themselves.
    ///
    /// # Errors
    ///
    /// Before it runs.
    pub fn take_berth(&mut self) -> anyhow::Result<Berth> {
        self.berth.take().context("Berth does not run")
    }

    /// A client of Berth's API, logged in as the first account.
    ///
    /// # Errors
    ///
    /// Before [`World::set_up`].
    pub fn api(&self) -> anyhow::Result<&Client> {
        self.api.as_ref().context("nobody has an account")
    }

    /// Makes the first account by the one-time link, and an API token for it.
    ///
    /// # Errors
    ///
    /// Where Berth refuses.
    pub async fn set_up(&mut self) -> anyhow::Result<()> {
        let (client, token) = (self.berth()?.client(), self.berth()?.setup_token()?);
        self.set_up_at(client, &token).await.map(drop)
    }

    /// The same by this client of Berth's API and this token of a setup link.
    /// Gives the header that tells Berth who asks.
    ///
    /// # Errors
    ///
    /// Where Berth refuses.
    pub async fn set_up_at(&mut self, anyone: Client, token: &str) -> anyhow::Result<String> {
        let client = anyone.clone().with_header("x-berth-csrf", "1");
        let account =
            json!({"token": token, "email": EMAIL, "name": "Mira", "password": self.password});
        client.post("/api/v1/setup", &account).await?;
        let login = json!({"email": EMAIL, "password": self.password}).to_string();
        let headers = [("content-type", "application/json")];
        let answer = client.send(Method::POST, "/api/v1/session", &headers, login.into()).await?;
        let cookie = answer
            .headers
            .get("set-cookie")
            .and_then(|cookie| cookie.to_str().ok()?.split(';').next())
            .with_context(|| format!("no cookie: {} {}", answer.status, answer.text()))?;
        let client = client.with_header("cookie", cookie);
        let token = client.post("/api/v1/tokens", &json!({"name": "tour"})).await?;
        let token = token["token"].as_str().context("no token")?;
        let bearer = format!("Bearer {token}");
        self.api = Some(anyone.with_header("authorization", &bearer));
        Ok(bearer)
    }

    /// Creates the GitHub App by its manifest, as the browser would.
    ///
    /// # Errors
    ///
    /// Where either side refuses.
    pub async fn create_app(&self) -> anyhow::Result<String> {
        let (api, github) = (self.api()?, self.github()?);
        let form = api.post("/api/v1/github/manifest", &json!({"organization": "acme"})).await?;
        let action = form["action"].as_str().context("no action")?;
        let state = url::Url::parse(action)?
            .query_pairs()
            .find_map(|(name, value)| (name == "state").then(|| value.into_owned()))
            .context("no state")?;
        let manifest = serde_json::from_str(form["manifest"].as_str().context("no manifest")?)?;
        let sent = github.submit_manifest("acme", manifest, &state)?;
        let app =
            api.post("/api/v1/github/app", &json!({"code": sent.code, "state": state})).await?;
        app["slug"].as_str().map(str::to_owned).context("the App has no slug")
    }

    /// Installs the App on `acme`, and waits until Berth knows the repository.
    ///
    /// # Errors
    ///
    /// Where either side refuses.
    pub async fn install(&self, slug: &str, repository: &str) -> anyhow::Result<i64> {
        let (api, github) = (self.api()?, self.github()?);
        let installation = github.install(slug, "acme", None)?;
        api.post("/api/v1/github/installations", &json!({"installation_id": installation.id}))
            .await?;
        let full_name = format!("acme/{repository}");
        until("Berth knows the repository", LONG, async || {
            let list = api.read("/api/v1/repositories").await?;
            items(&list)
                .find(|item| item["full_name"] == full_name.as_str())
                .and_then(|item| item["id"].as_i64())
                .with_context(|| list.to_string())
        })
        .await
    }

    /// Adds a rule.
    ///
    /// # Errors
    ///
    /// Where Berth refuses it.
    pub async fn add_rule(&self, repository: i64, rule: NewRule<'_>) -> anyhow::Result<Value> {
        self.add_rule_for(repository, rule, &[]).await
    }

    /// Adds a rule that looks at `paths` alone.
    ///
    /// # Errors
    ///
    /// Where Berth refuses it.
    pub async fn add_rule_for(
        &self,
        repository: i64,
        rule: NewRule<'_>,
        paths: &[&str],
    ) -> anyhow::Result<Value> {
        let rule = json!({
            "repository_id": repository, "name": rule.name, "event": rule.event,
            "refs": rule.refs, "paths": paths, "environment": rule.environment,
            "compose_file": "compose.yaml", "host": rule.host, "enabled": true,
        });
        self.api()?.post("/api/v1/rules", &rule).await
    }

    /// The two rules of the sample: main to production, every pull request to
    /// a preview.
    ///
    /// # Errors
    ///
    /// Where Berth refuses one.
    pub async fn add_rules(&self, repository: i64) -> anyhow::Result<()> {
        let production = NewRule {
            name: "Production",
            event: "push",
            refs: &["main"],
            environment: "production",
            host: "{{app}}.localhost",
        };
        let previews = NewRule {
            name: "Previews",
            event: "pull_request",
            refs: &[],
            environment: "pr-{{number}}",
            host: "pr-{{number}}.{{app}}.localhost",
        };
        self.add_rule(repository, production).await?;
        self.add_rule(repository, previews).await.map(drop)
    }

    /// Everything up to the first push: account, App, installation, rules.
    ///
    /// # Errors
    ///
    /// Where any of it is refused.
    pub async fn onboard(&mut self, repository: &str) -> anyhow::Result<()> {
        self.set_up().await?;
        let slug = self.create_app().await?;
        let repository = self.install(&slug, repository).await?;
        self.add_rules(repository).await
    }

    /// Waits until a stack's newest deployment is over, and gives it.
    ///
    /// # Errors
    ///
    /// Where it never is.
    pub async fn deployed(&self, stack: &str, sha: &str) -> anyhow::Result<Value> {
        let path = format!("/api/v1/stacks/{stack}/deployments");
        let what = format!("the deployment of {sha} to {stack} is over");
        until(&what, LONG, async || {
            let list = self.api()?.read(&path).await?;
            items(&list)
                .find(|item| item["commit"]["sha"] == sha && !item["finished_at"].is_null())
                .cloned()
                .with_context(|| list.to_string())
        })
        .await
    }

    /// Waits until a route's answer has `text` in it.
    ///
    /// # Errors
    ///
    /// Where it never has.
    pub async fn served(&self, host: &str, text: &str) -> anyhow::Result<String> {
        let client = self.traefik()?.client();
        let what = format!("{host} serves {text}");
        until(&what, LONG, async || {
            let answer = client.get_host(host, "/").await?;
            if answer.status.is_success() && answer.text().contains(text) {
                Ok(answer.text())
            } else {
                bail!("{} {}", answer.status, answer.text())
            }
        })
        .await
    }

    /// Waits until Docker shows nothing of a stack any more.
    ///
    /// # Errors
    ///
    /// Where something stays.
    pub async fn gone(&self, stack: &str) -> anyhow::Result<()> {
        until(&format!("nothing of {stack} is left"), LONG, async || {
            let left = self.docker.leftovers(stack).await?;
            if left.is_empty() { Ok(()) } else { Err(anyhow!("{}", left.join(", "))) }
        })
        .await
    }

    /// Stops everything and removes it, stacks included.
    ///
    /// # Errors
    ///
    /// The first thing that would not go; the rest has been tried.
    pub async fn end(mut self) -> anyhow::Result<()> {
        let mut outcome = self.remember_stacks().await;
        if let Some(mut berth) = self.berth.take() {
            outcome = outcome.and(berth.stop().await);
        }
        outcome = outcome.and(self.stop_postgres().await);
        for stack in &self.stacks {
            outcome = outcome.and(self.docker.sweep(stack).await);
        }
        if let Some(traefik) = self.traefik.take() {
            outcome = outcome.and(traefik.stop().await);
        }
        if let Some(sim) = self.sim.take() {
            let violations = sim.take_violations();
            if !violations.is_empty() {
                outcome = outcome.and(Err(anyhow!("GitHub would not have it: {violations:?}")));
            }
        }
        std::fs::remove_dir_all(&self.settings.folder)?;
        outcome
    }

    /// Which stacks there are to take down: those with a service that this
    /// world's Traefik routes to. Whoever logged in may have made them.
    async fn remember_stacks(&mut self) -> anyhow::Result<()> {
        let Some(traefik) = &self.traefik else { return Ok(()) };
        let filter = format!("label=traefik.swarm.network={}", traefik.network);
        let services = self.docker.run(&["service", "ls", "--quiet", "--filter", &filter]).await?;
        for service in services.lines() {
            let format = "{{index .Spec.Labels \"com.docker.stack.namespace\"}}";
            let stack =
                self.docker.run(&["service", "inspect", "--format", format, service]).await?;
            if !self.stacks.contains(&stack) {
                self.stacks.push(stack);
            }
        }
        Ok(())
    }

    /// Stops the private Postgres: a Berth that was killed leaves it running, for
    /// its successor.
    ///
    /// # Errors
    ///
    /// Where it does not stop.
    pub async fn stop_postgres(&self) -> anyhow::Result<()> {
        let file = self.settings.folder.join("berth/postgres/data/postmaster.pid");
        let Ok(text) = std::fs::read_to_string(&file) else { return Ok(()) };
        let pid = text.lines().next().unwrap_or_default();
        Command::new("kill").args(["-INT", pid]).status().await?;
        until("Postgres has stopped", Duration::from_secs(60), async || {
            if file.exists() { Err("its pid file is there") } else { Ok(()) }
        })
        .await
    }
}

/// The items of a list answer.
pub fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}

/// The sample repository's files.
#[must_use]
pub fn sample() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/shop")
}
