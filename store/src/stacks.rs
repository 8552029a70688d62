//! Stacks: everything on the cluster for one environment. A row stays until
//! Docker confirmed that all of it is gone.

mod pause;

use std::collections::BTreeMap;

use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, EnvironmentId, ReleaseId, RepositoryId, StackId, StackName};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub use self::pause::{go_on, pause, paused_by, resume, wait};
use crate::acts::{self, Actor, Kind, NewAct};
use crate::intent::Begin;
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, claims, deployments, notify, outbox, storable_json};

/// Whether a stack should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// It should.
    Present,
    /// It should not: all of it is to be removed.
    Absent,
}

/// A stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack {
    /// Its id.
    pub id: StackId,
    /// What it is the stack of.
    pub environment: EnvironmentId,
    /// Its name on the cluster.
    pub name: StackName,
    /// Whether it should be there.
    pub wanted: Wanted,
    /// What it should be, once anything was rendered.
    pub release: Option<ReleaseId>,
    /// What the last pass saw.
    pub observed: Option<Value>,
    /// When that was.
    pub observed_at: Option<DateTime<Utc>>,
    /// Since when it is gone.
    pub removed_at: Option<DateTime<Utc>>,
}

/// What a pass needs to know of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveStack {
    /// Its id.
    pub id: StackId,
    /// Its name on the cluster.
    pub name: StackName,
    /// Whether it should be there.
    pub wanted: Wanted,
    /// What it should be; its spec is immutable, so it can be kept by this id.
    pub release: Option<ReleaseId>,
    /// The newest deployment that is not over.
    pub open_deployment: Option<DeploymentId>,
    /// What the last pass reported; [`live`] leaves it to [`reports`].
    pub observed: Option<Value>,
    /// Whether somebody [paused](pause()) it.
    pub paused: bool,
    /// Whether it previews a pull request.
    pub preview: bool,
    /// Whether what failed is left as it is.
    pub keeps_failed: bool,
    /// Whether what differs is shown and left as it is.
    pub shows_drift: bool,
    /// Whether its volumes outlive it, for some time at least.
    pub keeps_volumes: bool,
}

struct StackRow {
    stack_id: Uuid,
    environment_id: Uuid,
    name: String,
    wanted: String,
    release_id: Option<Uuid>,
    observed: Option<Value>,
    observed_at: Option<DateTime<Utc>>,
    removed_at: Option<DateTime<Utc>>,
}

impl TryFrom<StackRow> for Stack {
    type Error = Error;

    fn try_from(row: StackRow) -> Result<Self> {
        Ok(Self {
            id: StackId(row.stack_id),
            environment: EnvironmentId(row.environment_id),
            name: StackName::parse(&row.name).map_err(Error::corrupt("stack"))?,
            wanted: wanted(&row.wanted)?,
            release: row.release_id.map(ReleaseId),
            observed: row.observed,
            observed_at: row.observed_at,
            removed_at: row.removed_at,
        })
    }
}

fn wanted(text: &str) -> Result<Wanted> {
    match text {
        "present" => Ok(Wanted::Present),
        "absent" => Ok(Wanted::Absent),
        other => Err(Error::Corrupt { what: "stack", message: format!("it is wanted {other:?}") }),
    }
}

/// The live stack of an environment, made where there is none, under the first
/// of `names` that no other live stack has. Its row is locked: whoever else
/// decides on it waits.
///
/// A stack that is on its way out is not taken over: its objects are being
/// removed under its name.
///
/// # Errors
///
/// `Conflict` where the environment's stack, or one of the same repository that
/// has the name, is on its way out: try again once it is gone. `Taken` where
/// others have every name.
pub async fn ensure(
    db: &mut Guarded,
    environment: EnvironmentId,
    names: &[StackName],
) -> Result<Stack> {
    let doing = "make a stack";
    let there = sqlx::query_as!(
        StackRow,
        "select stack_id, environment_id, name, wanted, release_id, observed, observed_at,
                removed_at
         from stack where environment_id = $1 and removed_at is null for update",
        environment.0
    )
    .fetch_optional(&mut **db)
    .await
    .map_err(Error::while_(doing))?;
    if let Some(row) = there {
        let stack = Stack::try_from(row)?;
        return match stack.wanted {
            Wanted::Present => Ok(stack),
            Wanted::Absent => Err(Error::Conflict { what: "stack" }),
        };
    }
    for name in names {
        let made = sqlx::query_as!(
            StackRow,
            "insert into stack (stack_id, environment_id, name) values ($1, $2, $3)
             on conflict (name) where removed_at is null do nothing
             returning stack_id, environment_id, name, wanted, release_id, observed, observed_at,
                       removed_at",
            StackId::fresh().0,
            environment.0,
            name.as_str(),
        )
        .fetch_optional(&mut **db)
        .await
        .map_err(Error::while_(doing))?;
        if let Some(row) = made {
            return row.try_into();
        }
        if is_leaving(db, environment, name).await? {
            return Err(Error::Conflict { what: "stack" });
        }
    }
    Err(Error::Taken { what: "stack's name" })
}

