//! What Berth says, as Docker wants it.

use std::collections::BTreeMap;

use berth_domain::map::Map;
use berth_domain::stack::{
    Attachment, CredentialSpec, EndpointMode, FileRef, Healthcheck, IMAGE_LABEL, Mode, Placement,
    Port, Resources, RestartPolicy, Security, Selinux, ServiceSpec, UpdateConfig,
};

use super::mounts::driver_to_wire;
use super::{Ids, Missing, Scope, kept, mounts};
use crate::wire;

/// The service `name` as Docker wants it. An update carries over what `force_update`
/// was, if that is more.
///
/// The pointers that are always there, even to nothing, are those that
/// `docker stack deploy` always sends: Swarm restarts a task for a difference
/// between nothing and an empty something.
pub(crate) fn to_swarm(
    scope: &Scope<'_>,
    name: &str,
    spec: &ServiceSpec,
    ids: &Ids,
) -> Result<wire::ServiceSpec, Missing> {
    let mut labels = scope.label(&spec.labels);
    labels.insert(IMAGE_LABEL.to_owned(), spec.written_image.clone());
    if let Some(kept) = kept::to_label(spec, scope.api) {
        labels.insert(kept::KEPT_LABEL.to_owned(), kept);
    }

    Ok(wire::ServiceSpec {
        name: scope.stack.scope(name),
        labels,
        task_template: wire::TaskSpec {
            container_spec: Some(container(scope, spec, ids)?),
            resources: Some(resources(&spec.resources)),
            restart_policy: spec.restart.as_deref().map(restart),
            placement: Some(placement(&spec.placement)),
            networks: spec.networks.iter().map(|network| attachment(network, ids)).collect(),
            log_driver: spec.logging.as_deref().map(driver_to_wire),
            force_update: spec.force_updates,
            runtime: String::new(),
        },
        mode: mode(spec.mode),
        update_config: spec.update.as_deref().map(update),
        rollback_config: spec.rollback.as_deref().map(update),
        endpoint_spec: Some(wire::EndpointSpec {
            mode: match spec.endpoint_mode {
                EndpointMode::Vip => "vip".to_owned(),
                EndpointMode::Dnsrr => "dnsrr".to_owned(),
            },
            ports: spec.ports.iter().map(port).collect(),
        }),
    })
}

fn container(
    scope: &Scope<'_>,
    spec: &ServiceSpec,
    ids: &Ids,
) -> Result<wire::ContainerSpec, Missing> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut configs = Vec::with_capacity(spec.configs.len());
    for config in &spec.configs {
        configs.push(wire::ConfigReference {
            file: Some(file_target(config)),
            runtime: None,
            id: id_of("config", &ids.configs, &config.name)?,
            name: config.name.clone(),
        });
    }
    let mut secrets = Vec::with_capacity(spec.secrets.len());
    for secret in &spec.secrets {
        secrets.push(wire::SecretReference {
            file: Some(file_target(secret)),
            id: id_of("secret", &ids.secrets, &secret.name)?,
            name: secret.name.clone(),
        });
    }
    let mut privileges = confined(scope, &spec.security);
    if let Some(CredentialSpec { config, file, registry }) = spec.credential_spec.as_deref() {
        let mut credentials = wire::CredentialSpec {
            config: String::new(),
            file: text(file),
            registry: text(registry),
        };
        if let Some(name) = config {
            credentials.config = id_of("config", &ids.configs, name)?;
            configs.push(wire::ConfigReference {
                file: None,
                runtime: Some(wire::Empty {}),
                id: credentials.config.clone(),
                name: name.clone(),
            });
        }
        privileges.credential_spec = Some(credentials);
    }
    let has_dns =
        !(spec.dns.is_empty() && spec.dns_search.is_empty() && spec.dns_options.is_empty());

    Ok(wire::ContainerSpec {
        image: spec.image.clone(),
        labels: scope.label(&spec.container_labels),
        command: spec.entrypoint.clone(),
        args: spec.command.clone(),
        hostname: text(&spec.hostname),
        env: environment(&spec.env),
        dir: text(&spec.working_dir),
        user: text(&spec.user),
        groups: spec.groups.clone(),
        privileges: Some(privileges),
        init: spec.init,
        stop_signal: text(&spec.stop_signal),
        tty: spec.tty,
        open_stdin: spec.stdin_open,
        read_only: spec.read_only,
        mounts: spec.mounts.iter().map(|mount| mounts::to_wire(scope, mount)).collect(),
        stop_grace_period: spec.stop_grace_period,
        healthcheck: spec.healthcheck.as_deref().map(healthcheck),
        hosts: spec.hosts.clone(),
        dns_config: has_dns.then(|| wire::DnsConfig {
            nameservers: spec.dns.clone(),
            search: spec.dns_search.clone(),
            options: spec.dns_options.clone(),
        }),
        secrets,
        configs,
        isolation: text(&spec.isolation),
        sysctls: spec.sysctls.clone(),
        capability_add: spec.cap_add.clone(),
        capability_drop: spec.cap_drop.clone(),
        ulimits: spec
            .ulimits
            .iter()
            .map(|(name, (soft, hard))| wire::Ulimit {
                name: name.clone(),
                hard: *hard,
                soft: *soft,
            })
            .collect(),
        oom_score_adj: spec.oom_score_adj.unwrap_or_default(),
    })
}

