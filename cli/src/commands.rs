//! The commands, a file each.

pub(crate) mod doctor;
pub(crate) mod executor;
pub(crate) mod fail_points;
pub(crate) mod healthy;
pub(crate) mod migrate;
pub(crate) mod render;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod stack;
pub(crate) mod template;
