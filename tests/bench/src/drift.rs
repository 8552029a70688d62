//! What a hand changes on the real Swarm, and how long until Berth tells of it.
//!
//! Each change is made by Docker's client, as a person at the node would, where the
//! environment has drift shown and not healed; the time is from when the client is
//! done until the stack says what differs. Nothing but Docker's events can be that
//! fast: the look at everything comes every five minutes.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use http::Method;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};

use crate::figures::{figure, median};

/// How often each change is made.
const ROUNDS: usize = 3;

/// A change of a service, how it is taken back, and what is told of it.
const CHANGES: [(&str, [&str; 2], [&str; 2], &str); 3] = [
    ("scale", ["--replicas", "3"], ["--replicas", "1"], "runs 3 replicas"),
    ("variable", ["--env-add", "HOTFIX=1"], ["--env-rm", "HOTFIX"], "the variable `HOTFIX`"),
    ("label", ["--label-add", "hotfix=1"], ["--label-rm", "hotfix"], "the label `hotfix`"),
];

/// Changes it.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut seconds = Vec::new();
    runtime.block_on(Box::pin(scene(&[], async |scene| {
        let good = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(good["phase"] == "succeeded", "{good}");
        show(scene).await?;
        for round in 0..ROUNDS {
            for change in &CHANGES {
                let took = by_hand(scene, change).await?;
                println!("  {round} {:12} {took:.2} s", change.0);
                seconds.push(took);
            }
        }
        for (name, took) in removed(scene).await? {
            println!("    {name:12} {took:.2} s");
            seconds.push(took);
        }
        Ok(())
    })))?;
    let most = seconds.iter().copied().fold(0.0, f64::max);
    Ok(Map::from_iter([
        ("drift_median_s".to_owned(), figure(median(&seconds))),
        ("drift_max_s".to_owned(), figure(most)),
    ]))
}

async fn show(scene: &Scene) -> anyhow::Result<()> {
    let path = format!("/api/v1/stacks/{}/settings", scene.name);
    let settings = json!({
        "on_failure": "rollback", "protected": false, "freezes": [], "drift": "show",
        "volumes": {"policy": "keep", "days": null},
    });
    let api = scene.world.api()?.clone().with_header("if-match", "*");
    api.json(Method::PUT, &path, &settings).await?;
    synced(scene).await
}

async fn differences(scene: &Scene) -> anyhow::Result<String> {
    let stack = scene.world.api()?.read(&format!("/api/v1/stacks/{}", scene.name)).await?;
    let all = stack["differences"].as_array().context("differences")?;
    Ok(all.iter().filter_map(|it| it["sentence"].as_str()).collect::<Vec<_>>().join("\n"))
}

async fn synced(scene: &Scene) -> anyhow::Result<()> {
    until("nothing differs", LONG, async || match differences(scene).await? {
        none if none.is_empty() => Ok(()),
        some => bail!("{some}"),
    })
    .await
}

/// How long until the stack says this.
async fn told(scene: &Scene, words: &str) -> anyhow::Result<f64> {
    let since = Instant::now();
    let says = async {
        while !differences(scene).await?.contains(words) {
            sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(since.elapsed().as_secs_f64())
    };
    timeout(LONG, says).await.with_context(|| format!("nobody told of {words:?}"))?
}

async fn update(scene: &Scene, options: [&str; 2]) -> anyhow::Result<()> {
    let service = format!("{}_worker", scene.name);
    let fixed = ["service", "update", "--detach", "--no-resolve-image"];
    let args = [&fixed[..], &options, &[service.as_str()]].concat();
    scene.world.docker.run(&args).await.map(drop)
}

async fn by_hand(
    scene: &Scene,
    (_, change, back, words): &(&str, [&str; 2], [&str; 2], &str),
) -> anyhow::Result<f64> {
    update(scene, *change).await?;
    let took = told(scene, words).await?;
    update(scene, *back).await?;
    synced(scene).await?;
    Ok(took)
}

/// Removes services, then the network that they were on.
async fn removed(scene: &Scene) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let docker = &scene.world.docker;
    let name = |service: &str| format!("{}_{service}", scene.name);
    docker.run(&["service", "rm", &name("worker")]).await?;
    let service = told(scene, "service `worker` is missing").await?;
    docker.run(&["service", "rm", &name("web"), &name("api"), &name("store")]).await?;
    let network = name("default");
    until("the network is gone", LONG, async || {
        docker.run(&["network", "rm", &network]).await.map(drop)
    })
    .await?;
    let words = format!("network `{network}` is missing");
    let network = told(scene, &words).await?;
    Ok(vec![("no service", service), ("no network", network)])
}
