//! Reading deployments.

use std::collections::BTreeMap;

use berth_domain::deployment::{Phase, Reason};
use berth_domain::ids::{DeploymentId, EnvironmentId, ReleaseId, RepositoryId, RuleId, StackId};
use berth_domain::rule::EventKind;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{Commit, Deployment, Trigger};
use crate::environments::{self, Environment};
use crate::repositories::{self, Repository};
use crate::rules;
use crate::stacks::{self, Stack};
use crate::{Error, Result};

/// A deployment with what it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// The deployment.
    pub deployment: Deployment,
    /// Its stack.
    pub stack: Stack,
    /// The stack's environment.
    pub environment: Environment,
    /// The environment's repository.
    pub repository: Repository,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseState {
    /// It is under way.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
}

/// A step of a deployment, by the phase that it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhaseRow {
    /// The phase.
    pub phase: Phase,
    /// How it stands.
    pub state: PhaseState,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What is to be said of it.
    pub message: String,
}

struct DeploymentRow {
    deployment_id: Uuid,
    stack_id: Uuid,
    number: i64,
    trigger: String,
    delivery_id: Option<String>,
    rule_id: Option<Uuid>,
    rule_name: Option<String>,
    why: String,
    commit_sha: String,
    commit_message: String,
    commit_author: String,
    git_ref: String,
    compose_file: String,
    host: String,
    policy: Option<String>,
    release_id: Option<Uuid>,
    restarts: Option<Json<BTreeMap<String, Option<u64>>>>,
    phase: String,
    reason: Option<Value>,
    cancel_requested_at: Option<DateTime<Utc>>,
    rejected_by: Option<String>,
    rejected_reason: Option<String>,
    deadline_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeploymentRow> for Deployment {
    type Error = Error;

    fn try_from(row: DeploymentRow) -> Result<Self> {
        let trigger = Trigger::ALL
            .into_iter()
            .find(|trigger| trigger.as_str() == row.trigger)
            .ok_or_else(|| Error::Corrupt {
                what: "deployment",
                message: format!("{:?} is not a trigger", row.trigger),
            })?;
        // A rollback or a repetition is of whatever its ref is of.
        let event = if row.git_ref.starts_with("refs/pull/") {
            EventKind::PullRequest
        } else {
            EventKind::Push
        };
        let policy = rules::policy(row.policy.as_deref(), event, "deployment")?;
        let reason: Option<Reason> = row
            .reason
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::corrupt("deployment"))?;
        Ok(Self {
            id: DeploymentId(row.deployment_id),
            stack: StackId(row.stack_id),
            number: row.number,
            trigger,
            delivery: row.delivery_id,
            rule: row.rule_id.map(RuleId),
            rule_name: row.rule_name,
            why: row.why,
            commit: Commit {
                sha: row.commit_sha,
                message: row.commit_message,
                author: row.commit_author,
            },
            git_ref: row.git_ref,
            compose_file: row.compose_file,
            host: row.host,
            policy,
            release: row.release_id.map(ReleaseId),
            restarts: row.restarts.map(|restarts| restarts.0).unwrap_or_default(),
            phase: row.phase.parse().map_err(Error::corrupt("deployment"))?,
            reason,
            cancel_requested_at: row.cancel_requested_at,
            rejected: row.rejected_by.zip(row.rejected_reason),
            deadline_at: row.deadline_at,
            created_at: row.created_at,
            finished_at: row.finished_at,
        })
    }
}

/// The deployment with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<Deployment> {
    sqlx::query_as!(
        DeploymentRow,
        r#"select deployment_id, stack_id, number, trigger, delivery_id, rule_id, rule_name, why,
                commit_sha, commit_message, commit_author, git_ref, compose_file, host, policy,
                release_id, restarts as "restarts: Json<BTreeMap<String, Option<u64>>>", phase,
                reason, cancel_requested_at, rejected_by, rejected_reason, deadline_at,
                created_at, finished_at
         from deployment where deployment_id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a deployment"))?
    .ok_or(Error::NotFound { what: "deployment" })?
    .try_into()
}

