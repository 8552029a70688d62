//! What the simulated GitHub knows, but for the repositories' git data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::driver::types::{Faults, Request, Violation};

/// The organisation that is always there.
pub(crate) const ORGANIZATION: &str = "acme";
/// The user that is always there and owns the organisation.
pub(crate) const USER: &str = "mira";

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) id: i64,
    pub(crate) login: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Organization,
    Bot,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Organization => "Organization",
            Self::Bot => "Bot",
        }
    }
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: i64,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) description: Option<String>,
    pub(crate) external_url: String,
    pub(crate) setup_url: Option<String>,
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) events: Vec<String>,
    pub(crate) hook: Hook,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// Which of the process's keys is its own.
    pub(crate) key: usize,
    /// The manifest flow's code, until it is used.
    pub(crate) code: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) id: i64,
    pub(crate) url: Option<String>,
    pub(crate) content_type: String,
    pub(crate) insecure_ssl: String,
    pub(crate) secret: Option<String>,
    pub(crate) active: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) id: i64,
    pub(crate) app: i64,
    pub(crate) account: String,
    /// None: all of the account's, also those to come.
    pub(crate) repositories: Option<BTreeSet<i64>>,
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) events: Vec<String>,
    pub(crate) suspended_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Clone)]
pub(crate) struct Token {
    /// No two have the same.
    pub(crate) serial: u64,
    pub(crate) installation: i64,
    /// None: all that the installation has.
    pub(crate) repositories: Option<BTreeSet<i64>>,
    pub(crate) permissions: BTreeMap<String, String>,
    pub(crate) expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) id: i64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) default_branch: String,
    pub(crate) fork_of: Option<i64>,
    pub(crate) folder: PathBuf,
    /// Every ref under `refs/heads/` and `refs/tags/` as of the last look.
    pub(crate) refs: BTreeMap<String, String>,
    pub(crate) old_names: BTreeSet<String>,
    pub(crate) pulls: BTreeMap<i64, Pull>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) pushed_at: DateTime<Utc>,
}

impl Repository {
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) id: i64,
    pub(crate) number: i64,
    pub(crate) title: String,
    pub(crate) body: Option<String>,
    pub(crate) author: String,
    pub(crate) open: bool,
    pub(crate) draft: bool,
    pub(crate) head_repository: i64,
    pub(crate) head_ref: String,
    pub(crate) head_sha: String,
    pub(crate) base_ref: String,
    pub(crate) base_sha: String,
    pub(crate) labels: BTreeMap<String, i64>,
    pub(crate) merge_sha: Option<String>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// How much it changes, as of its newest commit.
    pub(crate) size: Size,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    pub(crate) commits: i64,
    pub(crate) files: i64,
    pub(crate) additions: i64,
    pub(crate) deletions: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: i64,
    pub(crate) repository: i64,
    pub(crate) issue: i64,
    pub(crate) author: String,
    pub(crate) app: Option<i64>,
    pub(crate) body: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    pub(crate) id: i64,
    pub(crate) repository: i64,
    pub(crate) app: i64,
    pub(crate) git_ref: String,
    pub(crate) sha: String,
    pub(crate) task: String,
    pub(crate) environment: String,
    pub(crate) description: Option<String>,
    pub(crate) payload: Value,
    pub(crate) transient: bool,
    pub(crate) production: bool,
    pub(crate) statuses: Vec<Status>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) id: i64,
    pub(crate) app: i64,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) environment: String,
    pub(crate) environment_url: String,
    pub(crate) log_url: String,
    pub(crate) created_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) id: i64,
    pub(crate) repository: i64,
    pub(crate) app: i64,
    pub(crate) suite: i64,
    pub(crate) name: String,
    pub(crate) head_sha: String,
    pub(crate) external_id: Option<String>,
    pub(crate) details_url: Option<String>,
    pub(crate) status: String,
    pub(crate) conclusion: Option<String>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) title: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) annotations: Vec<Value>,
    pub(crate) actions: Vec<Value>,
}

