//! Routes as the labels by which Traefik does them.
//!
//! Names of routers, services and middlewares are global to Traefik, and one
//! that two services define is dropped for both. So each starts with the
//! service's name on the Swarm, which no other service has, and goes on with
//! the route's number and, where it needs more, a word that is no number:
//! `shop_web-1`, `shop_web-1-strip`. Read from its end, it says whose it is.
//!
//! What is put into rules and lists was checked by `x_berth`: nothing in it
//! ends a backtick or a list's entry.

use std::collections::BTreeMap;

use berth_domain::stack::{ANY_HOST, Claim, Protocol, ROUTES_LABEL, Route as Answer};

use crate::x_berth::{Route, Security, Tls};

mod middlewares;

/// What labels are made for.
pub(crate) struct Target<'a> {
    /// The service's name on the Swarm.
    pub(crate) service: &'a str,
    /// The network that it shares with Traefik.
    pub(crate) network: &'a str,
    /// Entry points of routes that name none; none means Traefik's default.
    pub(crate) entrypoints: &'a [String],
    /// The same for routes with TLS.
    pub(crate) tls_entrypoints: &'a [String],
}

/// A wildcard's priority: below that of any host by itself, whose default is the
/// length of its rule.
const WILDCARD: i64 = -10_000;

/// Where a route answers: one [`Answer`] a host. `service` is its short name.
pub(crate) fn answers(service: &str, route: &Route, target: &Target<'_>) -> Vec<Answer> {
    let path = route.path.clone().unwrap_or_else(|| "/".to_owned());
    let http = route.protocol == Protocol::Http;
    let base = Answer {
        service: service.to_owned(),
        protocol: route.protocol,
        host: String::new(),
        check: if http {
            route.check.clone().unwrap_or_else(|| path.clone())
        } else {
            String::new()
        },
        path: if http { path } else { String::new() },
        entrypoints: target.entrypoints_of(route),
        tls: route.tls.is_some(),
        password: route.basic_auth.is_some(),
        allow_list: route.allow.is_some(),
        redirect: None,
    };
    let host = |host: &String| Answer { host: host.clone(), ..base.clone() };
    match route.protocol {
        Protocol::Udp => vec![base],
        Protocol::Tcp if route.host.is_empty() => vec![host(&ANY_HOST.to_owned())],
        Protocol::Tcp => route.host.iter().map(host).collect(),
        Protocol::Http => {
            let moved = route
                .redirect
                .hosts
                .iter()
                .map(|from| Answer { redirect: route.host.first().cloned(), ..host(from) });
            route.host.iter().map(host).chain(moved).collect()
        }
    }
}

/// The labels for one service's routes, and one that says what they claim.
pub(crate) fn labels(
    target: &Target<'_>,
    routes: &[Route],
    claims: &[Claim],
) -> BTreeMap<String, String> {
    let mut labels = Labels(BTreeMap::new());
    labels.set("traefik.enable", "true");
    labels.set("traefik.swarm.network", target.network);
    // Names and numbers alone: nothing in it can fail to be written.
    labels.set(ROUTES_LABEL, serde_json::to_string(claims).unwrap_or_default());
    for (index, route) in routes.iter().enumerate() {
        let name = format!("{}-{}", target.service, index + 1);
        match route.protocol {
            Protocol::Http => http(&mut labels, target, &name, route),
            Protocol::Tcp => tcp(&mut labels, target, &name, route),
            Protocol::Udp => udp(&mut labels, &name, route),
        }
    }
    labels.0
}

/// Labels under way.
struct Labels(BTreeMap<String, String>);

impl Labels {
    fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.insert(key.into(), value.into());
    }

    fn set_some(&mut self, key: impl Into<String>, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.set(key, value.to_string());
        }
    }
}

impl Target<'_> {
    fn entrypoints_of(&self, route: &Route) -> Vec<String> {
        let usual = match (route.protocol, &route.tls) {
            (Protocol::Http, None) => self.entrypoints,
            (Protocol::Http, Some(_)) => self.tls_entrypoints,
            (Protocol::Tcp | Protocol::Udp, _) => &[],
        };
        if route.entrypoints.is_empty() { usual } else { &route.entrypoints }.to_vec()
    }
}

