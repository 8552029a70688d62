//! The plan that a deployment was applied with, kept for people.

use berth_domain::deployment::planned::{Planned, follow};
use berth_domain::fail_point::Write;
use berth_domain::ids::DeploymentId;
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable_json};

/// Writes down what a pass of a deployment is going to do, before it does it.
///
/// `now`, and `after` once it has succeeded. What earlier passes planned stays, and
/// is done where this one plans it no more. Of a deployment that is over, nothing
/// is written.
///
/// # Errors
///
/// `Fenced`.
pub async fn keep_plan(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    now: &[String],
    after: &[String],
) -> Result<()> {
    let doing = "keep a deployment's plan";
    let mut db = Guarded::begin(pool, fence, Write::KeepPlan).await?;
    let kept = sqlx::query_scalar!(
        r#"select plan as "plan: Json<Vec<Planned>>" from deployment
           where deployment_id = $1 and finished_at is null for update"#,
        id.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let Some(kept) = kept else { return Ok(()) };
    let kept = kept.map(|plan| plan.0);
    let plan = follow(kept.as_deref().unwrap_or_default(), now, after);
    if kept.is_none_or(|kept| kept != plan) {
        sqlx::query!(
            "update deployment set plan = $2, updated_at = now() where deployment_id = $1",
            id.0,
            storable_json(&plan)?,
        )
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    }
    db.commit().await
}

/// Whether a deployment has ever written down what it is going to do: before that,
/// it has changed nothing on the cluster.
///
/// # Errors
///
/// What the database says.
pub async fn is_planned(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<bool> {
    let planned = sqlx::query_scalar!(
        r#"select plan is not null as "planned!" from deployment where deployment_id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("see whether a deployment is planned"))?;
    Ok(planned.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::planned::PlannedState::{After, Done, Open};
    use sqlx::PgPool;

    use super::*;
    use crate::deployments::cancel;
    use crate::seed;
    use crate::views;

    async fn kept(pool: &PgPool, stack: berth_domain::ids::StackId) -> Option<Vec<Planned>> {
        views::deployments::story(pool, stack.0, 1).await.unwrap().plan
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_plan_is_kept_with_what_became_of_it(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(kept(&pool, seeded.stack).await, None);
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let keep = async |fence, now: &[&str], after: &[&str]| {
            keep_plan(&pool, fence, seeded.deployment, &texts(now), &texts(after)).await
        };
        keep(fence, &["+ service web"], &["- service old"]).await.unwrap();
        keep(fence, &[], &["- service old"]).await.unwrap();
        let states = |plan: Option<Vec<Planned>>| {
            plan.unwrap().iter().map(|it| it.state).collect::<Vec<_>>()
        };
        assert_eq!(states(kept(&pool, seeded.stack).await), [Done, After]);

        let other = seed::depose(&pool, fence).await;
        let late = keep(fence, &["+ service web"], &[]).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        keep(other, &["+ service web"], &["- service old"]).await.unwrap();
        assert_eq!(states(kept(&pool, seeded.stack).await), [Open, After]);

        cancel(&pool, other, seeded.deployment, "somebody stopped it").await.unwrap();
        keep(other, &["+ service late"], &[]).await.unwrap();
        assert_eq!(states(kept(&pool, seeded.stack).await), [Open, After]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_plan_with_nothing_to_do_is_a_plan(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert!(!is_planned(&pool, seeded.deployment).await.unwrap());
        keep_plan(&pool, fence, seeded.deployment, &[], &[]).await.unwrap();
        assert_eq!(kept(&pool, seeded.stack).await, Some(Vec::new()));
        assert!(is_planned(&pool, seeded.deployment).await.unwrap());
    }
}
