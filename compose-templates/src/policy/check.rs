//! The files as a whole: what they define beside services.

use std::collections::BTreeMap;

use super::Restrictions;
use super::lists::{self, MOST_FILE_BYTES, MOST_NETWORKS, MOST_ROUTES};
use super::places::Places;
use crate::compose::model::{Blob, Network, Volume};
use crate::load::{Loaded, StackContext};
use crate::yaml::At;

pub(super) fn check(
    loaded: &Loaded,
    context: &StackContext,
    restrictions: &Restrictions,
) -> Vec<(At, String)> {
    let places = Places::new(loaded);
    let mut checks = Checks { loaded, context, restrictions, places, refused: Vec::new() };
    for (name, service) in &loaded.model.services {
        checks.service(name, service);
    }
    for (key, network) in &loaded.model.networks {
        checks.network(key, network);
    }
    for (key, volume) in &loaded.model.volumes {
        checks.volume(key, volume);
    }
    for (section, blobs) in [("configs", &loaded.model.configs), ("secrets", &loaded.model.secrets)]
    {
        for (key, blob) in blobs {
            checks.blob(&[section, key], blob);
        }
    }
    checks.totals();
    checks.refused
}

/// What is checked, against what, and what came of it.
pub(super) struct Checks<'a> {
    pub(super) loaded: &'a Loaded,
    pub(super) context: &'a StackContext,
    pub(super) restrictions: &'a Restrictions,
    places: Places<'a>,
    refused: Vec<(At, String)>,
}

