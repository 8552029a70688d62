//! `build:`

use std::collections::BTreeMap;

use super::check::{Check, Field};
use super::keys;
use super::model::BuildModel;
use crate::load::Reading;

pub(super) fn read(check: &mut Check<'_>, field: &Field<'_>) -> Option<BuildModel> {
    let mut build = BuildModel {
        at: field.key_at,
        context: None,
        dockerfile: None,
        args: BTreeMap::new(),
        target: None,
        labels: BTreeMap::new(),
    };
    if field.is_null() {
        return None;
    }
    if !field.is_map() {
        build.context = context(check, field);
        return Some(build);
    }
    for key in check.map(field) {
        match key.key {
            "context" => build.context = context(check, &key),
            "dockerfile" => build.dockerfile = check.filled(&key),
            "target" => build.target = check.filled(&key),
            "labels" => build.labels = check.labels(&key),
            "args" => {
                let variables = check.variables_of(key.at());
                build.args = check
                    .pairs(&key)
                    .into_iter()
                    .filter_map(|(name, value)| {
                        let value = value.or_else(|| variables.get(&name).cloned())?;
                        Some((name, value))
                    })
                    .collect();
            }
            _ => check.other(&key, &keys::BUILD),
        }
    }
    Some(build)
}

fn context(check: &mut Check<'_>, field: &Field<'_>) -> Option<String> {
    let written = check.filled(field)?;
    let address = written.contains("://") || written.starts_with("git@");
    if address && check.reading == Reading::Compose {
        let message =
            format!("`{}` must be a folder of this repository, not an address", field.path);
        check.refuse(field.at(), message);
        return None;
    }
    let folder = check.resolve(field.at(), &written);
    if check.reading == Reading::Compose && (folder.starts_with("..") || folder.starts_with('/')) {
        let message =
            format!("`{}` is {written:?}, which lies outside of the repository", field.path);
        check.refuse(field.at(), message);
    }
    Some(folder)
}
