//! `cargo xtask conformance`: whether files mean on Berth what they mean to
//! `docker stack deploy`; the comparing itself is `tests/conformance`. Part of it
//! is done on a real Swarm: the one that is there, or a private one.

use std::process::ExitCode;

use crate::demo::with_engine;
use crate::provision;
use crate::shell::{program, root, run as run_program};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Generate 300 files instead of 40
    #[arg(long)]
    all: bool,

    /// Print one object of JSON before the closing line
    #[arg(long)]
    json: bool,
}

/// Builds both and compares. The closing line tells how many files and fields.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_tests()?;
    build()?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let mut command = program(&target.join("debug/berth-conformance").to_string_lossy());
    command.args(args.all.then_some("--all")).args(args.json.then_some("--json"));
    let fine = with_engine(|host| Ok(command.args(["--engine", host]).status()?.success()))?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build() -> anyhow::Result<()> {
    let packages = ["--package", "berth", "--package", "berth-conformance"];
    run_program(program("cargo").args(["build", "--quiet", "--bins"]).args(packages))
}
