//! The shapes that values may have, and the check of a tree against them.

use super::super::check::{Check, Field};
use super::super::{ports, units};
use crate::complaint::CauseKind;
use crate::yaml::Value;

/// A type of JSON's, which is what Docker's schemas speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Whole,
    Number,
    Flag,
    Null,
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    /// A single value of one of these types.
    One(&'static [Type]),
    /// Text that Go reads as a duration.
    Duration,
    /// What `ports:` takes in its short form: text or a number.
    Port,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number that is not negative.
    Size,
    /// A list.
    List { of: &'static Self, unique: bool },
    /// A mapping with these keys.
    Map(&'static Keys),
    /// A mapping of names, each to something of one shape.
    Names { of: &'static Self, pattern: Pattern, closed: bool },
    /// What is expected depends on what is there.
    Either { single: &'static Self, list: &'static Self, map: &'static Self },
    /// One shape before version 3.`version`, another from it on.
    Since { version: u8, before: &'static Self, after: &'static Self },
    /// Nothing of this kind, in an [`Shape::Either`].
    Never(&'static str),
}

/// The keys of a mapping.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) keys: &'static [Key],
    /// The version from which keys that start with `x-` may be there.
    pub(super) extensions: Option<u8>,
    /// The version from which any other key may be there.
    pub(super) open: Option<u8>,
    pub(super) required: &'static [&'static str],
}

/// A key, from the version 3.`since` on.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) since: u8,
    pub(super) shape: Shape,
}

/// Which names a mapping of names has a say about.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pattern {
    /// Letters, digits, dots, underscores and hyphens.
    Name,
    /// Small letters.
    Letters,
    /// Anything but nothing.
    Filled,
}

impl Pattern {
    fn covers(self, name: &str) -> bool {
        !name.is_empty()
            && match self {
                Self::Name => {
                    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
                }
                Self::Letters => name.chars().all(|c| c.is_ascii_lowercase()),
                Self::Filled => !name.contains('\n'),
            }
    }
}

/// Whether `value` is of `kind`: a number without a fraction is a whole one.
fn is(value: &Value, kind: Type) -> bool {
    match (value, kind) {
        (Value::Null, Type::Null)
        | (Value::Bool(_), Type::Flag)
        | (Value::Text(_), Type::Text)
        | (Value::Int(_), Type::Whole | Type::Number)
        | (Value::Float(_), Type::Number) => true,
        (Value::Float(number), Type::Whole) => number.fract() == 0.0,
        _ => false,
    }
}

const fn word(kind: Type) -> &'static str {
    match kind {
        Type::Text => "text",
        Type::Whole => "a whole number",
        Type::Number => "a number",
        Type::Flag => "`true` or `false`",
        Type::Null => "nothing",
    }
}

