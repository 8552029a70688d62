//! Two sets of objects, field by field.
//!
//! `null`, `[]`, `{}` and what is not there are one. Everything else that
//! differs is a [`Difference`], unless it is [meant].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::engine::Made;
use crate::meant;

/// One field that the two say differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// `service st_web` and so on.
    pub object: String,
    /// The field, dotted, items by their number.
    pub path: String,
    /// What Docker says.
    pub docker: Option<Value>,
    /// What Berth says.
    pub berth: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told =
            |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(
            f,
            "{}: {} is {} to Docker, {} to Berth",
            self.object,
            self.path,
            told(&self.docker),
            told(&self.berth)
        )
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    /// How many fields were looked at.
    pub fields: usize,
    /// Differences that are meant, by the reason's name.
    pub meant: BTreeMap<&'static str, usize>,
    /// Differences that are not.
    pub unmeant: Vec<Difference>,
}

/// Compares what Docker made with what Berth made.
#[must_use]
pub fn compare(docker: &Made, berth: &Made) -> Compared {
    let mut compared = Compared::default();
    let berth: BTreeMap<String, &Value> =
        berth.iter().map(|(key, body)| (counterpart(key, docker), body)).collect();
    let keys: BTreeSet<&String> = docker.keys().chain(berth.keys()).collect();
    for key in keys {
        let fields = |body: Option<&Value>| {
            let mut fields = BTreeMap::new();
            let body = body.map(|body| with_sorted_files(with_sorted_ports(body.clone())));
            body.iter().for_each(|body| flatten(body, String::new(), &mut fields));
            fields
        };
        let (ours, theirs) = (fields(berth.get(key).copied()), fields(docker.get(key)));
        let paths: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
        for path in paths {
            compared.fields += 1;
            if theirs.get(path) == ours.get(path) {
                continue;
            }
            let difference = Difference {
                object: key.clone(),
                path: path.clone(),
                docker: theirs.get(path).cloned(),
                berth: ours.get(path).cloned(),
            };
            match meant::reason(&difference) {
                Some(reason) => *compared.meant.entry(reason).or_default() += 1,
                None => compared.unmeant.push(difference),
            }
        }
    }
    compared
}

/// Docker's client sorts ports by what they publish alone, and from twelve on in
/// no certain order among equals: then the rest of them decides here.
fn with_sorted_ports(mut body: Value) -> Value {
    let ports = body.pointer_mut("/EndpointSpec/Ports").and_then(Value::as_array_mut);
    if let Some(ports) = ports.filter(|ports| ports.len() >= 12) {
        ports.sort_by_cached_key(|port| {
            let number = |key: &str| port[key].as_u64().unwrap_or(0);
            (number("PublishedPort"), number("TargetPort"), port["Protocol"].to_string())
        });
    }
    body
}

/// Docker's client sorts configs and secrets by their name alone; one that is used
/// twice comes in no certain order.
fn with_sorted_files(mut body: Value) -> Value {
    for (list, name) in [("Configs", "ConfigName"), ("Secrets", "SecretName")] {
        let list = format!("/TaskTemplate/ContainerSpec/{list}");
        if let Some(files) = body.pointer_mut(&list).and_then(Value::as_array_mut) {
            files.sort_by_cached_key(|file| {
                let name = file[name].as_str().unwrap_or_default();
                let bare = meant::unhashed(name).unwrap_or(name).to_owned();
                (bare, file["File"]["Name"].to_string())
            });
        }
    }
    body
}

/// What Docker calls the object that Berth calls `key`.
fn counterpart(key: &str, docker: &Made) -> String {
    if docker.contains_key(key) {
        return key.to_owned();
    }
    let bare = meant::unhashed(key).filter(|bare| docker.contains_key(*bare));
    bare.unwrap_or(key).to_owned()
}

fn flatten(value: &Value, path: String, fields: &mut BTreeMap<String, Value>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Null => {}
        Value::Object(map) => {
            for (key, value) in map {
                flatten(value, join(key), fields);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                flatten(value, join(&index.to_string()), fields);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            // 1 and 1.0 are one number.
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && value.is_f64());
            let value = number.map_or_else(|| value.clone(), |number| whole(number, value));
            fields.insert(path, value);
        }
    }
}

fn whole(number: f64, value: &Value) -> Value {
    format!("{number:.0}").parse::<i64>().map_or_else(|_| value.clone(), Value::from)
}
