//! From a place in what a template became to the place in the template.
//!
//! Once it is parsed, a template gets a helper call in front of each of its
//! parts, which notes how far the result has come. Between two notes the result
//! is either a piece of the template, and goes on with it, or a value, and
//! belongs to the tag that wrote it. Everything is counted in characters.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use handlebars::template::{
    HelperTemplate, HelperTemplateBuilder, Parameter, Template, TemplateElement,
};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
};
use serde_json::Value;

use super::{clip, shape};

/// The name of the helper that notes. No template can spell it.
const NOTE: &str = "@note";

/// Where a part comes from, and whether the result goes on as the template does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: usize,
    text: bool,
}

/// Where the pieces of a result come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Places {
    /// Where the template's lines start.
    lines: Vec<usize>,
    /// Where the pieces start in the result, in order.
    pieces: Vec<(usize, Part)>,
}

impl Places {
    /// The line and the column of the template, from 1, of the character at
    /// `index` of the result.
    pub(crate) fn origin(&self, index: usize) -> (u32, u32) {
        let next = self.pieces.partition_point(|(start, _)| *start <= index);
        let piece = next.checked_sub(1).and_then(|last| self.pieces.get(last));
        let from = piece.map_or(
            0,
            |(start, part)| {
                if part.text { part.from + (index - start) } else { part.from }
            },
        );
        let line = self.lines.partition_point(|start| *start <= from);
        let start = line.checked_sub(1).and_then(|line| self.lines.get(line));
        (clip(line), clip(from - start.copied().unwrap_or_default() + 1))
    }
}

/// What the notes are taken with.
#[derive(Debug, Default)]
pub(super) struct Notes {
    written: Arc<AtomicUsize>,
    lines: Vec<usize>,
    /// By the number of a note.
    parts: Vec<Part>,
    /// How far the result was, and the note's number.
    taken: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl Notes {
    /// Puts the calls into `template`, which is `source` parsed, and the helper
    /// into `handlebars`. `texts` are the texts between the tags.
    ///
    /// # Errors
    ///
    /// Why a part of it is not for strangers.
    pub(super) fn put(
        &mut self,
        template: &mut Template,
        source: &str,
        texts: &[Range<usize>],
        handlebars: &mut Handlebars<'_>,
    ) -> Result<(), &'static str> {
        let mut walk = Walk {
            lines: lines(source),
            texts: counted(source, texts),
            next: 0,
            parts: Vec::new(),
        };
        walk.template(template)?;
        (self.lines, self.parts) = (walk.lines, walk.parts);
        let helper = Note { written: Arc::clone(&self.written), taken: Arc::clone(&self.taken) };
        handlebars.register_helper(NOTE, Box::new(helper));
        Ok(())
    }

    /// Forgets what was noted. What comes back counts the characters of the
    /// result, for whoever writes them.
    pub(super) fn start(&self) -> Arc<AtomicUsize> {
        self.written.store(0, Ordering::Relaxed);
        if let Ok(mut taken) = self.taken.lock() {
            taken.clear();
        }
        Arc::clone(&self.written)
    }

    /// What the notes say.
    pub(super) fn places(self) -> Places {
        let taken = self.taken.lock().map(|taken| taken.clone()).unwrap_or_default();
        let pieces =
            taken.iter().filter_map(|(start, number)| Some((*start, *self.parts.get(*number)?)));
        Places { pieces: pieces.collect(), lines: self.lines }
    }
}

struct Note {
    written: Arc<AtomicUsize>,
    taken: Arc<Mutex<Vec<(usize, usize)>>>,
}

impl HelperDef for Note {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        let number = helper.param(0).and_then(|param| param.value().as_u64());
        let number = number.and_then(|number| usize::try_from(number).ok());
        let number = number.ok_or(RenderErrorReason::ParamNotFoundForIndex(NOTE, 0))?;
        if let Ok(mut taken) = self.taken.lock() {
            taken.push((self.written.load(Ordering::Relaxed), number));
        }
        Ok(())
    }
}

/// A walk through the parts of a template, in the order of its text.
struct Walk<'w> {
    lines: Vec<usize>,
    /// The texts between the tags, and where they start.
    texts: Vec<(usize, &'w str)>,
    /// The text to look for the next piece in.
    next: usize,
    parts: Vec<Part>,
}

