//! The repository checks itself: layers, files, documents. Checks are tests, so
//! nobody needs a tool to run them.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod fail_points;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Who may import whom, of our own crates. ARCHITECTURE.md, "Layers".
const LAYERS: &[(&str, &[&str])] = &[
    ("berth-domain", &[]),
    ("berth-compose-templates", &["berth-domain"]),
    ("berth-store", &["berth-domain"]),
    ("berth-swarm", &["berth-domain"]),
    ("berth-github-app", &["berth-domain"]),
    ("berth-builder", &["berth-domain"]),
    (
        "berth-reconciler",
        &["berth-domain", "berth-compose-templates", "berth-store", "berth-github-app"],
    ),
    (
        "berth-api",
        &[
            "berth-domain",
            "berth-compose-templates",
            "berth-store",
            "berth-github-app",
            "berth-swarm",
        ],
    ),
    (
        "berth",
        &[
            "berth-domain",
            "berth-compose-templates",
            "berth-store",
            "berth-swarm",
            "berth-github-app",
            "berth-builder",
            "berth-reconciler",
            "berth-api",
        ],
    ),
    (
        "berth-conformance",
        &[
            "berth-compose-templates",
            "berth-domain",
            "berth-github-app",
            "berth-reconciler",
            "berth-store",
            "berth-swarm",
            "berth-tests",
        ],
    ),
    ("berth-fuzz", &["berth-compose-templates"]),
    ("berth-github-sim", &[]),
    ("berth-tests", &["berth-github-sim"]),
    (
        "berth-bench",
        &[
            "berth-compose-templates",
            "berth-domain",
            "berth-github-app",
            "berth-reconciler",
            "berth-store",
            "berth-swarm",
            "berth-tests",
        ],
    ),
    ("xtask", &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The files that git tracks, or would.
fn files() -> Vec<PathBuf> {
    walkdir::WalkDir::new(root())
        .into_iter()
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            !matches!(name.as_ref(), "target" | "node_modules" | ".git" | ".berth" | "dist")
        })
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

fn rust_files() -> Vec<(String, String)> {
    files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| (shown(&path), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The dependencies of every crate of ours, by kind.
fn dependencies() -> BTreeMap<String, Vec<(String, bool)>> {
    // Cargo's own file format: `[dependencies]` and `[dev-dependencies]`.
    let mut all = BTreeMap::new();
    for manifest in files().iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = std::fs::read_to_string(manifest).unwrap();
        let Some(name) = text.lines().find_map(|line| line.strip_prefix("name = ")) else {
            continue;
        };
        let mut section = String::new();
        let mut found = Vec::new();
        for line in text.lines() {
            if line.starts_with('[') {
                line.clone_into(&mut section);
            } else if section.contains("dependencies]")
                && let Some((dependency, _)) = line.split_once(['.', ' ', '='])
            {
                found.push((dependency.to_owned(), section.contains("dev-")));
            }
        }
        all.insert(name.trim_matches('"').to_owned(), found);
    }
    all
}

#[test]
fn crates_import_only_what_their_layer_may() {
    let ours: BTreeSet<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
    let dependencies = dependencies();
    for (name, allowed) in LAYERS {
        let found = &dependencies[*name];
        for (dependency, dev) in found {
            let fine = *dev
                || !ours.contains(dependency.as_str())
                || allowed.contains(&dependency.as_str());
            assert!(fine, "{name} may not import {dependency}");
        }
    }
    for name in dependencies.keys() {
        assert!(ours.contains(name.as_str()), "{name} has no row in LAYERS");
    }
}

/// Whether `text` has `word`, and not as the beginning of a longer name.
fn names(text: &str, word: &str) -> bool {
    let part_of_a_name = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| !text.get(at + word.len()..).is_some_and(part_of_a_name))
}

#[test]
fn the_api_cannot_name_the_type_that_changes_a_cluster() {
    for (path, text) in rust_files() {
        if path.starts_with("api/src") {
            for word in ["berth_swarm::Swarm", "cluster::Cluster", "dyn Cluster", "impl Cluster"] {
                assert!(!names(&text, word), "{path} names {word}; it may only read");
            }
        }
    }
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    for (path, text) in rust_files() {
        assert!(text.starts_with("//!"), "{path} does not start with a `//!` line");
    }
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    let long: Vec<String> = rust_files()
        .iter()
        .filter(|(_, text)| text.lines().count() > 500)
        .map(|(path, text)| format!("{path}: {}", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "split these:\n{}", long.join("\n"));
}

#[test]
fn no_test_is_ignored_and_nothing_is_left_undone() {
    let here = "tests/checks/main.rs";
    for (path, text) in rust_files().iter().filter(|(path, _)| path != here) {
        for word in ["#[ignore", "todo!(", "unimplemented!(", "#[allow(", "#![allow("] {
            assert!(!text.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn modules_are_files_beside_their_folder() {
    for path in files() {
        assert!(!path.ends_with("mod.rs"), "{}: name it after its folder", shown(&path));
    }
}

#[test]
fn every_crate_has_a_line_in_the_architecture() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, _) in LAYERS {
        assert!(text.contains(&format!("`{name}`")), "ARCHITECTURE.md does not name `{name}`");
    }
    assert!(text.lines().count() <= 250, "ARCHITECTURE.md is over 250 lines");
}

#[test]
fn every_decision_is_in_the_index() {
    let folder = root().join("docs/adr");
    let index = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || index.contains(&name), "docs/adr/README.md lacks {name}");
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in files().iter().filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        let text = std::fs::read_to_string(path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            let there = path.parent().unwrap().join(target).exists();
            assert!(there, "{}: the link {link} leads nowhere", shown(path));
        }
    }
}

#[test]
fn the_lock_files_name_no_host() {
    for path in files().iter().filter(|path| path.ends_with("package-lock.json")) {
        let lock: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for (name, package) in lock["packages"].as_object().unwrap() {
            assert!(package.get("resolved").is_none(), "{}: {name} is resolved", shown(path));
        }
    }
}
