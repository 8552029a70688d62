//! Jobs before a rollout, on a real Swarm: they run once with each deployment,
//! what they wrote is kept with it, and one that fails stops it.

use anyhow::ensure;
use berth_tests::docker::Docker;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use serde_json::Value;

/// The sample with a job before that does `what`.
fn with_job(what: &str) -> anyhow::Result<String> {
    let compose = std::fs::read_to_string(berth_tests::world::sample().join("compose.yaml"))?;
    let job = format!(
        r#"services:
  migrate:
    image: berth-demo/base:1
    command: ["sh", "-c", "{what}"]
    deploy: {{ endpoint_mode: dnsrr, restart_policy: {{ condition: none }} }}
    x-berth: {{ job: before }}
"#
    );
    Ok(compose.replacen("services:\n", &job, 1))
}

/// What the deployment's jobs wrote, as it is kept.
async fn wrote(scene: &Scene, deployment: &Value) -> anyhow::Result<Vec<String>> {
    let id = deployment["id"].as_str().unwrap_or_default();
    let log = scene.world.api()?.read(&format!("/api/v1/deployments/{id}/log?limit=2000")).await?;
    let lines = items(&log).filter(|line| line["source"] == "job" && line["service"] == "migrate");
    Ok(lines.filter_map(|line| line["line"].as_str().map(str::to_owned)).collect())
}

/// Waits until the job is gone, and removes its containers: Swarm leaves the ended
/// ones of jobs behind.
pub(crate) async fn forget(scene: &Scene) -> anyhow::Result<()> {
    let docker = Docker::from_env();
    let job = format!("name={}_migrate", scene.name);
    until("the job is gone", LONG, async || {
        match docker.run(&["service", "ls", "--quiet", "--filter", &job]).await {
            Ok(left) if left.is_empty() => Ok(()),
            other => Err(other),
        }
    })
    .await?;
    let label = format!("label=com.docker.stack.namespace={}", scene.name);
    docker.run(&["container", "prune", "--force", "--filter", &label]).await.map(drop)
}

#[tokio::test]
async fn a_job_before_runs_once_and_one_that_fails_leaves_what_served() {
    scene(&[], async |scene| {
        let well = with_job("echo began; sleep 1; echo made 3 tables")?;
        let good = scene.deploy("Make the tables", &[("compose.yaml", &well)]).await?;
        ensure!(good["phase"] == "succeeded", "{good}");
        let lines = wrote(scene, &good).await?;
        ensure!(lines == ["began", "made 3 tables"], "{lines:?}");
        let live = good["commit"]["sha"].as_str().unwrap_or_default();
        scene.world.served(&scene.host(), live).await?;

        let ill = with_job("echo began anew; echo no such table >&2; exit 7")?;
        let bad = scene.deploy("Drop a table", &[("compose.yaml", &ill)]).await?;
        ensure!(bad["phase"] == "failed", "{bad}");
        let reason = bad["reason"]["text"].as_str().unwrap_or_default();
        for part in ["`migrate`", "(7)", "no such table"] {
            ensure!(reason.contains(part), "{part}: {reason}");
        }
        let lines = wrote(scene, &bad).await?;
        ensure!(lines.contains(&"began anew".to_owned()), "{lines:?}");
        ensure!(lines.contains(&"no such table".to_owned()), "{lines:?}");
        scene.world.served(&scene.host(), live).await?;

        // The next one runs its job, and once.
        let again = scene.deploy("Leave it", &[("compose.yaml", &well)]).await?;
        ensure!(again["phase"] == "succeeded", "{again}");
        let lines = wrote(scene, &again).await?;
        ensure!(lines == ["began", "made 3 tables"], "{lines:?}");
        forget(scene).await
    })
    .await
    .unwrap();
}
