//! `cargo xtask conformance`: whether files mean on Berth what they mean to
//! `docker stack deploy`; the comparing itself is `tests/conformance`. Part of it
//! is done on a real Swarm: the one that is there, or a private one.

use std::process::ExitCode;

use crate::demo::with_engine;
use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, postgres_bin};
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

    /// Only have the reconciler watch over our own files for so many seconds, and see
    /// that it finds nothing to do
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    drift: Option<u64>,
}

/// Builds both and compares. The closing line tells how many files and fields.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_tests()?;
    build()?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let mut command = program(&target.join("debug/berth-conformance").to_string_lossy());
    command.args(args.all.then_some("--all")).args(args.json.then_some("--json"));
    let fine = with_engine(|host| {
        command.args(["--engine", host]);
        // It stops when it is dropped.
        let postgres = args.drift.map(|_| Postgres::ensure("drift", Durability::None));
        let postgres = postgres.transpose()?;
        if let (Some(seconds), Some(postgres)) = (args.drift, &postgres) {
            command.args(["--drift", &seconds.to_string()]);
            command.env("DATABASE_URL", &postgres.url);
            command.env("PG_BIN", postgres_bin().unwrap_or_default());
        }
        Ok(command.status()?.success())
    })?;
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build() -> anyhow::Result<()> {
    let packages = ["--package", "berth", "--package", "berth-conformance"];
    run_program(program("cargo").args(["build", "--quiet", "--bins"]).args(packages))
}
