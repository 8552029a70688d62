//! `include:`, which brings in another project's services, networks, volumes,
//! configs and secrets, with its own folder and its own variables.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Project, add_env, over, with_env};
use crate::compose::check::{Field, Origin, Path};
use crate::compose::{keys, units};
use crate::yaml::{At, Entry, Node, Value};

/// What an included project has to give.
const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "configs", "secrets"];

/// An entry of `include:`.
#[derive(Default)]
struct Included<'n> {
    paths: Vec<Field<'n>>,
    project_directory: Option<String>,
    env_files: Option<Vec<Field<'n>>>,
}

impl Project<'_, '_> {
    /// Puts what the file includes into it.
    pub(super) fn include(&mut self, tree: &mut Node, file: usize, chain: &[usize]) {
        let Some(node) = take(tree, "include") else { return };
        let path = Path::new("include");
        let field = Field { key: "include", key_at: node.at, path, node: &node };
        let mut chain = chain.to_vec();
        chain.push(file);
        for item in self.check.one_or_more(&field) {
            let fields = if item.is_map() { self.check.map(&item) } else { Vec::new() };
            let entry = self.entry(&item, &fields);
            if let Some(included) = self.included(&item, &entry, &chain) {
                self.bring_in(tree, included, &item);
            }
        }
    }

    fn entry<'n>(&mut self, item: &Field<'n>, fields: &'n [Field<'n>]) -> Included<'n> {
        if !item.is_map() {
            return Included { paths: vec![item.clone()], ..Included::default() };
        }
        let mut entry = Included::default();
        for key in fields {
            match key.key {
                "path" => entry.paths = self.check.one_or_more(key),
                "project_directory" => entry.project_directory = self.check.filled(key),
                "env_file" => entry.env_files = Some(self.check.one_or_more(key)),
                _ => self.check.other(key, &keys::INCLUDE),
            }
        }
        if entry.paths.is_empty() {
            self.check.refuse(item.at(), format!("`{}` needs a `path`", item.path));
        }
        entry
    }

    /// The tree of an included project.
    fn included(
        &mut self,
        item: &Field<'_>,
        entry: &Included<'_>,
        chain: &[usize],
    ) -> Option<Node> {
        if !self.has_room(item) {
            return None;
        }
        let at = item.at();
        let paths: Vec<(&Field<'_>, String)> = entry
            .paths
            .iter()
            .filter_map(|field| Some((field, self.check.filled(field)?)))
            .collect();
        let (_, first) = paths.first()?;
        let first = self.check.resolve(at, first);
        let folder = match &entry.project_directory {
            Some(folder) => self.check.resolve(at, folder),
            None => units::folder(&first).to_owned(),
        };
        let variables = self.variables(at, entry, &folder);
        let mut tree = None;
        for (field, written) in paths {
            let path = self.check.resolve(at, &written);
            if self.goes_round(field, &path, chain) {
                return None;
            }
            let origin = Origin { path, folder: folder.clone(), variables: Arc::clone(&variables) };
            let (file, text) = self.open(field, origin, &written)?;
            tree = self.over(tree, file, &text, chain);
        }
        tree
    }

    /// Whether a file is included by itself, however many files are between.
    fn goes_round(&mut self, field: &Field<'_>, path: &str, chain: &[usize]) -> bool {
        let name = |file: &usize| self.check.origins.get(*file).map(|origin| origin.path.as_str());
        let Some(start) = chain.iter().position(|file| name(file) == Some(path)) else {
            return false;
        };
        let names: Vec<String> = chain
            .iter()
            .skip(start)
            .filter_map(name)
            .chain([path])
            .map(|name| format!("`{name}`"))
            .collect();
        let message = format!("`{}` goes round in a circle: {}", field.path, names.join(", then "));
        self.check.refuse(field.at(), message);
        true
    }

    /// Its own variables, under those of the file that includes it.
    fn variables(
        &mut self,
        at: At,
        entry: &Included<'_>,
        folder: &str,
    ) -> Arc<crate::load::Variables> {
        let given = self.check.variables_of(at);
        let Some(files) = &entry.env_files else {
            return with_env(self.check, folder, &given);
        };
        let mut all = BTreeMap::new();
        for field in files {
            let Some(written) = self.check.filled(field).filter(|path| path != "/dev/null") else {
                continue;
            };
            let path = self.check.resolve(at, &written);
            let Some(bytes) = self.check.contents(field, &path, &written) else { continue };
            add_env(self.check, &path, bytes, &given, &mut all);
        }
        Arc::new(over(all, &given))
    }

    /// Adds what `included` has to `tree`; what both have must be the same.
    fn bring_in(&mut self, tree: &mut Node, included: Node, item: &Field<'_>) {
        let Value::Map(sections) = included.value else { return };
        for section in sections {
            let Value::Map(entries) = section.value.value else { continue };
            if !SECTIONS.contains(&section.key.as_str()) {
                continue;
            }
            let Some(ours) = section_of(tree, &section.key, section.at) else { continue };
            let mut places: BTreeMap<String, usize> =
                ours.iter().enumerate().map(|(index, entry)| (entry.key.clone(), index)).collect();
            for entry in entries {
                let there = places.get(&entry.key).and_then(|index| ours.get(*index));
                let Some(there) = there else {
                    places.insert(entry.key.clone(), ours.len());
                    ours.push(entry);
                    continue;
                };
                if there.value != entry.value {
                    let place = self.check.place(there.at).map(|place| place.to_string());
                    let message = format!(
                        "`{}` brings in `{}.{}`, which {} defines otherwise; rename one, or change it in a file named after the included one in `path`",
                        item.path,
                        section.key,
                        entry.key,
                        place.unwrap_or_else(|| "another file".to_owned()),
                    );
                    self.check.refuse(item.at(), message);
                }
            }
        }
    }
}

fn take(tree: &mut Node, key: &str) -> Option<Node> {
    let Value::Map(entries) = &mut tree.value else { return None };
    let index = entries.iter().position(|entry| entry.key == key)?;
    Some(entries.remove(index).value)
}

/// The entries of a section, which is made where it is missing.
fn section_of<'t>(tree: &'t mut Node, section: &str, at: At) -> Option<&'t mut Vec<Entry>> {
    let Value::Map(sections) = &mut tree.value else { return None };
    let index = sections.iter().position(|there| there.key == section).unwrap_or_else(|| {
        let value = Node::new(at, Value::Map(Vec::new()));
        sections.push(Entry { key: section.to_owned(), at, value });
        sections.len() - 1
    });
    let there = &mut sections.get_mut(index)?.value.value;
    if there.is_null() {
        *there = Value::Map(Vec::new());
    }
    if let Value::Map(entries) = there { Some(entries) } else { None }
}
