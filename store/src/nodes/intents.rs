//! What people want of nodes: written by the API, done once by the leader.

use berth_domain::facts::Availability;
use berth_domain::fail_point::Write;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable};

/// What a person last wanted of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The node.
    pub node_id: String,
    /// What it is to be.
    pub availability: Availability,
    /// Who wanted it.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// When it was done or given up; [`None`] while it is to be done.
    pub done_at: Option<DateTime<Utc>>,
    /// Why it was not done.
    pub failure: Option<String>,
}

/// A person wants a node to be so. The newest wish counts.
///
/// # Errors
///
/// `NotFound` where there is no such node.
pub async fn intend(pool: &Pool, node: &str, wanted: Availability, who: &str) -> Result<()> {
    // A hint at no stack in particular has the leader look at everything.
    let done = sqlx::query!(
        "with intent as (
             insert into node_intent (node_id, availability, asked_by)
             select node_id, $2, $3 from node where node_id = $1
             on conflict (node_id) do update set availability = excluded.availability,
                 asked_by = excluded.asked_by, asked_at = now(), done_at = null, failure = null
             returning true)
         select pg_notify('berth_stack', '') from intent",
        node,
        wanted.as_str(),
        who,
    )
    .execute(pool)
    .await
    .map_err(Error::while_("write what a node is to be"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "node" }) } else { Ok(()) }
}

/// What people last wanted of nodes, the oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn intents(db: impl PgExecutor<'_>) -> Result<Vec<Intent>> {
    let rows = sqlx::query!(
        "select node_id, availability, asked_by, asked_at, done_at, failure
         from node_intent order by asked_at, node_id"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read what nodes are to be"))?;
    Ok(rows
        .into_iter()
        .map(|row| Intent {
            node_id: row.node_id,
            availability: Availability::from_word(&row.availability),
            asked_by: row.asked_by,
            asked_at: row.asked_at,
            done_at: row.done_at,
            failure: row.failure,
        })
        .collect())
}

/// An intent is done, or can't be. One that a newer has replaced stays open.
///
/// # Errors
///
/// `Fenced`.
pub async fn settle(
    pool: &Pool,
    fence: Fence,
    intent: &Intent,
    failure: Option<&str>,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::SettleNode).await?;
    let failure = failure.map(storable);
    sqlx::query!(
        "update node_intent set done_at = now(), failure = $3
         where node_id = $1 and asked_at = $2 and done_at is null",
        intent.node_id,
        intent.asked_at,
        failure.as_deref(),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("note that a node is as it was to be"))?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use berth_domain::facts::NodeFacts;
    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::leases;
    use crate::nodes::observe;

    async fn with_node(pool: &PgPool) -> Fence {
        let ttl = Duration::from_secs(60);
        let fence = leases::acquire(pool, Uuid::from_u128(1), ttl).await.unwrap().unwrap();
        let node = NodeFacts { id: "n1".to_owned(), manager: true, ..NodeFacts::default() };
        observe(pool, fence, &[node]).await.unwrap();
        fence
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn the_newest_wish_counts_and_an_older_one_settles_nothing(pool: PgPool) {
        let fence = with_node(&pool).await;
        let nowhere = intend(&pool, "n2", Availability::Drain, "Ada").await;
        assert!(matches!(nowhere, Err(Error::NotFound { .. })), "{nowhere:?}");

        intend(&pool, "n1", Availability::Drain, "Ada").await.unwrap();
        let first = intents(&pool).await.unwrap().remove(0);
        assert_eq!((first.availability, first.done_at), (Availability::Drain, None));
        intend(&pool, "n1", Availability::Active, "Grace").await.unwrap();
        settle(&pool, fence, &first, None).await.unwrap();
        let second = intents(&pool).await.unwrap().remove(0);
        assert_eq!((second.asked_by.as_str(), second.done_at), ("Grace", None));

        settle(&pool, fence, &second, Some("It can't be.")).await.unwrap();
        let settled = intents(&pool).await.unwrap().remove(0);
        assert_eq!(settled.failure.as_deref(), Some("It can't be."));
        // Done once: what is settled stays so.
        settle(&pool, fence, &second, None).await.unwrap();
        assert_eq!(intents(&pool).await.unwrap(), [settled]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_stale_leader_settles_nothing(pool: PgPool) {
        let old = with_node(&pool).await;
        intend(&pool, "n1", Availability::Pause, "Ada").await.unwrap();
        let intent = intents(&pool).await.unwrap().remove(0);
        sqlx::query("update leader_lease set expires_at = now() - interval '1 second'")
            .execute(&pool)
            .await
            .unwrap();
        let ttl = Duration::from_secs(60);
        leases::acquire(&pool, Uuid::from_u128(2), ttl).await.unwrap().unwrap();
        let late = settle(&pool, old, &intent, None).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        assert_eq!(intents(&pool).await.unwrap(), [intent]);
    }
}
