//! Chaos: kills Berth at each of its fail points, and says what became of it.
//!
//! `cargo xtask chaos` provisions and builds, then runs this.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a person watches")]

use std::process::ExitCode;

use anyhow::bail;
use berth_tests::chaos::crash::{self, Plan};

/// What the command line asks for.
#[derive(Debug, Default)]
struct Args {
    plan: Plan,
    /// No table, only the line of JSON.
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::from(2);
        }
    };
    // A short path: a Unix socket's may have 107 characters.
    let folder = std::env::temp_dir().join(format!("berth-chaos-{}", std::process::id()));
    let summary = match crash::run(&args.plan, folder).await {
        Ok(summary) => summary,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::FAILURE;
        }
    };
    if !args.json {
        println!("{}\n", summary.table());
    }
    for problem in summary.problems() {
        eprintln!("{problem}");
    }
    println!("{}", summary.json());
    if summary.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Args> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => args.plan.quick = true,
            "--json" => args.json = true,
            "--only" => args.plan.only = words.next(),
            other => bail!("{other} is no option; there are --quick, --json and --only TEXT"),
        }
    }
    Ok(args)
}
