//! The way in: texts to a checked model, and the model to a [`StackSpec`].

use std::collections::BTreeMap;

use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;

use crate::complaint::{Complaint, Note};
use crate::files::Files;

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
    /// That of `docker stack deploy`: its interpolation, and what it ignores is
    /// ignored. What it refuses but Berth can do is done.
    Stack,
}

/// How to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// The reading.
    pub reading: Reading,
}

/// Files that have been read, checked and merged.
#[derive(Debug, Clone)]
pub struct Loaded {
    notes: Vec<Note>,
}

/// An image to build before the stack can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The service it is for.
    pub service: String,
    /// The context: a folder, from the root that [`Files`] reads from; `.` is
    /// the root itself. Never leads out of it.
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
    let _ = (files, beside, variables, settings);
    Err(vec![Complaint::anywhere("compose files can't be loaded yet")])
}

impl Loaded {
    /// The images to build, by service.
    #[must_use]
    pub fn builds(&self) -> Vec<Build> {
        Vec::new()
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
        let _ = context;
        Err(vec![Complaint::anywhere("compose files can't be loaded yet")])
    }
}
