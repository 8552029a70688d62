//! Values as YAML in blocks, for people and programs to read. Reading YAML is
//! for `berth-compose-templates`.
//!
//! Texts stand without quotes only where every reader, old ones too, takes them
//! for text: `yes`, `1_000` and `12:30` get quotes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// A longer key stands in a line of its own, since a reader looks only so far
/// for its colon.
const MAX_KEY: usize = 100;

/// `value` as a document, its last line ended.
pub(crate) fn to_string(value: &Value) -> String {
    // What a stack of twenty services takes: growing would copy it each time.
    let mut yaml = Yaml { out: String::with_capacity(64 * 1024) };
    match value {
        Value::Array(_) | Value::Object(_) => yaml.inner(value, 0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => yaml.leaf(value, 0),
    }
    yaml.out.push('\n');
    yaml.out
}

struct Yaml {
    out: String,
}

impl Yaml {
    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// A list or mapping whose first line goes on where the last one is.
    fn inner(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Object(entries) if !entries.is_empty() => self.entries(entries, indent),
            Value::Array(items) if !items.is_empty() => self.items(items, indent),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => self.leaf(value, indent),
        }
    }

    fn entries(&mut self, entries: &Map<String, Value>, indent: usize) {
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            if key.len() > MAX_KEY {
                self.out.push_str("? ");
                self.line_of_text(key);
                self.line(indent);
            } else {
                self.line_of_text(key);
            }
            self.out.push(':');
            match value {
                Value::Object(entries) if !entries.is_empty() => {
                    self.line(indent + 2);
                    self.entries(entries, indent + 2);
                }
                Value::Array(items) if !items.is_empty() => {
                    self.line(indent);
                    self.items(items, indent);
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => {
                    self.out.push(' ');
                    self.leaf(value, indent + 2);
                }
            }
        }
    }

    fn items(&mut self, items: &[Value], indent: usize) {
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.line(indent);
            }
            self.out.push_str("- ");
            self.inner(item, indent + 2);
        }
    }

    /// What has nothing below it. Further lines of a text are indented so far.
    fn leaf(&mut self, value: &Value, indent: usize) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            // Writing to a text can't fail.
            Value::Number(number) => _ = write!(self.out, "{number}"),
            Value::String(text) if indent > 0 && is_lines(text) => self.lines(text, indent),
            Value::String(text) => self.line_of_text(text),
            Value::Array(_) => self.out.push_str("[]"),
            Value::Object(_) => self.out.push_str("{}"),
        }
    }

    /// A text of several lines, as they are.
    fn lines(&mut self, text: &str, indent: usize) {
        let (text, head) = text.strip_suffix('\n').map_or((text, "|-"), |text| (text, "|"));
        self.out.push_str(head);
        for line in text.split('\n') {
            self.line(if line.is_empty() { 0 } else { indent });
            self.out.push_str(line);
        }
    }

    /// A text in one line, with quotes if it needs them.
    fn line_of_text(&mut self, text: &str) {
        if is_plain(text) {
            self.out.push_str(text);
        } else if text.chars().all(is_shown) {
            self.out.push('\'');
            self.out.push_str(&text.replace('\'', "''"));
            self.out.push('\'');
        } else {
            self.out.push('"');
            text.chars().for_each(|c| self.escaped(c));
            self.out.push('"');
        }
    }

    fn escaped(&mut self, c: char) {
        match c {
            '"' => self.out.push_str("\\\""),
            '\\' => self.out.push_str("\\\\"),
            '\n' => self.out.push_str("\\n"),
            _ if is_shown(c) => self.out.push(c),
            // Writing to a text can't fail.
            _ => _ = write!(self.out, "\\U{:08X}", u32::from(c)),
        }
    }
}

/// Whether every reader takes a character as it is.
fn is_shown(c: char) -> bool {
    matches!(c, ' '..='~') || (!c.is_ascii() && c.is_alphanumeric())
}

/// Whether a text of several lines can stand as it is.
fn is_lines(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| c == '\n' || is_shown(c))
}

/// Whether a text is one without quotes, too, to every reader.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'_'));
    let ends = !matches!(bytes.last(), Some(b' ' | b':'));
    starts
        && ends
        && bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && !bytes.windows(2).any(|two| matches!(two, b": " | b" #"))
        && !is_word(text)
}

/// Whether some reader takes it for null or a truth value.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_looks_as_people_write_it() {
        let value = json!({
            "services": {"web": {"image": "nginx:1.27", "command": ["sh", "-c"], "env": {}}},
            "ports": [{"target": 80, "host": null}, [1, 2.5], []],
            "texts": ["yes", "8000", "", "a: b", "it's", "#'", "a\nb\n", "a\n\n b", "ü", "\u{7}\"", " "],
        });
        let text = "services:\n  web:\n    image: nginx:1.27\n    command:\n    - sh\n    - '-c'\n    env: {}\nports:\n- target: 80\n  host: null\n- - 1\n  - 2.5\n- []\ntexts:\n- 'yes'\n- '8000'\n- ''\n- 'a: b'\n- it's\n- '#'''\n- |\n  a\n  b\n- |-\n  a\n\n   b\n- 'ü'\n- \"\\U00000007\\\"\"\n- ' '\n";
        assert_eq!(to_string(&value), text);
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,12}",
            "[-+.a-f0-9xoe_:#' \n\t]{0,8}",
            "[a\n ]{0,6}",
            "[a-z ]{90,120}",
            prop::sample::select(vec!["", "~", "Null", "TRUE", "no", "NaN", ".inf", "0x1f", "- a"])
                .prop_map(str::to_owned),
        ]
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f32>().prop_map(|number| Value::from(f64::from(number))),
            texts().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(texts(), inner, 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_reads_back(value in values()) {
            let text = to_string(&value);
            let read: Value = serde_yaml::from_str(&text)
                .map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(read, value, "{}", text);
        }
    }
}
