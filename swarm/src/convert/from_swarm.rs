//! What Docker says, in the fields that Berth owns.

use std::collections::BTreeMap;

use berth_domain::map::Map;
use berth_domain::stack::{
    Attachment, CredentialSpec, EndpointMode, FileRef, Healthcheck, IMAGE_LABEL, Mode, Placement,
    Port, Resources, RestartPolicy, Security, Selinux, ServiceSpec, UpdateConfig,
};

use super::mounts::{driver_from_wire, some};
use super::{Unreadable, kept, mounts, unlabel};
use crate::wire;

/// What a live service is, where `networks` gives the names behind ids.
///
/// What Swarm fills in by itself is left as it is; a spec to compare with is to
/// be [canonical](ServiceSpec::canonical).
pub(crate) fn from_swarm(
    live: &wire::ServiceSpec,
    networks: &BTreeMap<String, String>,
) -> Result<ServiceSpec, Unreadable> {
    let task = &live.task_template;
    let container = task.container_spec.as_ref().ok_or(Unreadable { field: "container spec" })?;
    if !matches!(task.runtime.as_str(), "" | "container") {
        return Err(Unreadable { field: "runtime" });
    }
    let mut labels = unlabel(&live.labels);
    let written_image = labels.remove(IMAGE_LABEL).unwrap_or_default();
    let kept = labels.remove(kept::KEPT_LABEL);
    let dns = container.dns_config.clone().unwrap_or_default();
    let endpoint = live.endpoint_spec.clone().unwrap_or_default();

    let mut spec = ServiceSpec {
        image: container.image.clone(),
        written_image,
        labels,
        container_labels: unlabel(&container.labels),
        entrypoint: container.command.clone(),
        command: container.args.clone(),
        hostname: some(&container.hostname),
        working_dir: some(&container.dir),
        user: some(&container.user),
        groups: container.groups.clone(),
        env: environment(&container.env),
        hosts: container.hosts.clone(),
        dns: dns.nameservers,
        dns_search: dns.search,
        dns_options: dns.options,
        healthcheck: container.healthcheck.as_ref().map(healthcheck).map(Box::new),
        stop_grace_period: container.stop_grace_period,
        stop_signal: some(&container.stop_signal),
        init: container.init,
        tty: container.tty,
        stdin_open: container.open_stdin,
        read_only: container.read_only,
        isolation: some(&container.isolation).filter(|isolation| isolation != "default"),
        cap_add: container.capability_add.clone(),
        cap_drop: container.capability_drop.clone(),
        sysctls: container.sysctls.clone(),
        ulimits: container
            .ulimits
            .iter()
            .map(|limit| (limit.name.clone(), (limit.soft, limit.hard)))
            .collect(),
        oom_score_adj: (container.oom_score_adj != 0).then_some(container.oom_score_adj),
        credential_spec: credentials(container)?.map(Box::new),
        security: security(container)?,
        mounts: container.mounts.iter().map(mounts::from_wire).collect::<Result<_, _>>()?,
        configs: container
            .configs
            .iter()
            .filter_map(|config| Some(file(&config.name, config.file.as_ref()?)))
            .collect(),
        secrets: container
            .secrets
            .iter()
            .filter_map(|secret| Some(file(&secret.name, secret.file.as_ref()?)))
            .collect(),
        networks: task.networks.iter().map(|network| attachment(network, networks)).collect(),
        logging: task.log_driver.as_ref().map(driver_from_wire).map(Box::new),
        mode: mode(&live.mode)?,
        resources: resources(task.resources.as_ref())?,
        restart: task.restart_policy.as_ref().map(restart).map(Box::new),
        placement: placement(task.placement.as_ref())?,
        update: live.update_config.as_ref().map(update).map(Box::new),
        rollback: live.rollback_config.as_ref().map(update).map(Box::new),
        endpoint_mode: match endpoint.mode.as_str() {
            "" | "vip" => EndpointMode::Vip,
            "dnsrr" => EndpointMode::Dnsrr,
            _ => return Err(Unreadable { field: "endpoint mode" }),
        },
        ports: endpoint.ports.iter().map(port).collect::<Result<_, _>>()?,
        force_updates: task.force_update,
    };
    if let Some(kept) = kept {
        kept::restore(&kept, &mut spec);
    }
    Ok(spec)
}

fn environment(lines: &[String]) -> Map<String, Option<String>> {
    lines
        .iter()
        .map(|line| match line.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => (line.clone(), None),
        })
        .collect()
}

fn credentials(container: &wire::ContainerSpec) -> Result<Option<CredentialSpec>, Unreadable> {
    let Some(privileges) = &container.privileges else { return Ok(None) };
    if privileges.others.values().any(|value| !is_nothing(value)) {
        return Err(Unreadable { field: "security options" });
    }
    let Some(live) = &privileges.credential_spec else { return Ok(None) };
    let config = container
        .configs
        .iter()
        .find(|config| config.runtime.is_some() && config.id == live.config)
        .map(|config| config.name.clone());
    Ok(Some(CredentialSpec { config, file: some(&live.file), registry: some(&live.registry) }))
}

