//! `cargo xtask mutants`: breaks `domain` and `reconciler` in one place after
//! the other, and sees whether a test fails. What is broken is in
//! `.cargo/mutants.toml`, what came of it in `docs/testing.md`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, tool_path};
use crate::shell::{output, program, root, step};

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

    /// Go on with a run that was ended, of the same code and with the same N
    #[arg(long)]
    resume: bool,

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
    if !args.resume && found.exists() {
        std::fs::remove_dir_all(&found)?;
    }
    std::fs::create_dir_all(&found)?;
    let package = format!("berth-{}", args.name);
    let chosen = chosen(&tool, &package, args.every)?;
    // The laws of the reconciler hold for the words that it decides with, too: they
    // are asked about what domain's own tests, which take a moment, let pass.
    let stages: &[&str] = match args.name.as_str() {
        "domain" => &["berth-domain", "berth-reconciler"],
        _ => &["berth-reconciler"],
    };
    for tests in stages {
        keep(&found)?;
        step(&format!("Break {} by the tests of {tests}", args.name), || {
            let mut command = program(&tool);
            command.args(["mutants", "--package", &package, "--no-shuffle", "--iterate"]);
            command.args(["--test-package", tests]).args(&chosen).arg("--output").arg(&found);
            command.env("DATABASE_URL", &postgres.url);
            // Most of the time is spent on linking.
            command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_TEST_DEBUG", "0");
            // Its code is that of a failure where a mutant survived; the figures below tell.
            let status = command.status().context("cargo-mutants does not start")?;
            match status.code() {
                Some(0 | SURVIVORS | TIMEOUTS) => Ok(()),
                _ => bail!("cargo-mutants ended with {status}"),
            }
        })?;
    }
    keep(&found)?;
    let caught = lines(&found.join("caught.txt"))?;
    let mut missed = lines(&found.join("mutants.out/missed.txt"))?;
    // One that ran into the time limit is tried by the next tests, too.
    missed.retain(|it| !caught.contains(it));
    if !args.json {
        for survivor in &missed {
            println!("survived: {survivor}");
        }
    }
    let (caught, missed) = (caught.len(), missed.len());
    let viable = caught + missed;
    // In tenths of a percent, rounded down: a bar is not reached by rounding.
    let tenths = (1_000 * caught).checked_div(viable).unwrap_or_default();
    println!(
        r#"{{"viable":{viable},"caught":{caught},"missed":{missed},"percent":{}.{}}}"#,
        tenths / 10,
        tenths % 10
    );
    Ok(if tenths < BAR { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How to name every Nth mutant of a package. What was caught before leaves the list
/// before it is cut into parts, so that a part would have others each time.
fn chosen(tool: &str, package: &str, every: u32) -> anyhow::Result<Vec<String>> {
    if every <= 1 {
        return Ok(Vec::new());
    }
    let shard = format!("0/{every}");
    let list = ["mutants", "--list", "--package", package, "--sharding", "round-robin", "--shard"];
    let names = output(program(tool).args(list).arg(&shard))?;
    Ok(names.lines().flat_map(|name| ["--re".to_owned(), exactly(name)]).collect())
}

/// As a regular expression, the whole of a text.
fn exactly(text: &str) -> String {
    let mut pattern = String::from("^");
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('$');
    pattern
}

/// Adds what the last run caught to what those before it did: each begins its lists
/// anew.
fn keep(found: &Path) -> anyhow::Result<()> {
    let kept = found.join("caught.txt");
    let mut caught = lines(&kept)?;
    for list in ["caught", "timeout"] {
        caught.append(&mut lines(&found.join("mutants.out").join(list).with_extension("txt"))?);
    }
    let text: String = caught.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&kept, text).with_context(|| format!("can't write {}", kept.display()))
}

/// The lines of a file, none where it is not there.
fn lines(path: &Path) -> anyhow::Result<BTreeSet<String>> {
    if !path.exists() {
        return Ok(BTreeSet::new());
    }
    let text =
        std::fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))?;
    Ok(text.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::exactly;

    #[test]
    fn a_mutant_is_named_by_all_of_its_signs() {
        assert_eq!(exactly("a.rs:1: replace f() with >="), r"^a\.rs:1: replace f\(\) with >=$");
    }
}
