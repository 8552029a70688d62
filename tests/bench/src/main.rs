//! Measures Berth. Run it by `cargo xtask bench`, which brings release builds,
//! a Postgres that syncs to disk, and an engine. `docs/benchmarks.md` says what
//! each figure means and how it was taken.
//!
//! Figures are ratios within one run wherever they can be, because machines are
//! noisy; medians over rounds, with the spread beside them.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a measuring program prints, runs programs and reads the clock"
)]

use std::process::ExitCode;

use clap::Parser;
use serde_json::{Map, Value};

mod database;
mod deploy;
mod drift;
mod failover;
mod figures;
mod hostile;
mod reconcile;
mod render;
mod resume;
mod rollback;
mod rollouts;
mod throughput;
mod webhooks;
mod wiring;

/// Measures, prints as it goes, and gives its figures by their keys.
type Bench = fn() -> anyhow::Result<Map<String, Value>>;

#[derive(Debug, Parser)]
struct Args {
    /// Which to run [default: all]
    #[arg(value_parser = ["webhooks", "deploy", "reconcile", "render", "hostile", "failover", "resume", "drift", "rollback", "rollouts", "throughput"])]
    names: Vec<String>,

    /// Print one object with the figures as the last line
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let wants = |name: &str| args.names.is_empty() || args.names.iter().any(|other| other == name);
    let mut figures = Map::new();
    let benches: [(&str, Bench); 11] = [
        ("render", render::run),
        ("hostile", hostile::run),
        ("reconcile", reconcile::run),
        ("webhooks", webhooks::run),
        ("deploy", deploy::run),
        ("failover", failover::run),
        ("resume", resume::run),
        ("drift", drift::run),
        ("rollback", rollback::run),
        ("rollouts", rollouts::run),
        ("throughput", throughput::run),
    ];
    for (name, bench) in benches {
        if !wants(name) {
            continue;
        }
        println!("\n{name}");
        match bench() {
            Ok(found) => figures.extend(found),
            Err(err) => {
                eprintln!("error: {name}: {err:#}");
                return ExitCode::FAILURE;
            }
        }
    }
    if args.json {
        println!("{}", Value::Object(figures));
    }
    ExitCode::SUCCESS
}
