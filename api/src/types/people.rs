//! People, their sessions and their API tokens.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{page, words};

words! {
    /// What a person may do: look, deploy as well, or configure as well.
    Role {
        /// May look at everything but secrets.
        Viewer = "viewer",
        /// May deploy, cancel, replay and remove stacks as well.
        Operator = "operator",
        /// May set up GitHub and write rules as well.
        Admin = "admin",
    }
}

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct User {
    /// Their id.
    pub id: Uuid,
    /// What they log in with.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// The person.
    pub user: User,
}

/// A browser that is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LoginSession {
    /// Its id; it logs nobody in.
    pub id: Uuid,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When it logged in.
    pub created_at: DateTime<Utc>,
    /// When it was last seen, to about ten minutes.
    pub seen_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    pub current: bool,
}

page! {
    /// One's own sessions.
    LoginSessionPage of LoginSession
}

/// A login.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The account's e-mail address.
    pub email: String,
    /// The account's password.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// What makes the first account: the one-time token of the setup link, and who.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The `token` of the setup link.
    #[schema(value_type = String)]
    pub token: SecretString,
    /// What to log in with from now on.
    pub email: String,
    /// What to be called.
    pub name: String,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password, min_length = 10)]
    pub password: SecretString,
}

/// An API token, less the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApiToken {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to about a minute.
    #[schema(required = true)]
    pub used_at: Option<DateTime<Utc>>,
}

page! {
    /// One's own API tokens.
    ApiTokenPage of ApiToken
}

/// What a new API token is to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiToken {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// A new API token. This is the only time that it is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedApiToken {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What to send as `Authorization: Bearer …`.
    pub token: String,
}
