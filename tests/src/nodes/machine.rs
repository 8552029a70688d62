//! A node: a network namespace on a bridge, and in it an engine with a host name,
//! processes and a `/run` of its own, so that losing its power is one kill.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::process::{Child, Command};

use crate::docker::Docker;
use crate::wait::until;

/// The bridge that all nodes are plugged into.
const BRIDGE: &str = "berth-nodes";
/// How many nodes there are.
pub(super) const NODES: usize = 3;
/// How long an engine may take to start on a slow disk.
const START: Duration = Duration::from_secs(90);

/// Where this process is to the nodes.
pub(super) const HERE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

/// A node.
#[derive(Debug)]
pub(super) struct Machine {
    /// Its host name.
    pub(super) name: String,
    /// Where it is.
    pub(super) address: Ipv4Addr,
    /// Its engine.
    pub(super) docker: Docker,
    number: usize,
    folder: PathBuf,
    /// While it has power.
    process: Option<Child>,
}

async fn ip(args: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("ip").args(args).output().await.context("failed to run ip")?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {} failed: {}", args.join(" "), words.trim());
    Ok(())
}

/// Whether the kernel has what Docker encrypts networks with.
pub(super) async fn has_ipsec() -> bool {
    let state = ["src", "10.77.1.1", "dst", "10.77.1.2", "proto", "esp", "spi", "0xbe47"];
    let key = format!("0x{}", "be".repeat(20));
    let how = ["mode", "transport", "aead", "rfc4106(gcm(aes))", &key, "64"];
    let namespace = namespace(1);
    let inside = ["-n", &namespace, "xfrm", "state"];
    if ip(&[&inside[..], &["add"], &state, &how].concat()).await.is_err() {
        return false;
    }
    ip(&[&inside[..], &["delete"], &state].concat()).await.is_ok()
}

/// Lays the bridge.
pub(super) async fn lay_bridge() -> anyhow::Result<()> {
    tidy().await;
    ip(&["link", "add", BRIDGE, "type", "bridge"]).await?;
    ip(&["address", "add", &format!("{HERE}/24"), "dev", BRIDGE]).await?;
    ip(&["link", "set", BRIDGE, "up"]).await
}

/// Removes the namespaces and the bridge, of this run or of one that was killed.
pub(super) async fn tidy() {
    for number in 1..=NODES {
        // They may not be there.
        drop(ip(&["netns", "delete", &namespace(number)]).await);
    }
    drop(ip(&["link", "delete", BRIDGE]).await);
}

fn namespace(number: usize) -> String {
    format!("berth-n{number}")
}

impl Machine {
    /// Makes a node and starts its engine. Its files are in a folder of its name.
    pub(super) async fn start(number: usize, folder: &Path) -> anyhow::Result<Self> {
        let name = format!("n{number}");
        let folder = folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        let last = u8::try_from(10 + number)?;
        let [a, b, c, _] = HERE.octets();
        let host = format!("unix://{}", folder.join("docker.sock").display());
        let mut machine = Self {
            name,
            address: Ipv4Addr::new(a, b, c, last),
            docker: Docker { host },
            number,
            folder,
            process: None,
        };
        machine.power_on().await?;
        Ok(machine)
    }

    /// The name of its cable's end at the bridge.
    fn cable(&self) -> String {
        format!("berth-v{}", self.number)
    }

    /// Starts its engine, with whatever it had on its disk.
    pub(super) async fn power_on(&mut self) -> anyhow::Result<()> {
        let (namespace, cable) = (namespace(self.number), self.cable());
        // Like a machine that starts, it knows nothing of its network's past.
        drop(ip(&["netns", "delete", &namespace]).await);
        ip(&["netns", "add", &namespace]).await?;
        let peer = ["peer", "name", "eth0", "netns", &namespace];
        ip(&[&["link", "add", &cable, "type", "veth"], &peer[..]].concat()).await?;
        ip(&["link", "set", &cable, "master", BRIDGE, "up"]).await?;
        let inside = ["-n", &namespace];
        ip(&[&inside[..], &["link", "set", "lo", "up"]].concat()).await?;
        let address = format!("{}/24", self.address);
        ip(&[&inside[..], &["address", "add", &address, "dev", "eth0"]].concat()).await?;
        ip(&[&inside[..], &["link", "set", "eth0", "up"]].concat()).await?;

        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("dockerd.log"))?;
        let script = format!(
            "hostname {} && mount -t tmpfs tmpfs /run && mkdir -p /run/lock && exec dockerd \
             --data-root {data} --exec-root /run/docker --pidfile /run/docker.pid \
             --host unix:///run/docker.sock --host {}",
            self.name,
            self.docker.host,
            data = self.folder.join("data").display(),
        );
        let process = Command::new("nsenter")
            // `ip netns exec` would mount /sys anew, and the engine find no cgroups.
            .arg(format!("--net=/run/netns/{namespace}"))
            .args(["unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child"])
            .args(["--mount-proc", "--propagation", "private", "sh", "-c", &script])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("failed to start a node")?;
        self.process = Some(process);
        until(&format!("the engine of {} answers", self.name), START, async || {
            self.docker.run(&["version", "--format", "ok"]).await
        })
        .await?;
        Ok(())
    }

    /// Ends everything on it at once.
    pub(super) async fn power_off(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            // With it goes the first process of the node, and with that all others.
            process.kill().await?;
            process.wait().await?;
            // Nor does its network answer any more.
            ip(&["link", "delete", &self.cable()]).await?;
        }
        Ok(())
    }

    /// Whether it has power.
    pub(super) const fn is_on(&self) -> bool {
        self.process.is_some()
    }

    /// Pulls its cable out.
    pub(super) async fn cut(&self) -> anyhow::Result<()> {
        ip(&["link", "set", &self.cable(), "down"]).await
    }

    /// Puts its cable back in.
    pub(super) async fn mend(&self) -> anyhow::Result<()> {
        ip(&["link", "set", &self.cable(), "up"]).await
    }

    /// The containers of a service that run here.
    pub(super) async fn containers(&self, service: &str) -> anyhow::Result<Vec<String>> {
        let filter = format!("label=com.docker.swarm.service.name={service}");
        let ids = self.docker.run(&["ps", "--quiet", "--no-trunc", "--filter", &filter]).await?;
        Ok(ids.lines().map(str::to_owned).collect())
    }

    /// All that containers of a service wrote here, those that ended too, to both
    /// outputs.
    pub(super) async fn log(&self, service: &str) -> anyhow::Result<String> {
        let filter = format!("label=com.docker.swarm.service.name={service}");
        let ids = self.docker.run(&["ps", "--all", "--quiet", "--filter", &filter]).await?;
        let mut text = String::new();
        for id in ids.lines() {
            let output = Command::new("docker")
                .args(["logs", id])
                .env("DOCKER_HOST", &self.docker.host)
                .output()
                .await?;
            for part in [&output.stdout, &output.stderr] {
                text.push_str(&String::from_utf8_lossy(part));
            }
        }
        Ok(text)
    }
}
