//! Where tasks may be placed: constraints and platforms, as Swarm reads them.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::facts::NodeFacts;
use crate::stack::Placement;

/// Whether Swarm knows such a constraint.
#[must_use]
pub fn is_constraint(text: &str) -> bool {
    parse(text).is_some()
}

/// Whether a node satisfies a constraint; none satisfies one that Swarm doesn't know.
#[must_use]
pub fn satisfies(node: &NodeFacts, constraint: &str) -> bool {
    parse(constraint).is_some_and(|it| it.holds(node))
}

/// Whether tasks may be placed on a node, up or not.
#[must_use]
pub fn fits(placement: &Placement, node: &NodeFacts) -> bool {
    fits_platform(&placement.platforms, node)
        && placement.constraints.iter().all(|one| parse(one).is_none_or(|it| it.holds(node)))
}

/// Whether a node runs an image that is for one of these platforms; for none, any does.
#[must_use]
pub fn fits_platform(platforms: &[(String, String)], node: &NodeFacts) -> bool {
    let same = |asked: &str, is: &str| asked.is_empty() || normal(asked) == normal(is);
    platforms.is_empty()
        || platforms.iter().any(|(os, arch)| same(os, &node.os) && same(arch, &node.architecture))
}

/// Kernels and images call the same architecture by different names.
fn normal(architecture: &str) -> String {
    match architecture.to_ascii_lowercase().as_str() {
        "x86_64" => "amd64".to_owned(),
        "aarch64" => "arm64".to_owned(),
        other => other.to_owned(),
    }
}

/// A constraint as Swarm reads it (swarmkit, `manager/constraint`).
struct Constraint<'a> {
    key: &'a str,
    equal: bool,
    value: &'a str,
}

/// The keys that are compared as they are; labels come after a prefix.
const KEYS: [&str; 6] =
    ["node.id", "node.hostname", "node.ip", "node.role", "node.platform.os", "node.platform.arch"];
const NODE_LABELS: &str = "node.labels.";
const ENGINE_LABELS: &str = "engine.labels.";

fn parse(text: &str) -> Option<Constraint<'_>> {
    let (index, equal) = match (text.find("=="), text.find("!=")) {
        (Some(index), None) => (index, true),
        (None, Some(index)) => (index, false),
        _ => return None,
    };
    let (key, value) = (text.get(..index)?.trim(), text.get(index + 2..)?.trim());
    let known = KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))
        || label(key, NODE_LABELS).is_some()
        || label(key, ENGINE_LABELS).is_some();
    (known && !value.is_empty()).then_some(Constraint { key, equal, value })
}

fn label<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let head = key.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| key.get(prefix.len()..)).flatten()
}

impl Constraint<'_> {
    fn holds(&self, node: &NodeFacts) -> bool {
        if self.key.eq_ignore_ascii_case("node.ip") {
            return self.holds_address(&node.address) == self.equal;
        }
        let missing = String::new();
        let is: &str = if let Some(name) = label(self.key, NODE_LABELS) {
            node.labels.get(name).unwrap_or(&missing)
        } else if let Some(name) = label(self.key, ENGINE_LABELS) {
            node.engine_labels.get(name).unwrap_or(&missing)
        } else {
            match self.key.to_ascii_lowercase().as_str() {
                "node.id" => &node.id,
                "node.hostname" => &node.name,
                "node.role" if node.manager => "manager",
                "node.role" => "worker",
                "node.platform.os" => &node.os,
                _ => &node.architecture,
            }
        };
        is.eq_ignore_ascii_case(self.value) == self.equal
    }

    fn holds_address(&self, is: &str) -> bool {
        let Ok(is) = is.parse::<IpAddr>() else { return false };
        self.value.parse::<IpAddr>().is_ok_and(|one| one == is)
            || self.value.parse::<IpNet>().is_ok_and(|net| net.contains(&is))
    }
}
