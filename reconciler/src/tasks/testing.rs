//! What the tasks' tests share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use berth_domain::build::{BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, Source};
use berth_domain::ids::{InstallationId, RepositoryId, RuleId};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::rule::{Changes, EventKind, Rule};
use berth_domain::turn::Pace;
use berth_github_app::{Client, Settings};
use berth_store::installations::{self, Installation};
use berth_store::leases::{self, Fence};
use berth_store::repositories::{self, Repository};
use berth_store::seal::SealKey;
use berth_store::{Pool, rules};
use chrono::{DateTime, Utc};
use url::Url;
use uuid::Uuid;

use super::{Board, Deps};
use crate::clock::Clock;
use crate::leading::leading;

/// 2026-11-21 12:00:00 UTC.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_262_400, 0).unwrap()
}

/// Says that these paths changed, or how git failed.
#[derive(Debug, Default)]
pub(crate) struct FakeGit {
    pub(crate) changed: Mutex<Option<Result<Vec<String>, String>>>,
    pub(crate) bases: Mutex<Vec<String>>,
}

impl Builder for FakeGit {
    async fn fetch(&self, _source: &Source) -> Result<Checkout, BuildError> {
        Ok(Checkout { path: PathBuf::from("/nowhere") })
    }

    async fn changes(&self, _source: &Source, base: &str) -> Result<Changes, BuildError> {
        self.bases.lock().unwrap().push(base.to_owned());
        match self.changed.lock().unwrap().clone() {
            None => Ok(Changes::Unknown),
            Some(Ok(paths)) => Ok(Changes::Paths(paths)),
            Some(Err(message)) => Err(BuildError::Unavailable { what: "git", message }),
        }
    }

    async fn look(
        &self,
        _checkout: &Checkout,
        request: &BuildRequest,
    ) -> Result<Image, BuildError> {
        Ok(Image { tag: request.service.clone(), digest: String::new(), reused: true })
    }

    async fn build(
        &self,
        _checkout: &Checkout,
        request: &BuildRequest,
        _log: Arc<dyn BuildLog>,
    ) -> Result<Image, BuildError> {
        Ok(Image { tag: request.service.clone(), digest: String::new(), reused: true })
    }
}

/// Tasks whose GitHub is at `github`; port 9 is nobody's. Nobody leads.
pub(crate) fn deps(pool: &Pool, github: &str) -> Deps<FakeGit> {
    let url: Url = github.parse().unwrap();
    let settings = Settings {
        api_url: url.clone(),
        web_url: url,
        user_agent: "berth/test".to_owned(),
        clock: now,
    };
    Deps {
        pool: pool.clone(),
        key: Arc::new(SealKey::new([7; 32])),
        github: Client::new(settings).unwrap(),
        builder: Arc::default(),
        clock: Clock::stopped(now()),
        public_url: "http://berth.localhost".parse().unwrap(),
        router_url: "http://127.0.0.1:8080".parse().unwrap(),
        kept: berth_store::retention::Kept::USUAL,
        output: berth_store::logs::Keep::USUAL,
        board: Board::default(),
        leading: leading().1,
    }
}

pub(crate) const NOBODY: &str = "http://127.0.0.1:9";

pub(crate) async fn lead(pool: &Pool) -> Fence {
    leases::acquire(pool, Uuid::from_u128(1), Duration::from_secs(60)).await.unwrap().unwrap()
}

pub(crate) const INSTALLATION: InstallationId = InstallationId(1);
pub(crate) const REPOSITORY: RepositoryId = RepositoryId(100);

pub(crate) async fn shop(pool: &Pool) {
    let installation = Installation {
        id: INSTALLATION,
        account_id: 10,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: serde_json::json!({}),
        suspended_at: None,
    };
    installations::put(pool, &installation).await.unwrap();
    let repository = Repository {
        id: REPOSITORY,
        installation: INSTALLATION,
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        default_branch: "main".to_owned(),
        private: true,
        removed: false,
    };
    let mut db = pool.acquire().await.unwrap();
    repositories::put(&mut db, &repository).await.unwrap();
}

/// A rule; `event` and `refs` are what differs.
pub(crate) fn rule(event: EventKind, name: &str, refs: &[&str]) -> Rule {
    let preview = event == EventKind::PullRequest;
    let (environment, host) = if preview {
        ("pr-{{number}}", "pr-{{number}}.{{app}}.localhost")
    } else {
        ("production", "{{app}}.localhost")
    };
    Rule {
        id: RuleId::fresh(),
        repository: REPOSITORY,
        name: name.to_owned(),
        event,
        refs: refs.iter().map(|&pattern| pattern.to_owned()).collect(),
        paths: Vec::new(),
        environment: environment.to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: host.to_owned(),
        policy: Policy::usual(event),
        on_registry_failure: OnRegistryFailure::default(),
        pace: Pace::default(),
        enabled: true,
    }
}

pub(crate) async fn add(pool: &Pool, rule: &Rule) {
    rules::create(pool, rule, 1).await.unwrap();
}
