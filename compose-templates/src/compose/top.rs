//! A whole file: its top-level keys, and its variables put in.

use std::collections::BTreeMap;

use berth_domain::stack::Driver;

use super::check::{Check, Field};
use super::model::{Blob, Model, Volume};
use super::{network, service, strict};
use crate::complaint::CauseKind;
use crate::interpolate::interpolate;
use crate::yaml::{At, Node, Value};

/// The most services of one file.
const MAX_SERVICES: usize = 500;

/// Reads the file at `root`: interpolates, checks, and tells all that is wrong.
pub(crate) fn read(check: &mut Check<'_>, mut root: Node) -> Model {
    let mut model = Model::default();
    if !matches!(root.value, Value::Map(_)) {
        let message = "a compose file is a mapping with the key `services`";
        check.refuse_as(root.at, CauseKind::Yaml, "", message);
        return model;
    }
    if check.is_stack() {
        if !strict::prepare(check, &mut root) {
            return model;
        }
    } else {
        variables(check, &mut root);
    }
    for key in check.map(&Field::root(&root)) {
        match key.key {
            "services" => {
                let entries = check.map(&key);
                if entries.len() > MAX_SERVICES {
                    let message = "the file has more than 500 services; make several stacks of it";
                    check.refuse(key.at(), message);
                    continue;
                }
                for entry in entries {
                    let service = service::service(check, &entry);
                    if service.profiles.is_empty() {
                        model.services.insert(entry.key.to_owned(), service);
                    } else {
                        let message = format!(
                            "`{}` is left out: it belongs to a profile, and none is active",
                            entry.path
                        );
                        check.note(entry.key_at, message);
                    }
                }
            }
            "networks" => {
                for entry in check.map(&key) {
                    let network = network::network(check, &entry);
                    model.networks.insert(entry.key.to_owned(), network);
                }
            }
            "volumes" => {
                for entry in check.map(&key) {
                    let volume = volume(check, &entry);
                    model.volumes.insert(entry.key.to_owned(), volume);
                }
            }
            "configs" | "secrets" => {
                for entry in check.map(&key) {
                    let Some(blob) = blob(check, &entry, key.key == "secrets") else { continue };
                    let blobs =
                        if key.key == "configs" { &mut model.configs } else { &mut model.secrets };
                    blobs.insert(entry.key.to_owned(), blob);
                }
            }
            "version" => {}
            "name" => check.note(key.key_at, "`name` is ignored: the stack has a name already"),
            "include" => check.refuse(
                key.key_at,
                "`include` is not supported yet; name the files side by side instead",
            ),
            "models" => check.refuse(key.key_at, "`models` is not possible: Swarm runs no models"),
            name if name.starts_with("x-") => {}
            _ => check.unknown(&key, &["services", "networks", "volumes", "configs", "secrets"]),
        }
    }
    model
}

/// Puts variables into every value of the sections that mean something; keys
/// and `x-` sections stay as they are.
fn variables(check: &mut Check<'_>, root: &mut Node) {
    let Value::Map(entries) = &mut root.value else { return };
    let mut unset = BTreeMap::new();
    for entry in entries {
        let section = entry.key.as_str();
        if matches!(section, "services" | "networks" | "volumes" | "configs" | "secrets") {
            put_in(check, &mut entry.value, section, &mut unset);
        }
    }
    for (name, at) in unset {
        check.note(at, format!("the variable `{name}` is not set, so nothing stands in its place"));
    }
}

