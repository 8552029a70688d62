//! Reading values out of the tree: each getter gives the value or complains.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use berth_domain::deployment::Place;
use berth_domain::stack::{IMAGE_LABEL, NAMESPACE_LABEL};

use super::keys::{Class, Section};
use crate::complaint::{Cause, CauseKind, Complaint, Note, one_line};
use crate::files::Files;
use crate::load::{Reading, Variables};
use crate::yaml::scalar::print_float;
use crate::yaml::{At, MAX_TEXT, Node, Value};

mod beside;
mod measures;
mod path;
mod slips;

pub(crate) use self::beside::Text;
pub(crate) use self::path::Path;
pub(crate) use self::slips::closest;

/// A value with the path by which people know it: `services.web.ports[0]`.
#[derive(Debug, Clone)]
pub(crate) struct Field<'n> {
    pub(crate) key: &'n str,
    /// Where the key stands; an item's own place in a list.
    pub(crate) key_at: At,
    pub(crate) path: Path<'n>,
    pub(crate) node: &'n Node,
}

impl<'n> Field<'n> {
    pub(crate) fn root(node: &'n Node) -> Self {
        Self { key: "", key_at: node.at, path: Path::new(""), node }
    }

    /// Where the value stands; where there is none, its key.
    pub(crate) fn at(&self) -> At {
        if self.is_null() { self.key_at } else { self.node.at }
    }

    pub(crate) const fn is_null(&self) -> bool {
        self.node.value.is_null()
    }

    pub(crate) fn is_map(&self) -> bool {
        self.node.value.as_map().is_some()
    }

    pub(crate) fn is_list(&self) -> bool {
        self.node.value.as_list().is_some()
    }

    /// What it is, as the end of a sentence.
    pub(crate) fn told(&self) -> String {
        match &self.node.value {
            Value::Null => "is empty".to_owned(),
            Value::Bool(flag) => format!("is {flag}"),
            Value::Int(number) => format!("is {number}"),
            Value::Float(number) => format!("is {}", print_float(*number)),
            Value::Text(text) => format!("is {:?}", text.chars().take(60).collect::<String>()),
            Value::List(_) => "is a list".to_owned(),
            Value::Map(_) => "is a mapping".to_owned(),
        }
    }
}

/// A file, and what its words start from.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Its path, from the root that files are read from.
    pub(crate) path: String,
    /// The folder that its relative paths start from.
    pub(crate) folder: String,
    /// What its `${…}` mean.
    pub(crate) variables: Arc<Variables>,
}

/// A place in words, where files have these origins.
pub(crate) fn place_in(origins: &[Origin], at: At) -> Option<Place> {
    let file = one_line(origins.get(at.file)?.path.clone());
    Some(Place { file, line: at.line, column: at.column })
}

/// What is needed to read files, and what came of it.
pub(crate) struct Check<'a> {
    /// By the index that an [`At`] has: the main files first, then those that
    /// others include or extend.
    pub(crate) origins: Vec<Origin>,
    pub(crate) reading: Reading,
    /// In [`Reading::Stack`], the `version` of the first file, to which the others
    /// must be equal.
    pub(crate) version: Option<String>,
    /// Those of the main files.
    pub(crate) variables: Arc<Variables>,
    pub(crate) beside: &'a dyn Files,
    /// How many bytes may still be read from the files beside.
    pub(crate) budget: usize,
    /// How many bytes values may still have once variables are put in.
    pub(crate) text: usize,
    /// How many ports are published so far.
    pub(crate) ports: usize,
    /// The variables that had no value, by the place of the value that names them.
    pub(crate) unset: BTreeMap<At, Vec<String>>,
    pub(crate) complaints: Vec<Complaint>,
    pub(crate) notes: Vec<Note>,
    /// How many complaints there are beyond those that are kept.
    pub(crate) more: usize,
}

/// The most complaints, and the most notes, at once: nobody reads more.
pub(crate) const MAX_COMPLAINTS: usize = 100;

/// The most bytes that are read from the files beside, in all.
const MAX_BESIDE: usize = 32 * 1024 * 1024;

impl<'a> Check<'a> {
    pub(crate) fn new(
        origins: Vec<Origin>,
        reading: Reading,
        variables: Arc<Variables>,
        beside: &'a dyn Files,
    ) -> Self {
        Self {
            origins,
            reading,
            version: None,
            variables,
            beside,
            budget: MAX_BESIDE,
            text: MAX_TEXT,
            ports: 0,
            unset: BTreeMap::new(),
            complaints: Vec::new(),
            notes: Vec::new(),
            more: 0,
        }
    }

    pub(crate) fn place(&self, at: At) -> Option<Place> {
        place_in(&self.origins, at)
    }

