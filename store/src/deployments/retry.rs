//! Another attempt at what failed.

use berth_domain::deployment::Phase;
use berth_domain::ids::{DeploymentId, StackId, UserId};

use super::{Created, NewDeployment, Trigger, create, get, newest, restart, rollback};
use crate::intent::Begin;
use crate::{Error, Result, rules};

/// Makes a deployment of what one that failed, or was stopped, was of: the same
/// commit, or for a rollback the same release, or the same services restarted.
///
/// # Errors
///
/// `NotFound` where there is no such deployment. `Conflict` about the
/// `deployment` where it goes on or succeeded, about the `newest deployment`
/// where another came after it, about the `stack` where it is on its way out;
/// of a rollback also those of [`rollback`](super::rollback()), of a restart about
/// the `release` that is no longer kept.
pub async fn retry(
    db: impl Begin<'_>,
    id: DeploymentId,
    who: UserId,
    name: &str,
) -> Result<(StackId, Created)> {
    let doing = "try a deployment again";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    // The stack's row is the lock: of two who ask at once, one finds the
    // deployment that the other made.
    sqlx::query!(
        "select s.stack_id from stack s join deployment d using (stack_id)
         where d.deployment_id = $1 for update of s",
        id.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let failed = get(&mut *db, id).await?;
    match failed.phase {
        Phase::Failed | Phase::Cancelled => {}
        Phase::Received
        | Phase::Fetched
        | Phase::Built
        | Phase::Rendered
        | Phase::Applied
        | Phase::Converged
        | Phase::Routed
        | Phase::Succeeded
        | Phase::Superseded => return Err(Error::Conflict { what: "deployment" }),
    }
    if newest(&mut *db, failed.stack).await?.map(|it| it.id) != Some(id) {
        return Err(Error::Conflict { what: "newest deployment" });
    }
    let why = format!("retry of #{} by {name}", failed.number);
    let created = match failed.trigger {
        Trigger::Rollback => rollback::bring_back(&mut db, &failed, Some(who), &why).await?,
        Trigger::Restart => {
            let services = failed.restarts.keys().cloned().collect();
            restart::begin(&mut db, &failed, &services, (who, &why)).await?
        }
        Trigger::Push | Trigger::Tag | Trigger::PullRequest | Trigger::Manual => {
            let policy = rules::policy_now(&mut *db, failed.rule, failed.policy).await?;
            let new = NewDeployment {
                requested_by: Some(who),
                ..super::again::like(&failed, policy, &why)
            };
            create(&mut db, &new).await?
        }
    };
    db.commit().await.map_err(Error::while_(doing))?;
    Ok((failed.stack, created))
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Reason;
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_failed_last_is_tried_again_at_the_same_commit(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let who = ada(&pool).await.id;
        let open = retry(&pool, seeded.deployment, who, "Ada").await;
        assert!(matches!(open, Err(Error::Conflict { what: "deployment" })), "{open:?}");

        let reason = Reason { code: "x".into(), text: "y".into(), place: None };
        deployments::fail(&pool, fence, seeded.deployment, &reason).await.unwrap();
        let (_, made) = retry(&pool, seeded.deployment, who, "Ada").await.unwrap();
        let again = get(&pool, made.id).await.unwrap();
        let first = get(&pool, seeded.deployment).await.unwrap();
        assert_eq!((again.number, &again.commit), (2, &first.commit));
        assert_eq!((again.phase, again.trigger), (Phase::Received, Trigger::Manual));
        assert_eq!(again.why, "retry of #1 by Ada");

        // What has a successor is not tried again: that would undo the successor.
        let late = retry(&pool, seeded.deployment, who, "Ada").await;
        assert!(matches!(late, Err(Error::Conflict { what: "newest deployment" })), "{late:?}");
        deployments::cancel(&pool, fence, made.id, "somebody stopped it").await.unwrap();
        assert_eq!(retry(&pool, made.id, who, "Ada").await.unwrap().1.number, 3);
        let none = retry(&pool, DeploymentId::fresh(), who, "Ada").await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }
}
