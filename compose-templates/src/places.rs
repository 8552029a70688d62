//! Where the files say what: for complaints about what only the cluster knows.

use std::collections::BTreeMap;

use berth_domain::deployment::Place;

use crate::load::{Loaded, StackContext};
use crate::stack::network_name;
use crate::yaml::At;

/// Something that files say, by the names that a `StackSpec` has for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// A service, by its short name.
    Service(String),
    /// A service's image.
    Image(String),
    /// A service's constraints.
    Constraints(String),
    /// What a service reserves.
    Reservations(String),
    /// A service's endpoint mode.
    EndpointMode(String),
    /// A service's port: what is published, and its target.
    Port(String, Option<u16>, u16),
    /// A network, by its name on the Swarm.
    Network(String),
    /// An external config, by its name on the Swarm.
    Config(String),
    /// An external secret, by its name on the Swarm.
    Secret(String),
    /// A route of a service: host and path.
    Route(String, String),
}

/// Where the files say what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    places: BTreeMap<Subject, Place>,
}

impl Places {
    /// Where `subject` is said; [`None`] where no file says it.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> Option<&Place> {
        self.places.get(subject)
    }
}

impl Loaded {
    /// Where the files say what becomes of them in `context`.
    #[must_use]
    pub fn places(&self, context: &StackContext) -> Places {
        let mut places = BTreeMap::new();
        let mut put = |subject: Subject, at: Option<At>| {
            let place = at.and_then(|at| self.place(at));
            places.extend(place.map(|place| (subject, place)));
        };
        for (name, service) in &self.model.services {
            let deploy = &service.deploy;
            let name = || name.clone();
            put(Subject::Service(name()), Some(service.at));
            put(Subject::Image(name()), service.image.as_ref().map(|image| image.at));
            put(Subject::Constraints(name()), deploy.constraints_at);
            put(
                Subject::Reservations(name()),
                deploy.reservations_at.or(service.mem_reservation_at),
            );
            put(Subject::EndpointMode(name()), deploy.endpoint_mode.as_ref().map(|mode| mode.at));
            for port in &service.ports {
                put(Subject::Port(name(), port.published, port.target), Some(port.at));
            }
            for route in &service.routes {
                let path = route.it.path.clone().unwrap_or_else(|| "/".to_owned());
                for host in route.it.host.iter().chain(&route.it.redirect.hosts) {
                    put(Subject::Route(host.clone(), path.clone()), Some(route.at));
                }
            }
        }
        for (key, network) in &self.model.networks {
            put(
                Subject::Network(network_name(&context.stack, key, Some(network))),
                Some(network.at),
            );
        }
        let external =
            |key: &String, name: &Option<String>| name.clone().unwrap_or_else(|| key.clone());
        for (key, config) in self.model.configs.iter().filter(|(_, config)| config.external) {
            put(Subject::Config(external(key, &config.name)), Some(config.at));
        }
        for (key, secret) in self.model.secrets.iter().filter(|(_, secret)| secret.external) {
            put(Subject::Secret(external(key, &secret.name)), Some(secret.at));
        }
        Places { places }
    }
}
