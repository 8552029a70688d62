//! The events, flattened: what GitHub nests three deep is one field here.

use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A repository as events describe it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::Repository")]
pub struct Repository {
    /// Its number, which never changes.
    pub id: RepositoryId,
    /// The login of its owner.
    pub owner: String,
    /// Its name, less the owner's.
    pub name: String,
    /// `owner/name`.
    pub full_name: String,
    /// Its default branch, where the event says so.
    pub default_branch: Option<String>,
    /// Whether it is private, where the event says so.
    pub private: Option<bool>,
}

/// A commit as a push describes it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::Commit")]
pub struct Commit {
    /// Its SHA.
    pub sha: String,
    /// Its whole message.
    pub message: String,
    /// Its author's login, or their name where GitHub knows no login.
    pub author: String,
}

/// A branch or tag was created, moved or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::Push")]
pub struct Push {
    /// The ref in full, such as `refs/heads/main` or `refs/tags/v1`.
    pub git_ref: String,
    /// The commit before; 40 zeros where the ref is new.
    pub before: String,
    /// The commit after; 40 zeros where the ref is gone.
    pub after: String,
    /// Whether the ref is new.
    pub created: bool,
    /// Whether the ref is gone.
    pub deleted: bool,
    /// Whether history was rewritten.
    pub forced: bool,
    /// The newest commit; none where the ref is gone.
    pub head_commit: Option<Commit>,
    /// Where.
    pub repository: Repository,
    /// The installation that it was sent for.
    pub installation: Option<InstallationId>,
    /// The login of whoever pushed.
    pub sender: Option<String>,
    /// The name of whoever pushed, which may be an App's or a deploy key's.
    pub pusher: Option<String>,
}

impl Push {
    /// The branch's name, if it is one.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.git_ref.strip_prefix("refs/heads/")
    }

    /// The tag's name, if it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.git_ref.strip_prefix("refs/tags/")
    }
}

/// Something happened to a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::PullRequestEvent")]
pub struct PullRequest {
    /// What: `opened`, `synchronize`, `reopened`, `closed`, `edited`, ….
    pub action: String,
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
    /// Whether it was merged.
    pub merged: bool,
    /// When it was closed, if it is.
    pub closed_at: Option<DateTime<Utc>>,
    /// The newest commit of its head.
    pub head_sha: String,
    /// The head's commit before, where this `synchronize` event says so.
    pub before: Option<String>,
    /// Its head's branch.
    pub head_ref: String,
    /// Its head's repository; none where that was deleted.
    pub head_repository: Option<RepositoryId>,
    /// The branch it would be merged into.
    pub base_ref: String,
    /// The newest commit of the base, where the event says so.
    pub base_sha: Option<String>,
    /// Whether this `edited` event changed the base branch.
    pub base_changed: bool,
    /// Where.
    pub repository: Repository,
    /// The installation that it was sent for.
    pub installation: Option<InstallationId>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

impl PullRequest {
    /// Whether its head lies in another repository, or in none any more.
    #[must_use]
    pub fn from_fork(&self) -> bool {
        self.head_repository != Some(self.repository.id)
    }
}

/// Our App was installed, suspended, removed, or granted more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::InstallationEvent")]
pub struct Installation {
    /// What: `created`, `deleted`, `suspend`, `unsuspend`,
    /// `new_permissions_accepted`.
    pub action: String,
    /// The installation.
    pub id: InstallationId,
    /// The account's number.
    pub account_id: i64,
    /// The account's login.
    pub account_login: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// `all` or `selected`.
    pub repository_selection: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// What it may do, by GitHub's names.
    pub permissions: std::collections::BTreeMap<String, String>,
    /// The repositories it sees, where the event lists them.
    pub repositories: Vec<Repository>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

/// An installation sees other repositories than before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::InstallationRepositoriesEvent")]
pub struct InstallationRepositories {
    /// `added` or `removed`.
    pub action: String,
    /// The installation.
    pub id: InstallationId,
    /// The account's login.
    pub account_login: String,
    /// `all` or `selected`, from now on.
    pub repository_selection: String,
    /// Those it sees now.
    pub added: Vec<Repository>,
    /// Those it sees no more.
    pub removed: Vec<Repository>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

/// A repository was renamed, moved, deleted and so on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::RepositoryEvent")]
pub struct RepositoryChange {
    /// What: `renamed`, `transferred`, `deleted`, `archived`, `edited`,
    /// `publicized`, `privatized`, `created`, ….
    pub action: String,
    /// The repository as it is now.
    pub repository: Repository,
    /// The installation that it was sent for.
    pub installation: Option<InstallationId>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

/// Something happened to a check run; a button of ours was pressed where the
/// action is `rerequested` or `requested_action`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "wire::CheckRunEvent")]
pub struct CheckRun {
    /// What: `created`, `completed`, `rerequested`, `requested_action`.
    pub action: String,
    /// The check run.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What we called it when we made it: the deployment's id.
    pub external_id: Option<String>,
    /// The commit that it is about.
    pub head_sha: String,
    /// The App that made it.
    pub app_id: Option<i64>,
    /// The button's identifier, for `requested_action`.
    pub requested_action: Option<String>,
    /// Where.
    pub repository: Repository,
    /// The installation that it was sent for.
    pub installation: Option<InstallationId>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

/// GitHub tries the address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ping {
    /// A sentence of GitHub's.
    pub zen: Option<String>,
    /// The hook.
    pub hook_id: Option<i64>,
}

/// An event that Berth does not act on, as far as a list needs to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// What happened to the subject, if events of the kind say so.
    pub action: Option<String>,
    /// Where.
    pub repository: Option<Repository>,
    /// The installation that it was sent for.
    pub installation: Option<InstallationId>,
    /// The login of whoever did it.
    pub sender: Option<String>,
}

impl Other {
    /// What of it can be read; a field of an unexpected shape counts as absent.
    pub(super) fn of(value: &serde_json::Value) -> Self {
        let text = |pointer| value.pointer(pointer)?.as_str().map(str::to_owned);
        Self {
            action: text("/action"),
            repository: value.get("repository").and_then(|it| Repository::deserialize(it).ok()),
            installation: value
                .pointer("/installation/id")
                .and_then(serde_json::Value::as_i64)
                .map(InstallationId),
            sender: text("/sender/login"),
        }
    }
}

mod wire;