/// An engine older than API 1.44 knows `SELinux` alone; the rest is kept by a label.
fn confined(scope: &Scope<'_>, security: &Security) -> wire::Privileges {
    let Security { no_new_privileges, unconfined_seccomp, unconfined_apparmor, selinux } = security;
    let knows = scope.api.has(44);
    let mode = |mode: &str| Some(wire::Confinement { mode: mode.to_owned() });
    wire::Privileges {
        selinux_context: selinux.clone().map(|label| {
            let Selinux { disable, user, role, kind, level } = *label;
            wire::SelinuxContext { disable, user, role, r#type: kind, level }
        }),
        seccomp: mode("unconfined").filter(|_| knows && *unconfined_seccomp),
        app_armor: mode("disabled").filter(|_| knows && *unconfined_apparmor),
        no_new_privileges: knows && *no_new_privileges,
        ..wire::Privileges::default()
    }
}

/// Lines in the order that Docker's own client sorts them: as lines, not by
/// key, so that a change of client restarts nothing.
fn environment(env: &Map<String, Option<String>>) -> Vec<String> {
    let mut lines: Vec<String> = env
        .iter()
        .map(|(key, value)| match value {
            Some(value) => format!("{key}={value}"),
            None => key.clone(),
        })
        .collect();
    lines.sort_unstable();
    lines
}

fn id_of(
    kind: &'static str,
    ids: &BTreeMap<String, String>,
    name: &str,
) -> Result<String, Missing> {
    ids.get(name).cloned().ok_or_else(|| Missing { kind, name: name.to_owned() })
}

fn file_target(file: &FileRef) -> wire::FileTarget {
    let FileRef { name: _, target, uid, gid, mode } = file;
    wire::FileTarget { name: target.clone(), uid: uid.clone(), gid: gid.clone(), mode: *mode }
}

fn attachment(network: &Attachment, ids: &Ids) -> wire::NetworkAttachment {
    let Attachment { network, aliases, driver_opts } = network;
    wire::NetworkAttachment {
        target: ids.networks.get(network).unwrap_or(network).clone(),
        aliases: aliases.clone(),
        driver_opts: driver_opts.clone(),
    }
}

fn healthcheck(check: &Healthcheck) -> wire::Healthcheck {
    let Healthcheck { test, interval, timeout, start_period, start_interval, retries } = check;
    wire::Healthcheck {
        test: test.clone(),
        interval: *interval,
        timeout: *timeout,
        start_period: *start_period,
        start_interval: *start_interval,
        retries: *retries,
    }
}

fn resources(resources: &Resources) -> wire::Resources {
    let limits = wire::Limits {
        nano_cpus: resources.limit_nano_cpus,
        memory_bytes: resources.limit_memory,
        pids: resources.limit_pids,
    };
    let reservations = wire::Reservations {
        nano_cpus: resources.reserve_nano_cpus,
        memory_bytes: resources.reserve_memory,
        generic_resources: resources
            .reserve_generic
            .iter()
            .map(|(kind, value)| wire::GenericResource {
                discrete_resource_spec: Some(wire::DiscreteResource {
                    kind: kind.clone(),
                    value: *value,
                }),
            })
            .collect(),
    };
    wire::Resources {
        limits: (limits != wire::Limits::default()).then_some(limits),
        reservations: (reservations != wire::Reservations::default()).then_some(reservations),
    }
}

fn restart(policy: &RestartPolicy) -> wire::RestartPolicy {
    let RestartPolicy { condition, delay, max_attempts, window } = policy;
    wire::RestartPolicy {
        condition: condition.clone(),
        delay: *delay,
        max_attempts: *max_attempts,
        window: *window,
    }
}

fn placement(placement: &Placement) -> wire::Placement {
    let Placement { constraints, spread, max_replicas_per_node, platforms } = placement;
    wire::Placement {
        constraints: constraints.clone(),
        preferences: spread
            .iter()
            .map(|label| wire::Preference {
                spread: Some(wire::Spread { spread_descriptor: label.clone() }),
            })
            .collect(),
        max_replicas: (*max_replicas_per_node > 0).then_some(*max_replicas_per_node),
        platforms: platforms
            .iter()
            .map(|(os, architecture)| wire::Platform {
                architecture: architecture.clone(),
                os: os.clone(),
            })
            .collect(),
    }
}

fn mode(mode: Mode) -> wire::ServiceMode {
    let mut out = wire::ServiceMode::default();
    match mode {
        Mode::Replicated { replicas } => {
            out.replicated = Some(wire::Replicated { replicas: Some(replicas) });
        }
        Mode::Global => out.global = Some(wire::Empty {}),
        Mode::ReplicatedJob { max_concurrent, total_completions } => {
            out.replicated_job = Some(wire::ReplicatedJob {
                max_concurrent: Some(max_concurrent),
                total_completions: Some(total_completions),
            });
        }
        Mode::GlobalJob => out.global_job = Some(wire::Empty {}),
    }
    out
}

fn update(config: &UpdateConfig) -> wire::UpdateConfig {
    let UpdateConfig { parallelism, delay, failure_action, monitor, max_failure_ratio, order } =
        config;
    wire::UpdateConfig {
        parallelism: *parallelism,
        delay: *delay,
        failure_action: failure_action.clone(),
        monitor: *monitor,
        max_failure_ratio: *max_failure_ratio,
        order: order.clone(),
    }
}

fn port(port: &Port) -> wire::Port {
    let Port { published, target, protocol, host } = port;
    wire::Port {
        protocol: protocol.clone(),
        target_port: *target,
        published_port: *published,
        publish_mode: if *host { "host".to_owned() } else { "ingress".to_owned() },
    }
}
