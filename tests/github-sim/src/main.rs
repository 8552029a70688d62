//! The simulator as a program, for the demo and for tests in other languages.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use berth_github_sim::{GithubSim, NewRepository, Settings};
use clap::Parser;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

/// A GitHub to test against: its API, webhooks, git over HTTP, and the pages
/// that make and install an App.
///
/// When it serves, it prints one line of JSON with its address and its
/// repositories. It knows the organisation `acme` and the user `mira`. Public
/// repositories can be cloned and pushed to without a credential; private ones
/// as `mira`, with any password. `/_sim/` drives it.
#[derive(Debug, Parser)]
#[command(name = "github-sim", version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,

    /// Where to keep the repositories while it runs [default: the system's
    /// temporary folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Make a repository of a folder; may be given more than once. Without a
    /// name, it is `acme/<the folder's name>`
    #[arg(long, value_name = "[OWNER/NAME=]DIR")]
    seed: Vec<String>,

    /// Make the repositories private, so that reading them takes a credential
    #[arg(long)]
    private: bool,

    /// Refuse a push that comes without a credential
    #[arg(long)]
    no_anonymous_push: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .init();
    let arguments = Arguments::parse();
    let seeds = arguments.seed.iter().map(|text| seed(text)).collect::<anyhow::Result<Vec<_>>>()?;
    // Both are watched for before anybody can know that it runs.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let sim = GithubSim::start(Settings {
        listen: arguments.listen,
        data: arguments.data,
        anonymous_push: !arguments.no_anonymous_push,
        ..Settings::default()
    })
    .await?;
    for new in seeds {
        sim.create_repository(NewRepository { private: arguments.private, ..new }).await?;
    }
    let ready = json!({
        "ready": true,
        "base_url": sim.base_url(),
        "repositories": sim.repositories(),
    });
    writeln!(std::io::stdout().lock(), "{ready}")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    // They were logged as they came up; a program does not end in a panic.
    drop(sim.take_violations());
    Ok(())
}

/// A repository to make, from what `--seed` says.
fn seed(text: &str) -> anyhow::Result<NewRepository> {
    let (name, folder) = match text.split_once('=') {
        Some((name, folder)) => (Some(name), PathBuf::from(folder)),
        None => (None, PathBuf::from(text)),
    };
    let folder = folder.canonicalize().with_context(|| format!("--seed {text}"))?;
    let (owner, name) = match name {
        Some(name) => {
            name.split_once('/').with_context(|| format!("--seed {text}: no OWNER/NAME"))?
        }
        None => {
            let name = folder.file_name().and_then(|name| name.to_str());
            ("acme", name.with_context(|| format!("--seed {text}: the folder has no name"))?)
        }
    };
    Ok(NewRepository::with_folder(owner, name, folder.clone()))
}
