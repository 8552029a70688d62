//! Deploying a stack anew, because a person asks for it.

use std::collections::BTreeMap;

use berth_domain::deployment::Phase;
use berth_domain::ids::{DeploymentId, StackId, UserId};
use berth_domain::policy::Policy;

use super::{Commit, Context, Created, Deployment, NewDeployment, Trigger, create, newest};
use crate::intent::Begin;
use crate::{Error, Pool, Result, environments, repositories, rules, stacks};

/// Makes a deployment like a stack's newest one, of `sha` where one is given.
///
/// # Errors
///
/// `NotFound` where no live stack has this name, `Conflict` where it is on its
/// way out or was never deployed.
pub async fn again(
    db: impl Begin<'_>,
    stack: &str,
    sha: Option<&str>,
    who: UserId,
    why: &str,
) -> Result<(StackId, Created)> {
    let doing = "deploy a stack anew";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, stack).await?.id;
    let last = newest(&mut *db, stack).await?.ok_or(Error::Conflict { what: "stack" })?;
    let commit = match sha {
        Some(sha) if sha != last.commit.sha => {
            // It may have been deployed before; then we know what it is called.
            let known = sqlx::query!(
                "select commit_message, commit_author from deployment
                 where stack_id = $1 and commit_sha = $2 order by number desc limit 1",
                stack.0,
                sha,
            )
            .fetch_optional(&mut *db)
            .await
            .map_err(Error::while_(doing))?;
            let (message, author) =
                known.map(|row| (row.commit_message, row.commit_author)).unwrap_or_default();
            Commit { sha: sha.to_owned(), message, author }
        }
        _ => last.commit.clone(),
    };
    let policy = rules::policy_now(&mut *db, last.rule, last.policy).await?;
    let new = NewDeployment { commit, requested_by: Some(who), ..like(&last, policy, why) };
    let created = create(&mut db, &new).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    Ok((stack, created))
}

/// The deployment that [`again`] would make of a stack now, with what it would
/// belong to. Nothing is made.
///
/// # Errors
///
/// `NotFound` where the stack is gone, `Conflict` where it was never deployed.
pub async fn proposed(pool: &Pool, stack: StackId) -> Result<Context> {
    let doing = "see what would be deployed anew";
    let mut db = crate::begin(pool).await.map_err(Error::while_(doing))?;
    let last = newest(&mut *db, stack).await?.ok_or(Error::Conflict { what: "stack" })?;
    let policy = rules::policy_now(&mut *db, last.rule, last.policy).await?;
    let stack = stacks::get(&mut *db, stack).await?;
    let environment = environments::get(&mut *db, stack.environment).await?;
    let repository = repositories::get(&mut *db, environment.repository)
        .await?
        .ok_or(Error::NotFound { what: "repository" })?;
    db.commit().await.map_err(Error::while_(doing))?;
    let new = like(&last, policy, "");
    let deployment = Deployment {
        id: DeploymentId::fresh(),
        stack: new.stack,
        number: last.number + 1,
        trigger: new.trigger,
        delivery: new.delivery,
        rule: new.rule.as_ref().map(|(id, _)| *id),
        rule_name: new.rule.map(|(_, name)| name),
        why: new.why,
        commit: new.commit,
        git_ref: new.git_ref,
        compose_file: new.compose_file,
        host: new.host,
        policy: new.policy,
        release: None,
        restarts: BTreeMap::new(),
        phase: Phase::Received,
        reason: None,
        cancel_requested_at: None,
        rejected: None,
        deadline_at: last.deadline_at,
        created_at: last.created_at,
        finished_at: None,
    };
    Ok(Context { deployment, stack, environment, repository })
}

