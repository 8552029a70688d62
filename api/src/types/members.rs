//! Members, and invitations to become one.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Role, User, page};

/// Somebody with an account here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub user: User,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When a browser or a token of theirs was last seen, to about ten minutes.
    #[schema(required = true)]
    pub seen_at: Option<DateTime<Utc>>,
    /// Whether it is the one who asks.
    pub you: bool,
}

page! {
    /// Everybody with an account.
    MemberPage of Member
}

/// What a member is to be allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRole {
    /// The role.
    pub role: Role,
}

/// An invitation that nobody accepted yet, less its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id; it lets nobody in.
    pub id: Uuid,
    /// Whom it is for, and what they will log in with.
    pub email: String,
    /// What they will be allowed to do.
    pub role: Role,
    /// Who invited them.
    pub invited_by: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when its link is good.
    pub expires_at: DateTime<Utc>,
    /// Whether it ran out.
    pub expired: bool,
}

page! {
    /// Invitations that nobody accepted yet.
    InvitationPage of Invitation
}

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// What they will log in with. Berth sends nothing there: pass the link on.
    pub email: String,
    /// What they will be allowed to do.
    pub role: Role,
}

/// A new invitation. This is the only time that its link is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedInvitation {
    /// The invitation.
    pub invitation: Invitation,
    /// What to pass on. Whoever has it can make the account, once.
    pub link: String,
}

/// The token of an invitation's link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationToken {
    /// The `token` of the link.
    #[schema(value_type = String)]
    pub token: SecretString,
}

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InvitationLook {
    /// What to log in with from then on.
    pub email: String,
    /// What one will be allowed to do.
    pub role: Role,
    /// Who invites.
    pub invited_by: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// What makes the account of an invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The `token` of the link.
    #[schema(value_type = String)]
    pub token: SecretString,
    /// What to be called.
    pub name: String,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password, min_length = 10)]
    pub password: SecretString,
}
