//! The API from outside: requests in, answers out, over a database of its own.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod access;
mod cluster;
mod control;
mod deliveries;
mod dry_runs;
mod events;
mod executors;
mod github;
mod health;
mod logs;
mod matches;
mod members;
mod pruning;
mod registries;
mod rules;
mod session;
mod sessions;
mod stacks;
mod stream;
mod support;
mod templates;
mod tokens;
mod ui;
mod webhook;
