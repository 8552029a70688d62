//! What a hand changes on a real Swarm: found by Docker's events, or by the next
//! look at everything without them, and put back or shown, as the environment has
//! it. (Where nothing else is said those looks come minutes later.)

use anyhow::{Context as _, bail, ensure};
use berth_tests::docker::Docker;
use berth_tests::proxy::Proxy;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use http::Method;
use serde_json::{Value, json};

/// What Docker says of one of the stack's services.
async fn inspect(scene: &Scene, service: &str, format: &str) -> anyhow::Result<String> {
    let name = format!("{}_{service}", scene.name);
    scene.world.docker.run(&["service", "inspect", "--format", format, &name]).await
}

/// Changes one of them, as a person at the node would.
async fn update(scene: &Scene, service: &str, options: &[&str]) -> anyhow::Result<()> {
    let name = format!("{}_{service}", scene.name);
    let fixed = ["service", "update", "--detach", "--no-resolve-image"];
    scene.world.docker.run(&[&fixed, options, &[name.as_str()]].concat()).await?;
    Ok(())
}

async fn stack(scene: &Scene) -> anyhow::Result<Value> {
    scene.world.api()?.read(&format!("/api/v1/stacks/{}", scene.name)).await
}

async fn say(scene: &Scene, drift: &str) -> anyhow::Result<()> {
    let path = format!("/api/v1/stacks/{}/settings", scene.name);
    let settings = json!({
        "on_failure": "rollback", "protected": false, "freezes": [], "drift": drift,
        "volumes": {"policy": "keep", "days": null},
    });
    let api = scene.world.api()?.clone().with_header("if-match", "*");
    let set = api.json(Method::PUT, &path, &settings).await?;
    ensure!(set["drift"] == drift, "{set}");
    Ok(())
}

/// Waits until the stack is synced and says that nothing differs.
async fn synced(scene: &Scene) -> anyhow::Result<Value> {
    until("nothing differs", LONG, async || {
        let stack = stack(scene).await?;
        let well = stack["state"]["synced"]["value"] == true && stack["health"] == "healthy";
        if well && stack["differences"] == json!([]) { Ok(stack) } else { bail!("{stack}") }
    })
    .await
}

/// Waits until the stack says all of these.
async fn told(scene: &Scene, sentences: &[String]) -> anyhow::Result<Value> {
    until("what differs is told", LONG, async || {
        let stack = stack(scene).await?;
        let all = stack["differences"].as_array().context("no differences")?;
        let said = |wanted: &String| all.iter().any(|it| it["sentence"] == wanted.as_str());
        if sentences.iter().all(said) { Ok(stack) } else { bail!("{}", stack["differences"]) }
    })
    .await
}

const SPEC: &str = "{{json .Spec}}";
const PLANTED: &str = "planted-5d2e1a-by-hand";

#[tokio::test]
async fn each_field_that_a_hand_changes_is_put_back() {
    scene(&[], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        synced(scene).await?;
        let meant: Value = serde_json::from_str(&inspect(scene, "worker", SPEC).await?)?;
        for options in [
            ["--replicas", "3"],
            ["--image", "berth-demo/base:1"],
            ["--env-add", "HOTFIX=1"],
            ["--label-add", "hotfix=1"],
        ] {
            update(scene, "worker", &options).await?;
            until(&format!("{options:?} is put back"), LONG, async || {
                let mut is: Value = serde_json::from_str(&inspect(scene, "worker", SPEC).await?)?;
                // Swarm counts updates that nothing else shows.
                is["TaskTemplate"]["ForceUpdate"] = meant["TaskTemplate"]["ForceUpdate"].clone();
                if is == meant { Ok(()) } else { bail!("{is}\n{meant}") }
            })
            .await?;
        }
        synced(scene).await?;
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_no_event_tells_of_is_found_by_the_next_look_at_everything() {
    let folder = tempfile::tempdir().unwrap();
    let socket = Docker::from_env().socket().unwrap().to_owned();
    let line = Proxy::without_events(&folder.path().join("docker.sock"), socket.as_ref()).unwrap();
    let host = format!("unix://{}", line.path().display());
    scene(&[("DOCKER_HOST", &host), ("BERTH_RESYNC", "1s")], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        synced(scene).await?;
        let meant = inspect(scene, "worker", "{{.Spec.Mode.Replicated.Replicas}}").await?;
        update(scene, "worker", &["--replicas", "3"]).await?;
        until("the scale is put back", LONG, async || {
            let is = inspect(scene, "worker", "{{.Spec.Mode.Replicated.Replicas}}").await?;
            if is == meant { Ok(()) } else { bail!("{is} replicas") }
        })
        .await?;
        let worker = format!("{}_worker", scene.name);
        scene.world.docker.run(&["service", "rm", &worker]).await?;
        until("the service is there again", LONG, async || {
            inspect(scene, "worker", SPEC).await.map(drop)
        })
        .await?;
        synced(scene).await?;
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn where_drift_is_only_shown_nothing_is_put_back_until_it_is_asked_for() {
    scene(&[], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        synced(scene).await?;
        say(scene, "show").await?;

        update(scene, "web", &["--replicas", "1", "--env-add", &format!("HOTFIX={PLANTED}")])
            .await?;
        let docker = scene.world.docker.clone();
        let removed = ["api", "worker", "store"].map(|name| format!("{}_{name}", scene.name));
        let removed: Vec<&str> = removed.iter().map(String::as_str).collect();
        docker.run(&[&["service", "rm"], removed.as_slice()].concat()).await?;
        let seen = told(
            scene,
            &[
                "service `web` runs 1 replica; its release says 2".to_owned(),
                "service `web` has the variable `HOTFIX` that nobody asked for".to_owned(),
                "service `worker` is missing".to_owned(),
            ],
        )
        .await?;
        ensure!(seen["state"]["synced"]["value"] == false, "{seen}");
        ensure!(!seen.to_string().contains(PLANTED), "a value is told: {seen}");

        // The network goes once nothing is on it.
        let network = format!("{}_default", scene.name);
        docker.run(&["service", "rm", &format!("{}_web", scene.name)]).await?;
        until("the network is gone", LONG, async || {
            docker.run(&["network", "rm", &network]).await.map(drop)
        })
        .await?;
        told(
            scene,
            &[format!("network `{network}` is missing"), "service `web` is missing".to_owned()],
        )
        .await?;
        let label = format!("label=com.docker.stack.namespace={}", scene.name);
        let services = ["service", "ls", "--quiet", "--filter", &label];
        ensure!(docker.run(&services).await?.is_empty(), "something was put back");

        say(scene, "heal").await?;
        synced(scene).await?;
        ensure!(docker.run(&services).await?.lines().count() == 4);
        let sha = deployment["commit"]["sha"].as_str().context("no commit")?.to_owned();
        scene.world.served(&scene.host(), &sha).await?;
        Ok(())
    })
    .await
    .unwrap();
}
