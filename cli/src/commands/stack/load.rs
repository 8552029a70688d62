//! Reading compose files for a command at a terminal.

use std::path::Path;

use anyhow::Context;
use berth_compose_templates::{
    Complaint, Folder, Reading, Settings, Source, StackContext, Variables, load,
};
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;
use clap::{Args, ValueEnum};
use serde_json::json;

/// Which files, and what to fill in.
#[derive(Debug, Args)]
pub(crate) struct FileArgs {
    /// A compose file or template, or `-` for the standard input; later ones go
    /// over earlier ones.
    #[arg(
        short = 'c',
        long = "compose-file",
        value_name = "FILE",
        value_delimiter = ',',
        default_value = "compose.yml"
    )]
    files: Vec<String>,

    /// A variable, over that of the environment.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = variable)]
    set: Vec<(String, String)>,

    /// How the files are read where compose and `docker stack deploy` differ.
    #[arg(long, value_enum, default_value = "compose", value_name = "READING")]
    compat: Compat,

    /// The network on which Traefik reaches services with routes.
    #[arg(long, env = "BERTH_PUBLIC_NETWORK", default_value = "berth-public", value_name = "NAME")]
    public_network: String,

    /// Traefik's entry points for routes, separated by commas.
    #[arg(
        long,
        env = "BERTH_ENTRYPOINTS",
        value_delimiter = ',',
        default_value = "web",
        value_name = "NAME"
    )]
    entrypoints: Vec<String>,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Compat {
    /// As compose v2 reads them, wherever Swarm can do it
    Compose,
    /// As `docker stack deploy` does: what it takes, what it means, what it refuses
    Stack,
}

impl From<Compat> for Reading {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::Compose => Self::Compose,
            Compat::Stack => Self::Stack,
        }
    }
}

/// Files that can't be what they should be: all that is wrong with them.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) Vec<Complaint>);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "{only}"),
            all => {
                write!(f, "the files have {} mistakes:", all.len())?;
                all.iter().try_for_each(|complaint| write!(f, "\n  {complaint}"))
            }
        }
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// The same for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let all = self.0.iter().map(|Complaint { place, message, cause }| {
            json!({
                "place": place,
                "message": message,
                "cause": cause.as_ref().map(|is| json!({"kind": is.kind.as_str(), "path": is.path})),
            })
        });
        all.collect()
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("write it as KEY=VALUE".to_owned()),
    }
}

/// Parses a stack's name, for clap.
pub(crate) fn stack_name(text: &str) -> Result<StackName, String> {
    StackName::parse(text).map_err(|error| error.to_string())
}

/// What was read before anything was decided.
#[derive(Debug)]
pub(crate) struct Input {
    sources: Vec<Source>,
    variables: Variables,
    folder: String,
    public_network: String,
    entrypoints: Vec<String>,
    reading: Reading,
}

/// How a text on the standard input is called in messages.
const STDIN: &str = "stdin";

impl Input {
    /// Reads the files, or the standard input.
    pub(crate) async fn read(args: &FileArgs) -> anyhow::Result<Self> {
        let mut sources = Vec::with_capacity(args.files.len());
        for path in &args.files {
            sources.push(if path == "-" {
                let text = std::io::read_to_string(std::io::stdin())
                    .context("failed to read standard input")?;
                Source { path: STDIN.to_owned(), text }
            } else {
                let text = tokio::fs::read_to_string(path)
                    .await
                    .with_context(|| format!("failed to read {path}"))?;
                Source { path: path.clone(), text }
            });
        }
        let mut variables: Variables = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        variables.extend(args.set.iter().cloned());
        let folder = std::env::current_dir().context("failed to read the working folder")?;
        Ok(Self {
            sources,
            variables,
            folder: folder.to_string_lossy().into_owned(),
            public_network: args.public_network.clone(),
            entrypoints: args.entrypoints.clone(),
            reading: args.compat.into(),
        })
    }

    /// Checks and merges the files into the stack `name`. What is ignored is
    /// written to the standard error.
    pub(crate) fn to_stack(&self, name: &StackName) -> anyhow::Result<StackSpec> {
        let beside = Folder::anywhere(Path::new(&self.folder));
        let settings = Settings { reading: self.reading };
        let loaded = load(&self.sources, &beside, &self.variables, &settings).map_err(Refused)?;
        let context = StackContext {
            stack: name.clone(),
            images: Variables::new(),
            public_network: Some(self.public_network.clone()),
            entrypoints: self.entrypoints.clone(),
            bind_root: Some(self.folder.clone()),
        };
        let (spec, notes) = loaded.to_stack(&context).map_err(Refused)?;
        for note in notes {
            eprintln!("note: {note}");
        }
        Ok(spec)
    }
}
