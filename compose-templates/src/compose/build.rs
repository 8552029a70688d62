//! `build:`

use std::collections::BTreeMap;

use berth_domain::build::{BuildContext, RemoteContext};

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

fn context(check: &mut Check<'_>, field: &Field<'_>) -> Option<BuildContext> {
    let written = check.filled(field)?;
    let compose = check.reading == Reading::Compose;
    if compose && RemoteContext::is_address(&written) {
        return match RemoteContext::parse(&written) {
            Ok(remote) => Some(BuildContext::Repository(remote)),
            Err(why) => {
                // What is wrong with it may be a password: it is not shown.
                let message = format!("`{}` can't be fetched from: {why}", field.path);
                check.refuse(field.at(), message);
                None
            }
        };
    }
    let folder = check.resolve(field.at(), &written);
    if compose && (folder.starts_with("..") || folder.starts_with('/')) {
        let message =
            format!("`{}` is {written:?}, which lies outside of the repository", field.path);
        check.refuse(field.at(), message);
    }
    Some(BuildContext::Folder(folder))
}
