//! The committed OpenAPI document is the one that the code makes, and is one.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]
#![expect(clippy::disallowed_methods, reason = "a test is told by the environment to rewrite")]

use std::collections::BTreeSet;

use serde_json::Value;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../frontend/openapi/openapi.json");

/// Set to 1, the committed document is rewritten.
const UPDATE: &str = "BERTH_UPDATE";

fn document() -> Value {
    serde_json::to_value(berth_api::document()).unwrap()
}

#[test]
fn the_committed_document_is_current() {
    let mut current = berth_api::document().to_pretty_json().unwrap();
    current.push('\n');
    if std::env::var(UPDATE).is_ok_and(|value| value == "1") {
        std::fs::write(COMMITTED, &current).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    assert!(
        committed == current,
        "frontend/openapi/openapi.json is out of date: run \
         `{UPDATE}=1 cargo test -p berth-api --test openapi` and commit it"
    );
}

#[test]
fn it_is_openapi_3_1_with_a_snake_case_id_for_each_operation() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(id.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{id}");
            assert!(operation["summary"].is_string(), "{method} {path} says nothing");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            let named: BTreeSet<_> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
                .collect();
            let in_path: BTreeSet<_> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .map(str::to_owned)
                .collect();
            assert_eq!(named, in_path, "{method} {path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    found.push(reference.clone());
                }
                fields.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut references = Vec::new();
    walk(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}
