//! `cargo xtask test`: everything that can be checked, cheapest first. Its last
//! line is `N passed, N failed`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use crate::demo::with_engine;
use crate::frontend::{self, npm};
use crate::provision::postgres::{Durability, Postgres};
use crate::provision::{self, tool_path};
use crate::shell::{program, root, scratch};
use crate::{demo, gen_files};

/// What can be chosen.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run only the checks whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// What has been counted so far.
#[derive(Debug, Default)]
struct Tally {
    only: Option<String>,
    passed: usize,
    failed: usize,
    broken: Vec<String>,
}

/// Runs everything and counts.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    println!("Getting ready");
    provision::for_tests()?;
    frontend::packages()?;
    let mut tally = Tally { only: args.only.clone(), ..Tally::default() };
    static_checks(&mut tally);
    if tally.wants("ui build") {
        frontend::build()?;
    }
    with_engine(|host| {
        let postgres = Postgres::ensure("test", Durability::None)?;
        dynamic_checks(&mut tally, host, &postgres);
        Ok(())
    })?;
    for name in &tally.broken {
        println!("failed: {name}");
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 && tally.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The UI with an API in memory, compared with `docs/screenshots`.
const PICTURES: &str = "pictures of every page";

fn static_checks(tally: &mut Tally) {
    tally.check("rust format", program("cargo").args(["fmt", "--all", "--check"]));
    tally.check("ui lint", &mut npm(&["run", "lint"]));
    if tally.wants("ui types are current") {
        tally.check("ui types are current", &mut npm(&["run", "gen"]));
        let types = "frontend/src/api/schema.gen.d.ts";
        let mut diff = program("git");
        tally.check("ui types are current", diff.args(["diff", "--exit-code", "--stat", types]));
    }
    tally.count("ui unit tests", &mut npm(&["run", "test"]));
    let deny = tool_path("cargo-deny").unwrap_or_else(|| "cargo-deny".to_owned());
    tally.check(
        "layers, licences and sources",
        program(&deny).args(["--log-level", "error", "check", "bans", "licenses", "sources"]),
    );
    tally.check("ui build", &mut npm(&["run", "build"]));
    if tally.wants(PICTURES)
        && !tally.wants("ui build")
        && let Err(err) = frontend::build()
    {
        tally.fail(PICTURES, &format!("{err:#}"));
    }
    tally.count(
        PICTURES,
        npm(&["run", "looks"]).env("CHROMIUM", provision::chromium().unwrap_or_default()),
    );
    tally.check(
        "clippy",
        program("cargo").args([
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    );
    tally.check(
        "rust documentation",
        program("cargo")
            .args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    );
}

fn dynamic_checks(tally: &mut Tally, host: &str, postgres: &Postgres) {
    if tally.wants("queries are current") {
        let fresh = scratch().join("sqlx");
        match gen_files::queries(postgres, &fresh) {
            Ok(()) => tally.check(
                "queries are current",
                program("diff").arg("-r").arg(&fresh).arg(root().join(".sqlx")),
            ),
            Err(err) => tally.fail("queries are current", &format!("{err:#}")),
        }
    }
    let nextest = tool_path("cargo-nextest").unwrap_or_else(|| "cargo-nextest".to_owned());
    let run = |filter: &str, threads: &str| {
        let mut command = program(&nextest);
        command
            .args(["nextest", "run", "--workspace", "--profile", "ci", "--test-threads", threads])
            .args(["--status-level", "fail", "-E", filter])
            .env("DATABASE_URL", &postgres.url)
            .env("DOCKER_HOST", host)
            .env("INSTA_UPDATE", "no")
            .env("CI", "true");
        command
    };
    tally.count(
        "unit, law and database tests",
        &mut run("not (binary(docker) or binary(conformance))", "2"),
    );
    // The whole program under test; the tests start it themselves.
    if let Err(err) = demo::build() {
        tally.fail("build", &format!("{err:#}"));
        return;
    }
    tally.count("conformance with Docker's own client", &mut run("binary(conformance)", "2"));
    tally.count("tests on a real Swarm", &mut run("binary(docker)", "1"));
    tally.count(
        "examples in the documentation",
        program("cargo")
            .args(["test", "--quiet", "--workspace", "--doc"])
            .env("DATABASE_URL", &postgres.url),
    );
    let kit = |args: &[&str]| {
        let mut command = program(&root().join("target/debug/demo").to_string_lossy());
        command.args(args).env("DOCKER_HOST", host);
        command
    };
    tally.check("the demo's tour", &mut kit(&["--exit"]));
    tally.check(
        "a kill at every fail point",
        program(&root().join("target/debug/chaos").to_string_lossy())
            .arg("--quick")
            .env("DOCKER_HOST", host),
    );
    // The same schedules each time: among them one that once found a fault.
    tally.check(
        "three replicas in trouble",
        program(&root().join("target/debug/chaos").to_string_lossy())
            .args(["--replicas", "--schedules", "4", "--seed", "1000"])
            .env("DOCKER_HOST", host)
            .env("PG_BIN", provision::postgres_bin().unwrap_or_default()),
    );
    let browser = provision::chromium().unwrap_or_default();
    tally.count(
        "browser tests",
        kit(&["--bare", "--", "npm", "run", "e2e", "--prefix", "frontend"])
            .env("CHROMIUM", browser)
            .env("NO_COLOR", "1"),
    );
}

impl Tally {
    fn wants(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|only| name.contains(only.as_str()))
    }

    /// A command that passes or fails as a whole.
    fn check(&mut self, name: &str, command: &mut Command) {
        if !self.wants(name) {
            return;
        }
        let (fine, _) = watch(name, command);
        if fine {
            self.passed += 1;
        } else {
            self.fail(name, "");
        }
    }

    /// A test runner: its own counts are what counts.
    fn count(&mut self, name: &str, command: &mut Command) {
        if !self.wants(name) {
            return;
        }
        let (fine, lines) = watch(name, command);
        let (passed, failed) = counts(&lines);
        self.passed += passed;
        self.failed += failed;
        // A runner that fails without a failed test, or runs none, has failed.
        if failed > 0 {
            self.broken.push(name.to_owned());
        } else if !fine || passed == 0 {
            self.fail(name, "it ended without a verdict");
        }
    }

    fn fail(&mut self, name: &str, why: &str) {
        if !why.is_empty() {
            println!("{name}: {why}");
        }
        self.failed += 1;
        self.broken.push(name.to_owned());
    }
}

/// Runs a command, passing its output on and keeping it.
fn watch(name: &str, command: &mut Command) -> (bool, Vec<String>) {
    println!("\n== {name}");
    let start = Instant::now();
    let (reader, writer) = match std::io::pipe() {
        Ok(pipe) => pipe,
        Err(err) => return (false, vec![err.to_string()]),
    };
    let spawned = writer
        .try_clone()
        .and_then(|copy| command.stdin(Stdio::null()).stdout(copy).stderr(writer).spawn());
    // Our own copies of the writing end go, so that the reading ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = match spawned {
        Ok(child) => child,
        Err(err) => {
            println!("{err}");
            return (false, Vec::new());
        }
    };
    let mut lines = Vec::new();
    for line in BufReader::new(reader).lines().map_while(Result::ok) {
        println!("{line}");
        lines.push(line);
    }
    let fine = child.wait().is_ok_and(|status| status.success());
    let verdict = if fine { "ok" } else { "FAILED" };
    println!("== {name}: {verdict} in {:.0} s", start.elapsed().as_secs_f64());
    (fine, lines)
}

/// The numbers before `passed` and `failed` in a runner's closing lines: those
/// of nextest, cargo test, vitest and Playwright.
fn counts(lines: &[String]) -> (usize, usize) {
    let closing = |line: &&String| {
        let line = line.trim_start();
        line.starts_with("Summary")
            || line.starts_with("test result:")
            || line.starts_with("Tests ")
            || line.split_once(' ').is_some_and(|(number, rest)| {
                number.parse::<usize>().is_ok()
                    && (rest == "failed" || rest.starts_with("passed (") || rest == "passed")
            })
    };
    let before = |line: &str, word: &str| -> usize {
        let words: Vec<&str> = line.split_whitespace().collect();
        words
            .windows(2)
            .filter(|pair| pair[1].trim_matches([',', ';', '.']) == word)
            .filter_map(|pair| pair[0].parse::<usize>().ok())
            .sum()
    };
    // Nextest shows what a failed test printed, closing lines and all: where it
    // ran, only its own count.
    let nextest = lines.iter().any(|line| is_nextest(line));
    let counted = lines.iter().filter(closing).filter(|line| !nextest || is_nextest(line));
    counted.fold((0, 0), |(passed, failed), line| {
        (passed + before(line, "passed"), failed + before(line, "failed"))
    })
}

fn is_nextest(line: &str) -> bool {
    line.trim_start().starts_with("Summary [")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_s_closing_line_is_read() {
        let counted = |text: &str| counts(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        let nextest = "test result: FAILED. 0 passed; 1 failed; 0 ignored
     Summary [   0.351s] 15 tests run: 13 passed, 2 failed, 0 skipped";
        assert_eq!(counted(nextest), (13, 2));
        assert_eq!(counted("test result: ok. 3 passed; 0 failed; 0 ignored"), (3, 0));
        assert_eq!(counted("      Tests  1 failed | 9 passed (10)"), (9, 1));
        assert_eq!(counted("  2 failed\n  18 passed (23.1s)"), (18, 2));
        assert_eq!(counted("the log says 7 passed, which is no closing line"), (0, 0));
    }
}
