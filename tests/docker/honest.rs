//! Each way in which a service can be ill on a real Swarm: it is named, with what its
//! tasks ended with and wrote last, and what served before serves on.

use anyhow::{Context as _, bail, ensure};
use berth_tests::registry::{Access, Registry};
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use serde_json::{Value, json};

/// What the service does that is well.
const WELL: &str = r#"    command: ["sleep", "1d"]
"#;

/// A service that serves, and one of these lines.
fn compose(ill: &str) -> String {
    format!(
        r#"services:
  web:
    image: berth-demo/base:1
    command: ["httpd", "-f", "-p", "8080", "-h", "/etc"]
    deploy: {{ endpoint_mode: dnsrr, update_config: {{ monitor: 1s }} }}
    x-berth:
      routes: [{{ port: 8080, check: /passwd }}]
  ill:
    image: berth-demo/base:1
    stop_grace_period: 0s
{ill}"#
    )
}

/// What the service should be, less its command.
fn deploy(more: &str) -> String {
    format!("    deploy: {{ endpoint_mode: dnsrr, {more} }}\n")
}

fn well() -> String {
    compose(&format!("{WELL}{}", deploy("update_config: { monitor: 1s }")))
}

/// A command that writes a line and ends.
fn ends(code: u8) -> String {
    format!("    command: [\"sh\", \"-c\", \"echo no way on >&2; exit {code}\"]\n")
}

async fn push(scene: &Scene, what: &str, file: &str) -> anyhow::Result<Value> {
    let note = format!("{what}\n");
    scene.deploy(what, &[("compose.yaml", file), ("note.txt", &note)]).await
}

async fn open(scene: &Scene) -> anyhow::Result<()> {
    let good = push(scene, "Open the shop", &well()).await?;
    ensure!(good["phase"] == "succeeded", "{good}");
    serves(scene).await
}

async fn serves(scene: &Scene) -> anyhow::Result<()> {
    let client = scene.world.traefik()?.client();
    let answer = client.get_host(&scene.host(), "/passwd").await?;
    ensure!(answer.status.is_success() && answer.text().contains("root"), "{}", answer.text());
    Ok(())
}

/// The service that may be ill, as its stack tells of it.
async fn told(scene: &Scene) -> anyhow::Result<Value> {
    let stack = scene.world.api()?.read(&format!("/api/v1/stacks/{}", scene.name)).await?;
    let mut services = stack["services"].as_array().context("services")?.iter();
    Ok(services.find(|it| it["name"] == "ill").context("the service")?.clone())
}

/// Waits until the service is what served last, and well.
async fn is_back(scene: &Scene) -> anyhow::Result<()> {
    until("what served is back", LONG, async || {
        let now = told(scene).await?;
        let both = [&now["state"]["synced"]["value"], &now["state"]["healthy"]["value"]];
        if both == [&json!(true), &json!("healthy")] { Ok(()) } else { bail!("{now}") }
    })
    .await
}

/// What ended is a failure of this kind that says all of this, and the shop is open.
async fn failed(
    scene: &Scene,
    deployment: &Value,
    code: &str,
    words: &[&str],
) -> anyhow::Result<()> {
    let (phase, reason) = (&deployment["phase"], &deployment["reason"]);
    ensure!((phase, &reason["code"]) == (&json!("failed"), &json!(code)), "{deployment}");
    let text = reason["text"].as_str().unwrap_or_default();
    for word in ["`ill`"].iter().chain(words) {
        ensure!(text.contains(word), "no {word:?} in: {text}");
    }
    serves(scene).await
}

