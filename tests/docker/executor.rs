//! What stacks leave on a node: its executor removes it, and nothing else.

use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use berth_github_sim::{Commit, NewPullRequest};
use berth_tests::berth::program;
use berth_tests::docker::Docker;
use berth_tests::scene::{Scene, scene};
use berth_tests::wait::{LONG, until};
use berth_tests::world::items;
use tokio::process::{Child, Command};

/// What stands in for Berth's own image: it has no Berth in it, and the executor
/// runs beside it with the token that it was given.
async fn stand_in(scene: &Scene, name: &str) -> anyhow::Result<()> {
    let folder = scene.world.folder().join("stand-in");
    std::fs::create_dir_all(&folder)?;
    let file = "FROM berth-demo/base:1\nENTRYPOINT [\"sh\", \"-c\", \"sleep 1d\"]\n";
    std::fs::write(folder.join("Dockerfile"), file)?;
    scene.world.docker.run(&["build", "--tag", name, &folder.display().to_string()]).await?;
    Ok(())
}

/// The token, as a task of the executors' service has it, and that service's name.
async fn token(docker: &Docker, instance: &str) -> anyhow::Result<(String, String)> {
    let filter = format!("label=berth.instance={instance}");
    until("the executor runs", LONG, async || {
        let args = ["service", "ls", "--format", "{{.Name}}", "--filter", &filter];
        let services = docker.run(&args).await?;
        let named = services.lines().find(|it| it.starts_with("berth-executor-"));
        let service = named.context("there is no service")?.to_owned();
        let of = format!("label=com.docker.swarm.service.name={service}");
        let tasks = docker.run(&["ps", "--quiet", "--filter", &of]).await?;
        let task = tasks.lines().next().context("no task runs")?;
        let token = docker.run(&["exec", task, "cat", "/run/secrets/token"]).await?;
        Ok::<_, anyhow::Error>((token, service))
    })
    .await
}

fn start(scene: &Scene, server: &str, instance: &str, token: &str) -> anyhow::Result<Child> {
    let file = scene.world.folder().join("executor-token");
    std::fs::write(&file, token)?;
    let log = std::fs::File::create(scene.world.folder().join("executor.log"))?;
    Command::new(program()?)
        .arg("executor")
        .env("DOCKER_HOST", &scene.world.docker.host)
        .env("BERTH_EXECUTOR_SERVER", server)
        .env("BERTH_EXECUTOR_INSTANCE", instance)
        .env("BERTH_EXECUTOR_TOKEN_FILE", file)
        .env("BERTH_EXECUTOR_EVERY", "500ms")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .context("failed to start the executor")
}

/// What a stack of another node's would have left here, made by hand.
struct Left<'a> {
    docker: &'a Docker,
    names: Vec<(&'static str, String)>,
}

impl Left<'_> {
    async fn volume(&mut self, name: &str, instance: &str, stack: &str) -> anyhow::Result<()> {
        let labels = labels(instance, stack);
        let words = ["volume", "create", "--label", &labels[0], "--label", &labels[1], name];
        self.docker.run(&words).await?;
        self.names.push(("volume", name.to_owned()));
        Ok(())
    }

    async fn container(&mut self, name: &str, instance: &str, stack: &str) -> anyhow::Result<()> {
        let labels = labels(instance, stack);
        let service = "com.docker.swarm.service.id=a-job-that-is-gone";
        let words = ["run", "--name", name, "--label", &labels[0], "--label", &labels[1]];
        let what = ["--label", service, "berth-demo/base:1", "true"];
        self.docker.run(&[&words[..], &what].concat()).await?;
        self.names.push(("container", name.to_owned()));
        Ok(())
    }

    async fn image(
        &mut self,
        (folder, tag): (&str, &str),
        instance: &str,
        stack: &str,
    ) -> anyhow::Result<()> {
        let label = format!("berth.instance={instance}");
        let of = format!("berth.stack={stack}");
        let words = ["build", "--tag", tag, "--label", &label, "--label", &of];
        self.docker.run(&[&words[..], &[folder]].concat()).await?;
        self.names.push(("image", tag.to_owned()));
        Ok(())
    }

    async fn is_there(&self, kind: &str, name: &str) -> bool {
        self.docker.run(&[kind, "inspect", "--format", "ok", name]).await.is_ok()
    }

    /// What is still there of all that was made.
    async fn still_there(&self) -> Vec<String> {
        let mut there = Vec::new();
        for (kind, name) in &self.names {
            if self.is_there(kind, name).await {
                there.push(name.clone());
            }
        }
        there
    }

    async fn clear(&self) {
        for (kind, name) in &self.names {
            drop(self.docker.run(&[kind, "rm", "--force", name]).await);
        }
    }
}

