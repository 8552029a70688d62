//! What a service mounts: volumes, folders, memory, configs and secrets.

use std::collections::BTreeMap;

use super::check::{Check, Field};
use super::keys;
use super::model::{BlobUse, VolumeKind, VolumeUse};
use super::units;
use crate::yaml::At;

/// A service's `volumes:`.
pub(super) fn uses(check: &mut Check<'_>, field: &Field<'_>) -> Vec<VolumeUse> {
    let mut uses = Vec::new();
    for item in check.list(field) {
        if item.is_map() {
            uses.extend(long(check, &item));
        } else if let Some(text) = check.filled(&item) {
            match short(&text, item.at()) {
                Some(one) => uses.push(one),
                None => {
                    let message = format!(
                        "`{}` must be like `name:/path` or `./folder:/path`, but is {text:?}",
                        item.path
                    );
                    check.refuse(item.at(), message);
                }
            }
        }
    }
    uses
}

const fn fresh(at: At, kind: VolumeKind, source: Option<String>, target: String) -> VolumeUse {
    VolumeUse {
        at,
        kind,
        source,
        target,
        read_only: false,
        propagation: None,
        no_copy: false,
        labels: BTreeMap::new(),
        subpath: None,
        tmpfs_size: None,
        tmpfs_mode: None,
    }
}

/// `[source:]target[:options]`; unknown options mean nothing, as to Docker.
fn short(text: &str, at: At) -> Option<VolumeUse> {
    let mut parts = text.splitn(3, ':');
    let first = parts.next()?;
    let Some(target) = parts.next() else {
        return Some(fresh(at, VolumeKind::Volume, None, first.to_owned()));
    };
    if first.is_empty() || target.is_empty() {
        return None;
    }
    let kind =
        if first.starts_with(['.', '/', '~']) { VolumeKind::Bind } else { VolumeKind::Volume };
    let mut one = fresh(at, kind, Some(first.to_owned()), target.to_owned());
    for option in parts.next().unwrap_or_default().split(',') {
        match option {
            "ro" => one.read_only = true,
            "nocopy" => one.no_copy = true,
            "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" => {
                one.propagation = Some(option.to_owned());
            }
            _ => {}
        }
    }
    Some(one)
}

fn long(check: &mut Check<'_>, field: &Field<'_>) -> Option<VolumeUse> {
    let mut one = fresh(field.at(), VolumeKind::Volume, None, String::new());
    for key in check.map(field) {
        match key.key {
            "type" => {
                let words = ["volume", "bind", "tmpfs", "npipe", "cluster", "image"];
                one.kind = match check.word(&key, &words).as_deref() {
                    Some("bind") => VolumeKind::Bind,
                    Some("tmpfs") => VolumeKind::Tmpfs,
                    Some("npipe") => VolumeKind::Npipe,
                    Some("cluster") => VolumeKind::Cluster,
                    Some("image") => VolumeKind::Image,
                    _ => VolumeKind::Volume,
                };
            }
            "source" => one.source = check.filled(&key),
            "target" => one.target = check.filled(&key).unwrap_or_default(),
            "read_only" => one.read_only = check.flag(&key).unwrap_or(false),
            "bind" | "volume" | "tmpfs" | "image" => options(check, &key, &mut one),
            _ => check.other(&key, &keys::VOLUME_USE),
        }
    }
    if one.target.is_empty() {
        check.refuse(
            field.at(),
            format!("`{}` needs a `target`, the path in the container", field.path),
        );
        return None;
    }
    if one.source.is_none() && matches!(one.kind, VolumeKind::Bind | VolumeKind::Npipe) {
        check
            .refuse(field.at(), format!("`{}` needs a `source`, the path on the node", field.path));
        return None;
    }
    Some(one)
}

fn options(check: &mut Check<'_>, field: &Field<'_>, one: &mut VolumeUse) {
    let section = match field.key {
        "bind" => &keys::BIND,
        "volume" => &keys::VOLUME_MOUNT,
        "tmpfs" => &keys::TMPFS_MOUNT,
        _ => &keys::IMAGE_MOUNT,
    };
    for key in check.map(field) {
        match (field.key, key.key) {
            ("bind", "propagation") => one.propagation = check.filled(&key),
            // What Swarm does anyway.
            ("bind", "create_host_path") if check.flag(&key) == Some(false) => {}
            ("volume", "labels") => one.labels = check.labels(&key),
            ("volume", "nocopy") => one.no_copy = check.flag(&key).unwrap_or(false),
            ("volume", "subpath") => one.subpath = check.filled(&key),
            ("tmpfs", "size") => one.tmpfs_size = check.bytes(&key),
            ("tmpfs", "mode") => one.tmpfs_mode = check.file_mode(&key),
            _ => check.other(&key, section),
        }
    }
}

/// A service's `configs:` or `secrets:`.
pub(super) fn blob_uses(check: &mut Check<'_>, field: &Field<'_>) -> Vec<BlobUse> {
    let mut uses = Vec::new();
    for item in check.list(field) {
        let mut one = BlobUse {
            at: item.at(),
            source: String::new(),
            target: None,
            uid: None,
            gid: None,
            mode: None,
        };
        if item.is_map() {
            for key in check.map(&item) {
                match key.key {
                    "source" => one.source = check.filled(&key).unwrap_or_default(),
                    "target" => one.target = check.filled(&key),
                    "uid" => one.uid = check.filled(&key),
                    "gid" => one.gid = check.filled(&key),
                    "mode" => one.mode = check.file_mode(&key),
                    _ => check.other(&key, &keys::BLOB_USE),
                }
            }
        } else {
            one.source = check.filled(&item).unwrap_or_default();
        }
        if one.source.is_empty() {
            check.refuse(item.at(), format!("`{}` needs a `source`", item.path));
        } else {
            uses.push(one);
        }
    }
    uses
}

/// Where a bind mount starts on the node. [`None`] where that is not known.
pub(crate) fn bind_source(
    source: &str,
    folder: &str,
    root: Option<&str>,
    home: Option<&str>,
) -> Option<String> {
    if let Some(rest) = source.strip_prefix('~') {
        return Some(units::join(home?, rest.trim_start_matches('/')));
    }
    let joined = units::join(folder, source);
    if joined.starts_with('/') {
        return Some(joined);
    }
    Some(units::join(root?, &joined))
}