#[tokio::test]
async fn what_ends_again_and_again_is_named_with_how_and_with_what_it_wrote() {
    scene(&[], async |scene| {
        open(scene).await?;
        for (what, code, more) in [
            ("Crash", "crash_loop", "restart_policy: { delay: 1s }, update_config: { failure_action: continue }"),
            ("Crash twice", "exhausted", "restart_policy: { delay: 1s, max_attempts: 1 }, update_config: { failure_action: continue }"),
            ("Stop there", "update_paused", "update_config: { failure_action: pause }"),
            ("Go back", "rolled_back", "update_config: { failure_action: rollback }"),
        ] {
            let file = compose(&format!("{}{}", ends(7), deploy(more)));
            let bad = push(scene, what, &file).await?;
            failed(scene, &bad, code, &["non-zero exit (7)", "no way on"]).await?;
            is_back(scene).await?;
        }

        // What ends well should not have ended, either.
        let more = deploy("restart_policy: { delay: 1s, max_attempts: 1 }, update_config: { failure_action: continue }");
        let bad = push(scene, "End", &compose(&format!("{}{more}", ends(0)))).await?;
        failed(scene, &bad, "exhausted", &["no way on"]).await?;
        is_back(scene).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_swarm_gave_up_is_started_again_by_a_retry() {
    scene(&[], async |scene| {
        let file = format!(
            "{}volumes:\n  data:\n",
            compose(&format!(
                "    command: [\"sh\", \"-c\", \"test -e /data/ready && exec sleep 1d\"]\n    volumes: [\"data:/data\"]\n{}",
                deploy("restart_policy: { delay: 0s, max_attempts: 1 }, update_config: { monitor: 1s }"),
            ))
        );
        let bad = push(scene, "Start too early", &file).await?;
        ensure!(bad["reason"]["code"] == "exhausted", "{bad}");

        // The cause goes, and nothing of the stack changes.
        let volume = format!("{}_data:/data", scene.name);
        let args = ["run", "--rm", "--volume", &volume, "berth-demo/base:1", "touch", "/data/ready"];
        scene.world.docker.run(&args).await?;
        let api = scene.world.api()?;
        let id = bad["id"].as_str().context("an id")?;
        let made = api.post(&format!("/api/v1/deployments/{id}/retry"), &Value::Null).await?;
        let path = format!("/api/v1/stacks/{}/deployments/{}", scene.name, made["number"]);
        let good = until("the retry is over", LONG, async || {
            let now = api.read(&path).await?;
            if now["finished_at"].is_null() { bail!("{now}") } else { Ok(now) }
        })
        .await?;
        ensure!(good["phase"] == "succeeded", "{good}");
        serves(scene).await?;
        is_back(scene).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_a_node_refuses_is_named_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    scene(&[], async |scene| {
        let mut registry =
            Registry::start(&scene.world.docker, folder.path(), Access::Open).await?;
        let image = registry.image("tool:1");
        let digest = registry.publish("tool:1", "one").await?;
        let before = "image: berth-demo/base:1\n    stop_grace";
        let update = "restart_policy: { delay: 1s }, update_config: { failure_action: continue }";
        let pulled = well().replace(before, &format!("image: {image}\n    stop_grace"));
        let good = push(scene, "Pull", &pulled).await?;
        ensure!(good["phase"] == "succeeded", "{good}");

        let bind = "    volumes: [\"/is/nowhere/on/this/node:/data\"]\n";
        let file = compose(&format!("{WELL}{bind}{}", deploy(update)));
        let bad = push(scene, "Mount what is not there", &file).await?;
        failed(scene, &bad, "rejected", &["/is/nowhere/on/this/node"]).await?;
        is_back(scene).await?;

        // Its registry is gone, and so is what the node had of it.
        let other = push(scene, "Do without it", &well()).await?;
        ensure!(other["phase"] == "succeeded", "{other}");
        is_back(scene).await?;
        registry.stop().await?;
        until("the node has the image no more", LONG, async || {
            registry.forget(&format!("{image}@{digest}")).await
        })
        .await?;
        let path = format!("/api/v1/stacks/{}", scene.name);
        let api = scene.world.api()?;
        let back = json!({ "number": good["number"] });
        let made = api.post(&format!("{path}/rollback"), &back).await?;
        let path = format!("{path}/deployments/{}", made["number"]);
        let bad = until("the rollback is over", LONG, async || {
            let now = api.read(&path).await?;
            if now["finished_at"].is_null() { bail!("{now}") } else { Ok(now) }
        })
        .await?;
        failed(scene, &bad, "update_paused", &["No such image", &image]).await?;
        is_back(scene).await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_finds_no_node_or_no_address_is_named() {
    scene(&[], async |scene| {
        let docker = scene.world.docker.clone();
        let label = format!("{}-kind", scene.name);
        let node = docker.run(&["info", "--format", "{{.Swarm.NodeID}}"]).await?;
        let set = format!("{label}=good");
        docker.run(&["node", "update", "--label-add", &set, &node]).await?;
        let outcome = nowhere(scene, (&node, &label)).await;
        // How far that came says whether it is there.
        let nodes = docker.run(&["node", "inspect", &node]).await?;
        if nodes.contains(&label) {
            docker.run(&["node", "update", "--label-rm", &label, &node]).await?;
        }
        outcome
    })
    .await
    .unwrap();
}

/// Takes the addresses of a network, then the label that places its service.
async fn nowhere(scene: &Scene, (node, label): (&str, &str)) -> anyhow::Result<()> {
    let docker = scene.world.docker.clone();
    let set = format!("{label}=good");
    let constraint = format!("placement: {{ constraints: [\"node.labels.{label}==good\"] }}");
    let network = "    networks: [narrow]\n";
    let narrow = "networks:\n  narrow:\n    attachable: true\n    ipam: { config: [{ subnet: 10.213.77.0/29 }] }\n";
    let file = |replicas: u8| {
        let more = format!("replicas: {replicas}, {constraint}, update_config: {{ monitor: 1s }}");
        format!("{}{narrow}", compose(&format!("{WELL}{network}{}", deploy(&more))))
    };
    let good = push(scene, "Go where it is good", &file(1)).await?;
    ensure!(good["phase"] == "succeeded", "{good}");

    // Others take the addresses that are left.
    let others = format!("{}-others", scene.name);
    let on = format!("{}_narrow", scene.name);
    let args = ["service", "create", "--detach", "--name", &others, "--replicas", "8"];
    let what = ["--endpoint-mode", "dnsrr", "--network", &on, "berth-demo/base:1", "sleep", "1d"];
    docker.run(&[&args[..], &what].concat()).await?;
    let taken = until("no address is left", LONG, async || {
        let format = "{{.CurrentState}}";
        let states = docker.run(&["service", "ps", "--format", format, &others]).await?;
        let those = |word: &str| states.lines().filter(|it| it.starts_with(word)).count();
        if those("Running") + those("New") == 8 && those("New") > 0 {
            Ok(())
        } else {
            bail!(states)
        }
    })
    .await;
    let outcome = match taken {
        Ok(()) => {
            let bad = push(scene, "Be three", &file(3)).await?;
            failed(scene, &bad, "unallocated", &["its network cannot be allocated"]).await
        }
        Err(error) => Err(error),
    };
    docker.run(&["service", "rm", &others]).await?;
    outcome?;
    is_back(scene).await?;

    // Swarm ends what no longer fits, and has nowhere else to go.
    docker.run(&["node", "update", "--label-rm", label, node]).await?;
    let seen = until("it is told that no node suits", LONG, async || {
        let now = told(scene).await?;
        if now["code"] == "unschedulable" { Ok(now) } else { bail!("{now}") }
    })
    .await?;
    let health = &seen["state"]["healthy"];
    let both = [&health["value"], &seen["state"]["synced"]["value"]];
    ensure!(both == [&json!("degraded"), &json!(true)], "{seen}");
    ensure!(seen["reason"].as_str().unwrap_or_default().contains("no suitable node"), "{seen}");
    serves(scene).await?;
    docker.run(&["node", "update", "--label-add", &set, node]).await?;
    is_back(scene).await
}
