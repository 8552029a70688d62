//! Networks: those of a service, and those of the file.

use std::collections::BTreeMap;

use super::check::{Check, Field};
use super::keys;
use super::model::{Network, NetworkUse};
use crate::load::Reading;

/// A service's `networks:`.
pub(super) fn uses(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, NetworkUse> {
    let mut uses = BTreeMap::new();
    let fresh =
        |at| NetworkUse { at, aliases: Vec::new(), named: true, driver_opts: BTreeMap::new() };
    if !field.is_map() {
        for item in check.list(field) {
            if let Some(name) = check.filled(&item) {
                uses.insert(name, fresh(item.at()));
            }
        }
        return uses;
    }
    for entry in check.map(field) {
        let mut one = fresh(entry.key_at);
        for key in check.map(&entry) {
            match key.key {
                "aliases" => one.aliases = check.texts(&key),
                "driver_opts" => one.driver_opts = check.labels(&key),
                "use_service_name_alias" => one.named = check.flag(&key).unwrap_or(true),
                _ => check.other(&key, &keys::NETWORK_USE),
            }
        }
        uses.insert(entry.key.to_owned(), one);
    }
    uses
}

/// A network of the file.
pub(super) fn network(check: &mut Check<'_>, field: &Field<'_>) -> Network {
    let mut network = Network {
        at: field.key_at,
        external: false,
        name: None,
        driver: None,
        driver_opts: BTreeMap::new(),
        labels: BTreeMap::new(),
        internal: false,
        attachable: false,
        ipam_driver: None,
        subnets: Vec::new(),
    };
    for key in check.map(field) {
        match key.key {
            "external" => {
                (network.external, network.name) = external(check, &key, network.name.take());
            }
            "name" => network.name = check.filled(&key).or(network.name.take()),
            "driver" => network.driver = check.filled(&key),
            "driver_opts" => network.driver_opts = check.labels(&key),
            "labels" => network.labels = check.labels(&key),
            "internal" => network.internal = check.flag(&key).unwrap_or(false),
            "attachable" => network.attachable = check.flag(&key).unwrap_or(false),
            "ipam" => ipam(check, &key, &mut network),
            _ => check.other(&key, &keys::NETWORK),
        }
    }
    let local = matches!(network.driver.as_deref(), Some("bridge" | "default"));
    if local && !network.external && check.reading == Reading::Compose {
        check.note(
            field.key_at,
            format!("`{}` is an overlay network, since a bridge ends at its node", field.path),
        );
        network.driver = None;
        // What tunes a bridge means nothing to an overlay.
        network.driver_opts.retain(|name, _| !name.starts_with("com.docker.network.bridge."));
    }
    network
}

/// `external: true`, or in the old way `external: {name: x}`.
pub(super) fn external(
    check: &mut Check<'_>,
    field: &Field<'_>,
    name: Option<String>,
) -> (bool, Option<String>) {
    if !field.is_map() {
        return (check.flag(field).unwrap_or(false), name);
    }
    let mut name = name;
    for key in check.map(field) {
        match key.key {
            "name" => name = check.filled(&key),
            _ => check.other(&key, &keys::EXTERNAL),
        }
    }
    (true, name)
}

fn ipam(check: &mut Check<'_>, field: &Field<'_>, network: &mut Network) {
    for key in check.map(field) {
        match key.key {
            "driver" => network.ipam_driver = check.filled(&key),
            "config" => {
                for item in check.list(&key) {
                    for part in check.map(&item) {
                        match part.key {
                            "subnet" => network.subnets.extend(check.filled(&part)),
                            _ => check.other(&part, &keys::IPAM_CONFIG),
                        }
                    }
                }
            }
            _ => check.other(&key, &keys::IPAM),
        }
    }
}
