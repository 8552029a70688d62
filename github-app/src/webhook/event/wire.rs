//! The shape of the JSON, and how it becomes the flat types.

use std::collections::BTreeMap;

use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// An object of which only the id counts.
#[derive(Deserialize)]
pub(super) struct Identified<T> {
    id: T,
}

/// A user, an organisation or a bot.
#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(default)]
    id: i64,
    login: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Account {
    fn into_name(self) -> Option<String> {
        self.login.or(self.name)
    }
}

#[derive(Deserialize)]
pub(super) struct Repository {
    id: RepositoryId,
    full_name: Option<String>,
    name: Option<String>,
    owner: Option<Account>,
    default_branch: Option<String>,
    private: Option<bool>,
}

impl From<Repository> for super::Repository {
    fn from(wire: Repository) -> Self {
        // Installation events list repositories without their owner, and a few
        // events without the full name: each follows from the other.
        let full = wire.full_name.unwrap_or_default();
        let (first, second) = full.split_once('/').unwrap_or(("", &full));
        let owner = wire.owner.and_then(Account::into_name).unwrap_or_else(|| first.to_owned());
        let name = wire.name.unwrap_or_else(|| second.to_owned());
        let full_name = if full.is_empty() { format!("{owner}/{name}") } else { full.clone() };
        Self {
            id: wire.id,
            owner,
            name,
            full_name,
            default_branch: wire.default_branch,
            private: wire.private,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CommitAuthor {
    username: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Commit {
    id: String,
    message: Option<String>,
    author: Option<CommitAuthor>,
}

impl From<Commit> for super::Commit {
    fn from(wire: Commit) -> Self {
        let author = wire.author.and_then(|author| author.username.or(author.name));
        Self {
            sha: wire.id,
            message: wire.message.unwrap_or_default(),
            author: author.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Push {
    #[serde(rename = "ref")]
    git_ref: String,
    before: String,
    after: String,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    head_commit: Option<super::Commit>,
    repository: super::Repository,
    installation: Option<Identified<InstallationId>>,
    sender: Option<Account>,
    pusher: Option<Account>,
}

impl From<Push> for super::Push {
    fn from(wire: Push) -> Self {
        Self {
            deleted: wire.deleted || wire.after.bytes().all(|digit| digit == b'0'),
            git_ref: wire.git_ref,
            before: wire.before,
            after: wire.after,
            created: wire.created,
            forced: wire.forced,
            head_commit: wire.head_commit,
            repository: wire.repository,
            installation: wire.installation.map(|it| it.id),
            sender: wire.sender.and_then(Account::into_name),
            pusher: wire.pusher.and_then(|pusher| pusher.name.or(pusher.login)),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Branch {
    #[serde(rename = "ref")]
    git_ref: String,
    sha: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Head {
    #[serde(rename = "ref")]
    git_ref: String,
    sha: String,
    repo: Option<Identified<RepositoryId>>,
}

#[derive(Deserialize)]
pub(super) struct PullRequest {
    number: i64,
    title: Option<String>,
    user: Option<Account>,
    state: Option<String>,
    #[serde(default)]
    draft: Option<bool>,
    #[serde(default)]
    merged: Option<bool>,
    closed_at: Option<DateTime<Utc>>,
    head: Head,
    base: Branch,
}

#[derive(Deserialize)]
pub(super) struct Edits {
    base: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct PullRequestEvent {
    action: String,
    before: Option<String>,
    pull_request: PullRequest,
    changes: Option<Edits>,
    repository: super::Repository,
    installation: Option<Identified<InstallationId>>,
    sender: Option<Account>,
}

impl From<PullRequestEvent> for super::PullRequest {
    fn from(wire: PullRequestEvent) -> Self {
        let pull = wire.pull_request;
        Self {
            action: wire.action,
            number: pull.number,
            title: pull.title.unwrap_or_default(),
            author: pull.user.and_then(Account::into_name).unwrap_or_default(),
            state: pull.state.unwrap_or_else(|| "open".to_owned()),
            draft: pull.draft.unwrap_or(false),
            merged: pull.merged.unwrap_or(false),
            closed_at: pull.closed_at,
            head_sha: pull.head.sha,
            before: wire.before,
            head_ref: pull.head.git_ref,
            head_repository: pull.head.repo.map(|repo| repo.id),
            base_ref: pull.base.git_ref,
            base_sha: pull.base.sha,
            base_changed: wire.changes.is_some_and(|changes| changes.base.is_some()),
            repository: wire.repository,
            installation: wire.installation.map(|it| it.id),
            sender: wire.sender.and_then(Account::into_name),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Installation {
    id: InstallationId,
    account: Option<Account>,
    repository_selection: Option<String>,
    // A time; its form differs between events, its presence is what counts.
    suspended_at: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    permissions: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct InstallationEvent {
    action: String,
    installation: Installation,
    #[serde(default)]
    repositories: Option<Vec<super::Repository>>,
    sender: Option<Account>,
}

impl From<InstallationEvent> for super::Installation {
    fn from(wire: InstallationEvent) -> Self {
        let installation = wire.installation;
        let (account_id, account_login, account_kind) =
            installation.account.map_or((0, String::new(), String::new()), |account| {
                let kind = account.kind.clone().unwrap_or_else(|| "User".to_owned());
                (account.id, account.into_name().unwrap_or_default(), kind)
            });
        Self {
            suspended: wire.action == "suspend" || installation.suspended_at.is_some(),
            action: wire.action,
            id: installation.id,
            account_id,
            account_login,
            account_kind,
            repository_selection: installation
                .repository_selection
                .unwrap_or_else(|| "selected".to_owned()),
            permissions: installation.permissions,
            repositories: wire.repositories.unwrap_or_default(),
            sender: wire.sender.and_then(Account::into_name),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct InstallationRepositoriesEvent {
    action: String,
    installation: Installation,
    repository_selection: Option<String>,
    #[serde(default)]
    repositories_added: Vec<super::Repository>,
    // GitHub's own examples have entries without an id here.
    #[serde(default)]
    repositories_removed: Vec<Removed>,
    sender: Option<Account>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Removed {
    Known(super::Repository),
    Unknown(serde::de::IgnoredAny),
}

impl From<InstallationRepositoriesEvent> for super::InstallationRepositories {
    fn from(wire: InstallationRepositoriesEvent) -> Self {
        let known = |removed| match removed {
            Removed::Known(repository) => Some(repository),
            Removed::Unknown(_) => None,
        };
        Self {
            action: wire.action,
            id: wire.installation.id,
            account_login: wire
                .installation
                .account
                .and_then(Account::into_name)
                .unwrap_or_default(),
            repository_selection: wire
                .repository_selection
                .or(wire.installation.repository_selection)
                .unwrap_or_else(|| "selected".to_owned()),
            added: wire.repositories_added,
            removed: wire.repositories_removed.into_iter().filter_map(known).collect(),
            sender: wire.sender.and_then(Account::into_name),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct RepositoryEvent {
    action: String,
    repository: super::Repository,
    installation: Option<Identified<InstallationId>>,
    sender: Option<Account>,
}

impl From<RepositoryEvent> for super::RepositoryChange {
    fn from(wire: RepositoryEvent) -> Self {
        Self {
            action: wire.action,
            repository: wire.repository,
            installation: wire.installation.map(|it| it.id),
            sender: wire.sender.and_then(Account::into_name),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CheckRun {
    id: i64,
    name: Option<String>,
    external_id: Option<String>,
    head_sha: String,
    app: Option<Identified<i64>>,
}

#[derive(Deserialize)]
pub(super) struct RequestedAction {
    identifier: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CheckRunEvent {
    action: String,
    check_run: CheckRun,
    requested_action: Option<RequestedAction>,
    repository: super::Repository,
    installation: Option<Identified<InstallationId>>,
    sender: Option<Account>,
}

impl From<CheckRunEvent> for super::CheckRun {
    fn from(wire: CheckRunEvent) -> Self {
        let run = wire.check_run;
        Self {
            action: wire.action,
            id: run.id,
            name: run.name.unwrap_or_default(),
            external_id: run.external_id.filter(|id| !id.is_empty()),
            head_sha: run.head_sha,
            app_id: run.app.map(|app| app.id),
            requested_action: wire.requested_action.and_then(|action| action.identifier),
            repository: wire.repository,
            installation: wire.installation.map(|it| it.id),
            sender: wire.sender.and_then(Account::into_name),
        }
    }
}
