//! A project: all the files that one deployment is made of, as one tree.
//!
//! This is the compose reading's half before the keys are read: `.env`, `${…}`,
//! `include`, `extends`, and later files over earlier ones, each by compose v2's
//! rules. What the keys mean is [`compose`](crate::compose)'s business.
//!
//! ```text
//! each file: text ─ yaml ─ ${…} ─ include ─ extends ─ over the files before ─→ tree
//! ```
//!
//! Files name files, and strangers write them, so everything here has an end:
//! so many files, so many values, so many bytes in all.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::compose::check::{Check, Field, Origin};
use crate::compose::{Text, env_file, units, variables};
use crate::load::{Reading, Variables};
use crate::yaml::{self, At, Entry, Node, Value};

mod extends;
mod include;
pub(crate) mod merge;

use self::merge::lay_over;

/// The most files that a deployment may be made of.
const MAX_FILES: usize = 100;

/// The tree of the main files, the first `files` of [`Check::origins`].
pub(crate) fn read(check: &mut Check<'_>, texts: &[Option<Text<'_>>]) -> Node {
    let mut project = Project { check, copies: yaml::MAX_NODES, opened: 0, bases: BTreeMap::new() };
    let mut tree = None;
    for (file, text) in texts.iter().enumerate() {
        let Some(text) = text else { continue };
        tree = project.over(tree, file, text, &[]);
    }
    tree.unwrap_or(Node::new(At { file: 0, line: 1, column: 1 }, Value::Map(Vec::new())))
}

/// The variables of a project in `folder`: those that were given, and those of
/// its `.env` that were not.
pub(crate) fn with_env(
    check: &mut Check<'_>,
    folder: &str,
    given: &Arc<Variables>,
) -> Arc<Variables> {
    let path = units::join(folder, ".env");
    let Ok(bytes) = check.beside.read(&path) else { return Arc::clone(given) };
    let mut all = BTreeMap::new();
    add_env(check, &path, bytes, given, &mut all);
    Arc::new(over(all, given))
}

/// `given` over what files say.
fn over(files: BTreeMap<String, Option<String>>, given: &Variables) -> Variables {
    let mut all: Variables =
        files.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    all.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    all
}

/// Adds the variables of one file to those of the files before it.
fn add_env(
    check: &mut Check<'_>,
    path: &str,
    bytes: Vec<u8>,
    given: &Variables,
    all: &mut BTreeMap<String, Option<String>>,
) {
    if bytes.len() > MAX_ENV {
        check.refuse_in(path, 1, "the file is larger than 64 KiB");
        return;
    }
    let Ok(text) = String::from_utf8(bytes) else {
        check.refuse_in(path, 1, "the file is not UTF-8");
        return;
    };
    match env_file::variables(&text, &over(all.clone(), given)) {
        Ok(variables) => all.extend(variables),
        Err((line, why)) => check.refuse_in(path, line, why),
    }
}

/// The largest `.env`, in bytes: each of its values can stand in many places.
const MAX_ENV: usize = 64 * 1024;

struct Project<'p, 'c> {
    check: &'p mut Check<'c>,
    /// How many files were asked for, found or not.
    opened: usize,
    /// How many values may still be copied from one service to another.
    copies: usize,
    /// The services of files that others extend, by the file's path and the file
    /// that it is named in, whose variables it is given.
    bases: BTreeMap<(String, usize), Option<Rc<[Entry]>>>,
}

impl Project<'_, '_> {
    /// `text`, which is the file with this index, over what was there before.
    /// `chain` are the files that include it, the outermost first.
    fn over(
        &mut self,
        before: Option<Node>,
        file: usize,
        text: &Text<'_>,
        chain: &[usize],
    ) -> Option<Node> {
        let Some(mut tree) = self.parse(file, text) else { return before };
        self.include(&mut tree, file, chain);
        self.extend(&mut tree);
        Some(lay_over(self.check, before, tree))
    }

    /// The tree of one file, with its variables put in.
    fn parse(&mut self, file: usize, text: &Text<'_>) -> Option<Node> {
        let mut tree = match text.parse(file, Reading::Compose) {
            Ok(tree) => tree,
            Err(wrong) => {
                self.check.refuse(wrong.at, wrong.message);
                return None;
            }
        };
        if !matches!(tree.value, Value::Map(_)) {
            self.check.refuse(tree.at, "a compose file is a mapping with the key `services`");
            return None;
        }
        variables::put_in(self.check, &mut tree);
        Some(tree)
    }

    /// Whether one more file may be opened.
    fn has_room(&mut self, field: &Field<'_>) -> bool {
        let room = self.opened < MAX_FILES;
        if !room {
            self.check.refuse(field.at(), "there are more than 100 compose files; use fewer");
        }
        room
    }

    /// Opens a file that another one names at `field`: its index and its text.
    fn open(
        &mut self,
        field: &Field<'_>,
        origin: Origin,
        written: &str,
    ) -> Option<(usize, Text<'static>)> {
        if written.contains("://") || written.starts_with("git@") || written.starts_with("oci:") {
            let message =
                format!("`{}` must be a file of this repository, not an address", field.path);
            self.check.refuse(field.at(), message);
            return None;
        }
        if !self.has_room(field) {
            return None;
        }
        self.opened += 1;
        let path = origin.path.clone();
        let bytes = self.check.contents(field, &path, written)?;
        let Ok(text) = String::from_utf8(bytes) else {
            let message = format!("`{}` names `{written}`, which is not UTF-8", field.path);
            self.check.refuse(field.at(), message);
            return None;
        };
        let file = self.check.origins.len();
        self.check.origins.push(origin);
        let text = self.check.text_of(file, &text)?.into_owned();
        Some((file, text))
    }
}

#[cfg(test)]
mod tests;