impl Checks<'_> {
    /// Refuses what stands at `path`: "it" goes on with `why`, which says what to
    /// do instead.
    pub(super) fn refuse(&mut self, path: &[&str], why: impl AsRef<str>) {
        let at = self.places.of(path);
        self.refuse_at(at, path, why);
    }

    /// As [`Checks::refuse`], where the place is known.
    pub(super) fn refuse_at(&mut self, at: At, path: &[&str], why: impl AsRef<str>) {
        self.push(at, path, "it", why.as_ref());
    }

    /// As [`Checks::refuse`], of one item of the list at `path`.
    pub(super) fn refuse_item(&mut self, path: &[&str], item: &str, why: impl AsRef<str>) {
        let at = self.places.of(&[path, &[item]].concat());
        self.push(at, path, &format!("`{item}`"), why.as_ref());
    }

    fn push(&mut self, at: At, path: &[&str], what: &str, why: &str) {
        let path = path.join(".");
        let message = format!("`{path}` is not for a restricted environment: {what} {why}");
        self.refused.push((at, message));
    }

    pub(super) fn labels(&mut self, path: &[&str], labels: &BTreeMap<String, String>) {
        for label in labels.keys().filter(|label| lists::commands(label)) {
            let why = if label.to_ascii_lowercase().starts_with("traefik.") {
                "would tell Traefik what to do; ask for routes by `x-berth.routes` instead"
            } else {
                "is not a label for files to set; take it out"
            };
            self.refuse(&[path, &[label.as_str()]].concat(), why);
        }
    }

    /// A name that the file gives itself must be in the stack's own space.
    fn name(&mut self, path: &[&str], name: Option<&String>) {
        let Some(name) = name else { return };
        if !self.is_scoped(name) {
            let why = format!(
                "is {name:?}, which may be another stack's; leave it out, or start it with `{}` and use letters, digits, `_`, `.` and `-`",
                self.context.stack.scope("")
            );
            self.refuse(&[path, &["name"]].concat(), why);
        }
    }

    /// Whether a name on the Swarm is one of this stack's.
    fn is_scoped(&self, name: &str) -> bool {
        super::gate::is_scoped(name, &self.context.stack)
    }

    fn network(&mut self, key: &str, network: &Network) {
        let Network {
            at: _,
            external,
            name,
            driver,
            driver_opts,
            labels,
            internal: _,
            attachable: _,
            ipam_driver,
            subnets,
            // Of the subnets.
            pools: _,
        } = network;
        let path = ["networks", key];
        if *external {
            self.refuse(
                &["networks", key, "external"],
                "joins somebody else's network; let the stack have its own (a service with routes is on Traefik's network anyway)",
            );
            return;
        }
        self.name(&path, name.as_ref());
        if driver.as_ref().is_some_and(|driver| driver != "overlay") {
            let why = "reaches the nodes' own networks; leave it out, for an overlay network";
            self.refuse(&["networks", key, "driver"], why);
        }
        for option in driver_opts.keys() {
            if !lists::NETWORK_OPTIONS.contains(&option.as_str()) {
                let why = "is an option that may reach other networks; take it out";
                self.refuse(&["networks", key, "driver_opts", option], why);
            }
        }
        if ipam_driver.as_ref().is_some_and(|driver| driver != "default") || !subnets.is_empty() {
            let why = "takes addresses that others may need; let Swarm choose them";
            self.refuse(&["networks", key, "ipam"], why);
        }
        self.labels(&["networks", key, "labels"], labels);
    }

    fn volume(&mut self, key: &str, volume: &Volume) {
        let Volume { external, name, driver, driver_opts, labels } = volume;
        if *external {
            let why = "mounts somebody else's volume; let the stack have its own";
            self.refuse(&["volumes", key, "external"], why);
            return;
        }
        self.name(&["volumes", key], name.as_ref());
        if driver.as_ref().is_some_and(|driver| driver != "local") {
            let why = "runs a plug-in on the nodes; leave it out, for the driver `local`";
            self.refuse(&["volumes", key, "driver"], why);
        }
        for option in driver_opts.keys() {
            let why = "has the node mount something, which may be a folder of its own or another machine's; take it out";
            self.refuse(&["volumes", key, "driver_opts", option], why);
        }
        self.labels(&["volumes", key, "labels"], labels);
    }

    fn blob(&mut self, path: &[&str], blob: &Blob) {
        let Blob { at: _, external, name, content: _, driver, template_driver, labels } = blob;
        let below = |key| [path, &[key]].concat();
        if *external {
            let why = "reads what is somebody else's; give the content by `file` or `content`";
            self.refuse(&below("external"), why);
            return;
        }
        self.name(path, name.as_ref());
        if driver.is_some() {
            let why =
                "asks a plug-in for what may be anybody's; give the content by `file` or `content`";
            self.refuse(&below("driver"), why);
        }
        if template_driver.as_ref().is_some_and(|driver| driver != "golang") {
            self.refuse(&below("template_driver"), "must be `golang`");
        }
        self.labels(&below("labels"), labels);
    }

    /// What is too much of a good thing.
    fn totals(&mut self) {
        let model = &self.loaded.model;
        if model.networks.len() > MOST_NETWORKS {
            let why = format!("may be {MOST_NETWORKS} at most; put more services on one");
            self.refuse(&["networks"], why);
        }
        for (section, blobs) in [("configs", &model.configs), ("secrets", &model.secrets)] {
            let bytes: usize = blobs.values().map(|blob| blob.content.len()).sum();
            if bytes > MOST_FILE_BYTES / 2 {
                let why = "may have 2 MiB in all; put more into the image";
                self.refuse(&[section], why);
            }
        }
        if model.services.values().map(|service| service.routes.len()).sum::<usize>() > MOST_ROUTES
        {
            let why = format!("may have {MOST_ROUTES} routes at most; take some out");
            self.refuse(&["services"], why);
        }
        let limits = &self.restrictions.limits;
        let tasks = model
            .services
            .values()
            .map(|service| {
                let said = service.deploy.replicas.as_ref().map(|replicas| replicas.it);
                // One that has no tasks now may have some in a moment.
                said.or(service.scale).unwrap_or(1).clamp(1, limits.replicas.max(1))
            })
            .fold(0, u64::saturating_add);
        if tasks > limits.tasks {
            let why = format!(
                "would be {tasks} tasks, of which it may have {}; take services or replicas out",
                limits.tasks
            );
            self.refuse(&["services"], why);
        }
    }
}
