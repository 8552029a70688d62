//! Compose v2's dialect: `:+`, `+`, and anything may be nested.

use super::{Interpolated, Refused, invalid, missing, name_end};

/// How deep defaults may be nested.
const MAX_DEPTH: usize = 32;

pub(super) fn interpolate<'v>(
    text: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
) -> Result<Interpolated, Refused> {
    let mut result = Interpolated::default();
    result.text = put_in(text, variable, &mut result.unset, 0)?;
    Ok(result)
}

fn put_in<'v>(
    text: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
    unset: &mut Vec<String>,
    depth: usize,
) -> Result<String, Refused> {
    if depth > MAX_DEPTH {
        return Err("variables are nested more than 32 levels deep".to_owned().into());
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push_str(before);
        let after = dollar.get(1..).unwrap_or_default();
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(braced) = after.strip_prefix('{') {
            let end = closing(braced).ok_or_else(|| {
                let shown: String = dollar.chars().take(40).collect();
                Refused::from(format!("`{shown}` has no closing `}}`"))
            })?;
            let inside = braced.get(..end).unwrap_or_default();
            out.push_str(&expression(inside, variable, unset, depth)?);
            rest = braced.get(end + 1..).unwrap_or_default();
        } else {
            let end = name_end(after);
            if end == 0 {
                let shown = dollar.chars().take(2).collect::<String>();
                return Err(invalid(&shown));
            }
            let (name, after) = after.split_at(end);
            out.push_str(value(name, variable, unset));
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Where the brace closes that was opened just before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
        before = c;
    }
    None
}

fn expression<'v>(
    inside: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
    unset: &mut Vec<String>,
    depth: usize,
) -> Result<String, Refused> {
    let (name, rest) = inside.split_at(name_end(inside));
    if name.is_empty() {
        return Err(invalid(&format!("${{{inside}}}")));
    }
    if rest.is_empty() {
        return Ok(value(name, variable, unset).to_owned());
    }
    let (strict, operation) = match rest.strip_prefix(':') {
        Some(operation) => (true, operation),
        None => (false, rest),
    };
    let given = variable(name).filter(|value| !(strict && value.is_empty()));
    let mut characters = operation.chars();
    let operator = characters.next();
    let argument = characters.as_str();
    let mut argument = || put_in(argument, variable, unset, depth + 1);
    match (operator, given) {
        (Some('-'), Some(value)) | (Some('?'), Some(value)) => Ok(value.to_owned()),
        (Some('-'), None) | (Some('+'), Some(_)) => argument(),
        (Some('?'), None) => Err(missing(name, &argument()?)),
        (Some('+'), None) => Ok(String::new()),
        _ => Err(invalid(&format!("${{{inside}}}"))),
    }
}

fn value<'v>(
    name: &str,
    variable: &dyn Fn(&str) -> Option<&'v str>,
    unset: &mut Vec<String>,
) -> &'v str {
    variable(name).unwrap_or_else(|| {
        unset.push(name.to_owned());
        ""
    })
}
