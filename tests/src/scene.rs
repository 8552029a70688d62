//! A world for one test: made, onboarded, taken down however the test ends.

use anyhow::Context as _;
use berth_github_sim::Commit;
use serde_json::Value;

use crate::world::{Settings, World};

/// A test's world, and the repository in it.
#[derive(Debug)]
pub struct Scene {
    /// The world.
    pub world: World,
    /// The sample repository's name, which is the production stack's too; no
    /// other test has it.
    pub name: String,
}

/// Runs a test in an onboarded world of its own, with `env` added to Berth's
/// environment; a `DOCKER_HOST` in it is Berth's alone.
///
/// # Errors
///
/// The test's own, with the end of Berth's log; else what would not go away.
pub async fn scene(
    env: &[(&str, &str)],
    test: impl AsyncFnOnce(&mut Scene) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let id = uuid::Uuid::now_v7().simple().to_string();
    // The last digits are random, the first ones are the time.
    let name = format!("shop{}", id.get(24..).unwrap_or_default());
    let world = World::new(Settings {
        name: name.clone(),
        folder: std::env::temp_dir().join(format!("berth-{name}")),
        ports: (0, 0, 0),
        docker_host: env
            .iter()
            .find_map(|(name, value)| (*name == "DOCKER_HOST").then(|| (*value).to_owned())),
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    });
    let mut scene = Scene { world, name };
    let outcome = async {
        scene.world.start(&scene.name.clone()).await?;
        scene.world.onboard(&scene.name.clone()).await?;
        test(&mut scene).await
    }
    .await;
    let log = scene.world.berth().and_then(|berth| berth.log()).unwrap_or_default();
    let ended = scene.world.end().await;
    let tail: Vec<&str> = log.lines().rev().take(30).collect();
    outcome.with_context(|| format!("Berth's log, newest line first:\n{}", tail.join("\n")))?;
    ended
}

impl Scene {
    /// `acme/<name>`.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("acme/{}", self.name)
    }

    /// The production stack's host.
    #[must_use]
    pub fn host(&self) -> String {
        format!("{}.localhost", self.name)
    }

    /// Pushes a commit to main that writes `files`, and gives its SHA.
    ///
    /// # Errors
    ///
    /// Where git refuses.
    pub async fn push(&self, message: &str, files: &[(&str, &str)]) -> anyhow::Result<String> {
        let commit = Commit::of(message, files.iter().copied());
        let pushed = self.world.github()?.push(&self.repository(), "main", commit).await?;
        Ok(pushed.after)
    }

    /// The same, waiting until its deployment is over.
    ///
    /// # Errors
    ///
    /// Where it never is.
    pub async fn deploy(&self, message: &str, files: &[(&str, &str)]) -> anyhow::Result<Value> {
        let sha = self.push(message, files).await?;
        self.world.deployed(&self.name, &sha).await
    }

    /// How many orders the shop says it has.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    pub async fn orders(&self) -> anyhow::Result<(u64, String)> {
        let host = format!("api.{}", self.host());
        let answer = self.world.traefik()?.client().get_host(&host, "/").await?.value()?;
        let first = answer["first"].as_str().unwrap_or_default().to_owned();
        Ok((answer["orders"].as_u64().context("no orders")?, first))
    }
}
