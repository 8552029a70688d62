//! Invitations: one-time links that make an account. Each is known by its hash,
//! and its row is there for as long as the link may be used.

use std::time::Duration;

use berth_domain::ids::UserId;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::accounts::{self, Account, Role};
use crate::{Error, Result};

/// How long an invitation is good.
pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An invitation that was not accepted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id; it lets nobody in.
    pub id: Uuid,
    /// Whom it is for, and what they will log in with.
    pub email: String,
    /// What they will be allowed to do.
    pub role: Role,
    /// Who invited them.
    pub invited_by: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Whether it ran out.
    pub expired: bool,
}

/// Stores an invitation, and returns its id. An earlier one for the same address
/// ends: of several links, the newest is the one that is good.
///
/// # Errors
///
/// `Taken` where somebody with this address has an account.
pub async fn create(
    db: &mut PgConnection,
    hash: &[u8; 32],
    email: &str,
    role: Role,
    invited_by: UserId,
) -> Result<Invitation> {
    let doing = "store an invitation";
    if accounts::by_email(&mut *db, email).await?.is_some() {
        return Err(Error::Taken { what: "e-mail address" });
    }
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into invitation (invitation_id, token_hash, email, role, invited_by, expires_at)
         values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
         on conflict ((lower(email))) do update
         set invitation_id = excluded.invitation_id, token_hash = excluded.token_hash,
             email = excluded.email, role = excluded.role, invited_by = excluded.invited_by,
             created_at = now(), expires_at = excluded.expires_at",
        id,
        &hash[..],
        email,
        role.as_str(),
        invited_by.0,
        LIFETIME.as_secs_f64(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    list(db).await?.into_iter().find(|it| it.id == id).ok_or(Error::NotFound { what: "invitation" })
}

/// The invitations that nobody accepted yet, newest first. Those that ran out are
/// among them, so that whoever made them sees it.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Invitation>> {
    let rows = sqlx::query!(
        r#"select i.invitation_id, i.email, i.role, i.created_at, i.expires_at,
                  i.expires_at <= now() as "expired!", a.name as invited_by
           from invitation i join account a on a.user_id = i.invited_by
           order by i.created_at desc, i.invitation_id desc"#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list invitations"))?;
    rows.into_iter()
        .map(|row| {
            Ok(Invitation {
                id: row.invitation_id,
                email: row.email,
                role: Role::parse(&row.role)?,
                invited_by: row.invited_by,
                created_at: row.created_at,
                expires_at: row.expires_at,
                expired: row.expired,
            })
        })
        .collect()
}

/// Ends an invitation, and returns whom it was for.
///
/// # Errors
///
/// `NotFound` where there is none, any more.
pub async fn revoke(db: impl PgExecutor<'_>, id: Uuid) -> Result<String> {
    sqlx::query_scalar!("delete from invitation where invitation_id = $1 returning email", id)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("revoke an invitation"))?
        .ok_or(Error::NotFound { what: "invitation" })
}

