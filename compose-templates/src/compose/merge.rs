//! Several files as one: a later one is laid over an earlier one.
//!
//! Single values: the later one wins. Mappings: key by key. Lists are joined,
//! except that ports go by what they publish, volumes by their target, configs
//! and secrets by their source, and a command is replaced as a whole.
//!
//! `docker stack deploy` takes a `false`, a 0 or an empty text in a later file
//! for "not written", so its reading does, too. It has other ways of its own:
//! tests of health checks are joined like lists, options of a network stay those
//! of the first file, and of two ports or mounts of one service that share what
//! they go by, one is lost as soon as a second file names the service.

use std::collections::BTreeMap;

use super::model::{
    Blob, BlobUse, BuildModel, Credentials, Deploy, HealthModel, Model, Placed, PortUse,
    RestartBlock, Service, Update, VolumeUse,
};
use crate::load::Reading;

/// Lays `over` over `base`.
pub(crate) fn merge(base: &mut Model, over: Model, reading: Reading) {
    let Model { services, networks, volumes, configs, secrets } = over;
    for (name, service) in services {
        match base.services.remove(&name) {
            Some(before) => {
                base.services.insert(name, Merge { reading }.service(before, service));
            }
            None => {
                base.services.insert(name, service);
            }
        }
    }
    base.networks.extend(networks);
    base.volumes.extend(volumes);
    base.configs.extend::<BTreeMap<String, Blob>>(configs);
    base.secrets.extend::<BTreeMap<String, Blob>>(secrets);
}

#[derive(Clone, Copy)]
struct Merge {
    reading: Reading,
}

impl Merge {
    fn stack(self) -> bool {
        self.reading == Reading::Stack
    }

    fn environment(
        self,
        base: &mut BTreeMap<String, Option<String>>,
        over: BTreeMap<String, Option<String>>,
    ) {
        let filled = |value: Option<&String>| value.is_some_and(|value| !value.is_empty());
        for (name, later) in over {
            let before = base.get(&name).and_then(Option::as_ref);
            if !self.stack() || filled(later.as_ref()) || !filled(before) {
                base.insert(name, later);
            }
        }
    }

    fn credentials(
        self,
        base: &mut Option<Placed<Credentials>>,
        over: Option<Placed<Credentials>>,
    ) {
        match (base.as_mut(), over) {
            (Some(before), Some(later)) if self.stack() => {
                let Credentials { config, file, registry } = later.it;
                replace(&mut before.it.config, config);
                replace(&mut before.it.file, file);
                replace(&mut before.it.registry, registry);
            }
            (_, later) => replace(base, later),
        }
    }

    fn one<T: PartialEq + Default>(self, base: &mut Option<T>, over: Option<T>) {
        let nothing = self.stack() && over == Some(T::default());
        if over.is_some() && !nothing {
            *base = over;
        }
    }

