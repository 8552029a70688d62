//! What services write, as a cluster gives it.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::ClusterError;
use crate::ids::StackName;

/// A service whose output can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The service's id.
    pub id: String,
    /// Whose it is.
    pub stack: StackName,
    /// Its short name.
    pub service: String,
}

/// A line that a task wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrote {
    /// The task's id.
    pub task_id: String,
    /// The task's name, such as `web.1`.
    pub task: String,
    /// The id of the node that it ran on.
    pub node_id: Option<String>,
    /// That node's name.
    pub node: Option<String>,
    /// Whether it went to standard error.
    pub stderr: bool,
    /// When, to the nanosecond.
    pub at: DateTime<Utc>,
    /// What, without the line's end.
    pub text: String,
}

/// What comes of following a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// A line.
    Line(Wrote),
    /// Lines are missing.
    Missing {
        /// The node that they can't be had from, by its name.
        node: Option<String>,
        /// Why, in a sentence.
        message: String,
    },
}

/// Output as it comes. What a node gives is in its order; a node that was away
/// may give again what it gave before.
pub trait Feed: Send {
    /// What comes next; [`None`] at the end. Can be cancelled without loss.
    fn next(&mut self) -> impl Future<Output = Result<Option<Said>, ClusterError>> + Send;
}