/// Refuses whatever in `field` has not the shape that it has in version 3.`version`.
pub(super) fn check(check: &mut Check<'_>, shape: &Shape, field: &Field<'_>, version: u8) {
    let value = &field.node.value;
    match shape {
        Shape::One(types) => {
            if !types.iter().any(|kind| is(value, *kind)) {
                let types: Vec<&str> = types.iter().map(|kind| word(*kind)).collect();
                mistyped(check, field, &types.join(" or "));
            }
        }
        Shape::Duration => match value.as_text() {
            Some(text) if units::duration(text).is_none() => {
                let path = &field.path;
                // Before 3.4, those of a health check were looked at when used only.
                let late = version < 4 && path.to_string().contains(".healthcheck.");
                let kind = if late { CauseKind::Value } else { CauseKind::Format };
                let message = format!("`{path}` must be a duration such as `10s` or `1m30s`");
                check.refuse_as(field.at(), kind, path, message);
            }
            Some(_) => {}
            None => mistyped(check, field, "a duration in quotes, such as `10s`"),
        },
        Shape::Port => {
            let number = value.as_int().map(|number| number.to_string());
            let Some(text) = value.as_text().map(str::to_owned).or(number) else {
                return mistyped(check, field, "a port");
            };
            if let Err(why) = ports::as_docker_reads(&text) {
                let (kind, path) = (CauseKind::Format, &field.path);
                check.refuse_as(field.at(), kind, path, format!("`{path}` is {text:?}, {why}"));
            }
        }
        Shape::Word(words) => match value.as_text() {
            Some(text) if words.contains(&text) => {}
            Some(_) => {
                let path = &field.path;
                let message = format!("`{path}` must be one of `{}`", words.join("`, `"));
                check.refuse_as(field.at(), CauseKind::Choice, path, message);
            }
            None => mistyped(check, field, "text"),
        },
        Shape::Size => {
            if !is(value, Type::Whole) {
                mistyped(check, field, "a whole number of bytes");
            } else if value.as_int().is_some_and(|number| number < 0) {
                let message = format!("`{}` must not be negative", field.path);
                check.refuse_as(field.at(), CauseKind::Range, field.path, message);
            }
        }
        Shape::List { of, unique } => list(check, of, *unique, field, version),
        Shape::Map(keys) => map(check, keys, field, version),
        Shape::Names { of, pattern, closed } => {
            if !field.is_map() {
                return mistyped(check, field, "a mapping");
            }
            for entry in check.map(field) {
                if pattern.covers(entry.key) {
                    self::check(check, of, &entry, version);
                } else if *closed {
                    unknown(check, &entry, version);
                }
            }
        }
        Shape::Either { single, list, map } => {
            let shape = match value {
                Value::List(_) => list,
                Value::Map(_) => map,
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
                    single
                }
            };
            self::check(check, shape, field, version);
        }
        Shape::Since { version: from, before, after } => {
            let shape = if version < *from { before } else { after };
            self::check(check, shape, field, version);
        }
        Shape::Never(instead) => mistyped(check, field, instead),
    }
}

fn list(check: &mut Check<'_>, of: &Shape, unique: bool, field: &Field<'_>, version: u8) {
    let Some(items) = field.node.value.as_list() else {
        return mistyped(check, field, "a list");
    };
    for item in check.list(field) {
        self::check(check, of, &item, version);
    }
    let twice = items
        .iter()
        .enumerate()
        .find(|(at, item)| unique && items.get(..*at).is_some_and(|before| before.contains(item)));
    if let Some((_, item)) = twice {
        let message = format!("`{}` has the same item twice; keep one", field.path);
        check.refuse_as(item.at, CauseKind::Unique, field.path, message);
    }
}

fn map(check: &mut Check<'_>, keys: &Keys, field: &Field<'_>, version: u8) {
    if !field.is_map() {
        return mistyped(check, field, "a mapping");
    }
    let since = |from: Option<u8>| from.is_some_and(|from| from <= version);
    let entries = check.map(field);
    for name in keys.required {
        if !entries.iter().any(|entry| entry.key == *name) {
            let message = format!("`{}` needs the key `{name}`", field.path);
            check.refuse_as(field.at(), CauseKind::Required, field.path, message);
        }
    }
    for entry in entries {
        match keys.keys.iter().find(|key| key.name == entry.key && key.since <= version) {
            Some(key) => self::check(check, &key.shape, &entry, version),
            None if since(keys.open) => {}
            None if since(keys.extensions) && entry.key.starts_with("x-") => {}
            None => unknown(check, &entry, version),
        }
    }
}

fn unknown(check: &mut Check<'_>, field: &Field<'_>, version: u8) {
    let message = format!(
        "`{}` is no key of version 3.{version} to `docker stack deploy`; take it out, or read the file as compose",
        field.path
    );
    check.refuse_as(field.key_at, CauseKind::Unknown, field.path, message);
}

fn mistyped(check: &mut Check<'_>, field: &Field<'_>, wanted: &str) {
    let message = format!(
        "`{}` must be {wanted}, but {}; `docker stack deploy` takes nothing else",
        field.path,
        field.told()
    );
    check.refuse_as(field.at(), CauseKind::Type, field.path, message);
}
