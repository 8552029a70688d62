//! Several replicas on one Postgres: one leads, and when it is killed or paused
//! another does, and what it does late changes nothing.

use anyhow::{Context as _, bail, ensure};
use berth_tests::berth::{Berth, Options};
use berth_tests::http::Client;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use serde_json::json;
use tokio::process::Command;

/// A replica, and a client of its API that is logged in.
struct Replica {
    berth: Berth,
    api: Client,
}

impl Replica {
    /// Starts one beside the scene's Berth, on its Postgres and with its key.
    async fn start(scene: &mut Scene, number: usize, bearer: &str) -> anyhow::Result<Self> {
        let url = scene.world.berth()?.url();
        let own = scene.world.folder().join("berth");
        let postmaster = std::fs::read_to_string(own.join("postgres/data/postmaster.pid"))?;
        let socket = postmaster.lines().nth(4).context("Postgres names no socket")?;
        let socket = socket.replace('/', "%2F");
        let set = |name: &str, value: String| (name.to_owned(), value);
        let traefik = scene.world.traefik()?;
        let berth = Berth::start(Options {
            data_dir: scene.world.folder().join(format!("replica-{number}")),
            port: berth_tests::traefik::free_port(0)?,
            docker_host: scene.world.docker.host.clone(),
            github: scene.world.github()?.base_url().to_owned(),
            router_port: traefik.port,
            public_network: traefik.network.clone(),
            env: vec![
                set(
                    "BERTH_DATABASE_URL",
                    format!("postgres://berth@localhost/berth?host={socket}"),
                ),
                set("BERTH_SECRET_KEY_FILE", own.join("secret.key").display().to_string()),
                set("BERTH_LEASE_TTL", "3s".to_owned()),
                set("BERTH_PUBLIC_URL", url),
            ],
        })
        .await?;
        let api = Client::new(berth.url()).with_header("authorization", bearer);
        Ok(Self { berth, api })
    }

    async fn leads(&self) -> anyhow::Result<bool> {
        Ok(self.api.read("/api/v1/status").await?["leader"]["is_me"] == true)
    }

    async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let pid = self.berth.pid().context("it has ended")?.to_string();
        ensure!(Command::new("kill").args([name, &pid]).status().await?.success());
        Ok(())
    }
}

/// The replica that leads, but for one that can't be asked.
async fn leader(replicas: &[Replica], not: Option<usize>) -> anyhow::Result<usize> {
    until("a replica leads", LONG, async || {
        let mut leading = Vec::new();
        for (index, replica) in replicas.iter().enumerate() {
            if Some(index) != not && replica.leads().await? {
                leading.push(index);
            }
        }
        match leading.as_slice() {
            [one] => Ok(*one),
            other => bail!("{other:?} lead"),
        }
    })
    .await
}

/// How many deployments of a commit a replica knows, and how they ended.
async fn ends(replica: &Replica, stack: &str, sha: &str) -> anyhow::Result<Vec<String>> {
    let list = replica.api.read(&format!("/api/v1/stacks/{stack}/deployments")).await?;
    let of_it = items(&list).filter(|item| item["commit"]["sha"] == sha);
    Ok(of_it.map(|item| item["phase"].as_str().unwrap_or_default().to_owned()).collect())
}

#[tokio::test]
async fn a_leader_that_is_paused_or_killed_is_replaced_and_its_late_writes_change_nothing() {
    // The scene's own Berth takes webhooks, and never leads.
    scene(&[("BERTH_ROLES", "api")], async |scene| {
        let token = scene.world.api()?.post("/api/v1/tokens", &json!({"name": "replicas"})).await?;
        let bearer = format!("Bearer {}", token["token"].as_str().context("no token")?);
        let mut replicas = Vec::new();
        for number in 0..3 {
            replicas.push(Replica::start(scene, number, &bearer).await?);
        }

        let first = leader(&replicas, None).await?;
        let sha = scene.push("Open the shop", &[("note.txt", "1\n")]).await?;
        until("the leader deploys", LONG, async || {
            let there = ends(&replicas[first], &scene.name, &sha).await?;
            if there.is_empty() { bail!("not yet") } else { Ok(()) }
        })
        .await?;
        replicas[first].signal("-STOP").await?;
        let second = leader(&replicas, Some(first)).await?;
        ensure!(second != first);
        // It still believes that it leads, in the middle of a deployment.
        replicas[first].signal("-CONT").await?;
        let deployment = scene.world.deployed(&scene.name, &sha).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        ensure!(leader(&replicas, None).await? == second, "the lease changed hands again");

        let sha = scene.push("Repaint", &[("note.txt", "2\n")]).await?;
        until("the leader deploys", LONG, async || {
            let there = ends(&replicas[second], &scene.name, &sha).await?;
            if there.is_empty() { bail!("not yet") } else { Ok(()) }
        })
        .await?;
        replicas[second].berth.kill().await?;
        replicas.remove(second);
        leader(&replicas, None).await?;
        let deployment = scene.world.deployed(&scene.name, &sha).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        scene.world.served(&scene.host(), &sha).await?;

        // Whoever is asked says the same, and GitHub heard of each once.
        for replica in &replicas {
            ensure!(ends(replica, &scene.name, &sha).await? == ["succeeded"]);
        }
        let github = scene.world.github()?;
        until("GitHub has heard of two deployments", LONG, async || {
            let deployments = github.deployments(&scene.repository())?;
            let states: Vec<&str> = deployments.iter().map(|it| it.state()).collect();
            if states == ["inactive", "success"] { Ok(()) } else { bail!("{states:?}") }
        })
        .await?;
        for replica in &mut replicas {
            replica.berth.stop().await?;
        }
        Ok(())
    })
    .await
    .unwrap();
}
