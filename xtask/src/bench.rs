//! `cargo xtask bench`: release builds, a Postgres that syncs to disk, the real
//! engine; the measuring itself is `tests/bench`, and `frontend/tools/bench.mjs`
//! for the UI.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use crate::demo::with_engine;
use crate::frontend::{self, npm};
use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, postgres_bin};
use crate::shell::{program, root, run as run_program, step};

/// The one that needs nothing but the built UI and a browser.
const UI: &str = "ui";

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which to run: webhooks, deploy, reconcile, render, hostile, failover, resume, drift, rollback, rollouts, throughput, ui [default: all]
    #[arg(value_parser = ["webhooks", "deploy", "reconcile", "render", "hostile", "failover", "resume", "drift", "rollback", "rollouts", "throughput", UI])]
    names: Vec<String>,

    /// Print one object with the figures as the last line
    #[arg(long)]
    json: bool,
}

/// Builds for release and measures.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let all = args.names.is_empty();
    let others: Vec<&String> = args.names.iter().filter(|name| *name != UI).collect();
    let mut figures = Map::new();
    if all || !others.is_empty() {
        figures.append(&mut server(&others)?);
    }
    if all || args.names.iter().any(|name| name == UI) {
        figures.append(&mut ui()?);
    }
    if args.json {
        println!("{}", Value::Object(figures));
    }
    Ok(ExitCode::SUCCESS)
}

fn server(names: &[&String]) -> anyhow::Result<Map<String, Value>> {
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
            .args(names)
            .arg("--json")
            .env("DOCKER_HOST", host)
            .env("DATABASE_URL", &postgres.url)
            .env("PG_BIN", postgres_bin().unwrap_or_default());
        measured(&mut command)
    })
}

fn ui() -> anyhow::Result<Map<String, Value>> {
    provision::for_ui()?;
    frontend::build()?;
    println!("\n{UI}");
    let mut command = npm(&["run", "--silent", "bench", "--", "--json"]);
    command.env("CHROMIUM", provision::chromium().unwrap_or_default());
    measured(&mut command)
}

/// Runs what measures, passing on what it says, and reads the object that its
/// last line is.
fn measured(command: &mut Command) -> anyhow::Result<Map<String, Value>> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("it has no output")?;
    let mut last = None;
    for line in BufReader::new(output).lines() {
        if let Some(said) = last.replace(line?) {
            println!("{said}");
        }
    }
    if !child.wait()?.success() {
        bail!("a benchmark failed: {}", last.unwrap_or_default());
    }
    serde_json::from_str(&last.unwrap_or_default()).context("the last line is no object")
}
