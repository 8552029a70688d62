//! What people and Berth itself did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{page, words};

words! {
    /// What was done.
    ActKind {
        /// Somebody had a stack deployed anew.
        Deployed = "deployed",
        /// Somebody went back to what a deployment brought.
        RolledBack = "rolled_back",
        /// Somebody tried a deployment again.
        Retried = "retried",
        /// Somebody stopped a deployment.
        Cancelled = "cancelled",
        /// Somebody let a deployment go on that waited for it.
        Approved = "approved",
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
        /// Nothing of a removed stack is left.
        StackGone = "stack_gone",
        /// Berth removed what no stack asks for.
        OrphanRemoved = "orphan_removed",
        /// A replica began to lead.
        Led = "led",
    }
}

words! {
    /// Who did something.
    ActorKind {
        /// A person, by browser or by token.
        Person = "person",
        /// Berth itself.
        Berth = "berth",
    }
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Act {
    /// Its place in the order.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether a person did it.
    pub by: ActorKind,
    /// Whose account it was, if a person did it; it may be gone.
    #[schema(required = true)]
    pub user_id: Option<Uuid>,
    /// What they were called then.
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

page! {
    /// Acts, newest first.
    ActPage of Act
}

/// Which acts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActQuery {
    /// Only those of people, or only those of Berth itself.
    pub by: Option<ActorKind>,
    /// Only those about the stack of this name.
    pub stack: Option<String>,
    /// What the page before gave as `next_cursor`.
    pub cursor: Option<String>,
    /// 1 to 100; 50 if nobody says.
    pub limit: Option<u16>,
}
