//! What a deployment would do, for whoever asks before there is one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::deployments::{Commit, Phase, Reason};
use super::stacks::{Difference, ObjectKind};

/// The last dry run of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRun {
    /// Who asked for it, and when; null where nobody ever did.
    #[schema(required = true)]
    pub asked: Option<DryRunAsked>,
    /// What came of it; null while it is being found out.
    #[schema(required = true)]
    pub answer: Option<DryRunAnswer>,
}

/// Who asked for a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunAsked {
    /// The person's name.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a deployment would have done at that time. What may be a secret is blotted
/// out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunAnswer {
    /// When that was.
    pub answered_at: DateTime<Utc>,
    /// The number that the deployment would have had within the stack.
    pub number: i64,
    /// What it would be of.
    pub commit: Commit,
    /// The ref, in full.
    pub git_ref: String,
    /// The compose file, from the repository's root.
    pub compose_file: String,
    /// Why it would fail; null where nothing is known that speaks against it.
    #[schema(required = true)]
    pub failure: Option<DryRunFailure>,
    /// What it would wait for before anything is applied, a sentence each.
    pub holds: Vec<String>,
    /// What else is to be said, and what can't be known before it is built, a
    /// sentence each.
    pub notes: Vec<String>,
    /// What would be done to the cluster, in order, a line an action; empty where
    /// nothing would. Services that wait for others come in a later pass.
    pub plan: Vec<String>,
    /// The same as data: what it would be, and what it is. Each sentence says what
    /// would be done.
    pub differences: Vec<Difference>,
    /// The services and networks that those are about, in full.
    pub texts: Vec<DryRunText>,
}

/// Why a deployment would fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunFailure {
    /// The phase that it would not come to.
    pub phase: Phase,
    /// Why.
    pub reason: Reason,
}

/// An object that would be made, changed or removed, as YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRunText {
    /// What kind of object it is.
    pub kind: ObjectKind,
    /// Which one: a service's short name, or the name on the Swarm.
    pub name: String,
    /// What it would be; null where it would be removed.
    #[schema(required = true)]
    pub desired: Option<String>,
    /// What it is; null where it is not there.
    #[schema(required = true)]
    pub live: Option<String>,
}
