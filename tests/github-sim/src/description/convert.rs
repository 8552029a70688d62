//! OpenAPI 3.0 to JSON Schema draft 7.

use serde_json::{Map, Value, json};

use super::BASE;

/// The document with its schemas in JSON Schema's terms: `nullable` becomes a
/// type, and references are whole.
pub(super) fn to_json_schema(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(to_json_schema).collect(),
        Value::Object(fields) => object(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn object(fields: &Map<String, Value>) -> Value {
    if let Some(Value::String(target)) = fields.get("$ref") {
        let whole = json!({ "$ref": format!("{BASE}{target}") });
        return if is_nullable(fields) { or_null(&whole) } else { whole };
    }
    let mut out: Map<String, Value> = fields
        .iter()
        .filter(|(name, value)| !(*name == "nullable" && value.is_boolean()))
        .map(|(name, value)| {
            // What an enumeration lists are values, not schemas.
            let value = if name == "enum" { value.clone() } else { to_json_schema(value) };
            (name.clone(), value)
        })
        .collect();
    if !is_nullable(fields) {
        return out.into();
    }
    let composed = ["allOf", "anyOf", "oneOf"].iter().any(|name| out.contains_key(*name));
    match out.get("type") {
        Some(kind @ Value::String(_)) if !composed => {
            let kinds = json!([kind, "null"]);
            out.insert("type".to_owned(), kinds);
            if let Some(Value::Array(values)) = out.get_mut("enum")
                && !values.contains(&Value::Null)
            {
                values.push(Value::Null);
            }
            out.into()
        }
        _ => or_null(&out.into()),
    }
}

fn is_nullable(fields: &Map<String, Value>) -> bool {
    fields.get("nullable") == Some(&Value::Bool(true))
}

fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}
