//! Handlebars: whole files (`*.hbs`), host templates, and names of environments.
//!
//! Strict: a variable that does not exist is an error, not nothing. Nothing is
//! escaped, since nothing here is HTML: `{{quote NAME}}` writes a value so that
//! it stays one. What can be called is in [`HELPERS`].
//!
//! Templates come from strangers. What repeats is not there: no partials, no
//! decorators, no `each`. So each tag is run once at most, and bounds on the
//! template, its tags, what the helpers make and the result bound the work.

mod helpers;
mod places;
mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use berth_domain::slug::{LABEL_MAX, label};
use handlebars::{Handlebars, RenderError, RenderErrorReason, Template, no_escape};
use serde_json::{Map, Value};

pub use self::helpers::{HELPERS, HelperDoc};
pub(crate) use self::places::Places;

/// What is wrong with a template, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What is wrong and what to do: one sentence, no full stop.
    pub message: String,
}

/// What host templates and environment names can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Names<'a> {
    /// The branch; of a pull request, the branch it comes from.
    pub branch: Option<&'a str>,
    /// The tag, where one was pushed.
    pub tag: Option<&'a str>,
    /// The pull request's number.
    pub number: Option<u64>,
    /// The repository's name, without its owner.
    pub app: &'a str,
    /// The repository's owner.
    pub owner: &'a str,
    /// The environment; [`None`] while its own name is being made.
    pub environment: Option<&'a str>,
}

/// What a template became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Which part of it comes from where.
    pub(crate) places: Places,
}

/// The largest result, in bytes.
const MAX_RESULT: usize = 1024 * 1024;
/// The most variables that an error names.
const MAX_NAMES: usize = 12;
/// The most errors at once.
const MAX_ERRORS: usize = 20;

/// Renders a whole file with `variables`.
///
/// # Errors
///
/// Every variable that is missing, or else the first thing that is wrong, with
/// its place in the template.
pub fn render(
    template: &str,
    variables: &BTreeMap<String, String>,
) -> Result<Rendered, Vec<TemplateError>> {
    fill(template, variables.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect())
}

/// A host from a template such as `{{branch}}.{{app}}.localhost`. Each value
/// becomes a DNS label, so `feature/a` is as good a branch as any.
///
/// # Errors
///
/// A template that can't be parsed, names what is not there, or does not give a
/// host name.
pub fn render_host(template: &str, names: &Names<'_>) -> Result<String, TemplateError> {
    let host = line(template, names)?.to_ascii_lowercase();
    check_host_name(&host).map_err(|why| TemplateError {
        line: 1,
        column: 1,
        message: format!("the template `{}` gives the host `{host}`, {why}", template.trim()),
    })?;
    Ok(host)
}

/// An environment's name from a template such as `pr-{{number}}` or `production`.
///
/// # Errors
///
/// A template that can't be parsed, names what is not there, or does not give a
/// DNS label.
pub fn render_environment(template: &str, names: &Names<'_>) -> Result<String, TemplateError> {
    let name = line(template, names)?;
    if label(&name, LABEL_MAX) == name {
        return Ok(name);
    }
    Err(TemplateError {
        line: 1,
        column: 1,
        message: format!(
            "the template `{}` gives the environment `{name}`, but an environment's name is 1 to 63 lower-case letters, digits and single hyphens, with no hyphen at its ends",
            template.trim()
        ),
    })
}

/// Checks a host template with made-up names, as a form does before it is saved.
///
/// # Errors
///
/// As [`render_host`].
pub fn check_host(template: &str) -> Result<(), TemplateError> {
    render_host(template, &Names::SAMPLE).map(|_| ())
}

/// Checks the template of an environment's name with made-up names.
///
/// # Errors
///
/// As [`render_environment`].
pub fn check_environment(template: &str) -> Result<(), TemplateError> {
    render_environment(template, &Names { environment: None, ..Names::SAMPLE }).map(|_| ())
}

/// Says why `host` is no host name (RFC 1123, 2.1).
///
/// # Errors
///
/// The rest of a sentence that starts with the host.
pub(crate) fn check_host_name(host: &str) -> Result<(), &'static str> {
    if host.len() > 253 {
        return Err("which is longer than the 253 characters a host name may have");
    }
    for part in host.split('.') {
        if part.is_empty() {
            return Err("which has an empty part before or after a dot");
        }
        if part.len() > LABEL_MAX {
            return Err("of which one part is longer than 63 characters");
        }
        if !part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return Err("but a host name has only letters, digits, hyphens and dots");
        }
        if part.starts_with('-') || part.ends_with('-') {
            return Err("of which one part starts or ends with a hyphen");
        }
    }
    Ok(())
}

impl Names<'static> {
    const SAMPLE: Self = Self {
        branch: Some("feature/a"),
        tag: Some("v1.0.0"),
        number: Some(12),
        app: "shop",
        owner: "acme",
        environment: Some("production"),
    };
}

