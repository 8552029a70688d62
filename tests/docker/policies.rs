//! A preview runs what nobody has agreed to yet.

use anyhow::{bail, ensure};
use berth_github_sim::{Commit, NewPullRequest};
use berth_tests::scene::scene;
use berth_tests::wait::{LONG, until};
use serde_json::Value;

#[tokio::test]
async fn a_pull_request_that_mounts_the_docker_socket_is_refused_with_file_and_line() {
    scene(&[], async |scene| {
        let (github, repository) = (scene.world.github()?, scene.repository());
        let compose = std::fs::read_to_string(berth_tests::world::sample().join("compose.yaml"))?;
        let evil = compose.replace(
            "      - orders:/data\n",
            "      - orders:/data\n      - /var/run/docker.sock:/var/run/docker.sock\n",
        );
        let line = evil.lines().position(|line| line.contains("docker.sock")).unwrap() + 1;
        let commit = Commit::of("Take the node", [("compose.yaml", evil.as_str())]);
        let pushed = github.push(&repository, "evil", commit).await?;
        let pull =
            github.open_pull_request(&repository, NewPullRequest::of("Harmless", "evil")).await?;
        let stack = format!("{}-pr-{}", scene.name, pull.number);
        let deployment = scene.world.deployed(&stack, &pushed.after).await?;

        ensure!(deployment["phase"] == "failed", "{deployment}");
        let place = &deployment["reason"]["place"];
        ensure!(place["file"] == "compose.yaml" && place["line"] == line, "{deployment}");
        let phases = deployment["phases"].as_array().map(Vec::as_slice).unwrap_or_default();
        let failed = phases.iter().find(|step| step["state"] == "failed");
        ensure!(failed.is_some_and(|step| step["phase"] == "rendered"), "{deployment}");

        let run = until("the check is completed", LONG, async || {
            let runs = github.check_runs(&repository)?;
            let of = |run: &&berth_github_sim::CheckRun| {
                run.head_sha == pushed.after && run.status == "completed"
            };
            match runs.iter().find(of) {
                Some(run) => Ok(run.clone()),
                None => bail!("no completed check: {runs:?}"),
            }
        })
        .await?;
        ensure!(run.conclusion.as_deref() == Some("failure"), "{run:?}");
        let note = run.annotations.iter().find(|note| note["start_line"] == line);
        let said = |note: &Value| {
            note["path"] == "compose.yaml" && note.to_string().contains("Docker's socket")
        };
        ensure!(note.is_some_and(said), "{run:?}");

        let made = scene.world.docker.leftovers(&stack).await?;
        ensure!(made.is_empty(), "it made {made:?}");
        let seen = scene.world.api()?.read(&format!("/api/v1/stacks/{stack}")).await?;
        ensure!(seen["policy"] == "restricted", "{seen}");
        Ok(())
    })
    .await
    .unwrap();
}
