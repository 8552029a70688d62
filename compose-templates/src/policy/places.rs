//! Where something was written, by its path in the files.

use crate::load::Loaded;
use crate::yaml::{At, Node, Value};

/// The files' trees, with variables put in.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    trees: &'a [Node],
}

/// A key or an item on the way, and what it holds.
struct Found<'n> {
    at: At,
    node: &'n Node,
}

impl<'a> Places<'a> {
    pub(super) fn new(loaded: &'a Loaded) -> Self {
        Self { trees: &loaded.trees }
    }

    /// The place of `path`, in the last file that has all of it, or else as much
    /// of it as any has: what came from elsewhere is shown where it came to.
    pub(super) fn of(self, path: &[&str]) -> At {
        let mut best = (0, At { file: 0, line: 1, column: 1 });
        for tree in self.trees {
            let (depth, at) = follow(tree, path);
            if depth >= best.0 {
                best = (depth, at);
            }
        }
        best.1
    }
}

/// How far `path` leads into a tree, and where to.
fn follow(tree: &Node, path: &[&str]) -> (usize, At) {
    let mut at = tree.at;
    let mut node = tree;
    for (depth, step) in path.iter().enumerate() {
        let Some(found) = step_into(node, step) else { return (depth, at) };
        (at, node) = (found.at, found.node);
    }
    (path.len(), at)
}

/// The entry `key` of a mapping; of a list the item that says it, be it alone
/// (`SYS_ADMIN`), with a value (`key=value`, `name:address`), or in a mapping.
fn step_into<'n>(node: &'n Node, key: &str) -> Option<Found<'n>> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| Found { at: entry.at, node: &entry.value }),
        Value::List(items) => {
            items.iter().find(|item| says(item, key)).map(|item| Found { at: item.at, node: item })
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            says(node, key).then_some(Found { at: node.at, node })
        }
    }
}

fn says(item: &Node, key: &str) -> bool {
    match &item.value {
        Value::Text(text) => text
            .strip_prefix(key)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['=', ':'])),
        Value::Map(entries) => entries.iter().any(|entry| says(&entry.value, key)),
        Value::List(items) => items.iter().any(|item| says(item, key)),
        Value::Int(number) => number.to_string() == key,
        Value::Null | Value::Bool(_) | Value::Float(_) => false,
    }
}
