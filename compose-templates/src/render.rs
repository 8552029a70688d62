//! Handlebars: whole files (`*.hbs`), host templates, and names of environments.
//!
//! Strict: a variable that does not exist is an error, not nothing. Nothing is
//! escaped, since nothing here is HTML. Helpers beside Handlebars' own `if`,
//! `unless`, `with`, `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `and`, `or`, `not`
//! and `lookup`:
//!
//! | helper | gives |
//! |---|---|
//! | `{{default NAME "text"}}` | the variable, or the text where it is missing or empty |
//! | `{{json NAME}}` | the value as JSON, quotes and all: always one YAML scalar |
//! | `{{label NAME}}` | the value as a DNS label |
//!
//! Templates come from strangers, so what could run for ever is not there:
//! no partials, no decorators, no `each` (there is no list to go through), and
//! helpers within helpers make so much text and no more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use berth_domain::slug::{LABEL_MAX, label};
use handlebars::{
    Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason, no_escape,
};
use serde_json::Value;

/// What is wrong with a template, and where in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

/// The largest template, in bytes.
const MAX_TEMPLATE: usize = 256 * 1024;
/// The largest result, in bytes.
const MAX_RESULT: usize = 1024 * 1024;
/// The most text that helpers may be given and make, in bytes: one within the
/// other, each can double what it is given.
const MAX_HELPED: usize = 4 * 1024 * 1024;
/// The most variables that an error names.
const MAX_NAMES: usize = 12;
/// How deep blocks and brackets may go: the parser recurses.
const MAX_DEPTH: usize = 32;

/// Renders a whole file with `variables`.
///
/// # Errors
///
/// The first thing that is wrong, with its place in the template.
pub fn render(
    template: &str,
    variables: &BTreeMap<String, String>,
) -> Result<String, TemplateError> {
    let data = variables.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect();
    fill(template, data)
}