/// The stack's newest deployment that is not over.
///
/// # Errors
///
/// What the database says.
pub async fn next_open(db: impl PgExecutor<'_>, stack: StackId) -> Result<Option<Deployment>> {
    sqlx::query_as!(
        DeploymentRow,
        r#"select deployment_id, stack_id, number, trigger, delivery_id, rule_id, rule_name, why,
                commit_sha, commit_message, commit_author, git_ref, compose_file, host, policy,
                release_id, restarts as "restarts: Json<BTreeMap<String, Option<u64>>>", phase,
                reason, cancel_requested_at, rejected_by, rejected_reason, deadline_at,
                created_at, finished_at
         from deployment where stack_id = $1 and finished_at is null
         order by number desc limit 1"#,
        stack.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find a stack's open deployment"))?
    .map(TryInto::try_into)
    .transpose()
}

/// The stack's newest deployment, over or not.
///
/// # Errors
///
/// What the database says.
pub async fn newest(db: impl PgExecutor<'_>, stack: StackId) -> Result<Option<Deployment>> {
    sqlx::query_as!(
        DeploymentRow,
        r#"select deployment_id, stack_id, number, trigger, delivery_id, rule_id, rule_name, why,
                commit_sha, commit_message, commit_author, git_ref, compose_file, host, policy,
                release_id, restarts as "restarts: Json<BTreeMap<String, Option<u64>>>", phase,
                reason, cancel_requested_at, rejected_by, rejected_reason, deadline_at,
                created_at, finished_at
         from deployment where stack_id = $1
         order by number desc limit 1"#,
        stack.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find a stack's newest deployment"))?
    .map(TryInto::try_into)
    .transpose()
}

/// The deployment with this id and what it belongs to.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn context(db: &mut PgConnection, id: DeploymentId) -> Result<Context> {
    let deployment = get(&mut *db, id).await?;
    let stack = stacks::get(&mut *db, deployment.stack).await?;
    let environment = environments::get(&mut *db, stack.environment).await?;
    let repository = repositories::get(&mut *db, environment.repository)
        .await?
        .ok_or(Error::NotFound { what: "repository" })?;
    Ok(Context { deployment, stack, environment, repository })
}

/// The commit that an environment's last successful deployment brought: what
/// changed is told from there.
///
/// # Errors
///
/// What the database says.
pub async fn last_succeeded_sha(
    db: impl PgExecutor<'_>,
    environment: EnvironmentId,
) -> Result<Option<String>> {
    sqlx::query_scalar!(
        "select d.commit_sha from deployment d join stack s using (stack_id)
         where s.environment_id = $1 and s.removed_at is null and d.phase = 'succeeded'
         order by d.number desc limit 1",
        environment.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find the last commit that was deployed"))
}

/// A deployment's steps so far, in order.
///
/// # Errors
///
/// What the database says.
pub async fn phases(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<Vec<PhaseRow>> {
    let rows = sqlx::query!(
        "select phase, state, started_at, ended_at, message from deployment_phase
         where deployment_id = $1",
        id.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read a deployment's steps"))?;
    let mut phases = rows
        .into_iter()
        .map(|row| {
            let state = match row.state.as_str() {
                "running" => PhaseState::Running,
                "done" => PhaseState::Done,
                "failed" => PhaseState::Failed,
                "stopped" => PhaseState::Stopped,
                other => {
                    let message = format!("{other:?} is no state of a step");
                    return Err(Error::Corrupt { what: "deployment", message });
                }
            };
            Ok(PhaseRow {
                phase: row.phase.parse().map_err(Error::corrupt("deployment"))?,
                state,
                started_at: row.started_at,
                ended_at: row.ended_at,
                message: row.message,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    phases.sort_by_key(|row| row.phase);
    Ok(phases)
}

/// The number of the stack's newest deployment that succeeded.
///
/// # Errors
///
/// What the database says.
pub async fn newest_succeeded(db: impl PgExecutor<'_>, stack: StackId) -> Result<Option<i64>> {
    sqlx::query_scalar!(
        "select max(number) from deployment where stack_id = $1 and phase = 'succeeded'",
        stack.0
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("find the newest deployment that succeeded"))
}

/// Whether a commit was ever brought, or tried, to a repository's environment of
/// this name, be it open or closed.
///
/// # Errors
///
/// What the database says.
pub async fn was_tried(
    db: impl PgExecutor<'_>,
    (repository, environment): (RepositoryId, &str),
    sha: &str,
) -> Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from deployment d join stack s using (stack_id)
                 join environment e using (environment_id)
            where e.repository_id = $1 and e.name = $2 and d.commit_sha = $3
        ) as "tried!"
        "#,
        repository.0,
        environment,
        sha,
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("ask whether a commit was deployed"))
}

/// The branches that a repository's lasting stacks follow: the refs of their
/// newest deployments that a push made.
///
/// # Errors
///
/// What the database says.
pub async fn followed_branches(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        "select distinct d.git_ref
         from stack s join environment e using (environment_id)
         cross join lateral (
             select git_ref from deployment
             where stack_id = s.stack_id and trigger = 'push'
             order by number desc limit 1
         ) d
         where e.repository_id = $1 and e.kind = 'permanent' and e.closed_at is null
           and s.removed_at is null and s.wanted = 'present' and d.git_ref like 'refs/heads/%'
         order by d.git_ref",
        repository.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the branches that stacks follow"))
}

/// The newest deployment of each stack that ever previewed a pull request, the
/// newest stack of each environment's name, by that name: what the comment on
/// the pull request tells of.
///
/// # Errors
///
/// What the database says.
pub async fn of_pull_request(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
    pull_request: i64,
) -> Result<Vec<DeploymentId>> {
    let ids = sqlx::query_scalar!(
        "select distinct on (e.name) d.deployment_id
         from environment e join stack s using (environment_id) join deployment d using (stack_id)
         where e.repository_id = $1 and e.pull_request = $2
         order by e.name, s.created_at desc, d.number desc",
        repository.0,
        pull_request,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list a pull request's deployments"))?;
    Ok(ids.into_iter().map(DeploymentId).collect())
}
