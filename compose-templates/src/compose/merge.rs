//! Several files as one, as `docker stack deploy` has it: a later one is laid over
//! an earlier one.
//!
//! Single values: the later one wins. Mappings: key by key. Lists are joined,
//! except that ports go by what they publish, volumes by their target, configs
//! and secrets by their source, and a command is replaced as a whole.
//!
//! A `false`, a 0 or an empty text in a later file counts as "not written". Tests
//! of health checks are joined like lists, options of a network stay those of the
//! first file, and of two ports or mounts of one service that share what they go
//! by, one is lost as soon as a second file names the service.

use std::collections::BTreeMap;

use berth_domain::map::Map;

use super::model::{
    Blob, BuildModel, Credentials, Deploy, HealthModel, Model, Placed, RestartBlock, Service,
    Update,
};
use crate::x_berth::Route;

/// Lays `over` over `base`.
pub(crate) fn merge(base: &mut Model, over: Model) {
    let Model { services, networks, volumes, configs, secrets } = over;
    for (name, later) in services {
        match base.services.remove(&name) {
            Some(before) => {
                base.services.insert(name, service(before, later));
            }
            None => {
                base.services.insert(name, later);
            }
        }
    }
    base.networks.extend(networks);
    base.volumes.extend(volumes);
    base.configs.extend::<BTreeMap<String, Blob>>(configs);
    base.secrets.extend::<BTreeMap<String, Blob>>(secrets);
}

