//! Restarting what runs: new tasks of the same release, for all services or some.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, StackId, UserId};
use berth_domain::stack::Mode;
use sqlx::PgConnection;

use super::rollback::start_from;
use super::{Created, Deployment, NewDeployment, Trigger, create, get, next_open};
use crate::leases::{Fence, Guarded};
use crate::seal::SealKey;
use crate::{Error, Pool, Result, releases, stacks, storable_json};

/// What of a stack can be restarted, as long as the transaction goes on in which it
/// was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restartable {
    /// The services, by their short names. Jobs are none: they end by themselves,
    /// and run with each deployment.
    pub services: BTreeSet<String>,
    /// The stack.
    pub stack: StackId,
    served: Deployment,
}

/// What of a stack can be restarted: the services of the release that succeeded
/// last. The stack's row is locked until the caller commits.
///
/// # Errors
///
/// `NotFound` where no live stack has this name. `Conflict` about the `release`
/// where none succeeded, about the `deployment` where one is under way: a restart
/// would take its place, and with it what it was to bring.
pub async fn restartable(db: &mut PgConnection, key: &SealKey, stack: &str) -> Result<Restartable> {
    let doing = "find what can be restarted";
    let stack = stacks::by_name(&mut *db, stack).await?.id;
    sqlx::query!("select stack_id from stack where stack_id = $1 for update", stack.0)
        .fetch_optional(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    let served = sqlx::query_scalar!(
        "select deployment_id from deployment
         where stack_id = $1 and phase = 'succeeded' and release_id is not null
         order by number desc limit 1",
        stack.0
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::Conflict { what: "release" })?;
    if next_open(&mut *db, stack).await?.is_some() {
        return Err(Error::Conflict { what: "deployment" });
    }
    let served = get(&mut *db, DeploymentId(served)).await?;
    let release = served.release.ok_or(Error::Conflict { what: "release" })?;
    let spec = releases::spec(&mut *db, key, release).await?.without_jobs();
    let servers = spec.services.into_iter().filter(|(_, is)| match is.mode {
        Mode::Replicated { .. } | Mode::Global => true,
        Mode::ReplicatedJob { .. } | Mode::GlobalJob => false,
    });
    Ok(Restartable { services: servers.map(|(name, _)| name).collect(), stack, served })
}

/// Makes a deployment that replaces the tasks of `services`, which the caller has
/// looked for in `of`, or of all for none. The caller commits.
///
/// # Errors
///
/// `Conflict` about the `stack` where it is on its way out.
pub async fn restart(
    db: &mut PgConnection,
    of: &Restartable,
    services: &BTreeSet<String>,
    (who, name): (UserId, &str),
) -> Result<Created> {
    let services = if services.is_empty() { &of.services } else { services };
    let why = if *services == of.services {
        format!("restart of all services by {name}")
    } else {
        let names: Vec<&str> = services.iter().map(String::as_str).collect();
        format!("restart of {} by {name}", names.join(", "))
    };
    begin(db, &of.served, services, (who, &why)).await
}

/// Makes a deployment that replaces the tasks of `services`, of the release that
/// `served` is of. The caller commits.
pub(super) async fn begin(
    db: &mut PgConnection,
    served: &Deployment,
    services: &BTreeSet<String>,
    (who, why): (UserId, &str),
) -> Result<Created> {
    let release = served.release.ok_or(Error::Conflict { what: "release" })?;
    let new = NewDeployment {
        trigger: Trigger::Restart,
        requested_by: Some(who),
        // What it is of runs already: nothing new comes with it that would have to
        // be trusted.
        ..super::again::like(served, served.policy, why)
    };
    let created = create(&mut *db, &new).await?;
    let unsettled: BTreeMap<&String, Option<u64>> =
        services.iter().map(|name| (name, None)).collect();
    sqlx::query!(
        "update deployment set restarts = $2 where deployment_id = $1",
        created.id.0,
        storable_json(&unsettled)?,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("say what a restart is of"))?;
    start_from(db, created.id, release, served.number).await?;
    Ok(created)
}

/// Settles how often Swarm is to have been forced to replace the tasks of the
/// services that a restart is of, or that it had given up. What is settled stays; of
/// a deployment that is over, nothing is.
///
/// # Errors
///
/// `Fenced`.
pub async fn keep_restarts(
    pool: &Pool,
    fence: Fence,
    id: DeploymentId,
    forced: &BTreeMap<String, u64>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::KeepRestarts).await?;
    sqlx::query!(
        "update deployment
         set restarts = $2::jsonb || jsonb_strip_nulls(coalesce(restarts, '{}')),
             updated_at = now()
         where deployment_id = $1 and finished_at is null",
        id.0,
        storable_json(forced)?,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("settle a restart"))?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::{Phase, Reason, Step};
    use berth_domain::stack::{JobTime, ServiceSpec, StackSpec};
    use sqlx::PgPool;

    use super::*;
    use crate::intent::Intent;
    use crate::releases::NewRelease;
    use crate::{deployments, seed};

    async fn succeed(pool: &PgPool, fence: Fence, key: &SealKey, id: DeploymentId) {
        let mut spec = StackSpec::default();
        for name in ["migrate", "once", "web", "worker"] {
            spec.services.insert(name.to_owned(), ServiceSpec::default().into());
        }
        spec.jobs.insert("migrate".to_owned(), JobTime::Before);
        spec.services.get_mut("once").unwrap().mode = Mode::GlobalJob;
        let new = NewRelease { deployment: id, spec: &spec, images: &[] };
        releases::insert(pool, fence, key, new).await.unwrap();
        for step in Step::ALL {
            deployments::advance(pool, fence, id, step, "").await.unwrap();
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// Restarts `services` of the only stack.
    async fn ask(pool: &PgPool, key: &SealKey, services: &[&str]) -> Result<Created> {
        let who = UserId::fresh();
        let mut db = Intent::begin(pool).await?;
        let of = restartable(&mut db, key, "shop-pr-7").await?;
        let created = restart(&mut db, &of, &set(services), (who, "Ada")).await?;
        db.commit().await?;
        Ok(created)
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_restart_is_of_what_served_last_and_of_no_job(pool: PgPool) {
        let (fence, key) = (seed::lead(&pool).await, SealKey::generate());
        let seeded = seed::deployment(&pool, fence).await;
        succeed(&pool, fence, &key, seeded.deployment).await;
        let release = get(&pool, seeded.deployment).await.unwrap().release;

        let all = ask(&pool, &key, &[]).await.unwrap();
        let made = get(&pool, all.id).await.unwrap();
        assert_eq!((made.trigger, made.phase), (Trigger::Restart, Phase::Rendered));
        assert_eq!((made.release, made.commit.sha.len()), (release, 40));
        assert_eq!(made.why, "restart of all services by Ada");
        assert_eq!(made.restarts.keys().collect::<Vec<_>>(), ["web", "worker"]);

        // What is asked for meanwhile would stop it half way.
        let busy = ask(&pool, &key, &[]).await;
        assert!(matches!(busy, Err(Error::Conflict { what: "deployment" })), "{busy:?}");
        deployments::cancel(&pool, fence, all.id, "somebody stopped it").await.unwrap();
        let one = ask(&pool, &key, &["web"]).await.unwrap();
        let made = get(&pool, one.id).await.unwrap();
        assert_eq!(made.why, "restart of web by Ada");
        assert_eq!(made.restarts, BTreeMap::from([("web".to_owned(), None)]));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_never_served_is_not_restarted(pool: PgPool) {
        let (fence, key) = (seed::lead(&pool).await, SealKey::generate());
        let seeded = seed::deployment(&pool, fence).await;
        let none = ask(&pool, &key, &[]).await;
        assert!(matches!(none, Err(Error::Conflict { what: "release" })), "{none:?}");
        succeed(&pool, fence, &key, seeded.deployment).await;
        stacks::remove(&pool, "shop-pr-7").await.unwrap();
        let leaving = ask(&pool, &key, &[]).await;
        assert!(matches!(leaving, Err(Error::Conflict { what: "stack" })), "{leaving:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn how_often_is_settled_once_and_for_the_next_try_anew(pool: PgPool) {
        let (fence, key) = (seed::lead(&pool).await, SealKey::generate());
        let seeded = seed::deployment(&pool, fence).await;
        succeed(&pool, fence, &key, seeded.deployment).await;
        let id = ask(&pool, &key, &["web"]).await.unwrap().id;
        let settled = |times: u64| BTreeMap::from([("web".to_owned(), times)]);

        let stale = fence;
        let fence = seed::depose(&pool, fence).await;
        let late = keep_restarts(&pool, stale, id, &settled(9)).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        for times in [3, 4] {
            keep_restarts(&pool, fence, id, &settled(times)).await.unwrap();
            let first = BTreeMap::from([("web".to_owned(), Some(3))]);
            assert_eq!(get(&pool, id).await.unwrap().restarts, first);
        }

        let reason = Reason { code: "x".into(), text: "y".into(), place: None };
        deployments::fail(&pool, fence, id, &reason).await.unwrap();
        let who = UserId::fresh();
        let (_, again) = deployments::retry(&pool, id, who, "Ada").await.unwrap();
        let again = get(&pool, again.id).await.unwrap();
        assert_eq!((again.trigger, again.phase), (Trigger::Restart, Phase::Rendered));
        assert_eq!(again.restarts, BTreeMap::from([("web".to_owned(), None)]));
    }
}
