//! `env_file:`: files of `KEY=value` lines, in the dialect of the reading.

use std::collections::BTreeMap;

use super::check::{Check, Field};
use crate::complaint::CauseKind;
use crate::interpolate::interpolate;
use crate::load::{Reading, Variables};

/// The variables of every file, later ones over earlier ones.
pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, Option<String>> {
    let mut all = BTreeMap::new();
    for item in check.one_or_more(field) {
        let mut required = true;
        let mut path = None;
        if item.is_map() {
            for key in check.map(&item) {
                match key.key {
                    "path" => path = check.filled(&key),
                    "required" => required = check.flag(&key).unwrap_or(true),
                    "format" => drop(check.word(&key, &["raw"])),
                    _ => check.unknown(&key, &["path", "required", "format"]),
                }
            }
        } else {
            path = check.filled(&item);
        }
        let Some(path) = path else { continue };
        if !required && check.beside.read(&check.resolve(&path)).is_err() {
            continue;
        }
        let Some(bytes) = check.contents(&item, &path) else { continue };
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("`{}` names `{path}`, which is not UTF-8", item.path);
            check.refuse_as(item.at(), CauseKind::Value, &item.path, message);
            continue;
        };
        match parse(&text, check.reading, check.variables) {
            Ok(variables) => all.extend(variables),
            Err((line, why)) => {
                let message = format!("`{path}`, line {line}: {why}");
                check.refuse_as(item.at(), CauseKind::Value, &item.path, message);
            }
        }
    }
    if check.is_stack() {
        for (name, value) in &mut all {
            if let (Some(""), Some(given)) = (value.as_deref(), check.variables.get(name)) {
                *value = Some(given.clone());
            }
        }
    }
    all
}

type Failed = (usize, String);

fn parse(
    text: &str,
    reading: Reading,
    variables: &Variables,
) -> Result<BTreeMap<String, Option<String>>, Failed> {
    let mut all = BTreeMap::new();
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
        let mut value = value.trim_start().to_owned();
        // A quoted value may go on over lines.
        while let Some(quote) = open_quote(&value) {
            let Some((_, next)) = lines.next() else {
                return Err((number, format!("the quote {quote} of `{name}` is not closed")));
            };
            value.push('\n');
            value.push_str(next);
        }
        let value = dotenv(&value, variables, &all).map_err(|why| (number, why))?;
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

/// The quote that `value` opens and does not close.
fn open_quote(value: &str) -> Option<char> {
    let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'')?;
    closing(value, quote).is_none().then_some(quote)
}

fn closing(value: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in value.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(at);
        }
    }
    None
}

/// Compose's format: quotes, escapes in double ones, comments, variables.
fn dotenv(
    value: &str,
    variables: &Variables,
    before: &BTreeMap<String, Option<String>>,
) -> Result<String, String> {
    let lookup =
        |name: &str| variables.get(name).or_else(|| before.get(name)?.as_ref()).map(String::as_str);
    let quote = value.chars().next().filter(|c| *c == '"' || *c == '\'');
    let Some((quote, end)) = quote.and_then(|quote| Some((quote, closing(value, quote)?))) else {
        let end = value.find(" #").or_else(|| value.find("\t#"));
        let bare = value.get(..end.unwrap_or(value.len())).unwrap_or(value).trim_end();
        return Ok(put_in(bare, &lookup)?);
    };
    let inside = value.get(1..end).unwrap_or_default();
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
    Ok(put_in(&out, &lookup)?)
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
