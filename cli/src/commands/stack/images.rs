//! Which digest each image's tag stands for, asked of its registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context;
use berth_domain::cluster::{Cluster, ObservedStack};
use berth_domain::registry::{Answer, Found, pinned};
use berth_domain::stack::{ServiceSpec, StackSpec};
use berth_swarm::{DockerConfig, Swarm};
use futures_util::future::join_all;

use super::ResolveImage;

/// Reads what `docker login` stored.
pub(crate) async fn docker_config() -> anyhow::Result<DockerConfig> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".docker"))
    });
    let Some(folder) = folder else { return Ok(DockerConfig::default()) };
    let path = folder.join("config.json");
    let text = match tokio::fs::read_to_string(&path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(DockerConfig::default());
        }
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    DockerConfig::parse(&text).with_context(|| format!("failed to read {}", path.display()))
}

/// Pins the images of `spec`, as far as `when` and their registries allow.
pub(crate) async fn pin(
    swarm: &Swarm,
    when: ResolveImage,
    spec: &mut StackSpec,
    observed: &ObservedStack,
) {
    let live = |name: &str, wanted: &ServiceSpec| {
        let live = observed.services.get(name)?.spec.as_ref()?;
        (live.written_image == wanted.written_image).then_some(live)
    };
    if when != ResolveImage::Always {
        for (name, wanted) in &mut spec.services {
            if let Some(live) = live(name, wanted) {
                wanted.image.clone_from(&live.image);
                wanted.placement.platforms.clone_from(&live.placement.platforms);
            }
        }
    }
    if when == ResolveImage::Never {
        return;
    }
    let asked: BTreeSet<String> = spec
        .services
        .iter()
        .filter(|(name, wanted)| when == ResolveImage::Always || live(name, wanted).is_none())
        .map(|(_, wanted)| wanted.image.clone())
        .collect();
    let answers = join_all(asked.into_iter().map(async |image| {
        let answer = swarm.ask_registry(&image).await;
        (image, answer)
    }))
    .await;
    let mut known: BTreeMap<String, Found> = BTreeMap::new();
    for (image, answer) in answers {
        let why = match answer {
            Ok(Answer::Found(found)) => {
                known.insert(image, found);
                continue;
            }
            Ok(Answer::NotFound) => "its registry has no such image".to_owned(),
            Ok(Answer::Denied { message, logged_in: true }) => {
                format!("its registry refused the login: {message}")
            }
            Ok(Answer::Denied { message, logged_in: false }) => {
                format!("its registry wants a login (--with-registry-auth): {message}")
            }
            Ok(Answer::Unreachable { message }) => {
                format!("its registry does not answer: {message}")
            }
            Err(error) => berth_domain::chain(&error),
        };
        eprintln!(
            "warning: {image} is not pinned, and nodes may run different versions of it: {why}"
        );
    }
    for wanted in spec.services.values_mut() {
        if let Some(Found { digest, platforms }) = known.get(&wanted.image) {
            wanted.image = pinned(&wanted.image, digest);
            wanted.placement.platforms.clone_from(platforms);
        }
    }
}
