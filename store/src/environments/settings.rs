//! What people say of an environment: whether its deployments wait for somebody,
//! and what becomes of its stack when one fails.

use berth_domain::deployment::OnFailure;
use berth_domain::ids::StackId;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::intent::Begin;
use crate::{Error, Result, notify, stacks};

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

/// What a person says of an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// What becomes of its stack when a deployment fails. What failed before and
    /// was kept is gone back from where that is what is wanted now.
    pub on_failure: OnFailure,
    /// Whether a person has to approve each deployment.
    pub protected: bool,
    /// From when until when nothing is deployed.
    pub freeze: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

/// Says it, of the environment of a stack. What waits is looked at again.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn set(db: impl Begin<'_>, stack: &str, settings: &Settings) -> Result<StackId> {
    let doing = "set what an environment is like";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, stack).await?;
    sqlx::query!(
        "update environment
         set on_failure = $2, protected = $3, frozen_from = $4, frozen_until = $5
         where environment_id = $1",
        stack.environment.0,
        settings.on_failure.as_str(),
        settings.protected,
        settings.freeze.map(|(from, _)| from),
        settings.freeze.map(|(_, until)| until),
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

    const KEEPS: Settings =
        Settings { on_failure: OnFailure::Keep, protected: false, freeze: None };

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_failed_is_kept_where_the_environment_says_so_and_what_was_stopped_is_not(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(on_failure(&pool, seeded.stack).await.unwrap(), OnFailure::Rollback);
        set(&pool, "shop-pr-7", &KEEPS).await.unwrap();
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
        let none = set(&pool, "none", &KEEPS).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }
}
