//! Placement that no node satisfies, and more than any node has. Swarm would not
//! only leave such tasks waiting: it ends those that run.

use std::net::IpAddr;

use berth_compose_templates::Subject;
use berth_domain::facts::NodeFacts;
use berth_domain::stack::{Mode, Placement, ServiceSpec};
use ipnet::IpNet;

use super::Check;

impl Check<'_> {
    pub(super) fn placement(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        if facts.nodes.is_empty() {
            return;
        }
        for (name, service) in &spec.services {
            let subjects = [Subject::Constraints(name.clone()), Subject::Service(name.clone())];
            if let Some(bad) = service.placement.constraints.iter().find(|it| parse(it).is_none()) {
                self.refuse(&subjects, format!(
                    "Swarm knows no constraint `{bad}`; compare `node.role`, `node.hostname`, `node.id`, `node.ip`, `node.labels.…`, `node.platform.os`, `node.platform.arch` or `engine.labels.…` by `==` or `!=`"
                ));
                continue;
            }
            let fit: Vec<&NodeFacts> =
                facts.nodes.iter().filter(|node| fits(&service.placement, node)).collect();
            if fit.is_empty() {
                let message = self.nowhere(name, service);
                self.refuse(&subjects, message);
                continue;
            }
            let open = fit.iter().filter(|node| node.takes_tasks).count();
            if open == 0 {
                let names: Vec<&str> = fit.iter().map(|node| node.name.as_str()).collect();
                self.note(&subjects, format!(
                    "the service `{name}` waits until one of its nodes is up and takes tasks: {}",
                    names.join(", ")
                ));
            }
            self.spread(name, service, fit.len());
            self.reservations(name, service, &fit);
        }
    }

    fn nowhere(&self, name: &str, service: &ServiceSpec) -> String {
        let Placement { constraints, platforms, .. } = &service.placement;
        let on_platform = self.facts.nodes.iter().any(|node| fits_platform(platforms, node));
        if !on_platform {
            let all: Vec<String> =
                platforms.iter().map(|(os, arch)| format!("{os}/{arch}")).collect();
            return format!(
                "no node can run the image of the service `{name}`, which is for {}; build it for the nodes' platform, or add such a node",
                all.join(", ")
            );
        }
        let alone = constraints.iter().find(|one| {
            !self.facts.nodes.iter().any(|node| parse(one).is_some_and(|it| it.holds(node)))
        });
        match alone {
            Some(one) => format!(
                "no node satisfies the constraint `{one}` of the service `{name}`; change it, or give a node that label or role"
            ),
            None => format!(
                "no node satisfies all constraints of the service `{name}` at once; take one of them out"
            ),
        }
    }

    fn spread(&mut self, name: &str, service: &ServiceSpec, nodes: usize) {
        let most = service.placement.max_replicas_per_node;
        let Mode::Replicated { replicas } = service.mode else { return };
        if most > 0 && replicas > most.saturating_mul(nodes as u64) {
            let subjects =
                [Subject::Constraints(name.to_owned()), Subject::Service(name.to_owned())];
            self.refuse(&subjects, format!(
                "the service `{name}` wants {replicas} tasks, but at most {most} a node, and only {nodes} can run it; lower `replicas` or raise `max_replicas_per_node`"
            ));
        }
    }

    fn reservations(&mut self, name: &str, service: &ServiceSpec, nodes: &[&NodeFacts]) {
        let subjects = [Subject::Reservations(name.to_owned()), Subject::Service(name.to_owned())];
        let most = |of: fn(&NodeFacts) -> i64| nodes.iter().map(|node| of(node)).max().unwrap_or(0);
        let (memory, cpus) = (most(|node| node.memory), most(|node| node.nano_cpus));
        if let Some(asked) = service.resources.reserve_memory.filter(|asked| *asked > memory) {
            self.refuse(&subjects, format!(
                "the service `{name}` reserves {} of memory a task, but no node that can run it has more than {}; reserve less",
                mebibytes(asked),
                mebibytes(memory)
            ));
        }
        if let Some(asked) = service.resources.reserve_nano_cpus.filter(|asked| *asked > cpus) {
            self.refuse(&subjects, format!(
                "the service `{name}` reserves {} CPUs a task, but no node that can run it has more than {}; reserve less",
                cores(asked),
                cores(cpus)
            ));
        }
    }
}

fn mebibytes(bytes: i64) -> String {
    format!("{} MiB", bytes / (1 << 20))
}

fn cores(nano: i64) -> String {
    let text = format!("{}.{:02}", nano / 1_000_000_000, nano % 1_000_000_000 / 10_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whether tasks may be placed on a node, up or not.
pub(super) fn fits(placement: &Placement, node: &NodeFacts) -> bool {
    fits_platform(&placement.platforms, node)
        && placement.constraints.iter().all(|one| parse(one).is_none_or(|it| it.holds(node)))
}

fn fits_platform(platforms: &[(String, String)], node: &NodeFacts) -> bool {
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
