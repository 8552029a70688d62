//! The whole reconciler against a real Postgres and a cluster in memory: what a
//! deployment, a removal and a crash come to in the end.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod approvals;
mod claims;
mod crashes;
mod depends;
mod deploys;
mod drift;
mod dry_runs;
mod executors;
mod failures;
mod jobs;
mod nodes;
mod output;
mod passes;
mod pauses;
mod policies;
mod pruning;
mod registries;
mod restarts;
mod rollbacks;
mod turns;
mod world;