fn put_in(check: &mut Check<'_>, node: &mut Node, path: &str, unset: &mut BTreeMap<String, At>) {
    match &mut node.value {
        Value::Text(text) => {
            if !text.contains('$') {
                return;
            }
            let variables = check.variables;
            let lookup = |name: &str| variables.get(name).map(String::as_str);
            match interpolate(text, check.reading, &lookup) {
                Ok(result) => {
                    *text = result.text;
                    for name in result.unset {
                        unset.entry(name).or_insert(node.at);
                    }
                }
                Err(why) => check.refuse(node.at, format!("`{path}`: {}", why.message)),
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                put_in(check, item, &format!("{path}[{index}]"), unset);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                put_in(check, &mut entry.value, &format!("{path}.{}", entry.key), unset);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
    }
}

fn volume(check: &mut Check<'_>, field: &Field<'_>) -> Volume {
    let mut volume = Volume {
        external: false,
        name: None,
        driver: None,
        driver_opts: BTreeMap::new(),
        labels: BTreeMap::new(),
    };
    for key in check.map(field) {
        match key.key {
            "external" => {
                (volume.external, volume.name) = network::external(check, &key, volume.name.take());
            }
            "name" => volume.name = check.filled(&key).or(volume.name.take()),
            "driver" => volume.driver = check.filled(&key),
            "driver_opts" => volume.driver_opts = check.labels(&key),
            "labels" => volume.labels = check.labels(&key),
            name if name.starts_with("x-") => {}
            _ => check.unknown(&key, &["external", "name", "driver", "driver_opts", "labels"]),
        }
    }
    let own =
        volume.driver.is_some() || !volume.driver_opts.is_empty() || !volume.labels.is_empty();
    if volume.external && own {
        let message = format!(
            "`{}` is external, so its `driver`, `driver_opts` and `labels` are not this file's to set; take them out",
            field.path
        );
        check.refuse_as(field.key_at, CauseKind::Conflict, &field.path, message);
    }
    network::named_once(check, field);
    volume
}

/// A config or a secret; [`None`] where its content can't be had.
fn blob(check: &mut Check<'_>, field: &Field<'_>, secret: bool) -> Option<Blob> {
    let mut blob = Blob {
        at: field.key_at,
        external: false,
        name: None,
        content: Vec::new(),
        driver: None,
        template_driver: None,
        labels: BTreeMap::new(),
    };
    let mut sources = 0;
    let mut driver_opts = BTreeMap::new();
    let before = check.complaints.len();
    network::named_once(check, field);
    let elsewhere = check.is_stack() && network::is_external(check, field);
    for key in check.map(field) {
        match key.key {
            "external" => {
                (blob.external, blob.name) = network::external(check, &key, blob.name.take());
            }
            // Docker does not look at what another has made.
            "file" | "driver" if elsewhere => {}
            // It is enough that both are there.
            "file" if check.is_stack() && network::has(check, field, "driver") => sources += 1,
            "name" => blob.name = check.filled(&key).or(blob.name.take()),
            "labels" => blob.labels = check.labels(&key),
            "template_driver" => blob.template_driver = check.filled(&key),
            "file" => {
                if let Some(path) = check.filled(&key) {
                    sources += 1;
                    blob.content = check.contents(&key, &path).unwrap_or_default();
                }
            }
            "content" => {
                if let Some(text) = check.text(&key) {
                    sources += 1;
                    blob.content = text.into_bytes();
                }
            }
            "environment" => {
                if let Some(name) = check.filled(&key) {
                    sources += 1;
                    blob.content = from_variable(check, &key, &name);
                }
            }
            "driver" if secret => {
                blob.driver = check.filled(&key).map(|name| Driver { name, ..Driver::default() });
            }
            "driver_opts" if secret => driver_opts = check.labels(&key),
            name if name.starts_with("x-") => {}
            _ => check.unknown(
                &key,
                &[
                    "file",
                    "content",
                    "environment",
                    "external",
                    "name",
                    "labels",
                    "template_driver",
                ],
            ),
        }
    }
    if let Some(driver) = &mut blob.driver {
        driver.options = driver_opts;
        sources += 1;
    }
    if check.complaints.len() > before {
        return None;
    }
    match (blob.external, sources) {
        (true, 0) => Some(blob),
        (false, _) if check.is_stack() && sources != 1 => {
            let (kind, message) = if sources == 0 {
                (CauseKind::File, format!("`{}` needs a `file`, or `external: true`", field.path))
            } else {
                let message = format!("`{}` has a `driver` and a `file`; keep one", field.path);
                (CauseKind::Conflict, message)
            };
            check.refuse_as(field.key_at, kind, &field.path, message);
            None
        }
        (false, 1) => check_size(check, field, blob, secret),
        (true, _) => {
            let message =
                format!("`{}` is external, so its content is not this file's to set", field.path);
            check.refuse(field.key_at, message);
            None
        }
        (false, _) => {
            let message = format!(
                "`{}` needs one of `file`, `content` and `environment`, or `external: true`",
                field.path
            );
            check.refuse(field.key_at, message);
            None
        }
    }
}

fn from_variable(check: &mut Check<'_>, field: &Field<'_>, name: &str) -> Vec<u8> {
    let Some(value) = check.variables.get(name) else {
        let message = format!("`{}` names the variable `{name}`, which is not set", field.path);
        check.refuse(field.at(), message);
        return Vec::new();
    };
    value.clone().into_bytes()
}

/// Swarm's limits on what it keeps in its own store.
fn check_size(check: &mut Check<'_>, field: &Field<'_>, blob: Blob, secret: bool) -> Option<Blob> {
    let (what, limit) = if secret { ("secret", 512_000) } else { ("config", 1_024_000) };
    if blob.driver.is_none() && blob.content.is_empty() {
        check.refuse(
            field.at(),
            format!("`{}` is empty, but Swarm takes no empty {what}", field.path),
        );
        return None;
    }
    if blob.content.len() >= limit {
        let message = format!(
            "`{}` has {} bytes, but a {what} must have fewer than {limit}; put it into the image or a volume",
            field.path,
            blob.content.len()
        );
        check.refuse(field.at(), message);
        return None;
    }
    Some(blob)
}
