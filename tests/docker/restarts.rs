//! A restart on the real Swarm: new tasks of the same release.

use std::collections::BTreeSet;

use anyhow::ensure;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use serde_json::{Value, json};

/// The tasks of a service that should run, each with its image.
async fn tasks(scene: &Scene, service: &str) -> anyhow::Result<BTreeSet<(String, String)>> {
    let name = format!("{}_{service}", scene.name);
    let format = "{{.ID}} {{.Image}}";
    let args = ["service", "ps", "--no-trunc", "--filter", "desired-state=running", "--format"];
    let listed = scene.world.docker.run(&[&args[..], &[format, &name]].concat()).await?;
    let tasks = listed.lines().filter_map(|line| line.split_once(' '));
    Ok(tasks.map(|(id, image)| (id.to_owned(), image.to_owned())).collect())
}

/// Restarts, and waits until that is over and the stack is as it should be.
async fn restart(scene: &Scene, services: Value) -> anyhow::Result<Value> {
    let stack = format!("/api/v1/stacks/{}", scene.name);
    let api = scene.world.api()?;
    let made = api.post(&format!("{stack}/restart"), &json!({ "services": services })).await?;
    let path = format!("{stack}/deployments/{}", made["number"]);
    let over = until("the restart is over", LONG, async || {
        let now = api.read(&path).await?;
        if now["finished_at"].is_null() { Err(anyhow::anyhow!("{now}")) } else { Ok(now) }
    })
    .await?;
    until("the stack is as it should be", LONG, async || {
        let now = api.read(&stack).await?;
        if now["synced"] == true && now["health"] == "healthy" {
            Ok(())
        } else {
            Err(anyhow::anyhow!("{now}"))
        }
    })
    .await?;
    Ok(over)
}

fn ids(tasks: &BTreeSet<(String, String)>) -> BTreeSet<&String> {
    tasks.iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn a_restart_replaces_each_task_by_one_of_the_same_image_and_no_other() {
    scene(&[], async |scene| {
        let first = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(first["phase"] == "succeeded", "{first}");
        let sha = first["commit"]["sha"].as_str().unwrap_or_default();
        let names = ["web", "api", "worker", "store"];
        let mut before = Vec::new();
        for name in names {
            before.push(tasks(scene, name).await?);
        }

        let one = restart(scene, json!(["web"])).await?;
        ensure!(
            (&one["phase"], &one["trigger"]) == (&json!("succeeded"), &json!("restart")),
            "{one}"
        );
        ensure!(one["commit"]["sha"] == sha, "{one}");
        let plan = one["plan"].as_array().cloned().unwrap_or_default();
        let line = plan.first().and_then(|line| line["text"].as_str()).unwrap_or_default();
        ensure!(plan.len() == 1 && line.starts_with("~ service web"), "{plan:?}");
        for (name, before) in names.iter().zip(&before) {
            let after = tasks(scene, name).await?;
            if *name == "web" {
                ensure!(after.len() == 2 && ids(&after).is_disjoint(&ids(before)), "{after:?}");
                let images = |of: &BTreeSet<(String, String)>| {
                    of.iter().map(|(_, image)| image.clone()).collect::<BTreeSet<_>>()
                };
                ensure!(images(&after) == images(before), "{before:?} {after:?}");
            } else {
                ensure!(after == *before, "{name}: {before:?} {after:?}");
            }
        }
        scene.world.served(&scene.host(), sha).await?;

        // What a hand forces is no drift, and does not make the next one do nothing.
        let worker = format!("{}_worker", scene.name);
        for _ in 0..2 {
            let args = ["service", "update", "--force", "--detach=false", "--quiet", &worker];
            scene.world.docker.run(&args).await?;
        }
        let by_hand = tasks(scene, "worker").await?;
        let all = restart(scene, json!([])).await?;
        ensure!(all["phase"] == "succeeded", "{all}");
        for (name, before) in names.iter().zip(&before) {
            let after = tasks(scene, name).await?;
            let before = if *name == "worker" { &by_hand } else { before };
            ensure!(after.len() == before.len(), "{name}: {before:?} {after:?}");
            ensure!(ids(&after).is_disjoint(&ids(before)), "{name}: {before:?} {after:?}");
        }

        // The next push restarts nothing that it does not change.
        let store = tasks(scene, "store").await?;
        let second = scene.deploy("Repaint", &[("note.txt", "2\n")]).await?;
        ensure!(second["phase"] == "succeeded", "{second}");
        ensure!(tasks(scene, "store").await? == store, "{store:?}");
        Ok(())
    })
    .await
    .unwrap();
}
