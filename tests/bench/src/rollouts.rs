//! Requests lost while a service is updated: 64 connections of `wrk` through
//! Traefik to a service of two replicas, which is updated again and again by
//! `berth stack deploy`, then by `docker stack deploy`, from the same file. A
//! file that does not say what a rollout needs, of an application that stops at
//! once, shows that losses are seen.
//!
//! The application is Traefik, too, which has what an application needs: a health
//! check, and requests taken for some seconds yet after it was told to stop.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use berth_tests::docker::Docker;
use berth_tests::traefik::{IMAGE, Traefik, free_port};
use berth_tests::wait::{LONG, until};
use serde_json::{Map, Value};
use tokio::process::Child;

/// Updates of the service by each of the two.
const ROLLOUTS: usize = 20;

/// Updates of the careless file: a few show it.
const CARELESS: usize = 3;

/// The host that the service answers for.
const HOST: &str = "rollouts.localhost";

/// Who deploys, and from which file.
#[derive(Debug, Clone, Copy)]
enum Who {
    Berth,
    Docker,
    /// Berth, from a file that says nothing of updates, nor lets the application drain.
    Careless,
}

impl Who {
    const fn word(self) -> &'static str {
        match self {
            Self::Berth => "berth",
            Self::Docker => "docker",
            Self::Careless => "careless",
        }
    }
}

/// What `wrk` counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counted {
    requests: u64,
    failed: u64,
}

/// Updates it.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(async {
        let name = format!("berth-rollouts-{}", std::process::id());
        let traefik = Traefik::start(&Docker::from_env(), &name, free_port(0)?).await?;
        let outcome = all(&traefik, folder.path()).await;
        let stopped = traefik.stop().await;
        outcome.and_then(|figures| stopped.map(|()| figures))
    })
}

async fn all(traefik: &Traefik, folder: &Path) -> anyhow::Result<Map<String, Value>> {
    let mut figures = Map::new();
    for (who, rollouts) in
        [(Who::Berth, ROLLOUTS), (Who::Docker, ROLLOUTS), (Who::Careless, CARELESS)]
    {
        let stack = format!("{}-{}", traefik.name, who.word());
        let counted = under_load(who, rollouts, traefik, &stack, folder).await;
        let docker = Docker::from_env();
        docker.run(&["stack", "rm", &stack]).await?;
        until("the stack is gone", LONG, async || match docker.leftovers(&stack).await {
            Ok(left) if left.is_empty() => Ok(()),
            other => Err(other),
        })
        .await?;
        let Counted { requests, failed } = counted?;
        let word = who.word();
        println!("  {word:8} {rollouts} rollouts, {requests} requests, {failed} failed");
        figures.insert(format!("failed_{word}"), failed.into());
        figures.insert(format!("requests_{word}"), requests.into());
    }
    figures.insert("rollouts".to_owned(), ROLLOUTS.into());
    Ok(figures)
}

async fn under_load(
    who: Who,
    rollouts: usize,
    traefik: &Traefik,
    stack: &str,
    folder: &Path,
) -> anyhow::Result<Counted> {
    let file = folder.join("compose.yaml");
    let write = |number: usize| std::fs::write(&file, compose(who, &traefik.network, number));
    write(0)?;
    deploy(who, &file, stack)?;
    let client = traefik.client();
    until("the service answers", LONG, async || match client.get_host(HOST, "/ping").await {
        Ok(answer) if answer.status.is_success() => Ok(()),
        other => Err(other.map(|answer| answer.status)),
    })
    .await?;
    let load = Load::start(&format!("{}/ping", client.base()))?;
    for number in 1..=rollouts {
        write(number)?;
        deploy(who, &file, stack)?;
    }
    load.stop().await
}

