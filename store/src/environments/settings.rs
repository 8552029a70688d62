//! What people say of an environment: whether its deployments wait for somebody
//! or for a time, and what becomes of its stack when one fails.

use berth_domain::deployment::{OnDrift, OnFailure};
use berth_domain::ids::StackId;
use berth_domain::node::VolumePolicy;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::intent::Begin;
use crate::{Error, Result, executors, notify, stacks, storable};

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
    failure(&word)
}

fn drift(word: &str) -> Result<OnDrift> {
    OnDrift::ALL.into_iter().find(|it| it.as_str() == word).ok_or_else(|| Error::Corrupt {
        what: "environment",
        message: format!("it has {word:?} for drift"),
    })
}

fn failure(word: &str) -> Result<OnFailure> {
    OnFailure::ALL.into_iter().find(|it| it.as_str() == word).ok_or_else(|| Error::Corrupt {
        what: "environment",
        message: format!("it has {word:?} for failures"),
    })
}

/// When nothing is deployed to an environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Freeze {
    /// From then on.
    pub from: DateTime<Utc>,
    /// Until then.
    pub until: DateTime<Utc>,
    /// Why, for people.
    pub reason: String,
}

/// What a person says of an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// What becomes of its stack when a deployment fails. What failed before and
    /// was kept is gone back from where that is what is wanted now.
    pub on_failure: OnFailure,
    /// Whether a person has to approve each deployment.
    pub protected: bool,
    /// When nothing is deployed, the earliest first.
    pub freezes: Vec<Freeze>,
    /// What becomes of a difference that no deployment made.
    pub on_drift: OnDrift,
    /// What becomes of its stack's volumes once that is gone.
    pub volumes: VolumePolicy,
}

/// What was said of the environment of a stack, and how often it was changed.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn settings(db: impl PgExecutor<'_>, stack: &str) -> Result<(Settings, i64)> {
    let row = sqlx::query!(
        r#"
        select e.on_failure, e.on_drift, e.protected, e.settings_version, e.volumes,
               e.volumes_days,
               coalesce((
                   select jsonb_agg(jsonb_build_object(
                       'from', f.starts_at, 'until', f.ends_at, 'reason', f.reason)
                       order by f.starts_at, f.freeze_id)
                   from freezes f where f.environment_id = e.environment_id
               ), '[]') as "freezes!: Json<Vec<Freeze>>"
        from stack s join environment e using (environment_id)
        where s.name = $1 and s.removed_at is null
        "#,
        stack
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read what an environment is like"))?
    .ok_or(Error::NotFound { what: "stack" })?;
    let settings = Settings {
        on_failure: failure(&row.on_failure)?,
        protected: row.protected,
        freezes: row.freezes.0,
        on_drift: drift(&row.on_drift)?,
        volumes: executors::policy(&row.volumes, row.volumes_days)?,
    };
    Ok((settings, row.settings_version))
}

/// Says it, of the environment of a stack, where that still stands at `version`;
/// whatever it stands at where there is none. What waits is looked at again.
///
/// # Errors
///
/// `NotFound` where no live stack has this name, `Conflict` where somebody
/// changed it meanwhile.
pub async fn set(
    db: impl Begin<'_>,
    stack: &str,
    settings: &Settings,
    version: Option<i64>,
) -> Result<StackId> {
    let doing = "set what an environment is like";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, stack).await?;
    let done = sqlx::query!(
        "update environment
         set on_failure = $3, protected = $4, on_drift = $5, volumes = $6, volumes_days = $7,
             settings_version = settings_version + 1
         where environment_id = $1 and ($2::bigint is null or settings_version = $2)",
        stack.environment.0,
        version,
        settings.on_failure.as_str(),
        settings.protected,
        settings.on_drift.as_str(),
        settings.volumes.as_str(),
        settings.volumes.days().map(|days| i16::try_from(days).unwrap_or(i16::MAX)),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if done.rows_affected() == 0 {
        return Err(Error::Conflict { what: "settings" });
    }
    sqlx::query!("delete from freezes where environment_id = $1", stack.environment.0)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    let starts: Vec<DateTime<Utc>> = settings.freezes.iter().map(|it| it.from).collect();
    let ends: Vec<DateTime<Utc>> = settings.freezes.iter().map(|it| it.until).collect();
    let reasons: Vec<String> = settings.freezes.iter().map(|it| storable(&it.reason)).collect();
    sqlx::query!(
        "insert into freezes (environment_id, starts_at, ends_at, reason)
         select $1, starts_at, ends_at, reason
         from unnest($2::timestamptz[], $3::timestamptz[], $4::text[])
              with ordinality as t (starts_at, ends_at, reason, place)
         order by place",
        stack.environment.0,
        &starts,
        &ends,
        &reasons,
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

    const NAME: &str = "shop-pr-7";

    fn keeps() -> Settings {
        Settings { on_failure: OnFailure::Keep, ..Settings::default() }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_failed_is_kept_where_the_environment_says_so_and_what_was_stopped_is_not(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(on_failure(&pool, seeded.stack).await.unwrap(), OnFailure::Rollback);
        set(&pool, NAME, &keeps(), None).await.unwrap();
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
        let shows = Settings { on_drift: OnDrift::Show, ..keeps() };
        set(&pool, NAME, &shows, None).await.unwrap();
        assert!(stacks::live_one(&pool, seeded.stack).await.unwrap().unwrap().shows_drift);
        assert!(stacks::live(&pool).await.unwrap().iter().all(|stack| stack.shows_drift));
        let none = set(&pool, "none", &keeps(), None).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn settings_read_back_as_they_were_said_and_of_two_who_edit_one_loses(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::deployment(&pool, fence).await;
        let usual = Settings { volumes: VolumePolicy::WithStack, ..Settings::default() };
        assert_eq!(settings(&pool, NAME).await.unwrap(), (usual, 1), "it is a preview's");
        let day = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let freeze = |from, reason: &str| Freeze {
            from: day(from),
            until: day(from + 2),
            reason: reason.to_owned(),
        };
        let said = Settings {
            protected: true,
            on_drift: OnDrift::Show,
            freezes: vec![freeze(1, "Black Friday"), freeze(2, "the move")],
            ..keeps()
        };
        set(&pool, NAME, &said, Some(1)).await.unwrap();
        assert_eq!(settings(&pool, NAME).await.unwrap(), (said.clone(), 2));

        let late = set(&pool, NAME, &keeps(), Some(1)).await;
        assert!(matches!(late, Err(Error::Conflict { what: "settings" })), "{late:?}");
        assert_eq!(settings(&pool, NAME).await.unwrap(), (said, 2));
        set(&pool, NAME, &keeps(), None).await.unwrap();
        assert_eq!(settings(&pool, NAME).await.unwrap(), (keeps(), 3));
        let none = settings(&pool, "none").await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }
}