    pub(crate) fn refuse(&mut self, at: At, message: impl Into<String>) {
        if self.complaints.len() >= MAX_COMPLAINTS {
            self.more += 1;
            return;
        }
        let place = self.place(at);
        let unset = self.unset.get(&at).cloned().unwrap_or_default();
        let message = one_line(message.into());
        self.complaints.push(Complaint { place, message, cause: None, unset });
    }

    /// Remembers that a value names a variable that has none.
    pub(crate) fn lacks(&mut self, at: At, name: String) {
        let names = self.unset.entry(at).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }

    /// Refuses a file that is no compose file, and so has no [`At`].
    pub(crate) fn refuse_in(&mut self, file: &str, line: usize, message: impl Into<String>) {
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let place = Some(Place { file: one_line(file.to_owned()), line, column: 1 });
        let message = one_line(message.into());
        self.complaints.push(Complaint { place, ..Complaint::anywhere(message) });
    }

    /// Refuses what `docker stack deploy` refuses, for its cause. `path` may be
    /// one of [`Field`]'s.
    pub(crate) fn refuse_as(
        &mut self,
        at: At,
        kind: CauseKind,
        path: impl fmt::Display,
        message: impl Into<String>,
    ) {
        let before = self.complaints.len();
        self.refuse(at, message);
        if self.is_stack()
            && let Some(complaint) = self.complaints.get_mut(before)
        {
            let path = path.to_string().replace('[', ".").replace(']', "");
            complaint.cause = Some(Cause { kind, path });
        }
    }

    pub(crate) fn is_stack(&self) -> bool {
        self.reading == Reading::Stack
    }

    pub(crate) fn note(&mut self, at: At, message: impl Into<String>) {
        if self.notes.len() < MAX_COMPLAINTS {
            let place = self.place(at);
            self.notes.push(Note { place, message: one_line(message.into()) });
        }
    }

    /// What `${…}` mean at a place.
    pub(crate) fn variables_of(&self, at: At) -> Arc<Variables> {
        let origin = self.origins.get(at.file);
        Arc::clone(origin.map_or(&self.variables, |origin| &origin.variables))
    }

    /// Whether values may have so many bytes more.
    pub(crate) fn unfold(&mut self, at: At, bytes: usize) -> bool {
        if self.text == 0 {
            return false;
        }
        self.text = self.text.saturating_sub(bytes);
        if self.text == 0 {
            self.refuse(at, "the variables unfold to more than 8 MiB; use fewer, or shorter ones");
        }
        self.text > 0
    }

    /// A key that no reader reads: as the table has it, or a slip.
    pub(crate) fn other(&mut self, field: &Field<'_>, section: &Section) {
        if field.key.starts_with("x-") {
            return;
        }
        let Some(key) = section.get(field.key) else {
            // What Docker does not take has been refused; what it overlooks is overlooked.
            if self.is_stack() {
                return;
            }
            let known: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
            return self.unknown(field, &known);
        };
        match key.class {
            Class::Refused if self.is_stack() => {
                let message = format!("`{}` is ignored, as `docker stack deploy` does", field.path);
                self.note(field.key_at, message);
            }
            Class::Refused => {
                let message = format!("`{}` is not possible: {}", field.path, key.words);
                self.refuse(field.key_at, message);
            }
            Class::Ignored => {
                self.note(field.key_at, format!("`{}` is ignored: {}", field.path, key.words));
            }
            // Its meaning is that it says nothing.
            Class::Applied | Class::Meaning => {}
        }
    }

    pub(crate) fn unknown(&mut self, field: &Field<'_>, known: &[&str]) {
        // What is not told needs no guess.
        if self.complaints.len() >= MAX_COMPLAINTS {
            self.more += 1;
            return;
        }
        let message = match closest(field.key, known) {
            Some(near) => format!("`{}` is not a key of compose; is `{near}` meant?", field.path),
            None => format!("`{}` is not a key of compose; take it out", field.path),
        };
        self.refuse(field.key_at, message);
    }

    /// Refuses a value that is not what it must be.
    pub(crate) fn wanted(&mut self, field: &Field<'_>, what: &str) {
        self.refuse(field.at(), format!("`{}` must be {what}, but {}", field.path, field.told()));
    }

    /// The entries of a mapping; nothing for null.
    pub(crate) fn map<'n>(&mut self, field: &'n Field<'n>) -> Vec<Field<'n>> {
        let Some(entries) = field.node.value.as_map() else {
            if !field.is_null() {
                self.wanted(field, "a mapping");
            }
            return Vec::new();
        };
        let fields = entries.iter().map(|entry| Field {
            key: &entry.key,
            key_at: entry.at,
            path: field.path.key(&entry.key),
            node: &entry.value,
        });
        fields.collect()
    }

