//! Values of the right type that Docker can't read all the same: sizes, command
//! lines, mounts, and numbers below zero where there are none.

use super::super::check::{Check, Field};
use super::super::{units, volumes};
use crate::complaint::CauseKind;
use crate::yaml::Value;

/// Numbers that may not be below zero, by their path in a service.
const COUNTS: [&[&str]; 10] = [
    &["deploy", "replicas"],
    &["deploy", "update_config", "parallelism"],
    &["deploy", "rollback_config", "parallelism"],
    &["deploy", "restart_policy", "max_attempts"],
    &["deploy", "placement", "max_replicas_per_node"],
    &["healthcheck", "retries"],
    &["ports", "[]", "target"],
    &["ports", "[]", "published"],
    &["secrets", "[]", "mode"],
    &["configs", "[]", "mode"],
];

const SIZES: [&[&str]; 2] = [
    &["deploy", "resources", "limits", "memory"],
    &["deploy", "resources", "reservations", "memory"],
];

/// Refuses what can't be read in a file whose shape is right.
pub(super) fn check(check: &mut Check<'_>, file: &Field<'_>) {
    for section in check.map(file) {
        if section.key != "services" {
            continue;
        }
        for service in check.map(&section) {
            for path in COUNTS {
                each(check, &service, path, &mut |check, field| {
                    let below = match field.node.value {
                        Value::Int(number) => number.get() < 0,
                        Value::Float(number) => number < 0.0,
                        Value::Null
                        | Value::Bool(_)
                        | Value::Text(_)
                        | Value::List(_)
                        | Value::Map(_) => false,
                    };
                    if below {
                        unreadable(check, field, "must not be negative");
                    }
                });
            }
            for path in SIZES {
                each(check, &service, path, &mut |check, field| {
                    if field.node.value.as_text().is_some_and(|text| units::bytes(text).is_none()) {
                        unreadable(check, field, "must be a size such as `512m` or `1g`");
                    }
                });
            }
            for path in [["command"], ["entrypoint"]] {
                each(check, &service, &path, &mut |check, field| {
                    if let Some(Err(why)) = field.node.value.as_text().map(units::words) {
                        unreadable(check, field, why);
                    }
                });
            }
            each(check, &service, &["volumes", "[]"], &mut |check, field| {
                if let Some(Err(why)) = field.node.value.as_text().map(volumes::as_docker_reads) {
                    unreadable(check, field, why);
                }
            });
        }
    }
}

/// Calls `look` with whatever stands at `path` from `field` on.
fn each(
    check: &mut Check<'_>,
    field: &Field<'_>,
    path: &[&str],
    look: &mut dyn FnMut(&mut Check<'_>, &Field<'_>),
) {
    let Some((first, rest)) = path.split_first() else { return look(check, field) };
    let inner = match *first {
        "[]" if field.is_list() => check.list(field),
        name if field.is_map() => {
            check.map(field).into_iter().filter(|entry| entry.key == name).collect()
        }
        _ => Vec::new(),
    };
    for entry in inner {
        each(check, &entry, rest, look);
    }
}

fn unreadable(check: &mut Check<'_>, field: &Field<'_>, why: &str) {
    let message = format!("`{}` {why}", field.path);
    check.refuse_as(field.at(), CauseKind::Value, field.path, message);
}
