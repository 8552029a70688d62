//! `berth migrate`: brings the schema up, and says so.

use std::process::ExitCode;

use anyhow::Context as _;
use berth_store::SchemaState;

use crate::config::DatabaseArgs;
use crate::database::{self, Database};

/// Runs the migrations that have not been run yet.
pub(crate) async fn run(args: &DatabaseArgs) -> anyhow::Result<ExitCode> {
    let database = Database::open(args).await?;
    let outcome = migrate(&database.pool).await;
    database.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn migrate(pool: &berth_store::Pool) -> anyhow::Result<()> {
    if berth_store::check_schema(pool).await? == SchemaState::Current {
        println!("The schema is current.");
        return Ok(());
    }
    berth_store::migrate(pool).await.map_err(database::plain).context("failed to migrate")?;
    println!("The schema is current now.");
    Ok(())
}
