//! Deployments as lists and pages show them, and build logs.

mod story;

use berth_domain::deployment::Step;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

pub use self::story::{Served, Story, story};
use crate::{Error, Result};

/// A deployment and its phases.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentView {
    /// Its id.
    pub id: Uuid,
    /// Its stack's name.
    pub stack: String,
    /// Its number within the stack.
    pub number: i64,
    /// What began it.
    pub trigger: String,
    /// Why it began.
    pub why: String,
    /// The rule that matched.
    pub rule_name: Option<String>,
    /// The delivery that it began with.
    pub delivery_id: Option<String>,
    /// What it deploys.
    pub commit_sha: String,
    /// The commit's message.
    pub commit_message: String,
    /// Who wrote it.
    pub commit_author: String,
    /// The ref that pointed there.
    pub git_ref: String,
    /// How far it has come.
    pub phase: String,
    /// Why it ended as it did.
    pub reason: Option<Value>,
    /// What it waits for before it goes on.
    pub waiting: Option<String>,
    /// Whether it goes on once a person approves it.
    pub needs_approval: bool,
    /// When one did.
    pub approved_at: Option<DateTime<Utc>>,
    /// Who.
    pub approved_by: Option<String>,
    /// When one turned it down instead.
    pub rejected_at: Option<DateTime<Utc>>,
    /// Who did.
    pub rejected_by: Option<String>,
    /// Why.
    pub rejected_reason: Option<String>,
    /// Since when its environment is frozen, where that holds it up.
    pub frozen_from: Option<DateTime<Utc>>,
    /// Until when.
    pub frozen_until: Option<DateTime<Utc>>,
    /// Why.
    pub frozen_reason: Option<String>,
    /// When an admin let it through all the same.
    pub freeze_overridden_at: Option<DateTime<Utc>>,
    /// Which one.
    pub freeze_overridden_by: Option<String>,
    /// Why.
    pub freeze_override_reason: Option<String>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How long it took, or has taken so far.
    pub duration_ms: i64,
    /// Its steps as far as they were begun, in no order.
    pub phases: Vec<PhaseView>,
    /// What the stack's last pass saw.
    pub observed: Option<Value>,
    /// What was built for its release.
    pub images: Option<Value>,
    /// Whether its release is kept and once served.
    pub can_roll_back: bool,
}

/// A step of a deployment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PhaseView {
    /// The phase that it leads to.
    pub phase: String,
    /// How it stands.
    pub state: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What it has to say.
    pub message: String,
}

/// A line that a build or a job wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLineView {
    /// Its id: lines are in its order.
    pub id: i64,
    /// `build` or `job`.
    pub source: String,
    /// The service that is built, or the job.
    pub service: String,
    /// The line.
    pub line: String,
    /// When it came.
    pub at: DateTime<Utc>,
}

struct DeploymentRow {
    id: Uuid,
    stack: String,
    number: i64,
    trigger: String,
    why: String,
    rule_name: Option<String>,
    delivery_id: Option<String>,
    commit_sha: String,
    commit_message: String,
    commit_author: String,
    git_ref: String,
    phase: String,
    reason: Option<Value>,
    waiting: Option<String>,
    needs_approval: bool,
    approved_at: Option<DateTime<Utc>>,
    approved_by: Option<String>,
    rejected_at: Option<DateTime<Utc>>,
    rejected_by: Option<String>,
    rejected_reason: Option<String>,
    frozen_from: Option<DateTime<Utc>>,
    frozen_until: Option<DateTime<Utc>>,
    frozen_reason: Option<String>,
    freeze_overridden_at: Option<DateTime<Utc>>,
    freeze_overridden_by: Option<String>,
    freeze_override_reason: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
    duration_ms: i64,
    phases: Json<Vec<PhaseView>>,
    observed: Option<Value>,
    images: Option<Value>,
    can_roll_back: bool,
}

impl From<DeploymentRow> for DeploymentView {
    fn from(row: DeploymentRow) -> Self {
        Self {
            id: row.id,
            stack: row.stack,
            number: row.number,
            trigger: row.trigger,
            why: row.why,
            rule_name: row.rule_name,
            delivery_id: row.delivery_id,
            commit_sha: row.commit_sha,
            commit_message: row.commit_message,
            commit_author: row.commit_author,
            git_ref: row.git_ref,
            phase: row.phase,
            reason: row.reason,
            waiting: row.waiting,
            needs_approval: row.needs_approval,
            approved_at: row.approved_at,
            approved_by: row.approved_by,
            rejected_at: row.rejected_at,
            rejected_by: row.rejected_by,
            rejected_reason: row.rejected_reason,
            frozen_from: row.frozen_from,
            frozen_until: row.frozen_until,
            frozen_reason: row.frozen_reason,
            freeze_overridden_at: row.freeze_overridden_at,
            freeze_overridden_by: row.freeze_overridden_by,
            freeze_override_reason: row.freeze_override_reason,
            created_at: row.created_at,
            finished_at: row.finished_at,
            duration_ms: row.duration_ms,
            phases: row.phases.0,
            observed: row.observed,
            images: row.images,
            can_roll_back: row.can_roll_back,
        }
    }
}

