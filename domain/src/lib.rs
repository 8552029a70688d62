//! The nouns of Berth, their rules, and the ports to the outside.
//!
//! Everything here is pure: no clock, no network, no database. Services read
//! the world, ask this crate what it means, and carry the answer out.
//!
//! ```text
//! Event ── rule::decide ──> Decision ──> Deployment (phase) ──> Release (StackSpec)
//!                                                                   │
//!                      ObservedStack ──────── plan (reconciler) ────┴──> Plan of Actions
//! ```
//!
//! It is not the place for wire formats (`github-app`, `swarm`, `api`), for SQL
//! (`store`) or for the meaning of a compose file (`compose-templates`).

pub mod backoff;
pub mod build;
pub mod chain;
pub mod cluster;
pub mod deployment;
pub mod drain;
pub mod facts;
pub mod fail_point;
pub mod health;
pub mod ids;
pub mod log;
pub mod map;
pub mod node;
pub mod placement;
pub mod policy;
pub mod registry;
pub mod rule;
pub mod shared;
pub mod slug;
pub mod stack;
pub mod turn;

pub use crate::chain::chain;
