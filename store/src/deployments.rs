//! Deployments: attempts to bring a stack to a commit. A phase never goes back.
//!
//! Every write that changes a deployment also owes GitHub a report
//! ([`outbox`]), in the same transaction.

mod again;
mod holds;
mod judged;
mod pace;
mod plan;
mod read;
mod restart;
mod retry;
mod rollback;
mod steps;

use std::collections::BTreeMap;

use berth_domain::deployment::{Phase, Reason};
use berth_domain::ids::{DeploymentId, ReleaseId, RuleId, StackId, UserId};
use berth_domain::policy::Policy;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

pub use self::again::{again, proposed};
pub use self::holds::{Frozen, Holds, holds};
pub use self::judged::{approve, override_freeze, reject};
pub use self::pace::pace;
pub use self::plan::{is_planned, keep_plan};
pub use self::read::{
    Context, PhaseRow, PhaseState, context, followed_branches, get, last_succeeded_sha, newest,
    newest_succeeded, next_open, of_pull_request, phases, was_tried,
};
pub use self::restart::{Restartable, keep_restarts, restart, restartable};
pub use self::retry::retry;
pub use self::rollback::rollback;
pub use self::steps::{Begun, advance, begin_step, cancel, fail, note, request_cancel};
use crate::{Error, Result, notify, outbox, storable, storable_json};

/// What made a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Commits on a branch.
    Push,
    /// A tag.
    Tag,
    /// A pull request.
    PullRequest,
    /// A person.
    Manual,
    /// A return to what ran before.
    Rollback,
    /// New tasks for what runs.
    Restart,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 6] =
        [Self::Push, Self::Tag, Self::PullRequest, Self::Manual, Self::Rollback, Self::Restart];

    /// Whether it begins with a release that is kept: nothing is fetched, built or
    /// rendered, and no job runs.
    #[must_use]
    pub const fn has_release(self) -> bool {
        match self {
            Self::Rollback | Self::Restart => true,
            Self::Push | Self::Tag | Self::PullRequest | Self::Manual => false,
        }
    }

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Tag => "tag",
            Self::PullRequest => "pull_request",
            Self::Manual => "manual",
            Self::Rollback => "rollback",
            Self::Restart => "restart",
        }
    }
}

/// A commit, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub sha: String,
    /// Its message.
    pub message: String,
    /// Its author's name.
    pub author: String,
}

/// A deployment to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// Of which stack.
    pub stack: StackId,
    /// What made it.
    pub trigger: Trigger,
    /// The delivery that it came of; a delivery deploys a stack once.
    pub delivery: Option<String>,
    /// The rule that matched, with its name at this time.
    pub rule: Option<(RuleId, String)>,
    /// Why it is made, in one sentence.
    pub why: String,
    /// What is deployed.
    pub commit: Commit,
    /// The ref, in full: `refs/heads/main`, `refs/tags/v1`, `refs/pull/7/head`.
    pub git_ref: String,
    /// The compose file, from the repository's root.
    pub compose_file: String,
    /// The host of the environment.
    pub host: String,
    /// How far the compose file is trusted.
    pub policy: Policy,
    /// Who asked, if a person did.
    pub requested_by: Option<UserId>,
}

/// What [`create`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The deployment.
    pub id: DeploymentId,
    /// Its number within the stack, from 1.
    pub number: i64,
    /// Whether it is new; otherwise the same delivery made it before.
    pub new: bool,
    /// Those that it took over from.
    pub superseded: Vec<DeploymentId>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Of which stack.
    pub stack: StackId,
    /// Its number within the stack, from 1.
    pub number: i64,
    /// What made it.
    pub trigger: Trigger,
    /// The delivery that it came of.
    pub delivery: Option<String>,
    /// The rule that matched, where it still exists.
    pub rule: Option<RuleId>,
    /// The name of the rule that matched.
    pub rule_name: Option<String>,
    /// Why it was made.
    pub why: String,
    /// What is deployed.
    pub commit: Commit,
    /// The ref, in full.
    pub git_ref: String,
    /// The compose file, from the repository's root.
    pub compose_file: String,
    /// The host of the environment.
    pub host: String,
    /// How far the compose file is trusted.
    pub policy: Policy,
    /// Its release, once it is rendered.
    pub release: Option<ReleaseId>,
    /// The services whose tasks are replaced though nothing of them is new: those that
    /// a restart is of, and those that Swarm had given up. Each with how often Swarm
    /// is to have been forced to by then, once that is settled.
    pub restarts: BTreeMap<String, Option<u64>>,
    /// How far it has come.
    pub phase: Phase,
    /// Why it ended without success, if it did.
    pub reason: Option<Reason>,
    /// Since when somebody wants it stopped.
    pub cancel_requested_at: Option<DateTime<Utc>>,
    /// Who turned it down instead of approving it, and why.
    pub rejected: Option<(String, String)>,
    /// When the step under way has taken too long.
    pub deadline_at: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// Makes a deployment, which takes over from the stack's open ones. The caller
