//! YAML as a tree in which every key and value knows its place.
//!
//! Plain scalars mean what they mean to Docker's tools (go-yaml 3): `yes` and
//! `on` are text, `0440` is octal, `1_000` is a number. Merge keys work.
//! Refused are keys that occur twice, more than one document, and what would
//! unfold beyond reason. Of other tags, `!reset` and `!override` are kept: they
//! say how a later file goes over an earlier one.
//!
//! Most files are read by [`quick`], which knows everyday YAML; what it does not
//! know, and every mistake, is for a whole parser, from the start of the file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, Span, StrInput, Tag};

use self::quick::Quick;
use self::scalar::Int;
use crate::load::Reading;
use crate::render::Places;

mod quick;
pub(crate) mod scalar;

/// A place: file by its index, line and column from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
    /// What its tag says about an earlier file's value.
    pub(crate) mark: Option<Mark>,
}

/// A tag that speaks of an earlier file's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// `!reset`: it goes, and nothing comes in its place.
    Reset,
    /// `!override`: it goes, and this comes in its place.
    Override,
}

impl Node {
    pub(crate) const fn new(at: At, value: Value) -> Self {
        Self { at, value, mark: None }
    }
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(Int),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

impl Value {
    pub(crate) fn as_map(&self) -> Option<&[Entry]> {
        if let Self::Map(entries) = self { Some(entries) } else { None }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_int(&self) -> Option<i128> {
        if let Self::Int(number) = self { Some(number.get()) } else { None }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) at: At,
    pub(crate) value: Node,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: At,
    pub(crate) message: String,
}

/// The most nodes a file may unfold to, anchors counted with their copies. The
/// largest compose files seen have a few thousand.
pub(crate) const MAX_NODES: usize = 100_000;
/// How deep a file may be nested, aliases unfolded.
const MAX_DEPTH: usize = 64;
/// The largest file, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// The most text that a file may unfold to, in bytes.
pub(crate) const MAX_TEXT: usize = 8 * 1024 * 1024;
/// The longest key, in bytes. Each value's path is made of keys, so long ones
/// would cost as often as there are values below them.
const MAX_KEY: usize = 512;

/// Two nodes, or entries, are equal where they say the same, wherever they say it.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

/// The tree of `text`, which is the file with this index.
#[cfg(test)]
pub(crate) fn parse(text: &str, file: usize) -> Result<Node, Wrong> {
    parse_from(text, file, None, Reading::Compose)
}

/// The tree of `text`, which is the file with this index. Where that is a
/// template, `places` leads back to it.
///
/// `docker stack deploy` reads the first document of several and no tags, wants
/// every key to be text, and takes a bare date for a point in time.
pub(crate) fn parse_from(
    text: &str,
    file: usize,
    places: Option<&Places>,
    reading: Reading,
) -> Result<Node, Wrong> {
    let start = At { file, line: 1, column: 1 };
    if text.len() > MAX_BYTES {
        return Err(wrong(start, "the file is larger than 1 MiB"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // What a template became has places that only the whole parser counts.
    if places.is_none()
        && let Ok(tree) = quickly(text, start, reading)
    {
        return Ok(tree);
    }
    whole(text, start, places, reading)
}

/// The tree of `text` as [`quick`] gives it.
fn quickly(text: &str, start: At, reading: Reading) -> Result<Node, Wrong> {
    Tree::new(Events::Quick(Quick::new(text, start.file)), start, None, reading).root()
}

/// The tree of `text` as the whole parser gives it.
fn whole(text: &str, start: At, places: Option<&Places>, reading: Reading) -> Result<Node, Wrong> {
    let parser = Box::new(Parser::new_from_str(text));
    Tree::new(Events::Whole(parser), start, places, reading).root()
}

/// Holds [`quick`] to the whole parser's tree and places, for a fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn hold_quick_to_whole(text: &str, reading: Reading) {
    let start = At { file: 0, line: 1, column: 1 };
    if let Ok(tree) = quickly(text, start, reading) {
        let whole = whole(text, start, None, reading);
        assert_eq!(format!("{:?}", Ok::<_, Wrong>(tree)), format!("{whole:?}"), "{text:?}");
    }
}

fn wrong(at: At, message: impl Into<String>) -> Wrong {
    Wrong { at, message: message.into() }
}

/// Where the events come from.
enum Events<'t> {
    Quick(Quick<'t>),
    Whole(Box<Parser<'t, StrInput<'t>>>),
}

struct Tree<'t> {
    events: Events<'t>,
    file: usize,
    places: Option<&'t Places>,
    /// Whether it is read as `docker stack deploy` does.
    stack: bool,
    /// What may still be unfolded.
    left: Size,
    anchors: BTreeMap<usize, (Node, Size)>,
    last: At,
}

/// How much a node unfolds to.
#[derive(Debug, Clone, Copy)]
struct Size {
    nodes: usize,
    depth: usize,
    bytes: usize,
}

/// A list or a mapping by itself.
const ONE: Size = Size { nodes: 1, depth: 1, bytes: 0 };

impl<'t> Tree<'t> {
    fn new(events: Events<'t>, start: At, places: Option<&'t Places>, reading: Reading) -> Self {
        Self {
            events,
            file: start.file,
            places,
            stack: reading == Reading::Stack,
            left: Size { nodes: MAX_NODES, depth: 0, bytes: MAX_TEXT },
            anchors: BTreeMap::new(),
            last: start,
        }
    }

    fn root(&mut self) -> Result<Node, Wrong> {
        let start = self.last;
        loop {
            match self.next()? {
                Some((Event::DocumentStart(..), _)) => break,
                Some(_) => {}
                None => return Err(wrong(start, "the file is empty")),
            }
        }
        let Some((event, at)) = self.next()? else {
            return Err(wrong(start, "the file is empty"));
        };
        let (root, _) = self.node(event, at, 0)?;
        if self.stack {
            return Ok(root);
        }
        while let Some((event, at)) = self.next()? {
            if matches!(event, Event::DocumentStart(..)) {
                let message = "a second document starts here; put it into a file of its own";
                return Err(wrong(at, message));
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'t>, At)>, Wrong> {
        let parser = match &mut self.events {
            Events::Quick(quick) => {
                // Nobody reads why: the whole parser starts again.
                return quick.next().map_err(|quick::GaveUp| wrong(self.last, ""));
            }
            Events::Whole(parser) => parser,
        };
        match parser.next() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                self.last = self.at(&span);
                Ok(Some((event, self.last)))
            }
            Some(Err(error)) => {
                let at = self.place(error.marker());
                Err(wrong(at, format!("this is not YAML: {}", error.info())))
            }
        }
    }

    fn at(&self, span: &Span) -> At {
        let start = span.tag_start.filter(|tag| tag.line() == span.start.line());
        let start = start.unwrap_or(span.start);
        self.place(&start)
    }

    /// The place in the file that its author wrote.
    fn place(&self, marker: &Marker) -> At {
        let (line, column) = match self.places {
            Some(places) => places.origin(marker.index()),
            None => (clip(marker.line()), clip(marker.col() + 1)),
        };
        At { file: self.file, line, column }
    }

    /// The next event, which must be there: the parser closes what it opened.
    fn inner(&mut self) -> Result<(Event<'t>, At), Wrong> {
        let last = self.last;
        self.next()?.ok_or_else(|| wrong(last, "this is not YAML: the file ends too early"))
    }

    fn take(&mut self, at: At, size: Size) -> Result<(), Wrong> {
        let nodes = self.left.nodes.checked_sub(size.nodes);
        let bytes = self.left.bytes.checked_sub(size.bytes);
        let (Some(nodes), Some(bytes)) = (nodes, bytes) else {
            let message =
                "the file unfolds to more than 100,000 values or 8 MiB; use fewer aliases";
            return Err(wrong(at, message));
        };
        self.left = Size { nodes, bytes, ..self.left };
        Ok(())
    }

    fn node(&mut self, event: Event<'t>, at: At, depth: usize) -> Result<(Node, Size), Wrong> {
        if depth > MAX_DEPTH {
            return Err(wrong(at, "the file is nested more than 64 levels deep"));
        }
        if let Event::Alias(id) = event {
            let Some((node, size)) = self.anchors.get(&id).cloned() else {
                return Err(wrong(at, "this alias stands within what it refers to"));
            };
            if depth + size.depth > MAX_DEPTH {
                return Err(wrong(at, "the file is nested more than 64 levels deep"));
            }
            self.take(at, size)?;
            return Ok((node, size));
        }
        let (value, mark, anchor, size) = if let Event::Scalar(text, style, anchor, tag) = event {
            let bytes = text.len();
            let is_text = tag.as_deref().and_then(Tag::core_suffix) == Some("str");
            let plain = matches!(style, ScalarStyle::Plain) && !is_text;
            let value = match (plain, self.stack) {
                (true, true) => scalar::dated(scalar::resolve(&text)),
                (true, false) => scalar::resolve(&text),
                (false, _) => Value::Text(text.into_owned()),
            };
            let size = Size { nodes: 1, depth: 1, bytes };
            self.take(at, size)?;
            (value, mark(tag.as_deref()), anchor, size)
        } else if let Event::SequenceStart(_, anchor, tag) = event {
            self.take(at, ONE)?;
            let (list, size) = self.list(depth)?;
            (Value::List(list), mark(tag.as_deref()), anchor, size)
        } else if let Event::MappingStart(_, anchor, tag) = event {
            self.take(at, ONE)?;
            let (map, size) = self.map(depth)?;
            (Value::Map(map), mark(tag.as_deref()), anchor, size)
        } else {
            return Err(wrong(at, "this is not YAML: a value is missing"));
        };
        let node = Node { at, value, mark };
        if anchor != 0 {
            // A copy is kept, and of anchors within anchors many.
            self.take(at, size)?;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok((node, size))
    }

    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, Size), Wrong> {
        let mut items = Vec::new();
        let mut size = ONE;
        loop {
            let (event, at) = self.inner()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok((items, size));
            }
            let (item, inner) = self.node(event, at, depth + 1)?;
            size.add(inner);
            items.push(item);
        }
    }

    fn map(&mut self, depth: usize) -> Result<(Vec<Entry>, Size), Wrong> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen = Seen::default();
        let mut merged = Vec::new();
        let mut size = ONE;
        loop {
            let (event, at) = self.inner()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let merge =
                matches!(&event, Event::Scalar(text, ScalarStyle::Plain, ..) if text == "<<");
            let key = if let Event::Scalar(text, style, ..) = event {
                let plain = matches!(style, ScalarStyle::Plain);
                if self.stack && plain && !merge && scalar::resolve(&text).as_text().is_none() {
                    return Err(wrong(
                        at,
                        format!("the key `{text}` is no text; put it in quotes"),
                    ));
                }
                Some(text)
            } else if let Event::Alias(id) = event {
                let anchor = self.anchors.get(&id).map(|(node, _)| &node.value);
                anchor.and_then(Value::as_text).map(|text| Cow::Owned(text.to_owned()))
            } else {
                None
            };
            let Some(key) = key else {
                return Err(wrong(at, "a key must be text, not a list or a mapping"));
            };
            if key.len() > MAX_KEY {
                return Err(wrong(at, "a key must not be longer than 512 bytes"));
            }
            let (event, value_at) = self.inner()?;
            let (value, inner) = self.node(event, value_at, depth + 1)?;
            size.add(inner);
            size.bytes += key.len();
            if merge {
                merged.push(value);
                continue;
            }
            if let Some(first) = seen.first(&entries, &key) {
                let message = format!(
                    "the key `{key}` is here a second time; it was set in line {} already",
                    first.line
                );
                return Err(wrong(at, message));
            }
            entries.push(Entry { key: key.into_owned(), at, value });
        }
        for source in merged {
            for entry in mappings(source)? {
                if seen.first(&entries, &entry.key).is_none() {
                    entries.push(entry);
                }
            }
        }
        Ok((entries, size))
    }
}

/// Where the keys of a mapping were first. Most mappings have few keys, and
/// looking through them is quicker than keeping an index.
#[derive(Default)]
struct Seen {
    many: BTreeMap<String, At>,
}

impl Seen {
    /// The most entries that are looked through.
    const FEW: usize = 24;

