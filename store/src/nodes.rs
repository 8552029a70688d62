//! The Swarm's nodes as the leader last saw them, and when which was away.
//!
//! Only a manager can be asked about them, and only while it has others to agree
//! with: here every replica can read of them.

mod intents;

use std::collections::BTreeMap;

use berth_domain::cluster::Version;
use berth_domain::facts::{Availability, NodeFacts, NodeState};
use berth_domain::fail_point::Write;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

pub use self::intents::{Intent, intend, intents, settle};
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable, storable_json};

/// For how long it is told that a node was away, in days.
const TOLD_DAYS: i32 = 90;

/// A node, as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What Swarm said of it.
    pub facts: NodeFacts,
    /// Since when it is away.
    pub away_since: Option<DateTime<Utc>>,
    /// Since when its state is what it is.
    pub state_since: DateTime<Utc>,
}

/// A time in which a node was away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The node.
    pub node_id: String,
    /// Its name at that time.
    pub hostname: String,
    /// Since when.
    pub lost_at: DateTime<Utc>,
    /// Until when; [`None`] while it is away.
    pub ended_at: Option<DateTime<Utc>>,
    /// `back` or `removed`.
    pub ending: Option<String>,
}

/// Tasks of a service that run on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The node's id.
    pub node_id: String,
    /// The stack.
    pub stack: String,
    /// The service's short name.
    pub service: String,
    /// How many of its tasks run there.
    pub running: i64,
}

/// What became of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The node with this name is away.
    Lost(String),
    /// The node with this name is back.
    Back(String),
}

/// The nodes, by name.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Node>> {
    let rows = sqlx::query!(
        r#"select node_id, hostname, role, leader, availability, state, message, address, engine,
                  os, architecture, nano_cpus, memory,
                  labels as "labels: Json<BTreeMap<String, String>>", away_since,
                  state_since, asked
           from node order by hostname, node_id"#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the nodes"))?;
    Ok(rows
        .into_iter()
        .map(|row| Node {
            facts: NodeFacts {
                id: row.node_id,
                name: row.hostname,
                takes_tasks: row.state == "ready" && row.availability == "active",
                manager: row.role == "manager",
                leader: row.leader,
                state: NodeState::from_word(&row.state),
                availability: Availability::from_word(&row.availability),
                message: row.message,
                engine: row.engine,
                labels: row.labels.0,
                engine_labels: BTreeMap::new(),
                os: row.os,
                architecture: row.architecture,
                address: row.address,
                nano_cpus: row.nano_cpus,
                memory: row.memory,
                asked: row.asked,
                version: Version::default(),
            },
            away_since: row.away_since,
            state_since: row.state_since,
        })
        .collect())
}

/// When nodes were away, the newest first, at most `limit` of them.
///
/// # Errors
///
/// What the database says.
pub async fn outages(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Outage>> {
    sqlx::query_as!(
        Outage,
        "select node_id, hostname, lost_at, ended_at, ending from node_outage
         order by lost_at desc, outage_id desc limit $1",
        limit
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list when nodes were away"))
}

/// Which tasks of stacks run where, as the last passes saw it.
///
/// # Errors
///
/// What the database says.
pub async fn placed(db: impl PgExecutor<'_>) -> Result<Vec<Placed>> {
    sqlx::query_as!(
        Placed,
        r#"select placed.key as "node_id!", s.name as stack, service ->> 'name' as "service!",
                  placed.value::bigint as "running!"
           from stack s,
                jsonb_array_elements(s.observed -> 'services') service,
                jsonb_each_text(service -> 'nodes') placed
           where s.removed_at is null
           order by s.name, 3"#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list which tasks run where"))
}

/// Tasks of stacks that run, and that should, jobs apart: as the last passes saw it.
///
/// # Errors
///
/// What the database says.
pub async fn tally(db: impl PgExecutor<'_>) -> Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"select coalesce(sum((service ->> 'running')::bigint), 0)::bigint as "running!",
                  coalesce(sum((service ->> 'wanted')::bigint), 0)::bigint as "wanted!"
           from stack s, jsonb_array_elements(s.observed -> 'services') service
           where s.removed_at is null and service ->> 'mode' in ('replicated', 'global')"#
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("count tasks"))?;
    Ok((row.running, row.wanted))
}

