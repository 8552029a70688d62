//! The table against the files that `tests/conformance` has both programs deploy.

use std::path::Path;

use super::*;
use crate::Reading;
use crate::yaml::{self, Node};

/// Adds the paths of all keys below `node`, as [`Section::path`] writes them.
fn collect(node: &Node, path: &str, paths: &mut BTreeSet<String>) {
    for item in node.value.as_list().unwrap_or_default() {
        collect(item, &format!("{path}[]"), paths);
    }
    for entry in node.value.as_map().unwrap_or_default() {
        let path = join(path, &entry.key);
        collect(&entry.value, &path, paths);
        paths.insert(path);
    }
}

/// Every key in the files that are compared.
fn compared() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    let rows = std::fs::read_to_string(folder.join("cases/loading.txt")).unwrap();
    let rows = rows.split("\n### ").skip(1).filter_map(|row| row.split_once('\n'));
    let mut texts: Vec<String> = rows.map(|(_, text)| text.to_owned()).collect();
    let mut folders = vec![folder.join("files")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                texts.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut paths = BTreeSet::new();
    for text in texts {
        // A few are no YAML to anybody.
        if let Ok(tree) = yaml::parse_from(&text, 0, None, Reading::Stack) {
            collect(&tree, "", &mut paths);
        }
    }
    paths
}

fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('.'), path.split('.'));
    pattern.clone().count() == path.clone().count()
        && pattern.zip(path).all(|(wanted, part)| wanted == "*" || wanted == part)
}

#[test]
fn every_key_that_is_applied_is_in_a_file_that_is_compared_with_docker() {
    let compared = compared();
    let missing: Vec<String> = every_key()
        .into_iter()
        .filter(|(_, key)| matches!(key.class, Class::Applied | Class::Meaning))
        .map(|(path, _)| path)
        .filter(|pattern| !compared.iter().any(|path| fits(pattern, path)))
        .collect();
    assert_eq!(missing, [""; 0]);
}
