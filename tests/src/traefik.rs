//! A real Traefik on the Swarm, on a port and a network of its own.

use std::net::{TcpListener, UdpSocket};

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
    more: Vec<Entry>,
}

/// An entry point beside `web`.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name. `traefik` is that of Traefik's own API.
    pub name: &'static str,
    /// Its port.
    pub port: u16,
    /// It is UDP's.
    pub udp: bool,
}

impl Entry {
    /// One on a free port.
    ///
    /// # Errors
    ///
    /// Where the machine has none.
    pub fn new(name: &'static str, udp: bool) -> anyhow::Result<Self> {
        let port = if udp {
            UdpSocket::bind(("127.0.0.1", 0))?.local_addr()?.port()
        } else {
            free_port(0)?
        };
        Ok(Self { name, port, udp })
    }
}

/// What more entry points add to the command line.
#[derive(Debug, Default)]
struct MoreArgs {
    /// Before the image.
    published: Vec<String>,
    /// After it.
    flags: Vec<String>,
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
        Self::start_with(docker, name, port, Vec::new()).await
    }

    /// The same with more entry points. With them, `web` believes whoever says
    /// in `X-Forwarded-For` whom it is asked for.
    ///
    /// # Errors
    ///
    /// As [`Traefik::start`].
    pub async fn start_with(
        docker: &Docker,
        name: &str,
        port: u16,
        more: Vec<Entry>,
    ) -> anyhow::Result<Self> {
        if !docker.has_image(IMAGE).await {
            bail!("the engine has no image {IMAGE}; `cargo xtask provision` brings it");
        }
        let this = Self {
            docker: docker.clone(),
            name: format!("{name}-traefik"),
            network: format!("{name}-public"),
            port,
            more,
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
        let more = self.more_args();
        let (before, after) = args.split_at(args.iter().position(|arg| *arg == IMAGE).unwrap_or(0));
        let published: Vec<&str> = more.published.iter().map(String::as_str).collect();
        let flags: Vec<&str> = more.flags.iter().map(String::as_str).collect();
        let args = [before, published.as_slice(), after, flags.as_slice()].concat();
        docker.run(&args).await.map(drop)
    }

    fn more_args(&self) -> MoreArgs {
        let mut args = MoreArgs::default();
        for Entry { name, port, udp } in &self.more {
            let protocol = if *udp { "udp" } else { "tcp" };
            args.published.push("--publish".to_owned());
            args.published
                .push(format!("mode=host,published={port},target={port},protocol={protocol}"));
            let suffix = if *udp { "/udp" } else { "" };
            args.flags.push(format!("--entrypoints.{name}.address=:{port}{suffix}"));
            if *name == "traefik" {
                args.flags.push("--api.insecure=true".to_owned());
            }
        }
        if !args.flags.is_empty() {
            args.flags.push("--entrypoints.web.forwardedheaders.insecure=true".to_owned());
        }
        args
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
