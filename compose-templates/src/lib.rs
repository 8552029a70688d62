//! Compose files and templates to [`StackSpec`](berth_domain::stack::StackSpec)s.
//!
//! ```text
//! *.hbs ── render ──┐
//!                   ├─ yaml ─ interpolate ─ project ─ compose ─ stack ─→ StackSpec
//! *.yml ────────────┘                      (merged)  (checked) ├ traefik
//!                                                              └ policy
//! ```
//!
//! Pure: what lies beside the compose files comes through [`Files`], variables
//! are handed in, and the same input gives the same stack, down to the
//! order of every list.
//!
//! Whatever is wrong comes back as [`Complaint`]s, all at once, each with its
//! file, line and column; whatever is ignored comes back as [`Note`]s. What this
//! crate does *not* know: Docker's wire format (`swarm`), where files and
//! variables come from (`reconciler`, `cli`).
//!
//! Two readings ([`Reading`]): `Compose`, Berth's own, which means what compose
//! v2 means wherever Swarm can do it, and `Stack`, which takes, means and refuses
//! exactly what `docker stack deploy` does.

pub mod catalogue;
mod complaint;
mod compose;
mod files;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod interpolate;
mod load;
mod places;
pub mod policy;
mod project;
pub mod render;
pub mod schema;
mod stack;
mod traefik;
pub mod x_berth;
mod yaml;

pub use crate::complaint::{Cause, CauseKind, Complaint, Note};
pub use crate::files::{Files, Folder};
pub use crate::load::{Build, Loaded, Reading, Settings, Source, StackContext, Variables, load};
pub use crate::places::{Places, Subject};
