//! `${…}` in a file's values, before its keys mean anything.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use super::check::Check;
use crate::interpolate::interpolate;
use crate::load::Variables;
use crate::yaml::{At, Entry, Node, Value};

/// The sections whose values have variables; keys and `x-` sections stay as
/// they are.
const SECTIONS: [&str; 6] = ["include", "services", "networks", "volumes", "configs", "secrets"];

/// Puts variables into every value of the sections that mean something.
pub(crate) fn put_in(check: &mut Check<'_>, root: &mut Node) {
    let variables = check.variables_of(root.at);
    let Value::Map(entries) = &mut root.value else { return };
    let mut fill = Fill { check, variables: &variables, path: Vec::new(), unset: BTreeMap::new() };
    for Entry { key, value, .. } in entries {
        if SECTIONS.contains(&key.as_str()) {
            fill.path.push(Step::Key(key));
            fill.node(value);
            fill.path.pop();
        }
    }
    let Fill { unset, .. } = fill;
    for (name, at) in unset {
        check.note(at, format!("the variable `{name}` is not set, so nothing stands in its place"));
    }
}

struct Fill<'f, 'c, 'n> {
    check: &'f mut Check<'c>,
    variables: &'f Variables,
    /// Made into words only where something is wrong.
    path: Vec<Step<'n>>,
    unset: BTreeMap<String, At>,
}

/// A part of a path.
enum Step<'n> {
    Key(&'n str),
    Item(usize),
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, ".{key}"),
            Self::Item(index) => write!(f, "[{index}]"),
        }
    }
}

impl<'n> Fill<'_, '_, 'n> {
    fn node(&mut self, node: &'n mut Node) {
        match &mut node.value {
            Value::Text(text) => {
                if text.contains('$') {
                    self.text(text, node.at);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push(Step::Item(index));
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::Map(entries) => {
                for Entry { key, value, .. } in entries {
                    self.path.push(Step::Key(key));
                    self.node(value);
                    self.path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn text(&mut self, text: &mut String, at: At) {
        // It was said that there is no room; making more of it would only cost.
        if self.check.text == 0 {
            return;
        }
        let variables = self.variables;
        // An empty value is as good as none to what must have one.
        let empty = RefCell::new(Vec::new());
        let lookup = |name: &str| {
            let value = variables.get(name).map(String::as_str);
            if value.is_none_or(str::is_empty) {
                empty.borrow_mut().push(name.to_owned());
            }
            value
        };
        match interpolate(text, self.check.reading, &lookup) {
            Ok(result) => {
                if self.check.unfold(at, result.text.len()) {
                    *text = result.text;
                }
                for name in result.unset {
                    self.check.lacks(at, name.clone());
                    self.unset.entry(name).or_insert(at);
                }
            }
            Err(why) => {
                for name in empty.take() {
                    self.check.lacks(at, name);
                }
                let path = self.path.iter().map(ToString::to_string).collect::<String>();
                let path = path.trim_start_matches('.');
                self.check.refuse(at, format!("`{path}`: {}", why.message));
            }
        }
    }
}
