//! Rows for tests.

use std::time::Duration;

use berth_domain::fail_point::Write;
use berth_domain::ids::{
    DeploymentId, EnvironmentId, InstallationId, RepositoryId, RuleId, StackId, StackName,
};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::rule::{EventKind, Rule};
use berth_domain::turn::Pace;
use sqlx::PgPool;
use uuid::Uuid;

use crate::deployments::{self, Commit, NewDeployment, Trigger};
use crate::environments::{self, NewEnvironment, PullRequest};
use crate::installations::Installation;
use crate::leases::{Fence, Guarded};
use crate::repositories::Repository;
use crate::rules::StoredRule;
use crate::{installations, leases, repositories, rules, stacks};

/// A preview with a deployment that has just been received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeded {
    pub(crate) repository: RepositoryId,
    pub(crate) environment: EnvironmentId,
    pub(crate) stack: StackId,
    pub(crate) deployment: DeploymentId,
}

pub(crate) fn installation() -> Installation {
    Installation {
        id: InstallationId(1),
        account_id: 10,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: serde_json::json!({"contents": "read"}),
        suspended_at: None,
    }
}

pub(crate) async fn repository(pool: &PgPool) -> RepositoryId {
    installations::put(pool, &installation()).await.unwrap();
    let repository = Repository {
        id: RepositoryId(100),
        installation: InstallationId(1),
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        default_branch: "main".to_owned(),
        private: true,
        removed: false,
    };
    let mut db = pool.acquire().await.unwrap();
    repositories::put(&mut db, &repository).await.unwrap();
    repository.id
}

pub(crate) async fn rule(pool: &PgPool, repository: RepositoryId) -> StoredRule {
    let rule = Rule {
        id: RuleId::fresh(),
        repository,
        name: "production".to_owned(),
        event: EventKind::Push,
        refs: vec!["main".to_owned()],
        paths: Vec::new(),
        environment: "production".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: "{{app}}.localhost".to_owned(),
        policy: Policy::Trusted,
        on_registry_failure: OnRegistryFailure::default(),
        pace: Pace::default(),
        enabled: true,
    };
    rules::create(pool, &rule, 1).await.unwrap()
}

pub(crate) async fn lead(pool: &PgPool) -> Fence {
    leases::acquire(pool, Uuid::from_u128(1), Duration::from_secs(60)).await.unwrap().unwrap()
}

/// Another takes over: every fence so far is stale.
pub(crate) async fn depose(pool: &PgPool, fence: Fence) -> Fence {
    leases::release(pool, fence).await.unwrap();
    let other = Uuid::from_u128(2);
    leases::acquire(pool, other, Duration::from_secs(60)).await.unwrap().unwrap()
}

pub(crate) fn preview(repository: RepositoryId, number: i64) -> NewEnvironment {
    NewEnvironment {
        repository,
        name: format!("pr-{number}"),
        preview: Some(PullRequest { number, title: "Blue".to_owned(), author: "ann".to_owned() }),
        host: format!("pr-{number}.shop.localhost"),
        on_registry_failure: OnRegistryFailure::default(),
    }
}

pub(crate) fn new_deployment(stack: StackId, sha: &str) -> NewDeployment {
    NewDeployment {
        stack,
        trigger: Trigger::PullRequest,
        delivery: None,
        rule: None,
        why: "pull request 7 was opened".to_owned(),
        commit: Commit { sha: sha.to_owned(), ..Commit::default() },
        git_ref: "refs/pull/7/head".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: "pr-7.shop.localhost".to_owned(),
        policy: Policy::Restricted,
        requested_by: None,
    }
}

pub(crate) async fn deployment(pool: &PgPool, fence: Fence) -> Seeded {
    let repository = repository(pool).await;
    let mut db = Guarded::begin(pool, fence, Write::Observe).await.unwrap();
    let environment = environments::ensure(&mut db, &preview(repository, 7)).await.unwrap().id;
    let name = StackName::parse("shop-pr-7").unwrap();
    let stack = stacks::ensure(&mut db, environment, &[name]).await.unwrap().id;
    let new = new_deployment(stack, &"a".repeat(40));
    let deployment = deployments::create(&mut db, &new).await.unwrap().id;
    db.commit().await.unwrap();
    Seeded { repository, environment, stack, deployment }
}
