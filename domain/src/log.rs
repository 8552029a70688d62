//! Lines that containers write: how severe one is, guessed from its text.
//!
//! Nobody tells Docker, so the text must: as JSON, as `key=value`, in the head
//! that glog and its kin write, or as a word among the first ones. Where none of
//! these speaks, nothing is guessed.

use std::borrow::Cow;

/// How severe a line is; the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something may be wrong.
    Warn,
    /// Something happened.
    Info,
    /// For who looks closely.
    Debug,
}

/// Of a long line, only so much of its start is looked at, in bytes.
const HEAD: usize = 4096;
/// Words before the level's: a date, a time, a thread, a module.
const WORDS: usize = 6;

/// How severe `text` says it is.
#[must_use]
pub fn level(text: &str) -> Option<Level> {
    let plain = without_colours(head(text));
    let text = plain.trim();
    if text.starts_with('{') {
        return of_json(text);
    }
    of_key(text).or_else(|| of_klog(text)).or_else(|| of_syslog(text)).or_else(|| of_words(text))
}

/// The start of `text`, cut where a character ends.
fn head(text: &str) -> &str {
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// `text` less its escape sequences for colours.
fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| c.is_ascii_alphabetic());
        plain.push_str(end.and_then(|end| piece.get(end + 1..)).unwrap_or_default());
    }
    Cow::Owned(plain)
}

/// What a level is called, in whichever case.
fn of_word(word: &str) -> Option<Level> {
    const NAMES: [(&str, Level); 23] = [
        ("error", Level::Error),
        ("err", Level::Error),
        ("eror", Level::Error),
        ("fatal", Level::Error),
        ("fata", Level::Error),
        ("panic", Level::Error),
        ("critical", Level::Error),
        ("crit", Level::Error),
        ("severe", Level::Error),
        ("alert", Level::Error),
        ("emerg", Level::Error),
        ("emergency", Level::Error),
        ("warn", Level::Warn),
        ("warning", Level::Warn),
        ("wrn", Level::Warn),
        ("info", Level::Info),
        ("inf", Level::Info),
        ("information", Level::Info),
        ("notice", Level::Info),
        ("debug", Level::Debug),
        ("dbg", Level::Debug),
        ("trace", Level::Debug),
        ("verbose", Level::Debug),
    ];
    NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, level)| *level)
}

/// A level as a number: of bunyan and pino (10 to 60), or of syslog (0 to 7).
fn of_number(number: u64) -> Option<Level> {
    match number {
        50..=60 | 0..=3 => Some(Level::Error),
        40..=49 | 4 => Some(Level::Warn),
        30..=39 | 5 | 6 => Some(Level::Info),
        10..=29 | 7 => Some(Level::Debug),
        _ => None,
    }
}

/// `{"level":"warn",…}`, also under the names that others have for it.
fn of_json(text: &str) -> Option<Level> {
    const KEYS: [&str; 8] =
        ["level", "lvl", "severity", "loglevel", "log.level", "levelname", "@l", "s"];
    // A line that was cut is no JSON any more; its first fields are read anyway.
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text) else {
        return of_cut_json(text);
    };
    let named = |name: &str| {
        fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    KEYS.iter().find_map(|key| match named(key)? {
        serde_json::Value::String(word) if *key == "s" => of_letter(word.chars().next()?),
        serde_json::Value::String(word) => of_word(word).or_else(|| of_number(word.parse().ok()?)),
        serde_json::Value::Number(number) => of_number(number.as_u64()?),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Array(_)
        | serde_json::Value::Object(_) => None,
    })
}

fn of_cut_json(text: &str) -> Option<Level> {
    let (_, rest) = text.split_once("\"level\":").or_else(|| text.split_once("\"severity\":"))?;
    let rest = rest.trim_start();
    let word = rest.strip_prefix('"').unwrap_or(rest);
    let end = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
    let word = word.get(..end)?;
    of_word(word).or_else(|| of_number(word.parse().ok()?))
}

