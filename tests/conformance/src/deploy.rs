//! Deploying with each of the two programs, and what came of it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context as _, ensure};
use berth_domain::stack::StackSpec;
use serde_json::Value;
use tokio::process::Command;

use crate::cause::{Cause, Kind, causes};
use crate::engine::{Engine, Foreign, Made, STACK};

/// Files to deploy together.
#[derive(Debug, Clone)]
pub struct Files {
    /// What they are called in reports.
    pub name: String,
    /// The folder that they are deployed from.
    pub folder: PathBuf,
    /// Their names in it, in order.
    pub files: Vec<String>,
    /// Variables that they want, beyond those that every file gets.
    pub variables: BTreeMap<String, String>,
}

/// What came of a deployment.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// These objects.
    Made(Made),
    /// A refusal, with its causes and the program's own words.
    Refused {
        /// Why; empty where it is for a reason that only Berth has.
        causes: Vec<Cause>,
        /// The words.
        words: String,
    },
}

/// The environment that files are read in.
const VARIABLES: [(&str, &str); 7] = [
    ("HOME", "/home/somebody"),
    ("SET", "val"),
    ("EMPTY", ""),
    ("lower", "lc"),
    ("COUNT", "3"),
    ("YES", "yes"),
    ("SIZE", "64m"),
];

fn command(program: &OsStr, files: &Files, scratch: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(&files.folder)
        .env_clear()
        .envs(&files.variables)
        .envs(VARIABLES)
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("DOCKER_CONFIG", scratch)
        .stdin(Stdio::null());
    command
}

/// Runs `docker stack deploy` against the engine at `host`, and waits for nothing.
///
/// # Errors
///
/// Where it can't be run.
pub(crate) async fn run_docker(
    files: &Files,
    scratch: &Path,
    host: &str,
    stack: &str,
) -> anyhow::Result<Output> {
    let mut docker = command("docker".as_ref(), files, scratch);
    docker.args(["-H", host, "stack", "deploy", "--resolve-image", "never", "--detach=true"]);
    docker.args(files.files.iter().flat_map(|file| ["-c", file])).arg(stack);
    docker.output().await.context("failed to run docker")
}

/// Runs `berth stack deploy` against the engine at `host`, and waits for nothing.
///
/// # Errors
///
/// Where it can't be run.
pub(crate) async fn run_berth(
    files: &Files,
    scratch: &Path,
    host: &str,
    stack: &str,
    compat: &str,
) -> anyhow::Result<Output> {
    let mut berth = command(berth_tests::berth::program()?.as_os_str(), files, scratch);
    berth.args(["stack", "--host", host, "deploy", "--resolve-image", "never", "--detach"]);
    berth.args(["--json", "--compat", compat]);
    berth.args(files.files.iter().flat_map(|file| ["-c", file])).arg(stack);
    berth.output().await.context("failed to run berth")
}

/// What the files come to as `stack`, in Berth's own reading, or else in that of
/// `docker stack deploy`; or why they come to nothing.
///
/// # Errors
///
/// Where `berth render` can't be run, or prints what can't be read.
pub(crate) async fn rendered(
    files: &Files,
    scratch: &Path,
    stack: &str,
) -> anyhow::Result<Result<StackSpec, String>> {
    let mut words = String::new();
    for reading in ["compose", "stack"] {
        let mut berth = command(berth_tests::berth::program()?.as_os_str(), files, scratch);
        berth.args(["render", "--json", "--compat", reading]);
        berth.args(files.files.iter().flat_map(|file| ["-c", file])).arg(stack);
        let output = berth.output().await.context("failed to run berth")?;
        if output.status.success() {
            let spec = serde_json::from_slice(&output.stdout).context("a spec was printed")?;
            return Ok(Ok(spec));
        }
        words = String::from_utf8_lossy(&output.stderr).into_owned();
    }
    Ok(Err(words))
}

