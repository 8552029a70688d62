//! Environments: named targets of repositories. A preview belongs to a pull
//! request and ends with it.

mod settings;

use berth_domain::ids::{EnvironmentId, RepositoryId};
use berth_domain::registry::OnRegistryFailure;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub use self::settings::{Freeze, Settings, on_failure, set, settings};
use crate::leases::Guarded;
use crate::{Error, Result, rules, storable};

/// A named target of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Whose it is.
    pub repository: RepositoryId,
    /// Its name, such as `production` or `pr-12`.
    pub name: String,
    /// The pull request that it is the preview of, if it is one.
    pub preview: Option<PullRequest>,
    /// The host it answers at.
    pub host: String,
    /// What its deployments do where a registry does not answer.
    pub on_registry_failure: OnRegistryFailure,
    /// Since when it is over, if it is.
    pub closed_at: Option<DateTime<Utc>>,
}

/// What a preview shows of its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Its title.
    pub title: String,
    /// Its author's login.
    pub author: String,
}

/// An environment that should be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnvironment {
    /// Whose it is.
    pub repository: RepositoryId,
    /// Its name.
    pub name: String,
    /// The pull request that it is the preview of, if it is one.
    pub preview: Option<PullRequest>,
    /// The host it answers at.
    pub host: String,
    /// What its deployments do where a registry does not answer.
    pub on_registry_failure: OnRegistryFailure,
}

struct EnvironmentRow {
    environment_id: Uuid,
    repository_id: i64,
    name: String,
    pull_request: Option<i64>,
    pull_request_title: Option<String>,
    pull_request_author: Option<String>,
    host: String,
    on_registry_failure: String,
    closed_at: Option<DateTime<Utc>>,
}

impl TryFrom<EnvironmentRow> for Environment {
    type Error = Error;

    fn try_from(row: EnvironmentRow) -> Result<Self> {
        Ok(Self {
            id: EnvironmentId(row.environment_id),
            repository: RepositoryId(row.repository_id),
            name: row.name,
            preview: row.pull_request.map(|number| PullRequest {
                number,
                title: row.pull_request_title.unwrap_or_default(),
                author: row.pull_request_author.unwrap_or_default(),
            }),
            host: row.host,
            on_registry_failure: rules::on_registry_failure(
                "environment",
                &row.on_registry_failure,
            )?,
            closed_at: row.closed_at,
        })
    }
}

/// Makes an environment, or brings the open one of this name up to date.
///
/// # Errors
///
/// `Conflict` where the open one of this name is of another kind: a preview
/// where a permanent one is asked for, or the other way round.
pub async fn ensure(db: &mut Guarded, new: &NewEnvironment) -> Result<Environment> {
    let preview = new.preview.as_ref();
    let row = sqlx::query_as!(
        EnvironmentRow,
        "insert into environment as e (environment_id, repository_id, name, kind, pull_request,
                                       pull_request_title, pull_request_author, host,
                                       on_registry_failure, volumes)
         values ($1, $2, $3, case when $4::bigint is null then 'permanent' else 'preview' end,
                 $4, $5, $6, $7, $8,
                 case when $4::bigint is null then 'keep' else 'with_stack' end)
         on conflict (repository_id, name) where closed_at is null do update
         set pull_request_title = excluded.pull_request_title,
             pull_request_author = excluded.pull_request_author, host = excluded.host,
             on_registry_failure = excluded.on_registry_failure
         where e.pull_request is not distinct from excluded.pull_request
         returning environment_id, repository_id, name, pull_request, pull_request_title,
                   pull_request_author, host, on_registry_failure, closed_at",
        EnvironmentId::fresh().0,
        new.repository.0,
        new.name,
        preview.map(|it| it.number),
        preview.map(|it| storable(&it.title)),
        preview.map(|it| storable(&it.author)),
        new.host,
        new.on_registry_failure.as_str(),
    )
    .fetch_optional(&mut **db)
    .await
    .map_err(Error::while_("make an environment"))?;
    row.ok_or(Error::Conflict { what: "environment" })?.try_into()
}

/// The environment with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: EnvironmentId) -> Result<Environment> {
    sqlx::query_as!(
        EnvironmentRow,
        "select environment_id, repository_id, name, pull_request, pull_request_title,
                pull_request_author, host, on_registry_failure, closed_at
         from environment where environment_id = $1",
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read an environment"))?
    .ok_or(Error::NotFound { what: "environment" })?
    .try_into()
}