/// `… level=warn …`, where it is a key of its own.
fn of_key(text: &str) -> Option<Level> {
    ["level=", "lvl=", "severity=", "loglevel="].iter().find_map(|key| {
        let lower = text.to_ascii_lowercase();
        let at = lower.match_indices(key).find(|(at, _)| {
            *at == 0
                || lower
                    .as_bytes()
                    .get(at - 1)
                    .is_some_and(|before| before.is_ascii_whitespace() || b"[({,".contains(before))
        });
        let rest = lower.get(at?.0 + key.len()..)?.trim_start_matches(['"', '\'']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let word = rest.get(..end)?;
        of_word(word).or_else(|| of_letter(single(word)?)).or_else(|| of_number(word.parse().ok()?))
    })
}

fn single(word: &str) -> Option<char> {
    let mut letters = word.chars();
    letters.next().filter(|_| letters.next().is_none())
}

fn of_letter(letter: char) -> Option<Level> {
    match letter.to_ascii_uppercase() {
        'E' | 'F' | 'C' => Some(Level::Error),
        'W' => Some(Level::Warn),
        'I' | 'N' => Some(Level::Info),
        'D' | 'T' | 'V' => Some(Level::Debug),
        _ => None,
    }
}

/// `E1127 07:54:11.123456       1 main.go:42] …`
fn of_klog(text: &str) -> Option<Level> {
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    let letter = first.chars().next().filter(|letter| "EFWID".contains(*letter))?;
    let date = first.get(1..)?;
    let time = words.next()?;
    let dated = matches!(date.len(), 4 | 8) && date.bytes().all(|byte| byte.is_ascii_digit());
    (dated && time.contains(':')).then(|| of_letter(letter)).flatten()
}

/// `<3>…`: the priority that systemd and syslog put first.
fn of_syslog(text: &str) -> Option<Level> {
    let (number, _) = text.strip_prefix('<')?.split_once('>')?;
    let priority: u64 = number.parse().ok().filter(|it| *it < 192)?;
    of_number(priority % 8)
}

/// A word among the first ones that can't be meant otherwise: all in capitals,
/// in brackets, or with a colon behind it. Of `Error`, that is enough: `Error:`,
/// `TypeError:`.
fn of_words(text: &str) -> Option<Level> {
    for word in text.split_ascii_whitespace().take(WORDS) {
        // nginx, apache: `[error]`, `[php:warn]`, `[core:notice]`.
        for (open, close) in [('[', ']'), ('(', ')'), ('|', '|')] {
            let inner = word.strip_prefix(open).and_then(|rest| rest.split(close).next());
            if let Some(inner) = inner
                && let Some(level) = of_word(inner.rsplit(':').next().unwrap_or(inner))
            {
                return Some(level);
            }
        }
        // Python's own: `WARNING:root:…`.
        let first = word.split_once(':').map_or(word, |(first, _)| first);
        let bare = first.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let capitals = bare.len() > 2 && bare.bytes().all(|byte| byte.is_ascii_uppercase());
        let colon = word.ends_with(':');
        if capitals || colon {
            // Postgres: `LOG:`, `STATEMENT:` are no levels.
            if let Some(level) = of_word(bare) {
                return Some(level);
            }
        }
        if colon && (bare.ends_with("Error") || bare.ends_with("Exception")) {
            return Some(Level::Error);
        }
    }
    if text.starts_with("Traceback (most recent call last)") || text.starts_with("panic:") {
        return Some(Level::Error);
    }
    of_npm(text)
}

/// `npm ERR! …`, `npm warn …`; a bare word at the very start, as loggers that
/// write no time do: `info  - compiled`, `warn  - …`.
fn of_npm(text: &str) -> Option<Level> {
    let rest = text.strip_prefix("npm ").or_else(|| text.strip_prefix("yarn "));
    if let Some(rest) = rest {
        let word = rest.split_ascii_whitespace().next()?;
        return of_word(word.trim_matches(|c: char| !c.is_ascii_alphabetic()));
    }
    let (word, rest) = text.split_once([' ', '\t'])?;
    let told = rest.trim_start().starts_with(['-', '|', ':', '»', '›']);
    if told { of_word(word) } else { None }
}

#[cfg(test)]
mod tests;
