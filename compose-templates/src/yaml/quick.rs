//! The events of YAML as compose files are mostly written, for a fraction of
//! what the whole parser takes.
//!
//! It knows block mappings and lists, values that begin and end in one line,
//! anchors and aliases, in printable ASCII. At anything else it gives up, and so
//! it does at whatever is wrong: then the whole parser reads the file from its
//! start, and says it in its own words. What it gives are the events and the
//! places that the whole parser gives; tests and the fuzzer hold it to that.

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::str::Split;

use granit_parser::{Event, ScalarStyle, StructureStyle};

use super::{At, clip};

/// The longest line: what it gives is kept until it is taken, and a key of more
/// than 1024 characters is none.
const MAX_LINE: usize = 1000;
/// How deep lists and mappings may be nested in one line.
const MAX_FLOW: usize = 16;

/// The file is for the whole parser.
#[derive(Debug)]
pub(super) struct GaveUp;

/// An event, and where it starts.
type Placed<'t> = (Event<'t>, At);

pub(super) struct Quick<'t> {
    lines: Split<'t, char>,
    /// The place of the line that is read.
    line: At,
    /// The lists and mappings that are open, the outermost first.
    open: Vec<Block>,
    /// The value that is still to come, if one is.
    awaited: Option<Awaited>,
    /// By name: its number, as the parser counts.
    anchors: BTreeMap<&'t str, usize>,
    /// How many anchors there were.
    named: usize,
    ready: VecDeque<Placed<'t>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    indent: usize,
    list: bool,
}

/// A value of which only the key, the dash or the anchor was read.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    anchor: usize,
    /// Where it stands if it does not come.
    none: Option<At>,
}

impl<'t> Quick<'t> {
    pub(super) fn new(text: &'t str, file: usize) -> Self {
        let start = At { file, line: 1, column: 1 };
        Self {
            lines: text.split('\n'),
            line: At { line: 0, ..start },
            open: Vec::new(),
            awaited: Some(Awaited { anchor: 0, none: None }),
            anchors: BTreeMap::new(),
            named: 0,
            ready: VecDeque::from([(Event::DocumentStart(false, None), start)]),
        }
    }

