//! A service, key by key.

use std::collections::BTreeMap;

use berth_domain::stack::{Driver, Healthcheck};

use super::check::{Check, Field};
use super::keys::{self, STACK_IGNORED};
use super::model::{Credentials, HealthModel, Placed, Restart, Service, Tmpfs};
use super::{build, depends, deploy, env_file, network, ports, security, units, volumes};
use crate::load::Reading;
use crate::x_berth;

/// Reads a service.
pub(super) fn service(check: &mut Check<'_>, field: &Field<'_>) -> Service {
    let mut service = Service::new(field.key_at);
    if field.is_null() {
        let message =
            format!("`{}` is empty; it needs an `image` or a `build` at least", field.path);
        check.refuse(field.at(), message);
        return service;
    }
    let mut files = BTreeMap::new();
    let mut label_files = BTreeMap::new();
    for key in check.map(field) {
        if check.reading == Reading::Stack && STACK_IGNORED.contains(&key.key) {
            let message = format!("`{}` is ignored, as `docker stack deploy` does", key.path);
            check.note(key.key_at, message);
            continue;
        }
        if check.is_stack() && key.node.value.as_list().is_some_and(<[_]>::is_empty) {
            let lists = ["configs", "ports", "secrets", "volumes"];
            service.empty.extend(lists.into_iter().find(|name| *name == key.key));
        }
        match key.key {
            "environment" => service.environment = environment(check, &key),
            "env_file" => files = env_file::read(check, &key),
            "label_file" => label_files = env_file::labels(check, &key),
            "networks" => service.networks = network::uses(check, &key),
            "network_mode" => network_mode(check, &key, &mut service),
            "ports" => service.ports = ports::read(check, &key),
            "volumes" => service.volumes = volumes::uses(check, &key),
            "configs" | "secrets" => {
                let uses = volumes::blob_uses(check, &key);
                *(if key.key == "configs" { &mut service.configs } else { &mut service.secrets }) =
                    uses;
            }
            "depends_on" => service.depends_on = depends::read(check, &key),
            "deploy" => service.deploy = deploy::read(check, &key),
            "x-berth" => {
                let read = x_berth::read(check, &key);
                (service.routes, service.job) = (read.routes, read.job);
            }
            _ => {
                let known = process(check, &key, &mut service)
                    || limits(check, &key, &mut service)
                    || container(check, &key, &mut service);
                if !known {
                    check.other(&key, &keys::SERVICE);
                    beyond(&key, &mut service);
                }
            }
        }
    }
    if let (Some(mode), false) = (&service.predefined_network, service.networks.is_empty()) {
        let message = format!(
            "`{}.networks` is ignored: the service is on the network `{mode}` by its `network_mode`",
            field.path
        );
        check.note(field.key_at, message);
    }
    for (name, value) in files {
        service.environment.entry(name).or_insert(value);
    }
    for (name, value) in label_files {
        service.labels.entry(name).or_insert(value);
    }
    service
}

/// Remembers a key that is left out, where not everybody may ask for it.
fn beyond(key: &Field<'_>, service: &mut Service) {
    if let Some(name) = keys::BEYOND.into_iter().find(|name| *name == key.key) {
        service.beyond.push(Placed { at: key.key_at, it: name });
    }
}

/// What runs and as whom.
fn process(check: &mut Check<'_>, key: &Field<'_>, service: &mut Service) -> bool {
    match key.key {
        "image" => {
            service.image = check.filled(key).map(|it| Placed { at: key.at(), it });
        }
        "build" => service.build = build::read(check, key),
        "entrypoint" => service.entrypoint = command(check, key),
        "command" => service.command = command(check, key),
        "hostname" => service.hostname = check.filled(key),
        "working_dir" => service.working_dir = check.filled(key),
        "user" => service.user = check.filled(key),
        "group_add" => service.group_add = check.texts(key),
        "init" => service.init = check.flag(key),
        "tty" => service.tty = check.flag(key),
        "stdin_open" => service.stdin_open = check.flag(key),
        "read_only" => service.read_only = check.flag(key),
        "stop_grace_period" => service.stop_grace_period = check.duration(key),
        "stop_signal" => service.stop_signal = check.filled(key),
        "healthcheck" => service.healthcheck = healthcheck(check, key),
        "restart" if check.is_stack() => service.restart = stack_restart(check, key),
        "restart" => service.restart = restart(check, key),
        "profiles" => service.profiles = check.texts(key),
        "platform" => service.platform = platform(check, key),
        _ => return false,
    }
    true
}

