//! What containers write, on a real Swarm: it is served, once, whatever becomes of
//! the containers and of Berth.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use berth_tests::docker::Docker;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use serde_json::Value;

use crate::jobs::forget;

/// A service that counts aloud, and a job that says what it did.
const TALKERS: &str = r#"services:
  ticker:
    image: berth-demo/base:1
    command: ["sh", "-c", "echo ERROR one is odd >&2; n=0; while :; do n=$$((n+1)); echo $$(hostname) $$n; sleep 0.2; done"]
    deploy: { endpoint_mode: dnsrr }
  migrate:
    image: berth-demo/base:1
    command: ["sh", "-c", "echo made 3 tables"]
    deploy: { endpoint_mode: dnsrr, restart_policy: { condition: none } }
    x-berth: { job: before }
"#;

/// The lines that the stack's page of logs has for `query`.
async fn lines(scene: &Scene, query: &str) -> anyhow::Result<Vec<Value>> {
    let path = format!("/api/v1/stacks/{}/logs?limit=5000&{query}", scene.name);
    let page = scene.world.api()?.read(&path).await?;
    Ok(page["lines"].as_array().context("a page has lines")?.clone())
}

fn text(line: &Value) -> &str {
    line["text"].as_str().unwrap_or_default()
}

/// How far each container of the ticker counted, where none left a number out or
/// said one twice.
async fn counted(scene: &Scene) -> anyhow::Result<BTreeMap<String, u64>> {
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for line in lines(scene, "service=ticker").await? {
        let Some((host, number)) = text(&line).split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        let last = counted.entry(host.to_owned()).or_default();
        ensure!(number == *last + 1, "{host} said {number} after {last}");
        *last = number;
    }
    Ok(counted)
}

/// Waits until `containers` of the ticker have counted, the newest to `number`.
async fn counts(
    scene: &Scene,
    containers: usize,
    number: u64,
) -> anyhow::Result<BTreeMap<String, u64>> {
    until(&format!("container {containers} has counted to {number}"), LONG, async || {
        let counted = counted(scene).await?;
        ensure!(
            counted.len() == containers && counted.values().all(|last| *last >= number),
            "{counted:?}"
        );
        Ok(counted)
    })
    .await
}

#[tokio::test]
async fn what_containers_write_is_served_once_and_outlives_them_and_berth() {
    scene(&[("BERTH_LEASE_TTL", "2s")], async |scene| {
        let compose = std::fs::read_to_string(berth_tests::world::sample().join("compose.yaml"))?;
        let compose = compose.replacen("services:\n", TALKERS, 1);
        let deployed = scene.deploy("Count aloud", &[("compose.yaml", &compose)]).await?;
        ensure!(deployed["phase"] == "succeeded", "{deployed}");

        let first = counts(scene, 1, 5).await?;
        let errors = lines(scene, "service=ticker&level=error").await?;
        ensure!(errors.len() == 1 && text(&errors[0]) == "ERROR one is odd", "{errors:?}");
        ensure!(errors[0]["stream"] == "stderr", "{errors:?}");
        ensure!(errors[0]["task"] == "ticker.1" && errors[0]["node"].is_string(), "{errors:?}");
        until("the job's output is there", LONG, async || {
            let said = lines(scene, "service=migrate&q=TABLES").await?;
            ensure!(said.len() == 1 && text(&said[0]) == "made 3 tables", "{said:?}");
            Ok(())
        })
        .await?;

        // Berth is away for a while, twice: killed, and stopped in order.
        scene.world.berth()?.kill_and_restart().await?;
        let before = first.values().max().copied().unwrap_or_default();
        let then = counts(scene, 1, before + 10).await?;
        scene.world.berth()?.stop().await?;
        scene.world.berth()?.restart().await?;
        let before = then.values().max().copied().unwrap_or_default();
        counts(scene, 1, before + 10).await?;

        // Its container goes, and its lines stay; the next one's follow.
        let docker = Docker::from_env();
        let label = format!("label=com.docker.swarm.service.name={}_ticker", scene.name);
        let container = docker.run(&["ps", "--quiet", "--filter", &label]).await?;
        docker.run(&["rm", "--force", container.trim()]).await?;
        let both = counts(scene, 2, 5).await?;
        let kept = both.iter().find(|(host, _)| first.contains_key(*host));
        ensure!(kept.is_some_and(|(_, last)| *last >= before + 10), "{both:?}");
        forget(scene).await
    })
    .await
    .unwrap();
}
