//! Our App on accounts; follows GitHub's installation events.

use berth_domain::ids::InstallationId;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;

use crate::{Error, Result};

/// Our App on an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Installation {
    /// GitHub's number for it.
    pub id: InstallationId,
    /// GitHub's number for the account.
    pub account_id: i64,
    /// The account's name.
    pub account_login: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// `all` or `selected`.
    pub repository_selection: String,
    /// What we may do, as GitHub says it.
    pub permissions: Value,
    /// Since when GitHub refuses us, if it does.
    pub suspended_at: Option<DateTime<Utc>>,
}

/// Stores an installation, or what changed of it; one that was removed is there
/// again.
///
/// # Errors
///
/// What the database says.
pub async fn put(db: impl PgExecutor<'_>, installation: &Installation) -> Result<()> {
    let it = installation;
    sqlx::query!(
        "insert into installation (installation_id, account_id, account_login, account_kind,
                                   repository_selection, permissions, suspended_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (installation_id) do update
         set account_id = excluded.account_id, account_login = excluded.account_login,
             account_kind = excluded.account_kind,
             repository_selection = excluded.repository_selection,
             permissions = excluded.permissions, suspended_at = excluded.suspended_at,
             removed_at = null, updated_at = now()",
        it.id.0,
        it.account_id,
        it.account_login,
        it.account_kind,
        it.repository_selection,
        it.permissions,
        it.suspended_at,
    )
    .execute(db)
    .await
    .map_err(Error::while_("store an installation"))?;
    Ok(())
}

/// Notes that an installation was suspended, or is no longer. One that we do
/// not know is left alone.
///
/// # Errors
///
/// What the database says.
pub async fn set_suspended(
    db: impl PgExecutor<'_>,
    id: InstallationId,
    suspended_at: Option<DateTime<Utc>>,
) -> Result<()> {
    sqlx::query!(
        "update installation set suspended_at = $2, updated_at = now() where installation_id = $1",
        id.0,
        suspended_at,
    )
    .execute(db)
    .await
    .map_err(Error::while_("note that an installation was suspended"))?;
    Ok(())
}

/// Notes whether an installation sees all repositories or selected ones.
///
/// # Errors
///
/// What the database says.
pub async fn set_selection(
    db: impl PgExecutor<'_>,
    id: InstallationId,
    selection: &str,
) -> Result<()> {
    sqlx::query!(
        "update installation set repository_selection = $2, updated_at = now()
         where installation_id = $1 and repository_selection <> $2",
        id.0,
        selection,
    )
    .execute(db)
    .await
    .map_err(Error::while_("note what an installation sees"))?;
    Ok(())
}

/// Whether we know an installation that is not removed.
///
/// # Errors
///
/// What the database says.
pub async fn is_known(db: impl PgExecutor<'_>, id: InstallationId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from installation where installation_id = $1 and removed_at is null
        ) as "known!"
        "#,
        id.0
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("look an installation up"))
}

/// Notes that an account has another name, on its installation and its
/// repositories.
///
/// # Errors
///
/// What the database says.
pub async fn rename_account(db: impl PgExecutor<'_>, account_id: i64, login: &str) -> Result<()> {
    sqlx::query!(
        "with renamed as (
             update installation set account_login = $2, updated_at = now()
             where account_id = $1 returning installation_id
         )
         update repository set owner = $2, updated_at = now()
         where installation_id in (select installation_id from renamed) and owner <> $2",
        account_id,
        login,
    )
    .execute(db)
    .await
    .map_err(Error::while_("rename an account"))?;
    Ok(())
}

/// Notes that an installation is gone, and its repositories with it. What was
/// deployed stays as it is.
///
/// # Errors
///
/// What the database says.
pub async fn remove(db: impl PgExecutor<'_>, id: InstallationId) -> Result<()> {
    sqlx::query!(
        "with removed as (
             update installation set removed_at = now(), updated_at = now()
             where installation_id = $1 and removed_at is null
         )
         update repository set removed_at = now(), updated_at = now()
         where installation_id = $1 and removed_at is null",
        id.0,
    )
    .execute(db)
    .await
    .map_err(Error::while_("remove an installation"))?;
    Ok(())
}

/// Every installation that is there, by account.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Installation>> {
    let rows = sqlx::query!(
        "select installation_id, account_id, account_login, account_kind, repository_selection,
                permissions, suspended_at
         from installation where removed_at is null order by account_login, installation_id"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the installations"))?;
    Ok(rows
        .into_iter()
        .map(|row| Installation {
            id: InstallationId(row.installation_id),
            account_id: row.account_id,
            account_login: row.account_login,
            account_kind: row.account_kind,
            repository_selection: row.repository_selection,
            permissions: row.permissions,
            suspended_at: row.suspended_at,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::{repositories, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_installation_that_goes_takes_its_repositories_and_may_return(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        rename_account(&pool, 10, "acme-2").await.unwrap();
        let renamed = repositories::get(&pool, repository).await.unwrap().unwrap();
        assert_eq!(renamed.owner, "acme-2");

        set_selection(&pool, InstallationId(1), "selected").await.unwrap();
        assert_eq!(list(&pool).await.unwrap()[0].repository_selection, "selected");
        assert!(is_known(&pool, InstallationId(1)).await.unwrap());
        remove(&pool, InstallationId(1)).await.unwrap();
        assert!(!is_known(&pool, InstallationId(1)).await.unwrap());
        assert_eq!(list(&pool).await.unwrap(), []);
        assert!(repositories::get(&pool, repository).await.unwrap().unwrap().removed);

        put(&pool, &seed::installation()).await.unwrap();
        assert_eq!(list(&pool).await.unwrap(), [seed::installation()]);
    }
}