/// A host from a template such as `{{branch}}.{{app}}.localhost`. Each value
/// becomes a DNS label, so `feature/a` is as good a branch as any.
///
/// # Errors
///
/// A template that can't be parsed, names what is not there, or does not give a
/// host name.
pub fn render_host(template: &str, names: &Names<'_>) -> Result<String, TemplateError> {
    let host = fill(template.trim(), names.data())?.to_ascii_lowercase();
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
    let name = fill(template.trim(), names.data())?;
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
    fn data(&self) -> serde_json::Map<String, Value> {
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

fn fill(template: &str, data: serde_json::Map<String, Value>) -> Result<String, TemplateError> {
    check_shape(template)?;
    let known: Vec<String> = data.keys().cloned().collect();
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(no_escape);
    handlebars.unregister_helper("log");
    handlebars.unregister_helper("each");
    let left = Arc::new(AtomicUsize::new(MAX_HELPED));
    for (name, help) in HELPERS {
        let left = Arc::clone(&left);
        let helper = move |helper: &Helper<'_>,
                           _: &Handlebars<'_>,
                           _: &Context,
                           _: &mut RenderContext<'_, '_>,
                           out: &mut dyn Output|
              -> HelperResult { Ok(out.write(&help(helper, &left)?)?) };
        handlebars.register_helper(name, Box::new(helper));
    }
    handlebars
        .register_template_string("template", template)
        .map_err(|error| not_a_template(&error))?;
    let mut result = Limited(Vec::new());
    handlebars
        .render_to_write("template", &Value::Object(data), &mut result)
        .map_err(|error| not_rendered(&error, &known))?;
    String::from_utf8(result.0).map_err(|_| TemplateError {
        line: 1,
        column: 1,
        message: "the template's result is not UTF-8".to_owned(),
    })
}

/// Refuses, by looking at the text alone, what the parser or the renderer would
/// only end by running out of stack.
fn check_shape(template: &str) -> Result<(), TemplateError> {
    let at = |offset: usize, message: &str| {
        let before = template.get(..offset).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        TemplateError { line: clip(line), column: clip(column), message: message.to_owned() }
    };
    if template.len() > MAX_TEMPLATE {
        return Err(at(0, "the template is larger than 256 KiB"));
    }
    let mut blocks = 0_usize;
    let mut offset = 0;
    while let Some(start) = template.get(offset..).and_then(|rest| rest.find("{{")) {
        let open = offset + start;
        let body = template.get(open..).unwrap_or_default().trim_start_matches('{');
        let inner = template.len() - body.len();
        let body = body.strip_prefix('~').unwrap_or(body);
        if body.starts_with(['>', '*']) || body.starts_with("#>") || body.starts_with("#*") {
            return Err(at(open, "partials and decorators can't be used here; write the text out"));
        }
        if body.starts_with(['#', '^']) {
            blocks += 1;
        } else if body.starts_with('/') {
            blocks = blocks.saturating_sub(1);
        }
        let end = template.get(inner..).and_then(|rest| rest.find("}}")).map(|at| inner + at);
        let tag = template.get(inner..end.unwrap_or(template.len())).unwrap_or_default();
        let brackets = tag.matches(['(', '[', '{']).count();
        if blocks > MAX_DEPTH || brackets > MAX_DEPTH {
            return Err(at(open, "the template is nested more than 32 levels deep"));
        }
        offset = end.map_or(template.len(), |end| end + 2);
    }
    Ok(())
}

fn not_a_template(error: &handlebars::TemplateError) -> TemplateError {
    // Handlebars counts columns from 1 here, and repeats the place in words.
    let (line, column) = error.pos().unwrap_or((1, 1));
    let reason = error.reason().to_string();
    // The parser lists the rules of its grammar, which say nothing to a reader.
    let reason = if reason.contains("helper_block_end") {
        "a block such as `{{#if …}}` is not closed"
    } else if reason.contains("expected ") {
        "a `{{` is not closed, or what is in it can't be read"
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
    let message = if let RenderErrorReason::MissingVariable(path) = error.reason() {
        let shown: Vec<String> =
            known.iter().take(MAX_NAMES).map(|name| format!("`{name}`")).collect();
        let more = if known.len() > MAX_NAMES { " and others" } else { "" };
        format!(
            "the template names `{}`, which has no value here; there are {}{more}",
            path.as_deref().unwrap_or("a variable"),
            shown.join(", ")
        )
    } else if let RenderErrorReason::HelperNotFound(name) = error.reason() {
        format!("there is no helper `{name}`")
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

/// A result that can't grow without end.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_RESULT {
            return Err(std::io::Error::other("the result is larger than 1 MiB"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What makes a text of a helper's parameters, and takes its size off what is left.
type Help = fn(&Helper<'_>, &AtomicUsize) -> Result<String, RenderError>;

const HELPERS: [(&str, Help); 3] =
    [("default", default_helper), ("json", json_helper), ("label", label_helper)];

fn spend(left: &AtomicUsize, text: String) -> Result<String, RenderError> {
    let less = |before: usize| before.checked_sub(text.len());
    match left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
        Ok(_) => Ok(text),
        Err(_) => {
            Err(RenderErrorReason::Other("its helpers make more than 4 MiB".to_owned()).into())
        }
    }
}

fn default_helper(helper: &Helper<'_>, left: &AtomicUsize) -> Result<String, RenderError> {
    let given = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("default", 0))?;
    let otherwise =
        helper.param(1).ok_or(RenderErrorReason::ParamNotFoundForIndex("default", 1))?;
    let given = if given.is_value_missing() { String::new() } else { text(given.value()) };
    spend(left, if given.is_empty() { text(otherwise.value()) } else { given })
}

fn json_helper(helper: &Helper<'_>, left: &AtomicUsize) -> Result<String, RenderError> {
    spend(left, required(helper, "json")?.to_string())
}

fn label_helper(helper: &Helper<'_>, left: &AtomicUsize) -> Result<String, RenderError> {
    let given = spend(left, text(&required(helper, "label")?))?;
    Ok(label(&given, LABEL_MAX))
}

fn required(helper: &Helper<'_>, name: &'static str) -> Result<Value, RenderError> {
    let given = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex(name, 0))?;
    if given.is_value_missing() {
        return Err(RenderError::strict_error(given.relative_path()));
    }
    Ok(given.value().clone())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests;
