//! What `docker stack deploy` refuses of a file, in its order: keys that are
//! forbidden, variables, the schema of the file's version, values that it can't
//! read.
//!
//! It looks at the tree before the model is read, so the reading itself need not
//! know how strict Docker is. What shows only when the files are one (a volume
//! that no file defines) is refused where it shows, in `stack`.

mod cast;
mod decode;
mod keys;
mod shape;

use super::check::{Check, Field};
use crate::complaint::CauseKind;
use crate::yaml::{Node, Value};

/// Keys of a service that are refused by name, with what to do instead.
const FORBIDDEN: [(&str, &str); 8] = [
    ("cpu_quota", "set `deploy.resources`"),
    ("cpu_shares", "set `deploy.resources`"),
    ("cpuset", "set `deploy.resources`"),
    ("extends", "write the service out"),
    ("mem_limit", "set `deploy.resources.limits.memory`"),
    ("memswap_limit", "set `deploy.resources`"),
    ("volume_driver", "set `driver` of the volume"),
    ("volumes_from", "name the other service's volumes in `volumes`"),
];

/// Puts variables in and refuses what Docker does. Whether nothing was refused,
/// so that the tree can be read.
pub(crate) fn prepare(check: &mut Check<'_>, root: &mut Node) -> bool {
    if !matches!(root.value, Value::Map(_)) {
        // What reads it says so.
        return true;
    }
    let before = check.complaints.len();
    let version = version(check, root);
    forbidden(check, root);
    cast::variables(check, root);
    if check.complaints.len() > before {
        return false;
    }
    let file = Field::root(root);
    let Some(version) = version else { return false };
    shape::check(check, &keys::FILE, &file, version);
    if check.complaints.len() > before {
        return false;
    }
    decode::check(check, &file);
    check.complaints.len() == before
}

/// The number behind `3.` of the file's version; [`None`] where there is no such
/// version, or not the first file's.
fn version(check: &mut Check<'_>, root: &Node) -> Option<u8> {
    let root = Field::root(root);
    let field = check.map(&root).into_iter().find(|entry| entry.key == "version");
    let text = match field.as_ref().map(|field| &field.node.value) {
        None => String::new(),
        Some(Value::Text(text)) => text.clone(),
        // It is refused for its type, whatever it says.
        Some(Value::Float(_) | Value::Int(_)) => check.text(field.as_ref()?).unwrap_or_default(),
        Some(_) => return Some(keys::NEWEST),
    };
    let text = match text.as_str() {
        "" | "3" => format!("3.{}", keys::NEWEST),
        _ => text,
    };
    let at = field.as_ref().map_or(root.node.at, Field::at);
    let first = check.version.get_or_insert_with(|| text.clone()).clone();
    if first != text {
        let message = format!("the file is of version {text}, but the first one of {first}");
        check.refuse_as(at, CauseKind::Version, "version", message);
        return None;
    }
    let minor =
        text.strip_prefix("3.").filter(|minor| !minor.starts_with(['0', '+']) || *minor == "0");
    let minor = minor.and_then(|minor| minor.parse().ok()).filter(|minor| *minor <= keys::NEWEST);
    if minor.is_none() {
        let message = format!(
            "`docker stack deploy` knows no version {text:?}; take `version` out, or write one from 3.0 to 3.{}",
            keys::NEWEST
        );
        check.refuse_as(at, CauseKind::Version, "version", message);
    }
    minor
}

fn forbidden(check: &mut Check<'_>, root: &Node) {
    let file = Field::root(root);
    let Some(services) = check.map(&file).into_iter().find(|entry| entry.key == "services") else {
        return;
    };
    let services = if services.is_map() { check.map(&services) } else { Vec::new() };
    for service in services.iter().filter(|service| service.is_map()) {
        for key in check.map(service) {
            if let Some((_, instead)) = FORBIDDEN.iter().find(|(name, _)| *name == key.key) {
                let message = format!("`docker stack deploy` forbids `{}`; {instead}", key.path);
                check.refuse_as(key.key_at, CauseKind::Forbidden, key.path, message);
            }
        }
    }
}