/// Stores what was seen of the nodes, and says which of them went and which came
/// back. Where nothing is new, nothing is written.
///
/// An empty answer is none: a Swarm has at least the node that was asked.
///
/// # Errors
///
/// `Fenced`.
pub async fn observe(pool: &Pool, fence: Fence, seen: &[NodeFacts]) -> Result<Vec<News>> {
    if seen.is_empty() || !differs(&list(pool).await?, seen) {
        return Ok(Vec::new());
    }
    let mut db = Guarded::begin(pool, fence, Write::ObserveNodes).await?;
    for node in seen {
        put(&mut db, node).await?;
    }
    let ids: Vec<String> = seen.iter().map(|node| node.id.clone()).collect();
    let doing = "forget nodes that were removed";
    sqlx::query!("delete from node where node_id <> all($1)", &ids)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    sqlx::query!(
        "update node_outage set ended_at = now(), ending = 'removed'
         where ended_at is null and node_id <> all($1)",
        &ids
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let news = tell(&mut db).await?;
    db.commit().await?;
    Ok(news)
}

/// Whether what is stored is not what was seen.
fn differs(known: &[Node], seen: &[NodeFacts]) -> bool {
    let known: BTreeMap<&str, &NodeFacts> =
        known.iter().map(|node| (node.facts.id.as_str(), &node.facts)).collect();
    known.len() != seen.len()
        || seen.iter().any(|node| {
            let as_stored = NodeFacts {
                engine_labels: BTreeMap::new(),
                version: Version::default(),
                ..node.clone()
            };
            known.get(node.id.as_str()) != Some(&&as_stored)
        })
}

async fn put(db: &mut PgConnection, node: &NodeFacts) -> Result<()> {
    sqlx::query!(
        r#"
        insert into node as n
            (node_id, hostname, role, leader, availability, state, message, address, engine, os,
             architecture, nano_cpus, memory, labels, asked, away_since)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                $16, case when $15::boolean then now() end)
        on conflict (node_id) do update
        set hostname = excluded.hostname, role = excluded.role, leader = excluded.leader,
            availability = excluded.availability, state = excluded.state,
            message = excluded.message, address = excluded.address, engine = excluded.engine,
            os = excluded.os, architecture = excluded.architecture,
            nano_cpus = excluded.nano_cpus, memory = excluded.memory, labels = excluded.labels,
            asked = excluded.asked,
            state_since = case when n.state = excluded.state then n.state_since else now() end,
            away_since = case when $15 is null then n.away_since
                              when $15 then coalesce(n.away_since, excluded.away_since) end
        "#,
        node.id,
        storable(&node.name),
        if node.manager { "manager" } else { "worker" },
        node.leader,
        node.availability.as_str(),
        node.state.as_str(),
        storable(&node.message),
        node.address,
        node.engine,
        node.os,
        node.architecture,
        node.nano_cpus,
        node.memory,
        storable_json(&node.labels)?,
        node.state.is_away(),
        node.asked,
    )
    .execute(db)
    .await
    .map_err(Error::while_("store a node"))?;
    Ok(())
}

