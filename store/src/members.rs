//! Everybody with an account, as the others see them: what each may do, and who
//! stays. Somebody always may configure: the last admin stays one.

use berth_domain::ids::UserId;
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::accounts::{Account, Role};
use crate::{Error, Result};

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub account: Account,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When a browser or a token of theirs was last seen, to about ten minutes.
    pub seen_at: Option<DateTime<Utc>>,
}

/// What came of a change to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is done; this is who they were before.
    Done(Member),
    /// Nothing was: nobody else could configure then.
    LastAdmin,
}

/// Everybody, by name.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Member>> {
    let rows = sqlx::query!(
        "select user_id, email, name, role, created_at, seen_at from account
         order by lower(name), lower(email)"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list members"))?;
    rows.into_iter()
        .map(|row| {
            Ok(Member {
                account: Account {
                    id: UserId(row.user_id),
                    email: row.email,
                    name: row.name,
                    role: Role::parse(&row.role)?,
                },
                created_at: row.created_at,
                seen_at: row.seen_at,
            })
        })
        .collect()
}

/// Gives a member another role. Who may not configure any more lets nobody in
/// either: the invitations that they made end.
///
/// # Errors
///
/// `NotFound` where there is no such person.
pub async fn set_role(db: &mut PgConnection, user: UserId, role: Role) -> Result<Changed> {
    let doing = "change a member's role";
    let member = locked(db, user).await?;
    if role < Role::Admin {
        if is_last_admin(db, user).await? {
            return Ok(Changed::LastAdmin);
        }
        sqlx::query!("delete from invitation where invited_by = $1", user.0)
            .execute(&mut *db)
            .await
            .map_err(Error::while_(doing))?;
    }
    sqlx::query!("update account set role = $2 where user_id = $1", user.0, role.as_str())
        .execute(db)
        .await
        .map_err(Error::while_(doing))?;
    Ok(Changed::Done(member))
}

/// Takes a member's account away, with their sessions, their tokens and the
/// invitations that they made: from the commit on, none of them is good.
///
/// # Errors
///
/// `NotFound` where there is no such person.
pub async fn remove(db: &mut PgConnection, user: UserId) -> Result<Changed> {
    let doing = "remove a member";
    // In the order in which their requests take them, which write when they were seen.
    sqlx::query!(
        "with browsers as materialized (
             select session_id from login_session where user_id = $1 for update
         ), programs as materialized (
             select token_id from api_token where user_id = $1 for update
         )
         select session_id from browsers union all select token_id from programs",
        user.0
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let member = locked(db, user).await?;
    if is_last_admin(db, user).await? {
        return Ok(Changed::LastAdmin);
    }
    sqlx::query!("delete from account where user_id = $1", user.0)
        .execute(db)
        .await
        .map_err(Error::while_(doing))?;
    Ok(Changed::Done(member))
}

/// A member, and every admin, held until the transaction ends: of two admins
/// who take each other's role away at once, the second finds itself the last.
async fn locked(db: &mut PgConnection, user: UserId) -> Result<Member> {
    let row = sqlx::query!(
        "with held as materialized (
             select user_id from account where role = 'admin' or user_id = $1
             order by user_id for update
         )
         select user_id from held",
        user.0
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_("hold the admins"))?;
    if !row.iter().any(|row| row.user_id == user.0) {
        return Err(Error::NotFound { what: "member" });
    }
    // Read anew: whoever was waited for may have changed it.
    list(&mut *db)
        .await?
        .into_iter()
        .find(|member| member.account.id == user)
        .ok_or(Error::NotFound { what: "member" })
}

