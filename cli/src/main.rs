//! `berth`: one executable. It reads settings, joins the parts, prints.
//!
//! `berth serve` is the platform. `berth stack …`, `berth render` and `berth template` need no
//! server and no database: the same loader, planner and converter, straight to
//! a Swarm. Nothing is decided here.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "the program may print, read the clock and name the environment; libraries may not"
)]

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::LogFormat;

mod commands;
mod config;
mod database;
#[cfg(test)]
mod documented;
mod private_postgres;
#[cfg(test)]
mod shipped;
mod shown;
mod telemetry;

/// Pushes become running stacks on your own Docker Swarm.
#[derive(Debug, Parser)]
#[command(name = "berth", version, about, max_term_width = 100)]
struct Cli {
    /// Which log lines to write, such as `info` or `info,berth_reconciler=debug`.
    /// [default: info for serve, warn for the rest]
    #[arg(long, env = "BERTH_LOG", global = true, value_name = "FILTER")]
    log: Option<String>,

    /// How log lines look.
    #[arg(long, env = "BERTH_LOG_FORMAT", global = true, value_enum, default_value = "text")]
    log_format: LogFormat,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Berth: webhooks, API, UI and reconciler
    Serve(Box<config::ServeArgs>),
    /// Bring the database's schema up to this version
    Migrate(config::DatabaseArgs),
    /// Check Docker, the Swarm, Postgres and the kernel, and say what is missing
    Doctor(commands::doctor::DoctorArgs),
    /// Print what a compose file or template becomes
    Render(commands::render::RenderArgs),
    /// Look at the catalogue of compose files to start from, and fill one in
    Template(commands::template::TemplateArgs),
    /// Print the JSON Schema of compose files with `x-berth`
    Schema,
    /// Act on one node for a Berth, which makes the service that this is run by
    Executor(commands::executor::ExecutorArgs),
    /// Deploy stacks straight to a Swarm, with no server
    Stack(commands::stack::StackArgs),
    /// Ask the Berth of this machine whether it answers: a container's health check
    #[command(hide = true)]
    Healthy(commands::healthy::HealthyArgs),
    /// List the places where `cargo xtask chaos` kills a Berth, an object a line
    #[command(hide = true)]
    FailPoints,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = cli.log.as_deref().unwrap_or(match cli.command {
        Command::Serve(_) | Command::Executor(_) => "info",
        Command::Migrate(_)
        | Command::Doctor(_)
        | Command::Render(_)
        | Command::Template(_)
        | Command::Schema
        | Command::Stack(_)
        | Command::Healthy(_)
        | Command::FailPoints => "warn",
    });
    if let Err(err) = telemetry::init(cli.log_format, level) {
        eprintln!("error: --log: {err:#}");
        return ExitCode::from(2);
    }
    let outcome = match cli.command {
        Command::Serve(args) => wait_for(commands::serve::run(*args)),
        Command::Migrate(args) => wait_for(commands::migrate::run(&args)),
        Command::Doctor(args) => wait_for(commands::doctor::run(&args)),
        Command::Executor(args) => wait_for(commands::executor::run(args)),
        Command::Stack(args) => wait_for(commands::stack::run(args)),
        // These only read and print, and are done before threads would have started.
        Command::Render(args) => commands::render::run(args),
        Command::Template(args) => commands::template::run(args),
        Command::Schema => commands::schema::run(),
        Command::Healthy(args) => commands::healthy::run(&args),
        Command::FailPoints => Ok(commands::fail_points::list()),
    };
    outcome.unwrap_or_else(|err| {
        eprintln!("error: {err:#}");
        ExitCode::FAILURE
    })
}

/// Runs a command that talks to others, on the threads that it needs for that.
fn wait_for(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Runtime::new().context("failed to start threads")?.block_on(command)
}
