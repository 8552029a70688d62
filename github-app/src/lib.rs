//! GitHub: signatures, webhooks, the App's tokens, and reports.
//!
//! Everything that knows how GitHub spells something is here, and nothing else
//! is: what an event *means* is `domain`'s, what is done about it the
//! reconciler's.
//!
//! ```text
//! bytes ─ signature::verify ─ webhook::parse ──> Webhook
//!
//! Client ── app(credentials) ──> App ── repository(…) ──> RepositoryClient
//!   no authority                 the App's JWT            an installation token, cached
//!
//! report::{deployment, deployment_status, check_run, comment}: what we say, as pure functions
//! ```
//!
//! `octocrab` is the transport and no more. Measured against a server of our
//! own, its higher layers lose the credential on the second page of a list when
//! the host is not GitHub's, mint one token a caller on a cold cache, and repeat
//! a `POST` that was answered 502; its types lack fields that we send. So
//! requests, tokens, pages and retries are ours.

pub mod app;
pub mod client;
pub mod error;
pub mod jwt;
pub mod manifest;
pub mod report;
pub mod repository;
pub mod signature;
#[cfg(test)]
mod testing;
mod tokens;
pub mod webhook;
pub mod wire;

pub use crate::app::{App, Credentials};
pub use crate::client::{Client, Settings};
pub use crate::error::Error;
pub use crate::repository::{RepositoryClient, RepositoryName};
