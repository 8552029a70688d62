//! Compose files, checked: what they say, less what can't be.
//!
//! [`read`] makes a [`Model`] of one tree, with every complaint and note;
//! [`merge`] lays a later file's over an earlier one's, as `docker stack deploy`
//! does. Compose v2 merges trees instead, which is [`project`](crate::project)'s.

mod build;
pub(crate) mod check;
mod depends;
mod deploy;
pub(crate) mod env_file;
pub(crate) mod keys;
pub(crate) mod merge;
pub(crate) mod model;
mod network;
mod ports;
mod security;
mod service;
pub(crate) mod strict;
mod top;
pub(crate) mod units;
pub(crate) mod variables;
pub(crate) mod volumes;

pub(crate) use self::check::{Check, Text, closest};
pub(crate) use self::model::Model;
pub(crate) use self::top::{MAX_SERVICES, Profiles, read};

#[cfg(test)]
mod tests;
