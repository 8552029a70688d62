//! What people decide of a deployment that waits: to let it go, to turn it down,
//! or to let it through a freeze. All is intent; the leader acts on it.

use berth_domain::deployment::Step;
use berth_domain::ids::{DeploymentId, StackId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::intent::Begin;
use crate::{Error, Result, notify, storable};

/// How a deployment stands that somebody decides on. Its row is locked.
struct Standing {
    stack: Uuid,
    over: bool,
    applying: bool,
    protected: bool,
    approved: bool,
    rejected: bool,
    frozen: bool,
    overridden: bool,
}

async fn stand(db: &mut PgConnection, id: DeploymentId) -> Result<Standing> {
    sqlx::query_as!(
        Standing,
        r#"
        select d.stack_id as stack, d.finished_at is not null as "over!", e.protected,
               d.approved_at is not null as "approved!", d.rejected_at is not null as "rejected!",
               d.freeze_overridden_at is not null as "overridden!",
               exists (select from deployment_phase p
                       where p.deployment_id = d.deployment_id and p.phase = $2) as "applying!",
               exists (select from freezes f
                       where f.environment_id = e.environment_id
                         and f.starts_at <= now() and now() < f.ends_at) as "frozen!"
        from deployment d join stack s using (stack_id) join environment e using (environment_id)
        where d.deployment_id = $1
        for update of d
        "#,
        id.0,
        Step::Apply.reaches().as_str(),
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("look at a deployment that waits"))?
    .ok_or(Error::NotFound { what: "deployment" })
}

/// A person lets a deployment of a protected environment go. The first who does
/// is remembered; whether it was this one is returned.
///
/// # Errors
///
/// `NotFound` where there is none. `Conflict` where it is over (of `deployment`),
/// was turned down (`rejection`), is being applied (`step`) or where its
/// environment is not protected (`environment`).
pub async fn approve(db: impl Begin<'_>, id: DeploymentId, who: &str) -> Result<bool> {
    let doing = "approve a deployment";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let now = stand(&mut db, id).await?;
    refuse(&[(now.over, "deployment"), (now.rejected, "rejection")])?;
    if now.approved {
        return Ok(false);
    }
    refuse(&[(!now.protected, "environment"), (now.applying, "step")])?;
    sqlx::query!(
        "update deployment set approved_at = now(), approved_by = $2, updated_at = now()
         where deployment_id = $1",
        id.0,
        storable(who),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, StackId(now.stack)).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(true)
}

/// A person turns down a deployment that waits for approval: it is to be stopped.
///
/// # Errors
///
/// As for [`approve`], and `Conflict` of `approval` where it was approved.
pub async fn reject(db: impl Begin<'_>, id: DeploymentId, who: &str, why: &str) -> Result<()> {
    let doing = "reject a deployment";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let now = stand(&mut db, id).await?;
    refuse(&[
        (now.over, "deployment"),
        (now.rejected, "rejection"),
        (now.approved, "approval"),
        (!now.protected, "environment"),
        (now.applying, "step"),
    ])?;
    sqlx::query!(
        "update deployment
         set rejected_at = now(), rejected_by = $2, rejected_reason = $3, updated_at = now(),
             cancel_requested_at = coalesce(cancel_requested_at, now())
         where deployment_id = $1",
        id.0,
        storable(who),
        storable(why),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, StackId(now.stack)).await?;
    db.commit().await.map_err(Error::while_(doing))
}

/// A person lets one deployment through all freezes of its environment. The
/// first who does is remembered; whether it was this one is returned.
///
/// # Errors
///
/// `NotFound` where there is none. `Conflict` where it is over (of `deployment`),
/// is being applied (`step`) or where its environment is not frozen (`freeze`).
pub async fn override_freeze(
    db: impl Begin<'_>,
    id: DeploymentId,
    who: &str,
    why: &str,
) -> Result<bool> {
    let doing = "let a deployment through a freeze";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let now = stand(&mut db, id).await?;
    refuse(&[(now.over, "deployment")])?;
    if now.overridden {
        return Ok(false);
    }
    refuse(&[(now.applying, "step"), (!now.frozen, "freeze")])?;
    sqlx::query!(
        "update deployment
         set freeze_overridden_at = now(), freeze_overridden_by = $2, freeze_override_reason = $3,
             updated_at = now()
         where deployment_id = $1",
        id.0,
        storable(who),
        storable(why),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, StackId(now.stack)).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok(true)
}

/// Refuses for the first reason that holds.
fn refuse(reasons: &[(bool, &'static str)]) -> Result<()> {
    match reasons.iter().find(|(holds, _)| *holds) {
        Some((_, what)) => Err(Error::Conflict { what }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use sqlx::PgPool;

    use super::*;
    use crate::deployments::{self, Holds, holds};
    use crate::environments::{self, Freeze, Settings};
    use crate::leases::Fence;
    use crate::seed;
    use crate::views::deployments::by_id;

    const NAME: &str = "shop-pr-7";

    fn protected() -> Settings {
        Settings { protected: true, ..Settings::default() }
    }

    /// What a call was refused for.
    fn refusal<T: std::fmt::Debug>(said: Result<T>) -> &'static str {
        match said {
            Err(Error::Conflict { what }) => what,
            other => panic!("{other:?}"),
        }
    }

    async fn apply(pool: &PgPool, fence: Fence, id: DeploymentId) {
        for step in Step::ALL.into_iter().take_while(|step| *step != Step::Apply) {
            deployments::advance(pool, fence, id, step, "done").await.unwrap();
        }
        let limit = std::time::Duration::from_secs(60);
        deployments::begin_step(pool, fence, id, Step::Apply, limit).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_of_a_protected_environment_waits_for_the_first_who_approves_it(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        assert_eq!(refusal(approve(&pool, id, "Ada").await), "environment");
        environments::set(&pool, NAME, &protected(), None).await.unwrap();
        assert!(holds(&pool, id).await.unwrap().unapproved);
        assert!(by_id(&pool, id.0).await.unwrap().needs_approval);

        assert!(approve(&pool, id, "Ada").await.unwrap());
        assert!(!approve(&pool, id, "Bob").await.unwrap(), "the first is remembered");
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!((shown.needs_approval, shown.approved_by.as_deref()), (false, Some("Ada")));
        assert_eq!(refusal(reject(&pool, id, "Bob", "no").await), "approval");

        deployments::cancel(&pool, fence, id, "somebody stopped it").await.unwrap();
        assert_eq!(refusal(approve(&pool, id, "Ada").await), "deployment");
        let none = approve(&pool, DeploymentId::fresh(), "Ada").await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_is_turned_down_is_to_be_stopped_and_cannot_be_approved_any_more(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        assert_eq!(refusal(reject(&pool, id, "Ada", "no").await), "environment");
        environments::set(&pool, NAME, &protected(), None).await.unwrap();
        reject(&pool, id, "Ada", "not on a Friday").await.unwrap();
        assert_eq!(refusal(reject(&pool, id, "Bob", "no").await), "rejection");
        assert_eq!(refusal(approve(&pool, id, "Bob").await), "rejection");
        let found = deployments::get(&pool, id).await.unwrap();
        assert!(found.cancel_requested_at.is_some());
        let words = ("Ada".to_owned(), "not on a Friday".to_owned());
        assert_eq!(found.rejected, Some(words));
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!(shown.rejected_reason.as_deref(), Some("not on a Friday"));
        assert!(!shown.needs_approval);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_is_being_applied_needs_nobody(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let id = seed::deployment(&pool, fence).await.deployment;
        apply(&pool, fence, id).await;
        let hour = TimeDelta::hours(1);
        let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let freeze = Freeze { from: now - hour, until: now + hour, reason: "a fair".to_owned() };
        let all = Settings { freezes: vec![freeze], ..protected() };
        environments::set(&pool, NAME, &all, None).await.unwrap();
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!((shown.needs_approval, shown.frozen_reason), (false, None));
        assert_eq!(refusal(approve(&pool, id, "Ada").await), "step");
        assert_eq!(refusal(reject(&pool, id, "Ada", "no").await), "step");
        assert_eq!(refusal(override_freeze(&pool, id, "Ada", "now").await), "step");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn one_deployment_goes_through_a_freeze_and_says_who_let_it(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let id = seeded.deployment;
        assert_eq!(refusal(override_freeze(&pool, id, "Ada", "now").await), "freeze");
        let hour = TimeDelta::hours(1);
        let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let freeze = Freeze { from: now - hour, until: now + hour, reason: "a fair".to_owned() };
        let frost = Settings { freezes: vec![freeze], ..Settings::default() };
        environments::set(&pool, NAME, &frost, None).await.unwrap();
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!(shown.frozen_reason.as_deref(), Some("a fair"));
        assert!(shown.frozen_from.is_some() && shown.frozen_until.is_some());

        assert!(override_freeze(&pool, id, "Ada", "a hole to close").await.unwrap());
        assert!(!override_freeze(&pool, id, "Bob", "me too").await.unwrap());
        assert_eq!(holds(&pool, id).await.unwrap(), Holds::default());
        let shown = by_id(&pool, id.0).await.unwrap();
        assert_eq!(shown.freeze_overridden_by.as_deref(), Some("Ada"));
        assert_eq!(shown.freeze_override_reason.as_deref(), Some("a hole to close"));
        assert_eq!(shown.frozen_until, None);

        // The next one is held up as ever.
        let mut db = pool.acquire().await.unwrap();
        let new = seed::new_deployment(seeded.stack, &"b".repeat(40));
        let next = deployments::create(&mut db, &new).await.unwrap().id;
        assert!(holds(&pool, next).await.unwrap().frozen.is_some());
        assert_eq!(refusal(override_freeze(&pool, id, "Ada", "late").await), "deployment");
    }
}
