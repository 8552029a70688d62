//! The dialect of `docker stack deploy`, quirks and all: a file that works
//! there must mean the same here.

use super::{Interpolated, invalid, missing, name_end};

pub(super) fn interpolate<'v>(
    text: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<Interpolated, String> {
    let mut result = Interpolated::default();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        result.text.push_str(before);
        let after = dollar.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix('$') {
            result.text.push('$');
            rest = after;
            continue;
        }
        let (braced, body) = match after.strip_prefix('{') {
            Some(body) => (true, body),
            None => (false, after),
        };
        let end = substitution_end(body);
        let (substitution, after) = body.split_at(end);
        let after = match (braced, after.strip_prefix('}')) {
            (true, Some(after)) => after,
            (true, None) => return Err(invalid(&head(dollar))),
            (false, _) => after,
        };
        if substitution.is_empty() {
            return Err(invalid(&head(dollar)));
        }
        let value = substitute(substitution, variable, &mut result.unset)?;
        result.text.push_str(&value);
        rest = after;
    }
    result.text.push_str(rest);
    Ok(result)
}

/// What an error shows: up to the closing brace.
fn head(dollar: &str) -> String {
    let end = dollar.find('}').map_or(dollar.len(), |at| at + 1);
    dollar.get(..end).unwrap_or(dollar).to_owned()
}

/// The end of a name with its operator and argument, which goes on to a brace,
/// or to the end of the text: with no braces around it, too.
fn substitution_end(text: &str) -> usize {
    let end = name_end(text);
    if end == 0 {
        return 0;
    }
    let rest = text.get(end..).unwrap_or_default();
    let operation = rest.strip_prefix(':').unwrap_or(rest);
    if !operation.starts_with(['-', '?']) {
        return end;
    }
    text.find('}').unwrap_or(text.len())
}

/// The first of the operators that occurs *anywhere* decides.
fn substitute<'v>(
    substitution: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
    unset: &mut Vec<String>,
) -> Result<String, String> {
    let filled = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some((name, default)) = substitution.split_once(":-") {
        return Ok(filled(name).unwrap_or(default).to_owned());
    }
    if let Some((name, default)) = substitution.split_once('-') {
        return Ok(variable(name).unwrap_or(default).to_owned());
    }
    if let Some((name, message)) = substitution.split_once(":?") {
        return filled(name).map(str::to_owned).ok_or_else(|| missing(name, message));
    }
    if let Some((name, message)) = substitution.split_once('?') {
        return variable(name).map(str::to_owned).ok_or_else(|| missing(name, message));
    }
    Ok(variable(substitution)
        .unwrap_or_else(|| {
            unset.push(substitution.to_owned());
            ""
        })
        .to_owned())
}
