//! What a service has in its file system.

use crate::map::Map;

use serde::{Deserialize, Serialize};

use super::Driver;

/// A mount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What is mounted.
    pub kind: MountKind,
    /// Where from; [`None`] for an anonymous volume or tmpfs.
    pub source: Option<String>,
    /// Where to.
    pub target: String,
    /// It can't be written.
    pub read_only: bool,
    /// Windows' hint; kept as written.
    pub consistency: Option<String>,
}

/// The kinds of mount, each with what only it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MountKind {
    /// A path of the node.
    Bind {
        /// `rprivate` and so on.
        propagation: Option<String>,
    },
    /// A volume, which each node makes for itself.
    Volume {
        /// Don't fill it from the image.
        no_copy: bool,
        /// A path in it.
        subpath: Option<String>,
        /// Its labels, less the namespace's.
        labels: Map<String, String>,
        /// Its driver.
        driver: Option<Driver>,
        /// Whether the compose file says it is somebody else's.
        external: bool,
    },
    /// Memory.
    Tmpfs {
        /// Its size in bytes.
        size: Option<i64>,
        /// Its mode.
        mode: Option<u32>,
    },
    /// A Windows pipe.
    Npipe,
    /// A cluster volume.
    Cluster,
    /// An image.
    Image,
}

/// A config or secret in a container.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileRef {
    /// The object's name on the Swarm.
    pub name: String,
    /// Where it appears.
    pub target: String,
    /// Its owner.
    pub uid: String,
    /// Its group.
    pub gid: String,
    /// Its mode.
    pub mode: u32,
}
