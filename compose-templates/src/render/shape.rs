//! A template's shape, read off its text: its tags, its blocks, and the texts
//! between them.
//!
//! This looks before the parser does, for what the parser or the renderer would
//! end by running out of stack or time, and because a reader is told more by
//! where a block was opened than by where the parser gave up. It refuses what
//! is too much and what is not closed; the rest is the parser's to judge.

use std::ops::Range;

use super::{TemplateError, clip};

/// The largest template, in bytes.
const MAX_TEMPLATE: usize = 64 * 1024;
/// The most tags. Nothing loops, so each is run once at most: this bounds the
/// steps of a rendering, and what the parser does for each.
const MAX_TAGS: usize = 1_000;
/// How deep blocks and brackets may go: the parser and the renderer recurse.
const MAX_DEPTH: usize = 32;

/// A block that is open.
struct Block<'t> {
    name: &'t str,
    start: usize,
    /// Its own level, and one more for each `{{else if …}}`: that is a block
    /// within the one before it.
    levels: usize,
}

/// A tag: where it starts and ends, and what is in it.
struct Tag<'t> {
    span: Range<usize>,
    /// Without its braces, tildes and the blanks around.
    inner: &'t str,
    raw: bool,
}

/// The texts between the tags, in order.
///
/// # Errors
///
/// The first thing for which the template is not worth parsing.
pub(super) fn scan(template: &str) -> Result<Vec<Range<usize>>, TemplateError> {
    if template.len() > MAX_TEMPLATE {
        return Err(wrong(template, 0, "the template is larger than 64 KiB"));
    }
    let mut texts = Vec::new();
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut offset = 0;
    let mut tags = 0;
    while let Some(start) = next_tag(template, offset, &mut tags) {
        texts.push(offset..start);
        let tag = read(template, start)?;
        offset = tag.span.end;
        tags += 1;
        if tags > MAX_TAGS {
            return Err(wrong(template, start, "the template has more than 1,000 tags"));
        }
        if tag.raw {
            let Some(length) = template.get(offset..).and_then(|rest| rest.find("{{{{/")) else {
                return Err(not_closed(template, start, tag.inner));
            };
            texts.push(offset..offset + length);
            offset = read(template, offset + length)?.span.end;
            continue;
        }
        track(template, &tag, &mut blocks)?;
    }
    if let Some(open) = blocks.last() {
        return Err(not_closed(template, open.start, open.name));
    }
    texts.push(offset..template.len());
    Ok(texts)
}

/// The place of an offset, from 1.
pub(super) fn place(template: &str, offset: usize) -> (u32, u32) {
    let before = template.get(..offset).unwrap_or(template);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (clip(line), clip(column))
}

fn wrong(template: &str, offset: usize, message: impl Into<String>) -> TemplateError {
    let (line, column) = place(template, offset);
    TemplateError { line, column, message: message.into() }
}

fn not_closed(template: &str, start: usize, name: &str) -> TemplateError {
    let message = format!("the block `{name}` is not closed; end it with `{{{{/{name}}}}}`");
    wrong(template, start, message)
}

/// Where the next tag starts: at braces that no backslash escapes. Those that
/// one does count among the tags.
fn next_tag(template: &str, from: usize, tags: &mut usize) -> Option<usize> {
    let mut offset = from;
    loop {
        let start = offset + template.get(offset..)?.find("{{")?;
        let before = template.get(from..start)?;
        let slashes = before.len() - before.trim_end_matches('\\').len();
        if slashes != 1 {
            return Some(start);
        }
        *tags += 1;
        let braces = template.get(start..)?;
        offset = start + if braces.starts_with("{{{{") { 4 } else { 2 };
    }
}

