//! Moving a deployment on. Every write is fenced, and compares what it found
//! with what it expects: a deployment that was replaced or cancelled meanwhile
//! answers `Conflict`.

use std::time::Duration;

use berth_domain::deployment::{Event, OnFailure, Phase, Reason, Step};
use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, StackId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::intent::Begin;
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, environments, notify, outbox, storable, storable_json};

/// A step under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// When it began, which a restart of Berth does not change.
    pub started_at: DateTime<Utc>,
    /// When it has taken too long.
    pub deadline_at: DateTime<Utc>,
    /// How long it has from now on, by Postgres's clock.
    pub left: Duration,
}

/// Begins a step, or goes on with it: the first call sets its start and a
/// deadline `limit` later, and further ones find them.
///
/// # Errors
///
/// `Fenced`; `Conflict` where the deployment does not stand before this step.
pub async fn begin_step(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    step: Step,
    limit: Duration,
) -> Result<Begun> {
    let doing = "begin a deployment's step";
    let mut db = Guarded::begin(pool, fence, Write::BeginStep).await?;
    let row =
        sqlx::query!("select phase from deployment where deployment_id = $1 for update", id.0)
            .fetch_optional(&mut *db)
            .await
            .map_err(Error::while_(doing))?
            .ok_or(Error::NotFound { what: "deployment" })?;
    let phase: Phase = row.phase.parse().map_err(Error::corrupt("deployment"))?;
    if phase.step() != Some(step) {
        return Err(Error::Conflict { what: "deployment" });
    }
    let begun = sqlx::query!(
        "insert into deployment_phase (deployment_id, phase, state) values ($1, $2, 'running')
         on conflict do nothing",
        id.0,
        step.reaches().as_str(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if begun.rows_affected() > 0 {
        sqlx::query!(
            "update deployment set deadline_at = now() + make_interval(secs => $2),
                                   updated_at = now()
             where deployment_id = $1",
            id.0,
            limit.as_secs_f64(),
        )
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    }
    let row = sqlx::query!(
        r#"
        select p.started_at, d.deadline_at,
               greatest(extract(epoch from d.deadline_at - now()), 0)::float8 as "left!"
        from deployment d join deployment_phase p using (deployment_id)
        where d.deployment_id = $1 and p.phase = $2
        "#,
        id.0,
        step.reaches().as_str(),
    )
    .fetch_one(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    db.commit().await?;
    Ok(Begun {
        started_at: row.started_at,
        deadline_at: row.deadline_at,
        left: Duration::try_from_secs_f64(row.left).unwrap_or_default(),
    })
}

/// Says how the step under way is getting on, and gives it so much more time because
/// it waited for others. News only if it differs.
///
/// # Errors
///
/// `Fenced`.
pub async fn note(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    step: Step,
    (message, waited): (&str, Duration),
) -> Result<()> {
    let doing = "note a step's progress";
    let mut db = Guarded::begin(pool, fence, Write::NoteStep).await?;
    sqlx::query!(
        "update deployment_phase set message = $3
         where deployment_id = $1 and phase = $2 and state = 'running' and message <> $3",
        id.0,
        step.reaches().as_str(),
        storable(message),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if !waited.is_zero() {
        sqlx::query!(
            "update deployment set deadline_at = deadline_at + make_interval(secs => $2)
             where deployment_id = $1 and finished_at is null",
            id.0,
            waited.as_secs_f64(),
        )
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    }
    db.commit().await
}

/// Moves a deployment over `step`, and returns where it stands then. An empty `message` keeps what was [noted](note). Doing it twice
/// is as good as once.
///
/// # Errors
///
/// `Fenced`; `Conflict` where it does not stand before this step.
pub async fn advance(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    step: Step,
    message: &str,
) -> Result<Phase> {
    let doing = "advance a deployment";
    let to = step.reaches();
    let from = Phase::ALL
        .into_iter()
        .find(|phase| phase.step() == Some(step))
        .expect("invariant: every step follows a phase");
    let mut db = Guarded::begin(pool, fence, Write::Advance).await?;
    let moved = sqlx::query!(
        "update deployment
         set phase = $3, updated_at = now(),
             finished_at = case when $3 = 'succeeded' then now() end
         where deployment_id = $1 and phase = $2",
        id.0,
        from.as_str(),
        to.as_str(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if moved.rows_affected() == 0 {
        return match phase(&mut db, id).await? {
            there if there == to => Ok(to),
            _ => Err(Error::Conflict { what: "deployment" }),
        };
    }
    sqlx::query!(
        "insert into deployment_phase as p (deployment_id, phase, ended_at, state, message)
         values ($1, $2, now(), 'done', $3)
         on conflict (deployment_id, phase) do update
         set ended_at = now(), state = 'done',
             message = case when $3 = '' then p.message else $3 end",
        id.0,
        to.as_str(),
        storable(message),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let mut news = vec![id];
    if to == Phase::Succeeded {
        news.extend(shown_as_active(&mut db, id).await?);
    }
    outbox::owe(&mut db, &news).await?;
    db.commit().await?;
    Ok(to)
}

/// Earlier deployments of the same stack that GitHub still shows as active.
async fn shown_as_active(db: &mut PgConnection, id: DeploymentId) -> Result<Vec<DeploymentId>> {
    let rows = sqlx::query_scalar!(
        "select d.deployment_id
         from deployment d join github_report g using (deployment_id)
         where d.stack_id = (select stack_id from deployment where deployment_id = $1)
           and d.deployment_id <> $1 and g.last_state = 'success'",
        id.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("find the deployments that GitHub shows as active"))?;
    Ok(rows.into_iter().map(DeploymentId).collect())
}

/// A deployment failed. Its stack should be, again, what last succeeded, unless
/// its environment keeps what failed.
///
/// # Errors
///
/// `Fenced`; `Conflict` where it is over already.
pub async fn fail(pool: &Pool, fence: Fence, id: DeploymentId, reason: &Reason) -> Result<()> {
    end(pool, fence, id, Event::GaveUp, reason).await
}

/// A deployment was stopped, because somebody [asked](request_cancel) for it.
/// Its stack should be, again, what last succeeded.
///
/// # Errors
///
/// `Fenced`; `Conflict` where it is over already.
pub async fn cancel(pool: &Pool, fence: Fence, id: DeploymentId, why: &str) -> Result<()> {
    let reason = Reason { code: "cancelled".to_owned(), text: why.to_owned(), place: None };
    end(pool, fence, id, Event::Stopped, &reason).await
}

async fn end(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    event: Event,
    reason: &Reason,
) -> Result<()> {
    let doing = "end a deployment";
    let mut db = Guarded::begin(pool, fence, Write::EndDeployment).await?;
    // The stack first, as everywhere, so that no two wait for each other.
    let stack = sqlx::query_scalar!(
        "select s.stack_id from stack s join deployment d using (stack_id)
         where d.deployment_id = $1 for update of s",
        id.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    let to = phase(&mut db, id)
        .await?
        .next(event)
        .map_err(|_| Error::Conflict { what: "deployment" })?;
    let done = sqlx::query!(
        "update deployment
         set phase = $2, reason = $3, finished_at = now(), updated_at = now()
         where deployment_id = $1 and finished_at is null",
        id.0,
        to.as_str(),
        storable_json(reason)?,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict { what: "deployment" });
    }
    let state = if to == Phase::Failed { "failed" } else { "stopped" };
    close_step(&mut db, id, state, &reason.text).await?;
    let kept = to == Phase::Failed
        && environments::on_failure(&mut *db, StackId(stack)).await? == OnFailure::Keep;
    if !kept {
        go_back(&mut db, StackId(stack)).await?;
    }
    outbox::owe(&mut db, &[id]).await?;
    notify::stack(&mut *db, StackId(stack)).await?;
    db.commit().await
}

/// The stack should be what last succeeded: not what this deployment made, nor
/// what one made that it took over from.
async fn go_back(db: &mut PgConnection, stack: StackId) -> Result<()> {
    sqlx::query!(
        "update stack s
         set release_id = (select d.release_id from deployment d
                           where d.stack_id = s.stack_id and d.phase = 'succeeded'
                             and d.release_id is not null
                           order by d.number desc limit 1),
             updated_at = now()
         where s.stack_id = $1",
        stack.0
    )
    .execute(db)
    .await
    .map_err(Error::while_("go back to the last good release"))?;
    Ok(())
}

/// Ends the step under way; where none is, the one that would have come next.
pub(super) async fn close_step(
    db: &mut PgConnection,
    id: DeploymentId,
    state: &str,
    message: &str,
) -> Result<()> {
    let doing = "end a deployment's step";
    let running = sqlx::query!(
        "update deployment_phase set ended_at = now(), state = $2, message = $3
         where deployment_id = $1 and state = 'running'",
        id.0,
        state,
        storable(message),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if running.rows_affected() > 0 {
        return Ok(());
    }
    let done = super::phases(&mut *db, id).await?;
    let last = done.last().map_or(Phase::Received, |row| row.phase);
    let Some(step) = last.step() else { return Ok(()) };
    sqlx::query!(
        "insert into deployment_phase (deployment_id, phase, ended_at, state, message)
         values ($1, $2, now(), $3, $4)
         on conflict do nothing",
        id.0,
        step.reaches().as_str(),
        state,
        storable(message),
    )
    .execute(db)
    .await
    .map_err(Error::while_(doing))?;
    Ok(())
}

/// Somebody wants a deployment stopped; the leader will see to it.
///
/// # Errors
///
/// `NotFound` where there is none, `Conflict` where it is over.
pub async fn request_cancel(db: impl Begin<'_>, id: DeploymentId) -> Result<()> {
    let doing = "ask for a deployment to be stopped";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = sqlx::query_scalar!(
        "update deployment
         set cancel_requested_at = coalesce(cancel_requested_at, now()), updated_at = now()
         where deployment_id = $1 and finished_at is null
         returning stack_id",
        id.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let Some(stack) = stack else {
        super::get(&mut *db, id).await?;
        return Err(Error::Conflict { what: "deployment" });
    };
    notify::stack(&mut *db, StackId(stack)).await?;
    db.commit().await.map_err(Error::while_(doing))
}

async fn phase(db: &mut PgConnection, id: DeploymentId) -> Result<Phase> {
    sqlx::query_scalar!("select phase from deployment where deployment_id = $1", id.0)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("read a deployment's phase"))?
        .ok_or(Error::NotFound { what: "deployment" })?
        .parse()
        .map_err(Error::corrupt("deployment"))
}
