//! Berth as a whole: the real program, a real Swarm, a real Traefik, a real
//! Postgres, real git; only GitHub is simulated.
#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod failing;
mod lasting;
mod previews;
