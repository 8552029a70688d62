//! `${…}` in values, in the two dialects there are.
//!
//! | | compose v2 | `docker stack deploy` |
//! |---|---|---|
//! | `${V:+a}`, `${V+a}` | `a` where `V` is set | refused |
//! | `${V:-${W}}` | nested | `${W` by default, and a `}` |
//! | `$V-x` | `V`, then `-x` | the same as `${V-x}` |
//! | `${V:?a-b}` | the message is `a-b` | `b` by default |

use std::cell::Cell;

use crate::load::Reading;

mod compose;
mod stack;

/// A text with its variables put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Interpolated {
    pub(crate) text: String,
    /// Variables that were named, have no value, and were given no default.
    pub(crate) unset: Vec<String>,
}

/// Why variables could not be put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Whether it is only that a variable has no value.
    pub(crate) required: bool,
    /// One sentence that says what is wrong; it names variables, never their values.
    pub(crate) message: String,
}

impl From<String> for Refused {
    fn from(message: String) -> Self {
        Self { required: false, message }
    }
}

/// Puts variables into `text`.
///
/// # Errors
///
/// What is wrong with it, or which variable has no value.
pub(crate) fn interpolate<'v>(
    text: &str,
    reading: Reading,
    variable: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<Interpolated, Refused> {
    if !text.contains('$') {
        return Ok(Interpolated { text: text.to_owned(), unset: Vec::new() });
    }
    let left = Cell::new(Some(MAX_VALUES));
    let counted = |name: &str| {
        let value = variable(name)?;
        left.set(left.get().and_then(|left| left.checked_sub(value.len())));
        Some(if left.get().is_some() { value } else { "" })
    };
    let result = match reading {
        Reading::Compose => compose::interpolate(text, &counted),
        Reading::Stack => stack::interpolate(text, &counted),
    };
    if left.get().is_none() {
        return Err("its variables unfold to more than 1 MiB".to_owned().into());
    }
    result
}

/// The most bytes of values that one text may take in.
const MAX_VALUES: usize = 1024 * 1024;

/// The most characters of what a file says is missing that are repeated.
const MAX_MESSAGE: usize = 200;

/// The end of the name that `text` starts with.
fn name_end(text: &str) -> usize {
    let mut end = 0;
    for (at, c) in text.char_indices() {
        let good = c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit());
        if !good {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

fn invalid(what: &str) -> Refused {
    let shown: String = what.chars().take(40).collect();
    format!("`{shown}` is not a variable; write `$$` where you mean a dollar sign").into()
}

fn missing(name: &str, message: &str) -> Refused {
    let message: String = message.chars().take(MAX_MESSAGE).collect();
    let message = if message.is_empty() {
        format!("the variable `{name}` must have a value")
    } else {
        format!("the variable `{name}` must have a value: {message}")
    };
    Refused { required: true, message }
}

#[cfg(test)]
mod tests;
