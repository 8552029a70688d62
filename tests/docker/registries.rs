//! Images from real registries: by digest, with a login, and while one is away.

use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, anyhow, ensure};
use berth_tests::berth::program;
use berth_tests::docker::Docker;
use berth_tests::registry::{Access, PASSWORD, Registry, USER};
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;

/// Two services of two registries: one that serves, and one that only is.
fn compose(web: &str, tool: &str) -> String {
    format!(
        r#"services:
  web:
    image: {web}
    command: ["httpd", "-f", "-p", "8080", "-h", "/etc"]
    deploy: {{ endpoint_mode: dnsrr, update_config: {{ monitor: 1s }} }}
    x-berth:
      routes: [{{ port: 8080, check: /passwd }}]
  tool:
    image: {tool}
    command: ["sleep", "1d"]
    stop_grace_period: 0s
    deploy: {{ endpoint_mode: dnsrr, update_config: {{ monitor: 1s }} }}
"#
    )
}

/// What the engine says that a service of the stack runs, and its version.
async fn service(scene: &Scene, name: &str) -> anyhow::Result<(String, String)> {
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{.Version.Index}}";
    let full = format!("{}_{name}", scene.name);
    let said = scene.world.docker.run(&["service", "inspect", "--format", format, &full]).await?;
    let (image, version) = said.split_once(' ').context("an image and a version")?;
    Ok((image.to_owned(), version.to_owned()))
}

fn failed_at_render(deployment: &Value, words: &[&str]) -> anyhow::Result<()> {
    let steps = deployment["phases"].as_array().context("steps")?;
    let step = steps.iter().find(|step| step["phase"] == "rendered").context("a step")?;
    ensure!(deployment["phase"] == "failed" && step["state"] == "failed", "{deployment}");
    let text = deployment["reason"]["text"].as_str().unwrap_or_default();
    for word in words {
        ensure!(text.contains(word), "no {word:?} in: {text}");
    }
    // Where the file names the image of `web`.
    ensure!(deployment["reason"]["place"]["line"] == 3, "{}", deployment["reason"]);
    Ok(())
}

async fn log_in(scene: &Scene, host: &str, password: &str) -> anyhow::Result<Value> {
    let api = scene.world.api()?;
    let path = format!("/api/v1/registries/{host}");
    api.json(Method::PUT, &path, &json!({"username": USER, "password": password})).await?;
    api.post(&format!("{path}/test"), &Value::Null).await
}

/// The rule for production, with this answer to a registry that is away.
async fn on_registry_failure(scene: &Scene, word: &str) -> anyhow::Result<()> {
    let api = scene.world.api()?;
    let rules = api.read("/api/v1/rules").await?;
    let mut rule =
        items(&rules).find(|rule| rule["name"] == "Production").context("the rule")?.clone();
    let path = format!("/api/v1/rules/{}", rule["id"].as_str().unwrap_or_default());
    for field in ["id", "repository", "version", "updated_at"] {
        rule.as_object_mut().context("an object")?.remove(field);
    }
    rule["on_registry_failure"] = word.into();
    let headers = [("content-type", "application/json"), ("if-match", "*")];
    let answer = api.send(Method::PUT, &path, &headers, rule.to_string().into()).await?;
    ensure!(answer.status.is_success(), "{}", answer.text());
    Ok(())
}

