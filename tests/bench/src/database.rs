//! Databases of a benchmark's own on the server that `DATABASE_URL` names.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Drops and makes the database `name`, and gives its address.
pub(crate) fn fresh(name: &str) -> anyhow::Result<String> {
    let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    psql(&server, &format!("drop database if exists {name}"))?;
    psql(&server, &format!("create database {name}"))?;
    Ok(beside(&server, name))
}

/// Drops what [`fresh`] made. Whoever is still connected is sent away.
pub(crate) fn drop(name: &str) -> anyhow::Result<()> {
    let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
    psql(&server, &format!("drop database if exists {name} with (force)")).map(|_| ())
}

/// Runs one statement, and gives what it answers as plain text.
pub(crate) fn psql(url: &str, sql: &str) -> anyhow::Result<String> {
    let output = Command::new(tool("psql"))
        .args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .context("failed to run psql")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Where one of PostgreSQL's programs is: in `PG_BIN`, where that is set.
pub(crate) fn tool(name: &str) -> String {
    let bin = std::env::var("PG_BIN").unwrap_or_default();
    if bin.is_empty() { name.to_owned() } else { format!("{bin}/{name}") }
}

/// The same server, another database.
fn beside(url: &str, name: &str) -> String {
    let (head, query) = url.split_once('?').unwrap_or((url, ""));
    let base = head.rsplit_once('/').map_or(head, |(base, _)| base);
    if query.is_empty() { format!("{base}/{name}") } else { format!("{base}/{name}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_is_named_with_the_same_way_there() {
        assert_eq!(beside("postgres://me@host:1/one", "two"), "postgres://me@host:1/two");
        assert_eq!(
            beside("postgres://me@localhost/one?host=%2Ftmp%2Fx", "two"),
            "postgres://me@localhost/two?host=%2Ftmp%2Fx"
        );
    }
}
