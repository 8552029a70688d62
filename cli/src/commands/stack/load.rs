//! Reading compose files for a command at a terminal.

use std::path::Path;

use anyhow::{Context, bail};
use berth_compose_templates::{
    Complaint, Folder, Reading, Settings, Source, StackContext, Variables, load,
};
use berth_domain::ids::StackName;
use berth_domain::stack::StackSpec;
use clap::Args;

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

    /// A profile whose services belong to the stack, `*` for all; without any,
    /// those that `COMPOSE_PROFILES` names. Not where files are read as
    /// `docker stack deploy` reads them.
    #[arg(long = "profile", value_name = "NAME")]
    profiles: Vec<String>,

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
    profiles: Vec<String>,
    folder: String,
    public_network: String,
    entrypoints: Vec<String>,
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
            profiles: args.profiles.clone(),
            folder: folder.to_string_lossy().into_owned(),
            public_network: args.public_network.clone(),
            entrypoints: args.entrypoints.clone(),
        })
    }

    /// Checks and merges the files into the stack `name`. What is ignored is
    /// written to the standard error.
    pub(crate) fn to_stack(&self, name: &StackName, reading: Reading) -> anyhow::Result<StackSpec> {
        let beside = Folder::anywhere(Path::new(&self.folder));
        let mut variables = self.variables.clone();
        if reading == Reading::Compose {
            variables.entry("COMPOSE_PROJECT_NAME".to_owned()).or_insert_with(|| name.to_string());
        }
        let settings = Settings { reading, profiles: self.profiles.clone() };
        let loaded = load(&self.sources, &beside, &variables, &settings)
            .or_else(|complaints| refuse(&complaints))?;
        let context = StackContext {
            stack: name.clone(),
            images: Variables::new(),
            public_network: Some(self.public_network.clone()),
            entrypoints: self.entrypoints.clone(),
            bind_root: Some(self.folder.clone()),
        };
        let (spec, notes) = loaded.to_stack(&context).or_else(|complaints| refuse(&complaints))?;
        for note in notes {
            eprintln!("note: {note}");
        }
        Ok(spec)
    }
}

fn refuse<T>(complaints: &[Complaint]) -> anyhow::Result<T> {
    let lines: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    match lines.as_slice() {
        [only] => bail!("{only}"),
        all => bail!("the files have {} mistakes:\n  {}", all.len(), all.join("\n  ")),
    }
}
