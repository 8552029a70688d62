//! `cargo xtask bench`: release builds, a Postgres that syncs to disk, the real
//! engine; the measuring itself is `tests/bench`.

use std::process::ExitCode;

use crate::demo::with_engine;
use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, postgres_bin};
use crate::shell::{program, root, run as run_program, step};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which to run: webhooks, deploy, reconcile, render, hostile, failover, resume, rollouts, throughput [default: all]
    #[arg(value_parser = ["webhooks", "deploy", "reconcile", "render", "hostile", "failover", "resume", "rollouts", "throughput"])]
    names: Vec<String>,

    /// Print one object with the figures as the last line
    #[arg(long)]
    json: bool,
}

/// Builds for release and measures.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_benchmarks()?;
    step("Build for release", || {
        run_program(program("cargo").args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "berth",
            "--package",
            "berth-bench",
        ]))
    })?;
    with_engine(|host| {
        let postgres = Postgres::ensure("bench", Durability::Real)?;
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
        let mut command = program(&target.join("release/berth-bench").to_string_lossy());
        command
            .args(&args.names)
            .args(args.json.then_some("--json"))
            .env("DOCKER_HOST", host)
            .env("DATABASE_URL", &postgres.url)
            .env("PG_BIN", postgres_bin().unwrap_or_default());
        let fine = command.status()?.success();
        Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}
