//! The handlers, a file a noun: parse, ask one question, shape the answer.

pub(crate) mod cluster;
pub(crate) mod deliveries;
pub(crate) mod deployments;
pub(crate) mod dry_runs;
pub(crate) mod executors;
pub(crate) mod github;
pub(crate) mod history;
pub(crate) mod instance;
pub(crate) mod logs;
pub(crate) mod members;
pub(crate) mod pruning;
pub(crate) mod registries;
pub(crate) mod repositories;
pub(crate) mod rules;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod settings;
mod shape;
pub(crate) mod stacks;
pub(crate) mod status;
pub(crate) mod templates;
pub(crate) mod tokens;
mod version;
