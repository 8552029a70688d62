//! A real registry, on a port of its own, open or behind a password.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

use crate::docker::Docker;
use crate::http::Client;
use crate::traefik::free_port;
use crate::wait::{LONG, until};

/// Who may read and write where there is a password.
pub const USER: &str = "robot";
/// The password.
pub const PASSWORD: &str = "planted-registry-password";
/// The two, as a registry keeps them: bcrypt, of the least cost.
const HTPASSWD: &str = "robot:$2b$04$74X.kuzdu5I1dDZx5Gb5ounQPK4/yh/G1Zc1mGWaLJcxJRIBJJPDa\n";
/// What its images are made of; provisioning brings it.
const BASE: &str = "berth-demo/base:1";

/// Who may pull from a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has the password.
    Password,
}

/// A running registry; it ends when dropped.
#[derive(Debug)]
pub struct Registry {
    /// Its host as images name it: `127.0.0.1:<port>`. Engines speak plain HTTP
    /// to such.
    pub host: String,
    docker: Docker,
    folder: PathBuf,
    child: Child,
}

impl Registry {
    /// Starts one that keeps its files in `folder`.
    ///
    /// # Errors
    ///
    /// Where the program is missing, or does not answer.
    pub async fn start(docker: &Docker, folder: &Path, access: Access) -> anyhow::Result<Self> {
        let host = format!("127.0.0.1:{}", free_port(0)?);
        std::fs::create_dir_all(folder.join("docker"))?;
        let mut config = format!(
            "version: 0.1\nlog: {{level: warn}}\nstorage:\n  filesystem: {{rootdirectory: {}}}\nhttp: {{addr: \"{host}\"}}\n",
            folder.join("data").display()
        );
        if access == Access::Password {
            let file = folder.join("htpasswd");
            std::fs::write(&file, HTPASSWD)?;
            config.push_str(&format!(
                "auth:\n  htpasswd: {{realm: test, path: {}}}\n",
                file.display()
            ));
        }
        std::fs::write(folder.join("config.yml"), config)?;
        // As `docker login` writes it; base64 of `robot:…`.
        let auth = "cm9ib3Q6cGxhbnRlZC1yZWdpc3RyeS1wYXNzd29yZA==";
        let login = serde_json::json!({"auths": {&host: {"auth": auth}}});
        std::fs::write(folder.join("docker/config.json"), login.to_string())?;
        let child = launch(folder)?;
        let this = Self { host, docker: docker.clone(), folder: folder.to_owned(), child };
        this.wait().await?;
        Ok(this)
    }

    async fn wait(&self) -> anyhow::Result<()> {
        let client = Client::new(format!("http://{}", self.host));
        until("the registry answers", LONG, async || match client.get("/v2/").await {
            Ok(answer) if matches!(answer.status.as_u16(), 200 | 401) => Ok(()),
            other => Err(other.map(|answer| answer.status)),
        })
        .await
    }

    /// Stops it.
    ///
    /// # Errors
    ///
    /// Where it can't be killed.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Starts it again, with the same files at the same address.
    ///
    /// # Errors
    ///
    /// Where it does not come back.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.child = launch(&self.folder)?;
        self.wait().await
    }

    /// The folder with Docker's configuration that has its login.
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// The name of an image of its.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    /// Gives it an image that differs by `words` from others, and takes it off
    /// the engine again, so that who runs it must pull it. Gives its digest.
    ///
    /// # Errors
    ///
    /// Where Docker refuses.
    pub async fn publish(&self, name: &str, words: &str) -> anyhow::Result<String> {
        let image = self.image(name);
        let container = self.docker.run(&["create", BASE]).await?;
        let change = format!("LABEL words=\"{words}\"");
        let made = self.docker.run(&["commit", "--change", &change, &container, &image]).await;
        self.docker.run(&["rm", &container]).await?;
        made?;
        let config = self.docker_config().display().to_string();
        let pushed = self.docker.run(&["--config", &config, "push", "--quiet", &image]).await;
        let format = "{{range .RepoDigests}}{{println .}}{{end}}";
        let digests = self.docker.run(&["image", "inspect", "--format", format, &image]).await;
        self.forget(&image).await?;
        pushed?;
        let digests = digests?;
        let digest = digests.lines().find_map(|line| line.strip_prefix(&self.host));
        let digest = digest.and_then(|name| name.split_once('@')).context("no digest")?.1;
        Ok(digest.to_owned())
    }

    /// Takes an image off the engine.
    ///
    /// # Errors
    ///
    /// Where it is there still, because something runs it.
    pub async fn forget(&self, image: &str) -> anyhow::Result<()> {
        if self.docker.has_image(image).await {
            self.docker.run(&["image", "rm", "--force", image]).await?;
        }
        if self.docker.has_image(image).await {
            bail!("{image} is on the engine still");
        }
        Ok(())
    }

    /// Takes all that came from it off the engine.
    ///
    /// # Errors
    ///
    /// Where something stays.
    pub async fn sweep(&self) -> anyhow::Result<()> {
        let filter = format!("reference={}/*", self.host);
        let list = ["image", "ls", "--quiet", "--filter", &filter];
        // A container that is on its way out holds its image a moment longer.
        until("the registry's images are off the engine", Duration::from_secs(60), async || {
            let images = self.docker.run(&list).await?;
            for image in images.lines() {
                self.docker.run(&["image", "rm", "--force", image]).await?;
            }
            anyhow::Ok(())
        })
        .await
    }
}

fn launch(folder: &Path) -> anyhow::Result<Child> {
    let log = std::fs::File::create(folder.join("log"))?;
    Command::new("docker-registry")
        .arg("serve")
        .arg(folder.join("config.yml"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .context("failed to start docker-registry; `cargo xtask provision` brings it")
}
