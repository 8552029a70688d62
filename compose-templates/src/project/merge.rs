//! A later file over an earlier one, as compose v2 lays it.
//!
//! Mappings go key by key, lists are joined, of single values the later wins.
//! Beyond that it depends on the key: [`rule`] is the whole table. `!reset` takes
//! away what was there, `!override` comes in its place as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::check::Check;
use crate::compose::units;
use crate::yaml::{At, Entry, Mark, Node, Value};

/// How two values of one key become one.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// By what they are: mappings key by key, lists joined, else the later.
    Kind,
    /// The later, as a whole.
    Later,
    /// As mappings, where a list has `KEY=value`s.
    Pairs,
    /// As mappings, where a list has names, or one text is `context:`.
    Names(&'static str),
    /// As lists, in which the later of two entries with the same key stays.
    List(fn(&Node) -> String),
    /// Key by key, unless they name different drivers.
    Logging,
    /// Key by key, where `disable` and `test` put each other out.
    Health,
}

fn rule(path: &[&str]) -> Rule {
    match path {
        ["services", _, rest @ ..] => service_rule(rest),
        ["networks" | "volumes" | "configs" | "secrets", _, "labels" | "driver_opts"]
        | ["networks", _, "ipam", "options"] => Rule::Pairs,
        ["networks", _, "ipam", "config"] => Rule::List(subnet),
        _ => Rule::Kind,
    }
}

fn service_rule(path: &[&str]) -> Rule {
    match path {
        ["environment" | "labels" | "annotations" | "sysctls"]
        | ["build", "args" | "labels" | "additional_contexts"]
        | ["deploy", "labels"] => Rule::Pairs,
        ["command" | "entrypoint"] | ["healthcheck", "test"] | ["ulimits", _] => Rule::Later,
        ["build"] => Rule::Names("context"),
        ["networks" | "depends_on" | "models"] => Rule::Names(""),
        ["ports"] => Rule::List(port),
        ["volumes" | "tmpfs" | "devices"] => Rule::List(target),
        ["configs" | "secrets"] => Rule::List(file),
        ["env_file"] => Rule::List(env_file),
        ["x-berth", "routes"] => Rule::List(route),
        [
            "cap_add" | "cap_drop" | "dns" | "dns_opt" | "dns_search" | "expose" | "extra_hosts"
            | "group_add" | "label_file" | "links" | "profiles" | "security_opt",
        ]
        | ["networks", _, "aliases"]
        | ["build", "tags" | "extra_hosts"] => Rule::List(itself),
        ["logging"] => Rule::Logging,
        ["healthcheck"] => Rule::Health,
        _ => Rule::Kind,
    }
}

/// `later` over what was there, of whole files.
pub(super) fn lay_over(check: &mut Check<'_>, before: Option<Node>, later: Node) -> Node {
    let before = before.unwrap_or(Node::new(later.at, Value::Map(Vec::new())));
    Merge { check, path: Vec::new() }.node(before, later)
}

/// A service over the one that it extends.
pub(super) fn extend(check: &mut Check<'_>, name: &str, base: Node, later: Node) -> Node {
    Merge { check, path: vec!["services".to_owned(), name.to_owned()] }.node(base, later)
}

