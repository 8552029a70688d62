//! Putting a service behind Traefik, and keeping it from what is another's.

use berth_domain::stack::{ANY_HOST, Attachment, Claim, Protocol, ServiceSpec};

use super::Convert;
use crate::compose::model::{Placed, Service};
use crate::traefik::{self, Target};
use crate::x_berth::{Route, users_of};
use crate::yaml::At;

impl Convert<'_> {
    /// Puts the service behind Traefik, if it has routes.
    pub(super) fn route(&mut self, name: &str, service: &Service, spec: &mut ServiceSpec) {
        self.check_labels(name, service);
        let Some(first) = service.routes.first() else { return };
        let context = self.context;
        let Some(network) = &context.public_network else {
            let message = format!(
                "the service `{name}` has routes, but there is no public network; name the one that Traefik is on"
            );
            self.refuse(first.at, message);
            return;
        };
        if service.predefined_network.is_some() {
            let message = format!(
                "the service `{name}` has routes, but Traefik can't reach it; take `network_mode` out"
            );
            self.refuse(first.at, message);
            return;
        }
        let full = context.stack.scope(name);
        if !spec.networks.iter().any(|attachment| attachment.network == *network) {
            spec.networks.push(Attachment {
                network: network.clone(),
                aliases: vec![full.clone()],
                ..Attachment::default()
            });
            spec.networks.sort_by(|a, b| a.network.cmp(&b.network));
        }
        let target = Target {
            service: &full,
            network,
            entrypoints: &context.entrypoints,
            tls_entrypoints: &context.tls_entrypoints,
        };
        let (mut routes, mut claims) = (Vec::new(), Vec::new());
        for Placed { at, it } in &service.routes {
            let mut route = it.clone();
            self.users(*at, &mut route);
            if (route.basic_auth.is_some() || route.allow.is_some()) && spec.healthcheck.is_none() {
                let message = format!(
                    "the route can't be asked past its `basic_auth` or `allow`, so only a health check says whether the service `{name}` answers; give it a `healthcheck`, unless its image has one"
                );
                self.note(*at, message);
            }
            for answer in traefik::answers(name, &route, &target) {
                for claim in answer.claims() {
                    self.claim(*at, name, &claim);
                    claims.push(claim);
                }
                self.routes.push(answer);
            }
            routes.push(route);
        }
        spec.labels.extend(traefik::labels(&target, &routes, &claims));
    }

    /// Notes what a route claims, unless it is somebody's already.
    fn claim(&mut self, at: At, name: &str, claim: &Claim) {
        if let Some((first, _)) = self.claims.iter().find(|(_, before)| before.collides(claim)) {
            let who = if first == name {
                format!("two routes of the service `{name}` both want")
            } else {
                format!("the services `{first}` and `{name}` both want")
            };
            let remedy = match claim.protocol {
                Protocol::Http => "host or path",
                Protocol::Tcp => "host or entry point",
                Protocol::Udp => "entry point",
            };
            let message = format!("{who} {claim}; give one of them another {remedy}");
            self.refuse(at, message);
        }
        let context = self.context;
        let web = context.entrypoints.iter().chain(&context.tls_entrypoints);
        if claim.protocol == Protocol::Tcp
            && claim.host == ANY_HOST
            && let Some(name) = web.into_iter().find(|name| claim.entrypoints.contains(name))
        {
            let message = format!(
                "TCP at the entry point `{name}` would take every stack's HTTP; name another in `entrypoints`"
            );
            self.refuse(at, message);
        }
        self.claims.push((name.to_owned(), claim.clone()));
    }

    /// Puts in the users that a secret of the file has.
    fn users(&mut self, at: At, route: &mut Route) {
        let Some(auth) = &mut route.basic_auth else { return };
        let Some(key) = &auth.secret else { return };
        let secret = self.loaded.model.secrets.get(key);
        let users = match secret {
            None => Err("no file defines it; add it under `secrets`".to_owned()),
            Some(secret) if secret.external || secret.driver.is_some() => {
                Err("Berth can't read it; give it a `file`".to_owned())
            }
            Some(secret) => match std::str::from_utf8(&secret.content) {
                Ok(text) => {
                    users_of(text).map_err(|what| format!("each line of it must be {what}"))
                }
                Err(_) => Err("it is not UTF-8".to_owned()),
            },
        };
        match users {
            Ok(users) if users.is_empty() && auth.users.is_empty() => {
                self.refuse(at, format!("the secret `{key}` of `basic_auth` has no users in it"));
            }
            Ok(users) => auth.users.extend(users),
            Err(why) => {
                self.refuse(at, format!("`basic_auth` names the secret `{key}`, but {why}"));
            }
        }
    }

    /// On a network that all stacks share, another name would be anybody's; even
    /// one that starts like ours, where a stack `a` has a neighbour `a_b`.
    pub(super) fn check_aliases(&mut self, name: &str, key: &str, aliases: &[String]) {
        let at = self.loaded.model.services.get(name).and_then(|it| it.networks.get(key));
        let Some(at) = at.map(|it| it.at) else { return };
        let own = self.context.stack.scope(name);
        for alias in aliases.iter().filter(|alias| **alias != own) {
            let message = format!(
                "the alias `{alias}` on the network `{key}`, which all stacks share, could be another's; take it out, since the service is `{own}` there"
            );
            self.refuse(at, message);
        }
    }

    /// A name that two stacks give something of Traefik's is dropped for both.
    fn check_labels(&mut self, name: &str, service: &Service) {
        if self.is_stack() {
            return;
        }
        let full = self.context.stack.scope(name);
        for label in service.deploy.labels.keys() {
            if let Some(foreign) = traefik::foreign_name(label, &full) {
                let message = format!(
                    "the label `{label}` defines `{foreign}`, which is how Berth names another service's route; give it another name"
                );
                self.refuse(service.at, message);
            }
        }
    }
}
