//! Every key of compose files, and what becomes of it.
//!
//! One table: the readers ask it about the keys that they do not read
//! themselves ([`Check::other`](super::check::Check::other)), `docs/compose.md`
//! shows it, and a test holds it against the Compose Specification's own schema.
//! A key that is ignored or refused answers for all that stands below it.

mod service;
mod top;

pub(crate) use self::service::{
    BIND, BLOB_USE, BUILD, CREDENTIALS, DEPENDS_ON, DEPLOY, DEVICE_SPEC, DISCRETE, ENV_FILE,
    EXTENDS, HEALTHCHECK, IMAGE_MOUNT, LIMITS, LOGGING, NETWORK_USE, PLACEMENT, PORT, PREFERENCE,
    RESERVATIONS, RESOURCES, RESTART_POLICY, ROLLBACK, SERVICE, TMPFS_MOUNT, ULIMIT, UPDATE,
    VOLUME_MOUNT, VOLUME_USE,
};
pub(crate) use self::top::{
    BLOB, EXTERNAL, INCLUDE, IPAM, IPAM_CONFIG, NETWORK, SECRET, TOP, VOLUME,
};

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It does what the Specification says.
    Applied,
    /// It does what [`Key::words`] say, which is what Swarm can do of it.
    Meaning,
    /// It is left out with a note: the service works without it, or
    /// `docker stack deploy` leaves it out as well.
    Ignored,
    /// The file is refused: to run without it would be another service.
    Refused,
}

/// A key by its name, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// What it means, or why it means nothing.
    pub(crate) words: &'static str,
}

/// The keys of one mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// Where it stands: `*` is any name, `[]` any item.
    #[cfg_attr(not(test), expect(dead_code, reason = "documents and tests know it by it"))]
    pub(crate) path: &'static str,
    pub(crate) keys: &'static [Key],
}

impl Section {
    pub(crate) fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn applied(name: &'static str) -> Key {
    Key { name, class: Class::Applied, words: "" }
}

const fn meaning(name: &'static str, words: &'static str) -> Key {
    Key { name, class: Class::Meaning, words }
}

const fn ignored(name: &'static str, words: &'static str) -> Key {
    Key { name, class: Class::Ignored, words }
}

const fn refused(name: &'static str, words: &'static str) -> Key {
    Key { name, class: Class::Refused, words }
}

/// What `docker stack deploy` takes and silently leaves out.
pub(super) const STACK_IGNORED: [&str; 17] = [
    "cgroup_parent",
    "cgroupns_mode",
    "container_name",
    "devices",
    "domainname",
    "external_links",
    "ipc",
    "links",
    "mac_address",
    "network_mode",
    "oom_score_adj",
    "pid",
    "privileged",
    "security_opt",
    "shm_size",
    "tmpfs",
    "userns_mode",
];

/// What is left out in [`Reading::Compose`](crate::Reading), too, but asks for
/// something of the node or of somebody else's container.
pub(super) const BEYOND: [&str; 8] = [
    "cgroup_parent",
    "devices",
    "external_links",
    "ipc",
    "network_mode",
    "pid",
    "privileged",
    "userns_mode",
];

#[cfg(test)]
mod tests;
