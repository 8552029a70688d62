//! A Docker engine that is a Swarm manager: the one that is there, or a private
//! one of ours, which alone we stop again.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use super::is_root;
use crate::shell::{has, output, program, quietly, scratch, step, wait_for};

/// How long an engine may take to start on a slow disk.
const START: Duration = Duration::from_secs(90);

/// An engine to use, and what of it is ours to take down.
#[derive(Debug)]
pub(crate) struct Engine {
    /// For `DOCKER_HOST`.
    pub(crate) host: String,
    daemon: Option<Child>,
    joined: bool,
    bridges: Vec<&'static str>,
}

/// Whether an engine answers where the Docker CLI looks for one.
pub(crate) fn answers() -> bool {
    has("docker") && output(program("docker").args(["version", "--format", "ok"])).is_ok()
}

/// A Docker CLI for this engine.
pub(crate) fn docker(host: &str) -> Command {
    let mut command = program("docker");
    command.env("DOCKER_HOST", host);
    command
}

impl Engine {
    /// Uses the engine that answers, or starts a private one; makes it a Swarm
    /// of one node where it is in none.
    pub(crate) fn ensure() -> anyhow::Result<Self> {
        let mut engine = if answers() {
            let host = std::env::var("DOCKER_HOST")
                .unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
            Self { host, daemon: None, joined: false, bridges: Vec::new() }
        } else {
            step("Start a private Docker engine", Self::start)?
        };
        let state = output(docker(&engine.host).args([
            "info",
            "--format",
            "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}",
        ]))?;
        match state.as_str() {
            "active true" => {}
            "inactive false" => {
                step("Make it a Swarm of one node", || {
                    quietly(docker(&engine.host).args([
                        "swarm",
                        "init",
                        "--advertise-addr",
                        "127.0.0.1",
                    ]))
                })?;
                engine.joined = true;
            }
            other => bail!(
                "the Docker engine at {} is no Swarm manager ({other}); name a manager with DOCKER_HOST",
                engine.host
            ),
        }
        Ok(engine)
    }

    fn folder() -> PathBuf {
        scratch().join("engine")
    }

    fn start() -> anyhow::Result<Self> {
        if !is_root() {
            bail!(
                "no Docker engine answers; start it (sudo systemctl start docker) and make sure that you may use it (group docker)"
            );
        }
        let folder = Self::folder();
        std::fs::create_dir_all(&folder)?;
        let log = std::fs::File::create(folder.join("dockerd.log"))?;
        let socket = folder.join("docker.sock");
        let host = format!("unix://{}", socket.display());
        // What Docker adds to the machine's network and leaves behind.
        let bridges: Vec<&str> = ["docker0", "docker_gwbridge"]
            .into_iter()
            .filter(|bridge| !std::path::Path::new("/sys/class/net").join(bridge).exists())
            .collect();
        let daemon = program("dockerd")
            .arg("--data-root")
            .arg(folder.join("data"))
            .arg("--exec-root")
            .arg(folder.join("exec"))
            .arg("--pidfile")
            .arg(folder.join("pid"))
            .arg("--host")
            .arg(&host)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for us; the engine is stopped last.
            .process_group(0)
            .spawn()
            .context("failed to start dockerd")?;
        let mut engine = Self { host, daemon: Some(daemon), joined: false, bridges };
        wait_for("the Docker engine answers", START, || {
            output(docker(&engine.host).args(["version", "--format", "ok"]))
                .ok()
                .map(|_| ())
                .or_else(|| {
                    let ended = engine.daemon.as_mut()?.try_wait().ok()?;
                    ended.map(|_| ())
                })
        })?;
        if let Some(Ok(Some(status))) = engine.daemon.as_mut().map(Child::try_wait) {
            bail!("dockerd ended ({status}); see {}", folder.join("dockerd.log").display());
        }
        Ok(engine)
    }

    /// Whether we started it, so that what is on it is ours.
    pub(crate) fn is_private(&self) -> bool {
        self.daemon.is_some()
    }

    /// Takes down what of it is ours: the Swarm, the engine, its bridges.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        if self.joined {
            quietly(docker(&self.host).args(["swarm", "leave", "--force"]))?;
        }
        if let Some(mut daemon) = self.daemon.take() {
            quietly(program("kill").arg(daemon.id().to_string()))?;
            daemon.wait()?;
            for bridge in &self.bridges {
                // It may never have been made.
                drop(quietly(program("ip").args(["link", "delete", bridge])));
            }
        }
        Ok(())
    }
}
