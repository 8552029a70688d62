//! The model of the files to a [`StackSpec`]: names scoped to the stack, what
//! is left out filled in with what Swarm would fill in, every list in an order
//! that depends on nothing but its content.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::deployment::Place;
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::shared::Shared;
use berth_domain::stack::{Claim, FileSpec, NetworkSpec, Route, StackSpec};
use sha2::{Digest, Sha256};

use crate::complaint::{Cause, CauseKind, Complaint, Note, one_line};
use crate::compose::model::{Blob, Network, Service};
use crate::load::{Loaded, Reading, StackContext, the_first};
use crate::policy;
use crate::yaml::At;

mod depends;
mod jobs;
mod mounts;
mod rollouts;
mod routes;
mod service;

/// Swarm's longest name of a config or secret.
const BLOB_NAME_MAX: usize = 64;
/// Swarm's longest name of a service.
const SERVICE_NAME_MAX: usize = 63;

/// See [`Loaded::to_stack`].
pub(crate) fn convert(
    loaded: &Loaded,
    context: &StackContext,
) -> Result<(StackSpec, Vec<Note>), Vec<Complaint>> {
    let mut convert = Convert {
        loaded,
        context,
        configs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        used_networks: BTreeSet::new(),
        routes: Vec::new(),
        claims: Vec::new(),
        complaints: Vec::new(),
        notes: loaded.notes.clone(),
    };
    let mut spec = StackSpec::default();
    (convert.configs, spec.configs) = convert.blobs(&loaded.model.configs);
    (convert.secrets, spec.secrets) = convert.blobs(&loaded.model.secrets);
    for (name, service) in &loaded.model.services {
        convert.check_name(name, service);
        spec.services.insert(name.clone(), convert.service(name, service).into());
    }
    spec.routes = std::mem::take(&mut convert.routes);
    spec.networks = convert.networks();
    spec.dependencies = convert.dependencies();
    convert.jobs(&mut spec);
    convert.restrict(&mut spec);
    convert.finish(spec)
}

struct Convert<'a> {
    loaded: &'a Loaded,
    context: &'a StackContext,
    /// From names in the files to names on the Swarm.
    configs: BTreeMap<String, String>,
    /// From names in the files to names on the Swarm.
    secrets: BTreeMap<String, String>,
    /// By their names in the files.
    used_networks: BTreeSet<String>,
    routes: Vec<Route>,
    /// What the routes so far claim, each with its service.
    claims: Vec<(String, Claim)>,
    complaints: Vec<(At, String, Option<Cause>)>,
    notes: Vec<Note>,
}

