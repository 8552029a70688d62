//! Docker's JSON, in the fields that are read or written here.
//!
//! These are our own because a type that lacks a field deletes it: an update
//! sends the whole spec back. `null` reads as empty, which is what Go writes for
//! an empty list or map.

mod objects;
mod service;

use serde::{Deserialize, Deserializer};

pub(crate) use self::objects::*;
pub(crate) use self::service::*;

/// Reads `null` as the default.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
