//! `cargo xtask demo`: provisions, builds, and hands over to the demo itself
//! (`tests/src/bin/demo.rs`), which is the test kit's world with a person in
//! front of it.

use std::process::ExitCode;

use crate::frontend;
use crate::provision::engine::{Engine, docker};
use crate::provision::{self, images};
use crate::shell::{program, quietly, root, run as run_program, step};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do the tour, check every URL, print a JSON summary as the last line, and
    /// leave nothing running
    #[arg(long)]
    exit: bool,
}

/// Runs the demo to its end.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    println!("Berth demo\n\nGetting ready");
    provision::for_demo()?;
    build()?;
    let extra: &[&str] = if args.exit { &["--exit"] } else { &[] };
    with_engine(|host| start("demo", host, extra))
}

/// Builds the UI, then the program and the kit.
pub(crate) fn build() -> anyhow::Result<()> {
    frontend::build()?;
    step("Build Berth", || {
        run_program(program("cargo").args([
            "build",
            "--quiet",
            "--package",
            "berth",
            "--package",
            "berth-tests",
            "--bins",
        ]))
    })
}

/// Runs `work` with an engine that has the images, and takes down what was
/// brought up for it.
pub(crate) fn with_engine<T>(work: impl FnOnce(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
    // Ctrl-C ends what runs in the foreground; we stay to tidy up.
    ctrlc::set_handler(|| {}).ok();
    let engine = Engine::ensure()?;
    let host = engine.host.clone();
    let made = images::ensure(&host);
    let outcome = made.as_ref().map_err(|err| anyhow::anyhow!("{err:#}")).and_then(|_| work(&host));
    for image in made.unwrap_or_default() {
        // A private engine keeps them for the next time.
        if engine.is_private() {
            continue;
        }
        quietly(docker(&host).args(["image", "rm", image])).ok();
    }
    engine.stop()?;
    outcome
}

/// Runs one of the kit's programs.
pub(crate) fn start(name: &str, host: &str, args: &[&str]) -> anyhow::Result<ExitCode> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let path = target.join("debug").join(name);
    let status = program(&path.to_string_lossy())
        .args(args)
        .env("DOCKER_HOST", host)
        .env("PG_BIN", provision::postgres_bin().unwrap_or_default())
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
