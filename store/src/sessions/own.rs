//! A person's own sessions: which browsers are logged in, and ending them.

use berth_domain::ids::UserId;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Error, Result};

/// A browser that is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// What it is called here; it logs nobody in.
    pub id: Uuid,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When it logged in.
    pub created_at: DateTime<Utc>,
    /// When it was last seen, to about ten minutes.
    pub seen_at: DateTime<Utc>,
    /// Whether it is the one that was asked with.
    pub current: bool,
}

/// The running sessions of `user`, last seen first. `asking` is the session's
/// hash that the question came with, if it came with one.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    db: impl PgExecutor<'_>,
    user: UserId,
    asking: Option<&[u8; 32]>,
) -> Result<Vec<LoginSession>> {
    sqlx::query_as!(
        LoginSession,
        r#"select session_id as id, user_agent, created_at, seen_at,
                  session_hash is not distinct from $2 as "current!"
           from login_session
           where user_id = $1 and expires_at > now()
           order by seen_at desc, created_at desc, session_id"#,
        user.0,
        asking.map(|hash| &hash[..]),
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list sessions"))
}

/// Ends one session of `user`.
///
/// # Errors
///
/// `NotFound` where this person has no such session.
pub async fn revoke(db: impl PgExecutor<'_>, user: UserId, id: Uuid) -> Result<()> {
    let done = sqlx::query!(
        "delete from login_session where session_id = $1 and user_id = $2",
        id,
        user.0
    )
    .execute(db)
    .await
    .map_err(Error::while_("revoke a session"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "session" }) } else { Ok(()) }
}

/// Ends every session of `user` but the one with the hash `keep`.
///
/// # Errors
///
/// What the database says.
pub async fn revoke_others(
    db: impl PgExecutor<'_>,
    user: UserId,
    keep: Option<&[u8; 32]>,
) -> Result<()> {
    sqlx::query!(
        "delete from login_session where user_id = $1 and session_hash is distinct from $2",
        user.0,
        keep.map(|hash| &hash[..]),
    )
    .execute(db)
    .await
    .map_err(Error::while_("revoke other sessions"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::accounts::{self, Account, Role};
    use crate::sessions::{create, find};

    async fn bob(pool: &PgPool) -> Account {
        let account = Account {
            id: UserId::fresh(),
            email: "bob@example.com".to_owned(),
            name: "Bob".to_owned(),
            role: Role::Viewer,
        };
        accounts::create(pool, &account, &SecretString::from("hash")).await.unwrap();
        account
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_person_sees_and_ends_only_their_own_sessions(pool: PgPool) {
        let (ada, bob) = (ada(&pool).await.id, bob(&pool).await.id);
        create(&pool, &[1; 32], ada, "a laptop").await.unwrap();
        create(&pool, &[2; 32], ada, "a phone").await.unwrap();
        create(&pool, &[3; 32], bob, "another's").await.unwrap();

        let own = list(&pool, ada, Some(&[2; 32])).await.unwrap();
        let told: Vec<_> = own.iter().map(|it| (it.user_agent.as_str(), it.current)).collect();
        assert_eq!(told, [("a phone", true), ("a laptop", false)]);
        assert!(list(&pool, ada, None).await.unwrap().iter().all(|it| !it.current));

        let refused = revoke(&pool, bob, own[1].id).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
        revoke(&pool, ada, own[1].id).await.unwrap();
        assert_eq!(find(&pool, &[1; 32]).await.unwrap(), None);
        assert!(find(&pool, &[2; 32]).await.unwrap().is_some());
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn ending_the_others_keeps_the_one_that_asks(pool: PgPool) {
        let (ada, bob) = (ada(&pool).await.id, bob(&pool).await.id);
        for (hash, user) in [([1; 32], ada), ([2; 32], ada), ([3; 32], bob)] {
            create(&pool, &hash, user, "").await.unwrap();
        }
        revoke_others(&pool, ada, Some(&[2; 32])).await.unwrap();
        assert_eq!(list(&pool, ada, Some(&[2; 32])).await.unwrap().len(), 1);
        assert!(find(&pool, &[3; 32]).await.unwrap().is_some(), "another's stays");

        revoke_others(&pool, ada, None).await.unwrap();
        assert_eq!(list(&pool, ada, None).await.unwrap(), []);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_session_that_has_run_out_is_not_listed(pool: PgPool) {
        let ada = ada(&pool).await.id;
        create(&pool, &[1; 32], ada, "").await.unwrap();
        sqlx::query("update login_session set expires_at = now() - interval '1 second'")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(list(&pool, ada, None).await.unwrap(), []);
    }
}
