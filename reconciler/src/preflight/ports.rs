//! Published ports that somebody has, or that there are too few nodes for.

use std::collections::{BTreeMap, BTreeSet};

use berth_compose_templates::Subject;
use berth_domain::facts::TakenPort;
use berth_domain::placement::fits;
use berth_domain::stack::{Mode, Port, ServiceSpec};

use super::Check;

/// A service by its name, and one of its ports.
type User<'a> = (&'a str, &'a ServiceSpec, &'a Port);

impl<'a> Check<'a> {
    pub(super) fn ports(&mut self) {
        let spec = self.spec;
        for (name, service) in &spec.services {
            for port in &service.ports {
                if port.host {
                    self.host_port(name, service, port);
                } else {
                    self.ingress_port(name, port);
                }
            }
        }
        self.shared_ingress_ports();
        self.shared_host_ports();
    }

    /// Services of this stack that want the same port of every node.
    pub(super) fn shared_ingress_ports(&mut self) {
        let spec = self.spec;
        let mut everywhere: BTreeMap<(u16, &str), &str> = BTreeMap::new();
        for (name, service) in &spec.services {
            for port in &service.ports {
                let Some(published) = port.published.filter(|_| !port.host) else { continue };
                if let Some(first) = everywhere.insert((published, &port.protocol), name)
                    && first != name
                {
                    self.refuse(&subjects(name, port), format!(
                        "the services `{first}` and `{name}` both publish port {published}/{} on every node; give one of them another",
                        port.protocol
                    ));
                }
            }
        }
    }

    /// A port on every node, which one service only can have.
    fn ingress_port(&mut self, name: &str, port: &Port) {
        let subjects = subjects(name, port);
        if let Some(published) = port.published
            && let Some(taken) =
                self.taken(published, &port.protocol).iter().find(|taken| taken.nodes.is_none())
        {
            let message = format!(
                "port {published}/{} is published by {} already; choose another for the service `{name}`",
                port.protocol, taken.by
            );
            self.refuse(&subjects, message);
        }
        if self.facts.ipvs == Some(false) {
            let message = format!(
                "port {} of the service `{name}` would be published on every node, but the kernel here lacks IPVS, so nobody could reach it; write it with `mode: host`, or load ip_vs",
                port.published.unwrap_or(port.target)
            );
            // Other nodes' kernels may have it, or those that are not known.
            if self.facts.nodes.len() == 1 {
                self.refuse(&subjects, message);
            } else {
                self.note(&subjects, message);
            }
        }
    }

    /// A port of the task's node, which has it once.
    fn host_port(&mut self, name: &str, service: &ServiceSpec, port: &Port) {
        let Some(published) = port.published else { return };
        let nodes = self.nodes(service);
        if nodes.is_empty() {
            return;
        }
        let taken = self.taken(published, &port.protocol);
        let free = |id: &&str| {
            !taken.iter().any(|taken| taken.nodes.as_ref().is_none_or(|on| on.contains(*id)))
        };
        let free = nodes.iter().filter(|id| free(id)).count() as u64;
        let by: BTreeSet<&str> = taken.iter().map(|taken| taken.by.as_str()).collect();
        let by = by.into_iter().collect::<Vec<_>>().join(", ");
        let subjects = subjects(name, port);
        let tasks = tasks(service.mode, nodes.len());
        let what = format!("port {published}/{}", port.protocol);
        if free == 0 {
            self.refuse(&subjects, format!(
                "{what} is taken by {by} on every node that could run the service `{name}`; choose another"
            ));
        } else if free < tasks && by.is_empty() {
            self.refuse(&subjects, format!(
                "{what} is there once on each node, but the service `{name}` wants it for {tasks} tasks on {free}; lower `replicas`, or use `deploy.mode: global`"
            ));
        } else if free < tasks {
            self.refuse(&subjects, format!(
                "{what} is left on {free} nodes (it is taken by {by}), but the service `{name}` wants it for {tasks} tasks; choose another"
            ));
        } else if free == tasks
            && service.update.as_ref().is_some_and(|update| update.order == "start-first")
        {
            self.note(&subjects, format!(
                "updates of the service `{name}` will get stuck: a new task can't start first while the old one has {what}; use `order: stop-first`"
            ));
        }
    }

    /// Services of this stack that want the same port of their nodes.
    fn shared_host_ports(&mut self) {
        let spec = self.spec;
        let mut users: BTreeMap<(u16, &str), Vec<User<'_>>> = BTreeMap::new();
        for (name, service) in &spec.services {
            for port in service.ports.iter().filter(|port| port.host) {
                let Some(published) = port.published else { continue };
                users.entry((published, &port.protocol)).or_default().push((name, service, port));
            }
        }
        for ((published, protocol), users) in users {
            let nodes: BTreeSet<&str> =
                users.iter().flat_map(|(_, service, _)| self.nodes(service)).collect();
            let wanted: u64 = users
                .iter()
                .map(|(_, service, _)| tasks(service.mode, self.nodes(service).len()))
                .sum();
            let [.., (name, _, port)] = users.as_slice() else { continue };
            if users.len() > 1 && !nodes.is_empty() && wanted > nodes.len() as u64 {
                let names: Vec<String> =
                    users.iter().map(|(name, ..)| format!("`{name}`")).collect();
                self.refuse(&subjects(name, port), format!(
                    "the services {} want port {published}/{protocol} for {wanted} tasks, but it is there once on each of {} nodes; give one of them another",
                    names.join(", "),
                    nodes.len()
                ));
            }
        }
    }

    /// Who else has a port.
    fn taken(&self, published: u16, protocol: &str) -> Vec<&'a TakenPort> {
        let others = self.facts.ports.iter().filter(|taken| {
            taken.published == published
                && taken.protocol == protocol
                && taken.stack.as_deref() != Some(self.stack.as_str())
        });
        others.collect()
    }

    /// The ids of the nodes that can run a service now.
    fn nodes(&self, service: &ServiceSpec) -> Vec<&'a str> {
        let nodes = self.facts.nodes.iter();
        let open = nodes.filter(|node| node.takes_tasks && fits(&service.placement, node));
        open.map(|node| node.id.as_str()).collect()
    }
}

fn subjects(service: &str, port: &Port) -> [Subject; 2] {
    let one = Subject::Port(service.to_owned(), port.published, port.target);
    [one, Subject::Service(service.to_owned())]
}

/// How many tasks run at once, where so many nodes could run one.
fn tasks(mode: Mode, nodes: usize) -> u64 {
    match mode {
        Mode::Replicated { replicas } => replicas,
        Mode::ReplicatedJob { max_concurrent, .. } => max_concurrent,
        Mode::Global | Mode::GlobalJob => nodes as u64,
    }
}
