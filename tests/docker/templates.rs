//! Templates of the catalogue, filled in by `berth template` and deployed by
//! `berth stack`, with images that are on the engine.

use std::path::Path;

use anyhow::ensure;
use berth_tests::berth::program;
use berth_tests::docker::Docker;
use berth_tests::wait::{LONG, until};
use tokio::process::Command;

const BASE: &str = "berth-demo/base:1";

async fn berth(folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(program()?)
        .args(args)
        .current_dir(folder)
        .env("DOCKER_HOST", Docker::from_env().host)
        .output()
        .await?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "berth {}: {told}", args.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}

/// Fills a template in, deploys it, asks `check` about it, and removes it.
async fn deployed(
    stack: &str,
    render: &[&str],
    check: impl AsyncFnOnce(&Docker, &str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let docker = Docker::from_env();
    let folder = tempfile::tempdir()?;
    let network = format!("{stack}-public");
    let walk = async {
        docker.run(&["network", "create", "--driver", "overlay", &network]).await?;
        let file = berth(folder.path(), &[&["template", "render"], render].concat()).await?;
        std::fs::write(folder.path().join("compose.yaml"), file)?;
        let what = ["-c", "compose.yaml", "--public-network", &network, stack];
        let deploy = ["stack", "deploy", "--resolve-image", "never"];
        berth(folder.path(), &[&deploy, what.as_slice()].concat()).await?;
        check(&docker, stack).await
    };
    let outcome = walk.await;
    let removed = berth(folder.path(), &["stack", "rm", stack]).await;
    let gone = until("nothing is left", LONG, async || {
        drop(docker.run(&["network", "rm", &network]).await);
        match docker.leftovers(stack).await {
            Ok(left) if left.is_empty() => Ok(()),
            other => Err(other),
        }
    });
    let gone = gone.await;
    outcome.and(removed.map(drop)).and(gone)
}

fn fresh(name: &str) -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    format!("{name}{}", id.get(24..).unwrap_or_default())
}

#[tokio::test]
async fn a_static_site_is_deployed_and_well() {
    let stack = fresh("site");
    let image = format!("berth-test/{stack}:1");
    let docker = Docker::from_env();
    let made = format!("{stack}-image");
    docker.run(&["create", "--name", &made, BASE, "true"]).await.unwrap();
    let serve = r#"CMD ["httpd", "-f", "-p", "80", "-h", "/etc"]"#;
    docker.run(&["commit", "--change", serve, &made, &image]).await.unwrap();
    docker.run(&["rm", &made]).await.unwrap();

    let set = format!("IMAGE={image}");
    let render = [
        "static-site",
        "--set",
        &set,
        "--set",
        "HOST=site.localhost",
        "--set",
        "CHECK=/hostname",
        "--set",
        "ENDPOINT_MODE=dnsrr",
    ];
    let outcome = deployed(&stack, &render, async |docker, stack| {
        let list = ["stack", "services", stack, "--format", "{{.Name}} {{.Replicas}}"];
        let shown = docker.run(&list).await?;
        ensure!(shown == format!("{stack}_web 2/2"), "{shown}");
        let name = format!("name={stack}_web");
        let well = ["ps", "--quiet", "--filter", &name, "--filter", "health=healthy"];
        let shown = docker.run(&well).await?;
        ensure!(shown.lines().count() == 2, "{shown}");
        Ok(())
    })
    .await;
    docker.run(&["image", "rm", &image]).await.unwrap();
    outcome.unwrap();
}

#[tokio::test]
async fn a_recurring_command_runs_again_and_again_even_if_it_fails() {
    let set = format!("IMAGE={BASE}");
    let command = r#"COMMAND=echo "a run of $HOSTNAME"; false"#;
    let render =
        ["cron", "--set", &set, "--set", command, "--set", "EVERY=1s", "--set", "STOP_AFTER=2s"];
    deployed(&fresh("cron"), &render, async |docker, stack| {
        let service = format!("{stack}_cron");
        until("it ran twice", LONG, async || {
            let log = docker.run(&["service", "logs", "--raw", &service]).await;
            match log {
                Ok(log) if log.matches("a run of ").count() >= 2 => Ok(()),
                other => Err(other),
            }
        })
        .await?;
        Ok(())
    })
    .await
    .unwrap();
}