async fn is_last_admin(db: &mut PgConnection, user: UserId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from account where user_id = $1 and role = 'admin')
              and not exists (select from account where user_id <> $1 and role = 'admin')
              as "last!""#,
        user.0
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("count the admins"))
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use sqlx::PgPool;

    use super::*;
    use crate::{accounts, sessions, tokens};

    async fn add(pool: &PgPool, name: &str, role: Role) -> UserId {
        let account = Account {
            id: UserId::fresh(),
            email: format!("{name}@example.com"),
            name: name.to_owned(),
            role,
        };
        accounts::create(pool, &account, &SecretString::from("hash")).await.unwrap();
        account.id
    }

    async fn roles(pool: &PgPool) -> Vec<(String, Role)> {
        let all = list(pool).await.unwrap();
        all.into_iter().map(|it| (it.account.name, it.account.role)).collect()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn the_last_admin_stays_one(pool: PgPool) {
        let ada = add(&pool, "Ada", Role::Admin).await;
        let bob = add(&pool, "bob", Role::Viewer).await;
        let mut db = pool.acquire().await.unwrap();
        assert_eq!(set_role(&mut db, ada, Role::Operator).await.unwrap(), Changed::LastAdmin);
        assert_eq!(remove(&mut db, ada).await.unwrap(), Changed::LastAdmin);
        let same = set_role(&mut db, ada, Role::Admin).await.unwrap();
        assert!(matches!(same, Changed::Done(_)), "an admin may stay one");

        set_role(&mut db, bob, Role::Admin).await.unwrap();
        set_role(&mut db, ada, Role::Operator).await.unwrap();
        let expected = [("Ada".to_owned(), Role::Operator), ("bob".to_owned(), Role::Admin)];
        assert_eq!(roles(&pool).await, expected);
        let nobody = remove(&mut db, UserId::fresh()).await;
        assert!(matches!(nobody, Err(Error::NotFound { .. })), "{nobody:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_admins_who_remove_and_demote_each_other_at_once_one_is_left(pool: PgPool) {
        let mut admins = Vec::new();
        for n in 0..6 {
            admins.push(add(&pool, &format!("admin {n}"), Role::Admin).await);
        }
        let mut racers = tokio::task::JoinSet::new();
        for (n, admin) in admins.into_iter().enumerate() {
            let pool = pool.clone();
            racers.spawn(async move {
                let mut db = crate::begin(&pool).await.unwrap();
                let changed = if n % 2 == 0 {
                    remove(&mut db, admin).await.unwrap()
                } else {
                    set_role(&mut db, admin, Role::Viewer).await.unwrap()
                };
                db.commit().await.unwrap();
                changed == Changed::LastAdmin
            });
        }
        let refused = racers.join_all().await.into_iter().filter(|refused| *refused).count();
        assert_eq!(refused, 1);
        let left = roles(&pool).await.into_iter().filter(|(_, role)| *role == Role::Admin);
        assert_eq!(left.count(), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn who_is_removed_is_logged_out_everywhere(pool: PgPool) {
        add(&pool, "Ada", Role::Admin).await;
        let bob = add(&pool, "Bob", Role::Operator).await;
        sessions::create(&pool, &[1; 32], bob, "").await.unwrap();
        tokens::create(&pool, &[2; 32], bob, "ci").await.unwrap();
        assert!(tokens::find(&pool, &[2; 32]).await.unwrap().is_some());

        remove(&mut pool.acquire().await.unwrap(), bob).await.unwrap();
        assert_eq!(sessions::find(&pool, &[1; 32]).await.unwrap(), None);
        assert_eq!(tokens::find(&pool, &[2; 32]).await.unwrap(), None);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn it_is_known_when_somebody_was_last_seen(pool: PgPool) {
        let ada = add(&pool, "Ada", Role::Admin).await;
        assert_eq!(list(&pool).await.unwrap()[0].seen_at, None);
        sessions::create(&pool, &[1; 32], ada, "").await.unwrap();
        assert!(list(&pool).await.unwrap()[0].seen_at.is_some(), "logging in is being seen");

        sqlx::raw_sql(
            "update account set seen_at = null;
             update login_session set seen_at = now() - interval '1 hour';",
        )
        .execute(&pool)
        .await
        .unwrap();
        sessions::find(&pool, &[1; 32]).await.unwrap().unwrap();
        assert!(list(&pool).await.unwrap()[0].seen_at.is_some(), "and so is a request");

        sqlx::raw_sql("update account set seen_at = null").execute(&pool).await.unwrap();
        tokens::create(&pool, &[2; 32], ada, "ci").await.unwrap();
        tokens::find(&pool, &[2; 32]).await.unwrap().unwrap();
        assert!(list(&pool).await.unwrap()[0].seen_at.is_some(), "and a token's use");
    }
}
