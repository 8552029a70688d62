//! Docker Swarm as Berth's cluster: [`Swarm`] implements
//! [`Cluster`](berth_domain::cluster::Cluster), [`Reader`] can't change anything.
//!
//! ```text
//! ServiceSpec ── convert::to_swarm ──> wire::ServiceSpec ── client ──> engine
//!             <─ convert::from_swarm ─                   <─
//! ```
//!
//! The types on the wire are our own (`wire`), and so is the small HTTP client:
//! a service that is read and written back through a type that lacks a field
//! loses that field. Nothing here decides anything; what an engine's errors mean
//! for the caller is in `error`.

mod apply;
mod client;
mod convert;
mod docker_config;
mod elements;
mod endpoint;
mod error;
mod events;
mod facts;
mod inventory;
mod kernel;
mod logs;
mod node;
mod objects;
mod observe;
mod placed;
mod reader;
mod registry;
mod swarm;
mod version;
mod wire;

pub use crate::docker_config::{DockerConfig, InvalidConfig};
pub use crate::endpoint::{Endpoint, InvalidEndpoint};
pub use crate::facts::{Engine, Facts};
pub use crate::logs::{LogLine, LogOptions, LogStream, Output, SwarmFeed};
pub use crate::node::{Node, NodeName};
pub use crate::reader::{Reader, Task};
pub use crate::registry::LoginCheck;
pub use crate::swarm::Swarm;
pub use crate::version::{ApiVersion, InvalidApiVersion};

/// Locks; that another holder panicked does not make a map of names wrong.
pub(crate) fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
