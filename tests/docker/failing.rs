//! What can't work says so, with place and reason, and leaves what served.

use anyhow::{bail, ensure};
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use serde_json::Value;

/// What GitHub's check run says of a commit, once it is completed.
async fn check(scene: &Scene, deployment: &Value) -> anyhow::Result<berth_github_sim::CheckRun> {
    let sha = deployment["commit"]["sha"].as_str().unwrap_or_default();
    until("the check is completed", LONG, async || {
        let runs = scene.world.github()?.check_runs(&scene.repository())?;
        match runs.into_iter().find(|run| run.head_sha == sha && run.status == "completed") {
            Some(run) => Ok(run),
            None => bail!("no completed check of {sha}"),
        }
    })
    .await
}

fn step<'a>(deployment: &'a Value, phase: &str) -> &'a Value {
    deployment["phases"]
        .as_array()
        .and_then(|phases| phases.iter().find(|step| step["phase"] == phase))
        .unwrap_or(&Value::Null)
}

#[tokio::test]
async fn each_fault_is_named_at_its_phase_and_the_old_release_serves_on() {
    scene(&[], async |scene| {
        let good = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(good["phase"] == "succeeded", "{good}");
        let live = good["commit"]["sha"].as_str().unwrap().to_owned();
        let compose = std::fs::read_to_string(berth_tests::world::sample().join("compose.yaml"))?;

        // What Swarm can't do, and would do otherwise.
        let broken =
            compose.replace("  worker:\n", "  worker:\n    ports: [\"127.0.0.1:7001:80\"]\n");
        let bad = scene.deploy("Ask for too much", &[("compose.yaml", &broken)]).await?;
        ensure!(bad["phase"] == "failed", "{bad}");
        let line = broken.lines().position(|line| line.contains("127.0.0.1:7001")).unwrap() + 1;
        ensure!(bad["reason"]["place"]["line"] == line, "{}", bad["reason"]);
        ensure!(bad["reason"]["text"].as_str().unwrap().contains("127.0.0.1"), "{}", bad["reason"]);
        let run = check(scene, &bad).await?;
        ensure!(run.conclusion.as_deref() == Some("failure"), "{run:?}");
        ensure!(run.annotations.iter().any(|note| note["start_line"] == line), "{run:?}");

        // A Dockerfile that fails.
        let dockerfile = "FROM berth-demo/base:1\nRUN echo the-last-words && exit 3\n";
        let bad = scene
            .deploy(
                "Break the build",
                &[("compose.yaml", &compose), ("store/Dockerfile", dockerfile)],
            )
            .await?;
        ensure!(bad["phase"] == "failed" && step(&bad, "built")["state"] == "failed", "{bad}");
        ensure!(
            bad["reason"]["text"].as_str().unwrap().contains("the-last-words"),
            "{}",
            bad["reason"]
        );

        // A health check that never passes.
        let dockerfile =
            std::fs::read_to_string(berth_tests::world::sample().join("store/Dockerfile"))?;
        let sick =
            compose.replace("http://127.0.0.1:8080/healthz", "http://127.0.0.1:8080/nothing");
        let bad = scene
            .deploy("Fall ill", &[("compose.yaml", &sick), ("store/Dockerfile", &dockerfile)])
            .await?;
        ensure!(bad["phase"] == "failed" && step(&bad, "converged")["state"] == "failed", "{bad}");
        ensure!(!bad["reason"]["text"].as_str().unwrap().is_empty(), "{}", bad["reason"]);

        scene.world.served(&scene.host(), &live).await.map(drop)
    })
    .await
    .unwrap();
}
