//! The helpers: what a template can call.
//!
//! [`HELPERS`] is the list that `docs/templates.md` shows and a test renders.
//! Those that write text do so within a budget: nested in each other, a few of
//! them make gigabytes of a quotation mark.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use berth_domain::slug::{LABEL_MAX, label};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderError,
    RenderErrorReason,
};
use serde_json::Value;

use crate::compose::units;

/// The most text that helpers may make while one template is rendered, in bytes.
const MAX_WORK: usize = 4 * 1024 * 1024;

/// A helper as its documentation shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelperDoc {
    /// Its name.
    pub name: &'static str,
    /// A use of it, with the variables `NAME` (`Shop`), `EMPTY` (nothing) and
    /// `EVERY` (`1m30s`).
    pub example: &'static str,
    /// What the example gives.
    pub gives: &'static str,
    /// What it is for, in a few words.
    pub means: &'static str,
}

const fn doc(
    name: &'static str,
    example: &'static str,
    gives: &'static str,
    means: &'static str,
) -> HelperDoc {
    HelperDoc { name, example, gives, means }
}

/// Every helper there is.
pub const HELPERS: &[HelperDoc] = &[
    doc(
        "quote",
        "{{quote NAME}}",
        "\"Shop\"",
        "the value as one YAML scalar in which compose replaces no `$`; several are put together",
    ),
    doc("json", "{{json NAME}}", "\"Shop\"", "the value as JSON; `$` keeps its meaning to compose"),
    doc(
        "default",
        "{{default EMPTY \"none\"}}",
        "none",
        "the variable, or the text where it is missing or empty",
    ),
    doc("label", "{{label NAME}}", "shop-d00aae", "the value as a DNS label"),
    doc("seconds", "{{seconds EVERY}}", "90", "a duration in whole seconds"),
    doc(
        "if",
        "{{#if NAME}}yes{{else}}no{{/if}}",
        "yes",
        "a part that is there for a value that is not empty, `0` or `false`",
    ),
    doc(
        "unless",
        "{{#unless EMPTY}}yes{{/unless}}",
        "yes",
        "a part that is there for an empty one",
    ),
    doc(
        "with",
        "{{#with NAME}}{{this}}{{/with}}",
        "Shop",
        "a part about one value, which is `this` in it",
    ),
    doc(
        "raw",
        "{{{{raw}}}}{{.Node.Hostname}}{{{{/raw}}}}",
        "{{.Node.Hostname}}",
        "text that stays as it is, such as Swarm's own templates; a backslash before `{{` does the same",
    ),
    doc("eq", "{{#if (eq NAME \"Shop\")}}yes{{/if}}", "yes", "whether two values are equal"),
    doc("ne", "{{#if (ne NAME \"Shop\")}}yes{{else}}no{{/if}}", "no", "whether two values differ"),
    doc("gt", "{{#if (gt 2 1)}}yes{{/if}}", "yes", "whether the first is greater"),
    doc("gte", "{{#if (gte 2 2)}}yes{{/if}}", "yes", "whether the first is greater, or equal"),
    doc("lt", "{{#if (lt 1 2)}}yes{{/if}}", "yes", "whether the first is less"),
    doc("lte", "{{#if (lte 2 2)}}yes{{/if}}", "yes", "whether the first is less, or equal"),
    doc("and", "{{#if (and NAME EVERY)}}yes{{/if}}", "yes", "whether both are there"),
    doc("or", "{{#if (or EMPTY NAME)}}yes{{/if}}", "yes", "whether one is there"),
    doc("not", "{{#if (not EMPTY)}}yes{{/if}}", "yes", "whether it is not there"),
    doc("len", "{{len NAME}}", "4", "how long it is, in bytes"),
    doc("lookup", "{{lookup this \"NAME\"}}", "Shop", "the variable of that name"),
];

/// What Handlebars brings that is not for strangers: `each` repeats, and `log`
/// writes into Berth's own log.
const REMOVED: [&str; 2] = ["each", "log"];

/// Registers them, with a budget for one rendering.
pub(super) fn register(handlebars: &mut Handlebars<'_>) {
    for name in REMOVED {
        handlebars.unregister_helper(name);
    }
    let left = Arc::new(AtomicUsize::new(MAX_WORK));
    let mut add = |name, make| {
        let left = Arc::clone(&left);
        handlebars.register_helper(name, Box::new(Text { name, make, left }));
    };
    add("quote", quote_all);
    add("json", |helper| Ok(required(helper, "json", 0)?.to_string()));
    add("label", |helper| Ok(label(&text(&required(helper, "label", 0)?), LABEL_MAX)));
    add("default", default);
    add("seconds", seconds);
}

/// A helper that writes text: its value from its parameters.
struct Text {
    name: &'static str,
    make: fn(&Helper<'_>) -> Result<String, RenderError>,
    left: Arc<AtomicUsize>,
}

impl HelperDef for Text {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        if helper.is_block() {
            let message = format!("`{}` is no block; write it without the `#`", self.name);
            return Err(RenderErrorReason::Other(message).into());
        }
        let text = (self.make)(helper)?;
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(text.len()))
            .map_err(|_| {
                let message = "its helpers make more than 4 MiB of text; nest them less".to_owned();
                RenderErrorReason::Other(message)
            })?;
        out.write(&text)?;
        Ok(())
    }
}

/// One YAML scalar, whatever the text: JSON's quotes are YAML's, and compose
/// reads `$$` as a dollar.
fn quote(value: &Value) -> String {
    let escaped = value.to_string().replace('$', "$$");
    let special = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if !escaped.contains(special) {
        return escaped;
    }
    let each = escaped.chars().map(|c| {
        // What YAML does not allow as it is, JSON leaves as it is.
        if special(c) { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    });
    each.collect()
}

/// The value; of several, one after the other.
fn quote_all(helper: &Helper<'_>) -> Result<String, RenderError> {
    let first = required(helper, "quote", 0)?;
    if helper.params().len() == 1 {
        return Ok(quote(&first));
    }
    let mut whole = String::new();
    for at in 0..helper.params().len() {
        whole.push_str(&text(&required(helper, "quote", at)?));
    }
    Ok(quote(&Value::from(whole)))
}

fn default(helper: &Helper<'_>) -> Result<String, RenderError> {
    let given = helper.param(0).ok_or(RenderErrorReason::ParamNotFoundForIndex("default", 0))?;
    let given = if given.is_value_missing() { String::new() } else { text(given.value()) };
    if given.is_empty() { Ok(text(&required(helper, "default", 1)?)) } else { Ok(given) }
}

fn seconds(helper: &Helper<'_>) -> Result<String, RenderError> {
    let given = text(&required(helper, "seconds", 0)?);
    let nanos = units::duration(&given).ok_or_else(|| {
        let shown: String = given.chars().take(60).collect();
        let message =
            format!("`seconds` needs a duration such as `90s` or `1h`, but has {shown:?}");
        RenderErrorReason::Other(message)
    })?;
    Ok((nanos / 1_000_000_000).to_string())
}

fn required(helper: &Helper<'_>, name: &'static str, at: usize) -> Result<Value, RenderError> {
    let given = helper.param(at).ok_or(RenderErrorReason::ParamNotFoundForIndex(name, at))?;
    if given.is_value_missing() {
        return Err(RenderError::strict_error(given.relative_path()));
    }
    Ok(given.value().clone())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
