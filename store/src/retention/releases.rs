//! Forgetting releases that nobody will go back to.

use std::time::Duration;

use berth_domain::fail_point::Write;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};

/// Which releases are kept: the newest of each stack, and young ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// How many of each stack, however old they are.
    pub count: u32,
    /// How long the others are kept, and those of stacks that are gone.
    pub age: Duration,
}

impl Kept {
    /// Ten of each stack, and 30 days.
    pub const USUAL: Self = Self { count: 10, age: Duration::from_secs(30 * 24 * 3600) };
}

/// Releases that go in one statement.
const AT_ONCE: i64 = 500;

/// Deletes releases that are neither kept nor needed, and says how many.
///
/// What a stack is or goes back to, and what an open deployment brings, is
/// needed. The deployments stay; they can no longer be gone back to.
///
/// # Errors
///
/// `Fenced`.
pub async fn forget_releases(pool: &Pool, fence: Fence, kept: Kept) -> Result<u64> {
    let doing = "forget old releases";
    let mut db = Guarded::begin(pool, fence, Write::ForgetReleases).await?;
    // The stack's row is locked, so that nobody goes back to a release meanwhile;
    // a stack whose row somebody else has comes the next time.
    let old = sqlx::query_scalar!(
        "select r.release_id
         from (
             select release_id, stack_id, created_at,
                    row_number() over (partition by stack_id order by number desc) as place
             from release
         ) r join stack s using (stack_id)
         where r.created_at < now() - make_interval(secs => $2)
           and (s.removed_at is not null or r.place > $1)
           and (s.removed_at is not null or (
               r.release_id is distinct from s.release_id
               and r.release_id is distinct from (
                   select d.release_id from deployment d
                   where d.stack_id = r.stack_id and d.phase = 'succeeded'
                     and d.release_id is not null
                   order by d.number desc limit 1)
               and not exists (
                   select from deployment d
                   where d.release_id = r.release_id and d.finished_at is null)))
         order by r.created_at
         limit $3
         for update of s skip locked",
        i64::from(kept.count),
        kept.age.as_secs_f64(),
        AT_ONCE,
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if old.is_empty() {
        return db.commit().await.map(|()| 0);
    }
    sqlx::query!("update stack set release_id = null where release_id = any($1)", &old)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    sqlx::query!("update deployment set release_id = null where release_id = any($1)", &old)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    sqlx::query!(
        "insert into old_image (image_key)
         select distinct key from release, unnest(image_keys) key where release_id = any($1)
         on conflict (image_key) do update set since = now()",
        &old
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let gone = sqlx::query!("delete from release where release_id = any($1)", &old)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?
        .rows_affected();
    db.commit().await?;
    Ok(gone)
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Step;
    use berth_domain::ids::{DeploymentId, ReleaseId, StackId};
    use berth_domain::stack::StackSpec;
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::releases::{self, NewRelease};
    use crate::seal::SealKey;
    use crate::{deployments, seed, stacks};

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// A deployment that succeeded, with its release.
    async fn deployed(pool: &PgPool, fence: Fence, stack: StackId) -> (DeploymentId, ReleaseId) {
        let mut db = pool.acquire().await.unwrap();
        let new = seed::new_deployment(stack, &"b".repeat(40));
        let id = deployments::create(&mut db, &new).await.unwrap().id;
        let spec = StackSpec::default();
        let new = NewRelease { deployment: id, spec: &spec, images: &[] };
        let release = releases::insert(pool, fence, &SealKey::generate(), new).await.unwrap();
        for step in Step::ALL {
            deployments::advance(pool, fence, id, step, "").await.unwrap();
        }
        (id, release)
    }

    async fn age(pool: &PgPool) {
        let sql = "update release set created_at = created_at - interval '2 days'";
        sqlx::raw_sql(sql).execute(pool).await.unwrap();
    }

    async fn left(pool: &PgPool) -> Vec<i64> {
        let sql = "select number from release order by number";
        sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn the_newest_and_the_young_are_kept(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let stack = seed::deployment(&pool, fence).await.stack;
        for _ in 0..5 {
            deployed(&pool, fence, stack).await;
        }
        let kept = Kept { count: 2, age: DAY };
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 0, "all of them are young");
        age(&pool).await;
        let many = Kept { count: 5, age: DAY };
        assert_eq!(forget_releases(&pool, fence, many).await.unwrap(), 0, "all of them are new");

        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 3);
        assert_eq!(left(&pool).await, [4, 5]);
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 0);
        // Their deployments are still told of, and can't be gone back to.
        let who = ada(&pool).await.id;
        let back = deployments::rollback(&pool, "shop-pr-7", 2, who, "Ada").await;
        assert!(matches!(back, Err(Error::Conflict { what: "release" })), "{back:?}");
        deployments::rollback(&pool, "shop-pr-7", 5, who, "Ada").await.unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_runs_and_what_is_being_gone_back_to_is_kept_however_old(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let stack = seed::deployment(&pool, fence).await.stack;
        let (_, first) = deployed(&pool, fence, stack).await;
        for _ in 0..3 {
            deployed(&pool, fence, stack).await;
        }
        let who = ada(&pool).await.id;
        let back = deployments::rollback(&pool, "shop-pr-7", 2, who, "Ada").await.unwrap().1.id;
        age(&pool).await;
        let kept = Kept { count: 1, age: DAY };
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 2);
        assert_eq!(left(&pool).await, [1, 4], "one is on its way, one runs");

        for step in [Step::Apply, Step::Converge, Step::Route, Step::Finish] {
            deployments::advance(&pool, fence, back, step, "").await.unwrap();
        }
        stacks::set_release(&pool, fence, stack, Some(first)).await.unwrap();
        deployed(&pool, fence, stack).await;
        stacks::set_release(&pool, fence, stack, Some(first)).await.unwrap();
        age(&pool).await;
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 1);
        assert_eq!(
            left(&pool).await,
            [1, 5],
            "one is what the stack should be, one went well last"
        );
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_a_stack_that_is_gone_nothing_is_kept_for_long(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let stack = seed::deployment(&pool, fence).await.stack;
        let (id, _) = deployed(&pool, fence, stack).await;
        stacks::remove(&pool, "shop-pr-7").await.unwrap();
        age(&pool).await;
        let kept = Kept { count: 1, age: DAY };
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 0, "it is still there");
        stacks::mark_removed(&pool, fence, stack).await.unwrap();
        assert_eq!(forget_releases(&pool, fence, kept).await.unwrap(), 1);
        assert_eq!(deployments::get(&pool, id).await.unwrap().release, None);

        let stale = fence;
        seed::depose(&pool, fence).await;
        let late = forget_releases(&pool, stale, kept).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    }
}
