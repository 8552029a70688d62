//! The dialect of `docker stack deploy`, quirks and all: a file that works
//! there must mean the same here.

use super::{Interpolated, Refused, invalid, missing, name_end};

/// Of several mistakes in one text, Docker forgets all but one after the last
/// variable that it could put in.
pub(super) fn interpolate<'v>(
    text: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<Interpolated, Refused> {
    let mut result = Interpolated::default();
    let mut mistake = None;
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
        let (substitution, behind) = body.split_at(substitution_end(body));
        let behind = if braced { behind.strip_prefix('}') } else { Some(behind) };
        let Some(behind) = behind.filter(|_| !substitution.is_empty()) else {
            mistake = Some(invalid(&head(dollar)));
            rest = after;
            continue;
        };
        match substitute(substitution, variable, &mut result.unset) {
            Ok(value) => {
                result.text.push_str(&value);
                mistake = None;
            }
            Err(refused) => mistake = Some(refused),
        }
        rest = behind;
    }
    result.text.push_str(rest);
    mistake.map_or(Ok(result), Err)
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
) -> Result<String, Refused> {
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