async fn walk(scene: &mut Scene, open: &mut Registry, locked: &Registry) -> anyhow::Result<()> {
    let first = locked.publish("web:1", "one").await?;
    open.publish("tool:1", "one").await?;
    let (web, tool) = (locked.image("web:1"), open.image("tool:1"));
    let file = compose(&web, &tool);
    let push = async |scene: &Scene, what: &str, file: &str| {
        let note = format!("{what}\n");
        scene.deploy(what, &[("compose.yaml", file), ("note.txt", &note)]).await
    };

    // No login, a wrong one, and one that fits.
    let bad = push(scene, "Ask as a stranger", &file).await?;
    failed_at_render(&bad, &[&web, "`web`", &locked.host, "add a login"])?;
    let check = log_in(scene, &locked.host, "wrong-password").await?;
    ensure!(check["outcome"] == "denied", "{check}");
    let bad = push(scene, "Ask with a wrong password", &file).await?;
    failed_at_render(&bad, &[&web, "refused the login"])?;
    let check = log_in(scene, &locked.host, PASSWORD).await?;
    ensure!(check["outcome"] == "accepted", "{check}");
    let good = push(scene, "Ask as the robot", &file).await?;
    ensure!(good["phase"] == "succeeded", "{good}");
    // The node had to pull it, with the login that Swarm was given.
    let (image, _) = service(scene, "web").await?;
    ensure!(image == format!("{web}@{first}"), "{image}");

    let bad = push(scene, "Ask for what is not there", &file.replace("web:1", "web:none")).await?;
    failed_at_render(&bad, &[&locked.image("web:none"), "has no image"])?;

    // A tag that moved changes its service, and no other.
    let (_, tool_before) = service(scene, "tool").await?;
    let second = locked.publish("web:1", "two").await?;
    ensure!(second != first);
    let good = push(scene, "Take what the tag means now", &file).await?;
    ensure!(good["phase"] == "succeeded", "{good}");
    ensure!(service(scene, "web").await?.0 == format!("{web}@{second}"));
    ensure!(service(scene, "tool").await?.1 == tool_before, "the tool was updated for nothing");

    // A registry that is away: wait for it, or go on with what was known.
    open.stop().await?;
    let note = [("compose.yaml", file.as_str()), ("note.txt", "Wait for the registry\n")];
    let sha = scene.push("Wait for the registry", &note).await?;
    let path = format!("/api/v1/stacks/{}/deployments", scene.name);
    until("the deployment says what it waits for", LONG, async || {
        let list = scene.world.api()?.read(&path).await?;
        let waiting = items(&list).find(|item| item["commit"]["sha"] == sha.as_str());
        let told = waiting.map(ToString::to_string).unwrap_or_default();
        let words = [tool.as_str(), "`tool`", open.host.as_str(), "does not answer", "tries again"];
        match words.iter().find(|word| !told.contains(**word)) {
            None => Ok(()),
            Some(word) => Err(anyhow!("no {word:?} in {told}")),
        }
    })
    .await?;
    open.restart().await?;
    let good = scene.world.deployed(&scene.name, &sha).await?;
    ensure!(good["phase"] == "succeeded", "{good}");

    open.stop().await?;
    on_registry_failure(scene, "use_known").await?;
    let third = locked.publish("web:1", "three").await?;
    let good = push(scene, "Go on without the registry", &file).await?;
    ensure!(good["phase"] == "succeeded", "{good}");
    ensure!(good.to_string().contains("stays what it was"), "{good}");
    ensure!(service(scene, "web").await?.0 == format!("{web}@{third}"));
    ensure!(service(scene, "tool").await?.1 == tool_before, "the tool was updated for nothing");
    open.restart().await?;

    let listed = scene.world.api()?.read("/api/v1/registries").await?;
    ensure!(items(&listed).count() == 1, "{listed}");
    let told = format!("{listed} {bad} {good} {}", scene.world.berth()?.log()?);
    for secret in [PASSWORD, "wrong-password", "cGxhbnRlZC", "planted"] {
        ensure!(!told.contains(secret), "{secret} was told");
    }
    Ok(())
}

#[tokio::test]
async fn images_run_by_digest_with_a_login_and_without_a_registry_as_the_rule_says() {
    let folder = tempfile::tempdir().unwrap();
    let docker = Docker::from_env();
    let mut open =
        Registry::start(&docker, &folder.path().join("open"), Access::Open).await.unwrap();
    let locked =
        Registry::start(&docker, &folder.path().join("locked"), Access::Password).await.unwrap();
    let outcome = scene(&[], async |scene| walk(scene, &mut open, &locked).await).await;
    let swept = (open.sweep().await, locked.sweep().await);
    outcome.unwrap();
    swept.0.unwrap();
    swept.1.unwrap();
}

