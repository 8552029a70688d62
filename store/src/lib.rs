//! Every SQL statement of Berth, and nothing else that speaks to Postgres.
//!
//! Functions over an executor, one module a table (or a few that belong
//! together). Two kinds of write:
//!
//! - **Intent**, by webhooks and people: any replica may, at any time.
//! - **Fact**, by the reconciler: only the leader may. Such a function takes a
//!   [`leases::Guarded`] transaction, or a [`leases::Fence`] with which it
//!   begins one. A leader that was replaced gets [`Error::Fenced`] and nothing
//!   has changed.
//!
//! ```text
//! webhook ──> deliveries ──(inbox)──> environments, stacks, deployments ──> outbox
//!                                                       │
//!                                       releases <──────┘
//! ```
//!
//! It is not the place for decisions: rules, phases and plans are `domain`'s
//! and `reconciler`'s.

pub mod accounts;
pub mod acts;
pub mod build_logs;
pub mod changes;
pub mod claims;
pub mod deliveries;
pub mod deployments;
pub mod dry_runs;
pub mod environments;
pub mod error;
pub mod executors;
pub mod github_apps;
pub mod installations;
pub mod instance;
pub mod intent;
pub mod invitations;
pub mod leases;
pub mod logs;
pub mod members;
pub mod nodes;
pub mod notify;
pub mod outbox;
mod pool;
pub mod pruning;
pub mod registries;
pub mod releases;
pub mod reports;
pub mod repositories;
pub mod retention;
pub mod rules;
pub mod seal;
pub mod sessions;
pub mod setup;
pub mod stacks;
pub mod tokens;
pub mod views;

#[cfg(test)]
mod seed;

pub use crate::error::{Error, Result};
pub use crate::pool::{
    Pool, PoolSettings, SchemaState, begin, check_schema, connect, migrate, ping,
};

/// Every migration, in order; `berth migrate` runs them.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// `text` as a row can hold it: Postgres takes everything but NUL, which a
/// build's output or a stranger's JSON may well have in it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `value` as a `jsonb` column can hold it: the same, for every text in it.
fn storable_json(value: impl serde::Serialize) -> Result<serde_json::Value> {
    fn clean(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) if text.contains('\0') => *text = storable(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(clean),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(clean),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => {}
        }
    }
    let mut value = serde_json::to_value(value).map_err(Error::corrupt("document"))?;
    clean(&mut value);
    Ok(value)
}