    /// The next event; [`None`] after the last.
    pub(super) fn next(&mut self) -> Result<Option<Placed<'t>>, GaveUp> {
        while self.ready.is_empty() {
            if let Some(line) = self.lines.next() {
                self.line.line += 1;
                self.read(line).ok_or(GaveUp)?;
            } else {
                self.nothing_came().ok_or(GaveUp)?;
                while let Some(block) = self.open.pop() {
                    self.end(block);
                }
                break;
            }
        }
        Ok(self.ready.pop_front())
    }

    fn at(&self, column: usize) -> At {
        At { column: clip(column + 1), ..self.line }
    }

    fn give(&mut self, event: Event<'t>, column: usize) {
        let at = self.at(column);
        self.ready.push_back((event, at));
    }

    fn end(&mut self, block: Block) {
        self.give(if block.list { Event::SequenceEnd } else { Event::MappingEnd }, 0);
    }

    /// Takes an awaited value for null.
    fn nothing_came(&mut self) -> Option<()> {
        if let Some(Awaited { none, .. }) = self.awaited.take() {
            let null = Event::Scalar(Cow::Borrowed("~"), ScalarStyle::Plain, 0, None);
            self.ready.push_back((null, none?));
        }
        Some(())
    }

    /// Reads a line. Here and below, [`None`] is giving up.
    fn read(&mut self, line: &'t str) -> Option<()> {
        if line.len() > MAX_LINE || !line.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return None;
        }
        let text = line.trim_start_matches(' ');
        if is_over(text) {
            return Some(());
        }
        let indent = line.len() - text.len();
        if indent == 0 && (text.starts_with("---") || text.starts_with("...")) {
            return None;
        }
        let list = is_item(text);
        let parent = self.open.last().copied();
        let deeper = parent.is_none_or(|parent| {
            indent > parent.indent || (indent == parent.indent && list && !parent.list)
        });
        match self.awaited {
            Some(Awaited { anchor, .. }) if deeper => {
                self.awaited = None;
                // A list that is no deeper than its key starts at its first value.
                let flat = parent.is_some_and(|parent| parent.indent == indent);
                self.start(Block { indent, list }, text, anchor, flat)?;
            }
            _ => {
                self.nothing_came()?;
                let goes_on = Block { indent, list };
                while let Some(block) = self.open.last().copied() {
                    let outer = block.indent < indent || (block.indent == indent && !block.list);
                    if block == goes_on || outer {
                        break;
                    }
                    self.open.pop();
                    self.end(block);
                }
                if self.open.last() != Some(&goes_on) {
                    return None;
                }
            }
        }
        if list { self.item(text, indent) } else { self.entry(text, indent) }
    }

    /// Opens the list or mapping whose first line is `text`.
    fn start(&mut self, block: Block, text: &str, anchor: usize, flat: bool) -> Option<()> {
        let style = StructureStyle::Block;
        if block.list {
            let (first, skipped) = skip(text.get(1..)?);
            if flat && is_over(first) {
                return None;
            }
            let column = block.indent + if flat { 1 + skipped } else { 0 };
            self.give(Event::SequenceStart(style, anchor, None), column);
        } else {
            self.give(Event::MappingStart(style, anchor, None), block.indent);
        }
        self.open.push(block);
        Some(())
    }

    /// `- value`
    fn item(&mut self, text: &'t str, column: usize) -> Option<()> {
        let (value, skipped) = skip(text.get(1..)?);
        let column = column + 1 + skipped;
        if is_over(value) {
            self.awaited = Some(Awaited { anchor: 0, none: None });
            return Some(());
        }
        if is_item(value) {
            return None;
        }
        if key(value).is_none() {
            return self.value(value, column, 0);
        }
        self.start(Block { indent: column, list: false }, value, 0, false)?;
        self.entry(value, column)
    }

    /// `key: value`
    fn entry(&mut self, text: &'t str, column: usize) -> Option<()> {
        let (scalar, length) = key(text)?;
        self.give(scalar.event(0), column);
        let (value, skipped) = skip(text.get(length + 1..)?);
        if is_over(value) {
            self.awaited = Some(Awaited { anchor: 0, none: Some(self.at(column + length)) });
            return Some(());
        }
        self.value(value, column + length + 1 + skipped, 0)
    }

    /// What stands behind a key, a dash or an anchor, to the end of its line.
    fn value(&mut self, text: &'t str, column: usize, anchor: usize) -> Option<()> {
        let rest = match text.as_bytes().first()? {
            b'&' if anchor == 0 => {
                let name = name(text.get(1..)?)?;
                self.named += 1;
                self.anchors.insert(name, self.named);
                let (value, skipped) = skip(text.get(1 + name.len()..)?);
                // The name of an anchor may go on with what is no comment yet, such as `#`.
                if skipped == 0 && !value.is_empty() {
                    return None;
                }
                if is_over(value) {
                    self.awaited = Some(Awaited { anchor: self.named, none: None });
                    return Some(());
                }
                return self.value(value, column + 1 + name.len() + skipped, self.named);
            }
            b'*' if anchor == 0 => self.alias(text, column)?,
            b'[' | b'{' => self.flow(text, column, anchor, 0)?,
            b'"' | b'\'' => {
                let (scalar, rest) = quoted(text)?;
                self.give(scalar.event(anchor), column);
                rest
            }
            _ => {
                let (scalar, rest) = plain(text)?;
                self.give(scalar.event(anchor), column);
                rest
            }
        };
        let (after, skipped) = skip(rest);
        (after.is_empty() || (skipped > 0 && after.starts_with('#'))).then_some(())
    }

    /// An alias; what comes behind it.
    fn alias(&mut self, text: &'t str, column: usize) -> Option<&'t str> {
        let name = name(text.get(1..)?)?;
        let anchor = *self.anchors.get(name)?;
        self.give(Event::Alias(anchor), column);
        text.get(1 + name.len()..)
    }

    /// A list or mapping in brackets or braces; what comes behind it.
    fn flow(
        &mut self,
        text: &'t str,
        column: usize,
        anchor: usize,
        depth: usize,
    ) -> Option<&'t str> {
        if depth > MAX_FLOW {
            return None;
        }
        let column = |rest: &str| column + text.len() - rest.len();
        let style = StructureStyle::Flow;
        let list = text.starts_with('[');
        let (start, end, close) = if list {
            (Event::SequenceStart(style, anchor, None), Event::SequenceEnd, ']')
        } else {
            (Event::MappingStart(style, anchor, None), Event::MappingEnd, '}')
        };
        self.give(start, column(text));
        let (mut rest, _) = skip(text.get(1..)?);
        loop {
            if let Some(after) = rest.strip_prefix(close) {
                self.give(end, column(rest));
                return Some(after);
            }
            if !list {
                let (scalar, after) = flow_scalar(rest)?;
                self.give(scalar.event(0), column(rest));
                (rest, _) = skip(after.strip_prefix(": ")?);
            }
            let after = match rest.as_bytes().first()? {
                b'[' | b'{' => self.flow(rest, column(rest), 0, depth + 1)?,
                b'*' => self.alias(rest, column(rest))?,
                _ => {
                    let (scalar, after) = flow_scalar(rest)?;
                    self.give(scalar.event(0), column(rest));
                    after
                }
            };
            (rest, _) = skip(after);
            if !rest.starts_with(close) {
                (rest, _) = skip(rest.strip_prefix(',')?);
            }
        }
    }
}