impl Convert<'_> {
    fn refuse(&mut self, at: At, message: impl Into<String>) {
        self.complaints.push((at, one_line(message.into()), None));
    }

    /// Refuses what `docker stack deploy` refuses, for its cause.
    fn refuse_as(&mut self, at: At, kind: CauseKind, path: String, message: impl Into<String>) {
        let cause = self.is_stack().then_some(Cause { kind, path });
        self.complaints.push((at, one_line(message.into()), cause));
    }

    fn note(&mut self, at: At, message: impl Into<String>) {
        let place = self.place(at);
        self.notes.push(Note { place, message: message.into() });
    }

    fn place(&self, at: At) -> Option<Place> {
        self.loaded.place(at)
    }

    fn is_stack(&self) -> bool {
        self.loaded.reading == Reading::Stack
    }

    /// Holds the stack to the context's restrictions, if there are any.
    fn restrict(&mut self, spec: &mut StackSpec) {
        let Some(restrictions) = &self.context.restrictions else { return };
        let found = policy::check(self.loaded, self.context, restrictions);
        self.complaints.extend(found.into_iter().map(|(at, what)| (at, what, None)));
        self.notes.extend(policy::fill_in(spec, self.loaded, restrictions));
        if self.complaints.is_empty() {
            let start = At { file: 0, line: 1, column: 1 };
            let found = policy::gate(spec, self.context, restrictions);
            self.complaints.extend(found.into_iter().map(|what| (start, what, None)));
        }
    }

    fn finish(mut self, spec: StackSpec) -> Result<(StackSpec, Vec<Note>), Vec<Complaint>> {
        if self.complaints.is_empty() {
            return Ok((spec, self.notes));
        }
        self.complaints.sort_by_key(|(at, ..)| *at);
        let complaints = self.complaints.iter().map(|(at, message, cause)| Complaint {
            place: self.loaded.place(*at),
            message: message.clone(),
            cause: cause.clone(),
            unset: self.loaded.unset.get(at).cloned().unwrap_or_default(),
        });
        Err(the_first(complaints.collect()))
    }

    /// Swarm wants something like a DNS name, and not a long one.
    fn check_name(&mut self, name: &str, service: &Service) {
        let inner = |c: char| c.is_ascii_alphanumeric();
        let good = name.starts_with(inner)
            && name.ends_with(inner)
            && name.chars().all(|c| inner(c) || c == '-' || c == '_');
        if !good {
            let message = format!(
                "`{name}` can't be the name of a service on Swarm; use letters, digits, hyphens and underscores, with a letter or digit at both ends"
            );
            self.refuse(service.at, message);
        }
        let full = self.context.stack.scope(name);
        if full.len() > SERVICE_NAME_MAX {
            let message = format!(
                "the service `{name}` would be called `{full}` on Swarm, which is longer than {SERVICE_NAME_MAX} characters; shorten its name"
            );
            self.refuse(service.at, message);
        }
    }

    /// Configs or secrets: their names on the Swarm, and those to create.
    fn blobs(
        &mut self,
        blobs: &BTreeMap<String, Blob>,
    ) -> (BTreeMap<String, String>, Map<String, Shared<FileSpec>>) {
        let mut names = BTreeMap::new();
        let mut specs = Map::new();
        for (key, blob) in blobs {
            if blob.external {
                names.insert(key.clone(), blob.name.clone().unwrap_or_else(|| key.clone()));
                continue;
            }
            let name = blob.name.clone().unwrap_or_else(|| self.context.stack.scope(key));
            let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if !name.chars().all(word) {
                let message = format!(
                    "`{name}` can't be the name of a config or secret on Swarm; use letters, digits, hyphens, underscores and dots"
                );
                self.refuse(blob.at, message);
            }
            let spec = FileSpec {
                data: blob.content.clone(),
                labels: blob.labels.clone().into(),
                driver: blob.driver.clone(),
                template_driver: blob.template_driver.clone(),
            };
            let name = hashed(&name, &spec);
            names.insert(key.clone(), name.clone());
            specs.insert(name, spec.into());
        }
        (names, specs)
    }

    /// The networks to create: those that a service uses and nobody else made.
    fn networks(&self) -> Map<String, Shared<NetworkSpec>> {
        let mut specs = Map::new();
        for key in &self.used_networks {
            let declared = self.loaded.model.networks.get(key);
            if declared.is_some_and(|network| network.external) {
                continue;
            }
            let spec = declared.map(network_spec).unwrap_or_default();
            specs.insert(self.network_name(key, declared), spec.into());
        }
        specs
    }

    fn network_name(&self, key: &str, declared: Option<&Network>) -> String {
        network_name(&self.context.stack, key, declared)
    }
}

/// A network's name on the Swarm.
pub(crate) fn network_name(stack: &StackName, key: &str, declared: Option<&Network>) -> String {
    match declared {
        Some(Network { name: Some(name), .. }) => name.clone(),
        Some(Network { external: true, .. }) => key.to_owned(),
        _ => stack.scope(key),
    }
}

fn network_spec(network: &Network) -> NetworkSpec {
    NetworkSpec {
        driver: network.driver.clone().filter(|driver| driver != "overlay").unwrap_or_default(),
        driver_opts: network.driver_opts.clone().into(),
        labels: network.labels.clone().into(),
        internal: network.internal,
        attachable: network.attachable,
        // What Swarm says of every network is not worth saying.
        ipam_driver: network.ipam_driver.clone().filter(|driver| driver != "default"),
        subnets: network.subnets.clone(),
        pools: network.pools.clone().into(),
    }
}

/// A name that changes with what it names, since Swarm lets neither configs nor
/// secrets change: the name, and eight hexadecimal digits of the content's hash.
/// Labels and drivers, where there are any, count as content.
fn hashed(name: &str, spec: &FileSpec) -> String {
    let FileSpec { data, labels, driver, template_driver } = spec;
    let mut hasher = Sha256::new_with_prefix(data);
    if !labels.is_empty() || driver.is_some() || template_driver.is_some() {
        // Debug quotes every text, so no two different ones look the same.
        hasher.update(format!("\0{labels:?}{driver:?}{template_driver:?}"));
    }
    let suffix =
        |hasher: Sha256| hex::encode(hasher.finalize()).chars().take(8).collect::<String>();
    let room = BLOB_NAME_MAX - 9;
    if name.len() <= room {
        return format!("{name}_{}", suffix(hasher));
    }
    // Two long names must not become one by being cut.
    hasher.update(format!("\0{name}"));
    let head: String = name.chars().take(room).collect();
    format!("{head}_{}", suffix(hasher))
}

#[cfg(test)]
pub(crate) mod tests;
