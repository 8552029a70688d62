//! Whether a compose file means on Berth exactly what it means to
//! `docker stack deploy`: both programs deploy the same files, and what they ask
//! of the engine is compared, field by field. Where one refuses, the other must
//! refuse for the same cause.
//!
//! The two are run as users run them. In between stands an [`engine`] that only
//! writes down, so that no image and no Swarm is needed.

pub mod cases;
pub mod cause;
pub mod compare;
pub mod deploy;
pub mod engine;
pub mod generate;
pub mod judge;
pub mod meant;
pub mod real;
