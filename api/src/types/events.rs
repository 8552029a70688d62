//! What happened: deliveries, deployments, and what people and Berth itself did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::deliveries::Delivery;
use super::deployments::Phase;
use super::{page, words};

words! {
    /// What was done.
    ActKind {
        /// Somebody had a stack deployed anew.
        Deployed = "deployed",
        /// Somebody went back to what a deployment brought.
        RolledBack = "rolled_back",
        /// Somebody had the tasks of a stack replaced.
        Restarted = "restarted",
        /// Somebody tried a deployment again.
        Retried = "retried",
        /// Somebody stopped a deployment.
        Cancelled = "cancelled",
        /// Somebody let a deployment go on that waited for it.
        Approved = "approved",
        /// Somebody turned down a deployment that waited for it.
        Rejected = "rejected",
        /// Somebody let a deployment through a freeze.
        FreezeOverridden = "freeze_overridden",
        /// Somebody let go what Berth would not remove without being told to.
        PruneApproved = "prune_approved",
        /// Somebody had a delivery judged again.
        Replayed = "replayed",
        /// Somebody paused a stack.
        Paused = "paused",
        /// Somebody let a paused stack go on.
        Resumed = "resumed",
        /// Somebody asked for a stack to be removed.
        StackRemoved = "stack_removed",
        /// Somebody said what a stack's environment is like.
        SettingsChanged = "settings_changed",
        /// Somebody wrote a rule.
        RuleMade = "rule_made",
        /// Somebody changed a rule.
        RuleChanged = "rule_changed",
        /// Somebody removed a rule.
        RuleRemoved = "rule_removed",
        /// Somebody stored the login to a registry.
        RegistrySet = "registry_set",
        /// Somebody removed the login to a registry.
        RegistryRemoved = "registry_removed",
        /// Somebody made an API token.
        TokenMade = "token_made",
        /// Somebody revoked an API token of theirs.
        TokenRevoked = "token_revoked",
        /// Somebody was invited.
        MemberInvited = "member_invited",
        /// An invitation was revoked.
        InvitationRevoked = "invitation_revoked",
        /// Somebody accepted an invitation.
        MemberJoined = "member_joined",
        /// A member got another role.
        RoleChanged = "role_changed",
        /// A member was removed.
        MemberRemoved = "member_removed",
        /// Berth put a stack back as it should be.
        Healed = "healed",
        /// Berth removed what a stack's release does without.
        Pruned = "pruned",
        /// Berth left alone what something else changes each time.
        GaveUp = "gave_up",
        /// Berth had a deployment wait for somebody, or for a freeze to end.
        Held = "held",
        /// Nothing of a removed stack is left.
        StackGone = "stack_gone",
        /// Berth removed what no stack asks for.
        OrphanRemoved = "orphan_removed",
        /// A replica began to lead.
        Led = "led",
    }
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Act {
    /// Whose account it was, if a person did it; it may be gone.
    #[schema(required = true)]
    pub user_id: Option<Uuid>,
    /// What they were called then; `Berth` where it was no person.
    pub actor: String,
    /// What was done.
    pub kind: ActKind,
    /// To what: its name then.
    pub subject: String,
    /// The stack that it is about.
    #[schema(required = true)]
    pub stack: Option<String>,
    /// The number of that stack's deployment that it is about.
    #[schema(required = true)]
    pub number: Option<i64>,
    /// What more there is to say; may be empty.
    pub detail: String,
}

/// A deployment, as a line of the events says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeployEvent {
    /// The stack's name.
    pub stack: String,
    /// Its number within the stack.
    pub number: i64,
    /// How far it has come, or how it ended.
    pub phase: Phase,
    /// Why it began.
    pub why: String,
    /// The commit that it deploys.
    pub sha: String,
    /// The first line of the commit's message; may be empty.
    pub message: String,
    /// Why it ended as it did.
    #[schema(required = true)]
    pub reason: Option<String>,
    /// When it ended.
    #[schema(required = true)]
    pub finished_at: Option<DateTime<Utc>>,
}

words! {
    /// What kind of an event it is.
    EventKind {
        /// GitHub told something.
        Delivery = "delivery",
        /// Something was deployed.
        Deployment = "deployment",
        /// A person did something, by browser or by token.
        Person = "person",
        /// Berth did something by itself.
        Berth = "berth",
    }
}

/// Something that happened. One of `delivery`, `deployment` and `act` says what.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Event {
    /// What tells it from the others of its kind.
    pub id: String,
    /// When: a delivery came, a deployment began, an act was done.
    pub at: DateTime<Utc>,
    /// Of what kind.
    pub kind: EventKind,
    /// What GitHub told, and what each rule made of it.
    #[schema(required = true)]
    pub delivery: Option<Delivery>,
    /// What was deployed.
    #[schema(required = true)]
    pub deployment: Option<DeployEvent>,
    /// What a person or Berth did.
    #[schema(required = true)]
    pub act: Option<Act>,
}

page! {
    /// Events, newest first.
    EventPage of Event
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only those of this kind.
    pub kind: Option<EventKind>,
    /// Only those about the stack of this name.
    pub stack: Option<String>,
    /// Only those of whoever is called so: a member's name, a GitHub login, or
    /// `Berth`.
    pub actor: Option<String>,
    /// Only those that have this somewhere in their words, in whatever case.
    pub q: Option<String>,
    /// Only those from then on.
    pub since: Option<DateTime<Utc>>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// 1 to 100; 50 if nobody says.
    pub limit: Option<u16>,
}