    /// The items of a list; nothing for null.
    pub(crate) fn list<'n>(&mut self, field: &'n Field<'n>) -> Vec<Field<'n>> {
        let Some(items) = field.node.value.as_list() else {
            if !field.is_null() {
                self.wanted(field, "a list");
            }
            return Vec::new();
        };
        let fields = items.iter().enumerate().map(|(index, node)| Field {
            key: field.key,
            key_at: node.at,
            path: field.path.item(index),
            node,
        });
        fields.collect()
    }

    /// The items of a list, or a single value as if it were one.
    pub(crate) fn one_or_more<'n>(&mut self, field: &'n Field<'n>) -> Vec<Field<'n>> {
        if field.is_list() || field.is_null() { self.list(field) } else { vec![field.clone()] }
    }

    /// Text; numbers read as they print.
    pub(crate) fn text(&mut self, field: &Field<'_>) -> Option<String> {
        match &field.node.value {
            Value::Null => None,
            Value::Text(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number) => Some(print_float(*number)),
            Value::Bool(flag) => {
                let message = format!(
                    "`{}` must be text, but is the truth value {flag}; put it in quotes",
                    field.path
                );
                self.refuse(field.at(), message);
                None
            }
            Value::List(_) | Value::Map(_) => {
                self.wanted(field, "text");
                None
            }
        }
    }

    /// Text that is not empty: an empty one was not written.
    pub(crate) fn filled(&mut self, field: &Field<'_>) -> Option<String> {
        self.text(field).filter(|text| !text.is_empty())
    }

    pub(crate) fn texts(&mut self, field: &Field<'_>) -> Vec<String> {
        self.one_or_more(field).iter().filter_map(|item| self.text(item)).collect()
    }

    /// One of a few words, in any case.
    pub(crate) fn word(&mut self, field: &Field<'_>, words: &[&str]) -> Option<String> {
        let word = self.filled(field)?.to_ascii_lowercase();
        if words.contains(&word.as_str()) {
            return Some(word);
        }
        let words = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
        self.wanted(field, &format!("one of {words}"));
        None
    }

    pub(crate) fn flag(&mut self, field: &Field<'_>) -> Option<bool> {
        if let Value::Bool(flag) = field.node.value {
            return Some(flag);
        }
        if field.is_null() {
            return None;
        }
        let text = field.node.value.as_text().map(str::to_ascii_lowercase);
        match text.as_deref() {
            Some("") => None,
            Some("true" | "yes" | "on" | "y") => Some(true),
            Some("false" | "no" | "off" | "n") => Some(false),
            _ => {
                self.wanted(field, "`true` or `false`");
                None
            }
        }
    }

    /// `K: v` or `K=v`; [`None`] is a key without a value.
    pub(crate) fn pairs(&mut self, field: &Field<'_>) -> BTreeMap<String, Option<String>> {
        let mut pairs = BTreeMap::new();
        if field.is_map() {
            for entry in self.map(field) {
                if entry.is_null() {
                    pairs.insert(entry.key.to_owned(), None);
                } else if let Value::Bool(flag) = entry.node.value {
                    pairs.insert(entry.key.to_owned(), Some(flag.to_string()));
                } else if let Some(value) = self.text(&entry) {
                    pairs.insert(entry.key.to_owned(), Some(value));
                }
            }
        } else if field.is_list() || field.is_null() {
            for item in self.list(field) {
                if let Some(text) = self.text(&item) {
                    let (key, value) = match text.split_once('=') {
                        Some((key, value)) => (key, Some(value.to_owned())),
                        None => (text.as_str(), None),
                    };
                    pairs.insert(key.to_owned(), value);
                }
            }
        } else {
            self.wanted(field, "a mapping or a list of `KEY=value`");
        }
        pairs
    }

    /// As [`Check::pairs`], where a missing value is an empty one, and without
    /// the labels that say whose an object is: a file's word on that would be
    /// overruled, and then look like a change for ever.
    pub(crate) fn labels(&mut self, field: &Field<'_>) -> BTreeMap<String, String> {
        let pairs = self.pairs(field).into_iter().map(|(k, v)| (k, v.unwrap_or_default()));
        let labels = pairs.collect();
        self.not_ours(field, labels)
    }

    /// `labels` without those that say whose an object is.
    pub(crate) fn not_ours(
        &mut self,
        field: &Field<'_>,
        labels: BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let (ours, labels): (BTreeMap<_, _>, _) =
            labels.into_iter().partition(|(name, _)| is_ours(name));
        for name in ours.keys() {
            let message = format!("the label `{name}` is ignored: Berth sets it itself");
            self.note(field.key_at, message);
        }
        labels
    }
}

/// Whether a label is not for files to set.
fn is_ours(label: &str) -> bool {
    label.starts_with("berth.") || matches!(label, NAMESPACE_LABEL | IMAGE_LABEL)
}
