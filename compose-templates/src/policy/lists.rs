//! What is known to be harmless, as lists. What is on none of them is refused.

use std::net::IpAddr;

use berth_domain::stack::{Nanos, Security};

use crate::compose::units;

/// Capabilities that a container may add: those it has anyway unless it dropped
/// them, less two that Berth drops ([`DROPPED`]).
const CAPABILITIES: [&str; 12] = [
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];

/// Capabilities that no restricted task has: device nodes, and packets in
/// somebody else's name on the network that all routed services share.
pub(super) const DROPPED: [&str; 2] = ["CAP_MKNOD", "CAP_NET_RAW"];

/// Kernel parameters of a container's own network, none of which makes it a
/// router or has it answer for others.
const SYSCTLS: [&str; 10] = [
    "net.core.somaxconn",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_syncookies",
];

/// Log drivers that keep what is written on the node, and send it nowhere.
pub(super) const LOG_DRIVERS: [&str; 3] = ["json-file", "local", "none"];

/// Options of those.
pub(super) const LOG_OPTIONS: [&str; 7] =
    ["compress", "env", "labels", "max-file", "max-size", "mode", "tag"];

/// The largest log file, in bytes, and how many a task may have.
const LOG_SIZE: i64 = 50 * 1024 * 1024;
const LOG_FILES: u64 = 5;

/// Options of an overlay network that concern nobody else.
pub(super) const NETWORK_OPTIONS: [&str; 2] = ["com.docker.network.driver.mtu", "encrypted"];

/// The shortest time between two health checks, or two starts of a task: each
/// is work for the engine, outside of the task's own limits.
pub(super) const LEAST_PAUSE: Nanos = 1_000_000_000;
/// The longest time that an update or a stop may ask to be waited for.
pub(super) const MOST_PATIENCE: Nanos = 600_000_000_000;

/// Networks of a stack: each takes a subnet of the Swarm's pool.
pub(super) const MOST_NETWORKS: usize = 16;
/// Mounts of a service.
pub(super) const MOST_MOUNTS: usize = 32;
/// Routes of a stack: Traefik reads all of them every time.
pub(super) const MOST_ROUTES: usize = 50;
/// Bytes of all configs and secrets: the managers keep them in memory.
pub(super) const MOST_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Whether a capability may be added, however it is spelled.
pub(super) fn capability(name: &str) -> bool {
    let name = name.trim().to_ascii_uppercase();
    let name = name.strip_prefix("CAP_").unwrap_or(&name);
    CAPABILITIES.iter().any(|good| good.strip_prefix("CAP_") == Some(name))
}

/// Whether a kernel parameter may be set.
pub(super) fn sysctl(name: &str) -> bool {
    SYSCTLS.contains(&name)
}

/// Why a ulimit may not be set.
pub(super) fn ulimit(name: &str, (soft, hard): (i64, i64)) -> Option<&'static str> {
    let within = |most: i64| (0..=most).contains(&soft) && (0..=most).contains(&hard);
    match name {
        "nofile" if !within(1_048_576) => Some("which may be 1048576 at most"),
        "nproc" if !within(65_536) => Some("which may be 65536 at most"),
        "core" if !within(0) => Some("which must be 0, since the node would keep the dumps"),
        "stack" if !within(1 << 30) => Some("which may be 1 GiB at most"),
        "nofile" | "nproc" | "core" | "stack" | "memlock" => None,
        _ => Some("which is none of `nofile`, `nproc`, `core`, `stack` and `memlock`"),
    }
}

/// Why an option of a log driver may not have its value.
pub(super) fn log_option(name: &str, value: &str) -> Option<&'static str> {
    match name {
        "max-size" if !units::bytes(value).is_some_and(|size| (1..=LOG_SIZE).contains(&size)) => {
            Some("which must be a size of 50m at most")
        }
        "max-file" if !value.parse().is_ok_and(|files| (1..=LOG_FILES).contains(&files)) => {
            Some("which must be a number from 1 to 5")
        }
        _ if !LOG_OPTIONS.contains(&name) => Some(
            "which is none of `compress`, `env`, `labels`, `max-file`, `max-size`, `mode` and `tag`",
        ),
        _ => None,
    }
}

/// Whether a label tells Traefik, Docker or Berth what to do, in any case: no
/// two of those agree whether case matters.
pub(super) fn commands(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ["traefik.", "com.docker.", "io.docker.", "org.dockerproject.", "berth."]
        .iter()
        .any(|prefix| label.starts_with(prefix))
}

/// Whether a label only describes. Any other may be an order to a program that
/// watches Docker: there are some that run commands, back up, or proxy.
pub(super) fn describes(label: &str) -> bool {
    label.starts_with("org.opencontainers.") || label.starts_with("org.label-schema.")
}

/// Why a placement constraint may not be made.
pub(super) fn constraint(text: &str) -> Option<&'static str> {
    let (key, equal, value) = match (text.split_once("=="), text.split_once("!=")) {
        (Some((key, value)), _) => (key, true, value),
        (None, Some((key, value))) => (key, false, value),
        (None, None) => return Some("is no comparison"),
    };
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
    match key.as_str() {
        "node.role" if value == if equal { "worker" } else { "manager" } => None,
        "node.role" => Some("puts tasks on managers, which keep the cluster's secrets"),
        _ if ["node.labels.", "node.platform.", "engine.labels."]
            .iter()
            .any(|kind| key.starts_with(kind)) =>
        {
            None
        }
        _ => Some("picks a node by name"),
    }
}

/// Whether an address is a container's way to its node: the node itself, or
/// what only answers next to it, such as a cloud's metadata.
pub(super) fn is_near(address: &str) -> bool {
    let bare = address.trim().trim_start_matches('[').trim_end_matches(']');
    let bare = bare.split_once('%').map_or(bare, |(address, _)| address);
    match bare.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(v4)) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        Ok(IpAddr::V6(v6)) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                // Where Amazon's metadata answers over IPv6.
                || v6.segments().starts_with(&[0xfd00, 0x0ec2])
        }
        // `host-gateway`, and whatever else an engine may take for an address.
        Err(_) => true,
    }
}

/// The registry of an image, by its host.
pub(super) fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host == "localhost" || host.contains(['.', ':']) => host,
        _ => "docker.io",
    }
}

/// Whether an image's name is one that Berth gives: what another stack built,
/// with all that was put into it.
pub(super) fn is_built(image: &str) -> bool {
    image.starts_with("berth/")
}

/// Whether `host` is `own`, or below it.
pub(super) fn is_below(host: &str, own: &str) -> bool {
    let own = own.to_ascii_lowercase();
    host == own || host.strip_suffix(&own).is_some_and(|head| head.ends_with('.'))
}

/// Whether a container is held to no less than the engine's own: to more is fine.
pub(super) fn is_confined(security: &Security) -> bool {
    let Security { no_new_privileges: _, unconfined_seccomp, unconfined_apparmor, selinux } =
        security;
    !unconfined_seccomp && !unconfined_apparmor && selinux.is_none()
}
