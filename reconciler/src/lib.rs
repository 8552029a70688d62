//! Observe, plan, apply: the loop that makes the cluster what the database says.

pub mod clock;
pub mod plan;
pub mod progress;
pub mod queue;
pub mod sim;
