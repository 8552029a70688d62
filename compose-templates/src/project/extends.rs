//! `extends:`, which lays a service over another one.

use std::rc::Rc;

use super::Project;
use super::merge::{extend, get};
use crate::compose::check::{Field, Origin, Path};
use crate::compose::{MAX_SERVICES, keys, units};
use crate::yaml::{Entry, Node, Value};

/// How long a chain of services that extend each other may be.
const MAX_CHAIN: usize = 32;

/// A service on the way from one that extends to the last that is extended.
type Step = (usize, String);

impl Project<'_, '_> {
    /// Works out every `extends` of a file.
    pub(super) fn extend(&mut self, tree: &mut Node) {
        let Some(services) = get(tree, "services").and_then(|node| node.value.as_map()) else {
            return;
        };
        if !services.iter().any(|entry| get(&entry.value, "extends").is_some()) {
            return;
        }
        if services.len() > MAX_SERVICES {
            // It is refused when it is read.
            return;
        }
        let services = services.to_vec();
        let mut done = Vec::with_capacity(services.len());
        for entry in &services {
            let mut chain = vec![(entry.at.file, entry.key.clone())];
            let value = self.resolved(&services, entry, &mut chain).unwrap_or_else(|| {
                // It was complained about; the rest of it is still to be read.
                without(&entry.value)
            });
            done.push(Entry { value, ..entry.clone() });
        }
        if let Value::Map(entries) = &mut tree.value
            && let Some(there) = entries.iter_mut().find(|entry| entry.key == "services")
        {
            there.value.value = Value::Map(done);
        }
    }

    /// A service with what it extends below it.
    fn resolved(
        &mut self,
        services: &[Entry],
        entry: &Entry,
        chain: &mut Vec<Step>,
    ) -> Option<Node> {
        let Some(node) = get(&entry.value, "extends") else { return Some(entry.value.clone()) };
        let path = format!("services.{}.extends", entry.key);
        let path = Path::new(&path);
        let field = Field { key: "extends", key_at: node.at, path, node };
        let (service, file) = self.written(&field)?;
        let Some((file, written)) = file else {
            let base = self.base(services, &field, &service, chain)?;
            return Some(extend(self.check, &entry.key, base, without(&entry.value)));
        };
        let path = field.path.key("file");
        let file = Field { key: "file", key_at: file.at, path, node: file };
        let services = self.other(&file, &written)?;
        let base = self.base(&services, &field, &service, chain)?;
        Some(extend(self.check, &entry.key, base, without(&entry.value)))
    }

    /// The service that is extended, with what it extends itself.
    fn base(
        &mut self,
        services: &[Entry],
        field: &Field<'_>,
        service: &str,
        chain: &mut Vec<Step>,
    ) -> Option<Node> {
        let Some(entry) = services.iter().find(|entry| entry.key == service) else {
            let message = format!(
                "`{}` names the service `{service}`, which that file does not have",
                field.path
            );
            self.check.refuse(field.at(), message);
            return None;
        };
        let path = self.check.origins.get(entry.at.file).map(|origin| origin.path.clone());
        let same = |(file, name): &Step| {
            name == service
                && self.check.origins.get(*file).map(|origin| &origin.path) == path.as_ref()
        };
        if chain.iter().any(same) {
            let names: Vec<String> = chain
                .iter()
                .map(|(_, name)| format!("`{name}`"))
                .chain([format!("`{service}`")])
                .collect();
            let message =
                format!("`{}` goes round in a circle: {}", field.path, names.join(", then "));
            self.check.refuse(field.at(), message);
            return None;
        }
        if chain.len() >= MAX_CHAIN {
            let message =
                format!("`{}` is the end of a chain of more than 32 services", field.path);
            self.check.refuse(field.at(), message);
            return None;
        }
        if !self.afford(field, &entry.value) {
            return None;
        }
        chain.push((entry.at.file, service.to_owned()));
        let base = self.resolved(services, entry, chain);
        chain.pop();
        base
    }

    /// Whether a service may be copied once more.
    fn afford(&mut self, field: &Field<'_>, service: &Node) -> bool {
        if self.copies == 0 {
            return false;
        }
        self.copies = self.copies.saturating_sub(size(service));
        if self.copies == 0 {
            let message = "the services that extend others unfold to more than 100,000 values";
            self.check.refuse(field.at(), message);
        }
        self.copies > 0
    }

    /// What `extends` says: the service, and the file where it is another's.
    fn written<'n>(
        &mut self,
        field: &'n Field<'n>,
    ) -> Option<(String, Option<(&'n Node, String)>)> {
        if !field.is_map() {
            return self.check.filled(field).map(|service| (service, None));
        }
        let (mut service, mut file) = (None, None);
        for key in self.check.map(field) {
            match key.key {
                "service" => service = self.check.filled(&key),
                "file" => file = self.check.filled(&key).map(|path| (key.node, path)),
                _ => self.check.other(&key, &keys::EXTENDS),
            }
        }
        if service.is_none() {
            self.check.refuse(field.at(), format!("`{}` needs a `service`", field.path));
        }
        Some((service?, file))
    }

    /// The services of another file, which is read as the file that names it.
    fn other(&mut self, field: &Field<'_>, written: &str) -> Option<Rc<[Entry]>> {
        let from = field.node.at.file;
        let path = self.check.resolve(field.node.at, written);
        let key = (path.clone(), from);
        if !self.bases.contains_key(&key) {
            let origin = Origin {
                folder: units::folder(&path).to_owned(),
                variables: self.check.variables_of(field.node.at),
                path,
            };
            let opened = self.open(field, origin, written);
            let tree = opened.and_then(|(file, text)| self.parse(file, &text));
            let services = tree.map(|tree| {
                let services = get(&tree, "services").and_then(|node| node.value.as_map());
                Rc::from(services.unwrap_or_default())
            });
            self.bases.insert(key.clone(), services);
        }
        // What was wrong with it was said when it was read.
        self.bases.get(&key)?.clone()
    }
}

/// A service less its `extends`.
fn without(service: &Node) -> Node {
    let mut service = service.clone();
    if let Value::Map(entries) = &mut service.value {
        entries.retain(|entry| entry.key != "extends");
    }
    service
}

/// How many values a tree has.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Map(entries) => 1 + entries.iter().map(|entry| size(&entry.value)).sum::<usize>(),
        Value::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => 1,
    }
}