/// Takes the marks off a tree that goes over nothing: `!reset` has nothing to
/// take away, and leaves nothing.
fn settle(node: &mut Node) {
    node.mark = None;
    match &mut node.value {
        Value::Map(entries) => {
            entries.retain(|entry| entry.value.mark != Some(Mark::Reset));
            entries.iter_mut().for_each(|entry| settle(&mut entry.value));
        }
        Value::List(items) => {
            items.retain(|item| item.mark != Some(Mark::Reset));
            items.iter_mut().for_each(settle);
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

struct Merge<'m, 'c> {
    check: &'m mut Check<'c>,
    path: Vec<String>,
}

impl Merge<'_, '_> {
    fn node(&mut self, before: Node, mut later: Node) -> Node {
        if later.mark == Some(Mark::Override) {
            settle(&mut later);
            return later;
        }
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match rule(&path) {
            Rule::Later => {
                settle(&mut later);
                later
            }
            // A variable without a value is one that comes from outside.
            Rule::Pairs => self.maps(pairs(before), pairs(later), Empty::Wins),
            Rule::Names(single) => {
                self.maps(names(before, single), names(later, single), Empty::Loses)
            }
            Rule::List(key) => self.lists(before, later, Some(key)),
            Rule::Logging => {
                let driver = |node: &Node| get(node, "driver").map(|driver| driver.value.clone());
                match (driver(&before), driver(&later)) {
                    (Some(one), Some(other)) if one != other => {
                        settle(&mut later);
                        later
                    }
                    _ => self.kinds(before, later),
                }
            }
            Rule::Health => {
                let mut before = before;
                let disabled =
                    get(&later, "disable").is_some_and(|it| it.value == Value::Bool(true));
                let tested = get(&later, "test").is_some();
                if let Value::Map(entries) = &mut before.value {
                    entries.retain(|entry| match entry.key.as_str() {
                        "test" => !disabled,
                        // A new test is meant to run.
                        "disable" => !tested,
                        _ => true,
                    });
                }
                self.kinds(before, later)
            }
            Rule::Kind => self.kinds(before, later),
        }
    }

    fn kinds(&mut self, before: Node, mut later: Node) -> Node {
        match (&before.value, &later.value) {
            (_, Value::Null) => before,
            (Value::Null, _) => {
                settle(&mut later);
                later
            }
            (Value::Map(_), _) => self.maps(before, later, Empty::Loses),
            (Value::List(_), _) => self.lists(before, later, None),
            _ => {
                settle(&mut later);
                later
            }
        }
    }

    fn maps(&mut self, mut before: Node, mut later: Node, empty: Empty) -> Node {
        if later.value.is_null() {
            return before;
        }
        if before.value.is_null() {
            settle(&mut later);
            return later;
        }
        let at = later.at;
        let (Value::Map(entries), Value::Map(others)) = (&mut before.value, later.value) else {
            return self.unlike(before, at, "a mapping");
        };
        before.at = at;
        let mut places: BTreeMap<String, usize> =
            entries.iter().enumerate().map(|(index, entry)| (entry.key.clone(), index)).collect();
        let mut gone = BTreeSet::new();
        for mut other in others {
            let index = places.get(&other.key).copied();
            let Some(there) = index.and_then(|index| entries.get_mut(index)) else {
                if other.value.mark != Some(Mark::Reset) {
                    settle(&mut other.value);
                    places.insert(other.key.clone(), entries.len());
                    entries.push(other);
                }
                continue;
            };
            if other.value.mark == Some(Mark::Reset) {
                gone.insert(other.key);
                continue;
            }
            there.at = other.at;
            if empty == Empty::Wins && other.value.value.is_null() {
                there.value = other.value;
                continue;
            }
            let value = std::mem::replace(&mut there.value, Node::new(at, Value::Null));
            self.path.push(other.key);
            there.value = self.node(value, other.value);
            self.path.pop();
        }
        entries.retain(|entry| !gone.contains(&entry.key));
        before
    }

    fn lists(&mut self, before: Node, mut later: Node, key: Option<fn(&Node) -> String>) -> Node {
        if later.value.is_null() {
            return before;
        }
        settle(&mut later);
        if before.value.is_null() {
            return later;
        }
        let at = later.at;
        if key.is_none() && !matches!(later.value, Value::List(_)) {
            return self.unlike(before, at, "a list");
        }
        let mut all: Vec<Node> = Vec::new();
        let mut places = BTreeMap::new();
        for item in items(before).into_iter().chain(items(later)) {
            let Some(key) = key else {
                all.push(item);
                continue;
            };
            let index = *places.entry(key(&item)).or_insert(all.len());
            match all.get_mut(index) {
                Some(there) => *there = item,
                None => all.push(item),
            }
        }
        Node::new(at, Value::List(all))
    }

    fn unlike(&mut self, before: Node, at: At, what: &str) -> Node {
        let message = format!(
            "`{}` must be {what}, as it is in the file that this one goes over; write `!override` before it to replace all of it",
            self.path.join(".")
        );
        self.check.refuse(at, message);
        before
    }
}

/// What a later null means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    Wins,
    Loses,
}

/// A list of `KEY=value`s as a mapping.
fn pairs(node: Node) -> Node {
    map_of(node, |item| {
        let Value::Text(text) = &item.value else { return None };
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Value::Text(value.to_owned())),
            None => (text.as_str(), Value::Null),
        };
        Some((key.to_owned(), value))
    })
}