impl Walk<'_> {
    fn template(&mut self, template: &mut Template) -> Result<(), &'static str> {
        let elements = std::mem::take(&mut template.elements);
        // The blocks of an `{{else if …}}` have no place of their own.
        let places = std::mem::take(&mut template.mapping);
        let mut places = places.into_iter().map(Some).chain(std::iter::repeat(None));
        for mut element in elements {
            let place = places.next().flatten();
            let at = place.as_ref().and_then(|place| {
                Some(self.lines.get(place.0.checked_sub(1)?)? + place.1.checked_sub(1)?)
            });
            let mut add = |element| {
                template.elements.push(element);
                template.mapping.extend(place.clone());
            };
            if let TemplateElement::RawString(text) = element {
                for (from, piece) in self.pieces(&text) {
                    from.and_then(|from| self.note(Part { from, text: true })).map(&mut add);
                    add(TemplateElement::RawString(piece));
                }
                continue;
            }
            // Its note comes before those of what is in it.
            at.and_then(|from| self.note(Part { from, text: false })).map(&mut add);
            if let Some(at) = at {
                self.next = self.texts.partition_point(|(start, _)| *start < at).max(self.next);
            }
            self.inside(&mut element)?;
            add(element);
        }
        Ok(())
    }

    fn inside(&mut self, element: &mut TemplateElement) -> Result<(), &'static str> {
        if let TemplateElement::HelperBlock(block) = element {
            let HelperTemplate { template, inverse, .. } = block.as_mut();
            for inner in [template, inverse].into_iter().flatten() {
                self.template(inner)?;
            }
        } else if matches!(
            element,
            TemplateElement::DecoratorExpression(_)
                | TemplateElement::DecoratorBlock(_)
                | TemplateElement::PartialExpression(_)
                | TemplateElement::PartialBlock(_)
        ) {
            return Err(shape::NO_PARTIALS);
        }
        Ok(())
    }

    /// Where a text comes from: the next one that has it. It is cut where a
    /// backslash that kept braces from being a tag is gone from it.
    fn pieces(&mut self, text: &str) -> Vec<(Option<usize>, String)> {
        for (index, (start, whole)) in self.texts.iter().enumerate().skip(self.next) {
            let count = |upto: usize| whole.get(..upto).unwrap_or_default().chars().count();
            if let Some(found) = whole.find(text) {
                self.next = index;
                return vec![(Some(start + count(found)), text.to_owned())];
            }
            let plain = whole.replace(ESCAPED, BRACES);
            let Some(found) = plain.find(text) else { continue };
            self.next = index;
            let mut pieces = Vec::new();
            // Where a part starts in the text, and in the same without backslashes.
            let (mut from, mut plain_from) = (0, 0);
            for part in whole.split(ESCAPED) {
                let escaped = if from == 0 { 0 } else { BRACES.len() };
                let (first, last) = (plain_from - escaped, plain_from + part.len());
                let (low, high) = (first.max(found), last.min(found + text.len()));
                if low < high {
                    let piece = plain.get(low..high).unwrap_or_default().to_owned();
                    pieces.push((Some(start + count(from - escaped + (low - first))), piece));
                }
                from += part.len() + ESCAPED.len();
                plain_from += part.len() + BRACES.len();
            }
            return pieces;
        }
        vec![(None, text.to_owned())]
    }

    fn note(&mut self, part: Part) -> Option<TemplateElement> {
        let mut call = HelperTemplateBuilder::default();
        call.name(Parameter::Name(NOTE.to_owned()))
            .params(vec![Parameter::Literal(Value::from(self.parts.len()))])
            .hash(Default::default())
            .block(false)
            .chain(false)
            .indent_before_write(false);
        let call = call.build().ok()?;
        self.parts.push(part);
        Some(TemplateElement::Expression(Box::new(call)))
    }
}

const ESCAPED: &str = "\\{{";
const BRACES: &str = "{{";

/// Where the lines of a text start.
fn lines(text: &str) -> Vec<usize> {
    let ends = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

/// The texts at `ranges`, which are in order, and where they start.
fn counted<'t>(source: &'t str, ranges: &[Range<usize>]) -> Vec<(usize, &'t str)> {
    let (mut bytes, mut chars) = (0, 0);
    let texts = ranges.iter().map(|range| {
        chars += source.get(bytes..range.start).unwrap_or_default().chars().count();
        bytes = range.start;
        (chars, source.get(range.clone()).unwrap_or_default())
    });
    texts.collect()
}
