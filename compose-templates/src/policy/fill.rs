//! Limits where a file has none, or more than it may.

use berth_domain::stack::{Mode, MountKind, Resources, ServiceSpec, StackSpec};

use super::lists::{self, DROPPED};
use super::{Labels, Limits, total};

/// Fills in; gives what is less than the file asks for, by service.
pub(super) fn fill_in(spec: &mut StackSpec, limits: &Limits) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for (name, service) in &mut spec.services {
        for message in fill_service(name, service, limits) {
            said.push((name.clone(), message));
        }
    }
    for (_, network) in spec.networks.iter_mut() {
        keep(&mut network.labels);
    }
    for (_, file) in spec.configs.iter_mut().chain(spec.secrets.iter_mut()) {
        keep(&mut file.labels);
    }
    said
}

fn fill_service(name: &str, service: &mut ServiceSpec, limits: &Limits) -> Vec<String> {
    let mut said = Vec::new();
    let less = |what: String| format!("`services.{name}` gets {what}, as much as it may have here");
    let Resources {
        limit_nano_cpus,
        limit_memory,
        limit_pids,
        reserve_nano_cpus,
        reserve_memory,
        reserve_generic: _,
    } = &mut service.resources;
    let cpus = format!("{} CPU", thousandths(limits.nano_cpus));
    let memory = format!("{} bytes of memory", limits.memory);
    let pids = format!("{} processes", limits.pids);
    for (limit, reserve, allowed, what) in [
        (limit_nano_cpus, Some(reserve_nano_cpus), limits.nano_cpus, cpus),
        (limit_memory, Some(reserve_memory), limits.memory, memory),
        (limit_pids, None, limits.pids, pids),
    ] {
        if limit.is_some_and(|limit| limit > allowed) {
            said.push(less(what));
        }
        let given = limit.filter(|limit| *limit > 0).unwrap_or(allowed).min(allowed);
        *limit = Some(given);
        if let Some(reserve) = reserve {
            // What is kept for a task but can't be used would be lost to all.
            *reserve = reserve.filter(|reserve| *reserve > 0).map(|reserve| reserve.min(given));
        }
    }
    if let Some(was) = cap(&mut service.mode, limits.replicas) {
        said.push(less(format!("{} tasks instead of {was}", limits.replicas)));
    }
    size_memory(service);
    if !service.cap_drop.iter().any(|name| name == "ALL") {
        for name in DROPPED {
            if !service.cap_drop.iter().any(|dropped| dropped == name) {
                service.cap_drop.push(name.to_owned());
            }
        }
        service.cap_drop.sort();
    }
    if let Some(driver) = service.logging.as_mut().filter(|driver| driver.name == "json-file") {
        // Said so, it has no limit, whatever the node's own settings are.
        for (option, value) in [("max-size", "10m"), ("max-file", "3")] {
            driver.options.entry(option.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    let mut left_out = Vec::new();
    // Those for Traefik are Berth's own by now, as its others are: a file's were
    // refused.
    service.labels.retain(|label, _| {
        let own = label.starts_with("traefik.") || label.starts_with("berth.");
        let kept = own || lists::describes(label);
        if !kept {
            left_out.push(label.clone());
        }
        kept
    });
    left_out.extend(keep(&mut service.container_labels));
    for mount in &mut service.mounts {
        if let MountKind::Volume { labels, .. } = &mut mount.kind {
            keep(labels);
        }
    }
    if let Some(first) = left_out.first() {
        let more = match left_out.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        said.push(format!(
            "`services.{name}` is without the label `{first}`{more}: other programs may take labels for orders"
        ));
    }
    said
}

/// Billionths as a number with three digits behind the point at most.
fn thousandths(nano: i64) -> String {
    let milli = nano / 1_000_000;
    let text = format!("{}.{:03}", milli / 1000, milli % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Lowers a number of tasks; gives what it was.
fn cap(mode: &mut Mode, most: u64) -> Option<u64> {
    let lower = |number: &mut u64| {
        let was = *number;
        *number = was.min(most);
        (was > most).then_some(was)
    };
    match mode {
        Mode::Replicated { replicas } => lower(replicas),
        Mode::ReplicatedJob { max_concurrent, total_completions } => {
            lower(max_concurrent).max(lower(total_completions))
        }
        Mode::Global | Mode::GlobalJob => None,
    }
}

/// Gives each mount from memory a size: the kernel's own is half of the node's.
fn size_memory(service: &mut ServiceSpec) {
    let memory = service.resources.limit_memory.unwrap_or(0);
    let sizes = service.mounts.iter_mut().filter_map(|mount| {
        if let MountKind::Tmpfs { size, .. } = &mut mount.kind { Some(size) } else { None }
    });
    let (known, unknown): (Vec<_>, Vec<_>) = sizes.partition(|size| size.is_some());
    let left = memory - total(known.into_iter().filter_map(|size| *size));
    let count = i64::try_from(unknown.len()).unwrap_or(i64::MAX).max(1);
    for size in unknown {
        *size = Some(left / count);
    }
}

/// Keeps what describes; gives the rest.
fn keep(labels: &mut Labels) -> Vec<String> {
    let out: Vec<String> =
        labels.keys().filter(|label| !lists::describes(label)).cloned().collect();
    labels.retain(|label, _| lists::describes(label));
    out
}