/// What it may use.
fn limits(check: &mut Check<'_>, key: &Field<'_>, service: &mut Service) -> bool {
    match key.key {
        "scale" => service.scale = check.number(key),
        "mem_limit" => service.mem_limit = check.bytes(key),
        "mem_reservation" => {
            service.mem_reservation = check.bytes(key);
            service.mem_reservation_at = Some(key.key_at);
        }
        "cpus" => service.cpus = check.cpus(key),
        "pids_limit" => service.pids_limit = check.number::<i64>(key).filter(|pids| *pids > 0),
        "shm_size" => service.shm_size = check.bytes(key),
        "tmpfs" => service.tmpfs = tmpfs(check, key),
        "ulimits" => service.ulimits = ulimits(check, key),
        "sysctls" => service.sysctls = check.labels(key),
        "oom_score_adj" => service.oom_score_adj = check.number(key),
        "cap_add" => service.cap_add = check.texts(key),
        "cap_drop" => service.cap_drop = check.texts(key),
        "privileged" => {
            if check.flag(key) == Some(true) {
                check.other(&Field { key_at: key.at(), ..key.clone() }, &keys::SERVICE);
                beyond(key, service);
            }
        }
        _ => return false,
    }
    true
}

/// How it looks from within.
fn container(check: &mut Check<'_>, key: &Field<'_>, service: &mut Service) -> bool {
    match key.key {
        "labels" => service.labels = check.labels(key),
        "extra_hosts" if check.is_stack() => service.extra_hosts = stack_extra_hosts(check, key),
        "extra_hosts" => service.extra_hosts = extra_hosts(check, key),
        "dns" => service.dns = check.texts(key),
        "dns_search" => service.dns_search = check.texts(key),
        "dns_opt" => service.dns_opt = check.texts(key),
        "isolation" => service.isolation = check.filled(key),
        "logging" => service.logging = logging(check, key),
        "credential_spec" => service.credential_spec = credentials(check, key),
        "security_opt" => service.security = security::read(check, key),
        _ => return false,
    }
    true
}

