//! The commands, a file each.

pub(crate) mod doctor;
pub(crate) mod migrate;
pub(crate) mod render;
pub(crate) mod serve;
pub(crate) mod stack;
