//! Comparing two services field by field, whatever fields there are: a field that
//! is added to the spec is compared without being named here.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::stack::ServiceSpec;
use serde_json::{Map, Value};

use super::value::{entry, shown as text};

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it is; empty where it can't be told.
    pub(super) path: Vec<String>,
    /// What it should be.
    pub(super) desired: Option<String>,
    /// What it is.
    pub(super) live: Option<String>,
}

/// Lists of texts whose order says nothing, so that each item is one for itself.
const UNORDERED: [&str; 6] =
    ["groups", "cap_add", "cap_drop", "constraints", "platforms", "aliases"];

/// The differences between two services that do not [mean](ServiceSpec::means)
/// the same: at least one.
pub(super) fn compare(wanted: &ServiceSpec, live: &ServiceSpec) -> Vec<Found> {
    // More than was asked for is no difference.
    let forced = [wanted.force_updates, live.force_updates.min(wanted.force_updates)];
    let mut specs = [wanted.comparable(), live.comparable()];
    for (spec, forced) in specs.iter_mut().zip(forced) {
        spec.force_updates = forced;
    }
    let [wanted, live] = specs.map(|spec| serde_json::to_value(spec).unwrap_or_default());
    let mut found = Vec::new();
    walk(&mut Vec::new(), Some(&wanted), Some(&live), &mut found);
    if found.is_empty() {
        // What they say differs in nothing that can be written down.
        found.push(Found { path: Vec::new(), desired: None, live: None });
    }
    found
}

/// A field's path for people: a service's mode is about its replicas.
pub(super) fn shown(path: &[String]) -> String {
    match path {
        [mode, rest @ ..] if mode == "mode" && !rest.is_empty() => rest.join("."),
        path => path.join("."),
    }
}

fn walk(
    path: &mut Vec<String>,
    desired: Option<&Value>,
    live: Option<&Value>,
    found: &mut Vec<Found>,
) {
    if desired == live {
        return;
    }
    match (desired, live) {
        (Some(Value::Object(wanted)), Some(Value::Object(is)))
            if !is_other_mode(path, wanted, is) =>
        {
            let keys: BTreeSet<&String> = wanted.keys().chain(is.keys()).collect();
            for key in keys {
                path.push(key.clone());
                walk(path, wanted.get(key), is.get(key), found);
                path.pop();
            }
        }
        (Some(Value::Array(wanted)), Some(Value::Array(is))) => lists(path, wanted, is, found),
        _ => found.push(leaf(path, desired, live)),
    }
}

fn leaf(path: &[String], desired: Option<&Value>, live: Option<&Value>) -> Found {
    Found { path: path.to_vec(), desired: text(path, desired), live: text(path, live) }
}

/// Whether these are two kinds of mode: then nothing else about them compares.
fn is_other_mode(path: &[String], wanted: &Map<String, Value>, is: &Map<String, Value>) -> bool {
    let mode = path.len() == 1 && path.first().is_some_and(|part| part == "mode");
    mode && wanted.get("kind") != is.get("kind")
}

fn lists(path: &mut Vec<String>, wanted: &[Value], is: &[Value], found: &mut Vec<Found>) {
    let field = path.last().cloned().unwrap_or_default();
    let objects = || wanted.iter().chain(is).any(Value::is_object);
    if !UNORDERED.contains(&field.as_str()) && !objects() {
        let [wanted, is] = [wanted, is].map(|list| Value::Array(list.to_vec()));
        found.push(leaf(path, Some(&wanted), Some(&is)));
        return;
    }
    let [desired, live] = [wanted, is].map(|list| by_key(&field, list));
    let keys: BTreeSet<&String> = desired.keys().chain(live.keys()).collect();
    for key in keys {
        path.push(key.clone());
        let many = |list: &BTreeMap<String, Vec<&Value>>| list.get(key).map_or(0, Vec::len);
        match (many(&desired), many(&live)) {
            (1, 1) => {
                let of = |list: &BTreeMap<String, Vec<&Value>>| list[key].first().copied().cloned();
                walk(path, of(&desired).as_ref(), of(&live).as_ref(), found);
            }
            (one, other) if one == other && desired.get(key) == live.get(key) => {}
            (one, other) => {
                // An item in a list: the list's name says what it is.
                let hidden = super::value::hides(path);
                let item = |list: &BTreeMap<String, Vec<&Value>>| {
                    let first = list.get(key)?.first()?;
                    let text = entry(&field, first);
                    Some(if hidden { super::value::HIDDEN.to_owned() } else { text })
                };
                found.push(Found {
                    path: path.clone(),
                    desired: (one >= other).then(|| item(&desired)).flatten(),
                    live: (other >= one).then(|| item(&live)).flatten(),
                });
            }
        }
        path.pop();
    }
}

/// The items of a list by what makes each the same item in another list.
fn by_key<'a>(field: &str, list: &'a [Value]) -> BTreeMap<String, Vec<&'a Value>> {
    let mut items: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for item in list {
        let name = match field {
            "mounts" | "configs" | "secrets" => "target",
            "networks" => "network",
            _ => "",
        };
        let key = item.get(name).and_then(Value::as_str);
        let key = key.map_or_else(|| entry(field, item), str::to_owned);
        items.entry(key).or_default().push(item);
    }
    items
}
