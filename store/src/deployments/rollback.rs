//! Going back to a release that is kept: nothing is fetched, built or rendered,
//! so what runs is to the byte what ran.

use berth_domain::deployment::{Phase, Step};
use berth_domain::ids::{DeploymentId, ReleaseId, StackId, UserId};
use berth_domain::policy::Policy;
use sqlx::PgConnection;

use super::{Created, Deployment, NewDeployment, Trigger, create, get};
use crate::intent::Begin;
use crate::{Error, Result, rules, stacks};

/// Makes a deployment of the release that deployment `number` of a stack
/// brought. It begins where a release is there already.
///
/// # Errors
///
/// `NotFound` where no live stack has this name or no deployment of it this
/// number. `Conflict` about the `stack` where it is on its way out, about the
/// `release` where that never succeeded or is not kept, about the `policy` where
/// the release was made from a file that its rule no longer trusts.
pub async fn rollback(
    db: impl Begin<'_>,
    stack: &str,
    number: i64,
    who: UserId,
    name: &str,
) -> Result<(StackId, Created)> {
    let doing = "go back to a release";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, stack).await?.id;
    // Locked, so that what is gone back to is not forgotten meanwhile.
    sqlx::query!("select stack_id from stack where stack_id = $1 for update", stack.0)
        .fetch_optional(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    let target = sqlx::query_scalar!(
        "select deployment_id from deployment where stack_id = $1 and number = $2",
        stack.0,
        number,
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    let target = get(&mut *db, DeploymentId(target)).await?;
    let why = format!("rollback to #{number} by {name}");
    let created = bring_back(&mut db, &target, Some(who), &why).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok((stack, created))
}

/// Makes a deployment of `target`'s release. The caller commits.
pub(super) async fn bring_back(
    db: &mut PgConnection,
    target: &Deployment,
    who: Option<UserId>,
    why: &str,
) -> Result<Created> {
    let release = target.release.ok_or(Error::Conflict { what: "release" })?;
    if !has_succeeded(db, release).await? {
        return Err(Error::Conflict { what: "release" });
    }
    let now = rules::policy_now(&mut *db, target.rule, target.policy).await?;
    if now == Policy::Restricted && target.policy == Policy::Trusted {
        return Err(Error::Conflict { what: "policy" });
    }
    let new = NewDeployment {
        trigger: Trigger::Rollback,
        requested_by: who,
        ..super::again::like(target, target.policy, why)
    };
    let created = create(&mut *db, &new).await?;
    start_from(db, created.id, release, target.number).await?;
    Ok(created)
}

/// Whether a release ever served.
async fn has_succeeded(db: &mut PgConnection, release: ReleaseId) -> Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from deployment where release_id = $1 and phase = 'succeeded'
        ) as "good!"
        "#,
        release.0
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("ask whether a release ever served"))
}

/// A deployment that was just made has its release already.
pub(super) async fn start_from(
    db: &mut PgConnection,
    id: DeploymentId,
    release: ReleaseId,
    number: i64,
) -> Result<()> {
    let doing = "start from a release";
    sqlx::query!(
        "update deployment set phase = $3, release_id = $2 where deployment_id = $1",
        id.0,
        release.0,
        Phase::Rendered.as_str(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let skipped =
        [Step::Fetch, Step::Build, Step::Render].map(|step| step.reaches().as_str().to_owned());
    sqlx::query!(
        "insert into deployment_phase (deployment_id, phase, ended_at, state, message)
         select $1, phase, now(), 'done', $3 from unnest($2::text[]) phase",
        id.0,
        &skipped,
        format!("not needed: the release of #{number} is kept"),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Reason;
    use berth_domain::stack::StackSpec;
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::leases::Fence;
    use crate::releases::{self, NewRelease};
    use crate::seal::SealKey;
    use crate::{deployments, seed};

    async fn released(pool: &PgPool, fence: Fence, id: DeploymentId) -> ReleaseId {
        let spec = StackSpec::default();
        let new = NewRelease { deployment: id, spec: &spec, images: &[] };
        releases::insert(pool, fence, &SealKey::generate(), new).await.unwrap()
    }

    async fn succeed(pool: &PgPool, fence: Fence, id: DeploymentId) {
        for step in Step::ALL {
            deployments::advance(pool, fence, id, step, "").await.unwrap();
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_rollback_starts_at_the_release_and_says_whose_wish_it_is(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let good = released(&pool, fence, seeded.deployment).await;
        succeed(&pool, fence, seeded.deployment).await;
        let who = ada(&pool).await.id;
        let mut db = pool.acquire().await.unwrap();
        let newer = seed::new_deployment(seeded.stack, &"b".repeat(40));
        let newer = create(&mut db, &newer).await.unwrap().id;

        let (stack, made) = rollback(&pool, "shop-pr-7", 1, who, "Ada").await.unwrap();
        assert_eq!((stack, &made.superseded[..]), (seeded.stack, &[newer][..]));
        let back = get(&pool, made.id).await.unwrap();
        assert_eq!(
            (back.phase, back.release, back.trigger, back.why.as_str()),
            (Phase::Rendered, Some(good), Trigger::Rollback, "rollback to #1 by Ada")
        );
        assert_eq!(back.commit.sha, "a".repeat(40));
        let steps = deployments::phases(&pool, made.id).await.unwrap();
        assert_eq!(steps.last().unwrap().phase, Phase::Rendered);
        assert!(steps.iter().all(|row| row.state == deployments::PhaseState::Done));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_never_served_is_not_gone_back_to(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let who = ada(&pool).await.id;
        let back = async |number| rollback(&pool, "shop-pr-7", number, who, "Ada").await;

        let none = back(1).await;
        assert!(matches!(none, Err(Error::Conflict { what: "release" })), "{none:?}");
        released(&pool, fence, seeded.deployment).await;
        let reason = Reason { code: "x".into(), text: "y".into(), place: None };
        deployments::fail(&pool, fence, seeded.deployment, &reason).await.unwrap();
        let failed = back(1).await;
        assert!(matches!(failed, Err(Error::Conflict { what: "release" })), "{failed:?}");
        let missing = back(2).await;
        assert!(matches!(missing, Err(Error::NotFound { what: "deployment" })), "{missing:?}");
        assert_eq!(deployments::newest(&pool, seeded.stack).await.unwrap().unwrap().number, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_release_of_a_trusted_file_does_not_come_back_once_its_rule_is_restricted(
        pool: PgPool,
    ) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let who = ada(&pool).await.id;
        let mut stored = seed::rule(&pool, seeded.repository).await;
        let mut new = seed::new_deployment(seeded.stack, &"c".repeat(40));
        new.policy = Policy::Trusted;
        new.rule = Some((stored.rule.id, stored.rule.name.clone()));
        let mut db = pool.acquire().await.unwrap();
        let trusted = create(&mut db, &new).await.unwrap();
        released(&pool, fence, trusted.id).await;
        succeed(&pool, fence, trusted.id).await;
        rollback(&pool, "shop-pr-7", trusted.number, who, "Ada").await.unwrap();

        stored.rule.policy = Policy::Restricted;
        rules::update(&pool, &stored.rule, 1, stored.version).await.unwrap();
        let refused = rollback(&pool, "shop-pr-7", trusted.number, who, "Ada").await;
        assert!(matches!(refused, Err(Error::Conflict { what: "policy" })), "{refused:?}");
    }
}
