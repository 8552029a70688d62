//! Published ports: short, long, and ranges.

use super::check::{Check, Field};
use super::keys;
use super::model::PortUse;
use crate::load::Reading;

/// The most ports a service may publish: each is a listener on every node.
const MAX_PORTS: usize = 1000;

/// The most ports that all services may publish.
pub(super) const MAX_ALL_PORTS: usize = 10_000;

pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Vec<PortUse> {
    let mut ports = Vec::new();
    for item in check.list(field) {
        if ports.len() >= MAX_PORTS {
            check.refuse(item.at(), format!("`{}` has more than 1,000 ports", field.path));
            break;
        }
        if item.is_map() {
            ports.extend(long(check, &item));
        } else if let Some(text) = check.filled(&item) {
            let read = if check.is_stack() { as_docker_reads(&text) } else { short(&text) };
            match read {
                Ok((address, all)) => {
                    check_address(check, &item, address);
                    let at = item.at();
                    ports.extend(all.into_iter().map(|(published, target, protocol)| PortUse {
                        at,
                        published,
                        target,
                        protocol,
                        host: false,
                    }));
                }
                Err(why) => check.refuse(item.at(), format!("`{}` is {text:?}, {why}", item.path)),
            }
        }
    }
    check.ports += ports.len();
    if check.ports > MAX_ALL_PORTS {
        if check.ports - ports.len() <= MAX_ALL_PORTS {
            check.refuse(field.at(), "the services publish more than 10,000 ports");
        }
        return Vec::new();
    }
    ports
}

/// Swarm listens on every address of every node, whatever the file says.
fn check_address(check: &mut Check<'_>, item: &Field<'_>, address: &str) {
    if matches!(address, "" | "0.0.0.0" | "::" | "[::]") {
        return;
    }
    let local = address.starts_with("127.") || matches!(address, "localhost" | "::1" | "[::1]");
    if local && check.reading == Reading::Compose {
        let message = format!(
            "`{}` is meant for {address} alone, but Swarm would publish it on every address of every node; leave the port out (services on one network reach it anyway), or leave the address out",
            item.path
        );
        check.refuse(item.at(), message);
    } else {
        let message =
            format!("`{}` is published on every address, not on {address} alone", item.path);
        check.note(item.at(), message);
    }
}

type Ports = Vec<(Option<u16>, u16, String)>;

/// As [`short`], with what `docker stack deploy` overlooks (a port 0) and what it
/// minds (a host name in the place of an address).
///
/// # Errors
///
/// The rest of a sentence that says why it refuses the port.
pub(super) fn as_docker_reads(text: &str) -> Result<(&str, Ports), &'static str> {
    let (ports, protocol) = match text.split_once('/') {
        Some((ports, protocol)) => (ports, protocol.split('/').next().unwrap_or_default()),
        None => (text, ""),
    };
    let protocol =
        if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_ascii_lowercase() };
    let (left, target) = match ports.rsplit_once(':') {
        Some((left, target)) => (left, target),
        None => ("", ports),
    };
    let (address, published) = left.rsplit_once(':').unwrap_or(("", left));
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if !address.is_empty() && bare.unwrap_or(address).parse::<std::net::IpAddr>().is_err() {
        return Err("but what stands before the ports is no IP address");
    }
    let targets = docker_range(target)?;
    let published = if published.is_empty() { None } else { Some(docker_range(published)?) };
    let length = |range: &std::ops::RangeInclusive<u16>| range.end() - range.start();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err("but the protocol must be `tcp`, `udp` or `sctp`");
    }
    let some = |port: u16| Some(port).filter(|port| *port > 0);
    let mut all: Ports = match published {
        None => targets.map(|port| (None, port, protocol.clone())).collect(),
        Some(published) if length(&published) == length(&targets) => {
            published.zip(targets).map(|(p, t)| (some(p), t, protocol.clone())).collect()
        }
        Some(published) if length(&targets) == 0 => {
            let target = *targets.start();
            published.map(|p| (some(p), target, protocol.clone())).collect()
        }
        Some(_) => return Err("but the two ranges differ in length"),
    };
    // Docker sorts what a range unfolds to as text.
    all.sort_by_cached_key(|(_, target, _)| target.to_string());
    Ok((address, all))
}

