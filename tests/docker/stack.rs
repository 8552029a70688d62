//! `berth stack`: straight to a Swarm, with no server, as a drop-in for
//! `docker stack`.

use std::path::Path;
use std::process::Output;

use anyhow::ensure;
use berth_tests::berth::program;
use berth_tests::docker::Docker;
use berth_tests::wait::{LONG, until};
use tokio::process::Command;

const COMPOSE: &str = r#"
services:
  web:
    image: berth-demo/base:1
    command: ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1 & wait; done"]
    stop_grace_period: 1s
    environment: { GREETING: "${GREETING:-hello}" }
    configs: [greeting]
    deploy:
      replicas: 2
      endpoint_mode: dnsrr
      update_config: { monitor: 1s, order: start-first }
configs:
  greeting:
    file: greeting.txt
"#;

/// Runs `berth stack` in a folder.
pub(crate) async fn berth(folder: &Path, args: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(program()?)
        .arg("stack")
        .args(args)
        .current_dir(folder)
        .env("DOCKER_HOST", Docker::from_env().host)
        .output()
        .await?)
}

/// All that a command told, for a failure's words.
pub(crate) fn told(output: &Output) -> String {
    format!(
        "{} {} {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn walk(stack: &str, folder: &Path) -> anyhow::Result<()> {
    let deploy = ["deploy", "--resolve-image", "never", "-c", "compose.yaml", stack];
    let plan = ["plan", "--resolve-image", "never", "-c", "compose.yaml", stack];
    std::fs::write(folder.join("compose.yaml"), COMPOSE)?;
    std::fs::write(folder.join("greeting.txt"), "ahoy\n")?;

    let planned = berth(folder, &plan).await?;
    ensure!(planned.status.code() == Some(2), "{}", told(&planned));
    ensure!(told(&planned).contains("+ service web"), "{}", told(&planned));
    let deployed = berth(folder, &deploy).await?;
    ensure!(deployed.status.success(), "{}", told(&deployed));
    let docker = Docker::from_env();
    let list = ["stack", "services", stack, "--format", "{{.Name}} {{.Replicas}}"];
    ensure!(docker.run(&list).await? == format!("{stack}_web 2/2"));

    // The same file again changes nothing, not even a version.
    let version = ["service", "inspect", "--format", "{{.Version.Index}}", &format!("{stack}_web")];
    let before = docker.run(&version).await?;
    ensure!(berth(folder, &plan).await?.status.code() == Some(0));
    ensure!(berth(folder, &deploy).await?.status.success());
    ensure!(docker.run(&version).await? == before, "a deploy of nothing new sent an update");

    // A task that can't start is an error with its last words; the old ones serve on.
    let broken = COMPOSE.replace("trap 'exit 0' TERM;", "echo last-words; exit 7;");
    std::fs::write(folder.join("compose.yaml"), broken)?;
    let failed = berth(folder, &deploy).await?;
    ensure!(failed.status.code() == Some(1), "{}", told(&failed));
    ensure!(told(&failed).contains("last-words"), "{}", told(&failed));

    // Bad input is refused with its place before anything is touched.
    std::fs::write(folder.join("compose.yaml"), COMPOSE.replace("replicas: 2", "replicas: two"))?;
    let refused = berth(folder, &deploy).await?;
    ensure!(refused.status.code() == Some(1), "{}", told(&refused));
    ensure!(told(&refused).contains("compose.yaml:10:"), "{}", told(&refused));
    Ok(())
}

#[tokio::test]
async fn a_stack_is_planned_deployed_left_alone_and_removed() {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let stack = format!("direct{}", id.get(24..).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let outcome = walk(&stack, folder.path()).await;
    let removed = berth(folder.path(), &["rm", &stack]).await.unwrap();
    outcome.unwrap();
    assert!(removed.status.success(), "{}", told(&removed));
    // The engine clears the last containers away a moment after their tasks.
    until("nothing is left", LONG, async || match Docker::from_env().leftovers(&stack).await {
        Ok(left) if left.is_empty() => Ok(()),
        other => Err(other),
    })
    .await
    .unwrap();
}