async fn berth(
    folder: &Path,
    config: &Path,
    helpers: &str,
    args: &[&str],
) -> anyhow::Result<Output> {
    Ok(Command::new(program()?)
        .arg("stack")
        .args(args)
        .current_dir(folder)
        .env("DOCKER_HOST", Docker::from_env().host)
        .env("DOCKER_CONFIG", config)
        .env("PATH", format!("{helpers}:/usr/sbin:/usr/bin:/sbin:/bin"))
        .output()
        .await?)
}

fn told(output: &Output) -> String {
    format!(
        "{} {} {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// A credential helper, as `docker login` would have filled it.
fn helper(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("docker-credential-test");
    let answer = json!({"ServerURL": "x", "Username": USER, "Secret": PASSWORD});
    std::fs::write(&path, format!("#!/bin/sh\ncat > /dev/null\necho '{answer}'\n"))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    std::fs::write(folder.join("config.json"), r#"{"credsStore": "test"}"#)?;
    Ok(())
}

async fn without_a_server(stack: &str, folder: &Path, registry: &Registry) -> anyhow::Result<()> {
    let digest = registry.publish("web:1", "one").await?;
    let web = registry.image("web:1");
    let file = format!(
        "services:\n  web:\n    image: {web}\n    command: [sleep, 1d]\n    stop_grace_period: 0s\n    deploy: {{ endpoint_mode: dnsrr, update_config: {{ monitor: 1s }} }}\n"
    );
    std::fs::write(folder.join("compose.yaml"), file)?;
    helper(folder)?;
    let helpers = folder.display().to_string();
    let plan = ["plan", "-c", "compose.yaml", stack];
    let stranger = berth(folder, folder, &helpers, &plan).await?;
    ensure!(told(&stranger).contains("wants a login"), "{}", told(&stranger));

    let with = "--with-registry-auth";
    let deploy = ["deploy", with, "-c", "compose.yaml", stack];
    let deployed = berth(folder, folder, &helpers, &deploy).await?;
    ensure!(deployed.status.success(), "{}", told(&deployed));
    let format = "{{.Spec.TaskTemplate.ContainerSpec.Image}}";
    let full = format!("{stack}_web");
    let docker = Docker::from_env();
    let image = docker.run(&["service", "inspect", "--format", format, &full]).await?;
    ensure!(image == format!("{web}@{digest}"), "{image}");
    // A login is nothing that differs.
    let plan = ["plan", with, "-c", "compose.yaml", stack];
    let again = berth(folder, folder, &helpers, &plan).await?;
    ensure!(again.status.success(), "{}", told(&again));
    // The file's own login, and a later update.
    let config = registry.docker_config();
    let second = registry.publish("web:1", "two").await?;
    let updated = berth(folder, &config, &helpers, &deploy).await?;
    ensure!(updated.status.success(), "{}", told(&updated));
    let image = docker.run(&["service", "inspect", "--format", format, &full]).await?;
    ensure!(image == format!("{web}@{second}"), "{image}");
    for output in [&stranger, &deployed, &again, &updated] {
        ensure!(!told(output).contains(PASSWORD), "the password was told");
    }
    Ok(())
}

#[tokio::test]
async fn a_stack_is_deployed_with_what_docker_login_stored_in_a_helper_or_a_file() {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let stack = format!("login{}", id.get(24..).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let docker = Docker::from_env();
    let registry =
        Registry::start(&docker, &folder.path().join("registry"), Access::Password).await.unwrap();
    let outcome = without_a_server(&stack, folder.path(), &registry).await;
    docker.sweep(&stack).await.unwrap();
    registry.sweep().await.unwrap();
    outcome.unwrap();
}
