//! What keeps a deployment from being applied.

use std::time::Duration;

use berth_domain::deployment::Step;
use berth_domain::ids::DeploymentId;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::{Error, Result};

/// What keeps a deployment from being applied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Holds {
    /// Who paused the stack.
    pub paused_by: Option<String>,
    /// Whether a person has yet to approve it.
    pub unapproved: bool,
    /// Where nothing is deployed to its environment now: until when.
    pub frozen: Option<Frozen>,
    /// Whether it is being applied already: then it is late to keep it from that.
    pub applying: bool,
    /// Whether it says that it waits.
    pub waits: bool,
}

/// A time in which nothing is deployed; of several, the one that ends last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// When it ends.
    pub until: DateTime<Utc>,
    /// How long that is from now, by Postgres's clock.
    pub left: Duration,
    /// Why.
    pub reason: String,
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
               f.ends_at as "ends_at?", f.reason as "reason?",
               extract(epoch from f.ends_at - now())::float8 as frozen_for,
               d.waiting is not null as "waits!",
               exists (select from deployment_phase p
                       where p.deployment_id = d.deployment_id and p.phase = $2) as "applying!"
        from deployment d join stack s using (stack_id) join environment e using (environment_id)
        left join lateral (
            select ends_at, reason from freezes
            where environment_id = e.environment_id and starts_at <= now() and now() < ends_at
            order by ends_at desc limit 1
        ) f on d.freeze_overridden_at is null
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
        frozen: row.ends_at.zip(row.reason).map(|(until, reason)| Frozen {
            until,
            left: left.unwrap_or_default(),
            reason,
        }),
        applying: row.applying,
        waits: row.waits,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sqlx::PgPool;

    use super::*;
    use crate::environments::{self, Freeze, Settings};
    use crate::{deployments, seed, stacks};

    const NAME: &str = "shop-pr-7";

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn an_environment_is_frozen_until_the_last_of_its_freezes_ends(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let freeze = |from, until, reason: &str| Freeze {
            from: now + TimeDelta::hours(from),
            until: now + TimeDelta::hours(until),
            reason: reason.to_owned(),
        };
        let (over, early) = (freeze(-2, -1, "over"), freeze(1, 2, "early"));
        let (now, longer) = (freeze(-1, 1, "now"), freeze(-2, 3, "longer"));
        for (freezes, holding) in [
            (vec![], None),
            (vec![over.clone(), early.clone()], None),
            (vec![over.clone(), now.clone(), early.clone()], Some(&now)),
            (vec![longer.clone(), over, now.clone(), early], Some(&longer)),
        ] {
            let frost = Settings { freezes, ..Settings::default() };
            environments::set(&pool, NAME, &frost, None).await.unwrap();
            let found = holds(&pool, id).await.unwrap().frozen;
            assert_eq!(found.as_ref().map(|it| it.until), holding.map(|it| it.until), "{frost:?}");
            if let Some(found) = found {
                assert_eq!(Some(&found.reason), holding.map(|it| &it.reason));
                assert!(found.left <= Duration::from_secs(3 * 3600), "{:?}", found.left);
            }
        }
        stacks::pause(&pool, NAME, "Ada").await.unwrap();
        assert_eq!(holds(&pool, id).await.unwrap().paused_by.as_deref(), Some("Ada"));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_waits_says_so_and_what_is_being_applied_too(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        stacks::wait(&pool, fence, id, "somebody has to approve it", None).await.unwrap();
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