/// The hosts of a router: those that it serves, or those that it leads away.
struct Hosts<'a> {
    hosts: &'a [String],
    /// The word for them in a router's name; the first has none.
    word: &'a str,
    middlewares: Vec<String>,
}

fn http(labels: &mut Labels, target: &Target<'_>, name: &str, route: &Route) {
    let service = format!("traefik.http.services.{name}.loadbalancer");
    labels.set(format!("{service}.server.port"), route.port.to_string());
    balance(labels, &service, route);
    let path = route.path.as_deref().unwrap_or("/");
    let served =
        Hosts { hosts: &route.host, word: "h", middlewares: middlewares::of(labels, name, route) };
    let moved = Hosts {
        hosts: &route.redirect.hosts,
        word: "moved",
        middlewares: middlewares::to_first_host(labels, name, route).into_iter().collect(),
    };
    let https = middlewares::to_https(labels, name, route);
    for Hosts { hosts, word, middlewares } in [served, moved] {
        for (index, host) in hosts.iter().enumerate() {
            // A router a host: its rule's length is its priority.
            let router = match (word, index) {
                ("h", 0) => name.to_owned(),
                (word, index) => format!("{name}-{word}{}", index + 1),
            };
            let entrypoints = target.entrypoints_of(route);
            let one = Router { name: &router, service: name, host, path, route };
            one.write(labels, &entrypoints, &middlewares, route.tls.as_ref());
            if let Some(https) = &https {
                let one = Router { name: &format!("{router}-plain"), ..one };
                one.write(labels, target.entrypoints, std::slice::from_ref(https), None);
            }
        }
    }
}

/// A router of HTTP.
#[derive(Clone, Copy)]
struct Router<'a> {
    name: &'a str,
    service: &'a str,
    host: &'a str,
    path: &'a str,
    route: &'a Route,
}

impl Router<'_> {
    fn write(
        &self,
        labels: &mut Labels,
        entrypoints: &[String],
        middlewares: &[String],
        tls: Option<&Tls>,
    ) {
        let router = format!("traefik.http.routers.{}", self.name);
        labels.set(format!("{router}.rule"), self.rule());
        // Said even where there is one: with two, Traefik would drop both.
        labels.set(format!("{router}.service"), self.service);
        if !entrypoints.is_empty() {
            labels.set(format!("{router}.entrypoints"), entrypoints.join(","));
        }
        if !middlewares.is_empty() {
            labels.set(format!("{router}.middlewares"), middlewares.join(","));
        }
        let length = i64::try_from(self.path.len()).unwrap_or(0);
        let wildcard = self.host.starts_with('*').then_some(WILDCARD + length);
        labels.set_some(
            format!("{router}.priority"),
            self.route.priority.map(i64::from).or(wildcard),
        );
        certificate(labels, &router, tls);
        if let Some(Tls { resolver: Some(_), .. }) = tls
            && wildcard.is_some()
        {
            // Traefik takes the names of other rules by itself.
            labels.set(format!("{router}.tls.domains[0].main"), self.host);
        }
    }

    fn rule(&self) -> String {
        let host = match self.host.strip_prefix("*.") {
            Some(base) => {
                format!("HostRegexp(`^[a-z0-9-]+\\.{}$`)", base.replace('.', "\\."))
            }
            None => format!("Host(`{}`)", self.host),
        };
        if self.path == "/" { host } else { format!("{host} && PathPrefix(`{}`)", self.path) }
    }
}

fn certificate(labels: &mut Labels, router: &str, tls: Option<&Tls>) {
    let Some(Tls { resolver, passthrough }) = tls else { return };
    labels.set(format!("{router}.tls"), "true");
    labels.set_some(format!("{router}.tls.certresolver"), resolver.as_ref());
    if *passthrough {
        labels.set(format!("{router}.tls.passthrough"), "true");
    }
}

