//! Reading compose files for a command at a terminal.

use std::path::{Path, PathBuf};

use anyhow::Context;
use berth_compose_templates::policy::Restrictions;
use berth_compose_templates::{
    Complaint, Folder, Places, Reading, Settings, Source, StackContext, Variables, load,
};
use berth_domain::ids::StackName;
use berth_domain::policy::Policy;
use berth_domain::stack::StackSpec;
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::config::LimitArgs;

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

    /// A file with a variable a line, as KEY=VALUE, over those of the environment.
    #[arg(long = "env-file", value_name = "FILE")]
    env_files: Vec<PathBuf>,

    /// A variable, over that of the environment and of files.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = variable)]
    set: Vec<(String, String)>,

    /// How the files are read where compose and `docker stack deploy` differ.
    #[arg(long, value_enum, default_value = "compose", value_name = "READING")]
    compat: Compat,

    /// A profile whose services belong to the stack, `*` for all; without any,
    /// those that `COMPOSE_PROFILES` names. Not with `--compat stack`.
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

    /// Traefik's entry points for routes with TLS, separated by commas.
    #[arg(
        long,
        env = "BERTH_TLS_ENTRYPOINTS",
        value_delimiter = ',',
        default_value = "websecure",
        value_name = "NAME"
    )]
    tls_entrypoints: Vec<String>,

    /// What the files may ask for: `trusted`, or `restricted` as in previews,
    /// where no variable but those of `--set` has a value.
    #[arg(long, default_value = "trusted", value_parser = policy, value_name = "POLICY")]
    policy: Policy,

    #[command(flatten)]
    limits: LimitArgs,
}

impl FileArgs {
    /// Whether they mean what they mean to `docker stack deploy`.
    pub(super) fn is_as_docker(&self) -> bool {
        self.compat == Compat::Stack
    }
}

fn policy(text: &str) -> Result<Policy, String> {
    Policy::from_word(text).ok_or_else(|| "it is `trusted` or `restricted`".to_owned())
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

/// What can't be done as it is written: all that is wrong with it.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Where there are several, their number and these are the start of it.
    pub(crate) start: &'static str,
    /// What they are called.
    pub(crate) noun: &'static str,
    /// All of them.
    pub(crate) complaints: Vec<Complaint>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.complaints.as_slice() {
            [only] => write!(f, "{only}"),
            all => {
                write!(f, "{} {} {}:", self.start, all.len(), self.noun)?;
                all.iter().try_for_each(|complaint| write!(f, "\n  {complaint}"))
            }
        }
    }
}

impl std::error::Error for Refused {}

impl Refused {
    fn files(complaints: Vec<Complaint>) -> Self {
        Self { start: "the files have", noun: "mistakes", complaints }
    }

    /// The same for programs.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let all = self.complaints.iter().map(|Complaint { place, message, cause, unset }| {
            json!({
                "place": place,
                "message": message,
                "cause": cause.as_ref().map(|is| json!({"kind": is.kind.as_str(), "path": is.path})),
                "unset": unset,
            })
        });
        all.collect()
    }
}

/// Parses `KEY=VALUE`, for clap.
pub(crate) fn variable(text: &str) -> Result<(String, String), String> {
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
    tls_entrypoints: Vec<String>,
    restrictions: Option<Restrictions>,
    reading: Reading,
}

/// How a text on the standard input is called in messages.
const STDIN: &str = "stdin";

