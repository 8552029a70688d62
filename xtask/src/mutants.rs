//! `cargo xtask mutants`: breaks `domain` and `reconciler` in one place after
//! the other, and sees whether a test fails. What is broken is in
//! `.cargo/mutants.toml`, what came of it in `docs/testing.md`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, tool_path};
use crate::shell::{program, root, step};

/// What cargo-mutants ends with where mutants survived, and where some ran into the time limit.
const SURVIVORS: i32 = 2;
const TIMEOUTS: i32 = 3;

/// The share of viable mutants that tests must catch, in tenths of a percent.
const BAR: usize = 900;

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which crate to break
    #[arg(value_parser = ["domain", "reconciler"])]
    name: String,

    /// Try every Nth mutant only: all of them take hours
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: u32,

    /// Print the line of JSON alone
    #[arg(long)]
    json: bool,
}

/// Tries the mutants one by one. The last line is an object with the figures.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_mutants()?;
    let tool = tool_path("cargo-mutants").unwrap_or_else(|| "cargo-mutants".to_owned());
    let postgres = Postgres::ensure("mutants", Durability::None)?;
    let found = root().join("target/mutants").join(&args.name);
    std::fs::create_dir_all(&found)?;
    let package = format!("berth-{}", args.name);
    // The laws of the reconciler hold for the words that it decides with, too.
    let tests = match args.name.as_str() {
        "domain" => vec!["berth-domain", "berth-reconciler"],
        _ => vec!["berth-reconciler"],
    };
    step(&format!("Break {}", args.name), || {
        let mut command = program(&tool);
        command.args(["mutants", "--package", &package, "--no-shuffle"]);
        command.args(tests.iter().flat_map(|test| ["--test-package", test]));
        if args.every > 1 {
            command.args(["--sharding", "round-robin", "--shard", &format!("0/{}", args.every)]);
        }
        command.arg("--output").arg(&found).env("DATABASE_URL", &postgres.url);
        // Its code is that of a failure where a mutant survived; the figures below tell.
        let status = command.status().context("cargo-mutants does not start")?;
        match status.code() {
            Some(0 | SURVIVORS | TIMEOUTS) => Ok(()),
            _ => bail!("cargo-mutants ended with {status}"),
        }
    })?;
    let list = |outcome: &str| -> anyhow::Result<Vec<String>> {
        let path = found.join("mutants.out").join(outcome).with_extension("txt");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("can't read {}", path.display()))?;
        Ok(text.lines().map(str::to_owned).collect())
    };
    let missed = list("missed")?;
    let caught = list("caught")?.len() + list("timeout")?.len();
    if !args.json {
        for survivor in &missed {
            println!("survived: {survivor}");
        }
    }
    let viable = caught + missed.len();
    // In tenths of a percent, rounded down: a bar is not reached by rounding.
    let tenths = (1_000 * caught).checked_div(viable).unwrap_or_default();
    println!(
        r#"{{"viable":{viable},"caught":{caught},"missed":{},"percent":{}.{}}}"#,
        missed.len(),
        tenths / 10,
        tenths % 10
    );
    Ok(if tenths < BAR { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