/// How a service's tasks are chosen.
fn balance(labels: &mut Labels, service: &str, route: &Route) {
    if let Some(sticky) = &route.sticky {
        let cookie = format!("{service}.sticky.cookie");
        labels.set(cookie.clone(), "true");
        labels.set_some(format!("{cookie}.name"), sticky.name.as_ref());
        labels.set(format!("{cookie}.secure"), sticky.secure.to_string());
        labels.set(format!("{cookie}.httponly"), sticky.http_only.to_string());
        labels.set_some(format!("{cookie}.samesite"), sticky.same_site.as_ref());
        let age = sticky.max_age.as_ref().map(|age| age.trim_end_matches('s'));
        labels.set_some(format!("{cookie}.maxage"), age);
        labels.set_some(format!("{cookie}.path"), sticky.path.as_ref());
    }
    if let Some(health) = &route.health {
        let check = format!("{service}.healthcheck");
        labels.set(format!("{check}.path"), health.path.clone());
        labels.set_some(format!("{check}.interval"), health.interval.as_ref());
        labels.set_some(format!("{check}.timeout"), health.timeout.as_ref());
        labels.set_some(format!("{check}.status"), health.status);
    }
}

fn tcp(labels: &mut Labels, target: &Target<'_>, name: &str, route: &Route) {
    labels.set(
        format!("traefik.tcp.services.{name}.loadbalancer.server.port"),
        route.port.to_string(),
    );
    let router = format!("traefik.tcp.routers.{name}");
    let any = [ANY_HOST.to_owned()];
    let hosts = if route.host.is_empty() { any.as_slice() } else { &route.host };
    let rule: Vec<String> = hosts.iter().map(|host| format!("HostSNI(`{host}`)")).collect();
    labels.set(format!("{router}.rule"), rule.join(" || "));
    labels.set(format!("{router}.service"), name);
    labels.set(format!("{router}.entrypoints"), target.entrypoints_of(route).join(","));
    labels.set_some(format!("{router}.priority"), route.priority);
    certificate(labels, &router, route.tls.as_ref());
    if let Some(allow) = &route.allow {
        let middleware = format!("{name}-allow");
        let range = format!("traefik.tcp.middlewares.{middleware}.ipallowlist.sourcerange");
        labels.set(range, allow.from.join(","));
        labels.set(format!("{router}.middlewares"), middleware);
    }
}

fn udp(labels: &mut Labels, name: &str, route: &Route) {
    labels.set(
        format!("traefik.udp.services.{name}.loadbalancer.server.port"),
        route.port.to_string(),
    );
    let router = format!("traefik.udp.routers.{name}");
    labels.set(format!("{router}.service"), name);
    labels.set(format!("{router}.entrypoints"), route.entrypoints.join(","));
}

/// The name in a hand-written label that could be of another stack's route:
/// Traefik would then drop both. `service` is the name on the Swarm of the
/// service that has the label, whose own names it may use.
pub(crate) fn foreign_name<'l>(label: &'l str, service: &str) -> Option<&'l str> {
    let mut words = label.splitn(5, '.');
    let head = (words.next()?, words.next()?, words.next()?);
    let ("traefik", "http" | "tcp" | "udp", "routers" | "services" | "middlewares") = (
        head.0.to_ascii_lowercase().as_str(),
        head.1.to_ascii_lowercase().as_str(),
        head.2.to_ascii_lowercase().as_str(),
    ) else {
        return None;
    };
    let name = words.next()?;
    (owner(name)? != service).then_some(name)
}

/// The service that a name of ours is of: what is before the last part that is
/// a number, if there is a `_` in it as between a stack and its service.
fn owner(name: &str) -> Option<&str> {
    let mut rest = name;
    loop {
        let (before, last) = rest.rsplit_once('-')?;
        if !last.is_empty() && last.chars().all(|c| c.is_ascii_digit()) {
            return before.contains('_').then_some(before);
        }
        rest = before;
    }
}

#[cfg(test)]
mod tests;
