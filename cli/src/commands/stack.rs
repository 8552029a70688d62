//! `berth stack`: stacks straight to a Swarm, as `docker stack` does it.

mod apply;
mod deploy;
mod images;
pub(crate) mod load;
mod remove;
mod wait;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use berth_domain::ids::StackName;
use berth_swarm::{Endpoint, Swarm};
use clap::{Args, Subcommand, ValueEnum};

use self::load::{FileArgs, Refused, stack_name};

/// Settings of `berth stack`.
#[derive(Debug, Args)]
pub(crate) struct StackArgs {
    /// The engine: a manager of the Swarm.
    #[arg(
        short = 'H',
        long = "host",
        env = "DOCKER_HOST",
        default_value = "unix:///var/run/docker.sock",
        global = true,
        value_name = "URL"
    )]
    host: String,

    #[command(subcommand)]
    command: StackCommand,
}

#[derive(Debug, Subcommand)]
enum StackCommand {
    /// Make a stack what its files say, and wait until it runs
    #[command(visible_alias = "up")]
    Deploy(DeployArgs),
    /// Print what deploying would do, and exit with 2 where that is something
    Plan(PlanArgs),
    /// Remove stacks, and wait until they are gone
    #[command(visible_aliases = ["remove", "down"])]
    Rm(RemoveArgs),
}

/// What is the same for deploying and for planning.
#[derive(Debug, Args)]
struct WhatArgs {
    /// The stack's name.
    #[arg(value_parser = stack_name, value_name = "STACK")]
    name: StackName,

    #[command(flatten)]
    files: FileArgs,

    /// Remove what the files no longer have: services, and networks, configs and
    /// secrets that no service uses.
    #[arg(long)]
    prune: bool,

    /// When to ask registries which digest a tag stands for.
    #[arg(long, value_enum, default_value = "always", value_name = "WHEN")]
    resolve_image: ResolveImage,

    /// Send what `docker login` stored, for nodes to pull with.
    #[arg(long)]
    with_registry_auth: bool,

    /// Print one object of JSON.
    #[arg(long)]
    json: bool,
}

/// When to ask registries which digest a tag stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ResolveImage {
    /// Each time
    Always,
    /// Where the file names another image than the running service
    Changed,
    /// Not at all
    Never,
}

#[derive(Debug, Args)]
struct DeployArgs {
    #[command(flatten)]
    what: WhatArgs,

    /// Don't wait until the services run.
    #[arg(
        short = 'd',
        long,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    detach: bool,

    /// Print what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,

    /// How long the services may take to run.
    #[arg(long, default_value = "10m", value_parser = humantime::parse_duration, value_name = "DURATION")]
    timeout: std::time::Duration,

    /// Print nothing but errors.
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct PlanArgs {
    #[command(flatten)]
    what: WhatArgs,
}

#[derive(Debug, Args)]
struct RemoveArgs {
    /// The stacks' names.
    #[arg(value_parser = stack_name, value_name = "STACK", required = true)]
    names: Vec<StackName>,

    /// Don't wait until they are gone.
    #[arg(
        short = 'd',
        long,
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    detach: bool,

    /// Remove their volumes too, with all that is in them.
    #[arg(long)]
    volumes: bool,

    /// How long they may take to go.
    #[arg(long, default_value = "5m", value_parser = humantime::parse_duration, value_name = "DURATION")]
    timeout: std::time::Duration,

    /// Print one object of JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(args: StackArgs) -> anyhow::Result<ExitCode> {
    let StackArgs { host, command } = args;
    let endpoint: Endpoint = host.parse()?;
    match command {
        StackCommand::Deploy(args) => {
            let json = args.what.json;
            told(json, deploy::deploy(&endpoint, args).await)
        }
        StackCommand::Plan(args) => {
            let json = args.what.json;
            told(json, deploy::plan(&endpoint, args).await)
        }
        StackCommand::Rm(args) => {
            let swarm = Swarm::new(&endpoint, None);
            remove::remove(&swarm, args).await
        }
    }
}

/// Gives programs what is wrong with the files as an object, too.
fn told(json: bool, outcome: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    if json
        && let Err(error) = &outcome
        && let Some(refused) = error.downcast_ref::<Refused>()
    {
        print_json(&serde_json::json!({"ok": false, "complaints": refused.to_json()}))?;
    }
    outcome
}

/// A line on the standard output. That nobody reads it any more, as behind
/// `| head`, is no reason to stop half-way.
pub(crate) fn print_line(line: &str) {
    let _gone = writeln!(std::io::stdout(), "{line}");
}

/// One object on the standard output.
pub(crate) fn print_json(value: &serde_json::Value) -> anyhow::Result<()> {
    print_line(&serde_json::to_string(value).context("failed to write JSON")?);
    Ok(())
}
