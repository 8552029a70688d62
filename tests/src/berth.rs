//! The program under test: `berth serve`, started, killed and started again.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

use crate::http::Client;
use crate::wait::{LONG, until};

/// How to start a Berth.
#[derive(Debug, Clone)]
pub struct Options {
    /// Its data directory; a private Postgres lives in it.
    pub data_dir: PathBuf,
    /// The port of its API and UI.
    pub port: u16,
    /// `DOCKER_HOST`.
    pub docker_host: String,
    /// The GitHub simulator's base URL.
    pub github: String,
    /// The port of Traefik's entry point.
    pub router_port: u16,
    /// The network that Traefik shares with routed services.
    pub public_network: String,
    /// More of the environment: `BERTH_…` settings.
    pub env: Vec<(String, String)>,
}

/// A running `berth serve`.
#[derive(Debug)]
pub struct Berth {
    options: Options,
    child: Child,
    log: PathBuf,
}

/// Where the built program is: beside the program that runs this, or where
/// `BERTH_BIN` says.
///
/// # Errors
///
/// Where it has not been built.
pub fn program() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("BERTH_BIN") {
        return Ok(path.into());
    }
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .map(|dir| dir.join("berth"))
        .find(|path| path.is_file())
        .context("no berth program beside this one; build it with `cargo build -p berth`")
}

impl Berth {
    /// Starts it and waits until it serves.
    ///
    /// # Errors
    ///
    /// Where it ends instead, with its log.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.data_dir)?;
        let log = options.data_dir.join("berth.log");
        let mut this = Self { child: launch(&options, &log)?, options, log };
        this.wait().await?;
        Ok(this)
    }

    async fn wait(&mut self) -> anyhow::Result<()> {
        let client = self.client();
        let (child, log) = (&mut self.child, &self.log);
        until("Berth serves", LONG, async || match child.try_wait() {
            Ok(Some(status)) => Ok(Err(status)),
            _ => match client.get("/healthz").await {
                Ok(answer) if answer.status.is_success() => Ok(Ok(())),
                other => Err(other.map(|answer| answer.status)),
            },
        })
        .await?
        .or_else(|status| {
            let words = std::fs::read_to_string(log).unwrap_or_default();
            bail!("berth serve ended ({status}):\n{words}")
        })
    }

    /// A client of its API, with no credentials.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.url())
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.port)
    }

    /// How it was started.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// All that it has logged.
    ///
    /// # Errors
    ///
    /// Where the log can't be read.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(&self.log)?)
    }

    /// The log's file.
    #[must_use]
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// The token of the one-time setup link that the first start printed.
    ///
    /// # Errors
    ///
    /// Where none was printed.
    pub fn setup_token(&self) -> anyhow::Result<String> {
        let log = self.log()?;
        let rest = log.split("/setup?token=").nth(1).context("no setup link was printed")?;
        Ok(rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect())
    }

    /// Kills it as a power cut would, and starts it again.
    ///
    /// # Errors
    ///
    /// Where it does not come back.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.kill().await?;
        self.restart().await
    }

    /// Asks it to stop.
    ///
    /// # Errors
    ///
    /// Where it can't be asked.
    pub async fn terminate(&self) -> anyhow::Result<()> {
        if let Some(pid) = self.child.id() {
            Command::new("kill").arg(pid.to_string()).status().await?;
        }
        Ok(())
    }

    /// Waits until it ends, for whatever reason.
    ///
    /// # Errors
    ///
    /// Where that can't be known.
    pub async fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Starts it again with this more in its environment, and does not wait: it
    /// may be told to die before it serves.
    ///
    /// # Errors
    ///
    /// Where it can't be started.
    pub fn launch(&mut self, env: &[(String, String)]) -> anyhow::Result<()> {
        let mut options = self.options.clone();
        options.env.extend_from_slice(env);
        self.child = launch(&options, &self.log)?;
        Ok(())
    }

    /// Kills it with SIGKILL.
    ///
    /// # Errors
    ///
    /// Where it can't be killed.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Starts it again, with the same data.
    ///
    /// # Errors
    ///
    /// Where it does not come back.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.child = launch(&self.options, &self.log)?;
        self.wait().await
    }

    /// Asks it to stop, and waits until it and its Postgres have.
    ///
    /// # Errors
    ///
    /// Where it does not within a minute.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.terminate().await?;
        tokio::time::timeout(Duration::from_secs(60), self.child.wait())
            .await
            .context("berth serve did not stop within a minute")??;
        Ok(())
    }
}

fn launch(options: &Options, log: &Path) -> anyhow::Result<Child> {
    let log = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
    let url = format!("http://127.0.0.1:{}", options.port);
    let mut command = Command::new(program()?);
    command
        .arg("serve")
        .env("BERTH_DATA_DIR", &options.data_dir)
        .env("BERTH_LISTEN", format!("127.0.0.1:{}", options.port))
        .env("BERTH_PUBLIC_URL", url)
        .env("DOCKER_HOST", &options.docker_host)
        .env("BERTH_GITHUB_URL", &options.github)
        .env("BERTH_GITHUB_API_URL", &options.github)
        .env("BERTH_ROUTER_URL", format!("http://127.0.0.1:{}", options.router_port))
        .env("BERTH_SITE_URL", format!("http://{{host}}:{}", options.router_port))
        .env("BERTH_PUBLIC_NETWORK", &options.public_network)
        .env_remove("BERTH_DATABASE_URL")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl-C is for whoever runs the world, which stops Berth in order.
        .process_group(0)
        .kill_on_drop(true);
    for (name, value) in &options.env {
        command.env(name, value);
    }
    command.spawn().context("failed to start berth serve")
}
