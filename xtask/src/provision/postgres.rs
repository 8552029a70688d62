//! A Postgres for tests and benchmarks: the one that `DATABASE_URL` names, or a
//! private one on a Unix socket that is stopped again.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

use super::{is_root, postgres_bin};
use crate::shell::{program, quietly, root, scratch, wait_for};

/// How careful it is with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// As in production: every commit is on disk.
    Real,
    /// For tests: a crash of the machine may cost them.
    None,
}

/// A running Postgres.
#[derive(Debug)]
pub(crate) struct Postgres {
    /// For `DATABASE_URL`.
    pub(crate) url: String,
    own: Option<PathBuf>,
}

impl Postgres {
    /// Uses the one that is named, or makes a fresh one.
    pub(crate) fn ensure(name: &str, durability: Durability) -> anyhow::Result<Self> {
        match std::env::var("DATABASE_URL") {
            Ok(url) if durability == Durability::None => Ok(Self { url, own: None }),
            _ => Self::start(name, durability),
        }
    }

    fn start(name: &str, durability: Durability) -> anyhow::Result<Self> {
        // A short path: a Unix socket's may have 107 characters.
        let folder = std::env::temp_dir().join(format!("berth-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            quietly(program("chown").arg("postgres:").arg(&folder))?;
        }
        let this = Self {
            url: format!(
                "postgres://postgres@localhost/postgres?host={}",
                folder.to_string_lossy().replace('/', "%2F")
            ),
            own: Some(folder.clone()),
        };
        let data = folder.join("data");
        quietly(
            command("initdb")?
                .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "-D"])
                .arg(&data),
        )?;
        let careless = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off";
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 {}",
            folder.display(),
            if durability == Durability::None { careless } else { "" }
        );
        std::fs::create_dir_all(scratch())?;
        quietly(
            command("pg_ctl")?
                .args(["start", "-s", "-W", "-o", &options, "-l"])
                .arg(folder.join("log"))
                .arg("-D")
                .arg(&data)
                .stdout(Stdio::null()),
        )?;
        wait_for("Postgres answers", Duration::from_secs(60), || {
            let mut ready = command("pg_isready").ok()?;
            ready.args(["-q", "-U", "postgres", "-h"]).arg(&folder);
            ready.status().ok()?.success().then_some(())
        })?;
        Ok(this)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Some(folder) = &self.own else { return };
        let stopped = command("pg_ctl").and_then(|mut stop| {
            quietly(stop.args(["stop", "-s", "-m", "immediate", "-D"]).arg(folder.join("data")))
        });
        if let Err(err) = stopped.and_then(|()| Ok(std::fs::remove_dir_all(folder)?)) {
            eprintln!("could not take down the Postgres in {}: {err:#}", folder.display());
        }
    }
}

/// One of PostgreSQL's programs, as a user that it accepts.
fn command(name: &str) -> anyhow::Result<Command> {
    let bin = postgres_bin().context("there is no PostgreSQL")?;
    let path = if bin.is_empty() { name.to_owned() } else { format!("{bin}/{name}") };
    let mut command = if is_root() {
        let mut command = program("runuser");
        command.args(["-u", "postgres", "--", &path]);
        command
    } else {
        program(&path)
    };
    // Root's checkout is closed to the user postgres.
    command.current_dir(if is_root() { "/".into() } else { root() });
    Ok(command)
}