    /// Where `entries`, to which others were only added since, have `key`.
    fn first(&mut self, entries: &[Entry], key: &str) -> Option<At> {
        if entries.len() <= Self::FEW {
            return entries.iter().find(|entry| entry.key == key).map(|entry| entry.at);
        }
        for entry in entries.iter().skip(self.many.len()) {
            self.many.insert(entry.key.clone(), entry.at);
        }
        self.many.get(key).copied()
    }
}

impl Size {
    const fn add(&mut self, inner: Self) {
        self.nodes += inner.nodes;
        self.bytes += inner.bytes;
        if inner.depth + 1 > self.depth {
            self.depth = inner.depth + 1;
        }
    }
}

/// What `<<` brings in: a mapping's entries, or those of several, the first winning.
fn mappings(node: Node) -> Result<Vec<Entry>, Wrong> {
    let at = node.at;
    let refused = || Err(wrong(at, "`<<` needs a mapping, or a list of them"));
    if let Value::Map(entries) = node.value {
        return Ok(entries);
    }
    let Value::List(items) = node.value else { return refused() };
    let mut all = Vec::new();
    for item in items {
        let Value::Map(entries) = item.value else { return refused() };
        all.extend(entries);
    }
    Ok(all)
}

/// What a tag says about an earlier file's value; other tags mean nothing here.
fn mark(tag: Option<&Tag>) -> Option<Mark> {
    let tag = tag.filter(|tag| tag.core_suffix().is_none())?;
    match tag.suffix() {
        "reset" => Some(Mark::Reset),
        "override" => Some(Mark::Override),
        _ => None,
    }
}

fn clip(number: usize) -> u32 {
    u32::try_from(number.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
