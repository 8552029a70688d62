//! `depends_on:`, what a service waits for.

use std::collections::BTreeMap;

use berth_domain::stack::Condition;

use super::check::{Check, Field};
use super::keys;
use super::model::DependsUse;
use crate::load::Reading;

/// Reads a list of services, or a mapping of services to conditions.
///
/// `docker stack deploy` makes nothing of a list, and refuses a mapping: so the
/// latter means the same in both readings.
pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> BTreeMap<String, DependsUse> {
    if check.reading == Reading::Stack && !field.is_map() {
        check.texts(field);
        let message = format!("`{}` is ignored, as `docker stack deploy` does", field.path);
        check.note(field.key_at, message);
        return BTreeMap::new();
    }
    if !field.is_map() {
        let items = check.list(field);
        let uses = items.iter().filter_map(|item| {
            let it = DependsUse { at: item.at(), condition: Condition::Started, required: true };
            Some((check.filled(item)?, it))
        });
        return uses.collect();
    }
    let entries = check.map(field);
    entries.iter().map(|entry| (entry.key.to_owned(), one(check, entry))).collect()
}

fn one(check: &mut Check<'_>, field: &Field<'_>) -> DependsUse {
    let mut it = DependsUse { at: field.key_at, condition: Condition::Started, required: true };
    for key in check.map(field) {
        match key.key {
            "condition" => {
                let words =
                    ["service_started", "service_healthy", "service_completed_successfully"];
                it.condition = match check.word(&key, &words).as_deref() {
                    Some("service_healthy") => Condition::Healthy,
                    Some("service_completed_successfully") => Condition::Completed,
                    _ => Condition::Started,
                };
            }
            "required" => it.required = check.flag(&key).unwrap_or(true),
            "restart" => {
                if check.flag(&key) == Some(true) {
                    check.other(&key, &keys::DEPENDS_ON);
                }
            }
            _ => check.other(&key, &keys::DEPENDS_ON),
        }
    }
    it
}
