//! Sources at a commit, and images built from them.
//!
//! [`Workshop`] is the [`Builder`](berth_domain::build::Builder) that does it
//! with git and BuildKit. It is not the place for what a compose file says
//! about builds (`compose-templates`), nor for which image a release runs
//! (`reconciler`).
//!
//! ```text
//! Source ─ git fetch <sha> ─> Checkout ─ .dockerignore ─> context ─ hash ─> tag: there already?
//!                                                            └─ tar ─ BuildKit ─> Image
//! ```
//!
//! Images stay on the engine that built them: a Swarm of several nodes needs a
//! registry, which is not here yet.

mod buildkit;
mod context;
mod git;
mod ignore;
mod path;
mod source;
mod workshop;

pub use crate::path::{UnsafePath, safe_path};
pub use crate::workshop::{STACK_LABEL, Settings, Workshop};
