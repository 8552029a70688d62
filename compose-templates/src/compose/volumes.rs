//! What a service mounts: volumes, folders, memory, configs and secrets.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{Check, Field};
use super::keys;
use super::model::{BlobUse, VolumeKind, VolumeUse};
use super::units;
use crate::complaint::CauseKind;
use crate::yaml::At;

/// A service's `volumes:`.
pub(super) fn uses(check: &mut Check<'_>, field: &Field<'_>) -> Vec<VolumeUse> {
    let mut uses = Vec::new();
    for item in check.list(field) {
        if item.is_map() {
            uses.extend(long(check, &item));
        } else if let Some(text) = check.filled(&item) {
            let read = if check.is_stack() {
                stack_short(&text, item.at()).map(|one| (one, Vec::new()))
            } else {
                short(&text, item.at())
            };
            match read {
                Some((one, options)) => {
                    for option in options {
                        left_out(check, &item, one.kind, option);
                    }
                    if text.starts_with('~') && !check.variables.contains_key("HOME") {
                        check.lacks(item.at(), "HOME".to_owned());
                    }
                    uses.push(one);
                }
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

fn fresh(at: At, kind: VolumeKind, source: Option<String>, target: String) -> VolumeUse {
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
        options: BTreeSet::new(),
    }
}

/// `[source:]target[:options]`, and the options of which nothing is made.
fn short(text: &str, at: At) -> Option<(VolumeUse, Vec<&str>)> {
    let mut parts = text.splitn(3, ':');
    let first = parts.next()?;
    let Some(target) = parts.next() else {
        return Some((fresh(at, VolumeKind::Volume, None, first.to_owned()), Vec::new()));
    };
    if first.is_empty() || target.is_empty() {
        return None;
    }
    let kind =
        if first.starts_with(['.', '/', '~']) { VolumeKind::Bind } else { VolumeKind::Volume };
    let mut one = fresh(at, kind, Some(first.to_owned()), target.to_owned());
    let mut rest = Vec::new();
    for option in parts.next().unwrap_or_default().split(',') {
        match (option, kind) {
            ("ro", _) => one.read_only = true,
            // What is so anyway; the second three are for other systems' engines.
            ("" | "rw" | "cached" | "delegated" | "consistent", _) => {}
            ("nocopy", VolumeKind::Volume) => one.no_copy = true,
            (
                "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate",
                VolumeKind::Bind,
            ) => {
                one.propagation = Some(option.to_owned());
            }
            _ => rest.push(option),
        }
    }
    Some((one, rest))
}

/// Says why nothing is made of an option.
fn left_out(check: &mut Check<'_>, item: &Field<'_>, kind: VolumeKind, option: &str) {
    let why = match (option, kind) {
        ("z" | "Z", _) => "Swarm labels no folders",
        ("nocopy", _) => "nothing is ever copied into a folder of the node",
        ("shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate", _) => {
            "it is for folders of the node, and this is a volume"
        }
        _ => "Docker knows none of this name",
    };
    check.note(
        item.at(),
        format!("`{}` has the option `{option}`, which is ignored: {why}", item.path),
    );
}

/// The parts of a mount in its short form, as `docker stack deploy` takes it
/// apart: a letter before a colon is a drive of Windows, and keeps the colon.
///
/// # Errors
///
/// The rest of a sentence that says why it refuses the mount.
pub(super) fn as_docker_reads(text: &str) -> Result<Vec<String>, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() <= 2 {
        return Ok(vec![text.to_owned()]);
    }
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for c in text.chars().map(Some).chain([None]) {
        let drive = part.len() == 1 && part.starts_with(|c: char| c.is_ascii_alphabetic());
        match c {
            Some(':') if drive => part.push(':'),
            None | Some(':') => {
                if part.is_empty() {
                    return Err("has an empty part between colons");
                }
                parts.push(std::mem::take(&mut part));
            }
            Some(c) => part.push(c),
        }
    }
    if parts.len() > 3 { Err("has too many colons") } else { Ok(parts) }
}

fn stack_short(text: &str, at: At) -> Option<VolumeUse> {
    let mut parts = as_docker_reads(text).ok()?.into_iter();
    let first = parts.next()?;
    let Some(target) = parts.next() else {
        return Some(fresh(at, VolumeKind::Volume, None, first));
    };
    let windows = first.starts_with("\\\\")
        || (first.get(1..2) == Some(":") && first.starts_with(|c: char| c.is_ascii_alphabetic()));
    let path = first.starts_with(['.', '/', '~']) || windows;
    let kind = if path { VolumeKind::Bind } else { VolumeKind::Volume };
    let mut one = fresh(at, kind, Some(first), target);
    for option in parts.next().unwrap_or_default().split(',') {
        match option {
            "ro" => one.read_only = true,
            "rw" => one.read_only = false,
            "nocopy" => {
                one.no_copy = true;
                one.options.insert("volume");
            }
            "shared" | "rshared" | "slave" | "rslave" | "private" | "rprivate" => {
                one.propagation = Some(option.to_owned());
                one.options.insert("bind");
            }
            _ => {}
        }
    }
    Some(one)
}

fn long(check: &mut Check<'_>, field: &Field<'_>) -> Option<VolumeUse> {
    let mut one = fresh(field.at(), VolumeKind::Volume, None, String::new());
    let fields = check.map(field);
    for key in &fields {
        let key = key.clone();
        match key.key {
            "type" if check.is_stack() => {
                let word = check.text(&key).unwrap_or_default();
                one.kind = match word.as_str() {
                    "" | "volume" => VolumeKind::Volume,
                    "bind" => VolumeKind::Bind,
                    "tmpfs" => VolumeKind::Tmpfs,
                    "npipe" => VolumeKind::Npipe,
                    "cluster" => VolumeKind::Cluster,
                    "image" => VolumeKind::Image,
                    _ => {
                        let message = format!(
                            "`{}` must be `volume`, `bind`, `tmpfs`, `npipe`, `cluster` or `image`",
                            key.path
                        );
                        check.refuse_as(key.at(), CauseKind::Value, key.path, message);
                        return None;
                    }
                };
            }
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
            "bind" | "volume" | "tmpfs" | "image" => {
                one.options.extend(
                    ["bind", "volume", "tmpfs", "image"].into_iter().find(|name| *name == key.key),
                );
                options(check, &key, &mut one);
            }
            _ => check.other(&key, &keys::VOLUME_USE),
        }
    }
    beside_its_type(check, &fields, one.kind);
    if one.target.is_empty() {
        check.refuse(
            field.at(),
            format!("`{}` needs a `target`, the path in the container", field.path),
        );
        return None;
    }
    if one.source.is_none() && matches!(one.kind, VolumeKind::Bind | VolumeKind::Npipe) {
        let message = format!("`{}` needs a `source`, the path on the node", field.path);
        check.refuse_as(field.at(), CauseKind::Value, field.path, message);
        return None;
    }
    Some(one)
}

/// Tells of what a mount of this type has no use for.
fn beside_its_type(check: &mut Check<'_>, fields: &[Field<'_>], kind: VolumeKind) {
    let named = match kind {
        VolumeKind::Volume => "volume",
        VolumeKind::Bind => "bind",
        VolumeKind::Tmpfs => "tmpfs",
        VolumeKind::Npipe => "npipe",
        VolumeKind::Cluster => "cluster",
        VolumeKind::Image => "image",
    };
    for key in fields {
        let others = matches!(key.key, "bind" | "volume" | "tmpfs" | "image") && key.key != named;
        let source = key.key == "source" && kind == VolumeKind::Tmpfs;
        if (others || source) && !key.is_null() {
            check.note(
                key.key_at,
                format!("`{}` is ignored: the mount is of the type `{named}`", key.path),
            );
        }
    }
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
            // Docker overlooks it.
            ("volume", "labels") if check.is_stack() => {}
            ("volume", "labels") => one.labels = check.labels(&key),
            ("volume", "nocopy") => one.no_copy = check.flag(&key).unwrap_or(false),
            ("volume", "subpath") => one.subpath = check.filled(&key),
            ("tmpfs", "size") => one.tmpfs_size = check.bytes(&key),
            // Docker's compose has no such key.
            ("tmpfs", "mode") if check.is_stack() => {}
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
        if one.source.is_empty() && !check.is_stack() {
            check.refuse(item.at(), format!("`{}` needs a `source`", item.path));
        } else {
            uses.push(one);
        }
    }
    uses
}

/// Where Docker has a bind mount start: what is absolute stays as it was written.
pub(crate) fn stack_bind_source(
    source: &str,
    folder: &str,
    root: Option<&str>,
    home: Option<&str>,
) -> Option<String> {
    let source = match (source.strip_prefix('~'), home) {
        (Some(rest), Some(home)) => format!("{home}{rest}"),
        _ => source.to_owned(),
    };
    let windows = source.starts_with("\\\\")
        || (source.starts_with(|c: char| c.is_ascii_alphabetic())
            && (source.get(1..3) == Some(":/") || source.get(1..3) == Some(":\\")));
    if source.starts_with('/') || windows {
        return Some(source);
    }
    Some(units::join(&units::join(root?, folder), &source))
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
