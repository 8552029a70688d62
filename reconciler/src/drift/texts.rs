//! What differs as YAML, what is and what should be, with nothing in it that may
//! be a secret: by the same rules as the differences.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::ObservedStack;
use berth_domain::stack::StackSpec;
use serde::Serialize;
use serde_json::{Map, Value};

use super::value::{HIDDEN, guarded, hides, legible, short};
use super::{Difference, Kind};

/// An object that differs, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// What kind of object.
    pub kind: Kind,
    /// Which: a service's short name, or the name on the cluster.
    pub name: String,
    /// What it should be; [`None`] where nobody asks for it.
    pub desired: Option<String>,
    /// What it is; [`None`] where it is not there.
    pub live: Option<String>,
}

/// The services and networks that `differences` are about. What a config or a
/// secret has in it is not shown.
#[must_use]
pub fn texts(spec: &StackSpec, observed: &ObservedStack, differences: &[Difference]) -> Vec<Text> {
    let about: BTreeSet<(Kind, &str)> =
        differences.iter().map(|it| (it.kind, it.name.as_str())).collect();
    let text = |(kind, name): (Kind, &str)| {
        let (desired, live) = match kind {
            Kind::Service => {
                let live = observed.services.get(name).and_then(|is| is.spec.as_ref());
                let value = |it| serde_json::to_value(it).unwrap_or_default();
                let wanted = spec.services.get(name).map(|it| value(it.comparable()));
                let live = live.map(|it| value(it.comparable()));
                let write = |one: &Option<Value>, other: &Option<Value>, mark| {
                    let one = one.as_ref()?;
                    Some(yaml(&shown(&mut Vec::new(), one, other.as_ref(), mark)?))
                };
                (write(&wanted, &live, CHANGED), write(&live, &wanted, HIDDEN))
            }
            Kind::Network => {
                let live = observed.networks.get(name).map(|is| &is.spec);
                let write = |it| serde_json::to_value(it).ok().and_then(|it| network(&it));
                (spec.networks.get(name).and_then(write), live.and_then(write))
            }
            Kind::Config | Kind::Secret => return None,
        };
        Some(Text { kind, name: name.to_owned(), desired, live })
    };
    about.into_iter().filter_map(text).collect()
}

/// What stands for a value that is not shown, and that another takes the place of.
const CHANGED: &str = "••• (another value)";

/// What a field says, for people; [`None`] where it says nothing.
fn shown(
    path: &mut Vec<String>,
    value: &Value,
    other: Option<&Value>,
    mark: &str,
) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (key, value) in fields {
                path.push(key.clone());
                let other = other.and_then(|other| other.get(key));
                let field = shown(path, value, other, mark);
                path.pop();
                if let Some(field) = field {
                    kept.insert(key.clone(), field);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) if items.is_empty() => None,
        Value::Null | Value::Bool(false) => None,
        Value::String(text) if text.is_empty() => None,
        _ if hides(path) => {
            let differs = other.is_some_and(|other| other != value);
            Some(Value::String(if differs { mark } else { HIDDEN }.to_owned()))
        }
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| {
                path.push(String::new());
                let item = shown(path, item, None, mark);
                path.pop();
                item
            });
            Some(Value::Array(items.collect()))
        }
        Value::Bool(true) => Some(Value::Bool(true)),
        Value::Number(number) => {
            let text = legible(path, value)?;
            let plain = text == number.to_string();
            Some(if plain { value.clone() } else { Value::String(text) })
        }
        Value::String(text) => Some(Value::String(short(text))),
    }
}

/// A network, whose settings are guarded as its differences are.
fn network(value: &Value) -> Option<String> {
    let mut kept = BTreeMap::new();
    for (key, value) in value.as_object()? {
        let says_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(true) | Value::Number(_) => false,
        };
        if says_nothing {
            continue;
        }
        let guard = |text: &str| guarded(key, text) == HIDDEN;
        let hidden = guard(&value.to_string());
        kept.insert(key, if hidden { Value::String(HIDDEN.to_owned()) } else { value.clone() });
    }
    (!kept.is_empty()).then(|| serde_yaml::to_string(&kept).unwrap_or_default())
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}