/// Whether the stack that has `name` is on its way out and of the repository
/// that `environment` belongs to: then the name is as good as free.
async fn is_leaving(
    db: &mut PgConnection,
    environment: EnvironmentId,
    name: &StackName,
) -> Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from stack s join environment e using (environment_id)
            where s.name = $2 and s.removed_at is null and s.wanted = 'absent'
              and e.repository_id =
                  (select repository_id from environment where environment_id = $1)
        ) as "leaving!"
        "#,
        environment.0,
        name.as_str(),
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("see who has a stack's name"))
}

/// The stack with this id, removed ones too.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: StackId) -> Result<Stack> {
    sqlx::query_as!(
        StackRow,
        "select stack_id, environment_id, name, wanted, release_id, observed, observed_at,
                removed_at
         from stack where stack_id = $1",
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a stack"))?
    .ok_or(Error::NotFound { what: "stack" })?
    .try_into()
}

/// The live stack of this name.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn by_name(db: impl PgExecutor<'_>, name: &str) -> Result<Stack> {
    sqlx::query_as!(
        StackRow,
        "select stack_id, environment_id, name, wanted, release_id, observed, observed_at,
                removed_at
         from stack where name = $1 and removed_at is null",
        name
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a stack"))?
    .ok_or(Error::NotFound { what: "stack" })?
    .try_into()
}

/// Every live stack with what a pass needs to know of it, by name, in one query.
///
/// # Errors
///
/// What the database says.
pub async fn live(db: impl PgExecutor<'_>) -> Result<Vec<LiveStack>> {
    let rows = sqlx::query!(
        r#"
        select s.stack_id, s.name, s.wanted, s.release_id,
               s.paused_at is not null as "paused!", e.kind = 'preview' as "preview!",
               e.on_failure = 'keep' as "keeps_failed!", e.on_drift = 'show' as "shows_drift!",
               e.volumes <> 'with_stack' as "keeps_volumes!",
               d.deployment_id as "deployment_id?"
        from stack s
        join environment e using (environment_id)
        left join lateral (
            select deployment_id from deployment
            where stack_id = s.stack_id and finished_at is null
            order by number desc limit 1
        ) d on true
        where s.removed_at is null
        order by s.name
        "#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the live stacks"))?;
    rows.into_iter()
        .map(|row| {
            Ok(LiveStack {
                id: StackId(row.stack_id),
                name: StackName::parse(&row.name).map_err(Error::corrupt("stack"))?,
                wanted: wanted(&row.wanted)?,
                release: row.release_id.map(ReleaseId),
                open_deployment: row.deployment_id.map(DeploymentId),
                observed: None,
                paused: row.paused,
                preview: row.preview,
                keeps_failed: row.keeps_failed,
                shows_drift: row.shows_drift,
                keeps_volumes: row.keeps_volumes,
            })
        })
        .collect()
}

