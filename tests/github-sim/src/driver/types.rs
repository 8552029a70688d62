//! What the driver takes and gives: the same as values and as JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A repository to create.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRepository {
    /// The login of its owner, `acme` or `mira`.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Whether it asks for a credential to be read.
    #[serde(default)]
    pub private: bool,
    /// The files of its first commit, by path. With neither files nor a
    /// folder, it is empty.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A folder whose files are in its first commit too, modes kept.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

impl NewRepository {
    /// A public repository whose first commit, on `main`, holds `files`.
    pub fn with_files<P: Into<String>, T: Into<String>>(
        owner: &str,
        name: &str,
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        Self { owner: owner.to_owned(), name: name.to_owned(), files, ..Self::default() }
    }

    /// A public repository whose first commit, on `main`, holds what is in
    /// `folder`.
    pub fn with_folder(owner: &str, name: &str, folder: impl Into<PathBuf>) -> Self {
        Self {
            owner: owner.to_owned(),
            name: name.to_owned(),
            folder: Some(folder.into()),
            ..Self::default()
        }
    }

    /// The same, but private.
    #[must_use]
    pub fn private(self) -> Self {
        Self { private: true, ..self }
    }
}

/// A commit to make on a branch.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// Its message.
    pub message: String,
    /// What it writes, by path; `None` deletes the file.
    pub files: BTreeMap<String, Option<String>>,
    /// Whether the branch starts anew at its parent's parent, as after an
    /// amended commit.
    #[serde(default)]
    pub amend: bool,
}

impl Commit {
    /// A commit that writes `files`.
    pub fn of<P: Into<String>, T: Into<String>>(
        message: &str,
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), Some(text.into())));
        Self { message: message.to_owned(), files: files.collect(), amend: false }
    }

    /// The same, in place of the branch's newest commit: a forced push.
    #[must_use]
    pub fn amended(self) -> Self {
        Self { amend: true, ..self }
    }
}

/// A ref that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The whole ref: `refs/heads/main`.
    pub git_ref: String,
    /// What it pointed at; zeros where it is new.
    pub before: String,
    /// What it points at; zeros where it was deleted.
    pub after: String,
}

/// A pull request to open.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPullRequest {
    /// Its title.
    pub title: String,
    /// Its branch, or `owner:branch` in that owner's fork.
    pub head: String,
    /// What it would be merged into; the default branch if unset.
    #[serde(default)]
    pub base: Option<String>,
    /// What its author says.
    #[serde(default)]
    pub body: Option<String>,
    /// Whether it is a draft.
    #[serde(default)]
    pub draft: bool,
    /// Who opens it; `mira` if unset.
    #[serde(default)]
    pub author: Option<String>,
}

impl NewPullRequest {
    /// One from `head` into the default branch.
    #[must_use]
    pub fn of(title: &str, head: &str) -> Self {
        Self { title: title.to_owned(), head: head.to_owned(), ..Self::default() }
    }
}

/// A change to a pull request; what is unset stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullRequestChange {
    /// A new title.
    #[serde(default)]
    pub title: Option<String>,
    /// A new base branch.
    #[serde(default)]
    pub base: Option<String>,
    /// Labels to add.
    #[serde(default)]
    pub add_labels: Vec<String>,
    /// Labels to remove.
    #[serde(default)]
    pub remove_labels: Vec<String>,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repository {
    /// Its number.
    pub id: i64,
    /// `owner/name`.
    pub full_name: String,
    /// Whether it asks for a credential to be read.
    pub private: bool,
    /// Its default branch.
    pub default_branch: String,
    /// Where git clones it from and pushes it to.
    pub clone_url: String,
    /// Its page.
    pub html_url: String,
    /// Every branch and tag and its commit, by whole ref.
    pub refs: BTreeMap<String, String>,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its number in the repository.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// `open` or `closed`.
    pub state: String,
    /// Whether it was merged.
    pub merged: bool,
    /// Its branch.
    pub head_ref: String,
    /// Its newest commit.
    pub head_sha: String,
    /// `owner/name` of its head's repository.
    pub head_repository: String,
    /// What it would be merged into.
    pub base_ref: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its page.
    pub html_url: String,
}

/// A comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Its number.
    pub id: i64,
    /// The pull request's number.
    pub issue: i64,
    /// The login of its author; an App's ends in `[bot]`.
    pub author: String,
    /// The App that wrote it, by number.
    pub app_id: Option<i64>,
    /// Its Markdown.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A deployment that an App reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its number.
    pub id: i64,
    /// The ref as it was given.
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// The task: `deploy`.
    pub task: String,
    /// The environment's name.
    pub environment: String,
    /// What the App says of it.
    pub description: Option<String>,
    /// The App's own data.
    pub payload: Value,
    /// Whether the environment goes away some day.
    pub transient_environment: bool,
    /// Whether it is what users see.
    pub production_environment: bool,
    /// Every status, the newest last.
    pub statuses: Vec<DeploymentStatus>,
}

