//! What GitHub calls the things that we told it about.

use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, RepositoryId};
use sqlx::PgExecutor;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};

/// What GitHub calls a deployment of ours, and what it was told last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GithubReport {
    /// Its number as a deployment.
    pub github_deployment: Option<i64>,
    /// The state that was told last.
    pub state: Option<String>,
    /// The number of its check run.
    pub check_run: Option<i64>,
    /// What the check run was told last, as a digest.
    pub check_state: Option<String>,
}

/// Our comment on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StickyComment {
    /// GitHub's number for it.
    pub id: i64,
    /// A digest of what it says.
    pub body_hash: String,
}

/// What GitHub was told about a deployment; empty where nothing was.
///
/// # Errors
///
/// What the database says.
pub async fn get(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<GithubReport> {
    let row = sqlx::query_as!(
        GithubReport,
        "select github_deployment_id as github_deployment, last_state as state,
                check_run_id as check_run, check_state
         from github_report where deployment_id = $1",
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read what GitHub was told"))?;
    Ok(row.unwrap_or_default())
}

/// Remembers a GitHub deployment and the state that it was told.
///
/// # Errors
///
/// `Fenced`.
pub async fn put_deployment(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    github_deployment: i64,
    state: Option<&str>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::PutGithubDeployment).await?;
    sqlx::query!(
        "insert into github_report (deployment_id, github_deployment_id, last_state)
         values ($1, $2, $3)
         on conflict (deployment_id) do update
         set github_deployment_id = excluded.github_deployment_id,
             last_state = excluded.last_state",
        id.0,
        github_deployment,
        state,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("remember a GitHub deployment"))?;
    db.commit().await
}

/// Remembers a check run and what it was told.
///
/// # Errors
///
/// `Fenced`.
pub async fn put_check_run(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    check_run: i64,
    state: Option<&str>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::PutCheckRun).await?;
    sqlx::query!(
        "insert into github_report (deployment_id, check_run_id, check_state) values ($1, $2, $3)
         on conflict (deployment_id) do update
         set check_run_id = excluded.check_run_id, check_state = excluded.check_state",
        id.0,
        check_run,
        state,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("remember a check run"))?;
    db.commit().await
}

/// Our comment on a pull request, if there is one that we know of.
///
/// # Errors
///
/// What the database says.
pub async fn comment(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
    pull_request: i64,
) -> Result<Option<StickyComment>> {
    sqlx::query_as!(
        StickyComment,
        "select comment_id as id, body_hash from pull_request_comment
         where repository_id = $1 and pull_request = $2",
        repository.0,
        pull_request,
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read our comment on a pull request"))
}

/// Remembers our comment on a pull request.
///
/// # Errors
///
/// `Fenced`.
pub async fn put_comment(
    pool: &Pool,
    fence: Fence,
    repository: RepositoryId,
    pull_request: i64,
    comment: &StickyComment,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::PutComment).await?;
    sqlx::query!(
        "insert into pull_request_comment (repository_id, pull_request, comment_id, body_hash)
         values ($1, $2, $3, $4)
         on conflict (repository_id, pull_request) do update
         set comment_id = excluded.comment_id, body_hash = excluded.body_hash",
        repository.0,
        pull_request,
        comment.id,
        comment.body_hash,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("remember our comment on a pull request"))?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::seed;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_github_was_told_is_remembered_part_by_part(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let id = seeded.deployment;
        assert_eq!(get(&pool, id).await.unwrap(), GithubReport::default());
        put_check_run(&pool, fence, id, 5, Some("x")).await.unwrap();
        put_deployment(&pool, fence, id, 9, None).await.unwrap();
        put_deployment(&pool, fence, id, 9, Some("queued")).await.unwrap();
        let report = GithubReport {
            github_deployment: Some(9),
            state: Some("queued".to_owned()),
            check_run: Some(5),
            check_state: Some("x".to_owned()),
        };
        assert_eq!(get(&pool, id).await.unwrap(), report);

        let sticky = StickyComment { id: 3, body_hash: "h".to_owned() };
        put_comment(&pool, fence, seeded.repository, 7, &sticky).await.unwrap();
        assert_eq!(comment(&pool, seeded.repository, 7).await.unwrap(), Some(sticky));
        assert_eq!(comment(&pool, seeded.repository, 8).await.unwrap(), None);
    }
}
