//! `cargo xtask fuzz`: cargo-fuzz on the stable toolchain.

use std::process::ExitCode;

use crate::provision::{self, tool_path};
use crate::shell::{program, root, run as run_program, step};

/// The targets, as in `fuzz/targets`.
const TARGETS: [&str; 4] = ["parse", "interpolate", "render", "convert"];

/// The most memory that a target may take, in MB.
const MEMORY: u32 = 256;
/// The longest that one input may take, in seconds.
const PATIENCE: u32 = 5;
/// The largest input, in bytes: larger ones are slower, and show the same.
const LARGEST: u32 = 32 * 1024;

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which to run [default: all]
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,

    /// How long to run each
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the targets, one after the other; the first that breaks ends it.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    provision::for_fuzzing()?;
    let tool = tool_path("cargo-fuzz").unwrap_or_else(|| "cargo-fuzz".to_owned());
    let all: Vec<String> = TARGETS.iter().map(|target| (*target).to_owned()).collect();
    let targets = if args.targets.is_empty() { &all } else { &args.targets };
    for target in targets {
        let found = root().join("target/fuzz-corpus").join(target);
        std::fs::create_dir_all(&found)?;
        let kept = ["seeds", "regressions"].map(|kind| root().join("fuzz").join(kind).join(target));
        let kept = kept.into_iter().filter(|folder| folder.is_dir());
        step(&format!("Fuzz {target} for {} seconds", args.seconds), || {
            // The flags of the coverage are not stable ones. There is no unsafe
            // code to watch, so the sanitizer would only cost.
            run_program(
                program(&tool)
                    .args(["fuzz", "run", "--sanitizer", "none", target])
                    .arg(&found)
                    .args(kept)
                    .arg("--")
                    .args([
                        format!("-max_total_time={}", args.seconds),
                        format!("-rss_limit_mb={MEMORY}"),
                        format!("-timeout={PATIENCE}"),
                        format!("-max_len={LARGEST}"),
                    ])
                    .env("RUSTC_BOOTSTRAP", "1"),
            )
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