fn service(base: Service, over: Service) -> Service {
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
    environment(&mut all.environment, over.environment);
    all.labels.extend(over.labels);
    all.extra_hosts.extend(over.extra_hosts);
    all.dns.extend(over.dns);
    all.dns_search.extend(over.dns_search);
    all.dns_opt.extend(over.dns_opt);
    all.healthcheck = match (all.healthcheck.take(), over.healthcheck) {
        (Some(before), Some(later)) => Some(health(before, later)),
        (before, later) => later.or(before),
    };
    one(&mut all.stop_grace_period, over.stop_grace_period);
    replace(&mut all.stop_signal, over.stop_signal);
    one(&mut all.init, over.init);
    one(&mut all.tty, over.tty);
    one(&mut all.stdin_open, over.stdin_open);
    one(&mut all.read_only, over.read_only);
    replace(&mut all.isolation, over.isolation);
    all.cap_add.extend(over.cap_add);
    all.cap_drop.extend(over.cap_drop);
    all.sysctls.extend(over.sysctls);
    all.ulimits.extend(over.ulimits);
    replace(&mut all.oom_score_adj, over.oom_score_adj);
    credentials(&mut all.credential_spec, over.credential_spec);
    replace(&mut all.platform, over.platform);
    all.logging = match (all.logging.take(), over.logging) {
        (Some(mut before), Some(later)) if before.name.is_empty() => {
            before.name = later.name;
            extend_known(&mut before.options, later.options);
            Some(before)
        }
        (Some(mut before), Some(later)) if later.name.is_empty() || later.name == before.name => {
            extend_known(&mut before.options, later.options);
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
    let empty = |key| all.empty.contains(key);
    keyed(&mut all.volumes, over.volumes, empty("volumes"), |one| one.target.clone());
    keyed(&mut all.ports, over.ports, empty("ports"), |port| port.published.unwrap_or(0));
    for (name, later) in over.networks {
        match all.networks.get_mut(&name) {
            Some(before) if before.bare => *before = later,
            Some(before) if !later.bare => before.aliases = later.aliases,
            Some(_) => {}
            None => {
                all.networks.insert(name, later);
            }
        }
    }
    replace(&mut all.predefined_network, over.predefined_network);
    keyed(&mut all.configs, over.configs, empty("configs"), |one| one.source.clone());
    keyed(&mut all.secrets, over.secrets, empty("secrets"), |one| one.source.clone());
    all.depends_on.extend(over.depends_on);
    deploy(&mut all.deploy, over.deploy);
    // Two of one file stay two, so that it is told that they are.
    all.routes.retain(|before| !over.routes.iter().any(|later| same_place(&before.it, &later.it)));
    all.routes.extend(over.routes);
    replace(&mut all.job, over.job);
    all
}

fn health(mut base: HealthModel, over: HealthModel) -> HealthModel {
    base.at = over.at;
    one(&mut base.disable, over.disable);
    base.it.test.extend(over.it.test);
    one(&mut base.it.interval, over.it.interval);
    one(&mut base.it.timeout, over.it.timeout);
    one(&mut base.it.start_period, over.it.start_period);
    one(&mut base.it.start_interval, over.it.start_interval);
    replace(&mut base.it.retries, over.it.retries);
    base
}

fn deploy(base: &mut Deploy, over: Deploy) {
    replace(&mut base.mode, over.mode);
    replace(&mut base.replicas, over.replicas);
    replace(&mut base.endpoint_mode, over.endpoint_mode);
    base.labels.extend(over.labels);
    for (before, later) in [(&mut base.update, over.update), (&mut base.rollback, over.rollback)] {
        match (before.as_mut(), later) {
            (Some(before), Some(later)) => update(before, later),
            (None, later) => *before = later,
            (Some(_), None) => {}
        }
    }
    replace(&mut base.limit_nano_cpus, over.limit_nano_cpus);
    one(&mut base.limit_memory, over.limit_memory);
    one(&mut base.limit_pids, over.limit_pids);
    replace(&mut base.reservations_at, over.reservations_at);
    replace(&mut base.reserve_nano_cpus, over.reserve_nano_cpus);
    one(&mut base.reserve_memory, over.reserve_memory);
    base.reserve_generic.extend(over.reserve_generic);
    match (base.restart.as_mut(), over.restart) {
        (Some(before), Some(RestartBlock { condition, delay, max_attempts, window })) => {
            replace(&mut before.condition, condition);
            one(&mut before.delay, delay);
            replace(&mut before.max_attempts, max_attempts);
            one(&mut before.window, window);
        }
        (None, later) => base.restart = later,
        (Some(_), None) => {}
    }
    base.constraints.extend(over.constraints);
    replace(&mut base.constraints_at, over.constraints_at);
    base.spread.extend(over.spread);
    one(&mut base.max_replicas_per_node, over.max_replicas_per_node);
}

fn update(base: &mut Update, over: Update) {
    base.at = over.at;
    replace(&mut base.parallelism, over.parallelism);
    one(&mut base.delay, over.delay);
    replace(&mut base.failure_action, over.failure_action);
    one(&mut base.monitor, over.monitor);
    one(&mut base.max_failure_ratio, over.max_failure_ratio);
    replace(&mut base.order, over.order);
}

fn environment(
    base: &mut BTreeMap<String, Option<String>>,
    over: BTreeMap<String, Option<String>>,
) {
    let filled = |value: Option<&String>| value.is_some_and(|value| !value.is_empty());
    for (name, later) in over {
        let before = base.get(&name).and_then(Option::as_ref);
        if filled(later.as_ref()) || !filled(before) {
            base.insert(name, later);
        }
    }
}

fn credentials(base: &mut Option<Placed<Credentials>>, over: Option<Placed<Credentials>>) {
    match (base.as_mut(), over) {
        (Some(before), Some(later)) => {
            let Credentials { config, file, registry } = later.it;
            replace(&mut before.it.config, config);
            replace(&mut before.it.file, file);
            replace(&mut before.it.registry, registry);
        }
        (_, later) => replace(base, later),
    }
}

/// As [`replace`], where nothing goes over nothing only.
fn one<T: PartialEq + Default>(base: &mut Option<T>, over: Option<T>) {
    let first = base.is_none();
    replace(base, over.filter(|later| first || *later != T::default()));
}

fn replace<T>(base: &mut Option<T>, over: Option<T>) {
    if over.is_some() {
        *base = over;
    }
}

/// Options go over options only: to Docker, where there were none, none come.
fn extend_known(base: &mut Map<String, String>, over: Map<String, String>) {
    if !base.is_empty() {
        base.extend(over);
    }
}

/// As Docker lays keyed lists over each other: by key alone, and sorted by it. To
/// it, a list that is `empty` was written, too.
fn keyed<T, K: Ord>(base: &mut Vec<T>, over: Vec<T>, empty: bool, key: impl Fn(&T) -> K) {
    if base.is_empty() && !empty {
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

/// Whether two routes are for the same requests; the later file's wins.
fn same_place(a: &Route, b: &Route) -> bool {
    (a.protocol, &a.host, &a.path, &a.entrypoints) == (b.protocol, &b.host, &b.path, &b.entrypoints)
}