/// The invitation of this link, if it is good.
///
/// # Errors
///
/// `NotFound` where it is not one of ours, was used or revoked, or ran out.
pub async fn find(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<Invitation> {
    let row = sqlx::query!(
        "select i.invitation_id, i.email, i.role, i.created_at, i.expires_at, a.name as invited_by
         from invitation i join account a on a.user_id = i.invited_by
         where i.token_hash = $1 and i.expires_at > now()",
        &hash[..],
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look an invitation up"))?
    .ok_or(Error::NotFound { what: "invitation" })?;
    Ok(Invitation {
        id: row.invitation_id,
        email: row.email,
        role: Role::parse(&row.role)?,
        invited_by: row.invited_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        expired: false,
    })
}

/// Uses a link up, and makes the account: with the address and the role of the
/// invitation, whoever follows it.
///
/// # Errors
///
/// `NotFound` as for [`find`]; `Taken` where somebody has this address by now.
pub async fn accept(
    db: &mut PgConnection,
    hash: &[u8; 32],
    name: &str,
    password_hash: &SecretString,
) -> Result<Account> {
    // Of several who follow it at once, one deletes the row.
    let row = sqlx::query!(
        "delete from invitation where token_hash = $1 and expires_at > now()
         returning email, role",
        &hash[..],
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_("accept an invitation"))?
    .ok_or(Error::NotFound { what: "invitation" })?;
    let account = Account {
        id: UserId::fresh(),
        email: row.email,
        name: name.to_owned(),
        role: Role::parse(&row.role)?,
    };
    accounts::create(db, &account, password_hash).await?;
    Ok(account)
}

/// Deletes invitations that ran out a month ago.
///
/// # Errors
///
/// What the database says.
pub(crate) async fn forget(db: impl PgExecutor<'_>) -> Result<u64> {
    let done = sqlx::query!("delete from invitation where expires_at < now() - interval '30 days'")
        .execute(db)
        .await
        .map_err(Error::while_("forget invitations"))?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::members;

    const NEW: &str = "new@example.com";

    async fn invite(pool: &PgPool, hash: [u8; 32], email: &str) -> Invitation {
        let by = members::list(pool).await.unwrap()[0].account.id;
        let mut db = pool.acquire().await.unwrap();
        create(&mut db, &hash, email, Role::Viewer, by).await.unwrap()
    }

    async fn follow(pool: &PgPool, hash: [u8; 32]) -> Result<Account> {
        let mut db = crate::begin(pool).await.unwrap();
        let account = accept(&mut db, &hash, "New", &SecretString::from("hash")).await?;
        db.commit().await.unwrap();
        Ok(account)
    }

    fn is_gone<T: std::fmt::Debug>(result: &Result<T>) -> bool {
        matches!(result, Err(Error::NotFound { .. }))
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_all_who_follow_a_link_at_once_one_gets_the_account(pool: PgPool) {
        ada(&pool).await;
        let made = invite(&pool, [1; 32], NEW).await;
        assert_eq!(find(&pool, &[1; 32]).await.unwrap(), made);
        let mut racers = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let pool = pool.clone();
            racers.spawn(async move { follow(&pool, [1; 32]).await.is_ok() });
        }
        let won = racers.join_all().await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
        assert_eq!(list(&pool).await.unwrap(), []);
        let (account, _) = accounts::by_email(&pool, NEW).await.unwrap().unwrap();
        assert_eq!((account.name.as_str(), account.role), ("New", Role::Viewer));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_two_links_for_one_address_the_newer_is_good(pool: PgPool) {
        ada(&pool).await;
        invite(&pool, [1; 32], NEW).await;
        let second = invite(&pool, [2; 32], "New@Example.com").await;
        assert_eq!(list(&pool).await.unwrap(), [second]);
        assert!(is_gone(&follow(&pool, [1; 32]).await));
        follow(&pool, [2; 32]).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_link_ends_when_it_is_revoked_runs_out_or_its_maker_leaves(pool: PgPool) {
        let ada = ada(&pool).await;
        let revoked = invite(&pool, [1; 32], NEW).await;
        assert_eq!(revoke(&pool, revoked.id).await.unwrap(), NEW);
        assert!(is_gone(&revoke(&pool, revoked.id).await));
        assert!(is_gone(&follow(&pool, [1; 32]).await));

        invite(&pool, [2; 32], NEW).await;
        sqlx::raw_sql("update invitation set expires_at = now()").execute(&pool).await.unwrap();
        assert!(is_gone(&find(&pool, &[2; 32]).await) && is_gone(&follow(&pool, [2; 32]).await));
        assert!(list(&pool).await.unwrap()[0].expired);
        assert_eq!(forget(&pool).await.unwrap(), 0, "it is shown for a while");
        sqlx::raw_sql("update invitation set expires_at = now() - interval '31 days'")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(forget(&pool).await.unwrap(), 1);

        invite(&pool, [3; 32], NEW).await;
        members::set_role(&mut pool.acquire().await.unwrap(), ada.id, Role::Viewer).await.unwrap();
        assert!(is_gone(&follow(&pool, [3; 32]).await), "its maker may not invite any more");

        invite(&pool, [4; 32], NEW).await;
        members::remove(&mut pool.acquire().await.unwrap(), ada.id).await.unwrap();
        assert!(is_gone(&follow(&pool, [4; 32]).await), "its maker is gone");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn who_has_an_account_is_not_invited(pool: PgPool) {
        let ada = ada(&pool).await;
        let mut db = pool.acquire().await.unwrap();
        let refused = create(&mut db, &[1; 32], "ADA@example.com", Role::Viewer, ada.id).await;
        assert!(matches!(refused, Err(Error::Taken { .. })), "{refused:?}");
    }
}