/// A list of names as a mapping; one text as its entry `single`.
fn names(node: Node, single: &str) -> Node {
    if let (Value::Text(_), false) = (&node.value, single.is_empty()) {
        let (at, mark) = (node.at, node.mark);
        let entry = Entry { key: single.to_owned(), at, value: Node { mark: None, ..node } };
        return Node { at, value: Value::Map(vec![entry]), mark };
    }
    map_of(node, |item| Some((item.value.as_text()?.to_owned(), Value::Null)))
}

/// A list as a mapping, where each item can be an entry; else as it is.
fn map_of(node: Node, entry: impl Fn(&Node) -> Option<(String, Value)>) -> Node {
    let Value::List(items) = &node.value else { return node };
    let mut entries: Vec<Entry> = Vec::with_capacity(items.len());
    let mut places = BTreeMap::new();
    for item in items {
        let Some((key, value)) = entry(item) else { return node };
        let value = Node { at: item.at, value, mark: item.mark };
        let index = *places.entry(key.clone()).or_insert(entries.len());
        match entries.get_mut(index) {
            Some(there) => there.value = value,
            None => entries.push(Entry { key, at: item.at, value }),
        }
    }
    Node { value: Value::Map(entries), ..node }
}

fn items(node: Node) -> Vec<Node> {
    match node.value {
        Value::List(items) => items,
        // An entry of `env_file` can stand by itself.
        Value::Map(_) if get(&node, "path").is_some() => vec![node],
        Value::Map(entries) => entries.into_iter().flat_map(hosts).collect(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {
            vec![node]
        }
    }
}

/// An entry of `extra_hosts` as items of a list: one for each address.
fn hosts(entry: Entry) -> Vec<Node> {
    let addresses =
        if let Value::List(addresses) = entry.value.value { addresses } else { vec![entry.value] };
    let host = |address: Node| {
        let line = format!("{}={}", entry.key, text(Some(&address)));
        Node::new(address.at, Value::Text(line))
    };
    addresses.into_iter().map(host).collect()
}

/// A mapping's value.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.value.as_map()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
}

fn text(node: Option<&Node>) -> String {
    match node.map(|node| &node.value) {
        Some(Value::Text(text)) => text.clone(),
        Some(Value::Int(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

fn itself(item: &Node) -> String {
    text(Some(item))
}

fn subnet(item: &Node) -> String {
    text(get(item, "subnet"))
}

fn env_file(item: &Node) -> String {
    text(get(item, "path").or(Some(item)))
}

fn file(item: &Node) -> String {
    text(get(item, "target").or_else(|| get(item, "source")).or(Some(item)))
}

fn target(item: &Node) -> String {
    if let Some(target) = get(item, "target") {
        return text(Some(target));
    }
    let text = text(Some(item));
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    parts.next().filter(|second| second.starts_with('/')).unwrap_or(first).to_owned()
}

/// What is published can be published once; what is not goes by its target.
fn port(item: &Node) -> String {
    if item.value.as_map().is_some() {
        let protocol = get(item, "protocol").map_or("tcp".to_owned(), |it| text(Some(it)));
        return match get(item, "published") {
            Some(published) => format!("{}/{protocol}", text(Some(published))),
            None => format!(":{}/{protocol}", text(get(item, "target"))),
        };
    }
    let text = text(Some(item));
    let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    match ports.rsplit_once(':') {
        Some((published, _)) => {
            let published = published.rsplit_once(':').map_or(published, |(_, port)| port);
            format!("{published}/{protocol}")
        }
        None => format!(":{ports}/{protocol}"),
    }
}

/// A route is its hosts and its path; of TCP and UDP, its hosts and where it enters.
fn route(item: &Node) -> String {
    let hosts = texts(get(item, "host"));
    match get(item, "protocol").map(|protocol| text(Some(protocol))) {
        Some(protocol) if protocol != "http" => {
            format!("{protocol}://{hosts} at {}", texts(get(item, "entrypoints")))
        }
        _ => {
            let path = get(item, "path").map_or("/".to_owned(), |it| text(Some(it)));
            format!("{hosts}{}", units::join("/", &path))
        }
    }
}

/// One text, or those of a list.
fn texts(node: Option<&Node>) -> String {
    match node.and_then(|node| node.value.as_list()) {
        Some(items) => items.iter().map(itself).collect::<Vec<_>>().join(","),
        None => text(node),
    }
}
