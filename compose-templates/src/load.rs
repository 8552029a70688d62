//! The way in: texts to a checked model, and the model to a [`StackSpec`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use berth_domain::build::BuildContext;
use berth_domain::deployment::Place;
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;

use crate::complaint::{CauseKind, Complaint, Note};
use crate::compose::check::{MAX_COMPLAINTS, Origin, place_in};
use crate::compose::{self, Check, Model, Profiles, Text, strict, units};
use crate::files::Files;
use crate::policy::Restrictions;
use crate::project;
use crate::stack;
use crate::yaml::{At, Node};

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
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// The reading.
    pub reading: Reading,
    /// The profiles whose services belong to the stack, `*` for all. Where there
    /// are none, those that the variable `COMPOSE_PROFILES` names. Only for
    /// [`Reading::Compose`].
    pub profiles: Vec<String>,
}

/// Files that have been read, checked and merged.
#[derive(Clone)]
pub struct Loaded {
    pub(crate) model: Model,
    /// What the files say, as it stands there, variables put in, for places: one
    /// tree of them all, or in [`Reading::Stack`] each file's.
    pub(crate) trees: Arc<[Node]>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) home: Option<String>,
    pub(crate) reading: Reading,
    /// The variables that had no value, by the place of the value that names them.
    pub(crate) unset: BTreeMap<At, Vec<String>>,
    pub(crate) notes: Vec<Note>,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Environments and secrets are in it: names say enough.
        f.debug_struct("Loaded")
            .field("paths", &self.origins.iter().map(|origin| &origin.path).collect::<Vec<_>>())
            .field("services", &self.model.services.keys())
            .finish_non_exhaustive()
    }
}

/// An image to build before the stack can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The service it is for.
    pub service: String,
    /// The context. A folder is from the root that [`Files`] reads from, and in
    /// the compose reading never leads out of it.
    pub context: BuildContext,
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
    /// The same for the routes with TLS.
    pub tls_entrypoints: Vec<String>,
    /// The folder on the nodes that relative bind mounts start from. [`None`]
    /// refuses them: a checkout is on no node.
    pub bind_root: Option<String>,
    /// What the files may not ask for. [`None`] trusts them.
    pub restrictions: Option<Restrictions>,
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
    let Some(first) = files.first() else {
        return Err(vec![Complaint::anywhere("there is no compose file to load; name one")]);
    };
    let folder = units::folder(&first.path).to_owned();
    let given = Arc::new(variables.clone());
    let origin = |file: &Source| Origin {
        path: file.path.clone(),
        folder: folder.clone(),
        variables: Arc::clone(&given),
    };
    let origins = files.iter().map(origin).collect();
    let mut check = Check::new(origins, settings.reading, Arc::clone(&given), beside);
    let (model, trees) = match settings.reading {
        Reading::Compose => compose_model(&mut check, files, &folder, settings),
        Reading::Stack => stack_model(&mut check, files),
    };
    let Check { origins, variables, unset, mut complaints, notes, more, .. } = check;
    if more > 0 {
        complaints.push(Complaint::anywhere(format!("there are {more} more complaints")));
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }
    if model.services.is_empty() && settings.reading == Reading::Compose {
        let message = "there is no service to run; the files need one under `services`";
        let place = Some(Place { file: first.path.clone(), line: 1, column: 1 });
        return Err(vec![Complaint { place, ..Complaint::anywhere(message) }]);
    }
    let home = variables.get("HOME").cloned();
    let trees = trees.into();
    Ok(Loaded { model, trees, origins, home, reading: settings.reading, unset, notes })
}

/// The ending of a template's name.
pub(crate) const TEMPLATE: &str = ".hbs";

/// The compose reading: one tree, then what it says.
fn compose_model(
    check: &mut Check<'_>,
    files: &[Source],
    folder: &str,
    settings: &Settings,
) -> (Model, Vec<Node>) {
    let mut given = (*check.variables).clone();
    if let Some(stack) = given.get("BERTH_STACK").cloned() {
        given.entry("COMPOSE_PROJECT_NAME".to_owned()).or_insert(stack);
    }
    check.variables = project::with_env(check, folder, &Arc::new(given));
    for origin in &mut check.origins {
        origin.variables = Arc::clone(&check.variables);
    }
    let texts: Vec<Option<Text<'_>>> =
        files.iter().enumerate().map(|(index, file)| check.text_of(index, &file.text)).collect();
    let tree = project::read(check, &texts);
    let profiles = Profiles::new(&settings.profiles, &check.variables);
    (compose::read(check, &tree, &profiles), vec![tree])
}

/// The reading of `docker stack deploy`: each file by itself, then their models.
fn stack_model(check: &mut Check<'_>, files: &[Source]) -> (Model, Vec<Node>) {
    let mut model: Option<Model> = None;
    let mut trees = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let Some(text) = check.text_of(index, &file.text) else { continue };
        let read = match text.parse(index, check.reading) {
            Ok(mut root) => {
                let model = if strict::prepare(check, &mut root) {
                    compose::read(check, &root, &Profiles::default())
                } else {
                    Model::default()
                };
                trees.push(root);
                model
            }
            Err(wrong) => {
                check.refuse_as(wrong.at, CauseKind::Yaml, "", wrong.message);
                Model::default()
            }
        };
        match &mut model {
            None => model = Some(read),
            Some(model) => compose::merge::merge(model, read),
        }
    }
    (model.unwrap_or_default(), trees)
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
    /// Where the files name the image of a service, if they do.
    #[must_use]
    pub fn image_place(&self, service: &str) -> Option<Place> {
        let at = self.model.services.get(service)?.image.as_ref()?.at;
        self.place(at)
    }

    /// A place in words.
    pub(crate) fn place(&self, at: At) -> Option<Place> {
        place_in(&self.origins, at)
    }

    /// The folder that relative paths start from at a place.
    pub(crate) fn folder(&self, at: At) -> &str {
        self.origins.get(at.file).map_or("", |origin| &origin.folder)
    }

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
                    context: build.context.clone().unwrap_or_else(|| {
                        BuildContext::Folder(units::join(self.folder(build.at), "."))
                    }),
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
    /// Everything that Swarm would refuse, that does not fit together, or that
    /// the context's restrictions are against.
    pub fn to_stack(
        &self,
        context: &StackContext,
    ) -> Result<(StackSpec, Vec<Note>), Vec<Complaint>> {
        stack::convert(self, context)
    }
}
