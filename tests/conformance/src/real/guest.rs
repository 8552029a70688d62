//! What is ours on an engine that may be somebody's: stacks under names that
//! nobody else gives, the images that their files name, and what they find there
//! already. All of it goes again.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use anyhow::{bail, ensure};
use berth_tests::wait::{LONG, until};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Api, stack_of};

/// The image that stands for those of the files.
const BASE: &str = "berth-demo/base:1";

/// What the files call their images.
const IMAGES: [&str; 3] = ["x", "y", "z"];

/// Configs and secrets that files find there.
const OUTSIDERS: [(&str, &str); 4] =
    [("configs", "c"), ("configs", "d"), ("secrets", "c"), ("secrets", "foo")];

/// What is ours. It has to be [given back](Guest::give_back).
#[derive(Debug)]
pub(super) struct Guest {
    /// The engine.
    pub(super) api: Api,
    prefix: String,
    stacks: Mutex<BTreeSet<String>>,
    /// Paths of what was made beside stacks.
    made: Vec<String>,
}

impl Guest {
    /// Makes what files find on an engine, where it isn't there anyway.
    ///
    /// # Errors
    ///
    /// Where the engine does not answer, or has no base image.
    pub(super) async fn take(api: Api) -> anyhow::Result<Self> {
        let id = Uuid::now_v7().simple().to_string();
        let prefix = format!("same{}", id.get(24..).unwrap_or_default());
        let mut guest = Self { api, prefix, stacks: Mutex::default(), made: Vec::new() };
        match guest.furnish().await {
            Ok(()) => Ok(guest),
            Err(error) => {
                guest.give_back().await?;
                Err(error)
            }
        }
    }

    async fn furnish(&mut self) -> anyhow::Result<()> {
        for image in IMAGES {
            let there = self.api.get(&format!("/images/{image}:latest/json")).await.is_ok();
            if !there {
                let path = format!("/images/{BASE}/tag?repo={image}&tag=latest");
                let (status, answer) = self.api.post(&path, &Value::Null).await?;
                ensure!(status.is_success(), "failed to call {BASE} {image}: {answer}");
                self.made.push(format!("/images/{image}:latest?noprune=true"));
            }
        }
        for (kind, name) in OUTSIDERS {
            let body = json!({"Name": name, "Data": "YQ=="});
            match self.api.post(&format!("/{kind}/create"), &body).await? {
                (StatusCode::CREATED, _) => self.made.push(format!("/{kind}/{name}")),
                (StatusCode::CONFLICT, _) => {}
                (_, answer) => bail!("failed to make {kind} {name}: {answer}"),
            }
        }
        Ok(())
    }

    /// A stack of ours, by its number.
    pub(super) fn stack(&self, number: usize) -> String {
        let name = format!("{}-{number}", self.prefix);
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        name
    }

    /// Removes a stack's objects, and waits until the engine has none of them.
    ///
    /// # Errors
    ///
    /// Where some stay.
    pub(super) async fn remove(&self, stack: &str) -> anyhow::Result<()> {
        until(&format!("{stack} is gone"), LONG, async || {
            let left = self.sweep(stack).await.map_err(|err| vec![err.to_string()])?;
            if left.is_empty() { Ok(()) } else { Err(left) }
        })
        .await
    }

    /// Asks for the removal of what is there; says what that was.
    async fn sweep(&self, stack: &str) -> anyhow::Result<Vec<String>> {
        let mut left = Vec::new();
        for kind in ["services", "secrets", "configs", "networks"] {
            for object in self.api.of_stack(&format!("/{kind}"), Some(stack)).await? {
                let id = object.get("ID").unwrap_or(&object["Id"]).as_str().unwrap_or_default();
                let path = format!("/{kind}/{id}");
                self.api.delete(&path).await?;
                left.push(path);
            }
        }
        Ok(left)
    }

    /// Removes all that is ours, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Where something stays.
    pub(super) async fn give_back(self) -> anyhow::Result<()> {
        let stacks = self.stacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for stack in &stacks {
            self.remove(stack).await?;
        }
        until("the stacks' containers and volumes are gone", LONG, async || {
            let left = self.sweep_node(&stacks).await.map_err(|err| vec![err.to_string()])?;
            if left.is_empty() { Ok(()) } else { Err(left) }
        })
        .await?;
        for path in &self.made {
            self.api.delete(path).await?;
        }
        Ok(())
    }

    /// Asks for the removal of what no stack takes along: volumes, and containers
    /// of jobs, which stay when they are done.
    async fn sweep_node(&self, stacks: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
        let ours = |object: &Value| {
            stack_of(&object["Labels"]).is_some_and(|stack| stacks.contains(stack))
        };
        let mut left = Vec::new();
        for container in self.api.of_stack("/containers/json", None).await? {
            if ours(&container) {
                left.push(format!(
                    "/containers/{}?v=true",
                    container["Id"].as_str().unwrap_or_default()
                ));
            }
        }
        if left.is_empty() {
            for volume in self.api.of_stack("/volumes", None).await? {
                if ours(&volume) {
                    left.push(format!("/volumes/{}", volume["Name"].as_str().unwrap_or_default()));
                }
            }
        }
        for path in &left {
            // Swarm stops what runs; that is refused here.
            self.api.delete(path).await?;
        }
        Ok(left)
    }
}
