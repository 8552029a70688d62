//! Chaos: kills Berth at each of its fail points, or, with `--replicas`, hinders
//! three replicas by schedules; and says what became of it.
//!
//! `cargo xtask chaos` provisions and builds, then runs this.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a person watches")]

use std::num::ParseIntError;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use berth_tests::chaos::crash::{self, Plan};
use berth_tests::chaos::replicas;

/// What the command line asks for.
#[derive(Debug, Default)]
struct Args {
    plan: Plan,
    /// Replicas instead of fail points.
    replicas: bool,
    schedules: Option<u64>,
    seed: Option<u64>,
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
    if args.replicas {
        return Box::pin(schedules(&args, folder)).await;
    }
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

/// Plays schedules. The last line is an object with the figures.
async fn schedules(args: &Args, folder: PathBuf) -> ExitCode {
    // One seed is that of a schedule that failed.
    let usual = match (args.plan.quick, args.seed) {
        (_, Some(_)) => 1,
        (true, None) => replicas::QUICK,
        (false, None) => replicas::SCHEDULES,
    };
    let plan = replicas::Plan {
        schedules: args.schedules.unwrap_or(usual),
        seed: args.seed.unwrap_or_else(fresh_seed),
        aloud: !args.json,
    };
    let summary = match replicas::run(&plan, folder).await {
        Ok(summary) => summary,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::FAILURE;
        }
    };
    for problem in summary.problems() {
        eprintln!("{problem}");
    }
    println!("{}", summary.json());
    if summary.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Another one each time, and short enough to be typed.
fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos())
}

fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Args> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => args.plan.quick = true,
            "--json" => args.json = true,
            "--only" => args.plan.only.extend(words.next()),
            "--worlds" => args.plan.worlds = number(words.next().as_deref())?,
            "--replicas" => args.replicas = true,
            "--schedules" => args.schedules = Some(number(words.next().as_deref())?),
            "--seed" => args.seed = Some(number(words.next().as_deref())?),
            other => bail!(
                "{other} is no option; there are --quick, --json, --only TEXT, --worlds N, --replicas, --schedules N and --seed N"
            ),
        }
    }
    args.plan.aloud = !args.json;
    Ok(args)
}

fn number<T: FromStr<Err = ParseIntError>>(word: Option<&str>) -> anyhow::Result<T> {
    word.unwrap_or_default().parse().context("a number must follow")
}
