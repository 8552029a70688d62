//! Which digest each image's tag stands for, asked of its registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::Context;
use berth_domain::cluster::ObservedStack;
use berth_domain::stack::{ServiceSpec, StackSpec};
use berth_swarm::{Pinned, Reader, RegistryAuth};
use futures_util::future::join_all;

use super::ResolveImage;

/// Reads what `docker login` stored.
pub(crate) async fn registry_auth() -> anyhow::Result<RegistryAuth> {
    let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".docker"))
    });
    let Some(folder) = folder else { return Ok(RegistryAuth::default()) };
    let path = folder.join("config.json");
    let text = match tokio::fs::read_to_string(&path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(RegistryAuth::default());
        }
        Err(error) => {
            return Err(error).with_context(|| format!("failed to read {}", path.display()));
        }
    };
    let auth = RegistryAuth::from_config(&text)
        .with_context(|| format!("failed to read {}", path.display()))?;
    if auth.uses_helpers() {
        eprintln!(
            "warning: {} keeps passwords in a helper program, which is not asked; only what is in \
             the file itself is sent",
            path.display()
        );
    }
    Ok(auth)
}

/// Pins the images of `spec`, as far as `when` and their registries allow.
pub(crate) async fn pin(
    reader: &Reader,
    auth: &RegistryAuth,
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
        let answer = reader.pin(&image, auth).await;
        (image, answer)
    }))
    .await;
    let mut pinned: BTreeMap<String, Pinned> = BTreeMap::new();
    for (image, answer) in answers {
        match answer {
            Ok(answer) => {
                pinned.insert(image, answer);
            }
            Err(error) => eprintln!(
                "warning: {image} is not pinned, and nodes may run different versions of it: {}",
                berth_domain::chain(&error)
            ),
        }
    }
    for wanted in spec.services.values_mut() {
        if let Some(Pinned { image, platforms }) = pinned.get(&wanted.image) {
            wanted.image.clone_from(image);
            wanted.placement.platforms.clone_from(platforms);
        }
    }
}
