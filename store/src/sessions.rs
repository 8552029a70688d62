//! Browsers that are logged in. A session is known by the hash of its cookie's
//! value, so that the table alone logs nobody in.

pub mod own;

use std::time::Duration;

use berth_domain::ids::UserId;
use sqlx::PgExecutor;

use crate::accounts::{Account, Role};
use crate::{Error, Result};

/// How long a session lasts after it was last seen.
pub const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How often being seen is written down: not on every request.
const SEEN: Duration = Duration::from_secs(10 * 60);

/// Stores a session of `user`, and forgets those that have run out.
///
/// # Errors
///
/// What the database says.
pub async fn create(
    db: impl PgExecutor<'_>,
    hash: &[u8; 32],
    user: UserId,
    user_agent: &str,
) -> Result<()> {
    sqlx::query!(
        "with expired as (delete from login_session where expires_at < now()),
              seen as (update account set seen_at = now() where user_id = $2)
         insert into login_session (session_hash, user_id, user_agent, expires_at)
         values ($1, $2, left($3, 300), now() + make_interval(secs => $4))",
        &hash[..],
        user.0,
        user_agent,
        LIFETIME.as_secs_f64(),
    )
    .execute(db)
    .await
    .map_err(Error::while_("store a session"))?;
    Ok(())
}

/// Whose session this is, if it runs. Being asked for keeps it alive.
///
/// # Errors
///
/// What the database says.
pub async fn find(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<Option<Account>> {
    let row = sqlx::query!(
        "with seen as (
             update login_session
             set seen_at = now(), expires_at = now() + make_interval(secs => $2)
             where session_hash = $1 and expires_at > now()
               and seen_at < now() - make_interval(secs => $3)
             returning user_id
         ), known as (
             update account set seen_at = now() where user_id in (select user_id from seen)
         )
         select a.user_id, a.email, a.name, a.role
         from login_session s join account a using (user_id)
         where s.session_hash = $1 and s.expires_at > now()",
        &hash[..],
        LIFETIME.as_secs_f64(),
        SEEN.as_secs_f64(),
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look a session up"))?;
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

/// Ends a session; one that is gone already is no error.
///
/// # Errors
///
/// What the database says.
pub async fn delete(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<()> {
    sqlx::query!("delete from login_session where session_hash = $1", &hash[..])
        .execute(db)
        .await
        .map_err(Error::while_("end a session"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;

    const HASH: [u8; 32] = [7; 32];

    async fn age(pool: &PgPool, seen: &str, expires: &str) {
        sqlx::query(
            "update login_session set seen_at = now() - $1::interval,
                                      expires_at = now() + $2::interval",
        )
        .bind(seen)
        .bind(expires)
        .execute(pool)
        .await
        .unwrap();
    }

    async fn days_left(pool: &PgPool) -> i32 {
        sqlx::query_scalar(
            "select round(extract(epoch from expires_at - now()) / 86400)::int from login_session",
        )
        .fetch_one(pool)
        .await
        .unwrap()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_session_lives_as_long_as_it_is_used(pool: PgPool) {
        let account = ada(&pool).await;
        create(&pool, &HASH, account.id, "a browser").await.unwrap();
        assert_eq!(find(&pool, &HASH).await.unwrap(), Some(account.clone()));
        assert_eq!(find(&pool, &[8; 32]).await.unwrap(), None);

        age(&pool, "1 minute", "3 days").await;
        find(&pool, &HASH).await.unwrap().unwrap();
        assert_eq!(days_left(&pool).await, 3, "seen a minute ago: nothing is written");
        age(&pool, "1 hour", "3 days").await;
        find(&pool, &HASH).await.unwrap().unwrap();
        assert_eq!(days_left(&pool).await, 30);

        age(&pool, "1 hour", "-1 second").await;
        assert_eq!(find(&pool, &HASH).await.unwrap(), None, "it has run out");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_ended_session_is_gone(pool: PgPool) {
        let account = ada(&pool).await;
        create(&pool, &HASH, account.id, "").await.unwrap();
        delete(&pool, &HASH).await.unwrap();
        delete(&pool, &HASH).await.unwrap();
        assert_eq!(find(&pool, &HASH).await.unwrap(), None);
    }
}
