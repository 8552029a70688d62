//! Our GitHub App, its installations and the repositories they let us see.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page;

/// Our App on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct GithubApp {
    /// GitHub's id.
    pub app_id: i64,
    /// Its name in URLs.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner_login: String,
    /// Its page.
    pub html_url: String,
}

/// Our App on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Installation {
    /// GitHub's id.
    pub id: i64,
    /// The account.
    pub account_login: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// Whether GitHub suspended it: then nothing works until it is resumed.
    pub suspended: bool,
    /// How many repositories it lets us see.
    pub repository_count: i64,
    /// What Berth needs of it, and what it grants.
    pub permissions: Vec<Permission>,
    /// Where it is configured on GitHub.
    pub html_url: String,
}

/// Something that Berth may or may not do on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Permission {
    /// GitHub's name of it, such as `pull_requests`.
    pub name: String,
    /// What Berth needs: `read` or `write`.
    pub wanted: String,
    /// What is granted; null where nothing is.
    #[schema(required = true)]
    pub granted: Option<String>,
    /// Whether that is enough.
    pub enough: bool,
}

/// How this Berth stands with GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Github {
    /// Our App; null until it was made.
    #[schema(required = true)]
    pub app: Option<GithubApp>,
    /// Where it is installed.
    pub installations: Vec<Installation>,
    /// GitHub itself.
    pub github_url: String,
    /// Where this Berth is reached.
    pub public_url: String,
    /// Where GitHub sends webhooks to.
    pub webhook_url: String,
    /// When the last delivery came; null where none ever did.
    #[schema(required = true)]
    pub last_delivery_at: Option<DateTime<Utc>>,
}

/// Where the App is to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestRequest {
    /// The organisation that is to own the App; without it, the person who is
    /// logged in on GitHub.
    #[serde(default)]
    pub organization: Option<String>,
}

/// A form for the browser to post: the field `manifest` to `action`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ManifestForm {
    /// Where to post it: a page of GitHub.
    pub action: String,
    /// The field's value: JSON, as text.
    pub manifest: String,
}

/// What GitHub sent the browser back with, once the App was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestCode {
    /// The code that the App's secrets are had for, once.
    #[schema(value_type = String)]
    pub code: SecretString,
    /// The state that the round trip began with.
    #[schema(value_type = String)]
    pub state: SecretString,
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Link {
    /// The page.
    pub url: String,
}

/// What GitHub sent the browser back with, once the App was installed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallationClaim {
    /// GitHub's id of the installation. Anybody can write any number here: it
    /// is looked up with the App's own key before it counts.
    pub installation_id: i64,
    /// The state that the round trip began with, if it began here.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub state: Option<SecretString>,
}

/// A repository that an installation lets us see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Repository {
    /// GitHub's id.
    pub id: i64,
    /// The account that owns it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// `owner/name`.
    pub full_name: String,
    /// The branch that is there after a clone.
    pub default_branch: String,
    /// Whether it is private.
    pub private: bool,
}

page! {
    /// Repositories, by full name.
    RepositoryPage of Repository
}

/// Which repositories.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RepositoryQuery {
    /// A part of `owner/name`, in whatever case.
    #[serde(default)]
    pub q: Option<String>,
    /// Where to go on: an earlier answer's `next_cursor`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// How many at most: 1 to 100, 50 without it.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u16>,
}
