//! The table against the Specification's schema, the documents and the readers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;
use crate::load::{Settings, Source, Variables, load};

mod compared;
mod effects;

const SECTIONS: [Section; 39] = [
    TOP,
    INCLUDE,
    SERVICE,
    BUILD,
    DEPENDS_ON,
    EXTENDS,
    ENV_FILE,
    HEALTHCHECK,
    LOGGING,
    CREDENTIALS,
    ULIMIT,
    PORT,
    VOLUME_USE,
    BIND,
    VOLUME_MOUNT,
    TMPFS_MOUNT,
    IMAGE_MOUNT,
    NETWORK_USE,
    BLOB_USE,
    DEPLOY,
    UPDATE,
    ROLLBACK,
    RESTART_POLICY,
    RESOURCES,
    LIMITS,
    RESERVATIONS,
    DEVICE_SPEC,
    DISCRETE,
    PLACEMENT,
    PREFERENCE,
    NETWORK,
    IPAM,
    IPAM_CONFIG,
    VOLUME,
    BLOB,
    SECRET,
    EXTERNAL,
    SAME_EXTERNAL,
    SAME_USE,
];

/// Mappings that stand in several places have one section.
const SAME_EXTERNAL: Section = Section { path: "volumes.*.external", ..EXTERNAL };
const SAME_USE: Section = Section { path: "services.*.secrets[]", ..BLOB_USE };

/// Keys that the schema does not have: older ones, and ours.
const BEYOND: [&str; 4] = [
    "secrets.*.content",
    "services.*.cgroupns_mode",
    "services.*.volume_driver",
    "services.*.x-berth",
];

fn section(path: &str) -> Option<Section> {
    let path = match path {
        "configs.*.external" | "secrets.*.external" => "networks.*.external",
        path => path,
    };
    SECTIONS.into_iter().find(|section| section.path == path)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Every key of a schema, by its path, and the path of the mapping it is in.
struct Walk<'s> {
    root: &'s Value,
    keys: BTreeSet<(String, String)>,
}

impl<'s> Walk<'s> {
    fn schema(&mut self, schema: &'s Value, path: &str, within: &[&str]) {
        let mut within = within.to_vec();
        if let Some(reference) = schema["$ref"].as_str() {
            if within.contains(&reference) {
                return;
            }
            within.push(reference);
            let target = self.root.pointer(reference.trim_start_matches('#'));
            self.schema(target.expect("the reference leads somewhere"), path, &within);
        }
        for one in ["oneOf", "anyOf", "allOf"].iter().filter_map(|word| schema[*word].as_array()) {
            one.iter().for_each(|schema| self.schema(schema, path, &within));
        }
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            let full = join(path, key);
            self.keys.insert((path.to_owned(), key.clone()));
            self.schema(inner, &full, &within);
        }
        let patterns = schema["patternProperties"].as_object().into_iter().flatten();
        let named = patterns.filter(|(pattern, _)| *pattern != "^x-").map(|(_, inner)| inner);
        for inner in named.chain([&schema["additionalProperties"]]).filter(|it| it.is_object()) {
            self.schema(inner, &format!("{path}.*"), &within);
        }
        if schema["items"].is_object() {
            self.schema(&schema["items"], &format!("{path}[]"), &within);
        }
    }
}

fn specification() -> BTreeSet<(String, String)> {
    let text = include_str!("../../../schema/compose-spec.json");
    let root: Value = serde_json::from_str(text).unwrap();
    let mut walk = Walk { root: &root, keys: BTreeSet::new() };
    walk.schema(&root, "", &[]);
    walk.keys
}

/// Whether a key, or one that it stands below, is ignored or refused.
fn is_answered_for(path: &str) -> bool {
    let mut ends: Vec<usize> = path.match_indices(['.', '[']).map(|(at, _)| at).collect();
    ends.push(path.len());
    ends.into_iter().any(|end| {
        let (parent, key) = path[..end].rsplit_once('.').unwrap_or(("", &path[..end]));
        let key = section(parent).and_then(|section| section.get(key));
        key.is_some_and(|key| matches!(key.class, Class::Ignored | Class::Refused))
    })
}

#[test]
fn every_key_of_the_specification_is_in_a_class() {
    let all = specification();
    assert!(all.len() > 300, "the walk found {} keys", all.len());
    let missing: Vec<String> = all
        .iter()
        .filter(|(path, key)| section(path).is_none_or(|section| section.get(key).is_none()))
        .map(|(path, key)| join(path, key))
        .filter(|path| !is_answered_for(path))
        .collect();
    assert!(missing.is_empty(), "these keys are in no class:\n{}", missing.join("\n"));
}

