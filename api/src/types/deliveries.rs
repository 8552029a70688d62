//! Deliveries, and what the rules made of them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{page, words};

words! {
    /// What came of a delivery.
    Outcome {
        /// At least one rule deployed it.
        Deployed = "deployed",
        /// No rule matched, or it is an event that nothing listens to.
        Ignored = "ignored",
        /// It changed what we know about GitHub, or ended a preview.
        Recorded = "recorded",
        /// It could not be worked on.
        Failed = "failed",
    }
}

/// A deployment, as a delivery refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeploymentRef {
    /// The stack's name.
    pub stack: String,
    /// The deployment's number within the stack.
    pub number: i64,
}

/// What a rule made of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    /// The rule, as it was called then.
    pub rule_name: String,
    /// Whether it deployed.
    pub matched: bool,
    /// Why, in one sentence.
    pub reason: String,
    /// What it began.
    #[schema(required = true)]
    pub deployment: Option<DeploymentRef>,
}

/// A webhook as received, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delivery {
    /// GitHub's id.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// The event's action, such as `opened`.
    #[schema(required = true)]
    pub action: Option<String>,
    /// `owner/name`, where we know the repository.
    #[schema(required = true)]
    pub repository: Option<String>,
    /// The ref that it is about.
    #[schema(required = true)]
    pub git_ref: Option<String>,
    /// The commit that it is about.
    #[schema(required = true)]
    pub sha: Option<String>,
    /// Whose doing it was.
    #[schema(required = true)]
    pub sender: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was worked on; null while it waits.
    #[schema(required = true)]
    pub processed_at: Option<DateTime<Utc>>,
    /// What came of it; null while it waits.
    #[schema(required = true)]
    pub outcome: Option<Outcome>,
    /// Why, in one sentence.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// What each rule made of it.
    pub decisions: Vec<Decision>,
}

page! {
    /// Deliveries, newest first.
    DeliveryPage of Delivery
}
