//! What executors and Berth say to each other, and what is told of that.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;

words! {
    /// Kinds of things on a node.
    ItemKind {
        /// A volume, and what is in it.
        Volume = "volume",
        /// The container of a task that is over.
        Container = "container",
        /// An image.
        Image = "image",
    }
}

/// Something that an executor is to remove. It looks at it again before it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeItem {
    /// What kind of thing it is.
    pub kind: ItemKind,
    /// Its name; a container's id.
    pub name: String,
    /// The stack that it is of; null for an image that was pulled.
    #[schema(required = true)]
    pub stack: Option<String>,
}

/// A volume of a stack on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeVolume {
    /// Its name.
    pub name: String,
    /// The stack.
    pub stack: String,
}

/// The container of a task that is over, on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeContainer {
    /// Its id.
    pub id: String,
    /// The stack.
    pub stack: String,
    /// The id of its service.
    pub service: String,
}

/// An image on a node that no container uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeImage {
    /// Its tag where this Berth built it; `repository@digest` where it was pulled.
    pub name: String,
    /// The stack that it was built for; null where it was pulled.
    #[schema(required = true)]
    pub stack: Option<String>,
    /// Its tag, its id, its digests.
    pub keys: Vec<String>,
}

/// What could not be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeFailure {
    /// What.
    pub item: NodeItem,
    /// Why.
    pub why: String,
}

/// What an executor says of its node: all that is there with this Berth's label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeReport {
    /// The node's name.
    pub hostname: String,
    /// The executor's version.
    pub version: String,
    /// Its volumes.
    pub volumes: Vec<NodeVolume>,
    /// Its containers that are over.
    pub containers: Vec<NodeContainer>,
    /// Its images that nothing uses.
    pub images: Vec<NodeImage>,
    /// What could not be removed since the last report.
    pub failures: Vec<NodeFailure>,
}

/// What an executor is to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeWork {
    /// What to remove.
    pub items: Vec<NodeItem>,
}

/// Something that is to be removed on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlannedItem {
    /// What.
    #[serde(flatten)]
    pub item: NodeItem,
    /// Since when it is in the plan.
    pub since: DateTime<Utc>,
    /// When it goes, unless something wants it by then.
    pub due: DateTime<Utc>,
    /// Why it could not be removed the last time; mostly null.
    #[schema(required = true)]
    pub failure: Option<String>,
}

/// What is to be removed on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NodePlan {
    /// The node's id.
    pub id: String,
    /// Its name.
    pub hostname: String,
    /// Its executor's version.
    pub version: String,
    /// When its executor was last heard of.
    pub reported_at: DateTime<Utc>,
    /// Whether that is too long ago. What is planned there stays open.
    pub silent: bool,
    /// What is to be removed.
    pub items: Vec<PlannedItem>,
}