#[test]
fn every_key_of_the_table_is_in_the_specification() {
    let all = specification();
    let mut beyond = BTreeSet::new();
    for section in SECTIONS {
        let names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
        assert!(names.is_sorted(), "the keys of {:?} are not sorted", section.path);
        for name in names {
            if !all.contains(&(section.path.to_owned(), name.to_owned())) {
                beyond.insert(join(section.path, name));
            }
        }
    }
    assert_eq!(beyond.iter().map(String::as_str).collect::<Vec<_>>(), BEYOND);
}

/// A file in which `key` stands at `path`, as JSON, which is YAML.
fn file(path: &str, key: &str, value: &Value) -> (String, String) {
    let mut tree = json!({ key: value });
    let mut shown = path.replace('*', "a").replace("[]", "[0]");
    shown = join(&shown, key);
    for part in path.split('.').rev().filter(|part| !part.is_empty()) {
        let name = part.trim_end_matches("[]");
        let inner = if name == part { tree } else { json!([tree]) };
        tree = json!({ (if name == "*" { "a" } else { name }): inner });
    }
    if !path.starts_with("services") {
        tree["services"] = json!({"a": {"image": "x"}});
    }
    (tree.to_string(), shown)
}

#[test]
fn what_is_ignored_or_refused_is_told_with_its_reason_and_its_place() {
    for section in SECTIONS.into_iter().filter(|section| !is_answered_for(section.path)) {
        for key in section.keys {
            let what = match key.class {
                Class::Applied | Class::Meaning => continue,
                Class::Ignored => "is ignored",
                Class::Refused => "is not possible",
            };
            let (text, path) = file(section.path, key.name, &json!(true));
            let source = Source { path: "c.yml".to_owned(), text };
            let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
            let said = match load(&[source], &none, &Variables::new(), &Settings::default()) {
                Ok(loaded) => loaded.notes().iter().map(ToString::to_string).collect::<Vec<_>>(),
                Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
            };
            let wanted = format!("`{path}` {what}: {}", key.words);
            let told =
                said.iter().any(|said| said.starts_with("c.yml:1:") && said.contains(&wanted));
            // Notes are lost where something else is refused: what a list item lacks.
            let lacks = said.iter().any(|said| said.contains("needs a"));
            assert!(told || (lacks && key.class == Class::Ignored), "{wanted}\n{said:?}");
        }
    }
}

/// The table as `docs/compose.md` has it.
fn documented() -> String {
    let mut text = String::from("| key | class | meaning, or reason |\n|---|---|---|\n");
    for section in SECTIONS {
        for key in section.keys {
            let class = match key.class {
                Class::Applied => "applied",
                Class::Meaning => "applied, with a meaning",
                Class::Ignored => "ignored",
                Class::Refused => "refused",
            };
            let path = join(section.path, key.name);
            text += &format!("| `{path}` | {class} | {} |\n", key.words);
        }
    }
    text
}

#[test]
fn the_documents_have_the_table_of_keys() {
    const START: &str = "<!-- keys: `cargo xtask gen` writes what follows -->\n";
    const END: &str = "<!-- /keys -->";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/compose.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) =
        text.split_once(START).expect("docs/compose.md has the start of the table");
    let (_, after) = rest.split_once(END).expect("docs/compose.md has the end of the table");
    let wanted = format!("{before}{START}\n{}\n{END}{after}", documented());
    if std::env::var_os("BERTH_UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
        return;
    }
    assert!(wanted == text, "the table of keys in docs/compose.md is old; run `cargo xtask gen`");
}

#[test]
fn a_slip_is_met_with_what_was_meant() {
    let (text, _) = file("services.*.deploy.update_config", "paralelism", &json!(1));
    let source = Source { path: "c.yml".to_owned(), text };
    let none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let complaints = load(&[source], &none, &Variables::new(), &Settings::default()).unwrap_err();
    insta::assert_snapshot!(complaints[0].message, @"`services.a.deploy.update_config.paralelism` is not a key of compose; is `parallelism` meant?");
}

/// Every key by its path, for [`effects`].
fn every_key() -> BTreeMap<String, Key> {
    let keys = SECTIONS.into_iter().flat_map(|section| {
        section.keys.iter().map(move |key| (join(section.path, key.name), *key))
    });
    keys.collect()
}
