//! What GitHub is owed: one row a subject. The newest state is what is sent, so
//! a burst of changes becomes one call.

use std::time::Duration;

use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, EnvironmentId, RepositoryId, StackId};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, notify, storable};

/// What is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A GitHub deployment and its status.
    Deployment,
    /// A check run.
    CheckRun,
    /// The comment on a pull request.
    Comment,
}

/// A report that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its number.
    pub id: i64,
    /// What it is about; there is one row a subject.
    pub subject: String,
    /// What is reported.
    pub kind: Kind,
    /// Where.
    pub repository: RepositoryId,
    /// Of which deployment; of a comment, the newest.
    pub deployment: Option<DeploymentId>,
    /// Of which environment.
    pub environment: Option<EnvironmentId>,
    /// How often sending has failed.
    pub attempts: u32,
    /// When its subject last changed; [`sent`] compares it.
    pub changed_at: DateTime<Utc>,
}

/// Owes GitHub the state of these deployments, and of the comments on their
/// pull requests. In the transaction that changed them.
pub(crate) async fn owe(db: &mut PgConnection, ids: &[DeploymentId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
    // A row that waits keeps its time: a report that is being held back, by a
    // limit or by our own patience, is not sent sooner because it changed again.
    sqlx::query!(
        "with d as (
             select d.deployment_id, d.number, e.environment_id, e.repository_id, e.pull_request
             from deployment d join stack s using (stack_id) join environment e using (environment_id)
             where d.deployment_id = any($1)
         ), due as (
             select 'deployment:' || deployment_id as subject, 'deployment' as kind, repository_id,
                    deployment_id, environment_id, 0.2 as pause
             from d
             union all
             select 'check_run:' || deployment_id, 'check_run', repository_id, deployment_id,
                    environment_id, 0.2
             from d
             union all
             select distinct on (repository_id, pull_request)
                    'comment:' || repository_id || ':' || pull_request, 'comment', repository_id,
                    deployment_id, environment_id, 1.0
             from (select * from d where pull_request is not null
                   order by repository_id, pull_request, number desc) c
         )
         insert into outbox as o (subject, kind, repository_id, deployment_id, environment_id,
                                  due_at, changed_at)
         select subject, kind, repository_id, deployment_id, environment_id,
                now() + make_interval(secs => pause), clock_timestamp()
         from due
         order by subject
         on conflict (subject) do update
         set deployment_id = excluded.deployment_id, environment_id = excluded.environment_id,
             changed_at = excluded.changed_at, sent_at = null,
             due_at = case when o.sent_at is null then o.due_at else excluded.due_at end,
             attempts = case when o.sent_at is null then o.attempts else 0 end",
        &ids
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("owe GitHub a report"))?;
    notify::outbox(db).await
}

/// Owes GitHub the state of a stack's deployments that it shows as active, or
/// of the newest where there are none.
pub(crate) async fn owe_for_stack(db: &mut PgConnection, stack: StackId) -> Result<()> {
    let ids = sqlx::query_scalar!(
        "select d.deployment_id
         from deployment d left join github_report g using (deployment_id)
         where d.stack_id = $1
           and (g.last_state = 'success'
                or d.number = (select max(number) from deployment where stack_id = $1))",
        stack.0
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_("find what GitHub shows of a stack"))?;
    let ids: Vec<_> = ids.into_iter().map(DeploymentId).collect();
    owe(db, &ids).await
}

/// Reports that are due, the longest overdue first.
///
/// # Errors
///
/// What the database says.
pub async fn due(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Report>> {
    let rows = sqlx::query!(
        "select outbox_id, subject, kind, repository_id, deployment_id, environment_id, attempts,
                changed_at
         from outbox where sent_at is null and due_at <= now()
         order by due_at, outbox_id limit $1",
        limit
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read what GitHub is owed"))?;
    rows.into_iter()
        .map(|row| {
            let kind = match row.kind.as_str() {
                "deployment" => Kind::Deployment,
                "check_run" => Kind::CheckRun,
                "comment" => Kind::Comment,
                other => {
                    let message = format!("{other:?} is no kind of report");
                    return Err(Error::Corrupt { what: "report", message });
                }
            };
            Ok(Report {
                id: row.outbox_id,
                subject: row.subject,
                kind,
                repository: RepositoryId(row.repository_id),
                deployment: row.deployment_id.map(DeploymentId),
                environment: row.environment_id.map(EnvironmentId),
                attempts: row.attempts.try_into().unwrap_or_default(),
                changed_at: row.changed_at,
            })
        })
        .collect()
}

/// How long until the next report is due; [`None`] where none waits.
///
/// # Errors
///
/// What the database says.
pub async fn next_due(db: impl PgExecutor<'_>) -> Result<Option<Duration>> {
    let seconds = sqlx::query_scalar!(
        "select extract(epoch from min(due_at) - now())::float8 from outbox where sent_at is null"
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("ask when GitHub is owed something"))?;
    Ok(seconds.map(|wait| Duration::try_from_secs_f64(wait).unwrap_or_default()))
}

/// GitHub has been told. If the subject changed since the report was read, it
/// stays due.
///
/// # Errors
///
/// `Fenced`.
pub async fn sent(pool: &Pool, fence: Fence, report: &Report) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::ReportSent).await?;
    sqlx::query!(
        "update outbox
         set attempts = 0, last_error = null,
             sent_at = case when changed_at = $2 then now() end,
             due_at = case when changed_at = $2 then due_at else now() + interval '1 second' end
         where outbox_id = $1",
        report.id,
        report.changed_at,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("note that GitHub was told"))?;
    db.commit().await
}

/// GitHub could not be told; it will be tried again after `wait`.
///
/// # Errors
///
/// `Fenced`.
pub async fn failed(
    pool: &Pool,
    fence: Fence,
    report: &Report,
    wait: Duration,
    error: &str,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::ReportFailed).await?;
    sqlx::query!(
        "update outbox
         set attempts = attempts + 1, last_error = $3,
             due_at = now() + make_interval(secs => $2)
         where outbox_id = $1",
        report.id,
        wait.as_secs_f64(),
        storable(error),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("note that GitHub could not be told"))?;
    db.commit().await
}

/// GitHub will never take this report: it is left, with the reason. A change of
/// its subject makes it due again.
///
/// # Errors
///
/// `Fenced`.
pub async fn dropped(pool: &Pool, fence: Fence, report: &Report, why: &str) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::ReportDropped).await?;
    sqlx::query!(
        "update outbox set attempts = attempts + 1, last_error = $2, sent_at = now()
         where outbox_id = $1",
        report.id,
        storable(why),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("drop a report"))?;
    db.commit().await
}

/// Puts off everything that is owed to a repository's installation: GitHub said
/// for how long to leave it alone.
///
/// # Errors
///
/// `Fenced`.
pub async fn hold(
    pool: &Pool,
    fence: Fence,
    repository: RepositoryId,
    wait: Duration,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::HoldReports).await?;
    sqlx::query!(
        "update outbox
         set due_at = greatest(due_at, now() + make_interval(secs => $2))
         where sent_at is null and repository_id in (
             select r.repository_id from repository r
             where r.installation_id =
                   (select installation_id from repository where repository_id = $1))",
        repository.0,
        wait.as_secs_f64(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("hold reports back"))?;
    db.commit().await
}

#[cfg(test)]
mod tests;
