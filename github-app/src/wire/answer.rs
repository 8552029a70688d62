//! The shape of GitHub's answers, and how they become the flat types.

use std::collections::BTreeMap;

use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;

/// An answer of which only the id counts.
#[derive(Debug, Deserialize)]
pub(crate) struct Identified<T = i64> {
    pub(crate) id: T,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    id: i64,
    login: Option<String>,
    slug: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Account {
    /// An enterprise has a slug instead of a login.
    fn into_name(self) -> String {
        self.login.or(self.slug).or(self.name).unwrap_or_default()
    }
}

/// Not `Debug`: the secrets are plain here.
#[derive(Deserialize)]
pub(crate) struct NewApp {
    id: i64,
    slug: Option<String>,
    name: String,
    owner: Option<Account>,
    html_url: String,
    client_id: String,
    client_secret: SecretString,
    webhook_secret: Option<SecretString>,
    pem: SecretString,
}

impl From<NewApp> for super::NewApp {
    fn from(answer: NewApp) -> Self {
        // The slug is the last part of the page's address, should it be missing.
        let slug = answer.slug.unwrap_or_else(|| last_segment(&answer.html_url));
        Self {
            app_id: answer.id,
            slug,
            name: answer.name,
            owner_login: answer.owner.map(Account::into_name).unwrap_or_default(),
            html_url: answer.html_url,
            client_id: answer.client_id,
            client_secret: answer.client_secret,
            webhook_secret: answer.webhook_secret,
            private_key: answer.pem,
        }
    }
}

fn last_segment(url: &str) -> String {
    url.rsplit('/').next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
pub(crate) struct AppDetails {
    id: i64,
    slug: Option<String>,
    name: String,
    owner: Option<Account>,
    html_url: String,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    #[serde(default)]
    events: Vec<String>,
}

impl From<AppDetails> for super::AppDetails {
    fn from(answer: AppDetails) -> Self {
        Self {
            app_id: answer.id,
            slug: answer.slug.unwrap_or_else(|| last_segment(&answer.html_url)),
            name: answer.name,
            owner_login: answer.owner.map(Account::into_name).unwrap_or_default(),
            html_url: answer.html_url,
            permissions: answer.permissions,
            events: answer.events,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Installation {
    id: InstallationId,
    account: Option<Account>,
    target_type: Option<String>,
    repository_selection: Option<String>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
    suspended_at: Option<DateTime<Utc>>,
    html_url: Option<String>,
}

impl From<Installation> for super::Installation {
    fn from(answer: Installation) -> Self {
        let account = answer.account;
        Self {
            id: answer.id,
            account_id: account.as_ref().map_or(0, |account| account.id),
            account_kind: answer
                .target_type
                .or_else(|| account.as_ref().and_then(|account| account.kind.clone()))
                .unwrap_or_else(|| "User".to_owned()),
            account_login: account.map(Account::into_name).unwrap_or_default(),
            repository_selection: answer
                .repository_selection
                .unwrap_or_else(|| "selected".to_owned()),
            permissions: answer.permissions,
            suspended_at: answer.suspended_at,
            html_url: answer.html_url.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Repositories {
    pub(crate) repositories: Vec<Repository>,
}

#[derive(Deserialize)]
pub(crate) struct Repository {
    id: RepositoryId,
    name: String,
    owner: Account,
    default_branch: Option<String>,
    #[serde(default)]
    private: bool,
}

impl From<Repository> for super::Repository {
    fn from(answer: Repository) -> Self {
        Self {
            id: answer.id,
            owner: answer.owner.into_name(),
            name: answer.name,
            default_branch: answer.default_branch.unwrap_or_else(|| "main".to_owned()),
            private: answer.private,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) token: SecretString,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
struct Tip {
    #[serde(rename = "ref")]
    git_ref: String,
    #[serde(default)]
    sha: String,
    repo: Option<Identified<RepositoryId>>,
}

#[derive(Deserialize)]
pub(crate) struct PullRequest {
    number: i64,
    title: Option<String>,
    user: Option<Account>,
    state: Option<String>,
    draft: Option<bool>,
    head: Tip,
    base: Tip,
}

impl From<PullRequest> for super::PullRequest {
    fn from(answer: PullRequest) -> Self {
        Self {
            number: answer.number,
            title: answer.title.unwrap_or_default(),
            author: answer.user.map(Account::into_name).unwrap_or_default(),
            state: answer.state.unwrap_or_else(|| "open".to_owned()),
            draft: answer.draft.unwrap_or(false),
            head_sha: answer.head.sha,
            head_ref: answer.head.git_ref,
            head_repository: answer.head.repo.map(|repo| repo.id),
            base_ref: answer.base.git_ref,
        }
    }
}

#[derive(Deserialize)]
struct CommitAuthor {
    name: Option<String>,
}

#[derive(Deserialize)]
struct CommitDetails {
    #[serde(default)]
    message: String,
    author: Option<CommitAuthor>,
}

#[derive(Deserialize)]
pub(crate) struct Commit {
    sha: String,
    commit: CommitDetails,
    author: Option<Account>,
}

impl From<Commit> for super::Commit {
    fn from(answer: Commit) -> Self {
        let login = answer.author.map(Account::into_name).filter(|login| !login.is_empty());
        let name = || answer.commit.author.and_then(|author| author.name);
        Self {
            sha: answer.sha,
            author: login.or_else(name).unwrap_or_default(),
            message: answer.commit.message,
        }
    }
}

/// A branch or a tag in a list.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Branch {
    pub(crate) commit: Commit,
}

#[derive(Deserialize)]
pub(crate) struct Comment {
    id: i64,
    #[serde(default)]
    body: Option<String>,
    performed_via_github_app: Option<Identified>,
}

impl From<Comment> for super::Comment {
    fn from(answer: Comment) -> Self {
        Self {
            id: answer.id,
            body: answer.body.unwrap_or_default(),
            app_id: answer.performed_via_github_app.map(|app| app.id),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: i64,
    /// An object, or any text where others made it.
    #[serde(default)]
    pub(crate) payload: serde_json::Value,
}

#[derive(Deserialize)]
pub(crate) struct CheckRun {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) external_id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct CheckRuns {
    pub(crate) check_runs: Vec<CheckRun>,
}
