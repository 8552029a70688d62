//! What a deployment's builds and jobs wrote, a row a line, in order.

use berth_domain::fail_point::Write;
use berth_domain::ids::DeploymentId;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable};

/// A line to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// The service whose image is built.
    pub service: String,
    /// The line, with no newline at its end.
    pub line: String,
}

/// A line that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, which grows.
    pub id: i64,
    /// The service whose image is built.
    pub service: String,
    /// The line.
    pub line: String,
    /// When it was stored.
    pub at: DateTime<Utc>,
}

/// Stores lines in their order, in one statement.
///
/// # Errors
///
/// `Fenced`.
pub async fn append(
    pool: &Pool,
    fence: Fence,
    deployment: DeploymentId,
    lines: &[NewLine],
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let services: Vec<String> = lines.iter().map(|it| storable(&it.service)).collect();
    let texts: Vec<String> = lines.iter().map(|it| storable(&it.line)).collect();
    let mut db = begin(pool, fence).await?;
    sqlx::query!(
        "insert into build_log (deployment_id, service, line)
         select $1, service, line
         from unnest($2::text[], $3::text[]) with ordinality as t (service, line, place)
         order by place",
        deployment.0,
        &services,
        &texts,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("store a build's output"))?;
    db.commit().await
}

/// Lines are written in one transaction, a build's and a job's alike.
async fn begin(pool: &Pool, fence: Fence) -> Result<Guarded> {
    Guarded::begin(pool, fence, Write::AppendBuildLog).await
}

/// Stores what a job wrote, once it ended. Doing it twice is as good as once: what
/// is stored first stays.
///
/// # Errors
///
/// `Fenced`.
pub async fn keep_job(
    pool: &Pool,
    fence: Fence,
    deployment: DeploymentId,
    job: &str,
    lines: &[String],
) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = lines.iter().map(|line| storable(line)).collect();
    let mut db = begin(pool, fence).await?;
    sqlx::query!(
        "insert into build_log (deployment_id, service, source, line)
         select $1, $2, 'job', line
         from unnest($3::text[]) with ordinality as t (line, place)
         where not exists (select from build_log
                           where deployment_id = $1 and service = $2 and source = 'job')
         order by place",
        deployment.0,
        job,
        &texts,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("store a job's output"))?;
    db.commit().await
}

/// The lines after number `after`, oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn read(
    db: impl PgExecutor<'_>,
    deployment: DeploymentId,
    after: i64,
    limit: i64,
) -> Result<Vec<Line>> {
    sqlx::query_as!(
        Line,
        "select build_log_id as id, service, line, logged_at as at
         from build_log where deployment_id = $1 and build_log_id > $2
         order by build_log_id limit $3",
        deployment.0,
        after,
        limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read a build's output"))
}

/// The last lines of a deployment's builds, oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn tail(
    db: impl PgExecutor<'_>,
    deployment: DeploymentId,
    limit: i64,
) -> Result<Vec<Line>> {
    let mut lines = sqlx::query_as!(
        Line,
        "select build_log_id as id, service, line, logged_at as at
         from build_log where deployment_id = $1
         order by build_log_id desc limit $2",
        deployment.0,
        limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read the end of a build's output"))?;
    lines.reverse();
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::seed;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn lines_come_back_in_their_order(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        let new: Vec<NewLine> = ["one", "two\0", "three"]
            .map(|line| NewLine { service: "web".to_owned(), line: line.to_owned() })
            .to_vec();
        append(&pool, fence, id, &new).await.unwrap();
        append(&pool, fence, id, &[]).await.unwrap();
        let all = read(&pool, id, 0, 10).await.unwrap();
        let texts: Vec<_> = all.iter().map(|it| it.line.as_str()).collect();
        assert_eq!(texts, ["one", "two\u{fffd}", "three"]);
        assert_eq!(read(&pool, id, all[0].id, 1).await.unwrap(), [all[1].clone()]);
        assert_eq!(tail(&pool, id, 2).await.unwrap(), all[1..]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_a_job_wrote_is_kept_once_beside_what_its_build_wrote(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        let built = NewLine { service: "migrate".to_owned(), line: "built".to_owned() };
        append(&pool, fence, id, &[built]).await.unwrap();
        let wrote = ["made 3 tables".to_owned(), "done\0".to_owned()];
        keep_job(&pool, fence, id, "migrate", &wrote).await.unwrap();
        // After a crash the same is asked for again.
        keep_job(&pool, fence, id, "migrate", &wrote).await.unwrap();
        keep_job(&pool, fence, id, "warm", &[]).await.unwrap();
        let all = crate::views::deployments::log(&pool, id.0, 0, 10).await.unwrap();
        let lines: Vec<_> = all.iter().map(|it| (it.source.as_str(), it.line.as_str())).collect();
        assert_eq!(lines, [("build", "built"), ("job", "made 3 tables"), ("job", "done\u{fffd}")]);
    }
}