    fn service(self, base: Service, over: Service) -> Service {
        let mut all = base;
        replace(&mut all.image, over.image);
        all.build = match (all.build.take(), over.build) {
            (Some(before), Some(later)) => Some(build(before, later)),
            (before, later) => later.or(before),
        };
        all.profiles.extend(over.profiles);
        filled(&mut all.entrypoint, over.entrypoint);
        filled(&mut all.command, over.command);
        replace(&mut all.hostname, over.hostname);
        replace(&mut all.working_dir, over.working_dir);
        replace(&mut all.user, over.user);
        all.group_add.extend(over.group_add);
        self.environment(&mut all.environment, over.environment);
        all.labels.extend(over.labels);
        all.extra_hosts.extend(over.extra_hosts);
        all.dns.extend(over.dns);
        all.dns_search.extend(over.dns_search);
        all.dns_opt.extend(over.dns_opt);
        all.healthcheck = match (all.healthcheck.take(), over.healthcheck) {
            (Some(before), Some(later)) => Some(self.health(before, later)),
            (before, later) => later.or(before),
        };
        self.one(&mut all.stop_grace_period, over.stop_grace_period);
        replace(&mut all.stop_signal, over.stop_signal);
        self.one(&mut all.init, over.init);
        self.one(&mut all.tty, over.tty);
        self.one(&mut all.stdin_open, over.stdin_open);
        self.one(&mut all.read_only, over.read_only);
        replace(&mut all.isolation, over.isolation);
        all.cap_add.extend(over.cap_add);
        all.cap_drop.extend(over.cap_drop);
        all.sysctls.extend(over.sysctls);
        all.ulimits.extend(over.ulimits);
        replace(&mut all.oom_score_adj, over.oom_score_adj);
        self.credentials(&mut all.credential_spec, over.credential_spec);
        replace(&mut all.platform, over.platform);
        all.logging = match (all.logging.take(), over.logging) {
            (Some(mut before), Some(later)) if self.stack() && before.name.is_empty() => {
                before.name = later.name;
                extend_known(&mut before.options, later.options);
                Some(before)
            }
            (Some(mut before), Some(later))
                if later.name.is_empty() || later.name == before.name =>
            {
                if self.stack() {
                    extend_known(&mut before.options, later.options);
                } else {
                    before.options.extend(later.options);
                }
                Some(before)
            }
            (before, later) => later.or(before),
        };
        replace(&mut all.restart, over.restart);
        replace(&mut all.scale, over.scale);
        replace(&mut all.mem_limit, over.mem_limit);
        replace(&mut all.mem_reservation, over.mem_reservation);
        replace(&mut all.cpus, over.cpus);
        replace(&mut all.pids_limit, over.pids_limit);
        for later in over.tmpfs {
            all.tmpfs.retain(|before| before.target != later.target);
            all.tmpfs.push(later);
        }
        replace(&mut all.shm_size, over.shm_size);
        if self.stack() {
            keyed(&mut all.volumes, over.volumes, |one| one.target.clone());
        } else {
            volumes(&mut all.volumes, over.volumes);
        }
        if self.stack() {
            keyed(&mut all.ports, over.ports, |port| port.published.unwrap_or(0));
        } else {
            ports(&mut all.ports, over.ports);
        }
        for (name, later) in over.networks {
            match all.networks.get_mut(&name) {
                Some(before) if self.stack() => {
                    if before.bare {
                        *before = later;
                    } else if !later.bare {
                        before.aliases = later.aliases;
                    }
                }
                Some(before) => {
                    before.at = later.at;
                    before.aliases = later.aliases;
                    before.driver_opts.extend(later.driver_opts);
                }
                None => {
                    all.networks.insert(name, later);
                }
            }
        }
        replace(&mut all.predefined_network, over.predefined_network);
        for (before, later) in [(&mut all.configs, over.configs), (&mut all.secrets, over.secrets)]
        {
            if self.stack() {
                keyed(before, later, |one| one.source.clone());
            } else {
                blobs(before, later);
            }
        }
        self.deploy(&mut all.deploy, over.deploy);
        for later in over.routes {
            let same = |host: &str, path: &str| host == later.host && path == later.path;
            all.routes.retain(|before| !same(&before.host, &before.path));
            all.routes.push(later);
        }
        all
    }

    fn health(self, mut base: HealthModel, over: HealthModel) -> HealthModel {
        base.at = over.at;
        self.one(&mut base.disable, over.disable);
        if !over.it.test.is_empty() {
            if self.stack() {
                base.it.test.extend(over.it.test);
            } else {
                base.it.test = over.it.test;
            }
            // A new test is meant to run.
            if over.disable.is_none() && self.reading == Reading::Compose {
                base.disable = None;
            }
        }
        self.one(&mut base.it.interval, over.it.interval);
        self.one(&mut base.it.timeout, over.it.timeout);
        self.one(&mut base.it.start_period, over.it.start_period);
        self.one(&mut base.it.start_interval, over.it.start_interval);
        replace(&mut base.it.retries, over.it.retries);
        base
    }

