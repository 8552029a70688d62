//! Two Berths on one Swarm: each looks after its own stacks and neither touches,
//! counts or prunes the other's, however eager both are.

use anyhow::{bail, ensure};
use berth_tests::docker::Docker;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use http::Method;
use serde_json::{Value, json};

/// Looks all the time, and would prune at once all that nobody asks for.
const EAGER: [(&str, &str); 3] =
    [("BERTH_RESYNC", "1s"), ("BERTH_PRUNE_AFTER", "0s"), ("BERTH_PRUNE_LIMIT", "100")];

#[tokio::test]
async fn two_berths_on_one_swarm_leave_each_other_alone() {
    scene(&EAGER, async |ours| {
        let first = ours.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
        ensure!(first["phase"] == "succeeded", "{first}");
        let docker = ours.world.docker.clone();
        let before = marks(&docker, &ours.name).await?;

        scene(&EAGER, async |theirs| {
            let second = theirs.deploy("Open another", &[("note.txt", "2\n")]).await?;
            ensure!(second["phase"] == "succeeded", "{second}");
            let beside = marks(&docker, &theirs.name).await?;
            looked(ours).await?;
            looked(theirs).await?;
            ensure!(marks(&docker, &ours.name).await? == before, "ours were changed");
            ensure!(marks(&docker, &theirs.name).await? == beside, "theirs were changed");

            // What one of them is told to remove goes, and nothing of the other.
            let path = format!("/api/v1/stacks/{}", theirs.name);
            theirs.world.api()?.json(Method::DELETE, &path, &Value::Null).await?;
            theirs.world.gone(&theirs.name).await?;
            looked(ours).await
        })
        .await?;

        // The other Berth is gone with all it had.
        looked(ours).await?;
        ensure!(marks(&docker, &ours.name).await? == before, "ours were changed");
        ours.world.served(&ours.host(), first["commit"]["sha"].as_str().unwrap()).await?;
        Ok(())
    })
    .await
    .unwrap();
}

/// Waits until this Berth has looked at everything a few times, and asks that it
/// knows its own stack alone and has nothing to prune.
async fn looked(scene: &Scene) -> anyhow::Result<()> {
    let api = scene.world.api()?;
    let path = format!("/api/v1/stacks/{}", scene.name);
    let mut seen = Vec::<Value>::new();
    until("it has looked at everything again and again", LONG, async || {
        let at = api.read(&path).await?["observed_at"].clone();
        if !seen.contains(&at) {
            seen.push(at);
        }
        if seen.len() > 3 { Ok(()) } else { bail!("{seen:?}") }
    })
    .await?;
    let stacks = api.read("/api/v1/stacks").await?;
    let names: Vec<&Value> = items(&stacks).map(|stack| &stack["name"]).collect();
    ensure!(names == [&json!(scene.name)], "it knows {names:?}");
    let plan = api.read("/api/v1/prune").await?;
    ensure!(plan["orphans"] == json!([]), "it would prune {}", plan["orphans"]);
    Ok(())
}

/// What tells of each object of a stack whether anybody made it anew or changed it.
async fn marks(docker: &Docker, stack: &str) -> anyhow::Result<Vec<String>> {
    let label = format!("label=com.docker.stack.namespace={stack}");
    let mut marks = Vec::new();
    let format = "{{.ID}} {{.Spec.Name}} {{json .Spec}} {{json .PreviousSpec}}";
    for kind in ["service", "config", "secret"] {
        let ids = docker.run(&[kind, "ls", "--quiet", "--filter", &label]).await?;
        let format = if kind == "service" { format } else { "{{.ID}} {{.Spec.Name}}" };
        for id in ids.lines() {
            marks.push(docker.run(&[kind, "inspect", "--format", format, id]).await?);
        }
    }
    for kind in ["network", "volume"] {
        marks.push(docker.run(&[kind, "ls", "--quiet", "--filter", &label]).await?);
    }
    // Tasks, too: nobody replaced any.
    marks.push(docker.run(&["ps", "--quiet", "--no-trunc", "--filter", &label]).await?);
    marks.sort();
    ensure!(marks.len() > 3, "{stack} has only {marks:?}");
    Ok(marks)
}
