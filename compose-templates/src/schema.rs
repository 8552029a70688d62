//! The JSON Schema of compose files as Berth reads them: for editors, and for
//! whoever wants to know before Berth says.
//!
//! It is the compose specification's own (`schema/compose-spec.json`), in which
//! a service's `x-berth` has the schema that comes from its Rust types. What
//! Swarm can't do is in it as well: that is for the loader to refuse.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::x_berth::XBerth;

/// The compose specification's schema.
const COMPOSE: &str = include_str!("../schema/compose-spec.json");

/// Where a schema may have others in it: by name, as a list, or one.
const BY_NAME: [&str; 3] = ["properties", "patternProperties", "$defs"];
const LISTS: [&str; 4] = ["anyOf", "oneOf", "allOf", "prefixItems"];
const ONE: [&str; 2] = ["items", "additionalProperties"];

/// The schema of a compose file with `x-berth` (JSON Schema, draft 2020-12).
pub fn compose() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| make().unwrap_or_default());
    &SCHEMA
}

/// [`None`] only where the vendored schema is another than it was.
fn make() -> Option<Value> {
    let mut schema: Value = serde_json::from_str(COMPOSE).ok()?;
    let mut ours = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<XBerth>();
    let ours = ours.as_object_mut()?;
    ours.remove("$schema");
    let definitions = ours.remove("$defs");

    let root = schema.as_object_mut()?;
    root.insert("$id".to_owned(), "berth-compose.json".into());
    root.insert("title".to_owned(), "Compose file for Berth".into());
    let all = root.get_mut("$defs")?.as_object_mut()?;
    for (name, mut definition) in definitions.as_ref().and_then(Value::as_object).cloned()? {
        or_interpolated(&mut definition);
        all.insert(name, definition);
    }
    let mut x_berth = Value::Object(std::mem::take(ours));
    or_interpolated(&mut x_berth);
    all.insert("x-berth".to_owned(), x_berth);
    let service = all.get_mut("service")?.get_mut("properties")?.as_object_mut()?;
    service.insert("x-berth".to_owned(), json!({"$ref": "#/$defs/x-berth"}));
    Some(schema)
}

/// Lets a text with a variable stand wherever a number, a truth value or one of
/// a few words does: what it will be is not known yet.
fn or_interpolated(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut() else { return };
    for name in BY_NAME {
        let inner = fields.get_mut(name).and_then(Value::as_object_mut);
        inner.into_iter().flat_map(Map::values_mut).for_each(or_interpolated);
    }
    for name in LISTS {
        let inner = fields.get_mut(name).and_then(Value::as_array_mut);
        inner.into_iter().flatten().for_each(or_interpolated);
    }
    for name in ONE {
        fields.get_mut(name).into_iter().for_each(or_interpolated);
    }
    let scalar = |kind: &Value| matches!(kind.as_str(), Some("integer" | "number" | "boolean"));
    let typed = fields.get("type").is_some_and(|kind| {
        scalar(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(scalar))
    });
    let narrow = ["enum", "const", "pattern"].iter().any(|name| fields.contains_key(*name));
    if typed || narrow {
        let mut outer = Map::new();
        for name in ["description", "default"] {
            outer.extend(fields.remove(name).map(|value| (name.to_owned(), value)));
        }
        let exact = Value::Object(std::mem::take(fields));
        outer.insert("anyOf".to_owned(), json!([exact, {"type": "string", "pattern": "\\$"}]));
        *fields = outer;
    }
}

#[cfg(test)]
pub(crate) mod tests;
