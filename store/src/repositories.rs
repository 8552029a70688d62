//! Repositories that installations let us see. Names change, ids do not.

use berth_domain::ids::{InstallationId, RepositoryId};
use sqlx::{PgConnection, PgExecutor};

use crate::error::breaks;
use crate::{Error, Result};

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// GitHub's number for it.
    pub id: RepositoryId,
    /// The installation that lets us see it.
    pub installation: InstallationId,
    /// The account it belongs to.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its default branch.
    pub default_branch: String,
    /// Whether only some may see it.
    pub private: bool,
    /// Whether we may no longer see it, or it is archived or gone.
    pub removed: bool,
}

impl Repository {
    /// `owner/name`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// Stores a repository, or what changed of it. `removed` is stored as it is.
///
/// # Errors
///
/// What the database says.
pub async fn put(db: &mut PgConnection, repository: &Repository) -> Result<()> {
    let it = repository;
    sqlx::query!(
        "insert into repository (repository_id, installation_id, owner, name, default_branch,
                                 private, removed_at)
         values ($1, $2, $3, $4, $5, $6, case when $7 then now() end)
         on conflict (repository_id) do update
         set installation_id = excluded.installation_id, owner = excluded.owner,
             name = excluded.name, default_branch = excluded.default_branch,
             private = excluded.private, removed_at = excluded.removed_at, updated_at = now()",
        it.id.0,
        it.installation.0,
        it.owner,
        it.name,
        it.default_branch,
        it.private,
        it.removed,
    )
    .execute(db)
    .await
    .map_err(Error::while_("store a repository"))?;
    Ok(())
}

/// A repository as an event names it in passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// GitHub's number for it.
    pub id: RepositoryId,
    /// The installation that lets us see it.
    pub installation: InstallationId,
    /// The account it belongs to.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its default branch, where the event says so.
    pub default_branch: Option<String>,
    /// Whether only some may see it, where the event says so.
    pub private: Option<bool>,
}

/// Stores a repository that an event names, or what the event says of one that
/// we know. Either way we may see it. Returns whether anything was new.
///
/// # Errors
///
/// `NotFound` where the installation is not known.
pub async fn put_named(db: impl PgExecutor<'_>, named: &Named) -> Result<bool> {
    let done = sqlx::query!(
        "insert into repository as r (repository_id, installation_id, owner, name, default_branch,
                                      private)
         values ($1, $2, $3, $4, coalesce($5, 'main'), coalesce($6, true))
         on conflict (repository_id) do update
         set installation_id = excluded.installation_id, owner = excluded.owner,
             name = excluded.name, default_branch = coalesce($5, r.default_branch),
             private = coalesce($6, r.private), removed_at = null, updated_at = now()
         where (r.installation_id, r.owner, r.name, r.default_branch, r.private)
               is distinct from
               (excluded.installation_id, excluded.owner, excluded.name,
                coalesce($5, r.default_branch), coalesce($6, r.private))
            or r.removed_at is not null",
        named.id.0,
        named.installation.0,
        named.owner,
        named.name,
        named.default_branch,
        named.private,
    )
    .execute(db)
    .await
    .map_err(|source| {
        if breaks(&source, "repository_installation_id_fkey") {
            Error::NotFound { what: "installation" }
        } else {
            Error::while_("store a repository")(source)
        }
    })?;
    Ok(done.rows_affected() > 0)
}

/// Notes that we no longer see a repository. What was deployed stays as it is.
///
/// # Errors
///
/// What the database says.
pub async fn remove(db: impl PgExecutor<'_>, id: RepositoryId) -> Result<()> {
    sqlx::query!(
        "update repository set removed_at = now(), updated_at = now()
         where repository_id = $1 and removed_at is null",
        id.0
    )
    .execute(db)
    .await
    .map_err(Error::while_("remove a repository"))?;
    Ok(())
}

/// The repository with this id, removed ones too.
///
/// # Errors
///
/// What the database says.
pub async fn get(db: impl PgExecutor<'_>, id: RepositoryId) -> Result<Option<Repository>> {
    let row = sqlx::query!(
        r#"
        select repository_id, installation_id, owner, name, default_branch, private,
               removed_at is not null as "removed!"
        from repository where repository_id = $1
        "#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a repository"))?;
    Ok(row.map(|row| Repository {
        id: RepositoryId(row.repository_id),
        installation: InstallationId(row.installation_id),
        owner: row.owner,
        name: row.name,
        default_branch: row.default_branch,
        private: row.private,
        removed: row.removed,
    }))
}

/// Every repository that we may see, by name.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Repository>> {
    let rows = sqlx::query!(
        "select r.repository_id, r.installation_id, r.owner, r.name, r.default_branch, r.private
         from repository r join installation i using (installation_id)
         where r.removed_at is null and i.removed_at is null
         order by r.owner, r.name, r.repository_id"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the repositories"))?;
    Ok(rows
        .into_iter()
        .map(|row| Repository {
            id: RepositoryId(row.repository_id),
            installation: InstallationId(row.installation_id),
            owner: row.owner,
            name: row.name,
            default_branch: row.default_branch,
            private: row.private,
            removed: false,
        })
        .collect())
}

/// Repositories that have rules in force and that GitHub lets us ask about:
/// those that are worth comparing with what is deployed.
///
/// # Errors
///
/// What the database says.
pub async fn with_rules(db: impl PgExecutor<'_>) -> Result<Vec<Repository>> {
    let rows = sqlx::query!(
        "select r.repository_id, r.installation_id, r.owner, r.name, r.default_branch, r.private
         from repository r join installation i using (installation_id)
         where r.removed_at is null and i.removed_at is null and i.suspended_at is null
           and (exists (select from rule where rule.repository_id = r.repository_id and enabled)
                or exists (select from environment e where e.repository_id = r.repository_id
                           and e.kind = 'preview' and e.closed_at is null))
         order by r.repository_id"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the repositories with rules"))?;
    Ok(rows
        .into_iter()
        .map(|row| Repository {
            id: RepositoryId(row.repository_id),
            installation: InstallationId(row.installation_id),
            owner: row.owner,
            name: row.name,
            default_branch: row.default_branch,
            private: row.private,
            removed: false,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::seed;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_repository_is_followed_by_its_id(pool: PgPool) {
        let id = seed::repository(&pool).await;
        let mut db = pool.acquire().await.unwrap();
        let mut it = get(&pool, id).await.unwrap().unwrap();
        assert_eq!(it.full_name(), "acme/shop");

        let mut named = Named {
            id,
            installation: it.installation,
            owner: "acme".to_owned(),
            name: "store".to_owned(),
            default_branch: None,
            private: None,
        };
        assert!(put_named(&pool, &named).await.unwrap());
        assert!(!put_named(&pool, &named).await.unwrap());
        it.name = "store".to_owned();
        assert_eq!(get(&pool, id).await.unwrap(), Some(it.clone()));
        named.installation = InstallationId(404);
        let strange = put_named(&pool, &named).await;
        assert!(matches!(strange, Err(Error::NotFound { what: "installation" })), "{strange:?}");

        remove(&pool, id).await.unwrap();
        assert_eq!(list(&pool).await.unwrap(), []);
        put(&mut db, &it).await.unwrap();
        assert_eq!(list(&pool).await.unwrap(), [it]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn only_repositories_with_rules_are_worth_a_question(pool: PgPool) {
        let id = seed::repository(&pool).await;
        assert_eq!(with_rules(&pool).await.unwrap(), []);
        seed::rule(&pool, id).await;
        assert_eq!(with_rules(&pool).await.unwrap().len(), 1);
    }
}
