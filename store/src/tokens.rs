//! API tokens, known by their hash.

use std::time::Duration;

use berth_domain::ids::UserId;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::accounts::{Account, Role};
use crate::{Error, Result};

/// How often being used is written down: not on every request.
const USED: Duration = Duration::from_secs(60);

/// A token, less the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to about a minute.
    pub used_at: Option<DateTime<Utc>>,
}

/// Stores a token of `user`, and returns its id.
///
/// # Errors
///
/// What the database says.
pub async fn create(
    db: impl PgExecutor<'_>,
    hash: &[u8; 32],
    user: UserId,
    name: &str,
) -> Result<Uuid> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into api_token (token_id, user_id, name, token_hash) values ($1, $2, $3, $4)",
        id,
        user.0,
        name,
        &hash[..],
    )
    .execute(db)
    .await
    .map_err(Error::while_("store a token"))?;
    Ok(id)
}

/// Whose token this is, if it was not revoked.
///
/// # Errors
///
/// What the database says.
pub async fn find(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<Option<Account>> {
    let row = sqlx::query!(
        "with used as (
             update api_token set used_at = now()
             where token_hash = $1 and revoked_at is null
               and (used_at is null or used_at < now() - make_interval(secs => $2))
             returning user_id
         ), known as (
             update account set seen_at = now() where user_id in (select user_id from used)
         )
         select a.user_id, a.email, a.name, a.role
         from api_token t join account a using (user_id)
         where t.token_hash = $1 and t.revoked_at is null",
        &hash[..],
        USED.as_secs_f64(),
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look a token up"))?;
    row.map(|row| {
        Ok(Account {
            id: UserId(row.user_id),
            email: row.email,
            name: row.name,
            role: Role::parse(&row.role)?,
        })
    })
    .transpose()
}

/// The tokens of `user` that are in force, newest first.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>, user: UserId) -> Result<Vec<ApiToken>> {
    sqlx::query_as!(
        ApiToken,
        "select token_id as id, name, created_at, used_at from api_token
         where user_id = $1 and revoked_at is null order by created_at desc, token_id desc",
        user.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list tokens"))
}

/// Revokes a token of `user`, and returns its name.
///
/// # Errors
///
/// `NotFound` where they have no such token in force.
pub async fn revoke(db: impl PgExecutor<'_>, user: UserId, id: Uuid) -> Result<String> {
    sqlx::query_scalar!(
        "update api_token set revoked_at = now()
         where token_id = $1 and user_id = $2 and revoked_at is null
         returning name",
        id,
        user.0,
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("revoke a token"))?
    .ok_or(Error::NotFound { what: "token" })
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_token_works_until_its_owner_revokes_it(pool: PgPool) {
        let account = ada(&pool).await;
        let id = create(&pool, &[7; 32], account.id, "ci").await.unwrap();
        let kept = create(&pool, &[8; 32], account.id, "laptop").await.unwrap();
        assert_eq!(list(&pool, account.id).await.unwrap().last().unwrap().used_at, None);
        assert_eq!(find(&pool, &[7; 32]).await.unwrap(), Some(account.clone()));
        assert!(list(&pool, account.id).await.unwrap().last().unwrap().used_at.is_some());
        assert_eq!(find(&pool, &[9; 32]).await.unwrap(), None);

        let stranger = revoke(&pool, UserId::fresh(), id).await;
        assert!(matches!(stranger, Err(Error::NotFound { .. })), "{stranger:?}");
        revoke(&pool, account.id, id).await.unwrap();
        assert_eq!(find(&pool, &[7; 32]).await.unwrap(), None);
        let left: Vec<_> = list(&pool, account.id).await.unwrap().iter().map(|it| it.id).collect();
        assert_eq!(left, [kept]);
    }
}
