//! Forgetting what nobody will ask for again.

mod releases;

pub use self::releases::{Kept, forget_releases};
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};
use berth_domain::fail_point::Write;

/// How many rows were deleted, by table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Forgotten {
    /// Deliveries that were judged more than [`DELIVERIES_DAYS`] ago.
    pub deliveries: u64,
    /// Changes older than an hour.
    pub changes: u64,
    /// Logins that ran out.
    pub sessions: u64,
    /// Round trips to GitHub that nobody came back from.
    pub setup_states: u64,
    /// Invitations that ran out a month ago.
    pub invitations: u64,
    /// Acts of more than [`ACTS_DAYS`] ago.
    pub acts: u64,
}

/// How many days a delivery is kept that was judged.
pub const DELIVERIES_DAYS: i32 = 30;

/// How many days an act is kept.
pub const ACTS_DAYS: i32 = 90;

/// Rows of one table in one statement: enough to keep up, and no long lock.
const AT_ONCE: i64 = 5_000;

/// Deletes what is old. Call it now and then; it may not get everything at once.
///
/// # Errors
///
/// `Fenced`.
pub async fn forget(pool: &Pool, fence: Fence) -> Result<Forgotten> {
    let doing = "forget what is old";
    let mut db = Guarded::begin(pool, fence, Write::Forget).await?;
    let deliveries = sqlx::query!(
        "delete from delivery where delivery_id in (
             select delivery_id from delivery
             where processed_at < now() - make_interval(days => $2) limit $1)",
        AT_ONCE,
        DELIVERIES_DAYS,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .rows_affected();
    db.commit().await?;

    // Not the reconciler's own: anybody may delete these, at any time.
    let changes = sqlx::query!(
        "delete from change where change_id in (
             select change_id from change
             where changed_at < now() - interval '1 hour' order by change_id limit $1)",
        AT_ONCE
    )
    .execute(pool)
    .await
    .map_err(Error::while_(doing))?
    .rows_affected();
    let sessions = sqlx::query!("delete from login_session where expires_at < now()")
        .execute(pool)
        .await
        .map_err(Error::while_(doing))?
        .rows_affected();
    let setup_states = sqlx::query!("delete from setup_state where expires_at < now()")
        .execute(pool)
        .await
        .map_err(Error::while_(doing))?
        .rows_affected();
    let invitations = crate::invitations::forget(pool).await?;
    let acts = sqlx::query!(
        "delete from act where act_id in (
             select act_id from act
             where happened_at < now() - make_interval(days => $2) limit $1)",
        AT_ONCE,
        ACTS_DAYS,
    )
    .execute(pool)
    .await
    .map_err(Error::while_(doing))?
    .rows_affected();
    Ok(Forgotten { deliveries, changes, sessions, setup_states, invitations, acts })
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn old_rows_go_and_young_ones_and_deployments_stay(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        sqlx::raw_sql(
            "insert into delivery (delivery_id, event, body, processed_at) values
                 ('old', 'ping', '', now() - interval '31 days'),
                 ('young', 'ping', '', now());
             insert into delivery (delivery_id, event, body, received_at) values
                 ('waiting', 'ping', '', now() - interval '90 days');
             update deployment set delivery_id = 'old';
             insert into act (actor, kind, subject, happened_at) values
                 ('Ada', 'paused', 'old', now() - interval '91 days'),
                 ('Ada', 'paused', 'young', now() - interval '89 days');
             update change set changed_at = now() - interval '2 hours';
             insert into change (topic, subject_id) values ('rule', 'young');
             insert into account values (gen_random_uuid(), 'a@b', 'a', 'x', 'admin');
             insert into login_session (session_hash, user_id, expires_at)
                 select 'old', user_id, now() - interval '1 second' from account;
             insert into setup_state select 'old', user_id, 'install', now() from account;",
        )
        .execute(&pool)
        .await
        .unwrap();

        let forgotten = forget(&pool, fence).await.unwrap();
        assert!(forgotten.changes > 0);
        let expected = Forgotten {
            deliveries: 1,
            changes: forgotten.changes,
            sessions: 1,
            setup_states: 1,
            invitations: 0,
            acts: 1,
        };
        assert_eq!(forgotten, expected);
        let left: Vec<String> = sqlx::query_scalar("select delivery_id from delivery order by 1")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(left, ["waiting", "young"]);
        let deployment = deployments::get(&pool, seeded.deployment).await.unwrap();
        assert_eq!(deployment.delivery, None);
        let changes: i64 =
            sqlx::query_scalar("select count(*) from change where subject_id = 'young'")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(changes, 1);
    }
}
