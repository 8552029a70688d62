//! Values for people: what may be a secret blotted out, the rest legible.

use serde_json::Value;

/// What stands for what is not shown.
pub(super) const HIDDEN: &str = "•••";

/// The most of a value that is shown, in characters.
const LONGEST: usize = 200;

/// What the name of something with a secret in it contains.
const SECRET_NAMES: [&str; 10] =
    ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "AUTH", "DSN", "URL", "USER", "HEADER"];

/// Fields whose values are never shown: the environment and what a command says
/// are where secrets are, and drivers' options have passwords of their own.
const CLOSED: [&str; 6] =
    ["env", "container_labels", "entrypoint", "command", "credential_spec", "logging"];

/// Labels that are shown, by how they begin: who is routed where. Traefik's
/// middlewares have hashes of passwords, and headers.
const OPEN_LABELS: [&str; 6] = [
    "traefik.http.routers.",
    "traefik.http.services.",
    "traefik.tcp.routers.",
    "traefik.tcp.services.",
    "traefik.udp.routers.",
    "traefik.udp.services.",
];

/// Whether the value at `path` may be a secret.
pub(super) fn hides(path: &[String]) -> bool {
    let part = |at: usize| path.get(at).map(String::as_str).unwrap_or_default();
    match part(0) {
        "labels" => !shows_label(part(1)),
        "healthcheck" => part(1) == "test",
        "mounts" => path.iter().any(|part| part == "driver" || part == "labels"),
        "networks" => path.iter().any(|part| part == "driver_opts"),
        field => CLOSED.contains(&field),
    }
}

fn shows_label(name: &str) -> bool {
    let open = name == "traefik.enable" || OPEN_LABELS.iter().any(|start| name.starts_with(start));
    open && !sounds_secret(name)
}

fn sounds_secret(text: &str) -> bool {
    let text = text.to_uppercase();
    SECRET_NAMES.iter().any(|part| text.contains(part))
}

/// A network's setting, blotted out where it may be a secret.
pub(super) fn guarded(what: &str, text: &str) -> String {
    let closed = what == "labels" || sounds_secret(text);
    if closed && text != "none" { HIDDEN.to_owned() } else { short(text) }
}

/// A value as it is shown; [`None`] where there is none.
pub(super) fn shown(path: &[String], value: Option<&Value>) -> Option<String> {
    let value = value.filter(|value| !value.is_null())?;
    let legible = legible(path, value)?;
    Some(if hides(path) { HIDDEN.to_owned() } else { short(&legible) })
}

pub(super) fn legible(path: &[String], value: &Value) -> Option<String> {
    let last = path.last().map(String::as_str).unwrap_or_default();
    match value {
        Value::Null => None,
        Value::Bool(flag) => Some(if *flag { "on" } else { "off" }.to_owned()),
        Value::Number(number) => Some(match number.as_i64() {
            Some(number) => unit(last, number),
            None => number.to_string(),
        }),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) => {
            Some(items.iter().map(|item| entry(last, item)).collect::<Vec<_>>().join(" "))
        }
        Value::Object(_) => Some(entry(last, value)),
    }
}

fn unit(field: &str, number: i64) -> String {
    match field {
        "stop_grace_period" | "interval" | "timeout" | "start_period" | "start_interval"
        | "delay" | "monitor" | "window" => {
            format!("{:?}", std::time::Duration::from_nanos(u64::try_from(number).unwrap_or(0)))
        }
        "limit_memory" | "reserve_memory" | "size" if number % (1 << 20) == 0 => {
            format!("{} MiB", number >> 20)
        }
        "limit_nano_cpus" | "reserve_nano_cpus" => {
            let thousandths = number / 1_000_000;
            let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            format!("{} CPUs", text.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => number.to_string(),
    }
}

/// An item of the list at `field`, in short.
pub(super) fn entry(field: &str, value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    match (field, value) {
        (_, Value::String(text)) => text.clone(),
        ("mode", Value::Object(_)) => text("kind").replace('_', " "),
        ("ports", Value::Object(_)) => {
            let number = |name: &str| value.get(name).and_then(Value::as_u64);
            let target = number("target").unwrap_or_default();
            let ports = match number("published") {
                Some(published) => format!("{published}:{target}"),
                None => target.to_string(),
            };
            let host = value.get("host").and_then(Value::as_bool) == Some(true);
            let at = if host { " on its own node" } else { "" };
            format!("{ports}/{}{at}", text("protocol"))
        }
        ("mounts", Value::Object(_)) => match text("source") {
            "" => text("target").to_owned(),
            source => format!("{source}:{}", text("target")),
        },
        ("networks", Value::Object(_)) => text("network").to_owned(),
        ("configs" | "secrets", Value::Object(_)) => {
            format!("{} at {}", text("name"), text("target"))
        }
        (_, Value::Array(items)) => {
            items.iter().map(|item| entry("", item)).collect::<Vec<_>>().join("/")
        }
        // What it says in all its fields is too long to read.
        (_, Value::Object(_)) => "set".to_owned(),
        (_, Value::Null | Value::Bool(_) | Value::Number(_)) => value.to_string(),
    }
}

pub(super) fn short(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(LONGEST).collect();
    if chars.next().is_some() { format!("{start}…") } else { start }
}
