//! What a deployment's own page says beyond its line in a list: its plan, and how
//! it compares with those before it.

use berth_domain::deployment::planned::Planned;
use berth_domain::deployment::timing::Timing;
use serde::Deserialize;
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Error, Result};

/// How many deployments before it say what is usual.
const OTHERS: i64 = 20;

/// What there is to tell of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// What it did to the cluster; [`None`] until that is planned.
    pub plan: Option<Vec<Planned>>,
    /// What the last deployments of its stack took that succeeded before it: only
    /// rollbacks for a rollback, which has fewer steps, and none for another.
    pub others: Vec<Timing>,
    /// The rule that matched, where it still exists.
    pub rule: Option<Uuid>,
    /// Its repository.
    pub repository: (String, String),
    /// The commit that served before it, where that is another.
    pub served: Option<Served>,
}

/// What served before a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Served {
    /// The number of the deployment that brought it.
    pub number: i64,
    /// Its commit.
    pub sha: String,
}

#[derive(Debug, Deserialize)]
struct Took {
    total: i64,
    phases: Vec<(String, i64)>,
}

/// Of a stack's deployment of this number.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn story(db: impl PgExecutor<'_>, stack_id: Uuid, number: i64) -> Result<Story> {
    let row = sqlx::query!(
        r#"
        select d.plan as "plan: Json<Vec<Planned>>", d.rule_id, r.owner, r.name,
               case when served.sha <> d.commit_sha then jsonb_build_object(
                   'number', served.number, 'sha', served.sha)
               end as "served: Json<Served>",
               coalesce((
                   select jsonb_agg(jsonb_build_object('total', o.total, 'phases', coalesce((
                       select jsonb_agg(jsonb_build_array(p.phase,
                           (extract(epoch from p.ended_at - p.started_at) * 1000)::bigint))
                       from deployment_phase p
                       where p.deployment_id = o.deployment_id and p.state = 'done'
                         and p.ended_at is not null
                   ), '[]')))
                   from (
                       select o.deployment_id,
                              (extract(epoch from o.finished_at - o.created_at) * 1000)::bigint
                                  as total
                       from deployment o
                       where o.stack_id = d.stack_id and o.number < d.number
                         and o.phase = 'succeeded' and o.finished_at is not null
                         and case when o.trigger in ('rollback', 'restart') then o.trigger end
                             is not distinct from
                             case when d.trigger in ('rollback', 'restart') then d.trigger end
                       order by o.number desc limit $3
                   ) o
               ), '[]') as "others!: Json<Vec<Took>>"
        from deployment d
        join stack s using (stack_id)
        join environment e using (environment_id)
        join repository r using (repository_id)
        left join lateral (
            select o.number, o.commit_sha as sha from deployment o
            where o.stack_id = d.stack_id and o.number < d.number and o.phase = 'succeeded'
            order by o.number desc limit 1
        ) served on true
        where d.stack_id = $1 and d.number = $2
        "#,
        stack_id,
        number,
        OTHERS,
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read what a deployment did"))?
    .ok_or(Error::NotFound { what: "deployment" })?;
    let others = row.others.0.into_iter();
    Ok(Story {
        plan: row.plan.map(|plan| plan.0),
        others: others.map(|took| Timing { total_ms: took.total, phases: took.phases }).collect(),
        rule: row.rule_id,
        repository: (row.owner, row.name),
        served: row.served.map(|served| served.0),
    })
}

#[cfg(test)]
mod tests {
    use berth_domain::deployment::Step;
    use sqlx::PgPool;

    use super::*;
    use crate::{deployments, seed};

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn only_what_succeeded_before_says_what_is_usual_and_what_served(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        let create = async |sha: &str| {
            let mut db = pool.acquire().await.unwrap();
            let new = seed::new_deployment(seeded.stack, &sha.repeat(40));
            deployments::create(&mut db, &new).await.unwrap().id
        };
        let mut id = seeded.deployment;
        for sha in ["b", "c"] {
            for step in Step::ALL {
                deployments::advance(&pool, fence, id, step, "").await.unwrap();
            }
            id = create(sha).await;
        }
        deployments::cancel(&pool, fence, id, "somebody stopped it").await.unwrap();
        create("b").await;

        let told = async |number| story(&pool, seeded.stack.0, number).await.unwrap();
        assert_eq!(told(1).await.others, []);
        assert_eq!(told(1).await.served, None);
        let last = told(4).await;
        assert_eq!(last.others.len(), 2, "what was stopped is not usual");
        assert_eq!(last.others[0].phases.len(), Step::ALL.len() + 1);
        assert_eq!(last.repository, ("acme".to_owned(), "shop".to_owned()));
        assert_eq!(last.served, None, "it is the same commit");
        let third = told(3).await.served;
        assert_eq!(third, Some(Served { number: 2, sha: "b".repeat(40) }));

        sqlx::query("update deployment set trigger = 'rollback' where number in (1, 4)")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(told(4).await.others.len(), 1, "a rollback is like other rollbacks");
        assert_eq!(told(3).await.others.len(), 1);
    }
}
