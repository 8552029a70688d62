//! Docker or Postgres may go, and come back: Berth says so, keeps what it has,
//! and goes on.

use anyhow::{bail, ensure};
use berth_tests::docker::Docker;
use berth_tests::proxy::Proxy;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use http::Method;

/// Waits until `/readyz` answers like this, and says why.
async fn ready(scene: &mut Scene, wanted: u16, part: &str) -> anyhow::Result<()> {
    let client = scene.world.berth()?.client();
    until(&format!("readiness is {wanted}"), LONG, async || {
        let answer = client.get("/readyz").await?;
        let fine = answer.value()?[part]["ok"] == (wanted == 200);
        if answer.status.as_u16() == wanted && fine { Ok(()) } else { bail!("{}", answer.text()) }
    })
    .await
}

#[tokio::test]
async fn a_push_that_comes_while_docker_is_gone_is_deployed_once_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let socket = Docker::from_env().socket().unwrap().to_owned();
    let line = Proxy::start(&folder.path().join("docker.sock"), socket.as_ref()).unwrap();
    let host = format!("unix://{}", line.path().display());
    scene(&[("DOCKER_HOST", &host)], async |scene| {
        line.cut();
        ready(scene, 503, "docker").await?;
        let sha = scene.push("Open the shop", &[("note.txt", "1\n")]).await?;
        until("the push is judged", LONG, async || {
            let list = scene.world.api()?.read("/api/v1/deliveries").await?;
            let push = items(&list).find(|item| item["event"] == "push").cloned();
            match push {
                Some(push) if push["outcome"] == "deployed" => Ok(()),
                other => bail!("{other:?}"),
            }
        })
        .await?;
        line.mend();
        ready(scene, 200, "docker").await?;
        let deployment = scene.world.deployed(&scene.name, &sha).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_webhook_is_refused_while_postgres_is_gone_and_nothing_else_is_lost() {
    scene(&[("BERTH_LEASE_TTL", "2s")], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        scene.world.stop_postgres().await?;
        ready(scene, 503, "postgres").await?;
        // What runs goes on serving.
        let sha = deployment["commit"]["sha"].as_str().unwrap().to_owned();
        scene.world.served(&scene.host(), &sha).await?;
        scene.push("Repaint", &[("note.txt", "2\n")]).await?;
        scene.world.github()?.settled().await;
        let refused = scene.world.github()?.deliveries().pop().unwrap();
        ensure!(refused.status_code == 503, "{refused:?}");
        let page = scene.world.api()?.get("/api/v1/session").await?;
        ensure!(page.status == 503, "{} {}", page.status, page.text());

        // The next start brings Postgres back, and asks for what was missed.
        scene.world.berth()?.kill_and_restart().await?;
        let pushed = refused.payload["after"].as_str().unwrap().to_owned();
        let deployment = scene.world.deployed(&scene.name, &pushed).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        let list = scene
            .world
            .api()?
            .json(
                Method::GET,
                &format!("/api/v1/stacks/{}/deployments", scene.name),
                &serde_json::Value::Null,
            )
            .await?;
        ensure!(items(&list).count() == 2, "{list}");
        Ok(())
    })
    .await
    .unwrap();
}
