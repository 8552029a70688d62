//! The way in: texts to a checked model, and the model to a [`StackSpec`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use berth_domain::deployment::Place;
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;

use crate::complaint::{CauseKind, Complaint, Note};
use crate::compose::{self, Check, Model, units};
use crate::files::Files;
use crate::render::{TemplateError, render};
use crate::stack;
use crate::yaml::{self, At};

/// Variables by name, for interpolation, for templates and for `environment:`
/// entries without a value.
pub type Variables = BTreeMap<String, String>;

/// A file to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path, from the root that [`Files`] reads from. One that ends in
    /// `.hbs` is a template.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What a file's text means where compose and `docker stack deploy` differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Compose v2's meaning wherever Swarm can do it; what it can't do is refused.
    #[default]
    Compose,
    /// That of `docker stack deploy`, exactly: what it takes, what it means by it
    /// and what it refuses, its interpolation and its merging included.
    Stack,
}

/// How to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The reading.
    pub reading: Reading,
}

/// Files that have been read, checked and merged.
#[derive(Clone)]
pub struct Loaded {
    pub(crate) model: Model,
    pub(crate) paths: Vec<String>,
    pub(crate) folder: String,
    pub(crate) home: Option<String>,
    pub(crate) reading: Reading,
    pub(crate) notes: Vec<Note>,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Environments and secrets are in it: names say enough.
        f.debug_struct("Loaded")
            .field("paths", &self.paths)
            .field("services", &self.model.services.keys())
            .finish_non_exhaustive()
    }
}

/// An image to build before the stack can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The service it is for.
    pub service: String,
    /// The context: a folder, from the root that [`Files`] reads from; `.` is
    /// the root itself. In the compose reading it never leads out of it.
    pub context: String,
    /// The Dockerfile, from the context.
    pub dockerfile: String,
    /// `--build-arg`s.
    pub args: BTreeMap<String, String>,
    /// The stage to build, if not the last.
    pub target: Option<String>,
    /// Labels for the image.
    pub labels: BTreeMap<String, String>,
}

/// What a stack needs to know beyond its files.
#[derive(Debug, Clone)]
pub struct StackContext {
    /// The stack's name.
    pub stack: StackName,
    /// Images of the services that have a `build:`, by service. They win over
    /// what the file says.
    pub images: BTreeMap<String, String>,
    /// The network, by its name on the Swarm, on which Traefik reaches the
    /// services that have routes. Needed only where there are routes.
    pub public_network: Option<String>,
    /// Traefik's entry points for the routes; none means Traefik's default.
    pub entrypoints: Vec<String>,
    /// The folder on the nodes that relative bind mounts start from. [`None`]
    /// refuses them: a checkout is on no node.
    pub bind_root: Option<String>,
}

/// Reads, checks and merges `files`, later ones over earlier ones.
///
/// # Errors
///
/// Everything that is wrong with them, in the order of the files.
pub fn load(
    files: &[Source],
    beside: &dyn Files,
    variables: &Variables,
    settings: &Settings,
) -> Result<Loaded, Vec<Complaint>> {
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let Some(first) = paths.first() else {
        return Err(vec![Complaint::anywhere("there is no compose file to load; name one")]);
    };
    let mut check = Check {
        paths: &paths,
        reading: settings.reading,
        variables,
        beside,
        folder: units::folder(first).to_owned(),
        version: None,
        budget: MAX_BESIDE,
        complaints: Vec::new(),
        notes: Vec::new(),
    };
    let mut model: Option<Model> = None;
    for (index, file) in files.iter().enumerate() {
        let Some(text) = text(&mut check, index, file) else { continue };
        let before = check.complaints.len();
        let read = match yaml::parse(&text, index, settings.reading) {
            Ok(root) => compose::read(&mut check, root),
            Err(wrong) => {
                check.refuse_as(wrong.at, CauseKind::Yaml, "", wrong.message);
                Model::default()
            }
        };
        if file.path.ends_with(TEMPLATE) {
            for complaint in check.complaints.iter_mut().skip(before) {
                complaint.message.push_str(" (the line is that of the rendered template)");
            }
        }
        match &mut model {
            None => model = Some(read),
            Some(model) => compose::merge::merge(model, read, settings.reading),
        }
    }
    let Check { folder, complaints, notes, .. } = check;
    if !complaints.is_empty() {
        return Err(the_first(complaints));
    }
    let model = model.unwrap_or_default();
    if model.services.is_empty() && settings.reading == Reading::Compose {
        let message = "there is no service to run; the files need one under `services`";
        let place = Some(Place { file: first.clone(), line: 1, column: 1 });
        return Err(vec![Complaint { place, message: message.to_owned(), cause: None }]);
    }
    let home = variables.get("HOME").cloned();
    Ok(Loaded { model, paths, folder, home, reading: settings.reading, notes })
}

/// The ending of a template's name.
const TEMPLATE: &str = ".hbs";

/// The most bytes that are read from the files beside, in all.
const MAX_BESIDE: usize = 32 * 1024 * 1024;

/// The most complaints at once: nobody reads more.
const MAX_COMPLAINTS: usize = 100;

/// The text of one file, rendered if it is a template.
fn text<'f>(check: &mut Check<'_>, index: usize, file: &'f Source) -> Option<Cow<'f, str>> {
    if !file.path.ends_with(TEMPLATE) {
        return Some(Cow::Borrowed(&file.text));
    }
    match render(&file.text, check.variables) {
        Ok(text) => Some(Cow::Owned(text)),
        Err(TemplateError { line, column, message }) => {
            check.refuse(At { file: index, line, column }, message);
            None
        }
    }
}

/// The first hundred, and how many there are beyond.
pub(crate) fn the_first(mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    if complaints.len() > MAX_COMPLAINTS {
        let more = complaints.len() - MAX_COMPLAINTS;
        complaints.truncate(MAX_COMPLAINTS);
        complaints.push(Complaint::anywhere(format!("there are {more} more complaints")));
    }
    complaints
}

impl Loaded {
    /// The images to build, by service. A service that has both a `build:` and
    /// an `image:` is among them; where it is not built, its image is used.
    #[must_use]
    pub fn builds(&self) -> Vec<Build> {
        self.model
            .services
            .iter()
            .filter_map(|(name, service)| {
                let build = service.build.as_ref()?;
                Some(Build {
                    service: name.clone(),
                    context: build
                        .context
                        .clone()
                        .unwrap_or_else(|| units::join(&self.folder, ".")),
                    dockerfile: build.dockerfile.clone().unwrap_or_else(|| "Dockerfile".to_owned()),
                    args: build.args.clone(),
                    target: build.target.clone(),
                    labels: build.labels.clone(),
                })
            })
            .collect()
    }

    /// What was ignored while loading.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The stack, with every note, those of [`Loaded::notes`] among them.
    ///
    /// # Errors
    ///
    /// Everything that Swarm would refuse, or that does not fit together.
    pub fn to_stack(
        &self,
        context: &StackContext,
    ) -> Result<(StackSpec, Vec<Note>), Vec<Complaint>> {
        stack::convert(self, context)
    }
}
