//! What a checkout needs: `cargo xtask demo`, `test`, `bench`, `chaos`,
//! `image`, `nodes`, `fuzz`, `mutants`, `provision` and `gen`. A clone and cargo are enough to start any of them.
//!
//! This crate knows no crate of ours: it runs the programs that users run and
//! talks to them over HTTP. What users need belongs in `berth`, what checks the
//! repository in `tests/checks`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a command-line tool prints, runs programs and reads its environment"
)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod chaos;
mod conformance;
mod demo;
mod frontend;
mod fuzz;
mod gen_files;
mod image;
mod mutants;
mod nodes;
mod provision;
mod shell;
mod test;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "What a checkout of Berth needs", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run Berth with a sample repository, a GitHub simulator and Traefik, and
    /// walk from a push to a running stack
    Demo(demo::Args),
    /// Run every check and every test
    Test(test::Args),
    /// Measure, with release builds; docs/benchmarks.md says how
    Bench(bench::Args),
    /// Kill Berth at each of its fail points, and see what becomes of it
    Chaos(chaos::Args),
    /// Make an image of Berth with nothing else in it but git and certificates
    Image(image::Args),
    /// Run Berth on a Swarm of three engines that lose their power and their cables
    Nodes(nodes::Args),
    /// Give parsers and templates what no person would write
    Fuzz(fuzz::Args),
    /// Break the code in one place after the other, and see whether a test fails
    Mutants(mutants::Args),
    /// Compare what files mean to `docker stack deploy` and to Berth
    Conformance(conformance::Args),
    /// Install what is missing, or say what is
    Provision,
    /// Rewrite the generated files: .sqlx, the OpenAPI document, the UI's types,
    /// the tables of compose keys and of settings
    Gen,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Chaos(args) => chaos::run(&args),
        Command::Image(args) => image::run(&args),
        Command::Nodes(args) => nodes::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Mutants(args) => mutants::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Provision => provision::everything().map(|_| ExitCode::SUCCESS),
        Command::Gen => gen_files::run().map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|err| {
        eprintln!("\nerror: {err:#}");
        ExitCode::FAILURE
    })
}
