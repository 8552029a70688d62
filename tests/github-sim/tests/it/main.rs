//! The simulator from outside: over HTTP, and with the git that people have.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod api;
mod faults;
mod git;
mod hooks;
mod kit;
mod onboarding;
