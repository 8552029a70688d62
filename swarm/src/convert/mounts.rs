//! Mounts, both ways.

use berth_domain::stack::{Driver, Mount, MountKind, NAMESPACE_LABEL};

use super::{Scope, Unreadable, unlabel};
use crate::wire;

pub(super) fn to_wire(scope: &Scope<'_>, mount: &Mount) -> wire::Mount {
    let Mount { kind, source, target, read_only, consistency } = mount;
    let mut out = wire::Mount {
        source: source.clone().unwrap_or_default(),
        target: target.clone(),
        read_only: *read_only,
        consistency: consistency.clone().unwrap_or_default(),
        ..wire::Mount::default()
    };
    let name = match kind {
        MountKind::Bind { propagation } => {
            out.bind_options =
                propagation.clone().map(|propagation| wire::BindOptions { propagation });
            "bind"
        }
        MountKind::Volume { no_copy, subpath, labels, driver, external } => {
            let mut options = wire::VolumeOptions {
                no_copy: *no_copy,
                labels: labels.clone(),
                subpath: subpath.clone().unwrap_or_default(),
                driver_config: driver.as_ref().map(driver_to_wire),
            };
            // An anonymous volume goes with its container, and another's is not ours.
            if source.is_some() && !external {
                options.labels = scope.label(labels);
            }
            if source.is_some() || options != wire::VolumeOptions::default() {
                out.volume_options = Some(options);
            }
            "volume"
        }
        MountKind::Tmpfs { size, mode } => {
            if size.is_some() || mode.is_some() {
                out.tmpfs_options = Some(wire::TmpfsOptions { size_bytes: *size, mode: *mode });
            }
            "tmpfs"
        }
        MountKind::Npipe => "npipe",
        MountKind::Cluster => {
            out.cluster_options = Some(wire::Empty {});
            "cluster"
        }
        MountKind::Image => "image",
    };
    name.clone_into(&mut out.kind);
    out
}

pub(super) fn from_wire(mount: &wire::Mount) -> Result<Mount, Unreadable> {
    let source = some(&mount.source);
    let kind = match mount.kind.as_str() {
        "bind" => MountKind::Bind {
            propagation: mount.bind_options.as_ref().and_then(|is| some(&is.propagation)),
        },
        "volume" => {
            let options = mount.volume_options.clone().unwrap_or_default();
            MountKind::Volume {
                no_copy: options.no_copy,
                subpath: some(&options.subpath),
                external: source.is_some() && !options.labels.contains_key(NAMESPACE_LABEL),
                labels: unlabel(&options.labels),
                driver: options.driver_config.as_ref().map(driver_from_wire),
            }
        }
        "tmpfs" => {
            let options = mount.tmpfs_options.clone().unwrap_or_default();
            MountKind::Tmpfs { size: options.size_bytes, mode: options.mode }
        }
        "npipe" => MountKind::Npipe,
        "cluster" => MountKind::Cluster,
        "image" => MountKind::Image,
        _ => return Err(Unreadable { field: "kind of mount" }),
    };
    Ok(Mount {
        kind,
        source,
        target: mount.target.clone(),
        read_only: mount.read_only,
        consistency: some(&mount.consistency),
    })
}

pub(super) fn driver_to_wire(driver: &Driver) -> wire::Driver {
    wire::Driver { name: driver.name.clone(), options: driver.options.clone() }
}

pub(super) fn driver_from_wire(driver: &wire::Driver) -> Driver {
    Driver { name: driver.name.clone(), options: driver.options.clone() }
}

/// Go writes no difference between an empty text and none.
pub(super) fn some(text: &str) -> Option<String> {
    if text.is_empty() { None } else { Some(text.to_owned()) }
}