fn security(container: &wire::ContainerSpec) -> Result<Security, Unreadable> {
    let Some(live) = &container.privileges else { return Ok(Security::default()) };
    let off = |is: &Option<wire::Confinement>, off: &str| match is.as_ref().map(|is| &*is.mode) {
        None | Some("" | "default") => Ok(false),
        Some(mode) if mode == off => Ok(true),
        Some(_) => Err(Unreadable { field: "security options" }),
    };
    let selinux = live.selinux_context.clone().map(|it| {
        let wire::SelinuxContext { disable, user, role, r#type, level } = it;
        Selinux { disable, user, role, kind: r#type, level }
    });
    Ok(Security {
        no_new_privileges: live.no_new_privileges,
        unconfined_seccomp: off(&live.seccomp, "unconfined")?,
        unconfined_apparmor: off(&live.app_armor, "disabled")?,
        selinux: selinux.filter(|label| *label != Selinux::default()).map(Box::new),
    })
}

/// Whether Go would have left it out, had it been told to.
fn is_nothing(value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Object(map) => map.values().all(is_nothing),
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn file(name: &str, file: &wire::FileTarget) -> FileRef {
    FileRef {
        name: name.to_owned(),
        target: file.name.clone(),
        uid: file.uid.clone(),
        gid: file.gid.clone(),
        mode: file.mode,
    }
}

fn attachment(network: &wire::NetworkAttachment, names: &BTreeMap<String, String>) -> Attachment {
    Attachment {
        network: names.get(&network.target).unwrap_or(&network.target).clone(),
        aliases: network.aliases.clone(),
        driver_opts: network.driver_opts.clone(),
    }
}

fn healthcheck(check: &wire::Healthcheck) -> Healthcheck {
    Healthcheck {
        test: check.test.clone(),
        interval: check.interval,
        timeout: check.timeout,
        start_period: check.start_period,
        start_interval: check.start_interval,
        retries: check.retries,
    }
}

fn mode(mode: &wire::ServiceMode) -> Result<Mode, Unreadable> {
    if let Some(replicated) = &mode.replicated {
        return Ok(Mode::Replicated { replicas: replicated.replicas.unwrap_or(1) });
    }
    if let Some(job) = &mode.replicated_job {
        let max_concurrent = job.max_concurrent.unwrap_or(1);
        return Ok(Mode::ReplicatedJob {
            max_concurrent,
            total_completions: job.total_completions.unwrap_or(max_concurrent),
        });
    }
    match mode {
        wire::ServiceMode { global: Some(_), .. } => Ok(Mode::Global),
        wire::ServiceMode { global_job: Some(_), .. } => Ok(Mode::GlobalJob),
        _ => Err(Unreadable { field: "mode" }),
    }
}

fn resources(live: Option<&wire::Resources>) -> Result<Resources, Unreadable> {
    let live = live.cloned().unwrap_or_default();
    let limits = live.limits.unwrap_or_default();
    let reservations = live.reservations.unwrap_or_default();
    let mut reserve_generic = Map::new();
    for resource in reservations.generic_resources {
        let discrete = resource
            .discrete_resource_spec
            .ok_or(Unreadable { field: "named generic resource" })?;
        reserve_generic.insert(discrete.kind, discrete.value);
    }
    let set = |number: Option<i64>| number.filter(|number| *number != 0);
    Ok(Resources {
        limit_nano_cpus: set(limits.nano_cpus),
        limit_memory: set(limits.memory_bytes),
        limit_pids: set(limits.pids),
        reserve_nano_cpus: set(reservations.nano_cpus),
        reserve_memory: set(reservations.memory_bytes),
        reserve_generic,
    })
}

fn restart(policy: &wire::RestartPolicy) -> RestartPolicy {
    RestartPolicy {
        condition: policy.condition.clone(),
        delay: policy.delay,
        // Swarm writes zero for none.
        max_attempts: policy.max_attempts.filter(|attempts| *attempts != 0),
        window: policy.window,
    }
}

fn placement(live: Option<&wire::Placement>) -> Result<Placement, Unreadable> {
    let live = live.cloned().unwrap_or_default();
    let mut spread = Vec::with_capacity(live.preferences.len());
    for preference in live.preferences {
        let by = preference.spread.ok_or(Unreadable { field: "placement preference" })?;
        spread.push(by.spread_descriptor);
    }
    Ok(Placement {
        constraints: live.constraints,
        spread,
        max_replicas_per_node: live.max_replicas.unwrap_or_default(),
        platforms: live
            .platforms
            .into_iter()
            .map(|platform| (platform.os, platform.architecture))
            .collect(),
    })
}

fn update(config: &wire::UpdateConfig) -> UpdateConfig {
    UpdateConfig {
        parallelism: config.parallelism,
        delay: config.delay,
        failure_action: config.failure_action.clone(),
        monitor: config.monitor,
        max_failure_ratio: config.max_failure_ratio,
        order: config.order.clone(),
    }
}

fn port(port: &wire::Port) -> Result<Port, Unreadable> {
    Ok(Port {
        published: port.published_port.filter(|published| *published != 0),
        target: port.target_port,
        protocol: port.protocol.clone(),
        host: match port.publish_mode.as_str() {
            "host" => true,
            "" | "ingress" => false,
            _ => return Err(Unreadable { field: "publish mode" }),
        },
    })
}
