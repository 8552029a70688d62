//! `cargo xtask gen`: rewrites what is generated and committed.

use std::path::Path;

use crate::frontend::{npm, packages};
use crate::provision;
use crate::provision::postgres::{Durability, Postgres};
use crate::shell::{program, quietly, root, step};

/// Rewrites all of it.
pub(crate) fn run() -> anyhow::Result<()> {
    provision::for_tests()?;
    let postgres = Postgres::ensure("gen", Durability::None)?;
    step("Check every query against Postgres", || queries(&postgres, &root().join(".sqlx")))?;
    step("Write the OpenAPI document", || {
        quietly(
            program("cargo")
                .args(["test", "--quiet", "--package", "berth-api", "--test", "openapi"])
                .env("BERTH_UPDATE", "1")
                .env("DATABASE_URL", &postgres.url),
        )
    })?;
    step("Write the table of compose keys", || {
        quietly(
            program("cargo")
                .args([
                    "test",
                    "--quiet",
                    "--package",
                    "berth-compose-templates",
                    "the_documents_have",
                ])
                .env("BERTH_UPDATE", "1"),
        )
    })?;
    step("Write the document of the settings", || {
        quietly(
            program("cargo")
                .args(["test", "--quiet", "--package", "berth", "--bin", "berth", "documented"])
                .env("BERTH_UPDATE", "1"),
        )
    })?;
    packages()?;
    step("Write the UI's types", || quietly(&mut npm(&["run", "gen"])))
}

/// Writes what Postgres says of every query into `folder`, which `cargo build`
/// then needs instead of a database.
pub(crate) fn queries(postgres: &Postgres, folder: &Path) -> anyhow::Result<()> {
    let database = "berth_queries";
    let psql = |sql: &str| {
        let mut psql = program("psql");
        quietly(psql.arg(&postgres.url).args(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql]))
    };
    psql(&format!("drop database if exists {database}"))?;
    psql(&format!("create database {database}"))?;
    let url = postgres.url.replacen("/postgres?", &format!("/{database}?"), 1);
    let url = if url == postgres.url {
        let (base, _) = url.rsplit_once('/').unwrap_or((&url, ""));
        format!("{base}/{database}")
    } else {
        url
    };
    let mut migrations: Vec<_> = std::fs::read_dir(root().join("migrations"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "sql"))
        .collect();
    migrations.sort();
    for migration in migrations {
        quietly(
            program("psql").arg(&url).args(["-q", "-v", "ON_ERROR_STOP=1", "-f"]).arg(migration),
        )?;
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    // The macros write only while they compile.
    quietly(program("cargo").args(["clean", "--quiet", "--package", "berth-store"]))?;
    quietly(
        program("cargo")
            .args(["check", "--quiet", "--package", "berth-store", "--all-targets"])
            .env("DATABASE_URL", &url)
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", folder),
    )?;
    psql(&format!("drop database {database}"))
}