/// Reads the tag that starts at `start`.
fn read(template: &str, start: usize) -> Result<Tag<'_>, TemplateError> {
    let unclosed = || wrong(template, start, "a `{{` is not closed");
    let rest = template.get(start..).unwrap_or_default();
    let (open, close) = if rest.starts_with("{{!--") && rest.contains("--}}") {
        ("{{!--", "--}}")
    } else if rest.starts_with("{{!") {
        ("{{!", "}}")
    } else if rest.starts_with("{{{{") {
        ("{{{{", "}}}}")
    } else if rest.starts_with("{{{") {
        ("{{{", "}}}")
    } else {
        ("{{", "}}")
    };
    let body = rest.get(open.len()..).unwrap_or_default();
    let end = if open.starts_with("{{!") {
        body.find(close)
    } else {
        end_of(body, close).map_err(|at| wrong(template, start + open.len() + at, TOO_DEEP))?
    };
    let end = end.ok_or_else(unclosed)?;
    let inner = body.get(..end).unwrap_or_default();
    Ok(Tag {
        span: start..start + open.len() + end + close.len(),
        inner: if open.starts_with("{{!") { "" } else { bare(inner) },
        raw: open == "{{{{",
    })
}

fn bare(inner: &str) -> &str {
    inner.trim_matches(|c: char| c == '~' || c == '{' || c == '}' || c.is_whitespace())
}

const TOO_DEEP: &str = "the template is nested more than 32 levels deep";

/// Where a tag's body ends: at `close`, outside of quotes and brackets. An
/// error is the place where the brackets go too deep.
fn end_of(body: &str, close: &str) -> Result<Option<usize>, usize> {
    let mut quote = None;
    let mut escaped = false;
    let (mut depth, mut braces) = (0_usize, 0_usize);
    for (at, c) in body.char_indices() {
        if let Some(open) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' => braces += 1,
            '}' if braces > 0 && !closes(body, at, close) => braces -= 1,
            '}' if body.get(at..).is_some_and(|rest| rest.starts_with(close)) => {
                return Ok(Some(at));
            }
            _ => {}
        }
        if depth + braces > MAX_DEPTH {
            return Err(at);
        }
    }
    Ok(None)
}

/// Whether the text from `at` can only be a tag's end: `close`, and no brace more.
fn closes(body: &str, at: usize, close: &str) -> bool {
    let rest = body.get(at..).and_then(|rest| rest.strip_prefix(close));
    rest.is_some_and(|rest| !rest.starts_with('}'))
}

/// Keeps account of what is open.
fn track<'t>(
    template: &'t str,
    tag: &Tag<'t>,
    blocks: &mut Vec<Block<'t>>,
) -> Result<(), TemplateError> {
    let start = tag.span.start;
    let word = |text: &'t str| text.split_whitespace().next().unwrap_or_default();
    if let Some(inner) = tag.inner.strip_prefix('#') {
        let name = word(inner.trim_start());
        if name.starts_with(['>', '*']) {
            return Err(wrong(template, start, NO_PARTIALS));
        }
        blocks.push(Block { name, start, levels: 1 });
    } else if tag.inner.starts_with(['>', '*']) {
        return Err(wrong(template, start, NO_PARTIALS));
    } else if let Some(inner) = tag.inner.strip_prefix('/') {
        let name = word(inner);
        let Some(open) = blocks.pop() else {
            let message = format!("`{{{{/{name}}}}}` closes a block that is not open");
            return Err(wrong(template, start, message));
        };
        if open.name != name {
            let message = format!(
                "`{{{{/{name}}}}}` can't close the block `{}` of line {}; end that with `{{{{/{}}}}}` first",
                open.name,
                place(template, open.start).0,
                open.name
            );
            return Err(wrong(template, start, message));
        }
    } else if let Some(block) = blocks.last_mut()
        && (tag.inner.starts_with('^') || word(tag.inner) == "else")
    {
        block.levels += 1;
    }
    if blocks.iter().map(|block| block.levels).sum::<usize>() > MAX_DEPTH {
        return Err(wrong(template, start, TOO_DEEP));
    }
    Ok(())
}

/// Why `{{> x}}` and `{{#*inline}}` are refused.
pub(super) const NO_PARTIALS: &str =
    "partials and decorators can't be used here; write the text out";
