//! Observe, plan, apply: the loop that makes the cluster what the database says.
//!
//! ```text
//! NOTIFY, Docker's events, resync ──> queue ──> pass of one stack, by the leader only
//!                                                 │ wanted absent   ──> reconcile: remove until Docker confirms
//!                                                 │ open deployment ──> deploy: Fetch … Finish, a step at a time
//!                                                 └ otherwise       ──> reconcile: heal drift
//!                                                        each: observe ──> plan (pure) ──> apply
//! ```
//!
//! Generic over [`berth_domain::cluster::Cluster`] and
//! [`berth_domain::build::Builder`]; [`sim`] has both in memory. It is not the
//! place for what Docker's wire looks like (`swarm`), nor for SQL (`store`).

mod acts;
mod claims;
pub mod clock;
mod deploy;
pub mod drift;
mod dry_run;
mod engine;
mod error;
mod executors;
pub mod fight;
pub mod leader;
pub mod leading;
pub mod looks;
pub mod node_prune;
mod nodes;
mod output;
pub mod plan;
pub mod preflight;
pub mod probe;
pub mod progress;
pub mod queue;
mod reconcile;
pub mod report;
pub mod run;
pub mod settings;
pub mod sim;
pub mod status;
pub mod survey;
pub mod tasks;
mod turns;

pub use crate::run::{Deps, run};
pub use crate::settings::Settings;