/// Two replicas whose environment changes with `number`.
fn compose(who: Who, network: &str, number: usize) -> String {
    let (drain, careful) = match who {
        Who::Berth | Who::Docker => (
            "
      - --entrypoints.web.transport.lifecycle.requestacceptgracetimeout=4s
      - --entrypoints.web.transport.lifecycle.gracetimeout=4s",
            "
    healthcheck:
      test: [CMD, traefik, healthcheck, --ping=true, --ping.entrypoint=web, '--entrypoints.web.address=:8080']
      interval: 1s
      timeout: 5s
      retries: 5
    stop_grace_period: 15s",
        ),
        Who::Careless => ("", ""),
    };
    let order = match who {
        Who::Berth | Who::Docker => "order: start-first, delay: 1s, ",
        Who::Careless => "",
    };
    format!(
        "version: '3.9'
services:
  app:
    image: {IMAGE}
    command:
      - --entrypoints.web.address=:8080{drain}
      - --ping=true
      - --ping.entrypoint=web
      - --ping.terminatingstatuscode=200
      - --log.level=ERROR
      - --global.checknewversion=false
      - --global.sendanonymoususage=false
    environment: {{ ROLLOUT: '{number}' }}{careful}
    networks: [public]
    deploy:
      replicas: 2
      endpoint_mode: dnsrr
      update_config: {{ {order}parallelism: 1, monitor: 1s }}
      labels:
        traefik.enable: 'true'
        traefik.http.routers.{word}.rule: Host(`{HOST}`)
        traefik.http.services.{word}.loadbalancer.server.port: '8080'
networks:
  public: {{ external: true, name: {network} }}
",
        word = who.word(),
    )
}

fn deploy(who: Who, file: &Path, stack: &str) -> anyhow::Result<()> {
    let mut command = match who {
        Who::Berth | Who::Careless => Command::new(berth_tests::berth::program()?),
        Who::Docker => Command::new("docker"),
    };
    command.args(["stack", "deploy", "--detach=false", "--resolve-image", "never", "-c"]);
    let output = command.arg(file).arg(stack).output()?;
    if !output.status.success() {
        bail!("{} could not deploy: {}", who.word(), String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// A running `wrk`.
struct Load(Child);

impl Load {
    fn start(url: &str) -> anyhow::Result<Self> {
        // It is interrupted before its time is over.
        let args = ["--threads", "2", "--connections", "64", "--duration", "30m", "--header"];
        let mut command = tokio::process::Command::new("wrk");
        command.args(args).arg(format!("Host: {HOST}")).arg(url).kill_on_drop(true);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        Ok(Self(child.context("failed to start wrk")?))
    }

    /// Interrupts it, upon which it says what it counted.
    async fn stop(self) -> anyhow::Result<Counted> {
        let pid = self.0.id().context("wrk has ended by itself")?;
        Command::new("kill").args(["-INT", &pid.to_string()]).status()?;
        let output = self.0.wait_with_output().await?;
        counted(&String::from_utf8_lossy(&output.stdout))
    }
}

/// Reads what `wrk` says at its end. Of failures it says nothing where it has none.
fn counted(said: &str) -> anyhow::Result<Counted> {
    let requests = said
        .lines()
        .find_map(|line| line.trim().split_once(" requests in "))
        .with_context(|| format!("wrk counted nothing: {said:?}"))?
        .0
        .parse()?;
    let numbers = |line: &str| -> u64 {
        line.split([' ', ',']).filter_map(|word| word.parse::<u64>().ok()).sum()
    };
    let failures = said.lines().filter_map(|line| {
        line.split_once("Socket errors:").or_else(|| line.split_once("Non-2xx or 3xx responses:"))
    });
    Ok(Counted { requests, failed: failures.map(|(_, rest)| numbers(rest)).sum() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_counts() {
        let said = "Running 1m test @ http://127.0.0.1:80\n  100 requests in 3.00s, 1MB read\n  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 50000\nRequests/sec: 33.33\n";
        assert_eq!(counted(said).unwrap(), Counted { requests: 100, failed: 54_321 });
        let well = "  7 requests in 3.00s, 1MB read\nRequests/sec: 2.33\n";
        assert_eq!(counted(well).unwrap(), Counted { requests: 7, failed: 0 });
        assert!(counted("unable to connect").is_err());
    }
}