fn environment(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, Option<String>> {
    let stack = check.reading == Reading::Stack;
    let variables = check.variables_of(field.at());
    let mut pairs = check.pairs(field);
    for (name, value) in &mut pairs {
        // `docker stack deploy` puts its own environment in the place of empty
        // values, too; compose does so for missing ones only.
        let open = value.is_none() || (stack && value.as_deref() == Some(""));
        if let (true, Some(given)) = (open, variables.get(name)) {
            *value = Some(given.clone());
        }
    }
    if let Some(bad) = pairs.keys().find(|name| name.is_empty() || name.contains('\0')) {
        let message = format!("`{}` has a variable with the name {bad:?}; give it one", field.path);
        check.refuse(field.at(), message);
    }
    pairs
}

fn command(check: &mut Check<'_>, field: &Field<'_>) -> Option<Vec<String>> {
    if field.is_list() {
        return Some(check.list(field).iter().filter_map(|item| check.text(item)).collect());
    }
    match units::words(&check.text(field)?) {
        Ok(words) => Some(words),
        Err(why) => {
            check.refuse(field.at(), format!("`{}` {why}", field.path));
            None
        }
    }
}

fn healthcheck(check: &mut Check<'_>, field: &Field<'_>) -> Option<HealthModel> {
    let mut model = HealthModel { at: field.key_at, disable: None, it: Healthcheck::default() };
    for key in check.map(field) {
        let it = &mut model.it;
        match key.key {
            "test" if key.is_list() => it.test = check.texts(&key),
            "test" => {
                let line = if check.is_stack() { check.text(&key) } else { check.filled(&key) };
                it.test = line.map(|line| vec!["CMD-SHELL".to_owned(), line]).unwrap_or_default();
            }
            "disable" => model.disable = check.flag(&key),
            "interval" => it.interval = check.duration(&key),
            "timeout" => it.timeout = check.duration(&key),
            "start_period" => it.start_period = check.duration(&key),
            "start_interval" => it.start_interval = check.duration(&key),
            "retries" => it.retries = check.number(&key),
            _ => check.other(&key, &keys::HEALTHCHECK),
        }
    }
    let first = model.it.test.first().map(String::as_str);
    let runs = matches!(first, None | Some("CMD" | "CMD-SHELL" | "NONE"));
    if !runs && !check.is_stack() {
        let message = format!(
            "`{}.test` must start with `CMD`, `CMD-SHELL` or `NONE`, or be one line of text",
            field.path
        );
        check.refuse(field.at(), message);
    }
    (!field.is_null()).then_some(model)
}

fn restart(check: &mut Check<'_>, field: &Field<'_>) -> Option<Restart> {
    let text = check.filled(field)?;
    let (word, attempts) = match text.split_once(':') {
        Some((word, attempts)) => (word, Some(attempts)),
        None => (text.as_str(), None),
    };
    match (word, attempts.map(str::parse)) {
        ("no", None) => Some(Restart::No),
        ("always" | "unless-stopped", None) => Some(Restart::Always),
        ("on-failure", None) => Some(Restart::OnFailure(None)),
        ("on-failure", Some(Ok(attempts))) => Some(Restart::OnFailure(Some(attempts))),
        _ => {
            let message = format!(
                "`{}` must be `\"no\"`, `always`, `unless-stopped`, `on-failure` or `on-failure:<attempts>`, but is {text:?}",
                field.path
            );
            check.refuse(field.at(), message);
            None
        }
    }
}

/// As Docker's own parser has it, which allows a number behind every word and
/// heeds that of `on-failure`.
fn stack_restart(check: &mut Check<'_>, field: &Field<'_>) -> Option<Restart> {
    let text = check.filled(field)?;
    let (word, attempts) = text.split_once(':').unwrap_or((&text, ""));
    let attempts = if attempts.is_empty() { Some(0) } else { attempts.parse::<u64>().ok() };
    let some = attempts.filter(|attempts| *attempts > 0);
    match (word, attempts) {
        ("no", Some(_)) => Some(Restart::No),
        ("always" | "unless-stopped", Some(_)) => Some(Restart::Always),
        ("on-failure", Some(_)) => Some(Restart::OnFailure(some)),
        _ => Some(Restart::Unknown { at: field.at(), text }),
    }
}

fn platform(check: &mut Check<'_>, field: &Field<'_>) -> Option<(String, String)> {
    let text = check.filled(field)?;
    let mut parts = text.split('/');
    let platform = match (parts.next(), parts.next()) {
        (Some(os), Some(architecture)) if !os.is_empty() && !architecture.is_empty() => {
            Some((os.to_owned(), architecture.to_owned()))
        }
        _ => None,
    };
    if platform.is_none() {
        let message = format!("`{}` must be like `linux/amd64`, but is {text:?}", field.path);
        check.refuse(field.at(), message);
    }
    platform
}

fn tmpfs(check: &mut Check<'_>, field: &Field<'_>) -> Vec<Tmpfs> {
    let mut all = Vec::new();
    for item in check.one_or_more(field) {
        let Some(text) = check.filled(&item) else { continue };
        let (target, options) = text.split_once(':').unwrap_or((&text, ""));
        let mut tmpfs = Tmpfs { target: target.to_owned(), size: None, mode: None };
        for option in options.split(',').filter(|option| !option.is_empty()) {
            let good = match option.split_once('=') {
                Some(("size", size)) => {
                    tmpfs.size = units::bytes(size);
                    tmpfs.size.is_some()
                }
                Some(("mode", mode)) => {
                    tmpfs.mode = u32::from_str_radix(mode, 8).ok();
                    tmpfs.mode.is_some()
                }
                _ => {
                    let message = format!(
                        "`{}` has the option `{option}`, which is ignored: Swarm knows `size` and `mode`",
                        item.path
                    );
                    check.note(item.at(), message);
                    true
                }
            };
            if !good {
                let message = format!(
                    "`{}` has the option `{option}`; write sizes like `size=64m` and modes like `mode=1770`",
                    item.path
                );
                check.refuse(item.at(), message);
            }
        }
        all.push(tmpfs);
    }
    all
}

fn ulimits(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, (i64, i64)> {
    let mut limits = BTreeMap::new();
    for key in check.map(field) {
        if !key.is_map() {
            if let Some(both) = check.number::<i64>(&key) {
                limits.insert(key.key.to_owned(), (both, both));
            }
            continue;
        }
        let (mut soft, mut hard) = (None, None);
        for side in check.map(&key) {
            match side.key {
                "soft" => soft = check.number(&side),
                "hard" => hard = check.number(&side),
                _ => check.other(&side, &keys::ULIMIT),
            }
        }
        match (soft, hard) {
            (Some(soft), Some(hard)) => {
                limits.insert(key.key.to_owned(), (soft, hard));
            }
            _ => check.refuse(key.at(), format!("`{}` needs both `soft` and `hard`", key.path)),
        }
    }
    limits
}

/// `name:address`, `name=address` or a mapping, as `address name` lines.
fn extra_hosts(check: &mut Check<'_>, field: &Field<'_>) -> Vec<String> {
    let bare = |address: &str| address.trim_start_matches('[').trim_end_matches(']').to_owned();
    if field.is_map() {
        let mut hosts = Vec::new();
        let mut entries = check.map(field);
        entries.sort_by(|a, b| a.key.cmp(b.key));
        for entry in entries {
            for address in check.texts(&entry) {
                hosts.push(format!("{} {}", bare(&address), entry.key));
            }
        }
        return hosts;
    }
    let mut hosts = Vec::new();
    for item in check.list(field) {
        let Some(text) = check.filled(&item) else { continue };
        match text.split_once('=').or_else(|| text.split_once(':')) {
            Some((name, address)) => hosts.push(format!("{} {name}", bare(address))),
            None => {
                let message =
                    format!("`{}` must be like `name:address`, but is {text:?}", item.path);
                check.refuse(item.at(), message);
            }
        }
    }
    hosts
}

/// As Docker has it: an address in a list without a name goes, as does a name
/// without an address, and brackets go in pairs.
fn stack_extra_hosts(check: &mut Check<'_>, field: &Field<'_>) -> Vec<String> {
    let mut pairs: Vec<String> = Vec::new();
    if field.is_map() {
        for entry in check.map(field) {
            pairs.extend(check.text(&entry).map(|address| format!("{}:{address}", entry.key)));
        }
        pairs.sort_unstable();
    } else {
        for item in check.list(field) {
            let Some(text) = check.text(&item) else { continue };
            let parts = text.split_once('=').or_else(|| text.split_once(':'));
            pairs.extend(parts.map(|(name, address)| format!("{name}:{address}")));
        }
    }
    let line = |pair: &String| {
        let (name, address) = pair.split_once(':')?;
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        Some(format!("{} {name}", bare.filter(|bare| !bare.is_empty()).unwrap_or(address)))
    };
    pairs.iter().filter_map(line).collect()
}

fn logging(check: &mut Check<'_>, field: &Field<'_>) -> Option<Driver> {
    let mut driver = Driver::default();
    for key in check.map(field) {
        match key.key {
            "driver" => driver.name = check.text(&key).unwrap_or_default(),
            "options" => driver.options = check.labels(&key).into(),
            _ => check.other(&key, &keys::LOGGING),
        }
    }
    (!field.is_null()).then_some(driver)
}

fn credentials(check: &mut Check<'_>, field: &Field<'_>) -> Option<Placed<Credentials>> {
    let mut it = Credentials::default();
    for key in check.map(field) {
        match key.key {
            "config" => it.config = check.filled(&key),
            "file" => it.file = check.filled(&key),
            "registry" => it.registry = check.filled(&key),
            _ => check.other(&key, &keys::CREDENTIALS),
        }
    }
    let given = [&it.config, &it.file, &it.registry].iter().filter(|one| one.is_some()).count();
    // Docker looks at it when the files are one.
    if given != 1 && !check.is_stack() {
        let message = format!("`{}` needs one of `config`, `file` and `registry`", field.path);
        check.refuse(field.at(), message);
        return None;
    }
    Some(Placed { at: field.at(), it })
}

fn network_mode(check: &mut Check<'_>, field: &Field<'_>, service: &mut Service) {
    let Some(mode) = check.filled(field) else { return };
    match mode.as_str() {
        "host" | "none" => service.predefined_network = Some(mode),
        // Both are what a service has anyway: a network of the stack's own.
        "bridge" | "default" => {}
        _ => {
            let message = format!(
                "`{}` is ignored: Swarm's tasks share no network with a container, so this one is on a network of the stack",
                field.path
            );
            check.note(field.at(), message);
            beyond(field, service);
        }
    }
}
