//! A GitHub to test against.
//!
//! It keeps Apps, installations, pull requests, deployments, check runs and
//! comments in memory, and repositories as real bare git repositories on disk,
//! served over smart HTTP: `git clone` and `git push` work against it and fire
//! webhooks. Every request that it gets, every answer that it gives and every
//! webhook that it sends is checked against GitHub's own OpenAPI description
//! (`openapi/github.json`); what does not fit is kept as a [`Violation`].
//!
//! ```text
//! Berth ── REST, git ──> server ─ check ─ rest, smart_http ─┐
//! browser ── HTML ─────> pages ─────────────────────────────┼─> World
//! test ── methods of Sim, or JSON under /_sim/ ── driver ───┘     │
//! Berth <── signed webhooks, checked ── hooks <───────────────────┘
//! ```
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use berth_github_sim::{Commit, GithubSim, NewPullRequest, NewRepository, Settings};
//!
//! let sim = GithubSim::start(Settings::default()).await?;
//! sim.create_repository(NewRepository::with_files("acme", "shop", [("a.txt", "1\n")])).await?;
//! let sent = sim
//!     .submit_manifest("acme", serde_json::json!({ "name": "b", "url": "http://b" }), "s")?;
//! // Berth takes `sent.code` to the API, then:
//! sim.install(&sent.slug, "acme", None)?;
//! sim.push("acme/shop", "main", Commit::of("Change it", [("a.txt", "2\n")])).await?;
//! sim.push("acme/shop", "new-cart", Commit::of("New cart", [("a.txt", "3\n")])).await?;
//! let pull =
//!     sim.open_pull_request("acme/shop", NewPullRequest::of("New cart", "new-cart")).await?;
//! sim.close_pull_request("acme/shop", pull.number)?;
//! sim.settled().await;
//! assert!(sim.deliveries().iter().all(|delivery| delivery.status == "OK"));
//! # Ok(())
//! # }
//! ```
//!
//! A [`GithubSim`] that is dropped with violations nobody took panics, so that
//! a test fails that nobody wrote with GitHub's description in mind.

// GitHub's objects are larger than `json!` takes by default.
#![recursion_limit = "256"]

mod apps;
mod description;
pub mod driver;
mod git;
mod hooks;
mod keys;
mod pages;
mod pulls;
mod refs;
mod render;
mod rest;
mod server;
mod sim;
mod smart_http;
mod world;

pub use crate::driver::types::*;
pub use crate::server::GithubSim;
pub use crate::sim::{Settings, Sim};