/// A deployment of what `before` was of, as a person asks for it.
pub(super) fn like(before: &Deployment, policy: Policy, why: &str) -> NewDeployment {
    NewDeployment {
        stack: before.stack,
        trigger: Trigger::Manual,
        delivery: None,
        rule: before.rule.zip(before.rule_name.clone()),
        why: why.to_owned(),
        commit: before.commit.clone(),
        git_ref: before.git_ref.clone(),
        compose_file: before.compose_file.clone(),
        host: before.host.clone(),
        policy,
        requested_by: None,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::accounts::tests::ada;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn deploying_anew_trusts_the_file_as_far_as_the_rule_does_now(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let name = stacks::get(&pool, seeded.stack).await.unwrap().name;
        let who = ada(&pool).await.id;
        let mut stored = seed::rule(&pool, seeded.repository).await;
        let mut new = seed::new_deployment(seeded.stack, &"c".repeat(40));
        new.policy = Policy::Trusted;
        new.rule = Some((stored.rule.id, stored.rule.name.clone()));
        let mut db = pool.acquire().await.unwrap();
        create(&mut db, &new).await.unwrap();

        stored.rule.policy = Policy::Restricted;
        rules::update(&pool, &stored.rule, 1, stored.version).await.unwrap();
        let (_, created) = again(&pool, name.as_str(), None, who, "").await.unwrap();
        let policy = deployments::get(&pool, created.id).await.unwrap().policy;
        assert_eq!(policy, Policy::Restricted);

        // Without the rule, it stays as it was.
        rules::delete(&pool, stored.rule.id, 2).await.unwrap();
        let (_, created) = again(&pool, name.as_str(), None, who, "").await.unwrap();
        let policy = deployments::get(&pool, created.id).await.unwrap().policy;
        assert_eq!(policy, Policy::Restricted);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_of_a_berth_that_knew_no_policies_has_the_usual_one(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        for (git_ref, usual) in
            [("refs/pull/7/head", Policy::Restricted), ("refs/heads/main", Policy::Trusted)]
        {
            sqlx::query("update deployment set policy = null, git_ref = $1")
                .bind(git_ref)
                .execute(&pool)
                .await
                .unwrap();
            let found = deployments::get(&pool, seeded.deployment).await.unwrap();
            assert_eq!(found.policy, usual, "{git_ref}");
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_is_proposed_is_what_deploying_anew_makes(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let name = stacks::get(&pool, seeded.stack).await.unwrap().name;
        let proposed = proposed(&pool, seeded.stack).await.unwrap();
        let newest = newest(&pool, seeded.stack).await.unwrap().unwrap();
        assert_eq!(newest.id, seeded.deployment, "nothing is made");

        let who = ada(&pool).await.id;
        let (_, created) = again(&pool, name.as_str(), None, who, "").await.unwrap();
        let mut db = pool.acquire().await.unwrap();
        let made = deployments::context(&mut db, created.id).await.unwrap();
        let as_made = Deployment {
            id: made.deployment.id,
            deadline_at: made.deployment.deadline_at,
            created_at: made.deployment.created_at,
            ..proposed.deployment
        };
        assert_eq!(as_made, made.deployment);
        assert_eq!(
            (proposed.stack, proposed.environment, proposed.repository),
            (made.stack, made.environment, made.repository)
        );
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_stack_is_deployed_anew_as_it_was_or_at_another_commit(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let first = deployments::get(&pool, seeded.deployment).await.unwrap();
        let name = stacks::get(&pool, seeded.stack).await.unwrap().name;
        let who = ada(&pool).await.id;

        let (_, created) = again(&pool, name.as_str(), None, who, "Ada asked").await.unwrap();
        assert_eq!(created.superseded, [seeded.deployment]);
        let second = deployments::get(&pool, created.id).await.unwrap();
        assert_eq!((second.number, second.trigger), (first.number + 1, Trigger::Manual));
        assert_eq!((&second.commit, &second.git_ref), (&first.commit, &first.git_ref));

        let other = "b".repeat(40);
        let (_, third) = again(&pool, name.as_str(), Some(&other), who, "").await.unwrap();
        let third = deployments::get(&pool, third.id).await.unwrap();
        assert_eq!((third.commit.sha.as_str(), third.commit.message.as_str()), (&*other, ""));
        let sha = Some(first.commit.sha.as_str());
        let (_, back) = again(&pool, name.as_str(), sha, who, "").await.unwrap();
        assert_eq!(deployments::get(&pool, back.id).await.unwrap().commit, first.commit);

        let nowhere = again(&pool, "nowhere", None, who, "").await;
        assert!(matches!(nowhere, Err(Error::NotFound { .. })), "{nowhere:?}");
        stacks::remove(&pool, name.as_str()).await.unwrap();
        let leaving = again(&pool, name.as_str(), None, who, "").await;
        assert!(matches!(leaving, Err(Error::Conflict { .. })), "{leaving:?}");
    }
}