/// `docker stack deploy`, and what it asked for that is no stack's.
///
/// # Errors
///
/// Where it can't be run, or asked for what the engine does not know.
pub async fn by_docker(
    files: &Files,
    scratch: &Path,
    api: &str,
) -> anyhow::Result<(Outcome, Foreign)> {
    let engine = Engine::start(scratch, "docker", api, &Foreign::new())?;
    let output = run_docker(files, scratch, &engine.host(), STACK).await?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let made = known(&engine, &words)?;
    let outcome = if output.status.success() {
        Outcome::Made(made)
    } else {
        Outcome::Refused { causes: causes(&words), words }
    };
    Ok((outcome, engine.asked_for()))
}

/// `berth stack deploy --compat stack`, where what is `foreign` is there already,
/// and what it sends when it is told to do the same once more.
///
/// # Errors
///
/// Where it can't be run, or asked for what the engine does not know.
pub async fn by_berth(
    files: &Files,
    scratch: &Path,
    api: &str,
    foreign: &Foreign,
) -> anyhow::Result<(Outcome, Vec<String>)> {
    let engine = Engine::start(scratch, "berth", api, foreign)?;
    let output = run_berth(files, scratch, &engine.host(), STACK, "stack").await?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let made = known(&engine, &words)?;
    if !output.status.success() {
        return Ok((Outcome::Refused { causes: told(&output)?, words }, Vec::new()));
    }
    let again = sent_by_berth(files, scratch, &engine).await?;
    Ok((Outcome::Made(made), again))
}

/// What Berth sends for `other`, where `files` are deployed already.
///
/// # Errors
///
/// Where it can't be run, or refuses the files.
pub async fn sent_after(
    files: &Files,
    other: &Files,
    scratch: &Path,
    api: &str,
) -> anyhow::Result<Vec<String>> {
    let engine = Engine::start(scratch, "berth", api, &Foreign::new())?;
    let first = sent_by_berth(files, scratch, &engine).await?;
    ensure!(!first.is_empty(), "nothing was sent for {}", files.name);
    sent_by_berth(other, scratch, &engine).await
}

async fn sent_by_berth(
    files: &Files,
    scratch: &Path,
    engine: &Engine,
) -> anyhow::Result<Vec<String>> {
    let before = engine.writes().len();
    let output = run_berth(files, scratch, &engine.host(), STACK, "stack").await?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "berth refused {}: {words}", files.name);
    Ok(engine.writes().split_off(before))
}

/// What `berth render` says to files in Berth's own reading, if it refuses them.
///
/// # Errors
///
/// Where it can't be run.
pub async fn refused_as_compose(files: &Files, scratch: &Path) -> anyhow::Result<Option<String>> {
    let mut berth = command(berth_tests::berth::program()?.as_os_str(), files, scratch);
    berth.arg("render").args(files.files.iter().flat_map(|file| ["-c", file])).arg(STACK);
    let output = berth.output().await.context("failed to run berth")?;
    let words = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = words.lines().filter(|line| !line.starts_with("note: ")).collect();
    Ok((!output.status.success()).then(|| errors.join(" ")))
}

fn known(engine: &Engine, words: &str) -> anyhow::Result<Made> {
    let unknown = engine.unknown();
    ensure!(unknown.is_empty(), "the engine was asked for {}\n{words}", unknown.join(", "));
    Ok(engine.made())
}

/// The causes that Berth's object on the standard output has.
fn told(output: &Output) -> anyhow::Result<Vec<Cause>> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let last = stdout.lines().last().unwrap_or_default();
    let object: Value = serde_json::from_str(last).with_context(|| {
        format!("berth said no causes, but {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let complaints = object["complaints"].as_array().context("there is no list of complaints")?;
    let cause = |complaint: &Value| {
        let kind = Kind::named(complaint["cause"]["kind"].as_str()?)?;
        Some(Cause { kind, path: complaint["cause"]["path"].as_str()?.to_owned() })
    };
    Ok(complaints.iter().filter_map(cause).collect())
}
