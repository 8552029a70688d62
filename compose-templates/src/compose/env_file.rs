//! Files of `KEY=value` lines: `env_file:`, `label_file:` and `.env`, each in
//! the dialect of the reading.

use std::collections::BTreeMap;

use super::check::{Check, Field};
use super::keys;
use crate::complaint::CauseKind;
use crate::interpolate::interpolate;
use crate::load::{Reading, Variables};

/// The most text that one file may unfold to, in bytes.
const MAX_TEXT: usize = 1024 * 1024;

/// Names and values; [`None`] is a name without a value.
type Lines = BTreeMap<String, Option<String>>;

/// The variables of every file of `env_file:`, later ones over earlier ones.
pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Lines {
    let mut all = BTreeMap::new();
    for item in check.one_or_more(field) {
        let mut required = true;
        let mut raw = false;
        let mut path = None;
        if item.is_map() {
            for key in check.map(&item) {
                match key.key {
                    "path" => path = check.filled(&key),
                    "required" => required = check.flag(&key).unwrap_or(true),
                    "format" => raw = check.word(&key, &["raw"]).is_some(),
                    _ => check.other(&key, &keys::ENV_FILE),
                }
            }
        } else {
            path = check.filled(&item);
        }
        let Some(path) = path else { continue };
        if let Some(lines) = file(check, &item, &path, raw, required) {
            all.extend(lines);
        }
    }
    if check.is_stack() {
        let variables = check.variables_of(field.at());
        for (name, value) in &mut all {
            if let (Some(""), Some(given)) = (value.as_deref(), variables.get(name)) {
                *value = Some(given.clone());
            }
        }
    }
    all
}

/// The labels of every file of `label_file:`, later ones over earlier ones.
pub(super) fn labels(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for item in check.one_or_more(field) {
        let Some(path) = check.filled(&item) else { continue };
        all.extend(file(check, &item, &path, false, true).unwrap_or_default());
    }
    let all = all.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect();
    check.not_ours(field, all)
}

/// The lines of one file.
fn file(
    check: &mut Check<'_>,
    item: &Field<'_>,
    path: &str,
    raw: bool,
    required: bool,
) -> Option<Lines> {
    let full = check.resolve(item.at(), path);
    let bytes = if required {
        check.contents(item, &full, path)?
    } else {
        check.contents_if_any(item, &full)?
    };
    let Ok(text) = String::from_utf8(bytes) else {
        let message = format!("`{}` names `{path}`, which is not UTF-8", item.path);
        check.refuse_as(item.at(), CauseKind::Value, item.path, message);
        return None;
    };
    let reading = if raw { Reading::Stack } else { check.reading };
    match parse(&text, reading, &check.variables_of(item.at())) {
        Ok(lines) => {
            let size = lines.values().flatten().map(String::len).sum();
            check.unfold(item.at(), size).then_some(lines)
        }
        Err((line, why)) => {
            let message = format!("`{path}`, line {line}: {why}");
            check.refuse_as(item.at(), CauseKind::Value, item.path, message);
            None
        }
    }
}

/// The variables of a `.env`; `given` are seen in its `${…}`, and win.
///
/// # Errors
///
/// The line, from 1, and what is wrong with it.
pub(crate) fn variables(text: &str, given: &Variables) -> Result<Lines, Failed> {
    parse(text, Reading::Compose, given)
}

type Failed = (usize, String);

fn parse(text: &str, reading: Reading, variables: &Variables) -> Result<Lines, Failed> {
    let mut all = BTreeMap::new();
    let mut left = MAX_TEXT;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        if reading == Reading::Stack {
            let (name, value) = verbatim(line, variables).map_err(|why| (number, why))?;
            if let Some(value) = value {
                all.insert(name, Some(value));
            }
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((name, value)) = line.split_once('=') else {
            let name = line.trim_end();
            check_name(name).map_err(|why| (number, why))?;
            if let Some(value) = variables.get(name) {
                all.insert(name.to_owned(), Some(value.clone()));
            }
            continue;
        };
        let name = name.trim_end();
        check_name(name).map_err(|why| (number, why))?;
        let mut value = Written::new(value.trim_start());
        // A quoted value may go on over lines.
        while let Some(quote) = value.open {
            let Some((_, next)) = lines.next() else {
                return Err((number, format!("the quote {quote} of `{name}` is not closed")));
            };
            value.go_on(next);
        }
        let value = dotenv(&value, variables, &all).map_err(|why| (number, why))?;
        left = left.checked_sub(value.len()).ok_or_else(|| {
            (number, "its values unfold to more than 1 MiB; use fewer variables".to_owned())
        })?;
        all.insert(name.to_owned(), Some(value));
    }
    Ok(all)
}

/// Docker's own format: the value is everything after `=`, quotes and all.
fn verbatim(line: &str, variables: &Variables) -> Result<(String, Option<String>), String> {
    match line.split_once('=') {
        Some((name, value)) => {
            check_name(name)?;
            Ok((name.to_owned(), Some(value.to_owned())))
        }
        None => {
            let name = line.trim_end();
            check_name(name)?;
            Ok((name.to_owned(), variables.get(name).cloned()))
        }
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        // What stands there may be a part of a secret, so it is not shown.
        return Err("this is not a line like `NAME=value`".to_owned());
    }
    Ok(())
}