impl Input {
    /// Reads the files, or the standard input.
    pub(crate) fn read(args: &FileArgs) -> anyhow::Result<Self> {
        let mut sources = Vec::with_capacity(args.files.len());
        for path in &args.files {
            sources.push(if path == "-" {
                let text = std::io::read_to_string(std::io::stdin())
                    .context("failed to read standard input")?;
                Source { path: STDIN.to_owned(), text }
            } else {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("failed to read {path}"))?;
                Source { path: path.clone(), text }
            });
        }
        let mut variables: Variables = match args.policy {
            Policy::Trusted => std::env::vars_os()
                .filter_map(|(key, value)| {
                    Some((key.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            // Whose files are not trusted gets nothing of who runs this.
            Policy::Restricted => Variables::new(),
        };
        for file in &args.env_files {
            variables.extend(read_variables(file)?);
        }
        variables.extend(args.set.iter().cloned());
        let restrictions = match args.policy {
            Policy::Trusted => None,
            Policy::Restricted => Some(Restrictions {
                host: variables.get("BERTH_HOST").cloned(),
                limits: args.limits.limits(),
            }),
        };
        let folder = std::env::current_dir().context("failed to read the working folder")?;
        Ok(Self {
            sources,
            variables,
            profiles: args.profiles.clone(),
            folder: folder.to_string_lossy().into_owned(),
            public_network: args.public_network.clone(),
            entrypoints: args.entrypoints.clone(),
            tls_entrypoints: args.tls_entrypoints.clone(),
            restrictions,
            reading: args.compat.into(),
        })
    }

    /// Checks and merges the files into the stack `name`, and tells where they say
    /// what. What is ignored is written to the standard error.
    pub(crate) fn to_stack(&self, name: &StackName) -> anyhow::Result<(StackSpec, Places)> {
        let folder = Path::new(&self.folder);
        let beside = match self.restrictions {
            None => Folder::anywhere(folder),
            Some(_) => Folder::checkout(folder),
        };
        let mut variables = self.variables.clone();
        if self.reading == Reading::Compose {
            variables.entry("COMPOSE_PROJECT_NAME".to_owned()).or_insert_with(|| name.to_string());
        }
        let settings = Settings { reading: self.reading, profiles: self.profiles.clone() };
        let loaded = load(&self.sources, &beside, &variables, &settings).map_err(Refused::files)?;
        let context = StackContext {
            stack: name.clone(),
            images: Variables::new(),
            public_network: Some(self.public_network.clone()),
            entrypoints: self.entrypoints.clone(),
            tls_entrypoints: self.tls_entrypoints.clone(),
            bind_root: Some(self.folder.clone()),
            restrictions: self.restrictions.clone(),
        };
        let (spec, notes) = loaded.to_stack(&context).map_err(Refused::files)?;
        for note in notes {
            eprintln!("note: {note}");
        }
        Ok((spec, loaded.places(&context)))
    }
}

/// Reads a file with a variable a line. A value is all that stands after the
/// first `=`; a line that is empty or starts with `#` says nothing.
pub(crate) fn read_variables(file: &Path) -> anyhow::Result<Variables> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("failed to read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let read = lines.map(|(index, line)| {
        // What is wrong with it may be the secret itself: it is not shown.
        variable(line).map_err(|why| anyhow::anyhow!("{}:{}: {why}", file.display(), index + 1))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Probe {
        #[command(flatten)]
        files: FileArgs,
    }

    /// What comes of a file under a policy.
    fn loaded(text: &str, policy: &str) -> anyhow::Result<StackSpec> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compose.yml");
        std::fs::write(&path, text).unwrap();
        let path = path.to_string_lossy();
        let args = ["berth", "-c", &path, "--set", "TAG=7", "--policy", policy];
        let files = Probe::try_parse_from(args).unwrap().files;
        let input = Input::read(&files)?;
        Ok(input.to_stack(&StackName::parse("st").unwrap())?.0)
    }

    #[test]
    fn restricted_files_see_no_variable_but_those_that_were_set() {
        assert!(std::env::var_os("PATH").is_some());
        let text =
            "services:\n  a:\n    image: x:${TAG}\n    environment: { P: \"${PATH:-none}\" }\n";
        let spec = loaded(text, "restricted").unwrap();
        assert_eq!(spec.services["a"].image, "x:7");
        assert_eq!(spec.services["a"].env["P"].as_deref(), Some("none"));
        assert!(spec.services["a"].resources.limit_memory.is_some());

        let spec = loaded(text, "trusted").unwrap();
        assert_ne!(spec.services["a"].env["P"].as_deref(), Some("none"));
        assert_eq!(spec.services["a"].resources.limit_memory, None);
    }

    #[test]
    fn restricted_files_reach_neither_the_node_nor_the_disk() {
        let text = "services:\n  a:\n    image: x\n    volumes: [\"/:/host\"]\n";
        let refused = loaded(text, "restricted").unwrap_err().to_string();
        assert!(refused.contains("compose.yml:4:15: `services.a.volumes`"), "{refused}");
        loaded(text, "trusted").unwrap();

        let text = "services: { a: { image: x } }\nsecrets: { s: { file: /etc/passwd } }\n";
        let refused = loaded(text, "restricted").unwrap_err().to_string();
        assert!(refused.contains("outside of the repository"), "{refused}");
    }
}