/// A repository's open environment of this name.
///
/// # Errors
///
/// What the database says.
pub async fn open_by_name(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
    name: &str,
) -> Result<Option<EnvironmentId>> {
    let id = sqlx::query_scalar!(
        "select environment_id from environment
         where repository_id = $1 and name = $2 and closed_at is null",
        repository.0,
        name,
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find an environment"))?;
    Ok(id.map(EnvironmentId))
}

/// A repository's open previews; of one pull request only, where one is given.
///
/// # Errors
///
/// What the database says.
pub async fn open_previews(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
    pull_request: Option<i64>,
) -> Result<Vec<Environment>> {
    let rows = sqlx::query_as!(
        EnvironmentRow,
        "select environment_id, repository_id, name, pull_request, pull_request_title,
                pull_request_author, host, on_registry_failure, closed_at
         from environment
         where repository_id = $1 and kind = 'preview' and closed_at is null
           and ($2::bigint is null or pull_request = $2)
         order by pull_request, name",
        repository.0,
        pull_request,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the open previews"))?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Notes the title of a pull request on its open previews. Returns whether there
/// are any.
///
/// # Errors
///
/// What the database says.
pub async fn retitle(
    db: &mut Guarded,
    repository: RepositoryId,
    pull_request: i64,
    title: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "update environment set pull_request_title = $3
         where repository_id = $1 and pull_request = $2 and closed_at is null",
        repository.0,
        pull_request,
        storable(title),
    )
    .execute(&mut **db)
    .await
    .map_err(Error::while_("note a pull request's title"))?;
    Ok(done.rows_affected() > 0)
}

/// Ends an environment: its stack is no longer wanted, and its open deployments
/// are cancelled, for the reason given. Returns whether it was open.
///
/// # Errors
///
/// What the database says.
pub async fn close(db: &mut Guarded, id: EnvironmentId, why: &str) -> Result<bool> {
    let closed = sqlx::query!(
        "update environment set closed_at = now() where environment_id = $1 and closed_at is null",
        id.0
    )
    .execute(&mut **db)
    .await
    .map_err(Error::while_("end an environment"))?;
    let stacks = of_environment(db, id).await?;
    for stack in stacks {
        crate::stacks::give_up(db, stack, why).await?;
    }
    Ok(closed.rows_affected() > 0)
}

async fn of_environment(
    db: &mut PgConnection,
    id: EnvironmentId,
) -> Result<Vec<berth_domain::ids::StackId>> {
    let rows = sqlx::query_scalar!(
        "select stack_id from stack where environment_id = $1 and removed_at is null",
        id.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list an environment's stacks"))?;
    Ok(rows.into_iter().map(berth_domain::ids::StackId).collect())
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Phase;
    use berth_domain::fail_point::Write;
    use sqlx::PgPool;

    use super::*;
    use crate::{deployments, seed, stacks};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_environment_is_made_once_and_followed(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        let mut db = Guarded::begin(&pool, seed::lead(&pool).await, Write::Observe).await.unwrap();
        let mut new = seed::preview(repository, 7);
        let first = ensure(&mut db, &new).await.unwrap();
        new.preview.as_mut().unwrap().title = "Better".to_owned();
        new.on_registry_failure = OnRegistryFailure::UseKnown;
        let second = ensure(&mut db, &new).await.unwrap();
        let found = open_by_name(&mut *db, repository, "pr-7").await.unwrap();
        assert_eq!(found, Some(first.id));
        assert_eq!(second.id, first.id);
        assert_eq!(second.on_registry_failure, OnRegistryFailure::UseKnown);
        assert_eq!(second.preview.unwrap().title, "Better");

        assert!(retitle(&mut db, repository, 7, "Best").await.unwrap());
        assert!(!retitle(&mut db, repository, 8, "Best").await.unwrap());
        assert_eq!(get(&mut *db, first.id).await.unwrap().preview.unwrap().title, "Best");

        new.preview = None;
        let clash = ensure(&mut db, &new).await;
        assert!(matches!(clash, Err(Error::Conflict { .. })), "{clash:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn closing_a_preview_lets_go_of_its_stack_and_cancels_what_runs(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
        assert!(close(&mut db, seeded.environment, "pull request 7 was closed").await.unwrap());
        assert!(!close(&mut db, seeded.environment, "again").await.unwrap());
        db.commit().await.unwrap();

        let stack = stacks::get(&pool, seeded.stack).await.unwrap();
        assert_eq!(stack.wanted, stacks::Wanted::Absent);
        let deployment = deployments::get(&pool, seeded.deployment).await.unwrap();
        assert_eq!(deployment.phase, Phase::Cancelled);
        assert_eq!(deployment.reason.unwrap().text, "pull request 7 was closed");
        assert_eq!(open_previews(&pool, seeded.repository, None).await.unwrap(), []);
    }
}
