//! A real Traefik on the Swarm, on a port and a network of its own.

use std::net::TcpListener;

use anyhow::bail;

use crate::docker::Docker;
use crate::http::Client;
use crate::wait::{LONG, until};

/// Traefik's image, as provisioning brings it.
pub const IMAGE: &str = "traefik:v3.7";

/// A running Traefik.
#[derive(Debug)]
pub struct Traefik {
    docker: Docker,
    /// Its name on the Swarm.
    pub name: String,
    /// The network that it shares with routed services.
    pub network: String,
    /// The port of its entry point `web`.
    pub port: u16,
}

/// A port that nobody listens on; `wanted` if that is one.
///
/// # Errors
///
/// Where the machine has none.
pub fn free_port(wanted: u16) -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))?;
    Ok(listener.local_addr()?.port())
}

impl Traefik {
    /// Starts it and waits until it answers. `name` prefixes what it makes.
    ///
    /// # Errors
    ///
    /// Where the image is missing or Docker refuses.
    pub async fn start(docker: &Docker, name: &str, port: u16) -> anyhow::Result<Self> {
        if !docker.has_image(IMAGE).await {
            bail!("the engine has no image {IMAGE}; `cargo xtask provision` brings it");
        }
        let this = Self {
            docker: docker.clone(),
            name: format!("{name}-traefik"),
            network: format!("{name}-public"),
            port,
        };
        this.stop().await?;
        this.create().await?;
        let client = this.client();
        until("Traefik answers", LONG, async || {
            // Nothing is routed yet: its own 404 is a good sign.
            match client.get("/").await {
                Ok(answer) if answer.status.as_u16() == 404 => Ok(()),
                other => Err(other.map(|answer| answer.status)),
            }
        })
        .await?;
        Ok(this)
    }

    async fn create(&self) -> anyhow::Result<()> {
        let docker = &self.docker;
        docker.run(&["network", "create", "--driver", "overlay", &self.network]).await?;
        let publish = format!("mode=host,published={0},target={0}", self.port);
        let mount = format!("type=bind,source={},target=/var/run/docker.sock", docker.socket()?);
        let entry = format!("--entrypoints.web.address=:{}", self.port);
        let network = format!("--providers.swarm.network={}", self.network);
        let args = [
            ["service", "create", "--detach", "--quiet", "--no-resolve-image"].as_slice(),
            &["--name", &self.name, "--network", &self.network, "--publish", &publish],
            // No virtual address: it works on kernels without IPVS too.
            &["--endpoint-mode", "dnsrr", "--constraint", "node.role==manager"],
            &["--mount", &mount, "--stop-grace-period", "1s", IMAGE],
            &["--providers.swarm.endpoint=unix:///var/run/docker.sock", &network, &entry],
            &["--providers.swarm.exposedbydefault=false", "--providers.swarm.refreshseconds=1"],
            &["--providers.providersthrottleduration=200ms", "--log.level=WARN"],
            &["--global.checknewversion=false", "--global.sendanonymoususage=false"],
        ]
        .concat();
        docker.run(&args).await.map(drop)
    }

    /// A client of its entry point, from this machine.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(format!("http://127.0.0.1:{}", self.port))
    }

    /// Removes it and its network.
    ///
    /// # Errors
    ///
    /// Where Docker refuses.
    pub async fn stop(&self) -> anyhow::Result<()> {
        drop(self.docker.run(&["service", "rm", &self.name]).await);
        until("Traefik is gone", LONG, async || {
            let filter = format!("label=com.docker.swarm.service.name={}", self.name);
            let left = self.docker.run(&["ps", "--all", "--quiet", "--filter", &filter]).await?;
            if left.is_empty() { Ok(()) } else { Err(anyhow::anyhow!("containers {left}")) }
        })
        .await?;
        until("Traefik's network is gone", LONG, async || {
            drop(self.docker.run(&["network", "rm", &self.network]).await);
            let filter = format!("name=^{}$", self.network);
            let left = self.docker.run(&["network", "ls", "--quiet", "--filter", &filter]).await?;
            if left.is_empty() { Ok(()) } else { Err(anyhow::anyhow!("network {left}")) }
        })
        .await
    }
}
