//! `berth template`: the catalogue of compose files to start from.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use berth_compose_templates::catalogue::{self, Filled, Kind, Template, Variable};
use clap::{Args, Subcommand};
use rand::Rng as _;
use serde_json::{Value, json};

use crate::commands::stack::load::{read_variables, variable};
use crate::commands::stack::{print_json, print_line};

/// Settings of `berth template`.
#[derive(Debug, Args)]
pub(crate) struct TemplateArgs {
    #[command(subcommand)]
    command: TemplateCommand,
}

#[derive(Debug, Subcommand)]
enum TemplateCommand {
    /// List the templates
    List {
        /// Print one object of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print what can be set in a template
    Show {
        /// The template's name.
        name: String,

        /// Print one object of JSON, with the template itself.
        #[arg(long)]
        json: bool,
    },
    /// Print a template as a compose file
    Render(RenderArgs),
}

/// Settings of `berth template render`.
#[derive(Debug, Args)]
struct RenderArgs {
    /// The template's name.
    name: String,

    /// A value of a variable.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = variable)]
    set: Vec<(String, String)>,

    /// The file with the secrets, a KEY=VALUE a line: those in it are taken
    /// from it; where it is not there, it is written with secrets that are made up.
    #[arg(long, value_name = "FILE")]
    secrets_file: Option<PathBuf>,

    /// Print one object of JSON, with what Berth would say of the file.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: TemplateArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        TemplateCommand::List { json } => list(json),
        TemplateCommand::Show { name, json } => show(find(&name)?, json),
        TemplateCommand::Render(args) => render(&args),
    }
}

fn find(name: &str) -> anyhow::Result<&'static Template> {
    catalogue::template(name).with_context(|| {
        let names: Vec<&str> = catalogue::templates().iter().map(|it| it.name.as_str()).collect();
        format!("there is no template {name:?}; there are {}", names.join(", "))
    })
}

fn list(json: bool) -> anyhow::Result<ExitCode> {
    let all = catalogue::templates();
    if json {
        let items = all
            .iter()
            .map(|it| json!({"name": it.name, "title": it.title, "description": it.description}));
        print_json(&json!({"items": items.collect::<Vec<_>>()}))?;
    } else {
        let width = all.iter().map(|template| template.name.len()).max().unwrap_or_default();
        for template in all {
            print_line(&format!("{:width$}  {}", template.name, template.description));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(template: &Template, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let mut shown = serde_json::to_value(template).context("failed to write JSON")?;
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("name".to_owned(), Value::from(template.name.as_str()));
            fields.insert("text".to_owned(), Value::from(template.text()));
        }
        print_json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    print_line(&format!("{}: {}", template.title, template.description));
    for variable in &template.variables {
        print_line(&format!("\n{}  {}", variable.name, form(variable)));
        print_line(&format!("    {}", variable.description));
    }
    Ok(ExitCode::SUCCESS)
}

/// What may be put into a variable, in a few words.
fn form(variable: &Variable) -> String {
    let kind = match &variable.kind {
        Kind::Int { min, max } => format!("int, {min} to {max}"),
        Kind::Enum { values } => format!("one of {}", values.join(", ")),
        kind @ (Kind::String
        | Kind::Bool
        | Kind::Host
        | Kind::Image
        | Kind::Port
        | Kind::Duration
        | Kind::Size
        | Kind::Secret) => kind.word().to_owned(),
    };
    match &variable.default {
        Some(default) => format!("{kind} [default: {default}]"),
        None if variable.required => format!("{kind}, required"),
        None if variable.is_secret() => format!("{kind} [default: made up]"),
        None => kind,
    }
}

fn render(args: &RenderArgs) -> anyhow::Result<ExitCode> {
    let template = find(&args.name)?;
    let kept = match &args.secrets_file {
        Some(file) if file.exists() => Some(read_variables(file)?),
        _ => None,
    };
    let is_secret = |name: &str| template.variables.iter().any(|v| v.name == name && v.is_secret());
    let mut values: BTreeMap<String, Value> = kept
        .iter()
        .flatten()
        .filter(|(name, _)| is_secret(name))
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect();
    values.extend(args.set.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
    let seed: [u8; 32] = rand::rng().random();
    let filled = template.fill(&values, &seed).or_else(|wrong| refuse("the values", &wrong))?;
    let checked = filled.check();
    if let (Some(file), None, false) = (&args.secrets_file, &kept, filled.secrets.is_empty()) {
        write_secrets(file, &filled)?;
    }

    let (notes, complaints) = match &checked {
        Ok(notes) => (notes.iter().map(ToString::to_string).collect(), Vec::new()),
        Err(all) => (Vec::new(), all.iter().map(ToString::to_string).collect()),
    };
    if args.json {
        print_json(&json!({
            "compose": filled.text,
            "secrets": filled.secrets.keys().collect::<Vec<_>>(),
            "notes": notes,
            "complaints": complaints,
        }))?;
    } else {
        print_line(filled.text.trim_end());
        for note in &notes {
            eprintln!("note: {note}");
        }
        if args.secrets_file.is_none() && !filled.secrets.is_empty() {
            let names: Vec<&str> = filled.secrets.keys().map(String::as_str).collect();
            eprintln!(
                "note: it is deployed with {} in the environment; --secrets-file makes that up",
                names.join(", ")
            );
        }
        if let Err(complaints) = &checked {
            return refuse("the file", complaints);
        }
    }
    Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn refuse<T>(what: &str, wrong: &[impl ToString]) -> anyhow::Result<T> {
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    match lines.as_slice() {
        [only] => bail!("{only}"),
        all => bail!("{what} have {} mistakes:\n  {}", all.len(), all.join("\n  ")),
    }
}

/// Writes the secrets for nobody else to read, and over nothing: a password
/// that is lost locks a database.
fn write_secrets(file: &Path, filled: &Filled) -> anyhow::Result<()> {
    let failed = || format!("failed to write {}", file.display());
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(failed)?;
    for (name, secret) in &filled.secrets {
        writeln!(out, "{name}={secret}").with_context(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(name: &str, set: &[(&str, &str)], secrets_file: Option<PathBuf>) -> RenderArgs {
        let set = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        RenderArgs { name: name.to_owned(), set, secrets_file, json: true }
    }

    #[test]
    fn secrets_are_made_up_once_and_kept_for_their_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.env");
        let set = [("IMAGE", "acme/shop:1"), ("WORKER_COMMAND", "work")];
        let args = args("web-worker-postgres", &set, Some(file.clone()));
        render(&args).unwrap();
        let kept = read_variables(&file).unwrap();
        assert_eq!(kept["DATABASE_PASSWORD"].len(), 32);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        render(&args).unwrap();
        assert_eq!(read_variables(&file).unwrap(), kept);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let err = render(&args("web-service", &[("PORT", "http"), ("HOSTS", "x")], None));
        let err = err.unwrap_err().to_string();
        for part in ["3 mistakes", "`IMAGE` is missing", "`PORT` must be", "is `HOST` meant?"] {
            assert!(err.contains(part), "{err}");
        }
        let err = find("nope").unwrap_err().to_string();
        assert!(err.contains("static-site, web-service"), "{err}");
    }
}