/// commits; the stack's row is locked until then.
///
/// # Errors
///
/// `NotFound` where the stack is gone, `Conflict` where it is on its way out.
pub async fn create(db: &mut PgConnection, new: &NewDeployment) -> Result<Created> {
    let doing = "make a deployment";
    let stack = sqlx::query!(
        "select wanted from stack where stack_id = $1 and removed_at is null for update",
        new.stack.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "stack" })?;
    if stack.wanted != "present" {
        return Err(Error::Conflict { what: "stack" });
    }
    if let Some(delivery) = &new.delivery {
        let before = sqlx::query!(
            "select deployment_id, number from deployment
             where delivery_id = $1 and stack_id = $2",
            delivery,
            new.stack.0
        )
        .fetch_optional(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
        if let Some(row) = before {
            return Ok(Created {
                id: DeploymentId(row.deployment_id),
                number: row.number,
                new: false,
                superseded: Vec::new(),
            });
        }
    }
    let number = sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) + 1 as "number!" from deployment where stack_id = $1"#,
        new.stack.0
    )
    .fetch_one(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let superseded = supersede(db, new.stack, number).await?;
    let id = DeploymentId::fresh();
    insert(db, new, id, number).await?;
    outbox::owe(db, &[id]).await?;
    notify::stack(db, new.stack).await?;
    Ok(Created { id, number, new: true, superseded })
}

async fn insert(
    db: &mut PgConnection,
    new: &NewDeployment,
    id: DeploymentId,
    number: i64,
) -> Result<()> {
    let doing = "store a deployment";
    sqlx::query!(
        "insert into deployment (deployment_id, stack_id, number, trigger, delivery_id, rule_id,
             rule_name, why, commit_sha, commit_message, commit_author, git_ref, compose_file,
             host, policy, requested_by, deadline_at)
         values ($1, $2, $3, $4, $5, (select r.rule_id from rule r where r.rule_id = $6), $7, $8,
                 $9, $10, $11, $12, $13, $14, $15, $16, now() + interval '1 hour')",
        id.0,
        new.stack.0,
        number,
        new.trigger.as_str(),
        new.delivery,
        new.rule.as_ref().map(|(rule, _)| rule.0),
        new.rule.as_ref().map(|(_, name)| name.as_str()),
        storable(&new.why),
        new.commit.sha,
        storable(&new.commit.message),
        storable(&new.commit.author),
        new.git_ref,
        new.compose_file,
        new.host,
        new.policy.as_str(),
        new.requested_by.map(|user| user.0),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    sqlx::query!(
        "insert into deployment_phase (deployment_id, phase, ended_at, state, message)
         values ($1, 'received', now(), 'done', $2)",
        id.0,
        storable(&new.why),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    Ok(())
}

/// The open deployments of a stack give way to number `number`.
async fn supersede(
    db: &mut PgConnection,
    stack: StackId,
    number: i64,
) -> Result<Vec<DeploymentId>> {
    let reason = Reason {
        code: "superseded".to_owned(),
        text: format!("deployment {number} took over"),
        place: None,
    };
    end_open(db, stack, Phase::Superseded, &reason).await
}

/// The open deployments of a stack are stopped, for the reason given.
pub(crate) async fn cancel_open(db: &mut PgConnection, stack: StackId, why: &str) -> Result<()> {
    let reason = Reason { code: "cancelled".to_owned(), text: why.to_owned(), place: None };
    end_open(db, stack, Phase::Cancelled, &reason).await.map(|_| ())
}

async fn end_open(
    db: &mut PgConnection,
    stack: StackId,
    phase: Phase,
    reason: &Reason,
) -> Result<Vec<DeploymentId>> {
    let ids = sqlx::query_scalar!(
        "update deployment
         set phase = $2, reason = $3, finished_at = now(), updated_at = now()
         where stack_id = $1 and finished_at is null
         returning deployment_id",
        stack.0,
        phase.as_str(),
        storable_json(reason)?,
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_("end a stack's open deployments"))?;
    let ids: Vec<DeploymentId> = ids.into_iter().map(DeploymentId).collect();
    for id in &ids {
        steps::close_step(db, *id, "stopped", &reason.text).await?;
    }
    outbox::owe(db, &ids).await?;
    Ok(ids)
}

#[cfg(test)]
mod tests;
