//! What a push becomes, and that it lasts: through a killed control plane, a
//! redeploy, a meddling hand, a Docker that goes away.

use std::time::Duration;

use anyhow::{bail, ensure};
use berth_tests::scene::scene;
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;

#[tokio::test]
async fn a_push_runs_and_what_it_stored_survives_the_next_one() {
    scene(&[], async |scene| {
        let first = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(first["phase"] == "succeeded", "{first}");
        let phases: Vec<&str> = first["phases"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|phase| phase["state"] == "done")
            .filter_map(|phase| phase["phase"].as_str())
            .collect();
        let all = [
            "received",
            "fetched",
            "built",
            "rendered",
            "applied",
            "converged",
            "routed",
            "succeeded",
        ];
        ensure!(phases == all, "{phases:?}");
        let opened = until("there is an order", LONG, async || match scene.orders().await {
            Ok((count, first)) if count > 0 => Ok(first),
            other => Err(other),
        })
        .await?;

        let second = scene.deploy("Repaint", &[("note.txt", "2\n")]).await?;
        ensure!(second["phase"] == "succeeded", "{second}");
        scene.world.served(&scene.host(), second["commit"]["sha"].as_str().unwrap()).await?;
        let (_, still) = scene.orders().await?;
        ensure!(still == opened, "the first order was of {opened} and is of {still}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_berth_that_is_killed_again_and_again_finishes_the_deploy() {
    // A short lease: the successor takes over within seconds.
    scene(&[("BERTH_LEASE_TTL", "2s")], async |scene| {
        let sha = scene.push("Open the shop", &[("note.txt", "1\n")]).await?;
        let mut seen = Vec::new();
        for phase in ["fetched", "built", "applied"] {
            let path = format!("/api/v1/stacks/{}/deployments", scene.name);
            let reached = until(&format!("the deployment is past {phase}"), LONG, async || {
                let list = scene.world.api()?.read(&path).await?;
                let deployment = items(&list).find(|item| item["commit"]["sha"] == sha.as_str());
                let done = deployment.is_some_and(|deployment| {
                    deployment["phases"]
                        .as_array()
                        .into_iter()
                        .flatten()
                        .any(|step| step["phase"] == phase && step["state"] == "done")
                });
                if done { Ok(list) } else { Err(anyhow::anyhow!("{list}")) }
            })
            .await?;
            seen.push(items(&reached).count());
            scene.world.berth()?.kill_and_restart().await?;
        }
        let deployment = scene.world.deployed(&scene.name, &sha).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        ensure!(seen == [1, 1, 1], "deployed more than once: {seen:?}");
        scene.world.served(&scene.host(), &sha).await?;
        let github = scene.world.github()?;
        let repository = scene.repository();
        until("GitHub has heard of one success", LONG, async || {
            let deployments = github.deployments(&repository)?;
            let checks = github.check_runs(&repository)?;
            match (deployments.as_slice(), checks.as_slice()) {
                ([one], [check])
                    if one.state() == "success"
                        && check.conclusion.as_deref() == Some("success") =>
                {
                    Ok(())
                }
                _ => bail!("{deployments:?} {checks:?}"),
            }
        })
        .await
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_a_hand_changed_or_removed_is_healed() {
    scene(&[], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        let docker = scene.world.docker.clone();
        let (api, worker) = (format!("{}_api", scene.name), format!("{}_worker", scene.name));
        docker.run(&["service", "scale", "--detach", &format!("{api}=3")]).await?;
        docker.run(&["service", "rm", &worker]).await?;
        until("both are as they should be", LONG, async || {
            let format = "{{.Name}} {{.Replicas}}";
            let list = docker
                .run(&[
                    "service",
                    "ls",
                    "--format",
                    format,
                    "--filter",
                    &format!("name={}_", scene.name),
                ])
                .await?;
            let fine = [&api, &worker].iter().all(|name| list.contains(&format!("{name} 1/1")));
            if fine { Ok(()) } else { Err(anyhow::anyhow!("{list}")) }
        })
        .await?;
        // Healing is no deployment.
        let list =
            scene.world.api()?.read(&format!("/api/v1/stacks/{}/deployments", scene.name)).await?;
        ensure!(items(&list).count() == 1, "{list}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_delivery_that_comes_twice_deploys_once_and_forged_ones_leave_no_trace() {
    scene(&[], async |scene| {
        let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        let push = scene
            .world
            .github()?
            .deliveries()
            .into_iter()
            .find(|delivery| delivery.event == "push")
            .unwrap();
        scene.world.github()?.redeliver(push.id)?;
        scene.world.github()?.settled().await;
        let again = scene.world.github()?.deliveries().pop().unwrap();
        ensure!(again.guid == push.guid && again.status_code == 202, "{again:?}");

        let client = scene.world.berth()?.client();
        for signature in ["sha256=00", "sha1=00", ""] {
            let headers = [
                ("x-github-event", "push"),
                ("x-github-delivery", "forged"),
                ("x-hub-signature-256", signature),
            ];
            let answer =
                client.send(http::Method::POST, "/webhooks/github", &headers, "{}".into()).await?;
            ensure!(answer.status == 401, "{} {}", answer.status, answer.text());
        }
        let after = scene.world.api()?.read("/api/v1/deliveries?limit=100").await?;
        ensure!(items(&after).all(|item| item["id"] != "forged"), "{after}");
        let twice = items(&after).filter(|item| item["id"] == push.guid.as_str()).count();
        ensure!(twice == 1, "{after}");
        let list =
            scene.world.api()?.read(&format!("/api/v1/stacks/{}/deployments", scene.name)).await?;
        ensure!(items(&list).count() == 1, "{list}");
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn no_secret_is_in_any_log() {
    scene(&[("BERTH_LOG", "debug")], async |scene| {
        let planted = "planted-7c1f0e-in-a-secret-file";
        let deployment = scene
            .deploy("Open the shop", &[("secrets/signing-key.txt", &format!("{planted}\n"))])
            .await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        tokio::time::timeout(Duration::from_secs(60), scene.world.github()?.settled()).await?;
        let app = scene.world.api()?.read("/api/v1/github").await?;
        let slug = app["app"]["slug"].as_str().unwrap().to_owned();
        let secrets = scene.world.github()?.app_secrets(&slug)?;
        let key = secrets.private_key.lines().nth(1).unwrap().to_owned();
        let password = scene.world.password.clone();
        let log = scene.world.berth()?.log()?;
        ensure!(log.lines().count() > 20, "the log says nothing:\n{log}");
        let hidden = [planted, &key, &secrets.client_secret, &password, "ghs_", "Authorization:"];
        for secret in hidden.iter().copied().chain(secrets.webhook_secret.as_deref()) {
            let line = log.lines().find(|line| line.contains(secret));
            ensure!(line.is_none(), "a secret is in the log: {line:?}");
        }
        let path =
            format!("/api/v1/deployments/{}/log?limit=1000", deployment["id"].as_str().unwrap());
        let builds = scene.world.api()?.read(&path).await?.to_string();
        ensure!(!builds.contains(planted), "a secret is in the build log");
        Ok(())
    })
    .await
    .unwrap();
}