/// What the last pass reported of these stacks, as far as there was one.
///
/// # Errors
///
/// What the database says.
pub async fn reports(
    db: impl PgExecutor<'_>,
    stacks: &[StackId],
) -> Result<BTreeMap<StackId, Value>> {
    let ids: Vec<Uuid> = stacks.iter().map(|stack| stack.0).collect();
    let rows = sqlx::query!(
        r#"
        select stack_id, observed as "observed!" from stack
        where stack_id = any($1) and observed is not null
        "#,
        &ids
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read reports"))?;
    Ok(rows.into_iter().map(|row| (StackId(row.stack_id), row.observed)).collect())
}

/// What a pass needs to know of one stack; [`None`] where it is gone.
///
/// # Errors
///
/// What the database says.
pub async fn live_one(db: impl PgExecutor<'_>, id: StackId) -> Result<Option<LiveStack>> {
    let row = sqlx::query!(
        r#"
        select s.stack_id, s.name, s.wanted, s.release_id, s.observed,
               s.paused_at is not null as "paused!", e.kind = 'preview' as "preview!",
               e.on_failure = 'keep' as "keeps_failed!", e.on_drift = 'show' as "shows_drift!",
               e.volumes <> 'with_stack' as "keeps_volumes!",
               (select deployment_id from deployment d
                where d.stack_id = s.stack_id and d.finished_at is null
                order by number desc limit 1) as "deployment_id?"
        from stack s join environment e using (environment_id)
        where s.stack_id = $1 and s.removed_at is null
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a live stack"))?;
    row.map(|row| {
        Ok(LiveStack {
            id: StackId(row.stack_id),
            name: StackName::parse(&row.name).map_err(Error::corrupt("stack"))?,
            wanted: wanted(&row.wanted)?,
            release: row.release_id.map(ReleaseId),
            open_deployment: row.deployment_id.map(DeploymentId),
            observed: row.observed,
            paused: row.paused,
            preview: row.preview,
            keeps_failed: row.keeps_failed,
            shows_drift: row.shows_drift,
            keeps_volumes: row.keeps_volumes,
        })
    })
    .transpose()
}

/// The live stacks of a repository, with the environment of each.
///
/// # Errors
///
/// What the database says.
pub async fn of_repository(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
) -> Result<Vec<(StackId, EnvironmentId)>> {
    let rows = sqlx::query!(
        "select s.stack_id, s.environment_id
         from stack s join environment e using (environment_id)
         where e.repository_id = $1 and s.removed_at is null order by s.name",
        repository.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list a repository's stacks"))?;
    Ok(rows
        .into_iter()
        .map(|row| (StackId(row.stack_id), EnvironmentId(row.environment_id)))
        .collect())
}

/// A person asks for a stack to be removed, with its environment where that is
/// a preview. Open deployments are cancelled.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn remove(db: impl Begin<'_>, name: &str) -> Result<StackId> {
    let doing = "ask for a stack's removal";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = by_name(&mut *db, name).await?;
    sqlx::query!(
        "update environment set closed_at = now() where environment_id = $1 and closed_at is null",
        stack.environment.0
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    give_up(&mut db, stack.id, "the stack was removed by hand").await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(stack.id)
}

/// A stack is no longer wanted: it becomes absent, and what runs is cancelled.
pub(crate) async fn give_up(db: &mut PgConnection, id: StackId, why: &str) -> Result<()> {
    let doing = "let go of a stack";
    sqlx::query!(
        "update stack set wanted = 'absent', updated_at = now()
         where stack_id = $1 and wanted = 'present'",
        id.0
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    deployments::cancel_open(db, id, why).await?;
    outbox::owe_for_stack(db, id).await?;
    notify::stack(db, id).await
}

/// Says what a stack should be from now on; [`None`] where nothing that it ever
/// was should be kept up.
///
/// # Errors
///
/// `Fenced`, or `NotFound` where the stack is gone.
pub async fn set_release(
    pool: &Pool,
    fence: Fence,
    id: StackId,
    release: Option<ReleaseId>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::SetRelease).await?;
    put_release(&mut db, id, release).await?;
    db.commit().await
}

/// As [`set_release`], within a transaction.
///
/// # Errors
///
/// `NotFound` where the stack is gone.
pub async fn put_release(db: &mut Guarded, id: StackId, release: Option<ReleaseId>) -> Result<()> {
    let done = sqlx::query!(
        "update stack set release_id = $2, updated_at = now()
         where stack_id = $1 and removed_at is null",
        id.0,
        release.map(|release| release.0),
    )
    .execute(&mut **db)
    .await
    .map_err(Error::while_("say what a stack should be"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "stack" }) } else { Ok(()) }
}

/// Stores what a pass saw of a stack, and what it is about to do about it, as far
/// as that is worth telling.
///
/// Call it when that has changed, and now and then otherwise: each call is news to
/// every browser.
///
/// # Errors
///
/// `Fenced`.
pub async fn observe(
    pool: &Pool,
    fence: Fence,
    id: StackId,
    observed: &Value,
    acts: &[NewAct<'_>],
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::Observe).await?;
    sqlx::query!(
        "update stack set observed = $2, observed_at = now() where stack_id = $1",
        id.0,
        storable_json(observed)?,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("store what a pass saw"))?;
    for act in acts {
        acts::record(&mut *db, *act).await?;
    }
    db.commit().await
}

/// Notes that Docker confirmed that nothing of a stack is left.
///
/// # Errors
///
/// `Fenced`, or `Conflict` where it is wanted again or was gone already.
pub async fn mark_removed(pool: &Pool, fence: Fence, id: StackId) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::MarkRemoved).await?;
    let name = sqlx::query_scalar!(
        "update stack set removed_at = now(), updated_at = now()
         where stack_id = $1 and wanted = 'absent' and removed_at is null
         returning name",
        id.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_("note that a stack is gone"))?
    .ok_or(Error::Conflict { what: "stack" })?;
    let act = NewAct::on_stack(Actor::Reconciler, Kind::StackGone, &name);
    acts::record(&mut *db, act).await?;
    claims::drop_all(&mut db, id).await?;
    outbox::owe_for_stack(&mut db, id).await?;
    db.commit().await
}

#[cfg(test)]
mod tests;
