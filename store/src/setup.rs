//! The one-time link that makes the first account, and the single-use states of
//! round trips to GitHub. Both are known by their hash.

use std::time::Duration;

use berth_domain::ids::UserId;
use secrecy::SecretString;
use sqlx::PgExecutor;

use crate::accounts::{self, Account};
use crate::installations::{self, Installation};
use crate::repositories::{self, Repository};
use crate::{Error, Pool, Result};

/// What a state was made for. One made for the one is no good for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Making the App.
    Manifest,
    /// Installing it.
    Install,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Install => "install",
        }
    }
}

/// Stores a setup link, unless somebody has an account already: then there is
/// nothing to set up, and the answer is `false`.
///
/// # Errors
///
/// What the database says.
pub async fn offer(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<bool> {
    let done = sqlx::query!(
        "insert into setup_link (token_hash)
         select $1 where not exists (select from account)",
        &hash[..],
    )
    .execute(db)
    .await
    .map_err(Error::while_("store a setup link"))?;
    Ok(done.rows_affected() > 0)
}

/// Makes the first account with a setup link; every link is used up then.
///
/// Of several who try at once, one wins, whatever link each has.
///
/// # Errors
///
/// `NotFound` where the link is not one of ours, or is used up.
pub async fn redeem(
    pool: &Pool,
    hash: &[u8; 32],
    account: &Account,
    password_hash: &SecretString,
) -> Result<()> {
    let doing = "make the first account";
    let used_up = Error::NotFound { what: "setup link" };
    let mut db = crate::begin(pool).await.map_err(Error::while_(doing))?;
    // Whoever comes second waits here, and then finds an account.
    sqlx::query!("lock table account in share row exclusive mode")
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    if accounts::any(&mut *db).await? {
        return Err(used_up);
    }
    let found = sqlx::query_scalar!(
        r#"select exists (
               select from setup_link where token_hash = $1 and used_at is null
           ) as "found!""#,
        &hash[..],
    )
    .fetch_one(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if !found {
        return Err(used_up);
    }
    accounts::create(&mut *db, account, password_hash).await?;
    sqlx::query!("update setup_link set used_at = now() where used_at is null")
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    db.commit().await.map_err(Error::while_(doing))
}

/// Stores a state for a round trip of `user`'s, and forgets those that have run
/// out.
///
/// # Errors
///
/// What the database says.
pub async fn begin(
    db: impl PgExecutor<'_>,
    hash: &[u8; 32],
    user: UserId,
    purpose: Purpose,
    lifetime: Duration,
) -> Result<()> {
    sqlx::query!(
        "with expired as (delete from setup_state where expires_at < now())
         insert into setup_state (state_hash, user_id, purpose, expires_at)
         values ($1, $2, $3, now() + make_interval(secs => $4))",
        &hash[..],
        user.0,
        purpose.as_str(),
        lifetime.as_secs_f64(),
    )
    .execute(db)
    .await
    .map_err(Error::while_("begin a round trip to GitHub"))?;
    Ok(())
}

/// Uses a state up.
///
/// # Errors
///
/// `NotFound` where it is not one of `user`'s for this purpose, was used, or
/// has run out.
pub async fn end(
    db: impl PgExecutor<'_>,
    hash: &[u8; 32],
    user: UserId,
    purpose: Purpose,
) -> Result<()> {
    let done = sqlx::query!(
        "delete from setup_state
         where state_hash = $1 and user_id = $2 and purpose = $3 and expires_at > now()",
        &hash[..],
        user.0,
        purpose.as_str(),
    )
    .execute(db)
    .await
    .map_err(Error::while_("end a round trip to GitHub"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "state" }) } else { Ok(()) }
}

/// Stores an installation as GitHub described it, with all of its repositories.
///
/// # Errors
///
/// What the database says; then nothing was stored.
pub async fn record(pool: &Pool, installation: &Installation, seen: &[Repository]) -> Result<()> {
    let doing = "store an installation with its repositories";
    let mut db = crate::begin(pool).await.map_err(Error::while_(doing))?;
    installations::put(&mut *db, installation).await?;
    for repository in seen {
        repositories::put(&mut db, repository).await?;
    }
    let ids: Vec<i64> = seen.iter().map(|repository| repository.id.0).collect();
    sqlx::query!(
        "update repository set removed_at = now(), updated_at = now()
         where installation_id = $1 and removed_at is null and repository_id <> all($2)",
        installation.id.0,
        &ids,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    db.commit().await.map_err(Error::while_(doing))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::Role;
    use crate::seed;

    fn admin(email: &str) -> Account {
        Account {
            id: UserId::fresh(),
            email: email.to_owned(),
            name: String::new(),
            role: Role::Admin,
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_all_who_follow_setup_links_at_once_one_becomes_the_admin(pool: PgPool) {
        let hash = SecretString::from("hash");
        for link in 0..4 {
            assert!(offer(&pool, &[link; 32]).await.unwrap());
        }
        let refused = redeem(&pool, &[9; 32], &admin("nobody@example.com"), &hash).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");

        let mut racers = tokio::task::JoinSet::new();
        for racer in 0..8_u8 {
            let (pool, hash) = (pool.clone(), hash.clone());
            racers.spawn(async move {
                let who = admin(&format!("{racer}@example.com"));
                redeem(&pool, &[racer % 4; 32], &who, &hash).await.is_ok()
            });
        }
        let won = racers.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
        assert!(!offer(&pool, &[5; 32]).await.unwrap(), "there is nothing left to set up");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_an_installation_no_longer_shows_is_removed(pool: PgPool) {
        let id = seed::repository(&pool).await;
        let mut other = repositories::get(&pool, id).await.unwrap().unwrap();
        other.id.0 += 1;
        other.name = "blog".to_owned();
        record(&pool, &seed::installation(), &[other.clone()]).await.unwrap();
        assert_eq!(repositories::list(&pool).await.unwrap(), [other]);
        assert!(repositories::get(&pool, id).await.unwrap().unwrap().removed);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_state_is_good_once_for_one_person_and_purpose(pool: PgPool) {
        let user = UserId::fresh();
        let hour = Duration::from_secs(3600);
        begin(&pool, &[1; 32], user, Purpose::Manifest, hour).await.unwrap();
        for (hash, user, purpose) in [
            ([2; 32], user, Purpose::Manifest),
            ([1; 32], UserId::fresh(), Purpose::Manifest),
            ([1; 32], user, Purpose::Install),
        ] {
            let refused = end(&pool, &hash, user, purpose).await;
            assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
        }
        end(&pool, &[1; 32], user, Purpose::Manifest).await.unwrap();
        let again = end(&pool, &[1; 32], user, Purpose::Manifest).await;
        assert!(matches!(again, Err(Error::NotFound { .. })), "{again:?}");

        begin(&pool, &[3; 32], user, Purpose::Install, Duration::ZERO).await.unwrap();
        let late = end(&pool, &[3; 32], user, Purpose::Install).await;
        assert!(matches!(late, Err(Error::NotFound { .. })), "{late:?}");
    }
}