impl Deployment {
    /// The newest status's state, or `pending` where there is none.
    #[must_use]
    pub fn state(&self) -> &str {
        self.statuses.last().map_or("pending", |status| &status.state)
    }

    /// The newest environment URL that a status named.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.statuses.iter().rev().find_map(|status| status.environment_url.as_deref())
    }
}

/// A deployment's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStatus {
    /// Its number.
    pub id: i64,
    /// `queued`, `in_progress`, `success`, `failure`, `error`, `inactive`…
    pub state: String,
    /// What the App says of it.
    pub description: String,
    /// Where it serves.
    pub environment_url: Option<String>,
    /// Where to see more.
    pub log_url: Option<String>,
    /// When it was reported.
    pub created_at: DateTime<Utc>,
}

/// A check run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckRun {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// The App's own id.
    pub external_id: Option<String>,
    /// Where to see more.
    pub details_url: Option<String>,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// How it ended.
    pub conclusion: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// One line.
    pub title: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
    /// More Markdown.
    pub text: Option<String>,
    /// Notes on lines of files, as they were given.
    pub annotations: Vec<Value>,
    /// Its buttons, as they were given.
    pub actions: Vec<Value>,
}

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The attempt's number.
    pub id: i64,
    /// The delivery's GUID, shared by its attempts.
    pub guid: String,
    /// Whether it is an attempt after the first.
    pub redelivery: bool,
    /// The event.
    pub event: String,
    /// The event's action.
    pub action: Option<String>,
    /// When it was sent.
    pub delivered_at: DateTime<Utc>,
    /// How long the answer took, in seconds.
    pub duration: f64,
    /// `OK`, or what went wrong; `pending` while it is under way.
    pub status: String,
    /// The answer's status; 0 where there was none.
    pub status_code: u16,
    /// What was sent.
    pub payload: Value,
    /// What was answered.
    pub response: String,
}

/// What a submitted manifest came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmittedManifest {
    /// The App's number.
    pub app_id: i64,
    /// The App's name in addresses.
    pub slug: String,
    /// What the API turns into the App, once, within an hour.
    pub code: String,
    /// Where GitHub sends the browser: the redirect URL with code and state.
    /// None where the manifest names no redirect URL.
    pub redirect: Option<String>,
}

/// An App on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// Its number.
    pub id: i64,
    /// The App's number.
    pub app_id: i64,
    /// The account's login.
    pub account: String,
    /// `owner/name` of every repository that the App sees.
    pub repositories: Vec<String>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Where GitHub sends the browser, where the App has a setup URL.
    pub redirect: Option<String>,
}

/// An App with its secrets, as its owner sees it on GitHub's settings page.
#[derive(Clone, Serialize, Deserialize)]
pub struct AppSecrets {
    /// The App's number.
    pub app_id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its private key, in PEM (PKCS#1).
    pub private_key: String,
    /// What its webhooks are signed with.
    pub webhook_secret: Option<String>,
    /// Its OAuth client's id.
    pub client_id: String,
    /// Its OAuth client's secret.
    pub client_secret: String,
}

impl std::fmt::Debug for AppSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSecrets").field("slug", &self.slug).finish_non_exhaustive()
    }
}

/// What goes wrong on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Webhooks are recorded as failed and not sent, as in an outage of the
    /// network between.
    pub drop_deliveries: bool,
    /// Every webhook is sent this many times more, with the same GUID.
    pub duplicate_deliveries: u32,
    /// Webhooks wait this long before they are sent, in milliseconds.
    pub delay_deliveries_ms: u64,
    /// Webhooks are held back until this is cleared, then sent newest first.
    pub reverse_deliveries: bool,
    /// The next writes that take effect and are answered 502 all the same.
    pub bad_gateway_after_write: u32,
    /// The next requests that are refused by the secondary rate limit.
    pub rate_limited: u32,
    /// What `retry-after` says then, in seconds; no header if unset.
    pub retry_after: Option<u64>,
    /// The next requests that are answered 503 and have no effect.
    pub unavailable: u32,
}

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// GitHub's name for the operation; none outside the API.
    pub operation: Option<String>,
    /// The method.
    pub method: String,
    /// The path and query.
    pub path: String,
    /// The answer's status.
    pub status: u16,
}

/// Something that does not fit GitHub's description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Whose fault it is.
    pub side: Side,
    /// The operation, or the webhook.
    pub operation: String,
    /// A JSON pointer into the body, or what part it is: `header user-agent`.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = match self.side {
            Side::Request => "request to",
            Side::Answer => "answer of",
            Side::Webhook => "webhook",
        };
        write!(f, "{side} {} at {:?}: {}", self.operation, self.place, self.message)
    }
}

/// Which of the things that the simulator checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What it was asked: the client's fault.
    Request,
    /// What it answered: its own fault.
    Answer,
    /// What it sent: its own fault.
    Webhook,
}