fn docker_range(text: &str) -> Result<std::ops::RangeInclusive<u16>, &'static str> {
    let wrong = "but a port is a number up to 65535, or a range such as `8000-8010`";
    let mut parts = text.split('-');
    let mut port = || {
        let part = parts.next()?;
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u16>().ok().filter(|_| digits)
    };
    let first = port().ok_or(wrong)?;
    let last = if text.contains('-') { port().ok_or(wrong)? } else { first };
    if last < first {
        return Err("but the range ends before it starts");
    }
    if usize::from(last - first) >= MAX_PORTS {
        return Err("which is more than 1,000 ports");
    }
    Ok(first..=last)
}

/// `[address:]published:target[/protocol]`, each of the two a port or a range.
fn short(text: &str) -> Result<(&str, Ports), &'static str> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err("but the protocol must be `tcp`, `udp` or `sctp`");
    }
    let (left, target) = match ports.rsplit_once(':') {
        Some((left, target)) => (Some(left), target),
        None => (None, ports),
    };
    let (address, published) = match left.and_then(|left| left.rsplit_once(':')) {
        Some((address, published)) => (address, Some(published)),
        None => ("", left),
    };
    let targets = range(target)?;
    let Some(published) = published.filter(|published| !published.is_empty()) else {
        return Ok((address, targets.map(|port| (None, port, protocol.clone())).collect()));
    };
    let published = range(published)?;
    let ports = if published.clone().count() == targets.clone().count() {
        published.zip(targets).map(|(p, t)| (Some(p), t, protocol.clone())).collect()
    } else if targets.clone().count() == 1 {
        let target = *targets.start();
        published.map(|p| (Some(p), target, protocol.clone())).collect()
    } else {
        return Err("but the two ranges differ in length");
    };
    Ok((address, ports))
}

fn range(text: &str) -> Result<std::ops::RangeInclusive<u16>, &'static str> {
    let wrong = "but a port is a number from 1 to 65535, or a range such as `8000-8010`";
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0).ok_or(wrong);
    let (first, last) = (port(first)?, port(last)?);
    if last < first {
        return Err("but the range ends before it starts");
    }
    if usize::from(last - first) >= MAX_PORTS {
        return Err("which is more than 1,000 ports");
    }
    Ok(first..=last)
}

fn long(check: &mut Check<'_>, field: &Field<'_>) -> Option<PortUse> {
    let (mut target, mut published, mut protocol, mut host) = (None, None, None, false);
    for key in check.map(field) {
        match key.key {
            "target" => target = check.number::<u16>(&key).filter(|port| *port > 0),
            "published" => published = check.number::<u16>(&key).filter(|port| *port > 0),
            "protocol" => protocol = check.word(&key, &["tcp", "udp", "sctp"]),
            "mode" => host = check.word(&key, &["ingress", "host"]).as_deref() == Some("host"),
            "host_ip" => {
                if let Some(address) = check.filled(&key) {
                    check_address(check, &key, &address);
                }
            }
            _ => check.other(&key, &keys::PORT),
        }
    }
    let Some(target) = target else {
        check.refuse(
            field.at(),
            format!("`{}` needs a `target`, the port in the container", field.path),
        );
        return None;
    };
    Some(PortUse {
        at: field.at(),
        published,
        target,
        protocol: protocol.unwrap_or_else(|| "tcp".to_owned()),
        host,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match short(text) {
            Ok((_, ports)) => ports
                .into_iter()
                .map(|(published, target, protocol)| {
                    format!(
                        "{}>{target}/{protocol}",
                        published.map_or("?".to_owned(), |p| p.to_string())
                    )
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(why) => format!("! {why}"),
        }
    }

    #[test]
    fn short_ports_expand_as_docker_expands_them() {
        for (text, ports) in [
            ("80", "?>80/tcp"),
            ("8080:80", "8080>80/tcp"),
            ("127.0.0.1:8081:81", "8081>81/tcp"),
            ("[::1]:8443:443", "8443>443/tcp"),
            ("127.0.0.1::81", "?>81/tcp"),
            ("9000-9002:9000-9002", "9000>9000/tcp 9001>9001/tcp 9002>9002/tcp"),
            ("7000-7002:7000", "7000>7000/tcp 7001>7000/tcp 7002>7000/tcp"),
            ("3000-3001", "?>3000/tcp ?>3001/tcp"),
            ("53:53/udp", "53>53/udp"),
            ("1234:1234/sctp", "1234>1234/sctp"),
        ] {
            assert_eq!(read(text), ports, "{text}");
        }
        for bad in ["0:80", "80:x", "70000:80", "1-3:1-2", "5-3", "80/icmp", "1-65535", ""] {
            assert!(read(bad).starts_with('!'), "{bad}: {}", read(bad));
        }
    }
}
