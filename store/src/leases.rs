//! Who leads: a lease row with holder, epoch and expiry, by Postgres's clock.
//!
//! A [`Fence`] is an epoch that was once the newest. Every write of the
//! reconciler proves that it still is, in the same transaction, under a share
//! lock on the lease row: a takeover waits for the write, or the write for the
//! takeover and is then refused. Without the lock it could slip in between.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use berth_domain::fail_point::{Write, around};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor, Postgres, Transaction};
use uuid::Uuid;

use crate::{Error, Pool, Result, acts};

/// Proof of having led: the lease's epoch at the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence {
    /// The epoch. It grows with each change of holder.
    pub epoch: i64,
}

/// The lease as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it, or held it last.
    pub holder: Uuid,
    /// Its epoch.
    pub epoch: i64,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// Whether it still runs, by Postgres's clock.
    pub live: bool,
}

/// Takes the lease, or extends it where `holder` has it already. What open
/// deployments' deadlines lost while nobody led, they get back: no machine that was
/// away makes one fail.
///
/// Returns [`None`] while another holder's lease runs.
///
/// # Errors
///
/// What the database says.
pub async fn acquire(
    db: impl PgExecutor<'_>,
    holder: Uuid,
    ttl: Duration,
) -> Result<Option<Fence>> {
    let taken = sqlx::query_scalar!(
        r#"
        with before as (
            select epoch, expires_at from leader_lease where lease_name = 'reconciler'
        ), taken as (
            insert into leader_lease as l (lease_name, holder, epoch, expires_at)
            values ('reconciler', $1, 1, now() + make_interval(secs => $2))
            on conflict (lease_name) do update
            set holder     = excluded.holder,
                epoch      = l.epoch + (l.holder <> excluded.holder)::int,
                expires_at = excluded.expires_at
            where l.holder = excluded.holder or l.expires_at < now()
            returning epoch
        ), told as (
            insert into act (actor, kind, subject, detail)
            select $3, $4, $1::uuid::text, 'epoch ' || taken.epoch from taken
            where not exists (select from before where before.epoch = taken.epoch)
        ), given_back as (
            update deployment d
            set deadline_at = d.deadline_at + (now() - before.expires_at)
            from taken, before
            where d.finished_at is null and before.expires_at < now()
        )
        select epoch as "epoch!" from taken
        "#,
        holder,
        ttl.as_secs_f64(),
        acts::RECONCILER,
        acts::Kind::Led.as_str(),
    )
    .fetch_optional(db);
    let epoch =
        around(Write::AcquireLease, taken).await.map_err(Error::while_("take the leader lease"))?;
    Ok(epoch.map(|epoch| Fence { epoch }))
}

/// Extends the lease that `fence` stands for, from now on by `ttl`.
///
/// # Errors
///
/// `Fenced` where another holder has taken it.
pub async fn renew(db: impl PgExecutor<'_>, fence: Fence, ttl: Duration) -> Result<()> {
    let renewal = sqlx::query!(
        "update leader_lease set expires_at = now() + make_interval(secs => $2)
         where lease_name = 'reconciler' and epoch = $1",
        fence.epoch,
        ttl.as_secs_f64(),
    )
    .execute(db);
    let renewed = around(Write::RenewLease, renewal)
        .await
        .map_err(Error::while_("extend the leader lease"))?;
    if renewed.rows_affected() == 0 { Err(Error::Fenced) } else { Ok(()) }
}

/// Gives the lease up, so that another need not wait for it to run out. Does
/// nothing where it is gone already.
///
/// # Errors
///
/// What the database says.
pub async fn release(db: impl PgExecutor<'_>, fence: Fence) -> Result<()> {
    let giving_up = sqlx::query!(
        "update leader_lease set expires_at = now() - interval '1 second'
         where lease_name = 'reconciler' and epoch = $1",
        fence.epoch,
    )
    .execute(db);
    around(Write::ReleaseLease, giving_up)
        .await
        .map_err(Error::while_("give up the leader lease"))?;
    Ok(())
}

