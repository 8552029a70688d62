//! What GitHub's API takes and gives, as far as we use it.
//!
//! Requests hold exactly the fields that we send: an unset one is left out, and
//! nothing goes along by accident. Answers are as tolerant as webhooks.

use std::collections::BTreeMap;

use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The App as GitHub made it from our manifest. The secrets are told this once.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Its number.
    pub app_id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The login of the account that owns it.
    pub owner_login: String,
    /// Its page at GitHub.
    pub html_url: String,
    /// Its OAuth client's id.
    pub client_id: String,
    /// Its OAuth client's secret.
    pub client_secret: SecretString,
    /// The secret that signs its webhooks, if GitHub made one.
    pub webhook_secret: Option<SecretString>,
    /// Its private key, in PEM.
    pub private_key: SecretString,
}

/// The App as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppDetails {
    /// Its number.
    pub app_id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The login of the account that owns it.
    pub owner_login: String,
    /// Its page at GitHub.
    pub html_url: String,
    /// What it asks for, by GitHub's names.
    pub permissions: BTreeMap<String, String>,
    /// The events that it listens to.
    pub events: Vec<String>,
}

/// Our App on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// Its number.
    pub id: InstallationId,
    /// The account's number.
    pub account_id: i64,
    /// The account's login.
    pub account_login: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// `all` or `selected`.
    pub repository_selection: String,
    /// What it may do, by GitHub's names.
    pub permissions: BTreeMap<String, String>,
    /// Since when it is suspended.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Its page at GitHub.
    pub html_url: String,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its number, which never changes.
    pub id: RepositoryId,
    /// The login of its owner.
    pub owner: String,
    /// Its name, less the owner's.
    pub name: String,
    /// Its default branch.
    pub default_branch: String,
    /// Whether it is private.
    pub private: bool,
}

/// One attempt to deliver a webhook. Attempts of one delivery share its GUID.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeliveryAttempt {
    /// The attempt's number, for [`redeliver`](crate::App::redeliver).
    pub id: i64,
    /// The delivery's GUID.
    pub guid: String,
    /// When it was sent.
    pub delivered_at: DateTime<Utc>,
    /// Whether somebody asked for it again.
    #[serde(default)]
    pub redelivery: bool,
    /// `OK`, or what went wrong.
    #[serde(default)]
    pub status: String,
    /// The event's name.
    #[serde(default)]
    pub event: String,
    /// The event's action.
    pub action: Option<String>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// The login of its author.
    pub author: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it is a draft.
    pub draft: bool,
    /// The newest commit of its head.
    pub head_sha: String,
    /// Its head's branch.
    pub head_ref: String,
    /// Its head's repository; none where that was deleted.
    pub head_repository: Option<RepositoryId>,
    /// The branch it would be merged into.
    pub base_ref: String,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its SHA.
    pub sha: String,
    /// Its whole message.
    pub message: String,
    /// Its author's login, or their name where GitHub knows no login.
    pub author: String,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its number.
    pub id: i64,
    /// Its Markdown.
    pub body: String,
    /// The App that wrote it.
    pub app_id: Option<i64>,
}

/// A deployment to create at GitHub.
///
/// Two of GitHub's defaults are always overruled, for they would merge the main
/// branch into the user's, or refuse while other checks run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewDeployment {
    /// The commit.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Why we deploy.
    pub task: String,
    /// Always false.
    pub auto_merge: bool,
    /// Always empty.
    pub required_contexts: Vec<String>,
    /// The environment's name, as GitHub shows it.
    pub environment: String,
    /// At most 140 characters.
    pub description: String,
    /// Whether the environment goes away some day.
    pub transient_environment: bool,
    /// Whether it is what users see.
    pub production_environment: bool,
    /// Our own names for it.
    pub payload: BTreeMap<String, String>,
}

/// How a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// It waits.
    Queued,
    /// It is under way.
    InProgress,
    /// It serves.
    Success,
    /// It failed by its own fault.
    Failure,
    /// It failed by ours.
    Error,
    /// It serves no more, or never will.
    Inactive,
}

impl DeploymentState {
    /// GitHub's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }
}

/// A status of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeploymentStatus {
    /// How it stands.
    pub state: DeploymentState,
    /// Where to see more.
    pub log_url: String,
    /// At most 140 characters.
    pub description: String,
    /// Where it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment_url: Option<String>,
    /// Always false: what replaces what is ours to say.
    pub auto_inactive: bool,
}

/// A check run to create or update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRun {
    /// Its name, `berth / <stack>`.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// Where to see more.
    pub details_url: String,
    /// Our deployment's id.
    pub external_id: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<DateTime<Utc>>,
    /// How it ended: there exactly where it is completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conclusion: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<DateTime<Utc>>,
    /// What it says.
    pub output: CheckOutput,
    /// Its buttons, at most three.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<CheckAction>,
}

/// What a check run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckOutput {
    /// One line.
    pub title: String,
    /// Markdown, at most 65,535 characters.
    pub summary: String,
    /// More Markdown, at most 65,535 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Notes on lines of files, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Annotation>,
}

/// A note on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annotation {
    /// The file, from the repository's root.
    pub path: String,
    /// Its first line, counted from 1.
    pub start_line: u32,
    /// Its last line.
    pub end_line: u32,
    /// The column, counted from 1; only where it is one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_column: Option<u32>,
    /// The column where it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// `notice`, `warning` or `failure`.
    pub annotation_level: String,
    /// What is wrong there; at most 64 KB.
    pub message: String,
    /// What to call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A button on a check run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckAction {
    /// At most 20 characters.
    pub label: String,
    /// At most 40 characters.
    pub description: String,
    /// At most 20 characters; comes back in the webhook.
    pub identifier: String,
}

pub(crate) mod answer;
