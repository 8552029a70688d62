//! Removing: only what is ours, and what is gone already is removed.

use std::time::Duration;

use berth_domain::cluster::{ClusterError, Version};
use berth_domain::ids::StackName;

use super::{Kind, not_ours};
use crate::client::{Request, segment};
use crate::objects::IMAGE_STACK_LABEL;
use crate::swarm::Swarm;
use crate::wire;

/// Removing an image's layers takes as long as the disk does.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageDetails {
    #[serde(deserialize_with = "wire::nullable", default)]
    config: ImageConfig,
}

#[derive(serde::Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct ImageConfig {
    #[serde(deserialize_with = "wire::nullable", default)]
    labels: wire::Labels,
}

impl Swarm {
    pub(super) async fn remove_service(
        &self,
        stack: &StackName,
        name: &str,
        from: Version,
    ) -> Result<(), ClusterError> {
        let what = format!("service {}", stack.scope(name));
        let Some(live) = self.find_service(stack, name, &what).await? else { return Ok(()) };
        if !self.is_mine(stack, &live.spec.labels) {
            return Err(not_ours(&what));
        }
        if live.version.index != from.0 {
            return Err(ClusterError::Stale { what });
        }
        self.delete(format!("/services/{}", segment(&live.id)), &what).await
    }

    pub(super) async fn remove_file(
        &self,
        stack: &StackName,
        kind: Kind,
        name: &str,
    ) -> Result<(), ClusterError> {
        let what = format!("{} {name}", kind.noun());
        let Some(live) = self.find_file(kind, name, &what).await? else { return Ok(()) };
        if !self.is_mine(stack, &live.spec.labels) {
            return Err(not_ours(&what));
        }
        self.delete(format!("{}/{}", kind.path(), segment(&live.id)), &what).await
    }

    pub(super) async fn remove_network(
        &self,
        stack: &StackName,
        name: &str,
    ) -> Result<(), ClusterError> {
        let what = format!("network {name}");
        let Some(live) = self.find_network(name, &what).await? else { return Ok(()) };
        if !self.is_mine(stack, &live.labels) {
            return Err(not_ours(&what));
        }
        self.delete(format!("/networks/{}", segment(&live.id)), &what).await
    }

    pub(super) async fn remove_volume(
        &self,
        stack: &StackName,
        name: &str,
    ) -> Result<(), ClusterError> {
        let what = format!("volume {name}");
        let path = format!("/volumes/{}", segment(name));
        let Some(live) = self.find::<wire::Volume>(path.clone(), &what).await? else {
            return Ok(());
        };
        if !self.is_mine(stack, &live.labels) {
            return Err(not_ours(&what));
        }
        match self.client.bytes(Request::delete(path.clone())).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) if error.is_in_use() || error.is_conflict() => {
                self.remove_dead_containers(stack, name).await?;
                match self.client.bytes(Request::delete(path)).await {
                    // Docker is well: what holds it is on its way out.
                    Err(error) if error.is_conflict() => Err(ClusterError::Stale { what }),
                    Err(error) if !error.is_not_found() => Err(error.about(what)),
                    Ok(_) | Err(_) => Ok(()),
                }
            }
            Err(error) => Err(error.about(what)),
        }
    }

    /// Removes ended containers of ours that hold a volume: Swarm forgets those
    /// of a removed job.
    async fn remove_dead_containers(
        &self,
        stack: &StackName,
        volume: &str,
    ) -> Result<(), ClusterError> {
        let what = format!("ended containers with volume {volume}");
        let request = Request::list("/containers/json")
            .query("all", "true")
            .filters(&[("volume", &[volume]), ("status", &["created", "exited", "dead"])]);
        let containers: Vec<wire::Container> =
            self.client.json(request).await.map_err(|error| error.about(&what))?;
        for container in containers.iter().filter(|is| self.is_mine(stack, &is.labels)) {
            self.delete(format!("/containers/{}", segment(&container.id)), &what).await?;
        }
        Ok(())
    }

    pub(super) async fn remove_image(
        &self,
        stack: &StackName,
        name: &str,
    ) -> Result<(), ClusterError> {
        let what = format!("image {name}");
        let path = format!("/images/{}/json", segment(name));
        let Some(live) = self.find::<ImageDetails>(path, &what).await? else { return Ok(()) };
        let labels = live.config.labels;
        if !self.owns(&labels)
            || labels.get(IMAGE_STACK_LABEL).map(String::as_str) != Some(stack.as_str())
        {
            return Err(not_ours(&what));
        }
        let request = || Request::delete(format!("/images/{}", segment(name))).patience(PATIENCE);
        let removed = match self.client.bytes(request()).await {
            // What an ended container ran stays on disk with it; the tag goes.
            Err(error) if error.is_conflict() && error.to_string().contains("stopped") => {
                self.client.bytes(request().query("force", "true")).await
            }
            removed => removed,
        };
        match removed {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) if error.is_conflict() => Err(ClusterError::Stale { what }),
            Err(error) => Err(error.about(what)),
        }
    }

    async fn delete(&self, path: String, what: &str) -> Result<(), ClusterError> {
        match self.client.bytes(Request::delete(path)).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error.about(what)),
        }
    }
}
