//! Variables, and the types that their values get.
//!
//! `docker stack deploy` knows by heart which places want a number or a truth
//! value; a variable in any other place gives text, whatever it holds.

use std::collections::BTreeMap;

use super::super::check::Check;
use crate::complaint::CauseKind;
use crate::interpolate::{Refused, interpolate};
use crate::load::{Reading, Variables};
use crate::yaml::{At, Node, Value};

/// What a text with a variable becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cast {
    Whole,
    Number,
    Flag,
}

/// Places by their path; `*` is any key, `[]` any item. Those of services first.
const CASTS: [(&[&str], Cast); 29] = [
    (&["configs", "[]", "mode"], Cast::Whole),
    (&["secrets", "[]", "mode"], Cast::Whole),
    (&["healthcheck", "retries"], Cast::Whole),
    (&["healthcheck", "disable"], Cast::Flag),
    (&["deploy", "replicas"], Cast::Whole),
    (&["deploy", "update_config", "parallelism"], Cast::Whole),
    (&["deploy", "update_config", "max_failure_ratio"], Cast::Number),
    (&["deploy", "rollback_config", "parallelism"], Cast::Whole),
    (&["deploy", "rollback_config", "max_failure_ratio"], Cast::Number),
    (&["deploy", "restart_policy", "max_attempts"], Cast::Whole),
    (&["deploy", "placement", "max_replicas_per_node"], Cast::Whole),
    (&["ports", "[]", "target"], Cast::Whole),
    (&["ports", "[]", "published"], Cast::Whole),
    (&["ulimits", "*"], Cast::Whole),
    (&["ulimits", "*", "hard"], Cast::Whole),
    (&["ulimits", "*", "soft"], Cast::Whole),
    (&["privileged"], Cast::Flag),
    (&["oom_score_adj"], Cast::Whole),
    (&["read_only"], Cast::Flag),
    (&["stdin_open"], Cast::Flag),
    (&["tty"], Cast::Flag),
    (&["volumes", "[]", "read_only"], Cast::Flag),
    (&["volumes", "[]", "volume", "nocopy"], Cast::Flag),
    (&["networks", "*", "external"], Cast::Flag),
    (&["networks", "*", "internal"], Cast::Flag),
    (&["networks", "*", "attachable"], Cast::Flag),
    (&["volumes", "*", "external"], Cast::Flag),
    (&["secrets", "*", "external"], Cast::Flag),
    (&["configs", "*", "external"], Cast::Flag),
];
/// How many of them are about services.
const OF_SERVICES: usize = 23;

/// Puts variables into every value of the file, `x-` sections included.
pub(super) fn variables(check: &mut Check<'_>, root: &mut Node) {
    let variables = check.variables_of(root.at);
    let mut fill = Fill { check, variables: &variables, path: Vec::new(), unset: BTreeMap::new() };
    fill.node(root);
    let Fill { unset, .. } = fill;
    for (name, at) in unset {
        check.note(at, format!("the variable `{name}` is not set, so nothing stands in its place"));
    }
}

struct Fill<'f, 'c> {
    check: &'f mut Check<'c>,
    variables: &'f Variables,
    path: Vec<String>,
    unset: BTreeMap<String, At>,
}

impl Fill<'_, '_> {
    fn node(&mut self, node: &mut Node) {
        match &mut node.value {
            Value::Text(text) => {
                if text.contains('$')
                    && let Some(value) = self.filled(text, node.at)
                {
                    node.value = value;
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.path.push(format!("[{index}]"));
                    self.node(item);
                    self.path.pop();
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    self.path.push(entry.key.clone());
                    self.node(&mut entry.value);
                    self.path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    /// `text` with its variables, of the type that its place wants.
    fn filled(&mut self, text: &str, at: At) -> Option<Value> {
        // It was said that there is no room; making more of it would only cost.
        if self.check.text == 0 {
            return None;
        }
        let variables = self.variables;
        let lookup = |name: &str| variables.get(name).map(String::as_str);
        let shown = || self.path.join(".").replace(".[", "[");
        let result = match interpolate(text, Reading::Stack, &lookup) {
            Ok(result) => result,
            Err(Refused { required, message }) => {
                let kind = if required { CauseKind::Variable } else { CauseKind::Interpolation };
                let shown = shown();
                self.check.refuse_as(at, kind, &shown, format!("`{shown}`: {message}"));
                return None;
            }
        };
        if !self.check.unfold(at, result.text.len()) {
            return None;
        }
        for name in result.unset {
            self.unset.entry(name).or_insert(at);
        }
        if result.text == text {
            return None;
        }
        let Some(cast) = cast_of(&self.path) else { return Some(Value::Text(result.text)) };
        let value = cast.apply(&result.text);
        if value.is_none() {
            let shown = shown();
            let message =
                format!("`{shown}` must be {}, but its variable gives something else", cast.word());
            self.check.refuse_as(at, CauseKind::Cast, &shown, message);
        }
        value
    }
}

fn cast_of(path: &[String]) -> Option<Cast> {
    let of_service = path.first().is_some_and(|first| first == "services");
    let (known, path) = if of_service {
        (CASTS.get(..OF_SERVICES)?, path.get(2..)?)
    } else {
        (CASTS.get(OF_SERVICES..)?, path)
    };
    let fits = |pattern: &[&str]| {
        pattern.len() == path.len()
            && pattern.iter().zip(path).all(|(wanted, part)| match *wanted {
                "*" => true,
                "[]" => part.starts_with('['),
                wanted => wanted == part,
            })
    };
    known.iter().find(|(pattern, _)| fits(pattern)).map(|(_, cast)| *cast)
}

impl Cast {
    fn apply(self, text: &str) -> Option<Value> {
        match self {
            Self::Whole => text.parse::<i64>().ok().map(|number| Value::Int(number.into())),
            Self::Number => text.parse().ok().map(Value::Float),
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" | "on" => Some(Value::Bool(true)),
                "n" | "no" | "false" | "off" => Some(Value::Bool(false)),
                _ => None,
            },
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Whole => "a whole number",
            Self::Number => "a number",
            Self::Flag => "`true` or `false`",
        }
    }
}
