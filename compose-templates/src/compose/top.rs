//! A whole file, or project: its top-level keys.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::stack::Driver;

use super::check::{Check, Field};
use super::model::{Blob, Model, Service, Volume};
use super::{keys, network, service};
use crate::complaint::CauseKind;
use crate::load::Variables;
use crate::yaml::{Node, Value};

/// The most services of one stack.
pub(crate) const MAX_SERVICES: usize = 500;

/// Reads the tree at `root`, whose variables are put in: checks it, and tells
/// all that is wrong.
pub(crate) fn read(check: &mut Check<'_>, root: &Node, profiles: &Profiles) -> Model {
    let mut model = Model::default();
    if !matches!(root.value, Value::Map(_)) {
        let message = "a compose file is a mapping with the key `services`";
        check.refuse_as(root.at, CauseKind::Yaml, "", message);
        return model;
    }
    for key in check.map(&Field::root(root)) {
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
                    if profiles.has(&service) {
                        model.services.insert(entry.key.to_owned(), service);
                    } else {
                        let message =
                            format!("`{}` is left out: none of its profiles is active", entry.path);
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
            _ => check.other(&key, &keys::TOP),
        }
    }
    model
}

/// The profiles that are active.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Profiles(BTreeSet<String>);

impl Profiles {
    /// Those that were asked for; where none were, those of `COMPOSE_PROFILES`.
    pub(crate) fn new(asked: &[String], variables: &Variables) -> Self {
        let named = variables.get("COMPOSE_PROFILES").filter(|_| asked.is_empty());
        let named = named.map(String::as_str).unwrap_or_default().split(',');
        let all = asked.iter().map(String::as_str).chain(named).map(str::trim);
        Self(all.filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    fn has(&self, service: &Service) -> bool {
        let profiles = &service.profiles;
        profiles.is_empty()
            || self.0.contains("*")
            || profiles.iter().any(|name| self.0.contains(name))
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
            _ => check.other(&key, &keys::VOLUME),
        }
    }
    let own =
        volume.driver.is_some() || !volume.driver_opts.is_empty() || !volume.labels.is_empty();
    if volume.external && own {
        let message = format!(
            "`{}` is external, so its `driver`, `driver_opts` and `labels` are not this file's to set; take them out",
            field.path
        );
        check.refuse_as(field.key_at, CauseKind::Conflict, field.path, message);
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
                    let full = check.resolve(key.at(), &path);
                    blob.content = check.contents(&key, &full, &path).unwrap_or_default();
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
            _ => check.other(&key, if secret { &keys::SECRET } else { &keys::BLOB }),
        }
    }
    if let Some(driver) = &mut blob.driver {
        driver.options = driver_opts.into();
        sources += 1;
    } else if !driver_opts.is_empty() {
        let message = format!("`{}.driver_opts` is ignored: there is no `driver`", field.path);
        check.note(field.key_at, message);
    }
    if blob.external && (!blob.labels.is_empty() || blob.template_driver.is_some()) {
        let message = format!(
            "`labels` and `template_driver` of `{}` are ignored: it is external, and as it is",
            field.path
        );
        check.note(field.key_at, message);
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
            check.refuse_as(field.key_at, kind, field.path, message);
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
    let variables = check.variables_of(field.at());
    let Some(value) = variables.get(name) else {
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