fn labels(instance: &str, stack: &str) -> [String; 2] {
    [format!("berth.instance={instance}"), format!("com.docker.stack.namespace={stack}")]
}

#[tokio::test]
async fn what_a_preview_left_on_a_node_goes_and_what_is_kept_or_anothers_stays() {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let image = format!("berth-stand-in:{}", &id[20..]);
    let docker = Docker::from_env();
    let env = [
        ("BERTH_EXECUTOR_IMAGE", image.as_str()),
        ("BERTH_EXECUTOR_SOCKET", docker.socket().unwrap()),
        ("BERTH_PRUNE_AFTER", "1s"),
        ("BERTH_RESYNC", "1s"),
    ];
    scene(&env, async |scene| {
        stand_in(scene, &image).await?;
        let docker = scene.world.docker.clone();
        let status = scene.world.api()?.read("/api/v1/status").await?;
        let instance = status["instance_id"].as_str().context("no id")?.to_owned();
        let (secret, service) = token(&docker, &instance).await?;
        let server = scene.world.berth()?.url();
        let _executor = start(scene, &server, &instance, &secret)?;
        let folder = scene.world.folder().join("stand-in").display().to_string();
        let mut left = Left { docker: &docker, names: Vec::new() };
        let outcome = go(scene, &instance, &folder, &mut left).await;
        left.clear().await;
        // With its service, nothing of it is left that the next test would find.
        drop(docker.run(&["service", "rm", &service]).await);
        let log = std::fs::read_to_string(scene.world.folder().join("executor.log"))?;
        outcome.with_context(|| format!("the executor's log:\n{log}"))?;
        ensure!(!log.contains(&secret), "the token is in the log");
        drop(docker.run(&["image", "rm", "--force", &image]).await);
        Ok(())
    })
    .await
    .unwrap();
}

async fn go(
    scene: &Scene,
    instance: &str,
    folder: &str,
    left: &mut Left<'_>,
) -> anyhow::Result<()> {
    let deployment = scene.deploy("Open the shop", &[("note.txt", "1\n")]).await?;
    ensure!(deployment["phase"] == "succeeded", "{deployment}");
    let (github, repository) = (scene.world.github()?, scene.repository());
    let commit = Commit::of("Add chips", [("config/banner.txt", "Chips.\n")]);
    let pushed = github.push(&repository, "chips", commit).await?;
    let pull = github.open_pull_request(&repository, NewPullRequest::of("Chips", "chips")).await?;
    let preview = format!("{}-pr-{}", scene.name, pull.number);
    let deployment = scene.world.deployed(&preview, &pushed.after).await?;
    ensure!(deployment["phase"] == "succeeded", "{deployment}");

    // While its stack is there nothing goes of what carries its name; nor does what
    // no stack of this Berth left, or a stack left that nobody knows.
    let id = &instance[24..];
    let [lives, nobodys, ended, theirs, mine, others] =
        ["lives", "nobodys", "ended", "theirs", "mine", "others"].map(|it| format!("{it}-{id}"));
    let [built, borrowed] = ["left", "borrowed"].map(|it| format!("berth/{it}-{id}:1"));
    let other = "0190a5e2-0000-7000-8000-000000000000";
    left.volume(&lives, instance, &scene.name).await?;
    left.volume(&nobodys, instance, "of-nobody").await?;
    left.container(&ended, instance, &scene.name).await?;
    left.container(&theirs, other, &scene.name).await?;
    left.image((folder, &built), instance, &scene.name).await?;
    left.image((folder, &borrowed), other, &scene.name).await?;
    until("what is over, and built for no release, is gone", LONG, async || {
        let there = left.still_there().await;
        if there.contains(&ended) || there.contains(&built) { bail!("{there:?}") } else { Ok(()) }
    })
    .await?;

    github.close_pull_request(&repository, pull.number)?;
    until("the preview is gone", LONG, async || {
        let list = scene.world.api()?.read("/api/v1/stacks?kind=preview").await?;
        if items(&list).count() == 0 { Ok(()) } else { bail!("{list}") }
    })
    .await?;
    // What was on the leader's own node went with it. This is as if another node's.
    left.volume(&others, other, &preview).await?;
    left.volume(&mine, instance, &preview).await?;
    until("the preview's volume is gone", LONG, async || {
        if left.is_there("volume", &mine).await {
            let plan = scene.world.api()?.read("/api/v1/prune").await?;
            bail!("{}", plan["nodes"])
        }
        Ok(())
    })
    .await?;
    let there = left.still_there().await;
    ensure!(there == [lives, nobodys, theirs, borrowed, others], "{there:?}");
    Ok(())
}