/// Begins and ends outages as the nodes say.
async fn tell(db: &mut PgConnection) -> Result<Vec<News>> {
    let doing = "note which nodes are away";
    let lost = sqlx::query!(
        "select node_id, hostname, away_since from node n
         where away_since is not null
           and not exists (select from node_outage o where o.node_id = n.node_id and o.ended_at is null)
         order by hostname"
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let mut news = Vec::new();
    for node in lost {
        sqlx::query!(
            "insert into node_outage (outage_id, node_id, hostname, lost_at) values ($1, $2, $3, $4)",
            Uuid::now_v7(),
            node.node_id,
            node.hostname,
            node.away_since,
        )
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
        news.push(News::Lost(node.hostname));
    }
    let back = sqlx::query_scalar!(
        "update node_outage o set ended_at = now(), ending = 'back'
         from node n
         where o.ended_at is null and n.node_id = o.node_id and n.away_since is null
         returning o.hostname"
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    news.extend(back.into_iter().map(News::Back));
    sqlx::query!(
        "delete from node_outage where ended_at < now() - make_interval(days => $1)",
        TOLD_DAYS
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("forget old outages"))?;
    Ok(news)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sqlx::PgPool;

    use super::*;
    use crate::leases;

    fn node(name: &str, state: NodeState) -> NodeFacts {
        NodeFacts {
            id: format!("id-of-{name}"),
            name: name.to_owned(),
            takes_tasks: state == NodeState::Ready,
            manager: true,
            state,
            labels: BTreeMap::from([("zone".to_owned(), "north".to_owned())]),
            nano_cpus: 2_000_000_000,
            memory: 4 << 30,
            ..NodeFacts::default()
        }
    }

    async fn lead(pool: &PgPool) -> Fence {
        leases::acquire(pool, Uuid::from_u128(1), Duration::from_secs(60)).await.unwrap().unwrap()
    }

    async fn changes(pool: &PgPool) -> i64 {
        sqlx::query_scalar("select count(*) from change where topic = 'node'")
            .fetch_one(pool)
            .await
            .unwrap()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_node_that_is_lost_and_comes_back_leaves_a_story(pool: PgPool) {
        let fence = lead(&pool).await;
        let well = [node("n1", NodeState::Ready), node("n2", NodeState::Ready)];
        assert_eq!(observe(&pool, fence, &well).await.unwrap(), []);
        let stored: Vec<NodeFacts> =
            list(&pool).await.unwrap().into_iter().map(|node| node.facts).collect();
        assert_eq!(stored, well);

        let lost = [node("n1", NodeState::Ready), node("n2", NodeState::Down)];
        assert_eq!(observe(&pool, fence, &lost).await.unwrap(), [News::Lost("n2".to_owned())]);
        let since = list(&pool).await.unwrap()[1].away_since;
        assert!(since.is_some());
        let outage = outages(&pool, 10).await.unwrap().remove(0);
        assert_eq!((outage.hostname.as_str(), Some(outage.lost_at)), ("n2", since));
        assert_eq!(outage.ended_at, None);

        // Swarm's leader changed: for a moment nobody knows. That is the same outage.
        let unknown = [node("n1", NodeState::Unknown), node("n2", NodeState::Unknown)];
        assert_eq!(observe(&pool, fence, &unknown).await.unwrap(), []);
        assert_eq!(observe(&pool, fence, &lost).await.unwrap(), []);
        let nodes = list(&pool).await.unwrap();
        assert_eq!((nodes[0].away_since, nodes[1].away_since), (None, since));

        assert_eq!(observe(&pool, fence, &well).await.unwrap(), [News::Back("n2".to_owned())]);
        assert!(list(&pool).await.unwrap().iter().all(|node| node.away_since.is_none()));
        let told = outages(&pool, 10).await.unwrap();
        assert_eq!(told.len(), 1);
        assert!(told[0].ended_at.is_some_and(|end| Some(end) > since));
        assert_eq!(told[0].ending.as_deref(), Some("back"));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_is_not_new_is_no_news_and_an_empty_answer_forgets_nothing(pool: PgPool) {
        let fence = lead(&pool).await;
        let mut seen = vec![node("n1", NodeState::Ready), node("n2", NodeState::Down)];
        observe(&pool, fence, &seen).await.unwrap();
        let before = changes(&pool).await;
        // Engine labels are not stored, and so never news.
        seen[0].engine_labels.insert("disk".to_owned(), "ssd".to_owned());
        observe(&pool, fence, &seen).await.unwrap();
        observe(&pool, fence, &[]).await.unwrap();
        assert_eq!(changes(&pool).await, before);
        assert_eq!(list(&pool).await.unwrap().len(), 2);

        seen.pop();
        observe(&pool, fence, &seen).await.unwrap();
        assert!(changes(&pool).await > before);
        assert_eq!(list(&pool).await.unwrap().len(), 1);
        let told = outages(&pool, 10).await.unwrap().remove(0);
        assert_eq!((told.hostname.as_str(), told.ending.as_deref()), ("n2", Some("removed")));
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_leader_that_was_replaced_says_nothing_about_nodes(pool: PgPool) {
        let old = lead(&pool).await;
        sqlx::query("update leader_lease set expires_at = now() - interval '1 second'")
            .execute(&pool)
            .await
            .unwrap();
        let ttl = Duration::from_secs(60);
        leases::acquire(&pool, Uuid::from_u128(2), ttl).await.unwrap().unwrap();
        let late = observe(&pool, old, &[node("n1", NodeState::Down)]).await;
        assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
        assert_eq!(list(&pool).await.unwrap(), []);
    }
}