/// The lease as it stands, or [`None`] where nobody ever led.
///
/// # Errors
///
/// What the database says.
pub async fn current(db: impl PgExecutor<'_>) -> Result<Option<Lease>> {
    let row = sqlx::query!(
        r#"
        select holder, epoch, expires_at, expires_at > now() as "live!"
        from leader_lease where lease_name = 'reconciler'
        "#
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read the leader lease"))?;
    Ok(row.map(|row| Lease {
        holder: row.holder,
        epoch: row.epoch,
        expires_at: row.expires_at,
        live: row.live,
    }))
}

/// A transaction of the leader: no takeover can happen until it ends, so keep
/// it short. Dropped without [`commit`](Self::commit), it changes nothing.
#[derive(Debug)]
pub struct Guarded {
    transaction: Transaction<'static, Postgres>,
    write: Write,
}

impl Guarded {
    /// Begins a transaction as the leader that `fence` stands for, to do `write`.
    ///
    /// Where the process stands still in the middle of it, Postgres ends it once the
    /// lease is over, or a second later: nobody could take the lease over before.
    ///
    /// # Errors
    ///
    /// `Fenced` where a newer leader has taken over.
    pub async fn begin(pool: &Pool, fence: Fence, write: Write) -> Result<Self> {
        let doing = "begin a leader's transaction";
        let mut transaction = crate::begin(pool).await.map_err(Error::while_(doing))?;
        let lease = sqlx::query!(
            r#"
            select epoch,
                   set_config(
                       'idle_in_transaction_session_timeout',
                       greatest(
                           1000,
                           ceil(extract(epoch from expires_at - clock_timestamp()) * 1000)
                       )::bigint::text,
                       true
                   ) as "stands_still_ms!"
            from leader_lease where lease_name = 'reconciler' for share
            "#
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::while_(doing))?;
        if lease.is_some_and(|lease| lease.epoch == fence.epoch) {
            Ok(Self { transaction, write })
        } else {
            Err(Error::Fenced)
        }
    }

    /// Makes everything that was done in it true.
    ///
    /// # Errors
    ///
    /// What the database says; then nothing is true of it, unless the answer
    /// alone got lost.
    pub async fn commit(self) -> Result<()> {
        around(self.write, self.transaction.commit())
            .await
            .map_err(Error::while_("commit a leader's transaction"))
    }
}

impl Deref for Guarded {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.transaction
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }
}

#[cfg(test)]
mod tests {
    mod fenced;

    use sqlx::PgPool;

    use super::*;

    const ME: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);
    const LONG: Duration = Duration::from_secs(60);

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn only_one_leads_and_a_change_of_holder_is_a_new_epoch(pool: PgPool) {
        assert_eq!(current(&pool).await.unwrap(), None);
        let first = acquire(&pool, ME, LONG).await.unwrap().unwrap();
        assert_eq!(acquire(&pool, ME, LONG).await.unwrap(), Some(first));
        assert_eq!(acquire(&pool, OTHER, LONG).await.unwrap(), None);
        assert!(current(&pool).await.unwrap().unwrap().live);

        release(&pool, first).await.unwrap();
        assert!(!current(&pool).await.unwrap().unwrap().live);
        let second = acquire(&pool, OTHER, LONG).await.unwrap().unwrap();
        assert!(second > first);
        assert!(matches!(renew(&pool, first, LONG).await, Err(Error::Fenced)));
        renew(&pool, second, LONG).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_deadlines_lose_while_nobody_leads_they_get_back(pool: PgPool) {
        let first = acquire(&pool, ME, LONG).await.unwrap().unwrap();
        let seeded = crate::seed::deployment(&pool, first).await;
        let left = async || {
            let sql = "select extract(epoch from deadline_at - now())::float8 from deployment
                       where deployment_id = $1";
            let left: f64 =
                sqlx::query_scalar(sql).bind(seeded.deployment.0).fetch_one(&pool).await.unwrap();
            left
        };
        let before = left().await;
        acquire(&pool, ME, LONG).await.unwrap().unwrap();
        assert!(left().await <= before, "nobody was missed");

        // An hour passes, of which the lease runs for a minute more.
        for sql in [
            "update leader_lease set expires_at = now() - interval '59 minutes'",
            "update deployment set deadline_at = deadline_at - interval '1 hour'",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        acquire(&pool, OTHER, LONG).await.unwrap().unwrap();
        let lost = before - left().await;
        assert!((60.0..90.0).contains(&lost), "{lost}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_stale_leader_cannot_begin(pool: PgPool) {
        let stale = acquire(&pool, ME, LONG).await.unwrap().unwrap();
        release(&pool, stale).await.unwrap();
        acquire(&pool, OTHER, LONG).await.unwrap().unwrap();
        assert!(matches!(Guarded::begin(&pool, stale, Write::Observe).await, Err(Error::Fenced)));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_takeover_waits_for_a_write_that_has_begun(pool: PgPool) {
        let fence = acquire(&pool, ME, Duration::ZERO).await.unwrap().unwrap();
        let guarded = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();

        // The lease has run out, yet nobody can take it until the write ends.
        let mut eager = pool.acquire().await.unwrap();
        sqlx::query("set lock_timeout = '200ms'").execute(&mut *eager).await.unwrap();
        let refused = acquire(&mut *eager, OTHER, LONG).await.unwrap_err();
        assert!(refused.to_string().contains("lease"), "{refused:?}");

        guarded.commit().await.unwrap();
        assert!(acquire(&mut *eager, OTHER, LONG).await.unwrap().is_some());
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_takeover_waits_for_no_write_that_stands_still(pool: PgPool) {
        let fence = acquire(&pool, ME, Duration::ZERO).await.unwrap().unwrap();
        let mut paused = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();

        let taken = acquire(&pool, OTHER, LONG);
        let taken = tokio::time::timeout(Duration::from_secs(20), taken).await;
        assert!(taken.unwrap().unwrap().is_some());

        let late = sqlx::query("select 1").execute(&mut *paused).await;
        assert!(late.is_err(), "its transaction is over");
        assert!(paused.commit().await.is_err());
    }
}