/// A value as it stands, which a quote may lead over several lines.
struct Written {
    text: String,
    quote: Option<char>,
    /// The quote, while it is not closed.
    open: Option<char>,
    /// Where what the quotes are around ends.
    end: usize,
    /// Whether the last character was a backslash that escapes the next.
    escaped: bool,
}

impl Written {
    fn new(text: &str) -> Self {
        let quote = text.chars().next().filter(|c| *c == '"' || *c == '\'');
        let mut written =
            Self { text: String::new(), quote, open: quote, end: text.len(), escaped: false };
        match quote {
            None => text.clone_into(&mut written.text),
            Some(quote) => {
                written.text.push(quote);
                written.add(text.get(1..).unwrap_or_default());
            }
        }
        written
    }

    fn go_on(&mut self, line: &str) {
        self.text.push('\n');
        self.escaped = false;
        self.add(line);
    }

    /// Adds a text, in which the quote may close. Each character is looked at
    /// once, however many lines there are.
    fn add(&mut self, text: &str) {
        let before = self.text.len();
        self.text.push_str(text);
        for (at, c) in text.char_indices() {
            if self.escaped {
                self.escaped = false;
            } else if c == '\\' && self.quote == Some('"') {
                self.escaped = true;
            } else if self.open == Some(c) {
                self.open = None;
                self.end = before + at;
                return;
            }
        }
    }
}

/// Compose's format: quotes, escapes in double ones, comments, variables.
fn dotenv(value: &Written, variables: &Variables, before: &Lines) -> Result<String, String> {
    let lookup =
        |name: &str| variables.get(name).or_else(|| before.get(name)?.as_ref()).map(String::as_str);
    let Written { text: value, quote, end, .. } = value;
    let Some(quote) = *quote else {
        let end = value.find(" #").or_else(|| value.find("\t#"));
        let bare = value.get(..end.unwrap_or(value.len())).unwrap_or(value).trim_end();
        return put_in(bare, &lookup);
    };
    let inside = value.get(1..*end).unwrap_or_default();
    if quote == '\'' {
        return Ok(inside.to_owned());
    }
    let mut out = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        match (c, if c == '\\' { characters.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('$')) => out.push_str("$$"),
            ('\\', Some(c)) => out.push(c),
            (c, _) => out.push(c),
        }
    }
    put_in(&out, &lookup)
}

fn put_in<'v>(text: &str, lookup: &dyn Fn(&str) -> Option<&'v str>) -> Result<String, String> {
    let filled = interpolate(text, Reading::Compose, lookup);
    filled.map(|filled| filled.text).map_err(|refused| refused.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, reading: Reading) -> Vec<(String, String)> {
        let variables = [("FROM_OUTSIDE".to_owned(), "outside".to_owned())].into();
        let all = parse(text, reading, &variables).unwrap();
        all.into_iter().map(|(name, value)| (name, value.unwrap())).collect()
    }

    const TEXT: &str = "# a comment\nPLAIN=1\nQUOTED=\"keeps \\\"quotes\\\"\"\nTRAIL=text # comment\nEMPTY=\nFROM_OUTSIDE\nUNSET\nVAR=${PLAIN}2\nSINGLE='$PLAIN'\n";

    #[test]
    fn compose_reads_quotes_comments_and_variables() {
        insta::assert_debug_snapshot!(read(TEXT, Reading::Compose), @r#"
        [
            (
                "EMPTY",
                "",
            ),
            (
                "FROM_OUTSIDE",
                "outside",
            ),
            (
                "PLAIN",
                "1",
            ),
            (
                "QUOTED",
                "keeps \"quotes\"",
            ),
            (
                "SINGLE",
                "$PLAIN",
            ),
            (
                "TRAIL",
                "text",
            ),
            (
                "VAR",
                "12",
            ),
        ]
        "#);
        let lines = read("export A=\"one\ntwo\"\nB=3\n", Reading::Compose);
        assert_eq!(
            lines,
            [("A".to_owned(), "one\ntwo".to_owned()), ("B".to_owned(), "3".to_owned())]
        );
    }

    #[test]
    fn docker_takes_values_as_they_stand() {
        insta::assert_debug_snapshot!(read(TEXT, Reading::Stack), @r#"
        [
            (
                "EMPTY",
                "",
            ),
            (
                "FROM_OUTSIDE",
                "outside",
            ),
            (
                "PLAIN",
                "1",
            ),
            (
                "QUOTED",
                "\"keeps \\\"quotes\\\"\"",
            ),
            (
                "SINGLE",
                "'$PLAIN'",
            ),
            (
                "TRAIL",
                "text # comment",
            ),
            (
                "VAR",
                "${PLAIN}2",
            ),
        ]
        "#);
    }

    #[test]
    fn a_bad_line_is_named() {
        let none = BTreeMap::new();
        assert_eq!(parse("A=1\nB C=2\n", Reading::Compose, &none).unwrap_err().0, 2);
        assert_eq!(parse("A=\"1\n", Reading::Compose, &none).unwrap_err().0, 1);
        assert_eq!(parse("A=1\n=2\n", Reading::Stack, &none).unwrap_err().0, 2);
    }
}