    fn deploy(self, base: &mut Deploy, over: Deploy) {
        replace(&mut base.mode, over.mode);
        replace(&mut base.replicas, over.replicas);
        replace(&mut base.endpoint_mode, over.endpoint_mode);
        base.labels.extend(over.labels);
        for (before, later) in
            [(&mut base.update, over.update), (&mut base.rollback, over.rollback)]
        {
            match (before.as_mut(), later) {
                (Some(before), Some(later)) => self.update(before, later),
                (None, later) => *before = later,
                (Some(_), None) => {}
            }
        }
        replace(&mut base.limit_nano_cpus, over.limit_nano_cpus);
        self.one(&mut base.limit_memory, over.limit_memory);
        self.one(&mut base.limit_pids, over.limit_pids);
        replace(&mut base.reserve_nano_cpus, over.reserve_nano_cpus);
        self.one(&mut base.reserve_memory, over.reserve_memory);
        base.reserve_generic.extend(over.reserve_generic);
        match (base.restart.as_mut(), over.restart) {
            (Some(before), Some(RestartBlock { condition, delay, max_attempts, window })) => {
                replace(&mut before.condition, condition);
                self.one(&mut before.delay, delay);
                replace(&mut before.max_attempts, max_attempts);
                self.one(&mut before.window, window);
            }
            (None, later) => base.restart = later,
            (Some(_), None) => {}
        }
        base.constraints.extend(over.constraints);
        base.spread.extend(over.spread);
        self.one(&mut base.max_replicas_per_node, over.max_replicas_per_node);
    }

    fn update(self, base: &mut Update, over: Update) {
        base.at = over.at;
        replace(&mut base.parallelism, over.parallelism);
        self.one(&mut base.delay, over.delay);
        replace(&mut base.failure_action, over.failure_action);
        self.one(&mut base.monitor, over.monitor);
        self.one(&mut base.max_failure_ratio, over.max_failure_ratio);
        replace(&mut base.order, over.order);
    }
}

fn replace<T>(base: &mut Option<T>, over: Option<T>) {
    if over.is_some() {
        *base = over;
    }
}

/// Options go over options only: to Docker, where there were none, none come.
fn extend_known(base: &mut BTreeMap<String, String>, over: BTreeMap<String, String>) {
    if !base.is_empty() {
        base.extend(over);
    }
}

/// As Docker lays keyed lists over each other: by key alone, and sorted by it.
fn keyed<T, K: Ord>(base: &mut Vec<T>, over: Vec<T>, key: impl Fn(&T) -> K) {
    if base.is_empty() {
        *base = over;
        return;
    }
    let all: BTreeMap<K, T> =
        std::mem::take(base).into_iter().chain(over).map(|one| (key(&one), one)).collect();
    base.extend(all.into_values());
}

fn filled(base: &mut Option<Vec<String>>, over: Option<Vec<String>>) {
    replace(base, over.filter(|words| !words.is_empty()));
}

fn build(mut base: BuildModel, over: BuildModel) -> BuildModel {
    base.at = over.at;
    replace(&mut base.context, over.context);
    replace(&mut base.dockerfile, over.dockerfile);
    replace(&mut base.target, over.target);
    base.args.extend(over.args);
    base.labels.extend(over.labels);
    base
}

fn volumes(base: &mut Vec<VolumeUse>, over: Vec<VolumeUse>) {
    for later in over {
        match base.iter_mut().find(|before| before.target == later.target) {
            Some(before) => *before = later,
            None => base.push(later),
        }
    }
    // Docker sorts them as soon as two files name the service.
    base.sort_by(|a, b| a.target.cmp(&b.target));
}

fn ports(base: &mut Vec<PortUse>, over: Vec<PortUse>) {
    for later in over {
        let same = |before: &PortUse| {
            before.published == later.published
                && before.protocol == later.protocol
                && (later.published.is_some() || before.target == later.target)
        };
        match base.iter_mut().find(|before| same(before)) {
            Some(before) => *before = later,
            None => base.push(later),
        }
    }
}

fn blobs(base: &mut Vec<BlobUse>, over: Vec<BlobUse>) {
    for later in over {
        match base.iter_mut().find(|before| before.source == later.source) {
            Some(before) => *before = later,
            None => base.push(later),
        }
    }
}
