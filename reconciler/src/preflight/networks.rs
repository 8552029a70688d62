//! Networks that are missing, and subnets that overlap.

use berth_compose_templates::Subject;
use berth_domain::facts::NodeFacts;
use berth_domain::placement::fits;
use berth_domain::stack::{EndpointMode, ServiceSpec};
use ipnet::IpNet;

use super::Check;

/// Networks that every node has.
const PREDEFINED: [&str; 5] = ["bridge", "default", "host", "ingress", "none"];

impl Check<'_> {
    pub(super) fn networks(&mut self) {
        self.missing_networks();
        self.overlaps();
        self.encryption();
    }

    /// Swarm makes such a network, and its tasks run; only nobody on another node
    /// answers them.
    fn encryption(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        if facts.esp != Some(false) {
            return;
        }
        let Some(node) = facts.nodes.iter().find(|node| node.asked) else { return };
        let encrypted =
            spec.networks.iter().filter(|(_, is)| is.driver_opts.contains_key("encrypted"));
        for (name, _) in encrypted {
            let on_it: Vec<&ServiceSpec> = spec
                .services
                .values()
                .map(|service| &**service)
                .filter(|service| service.networks.iter().any(|is| is.network == *name))
                .collect();
            let may_run = |node: &NodeFacts| on_it.iter().any(|it| fits(&it.placement, node));
            let elsewhere = facts.nodes.iter().any(|other| other.id != node.id && may_run(other));
            if may_run(node) && elsewhere {
                let subject = [Subject::Network(name.clone())];
                self.refuse(&subject, format!(
                    "the network `{name}` is encrypted, but the kernel of the node `{}` lacks IPsec's ESP, so tasks there would reach none on other nodes; load esp4 there, take `encrypted` out, or keep its services off that node or on it alone by a constraint",
                    node.name
                ));
            }
        }
    }

    fn missing_networks(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        let mut told: Vec<&str> = Vec::new();
        for (name, service) in &spec.services {
            for network in service.networks.iter().map(|is| is.network.as_str()) {
                let known = spec.networks.contains_key(network) || PREDEFINED.contains(&network);
                if known || told.contains(&network) {
                    continue;
                }
                let message = match facts.networks.get(network) {
                    Some(is) if is.swarm => continue,
                    Some(_) => format!(
                        "the network `{network}` is one of a single node, on which no service can be; make one with `docker network create --driver overlay` under another name"
                    ),
                    None => format!(
                        "the network `{network}` does not exist; make it with `docker network create --driver overlay {network}`, or take `external` out"
                    ),
                };
                told.push(network);
                let route = spec.routes.iter().find(|route| route.service == *name);
                let subjects: Vec<Subject> = [Subject::Network(network.to_owned())]
                    .into_iter()
                    .chain(route.map(|it| Subject::Route(it.host.clone(), it.path.clone())))
                    .chain([Subject::Service(name.clone())])
                    .collect();
                self.refuse(&subjects, message);
            }
        }
    }

    /// Swarm takes such a network, and then its tasks wait for an address for ever.
    fn overlaps(&mut self) {
        let (spec, facts) = (self.spec, self.facts);
        let mut asked: Vec<(&str, IpNet)> = Vec::new();
        for (name, network) in &spec.networks {
            for subnet in &network.subnets {
                let Ok(net) = subnet.parse::<IpNet>() else {
                    let subject = [Subject::Network(name.clone())];
                    self.refuse(&subject, format!(
                        "`{subnet}` of the network `{name}` is not a subnet; write it like `10.20.0.0/24`"
                    ));
                    continue;
                };
                let there = facts.networks.iter().filter(|(other, is)| {
                    is.swarm && *other != name && !spec.networks.contains_key(*other)
                });
                let there = there.flat_map(|(other, is)| {
                    is.subnets.iter().filter_map(|net| Some((other.as_str(), net.parse().ok()?)))
                });
                let clash =
                    asked.iter().copied().chain(there).find(|(_, other)| overlap(net, *other));
                if let Some((other, taken)) = clash {
                    let subject = [Subject::Network(name.clone())];
                    self.refuse(&subject, format!(
                        "the subnet {subnet} of the network `{name}` overlaps {taken} of `{other}`; choose another, or leave it to Swarm"
                    ));
                }
                asked.push((name, net));
            }
        }
    }

    /// Services that are reached by a virtual address, where no kernel routes it.
    pub(super) fn addresses(&mut self) {
        let spec = self.spec;
        if self.facts.ipvs != Some(false) {
            return;
        }
        let vips = spec.services.iter().filter(|(_, service)| {
            let own = service.networks.iter().any(|is| !PREDEFINED.contains(&is.network.as_str()));
            service.endpoint_mode == EndpointMode::Vip && own
        });
        let names: Vec<&String> = vips.map(|(name, _)| name).collect();
        let Some(first) = names.first() else { return };
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let subjects =
            [Subject::EndpointMode((*first).clone()), Subject::Service((*first).clone())];
        self.note(&subjects, format!(
            "other services can't reach {} by name, because the kernel here lacks IPVS, which virtual addresses need; set `deploy.endpoint_mode: dnsrr`, or load ip_vs",
            all.join(", ")
        ));
    }
}

fn overlap(a: IpNet, b: IpNet) -> bool {
    a.contains(&b) || b.contains(&a)
}
