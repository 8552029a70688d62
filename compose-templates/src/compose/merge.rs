//! Several files as one: a later one is laid over an earlier one.
//!
//! Single values: the later one wins. Mappings: key by key. Lists are joined,
//! except that ports go by what they publish, volumes by their target, configs
//! and secrets by their source, and a command is replaced as a whole.
//!
//! `docker stack deploy` takes a `false`, a 0 or an empty text in a later file
//! for "not written", so its reading does, too.

use std::collections::BTreeMap;

use super::model::{
    Blob, BlobUse, BuildModel, Deploy, HealthModel, Model, PortUse, RestartBlock, Service, Update,
    VolumeUse,
};
use crate::load::Reading;
use crate::x_berth::Route;

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
    fn one<T: PartialEq + Default>(self, base: &mut Option<T>, over: Option<T>) {
        let nothing = self.reading == Reading::Stack && over == Some(T::default());
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
        all.environment.extend(over.environment);
        all.labels.extend(over.labels);
        all.extra_hosts.extend(over.extra_hosts);
        all.dns.extend(over.dns);
        all.dns_search.extend(over.dns_search);
        all.dns_opt.extend(over.dns_opt);
        all.healthcheck = match (all.healthcheck.take(), over.healthcheck) {
            (Some(before), Some(later)) => Some(self.health(before, later)),
            (before, later) => later.or(before),
        };
        replace(&mut all.stop_grace_period, over.stop_grace_period);
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
        replace(&mut all.credential_spec, over.credential_spec);
        replace(&mut all.platform, over.platform);
        all.logging = match (all.logging.take(), over.logging) {
            (Some(mut before), Some(later))
                if later.name.is_empty() || later.name == before.name =>
            {
                before.options.extend(later.options);
                Some(before)
            }
            (before, later) => later.or(before),
        };
        replace(&mut all.restart, over.restart);
        replace(&mut all.scale, over.scale);
        replace(&mut all.mem_limit, over.mem_limit);
        replace(&mut all.mem_reservation, over.mem_reservation);
        replace(&mut all.mem_reservation_at, over.mem_reservation_at);
        replace(&mut all.cpus, over.cpus);
        replace(&mut all.pids_limit, over.pids_limit);
        for later in over.tmpfs {
            all.tmpfs.retain(|before| before.target != later.target);
            all.tmpfs.push(later);
        }
        replace(&mut all.shm_size, over.shm_size);
        volumes(&mut all.volumes, over.volumes);
        ports(&mut all.ports, over.ports);
        for (name, later) in over.networks {
            match all.networks.get_mut(&name) {
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
        blobs(&mut all.configs, over.configs);
        blobs(&mut all.secrets, over.secrets);
        all.depends_on.extend(over.depends_on);
        self.deploy(&mut all.deploy, over.deploy);
        // Two of one file stay two, so that it is told that they are.
        all.routes
            .retain(|before| !over.routes.iter().any(|later| same_place(&before.it, &later.it)));
        all.routes.extend(over.routes);
        all
    }

    fn health(self, mut base: HealthModel, over: HealthModel) -> HealthModel {
        base.at = over.at;
        self.one(&mut base.disable, over.disable);
        if !over.it.test.is_empty() {
            base.it.test = over.it.test;
            // A new test is meant to run.
            if over.disable.is_none() && self.reading == Reading::Compose {
                base.disable = None;
            }
        }
        replace(&mut base.it.interval, over.it.interval);
        replace(&mut base.it.timeout, over.it.timeout);
        replace(&mut base.it.start_period, over.it.start_period);
        replace(&mut base.it.start_interval, over.it.start_interval);
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
        replace(&mut base.limit_memory, over.limit_memory);
        replace(&mut base.limit_pids, over.limit_pids);
        replace(&mut base.reservations_at, over.reservations_at);
        replace(&mut base.reserve_nano_cpus, over.reserve_nano_cpus);
        replace(&mut base.reserve_memory, over.reserve_memory);
        base.reserve_generic.extend(over.reserve_generic);
        match (base.restart.as_mut(), over.restart) {
            (Some(before), Some(RestartBlock { condition, delay, max_attempts, window })) => {
                replace(&mut before.condition, condition);
                replace(&mut before.delay, delay);
                replace(&mut before.max_attempts, max_attempts);
                replace(&mut before.window, window);
            }
            (None, later) => base.restart = later,
            (Some(_), None) => {}
        }
        base.constraints.extend(over.constraints);
        replace(&mut base.constraints_at, over.constraints_at);
        base.spread.extend(over.spread);
        replace(&mut base.max_replicas_per_node, over.max_replicas_per_node);
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

/// Whether two routes are for the same requests; the later file's wins.
fn same_place(a: &Route, b: &Route) -> bool {
    (a.protocol, &a.host, &a.path, &a.entrypoints) == (b.protocol, &b.host, &b.path, &b.entrypoints)
}
