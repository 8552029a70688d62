//! Berth on a Swarm of three engines that lose their power and their cables.
//!
//! `cargo xtask nodes` provisions, builds and makes the images, then runs this.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a person watches")]

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use berth_tests::nodes::{self, Images, Plan};

#[tokio::main]
async fn main() -> ExitCode {
    let (plan, images) = match parse(std::env::args().skip(1)) {
        Ok(args) => args,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::from(2);
        }
    };
    // A short path: a Unix socket's may have 107 characters.
    let folder = std::env::temp_dir().join(format!("berth-nodes-{}", std::process::id()));
    let run = Box::pin(nodes::run(&plan, images, folder));
    let ended = tokio::select! {
        ended = run => ended,
        // What was begun is dropped, and with it the nodes end.
        _ = tokio::signal::ctrl_c() => Err(anyhow!("it was interrupted")),
    };
    let summary = match ended {
        Ok(summary) => summary,
        Err(err) => {
            eprintln!("error: {err:#}");
            return ExitCode::FAILURE;
        }
    };
    println!("\n{}\n", summary.table());
    for problem in summary.problems() {
        eprintln!("{problem}");
    }
    println!("{}", summary.json());
    if summary.is_fine() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `TAR BERTH BERTH POSTGRES [--only TEXT]`
fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<(Plan, Images)> {
    let mut next = |what: &str| words.next().with_context(|| format!("{what} must be named"));
    let tar = PathBuf::from(next("a tar of images")?);
    let berth = [next("Berth's image")?, next("its other name")?];
    let postgres = next("the image of Postgres")?;
    let mut plan = Plan::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--only" => plan.only = words.next(),
            other => bail!("{other} is no option; there is --only TEXT"),
        }
    }
    Ok((plan, Images { tar, berth, postgres }))
}
