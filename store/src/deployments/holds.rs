//! What keeps a deployment from being applied, and the person who lets it go.

use std::time::Duration;

use berth_domain::deployment::Step;
use berth_domain::ids::{DeploymentId, StackId};
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use super::get;
use crate::intent::Begin;
use crate::{Error, Result, notify, storable};

/// What keeps a deployment from being applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holds {
    /// Who paused the stack.
    pub paused_by: Option<String>,
    /// Whether a person has yet to approve it.
    pub unapproved: bool,
    /// Until when nothing is deployed to its environment, and how long that is
    /// from now, by Postgres's clock.
    pub frozen: Option<(DateTime<Utc>, Duration)>,
    /// Whether it is being applied already: then it is late to keep it from that.
    pub applying: bool,
    /// Whether it says that it waits.
    pub waits: bool,
}

/// What keeps this deployment from being applied now.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn holds(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<Holds> {
    let row = sqlx::query!(
        r#"
        select s.paused_by, e.protected and d.approved_at is null as "unapproved!",
               case when now() >= e.frozen_from and now() < e.frozen_until
                    then e.frozen_until end as frozen_until,
               extract(epoch from e.frozen_until - now())::float8 as frozen_for,
               d.waiting is not null as "waits!",
               exists (select from deployment_phase p
                       where p.deployment_id = d.deployment_id and p.phase = $2) as "applying!"
        from deployment d join stack s using (stack_id) join environment e using (environment_id)
        where d.deployment_id = $1
        "#,
        id.0,
        Step::Apply.reaches().as_str(),
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("ask what holds a deployment up"))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    let left = Duration::try_from_secs_f64(row.frozen_for.unwrap_or_default().max(0.0));
    Ok(Holds {
        paused_by: row.paused_by,
        unapproved: row.unapproved,
        frozen: row.frozen_until.map(|until| (until, left.unwrap_or_default())),
        applying: row.applying,
        waits: row.waits,
    })
}

/// A person lets a deployment of a protected environment go. The first who does
/// is remembered.
///
/// # Errors
///
/// `NotFound` where there is none, `Conflict` where it is over.
pub async fn approve(db: impl Begin<'_>, id: DeploymentId, who: &str) -> Result<()> {
    let doing = "approve a deployment";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = sqlx::query_scalar!(
        "update deployment
         set approved_at = coalesce(approved_at, now()), approved_by = coalesce(approved_by, $2),
             updated_at = now()
         where deployment_id = $1 and finished_at is null
         returning stack_id",
        id.0,
        storable(who),
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let Some(stack) = stack else {
        get(&mut *db, id).await?;
        return Err(Error::Conflict { what: "deployment" });
    };
    notify::stack(&mut *db, StackId(stack)).await?;
    db.commit().await.map_err(Error::while_(doing))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sqlx::PgPool;

    use super::*;
    use crate::environments::{self, Settings};
    use crate::views::deployments::by_id;
    use crate::{deployments, seed, stacks};

    const NAME: &str = "shop-pr-7";

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_of_a_protected_environment_waits_for_the_first_who_approves_it(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        let protected = Settings { protected: true, ..Settings::default() };
        environments::set(&pool, NAME, &protected).await.unwrap();
        assert!(holds(&pool, id).await.unwrap().unapproved);
        assert!(by_id(&pool, id.0).await.unwrap().needs_approval);

        approve(&pool, id, "Ada").await.unwrap();
        approve(&pool, id, "Bob").await.unwrap();
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!((shown.needs_approval, shown.approved_by.as_deref()), (false, Some("Ada")));

        deployments::cancel(&pool, fence, id, "somebody stopped it").await.unwrap();
        let late = approve(&pool, id, "Ada").await;
        assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
        let none = approve(&pool, DeploymentId::fresh(), "Ada").await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_environment_is_frozen_from_the_one_time_until_the_other(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let hour = TimeDelta::hours(1);
        for (from, until, frozen) in [
            (now - hour, now + hour, true),
            (now + hour, now + hour * 2, false),
            (now - hour * 2, now - hour, false),
        ] {
            let frost = Settings { freeze: Some((from, until)), ..Settings::default() };
            environments::set(&pool, NAME, &frost).await.unwrap();
            let found = holds(&pool, id).await.unwrap().frozen;
            assert_eq!(found.map(|(until, _)| until), frozen.then_some(until), "{from} {until}");
            if let Some((_, left)) = found {
                assert!(left <= Duration::from_secs(3600), "{left:?}");
            }
        }
        stacks::pause(&pool, NAME, "Ada").await.unwrap();
        assert_eq!(holds(&pool, id).await.unwrap().paused_by.as_deref(), Some("Ada"));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_waits_says_so_and_what_is_being_applied_too(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        stacks::wait(&pool, fence, id, "somebody has to approve it").await.unwrap();
        assert_eq!(holds(&pool, id).await.unwrap(), Holds { waits: true, ..Holds::default() });
        stacks::go_on(&pool, fence, id).await.unwrap();
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        for step in Step::ALL.into_iter().take_while(|step| *step != Step::Finish) {
            deployments::begin_step(&pool, fence, id, step, Duration::from_secs(60)).await.unwrap();
            let applying = matches!(step, Step::Apply | Step::Converge | Step::Route);
            assert_eq!(holds(&pool, id).await.unwrap().applying, applying, "{step:?}");
            deployments::advance(&pool, fence, id, step, "done").await.unwrap();
        }
    }
}
