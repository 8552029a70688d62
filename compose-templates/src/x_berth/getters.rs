//! Getters that check what they get, for options of more than one kind.

use super::values::{self, Verdict};
use crate::compose::check::{Check, Field};

/// The most of anything in a route.
const MANY: usize = 50;

/// Text that passes `verdict`.
pub(super) fn good(
    check: &mut Check<'_>,
    field: &Field<'_>,
    verdict: impl Fn(&str) -> Verdict,
) -> Option<String> {
    let text = check.filled(field)?;
    match verdict(&text) {
        Ok(()) => Some(text),
        Err(what) => {
            check.wanted(field, what);
            None
        }
    }
}

/// The same, where the text may be a secret.
pub(super) fn unseen(
    check: &mut Check<'_>,
    field: &Field<'_>,
    verdict: impl Fn(&str) -> Verdict,
) -> Option<String> {
    let text = check.text(field)?;
    match verdict(&text) {
        Ok(()) => Some(text),
        Err(what) => {
            check.refuse(field.at(), format!("`{}` must be {what}", field.path));
            None
        }
    }
}

/// A text, or a list of them, each of which passes `verdict`, and none twice.
pub(super) fn each(
    check: &mut Check<'_>,
    field: &Field<'_>,
    verdict: impl Fn(&str) -> Verdict,
) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for item in few(check, field) {
        let Some(text) = good(check, &item, &verdict) else { continue };
        if all.contains(&text) {
            check.refuse(item.at(), format!("`{}` names `{text}` again", item.path));
        } else {
            all.push(text);
        }
    }
    all
}

pub(super) fn few<'n>(check: &mut Check<'_>, field: &'n Field<'n>) -> Vec<Field<'n>> {
    let mut items = check.one_or_more(field);
    if items.len() > MANY {
        let message = format!("`{}` has more than {MANY} entries; make it shorter", field.path);
        check.refuse(field.at(), message);
        items.truncate(MANY);
    }
    items
}

pub(super) fn hosts(check: &mut Check<'_>, field: &Field<'_>, wildcard: bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for item in few(check, field) {
        let Some(text) = check.filled(&item) else { continue };
        let host = text.to_ascii_lowercase();
        if let Err(why) = values::host(&host, wildcard) {
            check.refuse(item.at(), format!("`{}` is {host:?}, {why}", item.path));
        } else if all.contains(&host) {
            check.refuse(item.at(), format!("`{}` names `{host}` again", item.path));
        } else {
            all.push(host);
        }
    }
    all
}

pub(super) fn number(
    check: &mut Check<'_>,
    field: &Field<'_>,
    least: u32,
    most: u32,
) -> Option<u32> {
    let number = check.number::<u32>(field)?;
    if (least..=most).contains(&number) {
        return Some(number);
    }
    check.wanted(field, &format!("a whole number from {least} to {most}"));
    None
}

pub(super) fn duration(check: &mut Check<'_>, field: &Field<'_>) -> Option<String> {
    let text = check.filled(field)?;
    let duration = values::duration(&text);
    if duration.is_none() {
        check.wanted(field, "a duration such as `500ms` or `1m30s`, of two years at most");
    }
    duration
}

pub(super) fn seconds(check: &mut Check<'_>, field: &Field<'_>) -> Option<String> {
    let text = check.filled(field)?;
    let duration = values::seconds(&text);
    if duration.is_none() {
        check.wanted(field, "a duration in whole seconds such as `1h`, of two years at most");
    }
    duration
}

/// `true` for what is usual, `false` for nothing, or a mapping.
pub(super) fn switch<T>(
    check: &mut Check<'_>,
    field: &Field<'_>,
    read: impl FnOnce(&mut Check<'_>, &Field<'_>) -> T,
    usual: impl FnOnce() -> T,
) -> Option<T> {
    if field.is_map() {
        return Some(read(check, field));
    }
    check.flag(field)?.then(usual)
}

/// Complains about what is not there, unless something was wrong already.
pub(super) fn needed(
    check: &mut Check<'_>,
    field: &Field<'_>,
    before: usize,
    there: &[(&str, bool)],
) {
    if check.complaints.len() > before {
        return;
    }
    for (key, _) in there.iter().filter(|(_, there)| !there) {
        check.refuse(field.at(), format!("`{}` needs `{key}`", field.path));
    }
}