/// One attempt to deliver a webhook.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) id: i64,
    pub(crate) guid: String,
    pub(crate) app: i64,
    pub(crate) redelivery: bool,
    pub(crate) event: String,
    pub(crate) action: Option<String>,
    pub(crate) installation: Option<i64>,
    pub(crate) repository: Option<i64>,
    pub(crate) delivered_at: DateTime<Utc>,
    pub(crate) duration: f64,
    /// Empty while it is under way.
    pub(crate) status: String,
    pub(crate) status_code: u16,
    pub(crate) url: String,
    pub(crate) request_headers: BTreeMap<String, String>,
    pub(crate) response_headers: BTreeMap<String, String>,
    pub(crate) payload: Value,
    pub(crate) response: String,
}

/// All of it.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) apps: BTreeMap<i64, App>,
    pub(crate) installations: BTreeMap<i64, Installation>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) repositories: BTreeMap<i64, Repository>,
    pub(crate) comments: BTreeMap<i64, Comment>,
    pub(crate) deployments: BTreeMap<i64, Deployment>,
    pub(crate) check_runs: BTreeMap<i64, CheckRun>,
    /// Check suites: one for each commit and App.
    pub(crate) suites: BTreeMap<(i64, i64, String), i64>,
    pub(crate) attempts: BTreeMap<i64, Attempt>,
    pub(crate) requests: Vec<Request>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) faults: Faults,
    /// Attempts that are held back, to be sent in reverse.
    pub(crate) held: Vec<i64>,
    last_id: i64,
    /// Tokens are numbered apart, so that no two are the same.
    pub(crate) minted: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self { last_id: 1_000_000, ..Self::default() };
        world.account(ORGANIZATION, Kind::Organization);
        world.account(USER, Kind::User);
        world
    }

    /// A number that nothing else has, of whatever kind: so two that were mixed
    /// up don't work by chance.
    pub(crate) fn id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// The account of this login, made if need be.
    pub(crate) fn account(&mut self, login: &str, kind: Kind) -> Account {
        if let Some(account) = self.accounts.get(login) {
            return account.clone();
        }
        let account = Account { id: self.id(), login: login.to_owned(), kind };
        self.accounts.insert(login.to_owned(), account.clone());
        account
    }

    /// The repository of this name, owner's included. An old name is not found:
    /// see [`World::renamed`].
    pub(crate) fn repository(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.values().find(|it| it.full_name().eq_ignore_ascii_case(full_name))
    }

    /// The repository that had this name before.
    pub(crate) fn renamed(&self, full_name: &str) -> Option<&Repository> {
        self.repositories.values().find(|it| it.old_names.contains(&full_name.to_lowercase()))
    }

    pub(crate) fn app_by_slug(&self, slug: &str) -> Option<&App> {
        self.apps.values().find(|app| app.slug == slug)
    }

    /// Whether an installation covers a repository.
    pub(crate) fn covers(&self, installation: &Installation, repository: i64) -> bool {
        self.repositories.get(&repository).is_some_and(|it| it.owner == installation.account)
            && installation.repositories.as_ref().is_none_or(|ids| ids.contains(&repository))
    }

    /// The repositories of an installation, by number.
    pub(crate) fn covered(&self, installation: &Installation) -> Vec<&Repository> {
        self.repositories.values().filter(|it| self.covers(installation, it.id)).collect()
    }

    /// The suite of an App's check runs on a commit.
    pub(crate) fn suite(&mut self, repository: i64, app: i64, sha: &str) -> i64 {
        let key = (repository, app, sha.to_owned());
        if let Some(id) = self.suites.get(&key) {
            return *id;
        }
        let id = self.id();
        self.suites.insert(key, id);
        id
    }

    /// Open pull requests whose head is at this commit of this repository.
    pub(crate) fn pulls_at(&self, repository: i64, sha: &str) -> Vec<&Pull> {
        self.repositories.get(&repository).map_or_else(Vec::new, |it| {
            it.pulls
                .values()
                .filter(|pull| pull.open && pull.head_sha == sha)
                .filter(|pull| pull.head_repository == repository)
                .collect()
        })
    }
}
