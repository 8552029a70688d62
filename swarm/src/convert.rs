//! A [`ServiceSpec`] as Docker has it, and back.
//!
//! Pure. What is written can be read: `from_swarm(to_swarm(x)) == x` for every
//! field that Berth owns, and what can't be said in a [`ServiceSpec`] is
//! [`Unreadable`], which counts as different.
//!
//! [`ServiceSpec`]: berth_domain::stack::ServiceSpec

mod from_swarm;
mod kept;
mod mounts;
#[cfg(test)]
mod tests;
mod to_swarm;

use std::collections::BTreeMap;

use berth_domain::ids::StackName;
use berth_domain::map::Map;

pub(crate) use self::from_swarm::from_swarm;
pub(crate) use self::to_swarm::to_swarm;

use crate::version::ApiVersion;

/// Whose objects these are, and for which engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The stack.
    pub(crate) stack: &'a StackName,
    /// The Berth that makes them; [`None`] leaves its label out.
    pub(crate) instance: Option<&'a str>,
    /// What the engine understands.
    pub(crate) api: ApiVersion,
}

impl Scope<'_> {
    /// `labels`, with those that say whose the object is.
    pub(crate) fn label(&self, labels: &Map<String, String>) -> Map<String, String> {
        use berth_domain::stack::{INSTANCE_LABEL, NAMESPACE_LABEL};

        let mut all = labels.clone();
        all.insert(NAMESPACE_LABEL.to_owned(), self.stack.to_string());
        if let Some(instance) = self.instance {
            all.insert(INSTANCE_LABEL.to_owned(), instance.to_owned());
        }
        all
    }
}

/// `labels`, less those that say whose the object is.
pub(crate) fn unlabel(labels: &Map<String, String>) -> Map<String, String> {
    use berth_domain::stack::{INSTANCE_LABEL, NAMESPACE_LABEL};

    let mut rest = labels.clone();
    rest.remove(NAMESPACE_LABEL);
    rest.remove(INSTANCE_LABEL);
    rest
}

/// The ids behind names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids {
    /// Networks. One that is not here is sent by its name, as `host` must be.
    pub(crate) networks: BTreeMap<String, String>,
    /// Configs.
    pub(crate) configs: BTreeMap<String, String>,
    /// Secrets.
    pub(crate) secrets: BTreeMap<String, String>,
}

/// Something that a service refers to and that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {name} does not exist")]
pub(crate) struct Missing {
    /// `config` or `secret`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: String,
}

/// A live service that says what no `ServiceSpec` can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its {field} is not one that Berth writes")]
pub(crate) struct Unreadable {
    /// What.
    pub(crate) field: &'static str,
}
