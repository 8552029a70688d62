//! Compose files, checked: what they say, less what can't be.
//!
//! [`read`] makes a [`Model`] of one file, with every complaint and note;
//! [`merge`] lays a later file's over an earlier one's.

mod build;
pub(crate) mod check;
mod deploy;
mod env_file;
mod keys;
pub(crate) mod merge;
pub(crate) mod model;
mod network;
mod ports;
mod service;
mod strict;
mod top;
pub(crate) mod units;
pub(crate) mod volumes;

pub(crate) use self::check::Check;
pub(crate) use self::model::Model;
pub(crate) use self::top::read;

#[cfg(test)]
mod tests;