/// The id of the newest stack of this name, gone or not: a deployment can be
/// looked up after its stack.
///
/// # Errors
///
/// `NotFound` where there never was one.
pub async fn stack_id(db: impl PgExecutor<'_>, name: &str) -> Result<Uuid> {
    sqlx::query_scalar!(
        "select stack_id from stack where name = $1
         order by removed_at desc nulls first, created_at desc limit 1",
        name
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look a stack up"))?
    .ok_or(Error::NotFound { what: "stack" })
}

/// A stack's deployments, newest first: those with a number below `before`, at
/// most `limit + 1`.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    db: impl PgExecutor<'_>,
    stack_id: Uuid,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<DeploymentView>> {
    find(db, Which { stack_id: Some(stack_id), before, limit, ..Which::default() }).await
}

/// A stack's deployment of this number.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, stack_id: Uuid, number: i64) -> Result<DeploymentView> {
    let which = Which { stack_id: Some(stack_id), number: Some(number), ..Which::default() };
    find(db, which).await?.pop().ok_or(Error::NotFound { what: "deployment" })
}

/// The deployment with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn by_id(db: impl PgExecutor<'_>, id: Uuid) -> Result<DeploymentView> {
    let which = Which { id: Some(id), ..Which::default() };
    find(db, which).await?.pop().ok_or(Error::NotFound { what: "deployment" })
}

#[derive(Default)]
struct Which {
    id: Option<Uuid>,
    stack_id: Option<Uuid>,
    number: Option<i64>,
    before: Option<i64>,
    limit: i64,
}

async fn find(db: impl PgExecutor<'_>, which: Which) -> Result<Vec<DeploymentView>> {
    let rows = sqlx::query_as!(
        DeploymentRow,
        r#"
        select d.deployment_id as id, s.name as stack, d.number, d.trigger, d.why, d.rule_name,
               d.delivery_id, d.commit_sha, d.commit_message, d.commit_author, d.git_ref, d.phase,
               d.reason, d.created_at, d.finished_at, s.observed,
               case when d.finished_at is null then d.waiting end as waiting,
               d.approved_at, d.approved_by,
               d.rejected_at, d.rejected_by, d.rejected_reason,
               d.freeze_overridden_at, d.freeze_overridden_by, d.freeze_override_reason,
               f.starts_at as "frozen_from?", f.ends_at as "frozen_until?",
               f.reason as "frozen_reason?",
               e.protected and d.approved_at is null and d.rejected_at is null and free.yes
                   as "needs_approval!",
               d.phase = 'succeeded' and d.release_id is not null as "can_roll_back!",
               (extract(epoch from coalesce(d.finished_at, now()) - d.created_at) * 1000)::bigint
                   as "duration_ms!",
               coalesce((
                   select jsonb_agg(jsonb_build_object(
                       'phase', p.phase, 'state', p.state, 'message', p.message,
                       'started_at', p.started_at, 'ended_at', p.ended_at))
                   from deployment_phase p where p.deployment_id = d.deployment_id
               ), '[]') as "phases!: Json<Vec<PhaseView>>",
               (select images from release where release.release_id = d.release_id) as "images?"
        from deployment d
        join stack s using (stack_id)
        join environment e using (environment_id)
        -- Nothing keeps back what is over, or is being applied.
        cross join lateral (
            select d.finished_at is null and not exists (
                select from deployment_phase p
                where p.deployment_id = d.deployment_id and p.phase = $6) as yes
        ) free
        left join lateral (
            select starts_at, ends_at, reason from freezes
            where environment_id = e.environment_id and starts_at <= now() and now() < ends_at
            order by ends_at desc limit 1
        ) f on free.yes and d.freeze_overridden_at is null
        where ($1::uuid is null or d.deployment_id = $1)
          and ($2::uuid is null or d.stack_id = $2)
          and ($3::bigint is null or d.number = $3)
          and ($4::bigint is null or d.number < $4)
        order by d.number desc
        limit $5::bigint + 1
        "#,
        which.id,
        which.stack_id,
        which.number,
        which.before,
        which.limit,
        Step::Apply.reaches().as_str(),
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list deployments"))?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Lines of a deployment's log after the one with id `after`, at most
/// `limit + 1`.
///
/// # Errors
///
/// `NotFound` where there is no such deployment.
pub async fn log(db: &crate::Pool, id: Uuid, after: i64, limit: i64) -> Result<Vec<LogLineView>> {
    let doing = "read a build log";
    let lines = sqlx::query_as!(
        LogLineView,
        "select build_log_id as id, source, service, line, logged_at as at from build_log
         where deployment_id = $1 and build_log_id > $2
         order by build_log_id limit $3::bigint + 1",
        id,
        after,
        limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_(doing))?;
    if lines.is_empty() {
        sqlx::query_scalar!("select 1 from deployment where deployment_id = $1", id)
            .fetch_optional(db)
            .await
            .map_err(Error::while_(doing))?
            .ok_or(Error::NotFound { what: "deployment" })?;
    }
    Ok(lines)
}
