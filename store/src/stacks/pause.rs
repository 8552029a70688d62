//! Pausing a stack: it is left as it is until somebody resumes it.

use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, StackId};
use sqlx::PgExecutor;

use crate::acts::{self, Actor, Kind, NewAct};
use crate::intent::Begin;
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, notify, storable};

/// Who paused a stack; [`None`] where nobody did.
///
/// # Errors
///
/// What the database says.
pub async fn paused_by(db: impl PgExecutor<'_>, id: StackId) -> Result<Option<String>> {
    let who = sqlx::query_scalar!("select paused_by from stack where stack_id = $1", id.0)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("ask whether a stack is paused"))?;
    Ok(who.flatten())
}

/// Nothing is applied to a stack any more. Where it is paused already, it stays
/// as it was paused first. Whether it was not is returned.
///
/// # Errors
///
/// `NotFound` where no live stack has this name, `Conflict` where it is on its
/// way out.
pub async fn pause(db: impl Begin<'_>, name: &str, who: &str) -> Result<bool> {
    let doing = "pause a stack";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = super::by_name(&mut *db, name).await?.id;
    let news = sqlx::query_scalar!(
        r#"
        with before as (
            select stack_id, paused_at is null as news from stack where stack_id = $1 for update
        )
        update stack s
        set paused_at = coalesce(s.paused_at, now()), paused_by = coalesce(s.paused_by, $2),
            updated_at = now()
        from before
        where s.stack_id = before.stack_id and s.removed_at is null and s.wanted = 'present'
        returning before.news as "news!"
        "#,
        stack.0,
        storable(who),
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::Conflict { what: "stack" })?;
    notify::stack(&mut *db, stack).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(news)
}

/// A stack's deployments go on. What its deadline lost to the pause, the step
/// under way gets back. Whether it was paused is returned.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn resume(db: impl Begin<'_>, name: &str) -> Result<bool> {
    let doing = "resume a stack";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = super::by_name(&mut *db, name).await?.id;
    let before =
        sqlx::query_scalar!("select paused_at from stack where stack_id = $1 for update", stack.0)
            .fetch_one(&mut *db)
            .await
            .map_err(Error::while_(doing))?;
    sqlx::query!(
        "update deployment
         set deadline_at = deadline_at + coalesce(now() - $2, interval '0'), waiting = null,
             updated_at = now()
         where stack_id = $1 and finished_at is null",
        stack.0,
        before,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    sqlx::query!(
        "update stack set paused_at = null, paused_by = null, updated_at = now()
         where stack_id = $1",
        stack.0
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, stack).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(before.is_some())
}

/// Says what an open deployment waits for. News only if it differs: then it is
/// written down as an act too, where it is one of Berth's.
///
/// # Errors
///
/// `Fenced`.
pub async fn wait(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    why: &str,
    act: Option<Kind>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::Wait).await?;
    let news = sqlx::query!(
        "update deployment d set waiting = $2, updated_at = now()
         from stack s
         where d.deployment_id = $1 and d.finished_at is null and d.waiting is distinct from $2
           and s.stack_id = d.stack_id
         returning s.name, d.number",
        id.0,
        storable(why),
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_("say what a deployment waits for"))?;
    if let Some((news, kind)) = news.zip(act) {
        let act = NewAct::on_stack(Actor::Reconciler, kind, &news.name).numbered(news.number);
        acts::record(&mut *db, act.saying(why)).await?;
    }
    db.commit().await
}

/// A deployment waits for nothing any more.
///
/// # Errors
///
/// `Fenced`.
pub async fn go_on(pool: &Pool, fence: Fence, id: DeploymentId) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::GoOn).await?;
    sqlx::query!(
        "update deployment set waiting = null, updated_at = now()
         where deployment_id = $1 and waiting is not null",
        id.0,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("say that a deployment goes on"))?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use berth_domain::deployment::Step;
    use sqlx::PgPool;

    use super::*;
    use crate::views::deployments::by_id;
    use crate::{deployments, seed, stacks};

    const NAME: &str = "shop-pr-7";

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_stack_is_paused_by_the_first_who_asks_until_somebody_resumes_it(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(paused_by(&pool, seeded.stack).await.unwrap(), None);
        assert!(pause(&pool, NAME, "Ada").await.unwrap());
        assert!(!pause(&pool, NAME, "Bob").await.unwrap());
        assert_eq!(paused_by(&pool, seeded.stack).await.unwrap().as_deref(), Some("Ada"));
        assert!(stacks::live_one(&pool, seeded.stack).await.unwrap().unwrap().paused);
        assert!(stacks::live(&pool).await.unwrap().iter().all(|stack| stack.paused));

        resume(&pool, NAME).await.unwrap();
        assert_eq!(paused_by(&pool, seeded.stack).await.unwrap(), None);
        // Once more does no harm.
        resume(&pool, NAME).await.unwrap();
        assert!(!stacks::live_one(&pool, seeded.stack).await.unwrap().unwrap().paused);
        let none = pause(&pool, "none", "Ada").await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_goes_is_not_paused(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::deployment(&pool, fence).await;
        stacks::remove(&pool, NAME).await.unwrap();
        let late = pause(&pool, NAME, "Ada").await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_step_gets_back_what_the_pause_took_of_its_time(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let id = seeded.deployment;
        let minute = Duration::from_secs(60);
        deployments::begin_step(&pool, fence, id, Step::Fetch, minute).await.unwrap();
        pause(&pool, NAME, "Ada").await.unwrap();
        wait(&pool, fence, id, "Ada paused the stack", None).await.unwrap();
        assert_eq!(
            by_id(&pool, id.0).await.unwrap().waiting.as_deref(),
            Some("Ada paused the stack")
        );
        // An hour passes.
        sqlx::raw_sql(
            "update stack set paused_at = paused_at - interval '1 hour';
             update deployment set deadline_at = deadline_at - interval '1 hour'",
        )
        .execute(&pool)
        .await
        .unwrap();
        let begun = deployments::begin_step(&pool, fence, id, Step::Fetch, minute).await.unwrap();
        assert_eq!(begun.left, Duration::ZERO);

        resume(&pool, NAME).await.unwrap();
        let begun = deployments::begin_step(&pool, fence, id, Step::Fetch, minute).await.unwrap();
        assert!(begun.left > minute / 2, "{:?}", begun.left);
        assert_eq!(by_id(&pool, id.0).await.unwrap().waiting, None);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_leader_that_was_replaced_says_nothing_of_what_waits(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let now = seed::depose(&pool, fence).await;
        let late = wait(&pool, fence, seeded.deployment, "x", None).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        assert_eq!(by_id(&pool, seeded.deployment.0).await.unwrap().waiting, None);
        wait(&pool, now, seeded.deployment, "x", None).await.unwrap();
        let late = go_on(&pool, fence, seeded.deployment).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        go_on(&pool, now, seeded.deployment).await.unwrap();
        assert_eq!(by_id(&pool, seeded.deployment.0).await.unwrap().waiting, None);
    }
}
