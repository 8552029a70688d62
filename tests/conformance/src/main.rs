//! `cargo xtask conformance`: everything that can be compared, as one program.
#![expect(clippy::print_stdout, reason = "it is a program that reports")]

use std::process::ExitCode;
use std::time::Duration;

use berth_conformance::deploy::refused_as_compose;
use berth_conformance::judge::{APIS, Report, judge_all};
use berth_conformance::{cases, generate, meant, real};
use clap::Parser;
use serde_json::json;

/// Compares what `docker stack deploy` and `berth stack deploy` make of files.
#[derive(Debug, Parser)]
struct Args {
    /// Generate more files
    #[arg(long)]
    all: bool,

    /// Print one object of JSON before the closing line
    #[arg(long)]
    json: bool,

    /// Deploy our own files on this engine, too: a manager of a Swarm
    #[arg(long, value_name = "URL")]
    engine: Option<String>,

    /// Only have the reconciler watch over our own files on that engine for so many
    /// seconds, with the database server of `DATABASE_URL`
    #[arg(long, value_name = "SECONDS", requires = "engine")]
    drift: Option<u64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let scratch = tempfile::tempdir()?;
    if let (Some(seconds), Some(host)) = (args.drift, args.engine.as_deref()) {
        let mut own = cases::own()?;
        own.extend(cases::tables(scratch.path())?);
        return runtime.block_on(watch(&own, host, Duration::from_secs(seconds)));
    }
    let mut report = Report::default();
    let mut tell = |what: &str, part: Report| {
        if !args.json {
            println!("{what}: {}", part.line());
            part.unmeant.iter().for_each(|line| println!("  {line}"));
        }
        report.add(part);
    };

    let (rows, copies) = (scratch.path().join("rows"), scratch.path().join("corpus"));
    std::fs::create_dir_all(&rows)?;
    let mut own = cases::own()?;
    own.extend(cases::tables(&rows)?);
    for api in APIS {
        tell(&format!("own files, API {api}"), runtime.block_on(judge_all(&own, api))?);
    }
    let real_files = cases::corpus(&copies)?;
    if let Some(host) = args.engine.as_deref() {
        tell("own files, on a real Swarm", runtime.block_on(real::judge_all(&own, host))?);
    }
    let real_files_are = if real_files.is_empty() {
        "real files, skipped since there is no ../shared/corpus"
    } else {
        "real files"
    };
    tell(real_files_are, runtime.block_on(judge_all(&real_files, APIS[0]))?);
    let count = if args.all { generate::MANY } else { generate::FEW };
    tell("generated files", generate::judge_generated(&runtime, count)?);
    let unread = runtime.block_on(unread(&real_files))?;
    if args.json {
        let reasons: Vec<_> = meant::MEANT
            .iter()
            .map(|is| json!({"name": is.name, "kind": is.kind, "path": is.path, "why": is.why}))
            .collect();
        let object = json!({
            "files": report.files, "fields": report.fields, "meant": report.meant,
            "unmeant": report.unmeant, "reasons": reasons,
            "real_files": real_files.len(), "not_loaded": unread,
        });
        println!("{object}");
    } else {
        report.meant.iter().for_each(|(name, count)| println!("meant: {name}, {count} times"));
        let loaded = real_files.len() - unread.len();
        println!("default reading: {loaded} of {} real files load", real_files.len());
        unread.iter().for_each(|line| println!("  {line}"));
    }
    println!("{}", report.line());
    Ok(if report.unmeant.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what the reconciler would have changed; the last line is an object.
async fn watch(own: &[cases::Case], host: &str, lasting: Duration) -> anyhow::Result<ExitCode> {
    let drift = real::drift::watch(own, host, lasting).await?;
    drift.refused.iter().for_each(|line| println!("Docker refuses {line}"));
    drift.changes.iter().for_each(|line| println!("changed: {line}"));
    println!("{}", drift.object());
    Ok(if drift.changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What Berth's own reading says to the real files that it refuses. What they build
/// is built, on a server; a value that was made up is a path where a number won't do.
async fn unread(cases: &[cases::Case]) -> anyhow::Result<Vec<String>> {
    let mut refused = Vec::new();
    for case in cases {
        let scratch = tempfile::tempdir()?;
        let mut paths = case.files.clone();
        for value in paths.variables.values_mut() {
            *value = format!("/srv/{value}");
        }
        let mut words = refused_as_compose(&case.files, scratch.path()).await?;
        if words.is_some() && !paths.variables.is_empty() {
            words = refused_as_compose(&paths, scratch.path()).await?.and(words);
        }
        if let Some(words) = words.filter(|words| !words.contains("and was not built")) {
            refused.push(format!("{}: {words}", case.files.name));
        }
    }
    Ok(refused)
}