/// A scalar as it is written, without its quotes.
#[derive(Debug, Clone, Copy)]
struct Scalar<'t> {
    text: &'t str,
    style: ScalarStyle,
}

impl<'t> Scalar<'t> {
    const fn event(self, anchor: usize) -> Event<'t> {
        Event::Scalar(Cow::Borrowed(self.text), self.style, anchor, None)
    }
}

/// `text` without the spaces at its start, and how many those are.
fn skip(text: &str) -> (&str, usize) {
    let rest = text.trim_start_matches(' ');
    (rest, text.len() - rest.len())
}

/// Where `pair` is in a text that is too short for the search that `str` has.
fn find(text: &str, pair: [u8; 2]) -> Option<usize> {
    text.as_bytes().windows(2).position(|two| two == pair)
}

/// Whether nothing but a comment comes.
fn is_over(text: &str) -> bool {
    text.is_empty() || text.starts_with('#')
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// The name of an anchor or alias.
fn name(text: &str) -> Option<&str> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let end = text.bytes().position(|byte| !good(byte)).unwrap_or(text.len());
    text.get(..end).filter(|name| !name.is_empty())
}

/// A key, and where its colon is.
fn key(text: &str) -> Option<(Scalar<'_>, usize)> {
    let (scalar, rest) = if text.starts_with(['"', '\'']) {
        quoted(text)?
    } else {
        let end = find(text, *b": ").or_else(|| text.len().checked_sub(1))?;
        let (word, rest) = text.split_at_checked(end)?;
        if !starts_plain(word) || find(word, *b" #").is_some() || word.ends_with([' ', ':']) {
            return None;
        }
        (Scalar { text: word, style: ScalarStyle::Plain }, rest)
    };
    let ends = rest == ":" || rest.starts_with(": ");
    ends.then_some((scalar, text.len() - rest.len()))
}

/// A scalar in quotes, with nothing in it that stands for something else; and
/// what comes behind it, which is a quote where two stand for one.
fn quoted(text: &str) -> Option<(Scalar<'_>, &str)> {
    let quote = text.chars().next()?;
    let (inner, rest) = text.get(1..)?.split_once(quote)?;
    let style = if quote == '\'' {
        ScalarStyle::SingleQuoted
    } else if inner.contains('\\') {
        return None;
    } else {
        ScalarStyle::DoubleQuoted
    };
    Some((Scalar { text: inner, style }, rest))
}

/// A scalar without quotes, outside of brackets, and what comes behind it.
fn plain(text: &str) -> Option<(Scalar<'_>, &str)> {
    let (written, rest) = text.split_at_checked(find(text, *b" #").unwrap_or(text.len()))?;
    let word = written.trim_end_matches(' ');
    if !starts_plain(word) || find(word, *b": ").is_some() || word.ends_with(':') {
        return None;
    }
    Some((Scalar { text: word, style: ScalarStyle::Plain }, rest))
}

/// A scalar within brackets, and what comes behind it.
fn flow_scalar(text: &str) -> Option<(Scalar<'_>, &str)> {
    if text.starts_with(['"', '\'']) {
        return quoted(text);
    }
    let ends = text.find([',', ']', '}', '[', '{'])?;
    let (written, _) = text.split_at_checked(ends)?;
    let end = find(written, *b": ").unwrap_or_else(|| written.trim_end_matches(' ').len());
    let (word, rest) = text.split_at_checked(end)?;
    if !starts_plain(word) || find(word, *b" #").is_some() || word.ends_with([' ', ':']) {
        return None;
    }
    Some((Scalar { text: word, style: ScalarStyle::Plain }, rest))
}

/// Whether a scalar can start so without quotes, and is none of the rarer ones.
fn starts_plain(word: &str) -> bool {
    match word.as_bytes() {
        [b'-', next, ..] => !matches!(next, b' ' | b',' | b'[' | b']' | b'{' | b'}'),
        [first, ..] => !b"-?:,[]{}#&*!|>'\"%@`".contains(first),
        [] => false,
    }
}

#[cfg(test)]
mod tests;
