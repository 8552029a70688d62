//! `cargo xtask chaos`: kills the real Berth at each of its fail points, or
//! hinders three replicas by schedules; the killing itself is `tests/src/chaos`.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use crate::demo::{start, with_engine};
use crate::provision;
use crate::shell::{program, run as run_program, step};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Kill at each point once, in the first scenario that passes it; or play a
    /// few schedules
    #[arg(long)]
    quick: bool,

    /// Kill only in scenarios whose name contains this; the others lead up to them.
    /// Can be said several times
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,

    /// In how many worlds at once to try [default: 3]
    #[arg(long, value_name = "N", conflicts_with_all = ["quick", "replicas"])]
    worlds: Option<NonZeroUsize>,

    /// Hinder three replicas by random schedules instead
    #[arg(long, conflicts_with = "only")]
    replicas: bool,

    /// How many schedules [default: 200, few with --quick, one with --seed]
    #[arg(long, value_name = "N", requires = "replicas")]
    schedules: Option<u64>,

    /// The first schedule's seed, as a run that failed names it
    #[arg(long, value_name = "SEED", requires = "replicas")]
    seed: Option<u64>,

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
    words.extend(args.only.iter().flat_map(|only| ["--only", only]));
    words.extend(args.replicas.then_some("--replicas"));
    let (schedules, seed) =
        (args.schedules.map(|it| it.to_string()), args.seed.map(|it| it.to_string()));
    let worlds = args.worlds.map(|it| it.to_string());
    for (option, value) in [("--worlds", &worlds), ("--schedules", &schedules), ("--seed", &seed)] {
        if let Some(value) = value {
            words.extend([option, value]);
        }
    }
    with_engine(|host| start("chaos", host, &words))
}
