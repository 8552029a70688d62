//! `cargo xtask chaos`: kills the real Berth at each of its fail points; the
//! killing itself is `tests/src/chaos`.

use std::process::ExitCode;

use crate::demo::{start, with_engine};
use crate::provision;
use crate::shell::{program, run as run_program, step};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Kill at each point once, in the first scenario that passes it
    #[arg(long)]
    quick: bool,

    /// Kill only in scenarios whose name contains this; the others lead up to them
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Print the line of JSON alone
    #[arg(long)]
    json: bool,
}

/// Builds and kills. The last line is an object with the figures.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_demo()?;
    step("Build Berth", || {
        let packages = ["--package", "berth", "--package", "berth-tests", "--bins"];
        run_program(program("cargo").args(["build", "--quiet"]).args(packages))
    })?;
    let mut words: Vec<&str> = Vec::new();
    words.extend(args.quick.then_some("--quick"));
    words.extend(args.json.then_some("--json"));
    if let Some(only) = &args.only {
        words.extend(["--only", only]);
    }
    with_engine(|host| start("chaos", host, &words))
}
