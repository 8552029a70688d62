//! A preview is a whole stack, and gone when its pull request is.

use anyhow::{bail, ensure};
use berth_github_sim::{Commit, NewPullRequest};
use berth_tests::scene::scene;
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;

#[tokio::test]
async fn a_preview_comes_follows_its_branch_and_goes_without_a_trace() {
    scene(&[], async |scene| {
        let (github, repository) = (scene.world.github()?, scene.repository());
        let commit = Commit::of("Add chips", [("config/banner.txt", "Chips.\n")]);
        let first = github.push(&repository, "chips", commit).await?;
        let pull = github
            .open_pull_request(&repository, NewPullRequest::of("Chips @everyone <b>", "chips"))
            .await?;
        let stack = format!("{}-pr-{}", scene.name, pull.number);
        let host = format!("pr-{}.{}.localhost", pull.number, scene.name);
        let deployment = scene.world.deployed(&stack, &first.after).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        scene.world.served(&host, "Chips.").await?;

        let commit = Commit::of("More chips", [("config/banner.txt", "More chips.\n")]);
        let second = github.push(&repository, "chips", commit).await?;
        let deployment = scene.world.deployed(&stack, &second.after).await?;
        ensure!(deployment["phase"] == "succeeded", "{deployment}");
        scene.world.served(&host, "More chips.").await?;
        until("the one comment names the preview", LONG, async || {
            let comments = github.comments(&repository)?;
            match comments.as_slice() {
                [one] if one.body.contains(&host) => Ok(()),
                other => bail!("{other:?}"),
            }
        })
        .await?;

        github.close_pull_request(&repository, pull.number)?;
        scene.world.gone(&stack).await?;
        until("Berth and GitHub say that it is gone", LONG, async || {
            let list = scene.world.api()?.read("/api/v1/stacks?kind=preview").await?;
            let inactive = github
                .deployments(&repository)?
                .iter()
                .all(|deployment| deployment.state() == "inactive");
            if items(&list).count() == 0 && inactive {
                Ok(())
            } else {
                bail!("{list} {:?}", github.deployments(&repository)?)
            }
        })
        .await?;
        ensure!(github.comments(&repository)?.len() == 1);
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_pull_request_from_a_fork_runs_nothing_and_says_why() {
    scene(&[], async |scene| {
        let (github, repository) = (scene.world.github()?, scene.repository());
        github.fork(&repository, "mira").await?;
        let fork = format!("mira/{}", scene.name);
        let commit = Commit::of("Take over", [("compose.yaml", "services: {}\n")]);
        github.push(&fork, "evil", commit).await?;
        github.open_pull_request(&repository, NewPullRequest::of("Take over", "mira:evil")).await?;
        let delivery = until("the delivery is judged", LONG, async || {
            let list = scene.world.api()?.read("/api/v1/deliveries?limit=100").await?;
            items(&list)
                .find(|item| item["event"] == "pull_request" && !item["processed_at"].is_null())
                .cloned()
                .ok_or_else(|| anyhow::anyhow!("{list}"))
        })
        .await?;
        ensure!(delivery["outcome"] == "ignored", "{delivery}");
        let reasons = delivery["decisions"].to_string();
        ensure!(reasons.contains("fork"), "{delivery}");
        let stacks = scene.world.api()?.read("/api/v1/stacks").await?;
        ensure!(items(&stacks).count() == 0, "{stacks}");
        Ok(())
    })
    .await
    .unwrap();
}
