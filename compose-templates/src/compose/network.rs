//! Networks: those of a service, and those of the file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use berth_domain::stack::Pool;

use super::check::{Check, Field};
use super::keys::{self, Class};
use super::model::{Network, NetworkUse};
use crate::complaint::CauseKind;
use crate::load::Reading;
use crate::yaml::Value;

/// A service's `networks:`.
pub(super) fn uses(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, NetworkUse> {
    let mut uses = BTreeMap::new();
    let fresh = |at| NetworkUse {
        at,
        bare: true,
        aliases: Vec::new(),
        named: true,
        driver_opts: BTreeMap::new(),
    };
    if !field.is_map() {
        for item in check.list(field) {
            if let Some(name) = check.filled(&item) {
                uses.insert(name, fresh(item.at()));
            }
        }
        return uses;
    }
    for entry in check.map(field) {
        let mut one = NetworkUse { bare: entry.is_null(), ..fresh(entry.key_at) };
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
        pools: BTreeMap::new(),
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
    named_once(check, field);
    if network.external {
        for key in check.map(field) {
            let own = !matches!(key.key, "external" | "name") && !key.key.starts_with("x-");
            if own && keys::NETWORK.get(key.key).is_some_and(|key| key.class != Class::Ignored) {
                let message =
                    format!("`{}` is ignored: the network is external, and as it is", key.path);
                check.note(key.key_at, message);
            }
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

/// Whether it says of itself that it is external.
pub(super) fn is_external(check: &mut Check<'_>, field: &Field<'_>) -> bool {
    let entries = if field.is_map() { check.map(field) } else { Vec::new() };
    let external = entries.into_iter().find(|entry| entry.key == "external");
    external.is_some_and(|entry| entry.is_map() || entry.node.value == Value::Bool(true))
}

/// Whether it has something at a key.
pub(super) fn has(check: &mut Check<'_>, field: &Field<'_>, key: &str) -> bool {
    let text = |entry: &Field<'_>| entry.node.value.as_text().map_or(0, str::len);
    check.map(field).iter().any(|entry| entry.key == key && text(entry) > 0)
}

/// Docker minds a name in the old place beside one in the new.
pub(super) fn named_once(check: &mut Check<'_>, field: &Field<'_>) {
    if !check.is_stack() || !field.is_map() {
        return;
    }
    let filled =
        |field: &Field<'_>| field.node.value.as_text().is_some_and(|text| !text.is_empty());
    let entries = check.map(field);
    let new = entries.iter().any(|entry| entry.key == "name" && filled(entry));
    let old = entries.iter().filter(|entry| entry.key == "external" && entry.is_map());
    let old =
        old.flat_map(|entry| check.map(entry)).any(|part| part.key == "name" && filled(&part));
    if new && old {
        let message = format!("`{}` has two names; take `external.name` out", field.path);
        check.refuse_as(field.key_at, CauseKind::Conflict, field.path, message);
    }
}

fn ipam(check: &mut Check<'_>, field: &Field<'_>, network: &mut Network) {
    for key in check.map(field) {
        match key.key {
            "driver" => network.ipam_driver = check.filled(&key),
            "config" => {
                for item in check.list(&key) {
                    pool(check, &item, network);
                }
            }
            _ => check.other(&key, &keys::IPAM),
        }
    }
}

/// One subnet, and how its addresses are given out.
fn pool(check: &mut Check<'_>, field: &Field<'_>, network: &mut Network) {
    let (mut subnet, mut pool) = (None, Pool::default());
    for part in check.map(field) {
        match part.key {
            "subnet" => subnet = check.filled(&part),
            "gateway" => pool.gateway = address(check, &part),
            "ip_range" => pool.ip_range = check.filled(&part),
            _ => check.other(&part, &keys::IPAM_CONFIG),
        }
    }
    let said = pool != Pool::default();
    match subnet {
        Some(subnet) => {
            network.subnets.push(subnet.clone());
            if said {
                network.pools.insert(subnet, pool);
            }
        }
        None if said => {
            let message = format!(
                "`{}` has a `gateway` or an `ip_range` but no `subnet`; add the subnet that they are of",
                field.path
            );
            check.refuse(field.at(), message);
        }
        None => {}
    }
}

/// An address of IPv4 or IPv6, as the engine will write it.
fn address(check: &mut Check<'_>, field: &Field<'_>) -> Option<String> {
    let text = check.filled(field)?;
    let address = text.parse::<IpAddr>().ok();
    if address.is_none() {
        check.wanted(field, "an address such as `10.0.9.1`");
    }
    Some(address?.to_string())
}