impl Names<'_> {
    fn data(&self) -> Map<String, Value> {
        let Self { branch, tag, number, app, owner, environment } = *self;
        let number = number.map(|number| number.to_string());
        [
            ("branch", branch),
            ("tag", tag),
            ("number", number.as_deref()),
            ("app", Some(app)),
            ("owner", Some(owner)),
            ("environment", environment),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), Value::from(label(value?, LABEL_MAX)))))
        .collect()
    }
}

/// Renders a template of one line.
fn line(template: &str, names: &Names<'_>) -> Result<String, TemplateError> {
    match fill(template.trim(), names.data()) {
        Ok(rendered) => Ok(rendered.text),
        Err(wrong) => Err(wrong.into_iter().next().unwrap_or_default()),
    }
}

/// Renders `template` with `data`, which may hold more than texts.
pub(crate) fn fill(
    template: &str,
    mut data: Map<String, Value>,
) -> Result<Rendered, Vec<TemplateError>> {
    let known: Vec<String> = data.keys().cloned().collect();
    let texts = shape::scan(template).map_err(|error| vec![error])?;
    let mut parsed = Template::compile(template).map_err(|error| vec![not_a_template(&error)])?;
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    let mut notes = places::Notes::default();
    notes.put(&mut parsed, template, &texts, &mut handlebars).map_err(|message| {
        vec![TemplateError { line: 1, column: 1, message: message.to_owned() }]
    })?;
    handlebars.register_template("template", parsed);

    let mut wrong = Vec::new();
    loop {
        helpers::register(&mut handlebars);
        let mut result = Limited { bytes: Vec::new(), written: notes.start() };
        let error = match handlebars.render_to_write("template", &data, &mut result) {
            Ok(()) if wrong.is_empty() => return finish(result.bytes, notes),
            Ok(()) => return Err(wrong),
            Err(error) => error,
        };
        wrong.push(not_rendered(&error, &known));
        // With it out of the way, the next one shows.
        let out_of_the_way = missing(&error).is_some_and(|name| {
            wrong.len() < MAX_ERRORS && data.insert(name.to_owned(), Value::from("")).is_none()
        });
        if !out_of_the_way {
            wrong.dedup();
            return Err(wrong);
        }
    }
}

fn finish(result: Vec<u8>, notes: places::Notes) -> Result<Rendered, Vec<TemplateError>> {
    let text = String::from_utf8(result).map_err(|_| {
        let message = "the template's result is not UTF-8".to_owned();
        vec![TemplateError { line: 1, column: 1, message }]
    })?;
    Ok(Rendered { text, places: notes.places() })
}

/// The variable for want of which a template can't be rendered.
fn missing(error: &RenderError) -> Option<&str> {
    if let RenderErrorReason::MissingVariable(Some(path)) = error.reason() {
        Some(path.as_str())
    } else {
        None
    }
}

fn not_a_template(error: &handlebars::TemplateError) -> TemplateError {
    // Handlebars counts columns from 1 here, and repeats the place in words.
    let (line, column) = error.pos().unwrap_or((1, 1));
    let reason = error.reason().to_string();
    // The parser lists the rules of its grammar, which say nothing to a reader.
    let reason = if reason.contains("expected ") {
        "what is between the braces can't be read"
    } else {
        reason.trim()
    };
    TemplateError {
        line: clip(line),
        column: clip(column),
        message: format!("this is not a Handlebars template: {reason}"),
    }
}

fn not_rendered(error: &RenderError, known: &[String]) -> TemplateError {
    let message = if let RenderErrorReason::MissingVariable(_) = error.reason() {
        let shown: Vec<String> =
            known.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
        let more = if known.len() > MAX_NAMES { " and others" } else { "" };
        format!(
            "the template names `{}`, which has no value here; there are {}{more}",
            missing(error).unwrap_or("a variable"),
            shown.join(", ")
        )
    } else if let RenderErrorReason::HelperNotFound(name) = error.reason() {
        format!("there is no helper `{name}`")
    } else if let RenderErrorReason::ParamNotFoundForIndex(name, _)
    | RenderErrorReason::ParamNotFoundForName(name, _) = error.reason()
    {
        format!("`{name}` is called with too few values, or with a name that has no value here")
    } else if let RenderErrorReason::Other(reason) = error.reason() {
        format!("the template can't be rendered: {reason}")
    } else {
        format!("the template can't be rendered: {}", error.reason())
    };
    TemplateError {
        line: clip(error.line_no.unwrap_or(1)),
        column: clip(error.column_no.unwrap_or(1)),
        message,
    }
}

fn clip(number: usize) -> u32 {
    u32::try_from(number.max(1)).unwrap_or(u32::MAX)
}

/// A result that can't grow without end, and counts its characters.
struct Limited {
    bytes: Vec<u8>,
    written: Arc<AtomicUsize>,
}

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.bytes.len() + bytes.len() > MAX_RESULT {
            return Err(std::io::Error::other("the result is larger than 1 MiB"));
        }
        self.bytes.extend_from_slice(bytes);
        // All bytes but those that go on with a character.
        let characters = bytes.iter().filter(|byte| *byte & 0b1100_0000 != 0b1000_0000).count();
        self.written.fetch_add(characters, Ordering::Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
