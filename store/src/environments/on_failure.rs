//! What becomes of an environment's stack when a deployment failed.

use berth_domain::deployment::OnFailure;
use berth_domain::ids::StackId;
use sqlx::PgExecutor;

use crate::{Error, Pool, Result, notify, stacks};

/// What is to become of a stack whose deployment failed.
///
/// # Errors
///
/// `NotFound` where there is no such stack.
pub async fn on_failure(db: impl PgExecutor<'_>, stack: StackId) -> Result<OnFailure> {
    let word = sqlx::query_scalar!(
        "select e.on_failure from stack s join environment e using (environment_id)
         where s.stack_id = $1",
        stack.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read what is to become of a failed deployment"))?
    .ok_or(Error::NotFound { what: "stack" })?;
    OnFailure::ALL.into_iter().find(|it| it.as_str() == word).ok_or_else(|| Error::Corrupt {
        what: "environment",
        message: format!("it has {word:?} for failures"),
    })
}

/// Says what is to become of a stack whose deployment fails from now on. What
/// failed before and was kept is gone back from where that is what is wanted now.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn set_on_failure(pool: &Pool, stack: &str, on_failure: OnFailure) -> Result<StackId> {
    let doing = "say what is to become of a failed deployment";
    let mut db = crate::begin(pool).await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, stack).await?;
    sqlx::query!(
        "update environment set on_failure = $2 where environment_id = $1",
        stack.environment.0,
        on_failure.as_str(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, stack.id).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(stack.id)
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Reason;
    use berth_domain::stack::StackSpec;
    use sqlx::PgPool;

    use super::*;
    use crate::releases::{self, NewRelease};
    use crate::seal::SealKey;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_failed_is_kept_where_the_environment_says_so_and_what_was_stopped_is_not(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(on_failure(&pool, seeded.stack).await.unwrap(), OnFailure::Rollback);
        set_on_failure(&pool, "shop-pr-7", OnFailure::Keep).await.unwrap();
        assert_eq!(on_failure(&pool, seeded.stack).await.unwrap(), OnFailure::Keep);
        assert!(stacks::live_one(&pool, seeded.stack).await.unwrap().unwrap().keeps_failed);

        let key = SealKey::generate();
        let spec = StackSpec::default();
        let new = NewRelease { deployment: seeded.deployment, spec: &spec, images: &[] };
        let bad = releases::insert(&pool, fence, &key, new).await.unwrap();
        let reason = Reason { code: "x".into(), text: "y".into(), place: None };
        deployments::fail(&pool, fence, seeded.deployment, &reason).await.unwrap();
        assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, Some(bad));

        let mut db = pool.acquire().await.unwrap();
        let new = seed::new_deployment(seeded.stack, &"b".repeat(40));
        let stopped = deployments::create(&mut db, &new).await.unwrap().id;
        deployments::cancel(&pool, fence, stopped, "somebody stopped it").await.unwrap();
        assert_eq!(stacks::get(&pool, seeded.stack).await.unwrap().release, None);
        let none = set_on_failure(&pool, "none", OnFailure::Keep).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }
}
