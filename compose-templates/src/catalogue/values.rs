//! What is put into a template: checked against what is declared.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{Kind, Variable};
use crate::compose::closest;
use crate::compose::units;
use crate::render::check_host_name;

/// The longest value, in bytes.
const MAX_VALUE: usize = 1024;

/// What is wrong with a value. It never shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WrongValue {
    /// The variable, unless it is nobody's in particular.
    pub name: Option<String>,
    /// What is wrong and what to do about it: one sentence, no full stop.
    pub message: String,
}

/// Values that are as declared.
pub(super) struct Read {
    /// For the template. What is optional and not given is an empty text; a
    /// secret is its own name.
    pub(super) data: Map<String, Value>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) made_up: Vec<String>,
}

/// Reads `given` as `declared`.
pub(super) fn read(
    declared: &[Variable],
    given: &BTreeMap<String, Value>,
    seed: &[u8; 32],
) -> Result<Read, Vec<WrongValue>> {
    let mut read = Read { data: Map::new(), secrets: BTreeMap::new(), made_up: Vec::new() };
    let mut wrong = Vec::new();
    for variable in declared {
        let Variable { name, kind, default, required, .. } = variable;
        let text = given.get(name).map(text_of);
        let text = match &text {
            Some(None) => {
                let is =
                    if variable.is_secret() { "something else" } else { "a list or a mapping" };
                wrong.push(complaint(name, &format!("must be {}, but is {is}", wanted(kind))));
                continue;
            }
            Some(Some(text)) if !text.is_empty() => Some(text.as_str()),
            _ => default.as_deref(),
        };
        if variable.is_secret() {
            let secret = match text {
                Some(text) => is_line(text).then(|| text.to_owned()).ok_or(()),
                None if *required => {
                    wrong
                        .push(complaint(name, &format!("is missing; it must be {}", wanted(kind))));
                    continue;
                }
                None => {
                    read.made_up.push(name.clone());
                    Ok(made_up(name, seed))
                }
            };
            match secret {
                Ok(secret) => drop(read.secrets.insert(name.clone(), secret)),
                Err(()) => wrong.push(complaint(name, &format!("must be {}", wanted(kind)))),
            }
            read.data.insert(name.clone(), Value::from(name.as_str()));
            continue;
        }
        match text {
            Some(text) => match value(kind, text) {
                Some(value) => drop(read.data.insert(name.clone(), value)),
                None => {
                    let shown: String = text.chars().take(60).collect();
                    let message = format!("must be {}, but is {shown:?}", wanted(kind));
                    wrong.push(complaint(name, &message));
                }
            },
            None if *required => {
                wrong.push(complaint(name, &format!("is missing; it must be {}", wanted(kind))));
            }
            None => drop(read.data.insert(name.clone(), Value::from(""))),
        }
    }
    let known: Vec<&str> = declared.iter().map(|variable| variable.name.as_str()).collect();
    for name in given.keys().filter(|name| !known.contains(&name.as_str())) {
        let shown: String = name.chars().take(60).collect();
        let message = match closest(name, &known) {
            Some(near) => format!("is not a variable of this template; is `{near}` meant?"),
            None => {
                format!("is not a variable of this template; there are `{}`", known.join("`, `"))
            }
        };
        wrong
            .push(WrongValue { name: Some(name.clone()), message: format!("`{shown}` {message}") });
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong) }
}

fn complaint(name: &str, message: &str) -> WrongValue {
    WrongValue { name: Some(name.to_owned()), message: format!("`{name}` {message}") }
}

/// A value as it would be written; null is as if it were not.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

fn value(kind: &Kind, text: &str) -> Option<Value> {
    let line = is_line(text).then(|| Value::from(text));
    match kind {
        Kind::String => line,
        Kind::Secret => None,
        Kind::Int { min, max } => {
            let number = text.parse::<i64>().ok()?;
            (*min..=*max).contains(&number).then(|| Value::from(number))
        }
        Kind::Bool => text.parse::<bool>().ok().map(Value::from),
        Kind::Enum { values } => line.filter(|_| values.iter().any(|value| value == text)),
        Kind::Host => line.filter(|_| check_host_name(&text.to_ascii_lowercase()).is_ok()),
        Kind::Image => line.filter(|_| units::image(text).is_some()),
        Kind::Port => text.parse::<u16>().ok().filter(|port| *port > 0).map(Value::from),
        Kind::Duration => line.filter(|_| units::duration(text).is_some_and(|nanos| nanos > 0)),
        Kind::Size => line.filter(|_| units::bytes(text).is_some_and(|bytes| bytes > 0)),
    }
}

fn wanted(kind: &Kind) -> String {
    match kind {
        Kind::String | Kind::Secret => "one line of text, of at most 1024 bytes".to_owned(),
        Kind::Int { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Bool => "`true` or `false`".to_owned(),
        Kind::Enum { values } => format!("one of `{}`", values.join("`, `")),
        Kind::Host => "a host name such as `shop.example.org`".to_owned(),
        Kind::Image => "an image's name such as `nginx:1.29-alpine`".to_owned(),
        Kind::Port => "a port from 1 to 65535".to_owned(),
        Kind::Duration => "a duration such as `90s` or `1h30m`".to_owned(),
        Kind::Size => "a size such as `64m` or `1g`".to_owned(),
    }
}

fn is_line(text: &str) -> bool {
    text.len() <= MAX_VALUE && !text.contains(char::is_control)
}

/// 128 bits that come from the seed, and from nothing else but the name.
fn made_up(name: &str, seed: &[u8; 32]) -> String {
    let digest = Sha256::new_with_prefix(seed).chain_update(name).finalize();
    hex::encode(digest).chars().take(32).collect()
}
