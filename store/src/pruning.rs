//! What is going to be pruned: the leader writes it down before it removes
//! anything, people read it, and let it go on where it is held.

use berth_domain::fail_point::Write;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};

/// A stack that is on the cluster and that nothing asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// Its name.
    pub stack: String,
    /// Since when it was seen with nothing asking for it.
    pub since: DateTime<Utc>,
    /// When it goes, unless something asks for it by then.
    pub due: DateTime<Utc>,
    /// What would be done, a line an action.
    pub actions: Vec<String>,
}

/// What is going to be pruned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrunePlan {
    /// By name.
    pub orphans: Vec<Orphan>,
    /// Whether it is more than Berth removes without being told to.
    pub held: bool,
    /// The stacks that a person let go.
    pub approved: Vec<String>,
    /// Who that was.
    pub approved_by: Option<String>,
    /// When that was.
    pub approved_at: Option<DateTime<Utc>>,
}

/// What is going to be pruned.
///
/// # Errors
///
/// What the database says.
pub async fn plan(db: impl PgExecutor<'_>) -> Result<PrunePlan> {
    let row = sqlx::query!(
        r#"select orphans as "orphans: Json<Vec<Orphan>>", held, approved, approved_by, approved_at
           from prune_plan"#
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read what is to be pruned"))?;
    Ok(row.map_or_else(PrunePlan::default, |row| PrunePlan {
        orphans: row.orphans.0,
        held: row.held,
        approved: row.approved,
        approved_by: row.approved_by,
        approved_at: row.approved_at,
    }))
}

/// Writes down what is going to be pruned. What a person let go lasts for as long
/// as it is still the same stacks or some of them.
///
/// # Errors
///
/// `Fenced` where another leads.
pub async fn put(pool: &Pool, fence: Fence, orphans: &[Orphan], held: bool) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::PlanPruning).await?;
    let names: Vec<String> = orphans.iter().map(|orphan| orphan.stack.clone()).collect();
    sqlx::query!(
        "insert into prune_plan as plan (orphans, held) values ($1, $2)
         on conflict (only_one) do update set orphans = excluded.orphans, held = excluded.held,
             approved = case when $3 <@ plan.approved then plan.approved else '{}' end,
             approved_by = case when $3 <@ plan.approved then plan.approved_by end,
             approved_at = case when $3 <@ plan.approved then plan.approved_at end",
        Json(orphans) as _,
        held,
        &names,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("write down what is to be pruned"))?;
    db.commit().await
}

/// A person lets these stacks go, who saw them in the plan.
///
/// # Errors
///
/// `Conflict` where the plan is of other stacks by now, or is not held.
pub async fn approve(db: impl PgExecutor<'_>, stacks: &[String], who: &str) -> Result<()> {
    // A hint at no stack in particular is one at all of them.
    let done = sqlx::query!(
        "with approved as (
             update prune_plan set approved = $1::text[], approved_by = $2, approved_at = now()
             where held and (select count(*) from jsonb_array_elements(orphans)) = cardinality($1::text[])
               and not exists (
                   select from jsonb_array_elements(orphans) orphan
                   where not orphan->>'stack' = any($1::text[]))
             returning true)
         select pg_notify('berth_stack', '') from approved",
        stacks,
        who,
    )
    .execute(db)
    .await
    .map_err(Error::while_("let a removal go on"))?;
    if done.rows_affected() == 0 { Err(Error::Conflict { what: "plan" }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::leases;

    fn orphan(stack: &str) -> Orphan {
        let at = DateTime::UNIX_EPOCH;
        Orphan { stack: stack.to_owned(), since: at, due: at, actions: vec!["- a".to_owned()] }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_was_let_go_is_what_was_seen_and_no_other_stack(pool: PgPool) {
        let lasting = Duration::from_secs(60);
        let fence = leases::acquire(&pool, Uuid::now_v7(), lasting).await.unwrap().unwrap();
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(plan(&pool).await.unwrap(), PrunePlan::default());

        put(&pool, fence, &[orphan("a"), orphan("b")], true).await.unwrap();
        for wrong in [names(&["a"]), names(&["a", "c"]), names(&["a", "b", "c"])] {
            let refused = approve(&pool, &wrong, "ada").await.unwrap_err();
            assert!(matches!(refused, Error::Conflict { .. }), "{refused}");
        }
        approve(&pool, &names(&["b", "a"]), "ada").await.unwrap();
        // One of them is gone: the other may still go.
        put(&pool, fence, &[orphan("b")], true).await.unwrap();
        let seen = plan(&pool).await.unwrap();
        assert_eq!((seen.approved_by.as_deref(), seen.orphans.len()), (Some("ada"), 1));
        // Another came.
        put(&pool, fence, &[orphan("b"), orphan("c")], true).await.unwrap();
        let seen = plan(&pool).await.unwrap();
        assert_eq!((seen.approved, seen.approved_by, seen.approved_at), (vec![], None, None));
        // What is not held needs nobody.
        put(&pool, fence, &[orphan("b")], false).await.unwrap();
        assert!(approve(&pool, &names(&["b"]), "ada").await.is_err());
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_stale_leader_plans_nothing(pool: PgPool) {
        let brief = Duration::from_millis(1);
        let stale = leases::acquire(&pool, Uuid::now_v7(), brief).await.unwrap().unwrap();
        let mut next = None;
        while next.is_none() {
            next = leases::acquire(&pool, Uuid::now_v7(), Duration::from_secs(60)).await.unwrap();
        }
        let refused = put(&pool, stale, &[orphan("a")], false).await.unwrap_err();
        assert!(matches!(refused, Error::Fenced), "{refused}");
        assert_eq!(plan(&pool).await.unwrap(), PrunePlan::default());
    }
}
