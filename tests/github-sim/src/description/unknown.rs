//! Keys of a request that the description doesn't name.
//!
//! GitHub lets them pass, and so does its description. From our own client they
//! are a mistake: a misspelt option, or one of another operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Misfit, resolve};

/// How deep request bodies go; the description refers to itself in places.
const DEPTH: usize = 12;

/// Every key in `value` that `schema` doesn't name.
pub(super) fn keys(document: &Value, schema: &Value, value: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    walk(document, &[schema], value, "", &mut found);
    found
}

fn walk(document: &Value, schemas: &[&Value], value: &Value, place: &str, found: &mut Vec<Misfit>) {
    let mut parts = Vec::new();
    for schema in schemas {
        flatten(document, schema, DEPTH, &mut parts);
    }
    match value {
        Value::Object(fields) => {
            let mut named: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
            for part in &parts {
                for (name, schema) in part["properties"].as_object().into_iter().flatten() {
                    named.entry(name).or_default().push(schema);
                }
            }
            // An object of which no key is named is free.
            if named.is_empty() {
                return;
            }
            for (name, inner) in fields {
                let place = format!("{place}/{name}");
                match named.get(name.as_str()) {
                    Some(schemas) => walk(document, schemas, inner, &place, found),
                    None => found.push((place, "is no key of this request".to_owned())),
                }
            }
        }
        Value::Array(items) => {
            let schemas: Vec<&Value> = parts.iter().filter_map(|part| part.get("items")).collect();
            for (index, item) in items.iter().enumerate() {
                walk(document, &schemas, item, &format!("{place}/{index}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A schema and all that it is composed of.
fn flatten<'a>(document: &'a Value, schema: &'a Value, depth: usize, parts: &mut Vec<&'a Value>) {
    let schema = resolve(document, schema);
    parts.push(schema);
    if depth == 0 {
        return;
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        for part in schema[name].as_array().into_iter().flatten() {
            flatten(document, part, depth - 1, parts);
        }
    }
}
