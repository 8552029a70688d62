//! What is on the engine, asked of Docker's own command line: an opinion that
//! is independent of the code under test.

use anyhow::{Context as _, bail};
use tokio::process::Command;

/// A Docker engine, by its `DOCKER_HOST`.
#[derive(Debug, Clone)]
pub struct Docker {
    /// Such as `unix:///var/run/docker.sock`.
    pub host: String,
}

impl Docker {
    /// The engine that the environment names, or the usual one.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the kit reads what the user of it set")]
    pub fn from_env() -> Self {
        let host = std::env::var("DOCKER_HOST")
            .unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
        Self { host }
    }

    /// The engine's socket on this machine.
    ///
    /// # Errors
    ///
    /// Where it is somewhere else.
    pub fn socket(&self) -> anyhow::Result<&str> {
        self.host.strip_prefix("unix://").context("the engine is not on this machine")
    }

    /// Runs the Docker command line and gives what it printed.
    ///
    /// # Errors
    ///
    /// With its words, where it failed.
    pub async fn run(&self, args: &[&str]) -> anyhow::Result<String> {
        let output = Command::new("docker")
            .args(args)
            .env("DOCKER_HOST", &self.host)
            .output()
            .await
            .context("failed to run docker")?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            bail!("docker {} failed: {}", args.join(" "), words.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Everything on the engine that belongs to a stack, one line each: the
    /// proof that a preview is gone is that this is empty.
    ///
    /// # Errors
    ///
    /// Where Docker does not answer.
    pub async fn leftovers(&self, stack: &str) -> anyhow::Result<Vec<String>> {
        let label = format!("label=com.docker.stack.namespace={stack}");
        let lists: [(&str, &[&str]); 6] = [
            ("service", &["service", "ls", "--format", "{{.Name}}"]),
            ("network", &["network", "ls", "--format", "{{.Name}}"]),
            ("config", &["config", "ls", "--format", "{{.Name}}"]),
            ("secret", &["secret", "ls", "--format", "{{.Name}}"]),
            ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
            ("container", &["ps", "--all", "--format", "{{.Names}}"]),
        ];
        let mut found = Vec::new();
        for (kind, args) in lists {
            let lines = self.run(&[args, &["--filter", &label]].concat()).await?;
            found.extend(lines.lines().map(|name| format!("{kind} {name}")));
        }
        // By label, so that an image that merely lost its tag is found, too.
        let label = format!("label=berth.stack={stack}");
        let images = self.run(&["image", "ls", "--all", "--quiet", "--filter", &label]).await?;
        found.extend(images.lines().map(|id| format!("image {id}")));
        Ok(found)
    }

    /// Removes all that belongs to a stack, for a test or demo that ended early.
    ///
    /// # Errors
    ///
    /// Where Docker refuses.
    pub async fn sweep(&self, stack: &str) -> anyhow::Result<()> {
        let mut last = Vec::new();
        for _ in 0..400 {
            last = self.leftovers(stack).await?;
            if last.is_empty() {
                return Ok(());
            }
            let busy = last.iter().any(|line| line.starts_with("container "));
            for (kind, name) in last.iter().filter_map(|line| line.split_once(' ')) {
                let args: &[&str] = match kind {
                    // Its service takes it along.
                    "container" => continue,
                    // One that is in use would only lose its name.
                    "image" | "volume" if busy => continue,
                    "image" => &["image", "rm", "--force", name],
                    "volume" => &["volume", "rm", "--force", name],
                    kind => &[kind, "rm", name],
                };
                // What is still in use goes in the next turn.
                drop(self.run(args).await);
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        bail!("could not remove {}", last.join(", "))
    }

    /// Whether the engine has an image.
    pub async fn has_image(&self, image: &str) -> bool {
        self.run(&["image", "inspect", "--format", "ok", image]).await.is_ok()
    }
}
