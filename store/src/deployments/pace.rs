//! How a deployment takes its turn: what its rule says now.

use berth_domain::ids::{DeploymentId, RuleId};
use berth_domain::turn::Pace;
use sqlx::PgExecutor;

use crate::{Error, Result, rules};

/// What the rule of a deployment says of its turn; the usual where there is no such
/// rule any more.
///
/// # Errors
///
/// `NotFound` where there is no such deployment.
pub async fn pace(db: impl PgExecutor<'_>, id: DeploymentId) -> Result<(Option<RuleId>, Pace)> {
    let row = sqlx::query!(
        r#"select r.rule_id as "rule_id?", r.priority as "priority?", r.at_once
           from deployment d left join rule r using (rule_id) where d.deployment_id = $1"#,
        id.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read how a deployment takes its turn"))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    match row.rule_id.zip(row.priority) {
        Some((rule, priority)) => Ok((Some(RuleId(rule)), rules::pace(&priority, row.at_once)?)),
        None => Ok((None, Pace::default())),
    }
}

#[cfg(test)]
mod tests {
    use berth_domain::turn::Priority;
    use sqlx::PgPool;

    use super::*;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_deployment_takes_its_turn_as_its_rule_says_now(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let usual = pace(&pool, seeded.deployment).await.unwrap();
        assert_eq!(usual, (None, Pace::default()));

        let mut stored = seed::rule(&pool, seeded.repository).await;
        let mut new = seed::new_deployment(seeded.stack, &"b".repeat(40));
        new.rule = Some((stored.rule.id, stored.rule.name.clone()));
        let mut db = pool.acquire().await.unwrap();
        let id = deployments::create(&mut db, &new).await.unwrap().id;
        stored.rule.pace = Pace { priority: Priority::Low, at_once: Some(2) };
        let mut heard = crate::notify::Listener::connect(&pool).await.unwrap();
        rules::update(&pool, &stored.rule, 1, stored.version).await.unwrap();
        assert_eq!(pace(&pool, id).await.unwrap(), (Some(stored.rule.id), stored.rule.pace));
        let hint = crate::notify::Hint::Stack(seeded.stack);
        while heard.next().await != hint {}

        rules::delete(&pool, stored.rule.id, 2).await.unwrap();
        assert_eq!(pace(&pool, id).await.unwrap(), (None, Pace::default()));
    }
}
