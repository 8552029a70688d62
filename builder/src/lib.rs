//! Sources at a commit, and images built from them.
//!
//! [`Workshop`] is the [`Builder`](berth_domain::build::Builder) that does it
//! with git and BuildKit. It is not the place for what an image is called in a
//! release (`reconciler`), nor for what a compose file says about builds
//! (`compose-templates`).
//!
//! ```text
//! Source ─ git fetch <sha> ─> Checkout ─ .dockerignore ─> context ─ hash ─> tag: there already?
//!                                                            └─ tar ─ BuildKit ─> Image
//! ```

mod path;
mod workshop;

pub use crate::path::{UnsafePath, safe_path};
pub use crate::workshop::{Settings, Workshop};
