//! Executors: what they say of their nodes, what the leader plans to have removed
//! there, and the token that they show.
//!
//! An executor's report is a hint like a webhook: any replica takes it. What is
//! planned is the leader's.

use std::collections::BTreeSet;
use std::time::Duration;

use berth_domain::fail_point::Write;
use berth_domain::ids::{ReleaseId, StackName};
use berth_domain::node::{Item, NodeReport, VolumePolicy};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::leases::{Fence, Guarded};
use crate::seal::SealKey;
use crate::{Error, Pool, Result, storable, storable_json};

mod images;

pub use self::images::{kept_images, name_images, old_images};

/// What the token is sealed for.
const CONTEXT: &str = "executor token";

/// What tokens of executors begin with, so that nobody takes one for their own.
const PREFIX: &str = "berth_executor_";

/// How long an executor may be silent before that is told: some reports more than
/// one that was lost.
const SILENT: Duration = Duration::from_secs(300);

/// Something that is to be removed on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What.
    pub item: Item,
    /// Since when it is in the plan.
    pub since: DateTime<Utc>,
    /// When it goes, unless it is wanted by then.
    pub due: DateTime<Utc>,
}

/// What an executor could not remove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What.
    pub item: Item,
    /// Why, in Docker's words.
    pub why: String,
}

/// What an executor says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its node's name.
    pub hostname: String,
    /// Its version.
    pub version: String,
    /// What there is of ours.
    pub report: NodeReport,
    /// What it could not do of what it was last asked.
    pub failures: Vec<Failure>,
}

/// An executor, as it was last heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executor {
    /// Its node.
    pub node: String,
    /// What it said.
    pub told: Told,
    /// When.
    pub reported_at: DateTime<Utc>,
    /// Whether that is too long ago.
    pub silent: bool,
    /// What is to be removed there.
    pub plan: Vec<Planned>,
}

/// A stack that is gone, and what its environment said of its volumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneStack {
    /// Its name.
    pub name: StackName,
    /// What was said.
    pub policy: VolumePolicy,
    /// Since when it is gone.
    pub since: DateTime<Utc>,
}

/// The token of executors, made where there is none.
///
/// # Errors
///
/// `Fenced`; `Corrupt` where `key` does not open it.
pub async fn token(pool: &Pool, fence: Fence, key: &SealKey) -> Result<SecretString> {
    let doing = "read the executors' token";
    let known = sqlx::query_scalar!("select token from executor_token")
        .fetch_optional(pool)
        .await
        .map_err(Error::while_(doing))?;
    if let Some(sealed) = known {
        let plain = key.open(CONTEXT, &sealed).map_err(Error::corrupt("executors' token"))?;
        let text = String::from_utf8(plain).map_err(Error::corrupt("executors' token"))?;
        return Ok(text.into());
    }
    let random: [u8; 32] = rand::random();
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = SecretString::from(format!("{PREFIX}{digits}"));
    let plain = token.expose_secret().as_bytes();
    let mut db = Guarded::begin(pool, fence, Write::MakeExecutorToken).await?;
    sqlx::query!(
        "insert into executor_token (token, token_hash) values ($1, $2)",
        key.seal(CONTEXT, plain),
        &Sha256::digest(plain)[..],
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("store the executors' token"))?;
    db.commit().await?;
    Ok(token)
}

/// Whether this is the hash of the executors' token.
///
/// # Errors
///
/// What the database says.
pub async fn is_token(db: impl PgExecutor<'_>, hash: &[u8; 32]) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from executor_token where token_hash = $1) as "is!""#,
        &hash[..]
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("look the executors' token up"))
}

/// Takes what the executor of a node says, and gives what it is to remove: what is
/// due and not wanted at this moment either. The leader is told where that is news.
///
/// # Errors
///
/// `NotFound` where the Swarm has no such node, as far as is known.
pub async fn report(pool: &Pool, node: &str, told: &Told) -> Result<Vec<Item>> {
    let doing = "take an executor's report";
    let row = sqlx::query!(
        r#"
        with known as (
            select report from executor where node_id = $1
        ), put as (
            insert into executor as e (node_id, hostname, version, report, failures)
            select node_id, $2, $3, $4, $5 from node where node_id = $1
            on conflict (node_id) do update
            set hostname = excluded.hostname, version = excluded.version,
                report = excluded.report, failures = excluded.failures, reported_at = now()
            returning e.plan
        ), told as (
            select pg_notify('berth_stack', '') from put
            where not exists (select from known where report = $4)
        )
        select plan as "plan: Json<Vec<Planned>>", now() as "now!",
               (select count(*) from told) as "told!"
        from put
        "#,
        node,
        storable(&told.hostname),
        storable(&told.version),
        storable_json(&told.report)?,
        storable_json(&told.failures)?,
    )
    .fetch_optional(pool)
    .await
    .map_err(Error::while_(doing))?
    .ok_or(Error::NotFound { what: "node" })?;
    let due: Vec<Item> =
        row.plan.0.into_iter().filter(|it| it.due <= row.now).map(|it| it.item).collect();
    if due.is_empty() {
        return Ok(due);
    }
    still_unwanted(pool, due, &told.report).await
}

/// Those of `items` that nothing has come to want since they were planned.
async fn still_unwanted(pool: &Pool, items: Vec<Item>, report: &NodeReport) -> Result<Vec<Item>> {
    let names: BTreeSet<String> =
        items.iter().filter_map(Item::stack).map(ToString::to_string).collect();
    let live = sqlx::query!(
        r#"select s.name, exists (
               select from deployment d where d.stack_id = s.stack_id and d.finished_at is null
           ) as "deploying!"
           from stack s where s.removed_at is null and s.name = any($1)"#,
        &names.into_iter().collect::<Vec<_>>(),
    )
    .fetch_all(pool)
    .await
    .map_err(Error::while_("see which stacks there are"))?;
    let is_live = |stack: &StackName| live.iter().any(|it| it.name == stack.as_str());
    let deploying =
        |stack: &StackName| live.iter().any(|it| it.name == stack.as_str() && it.deploying);
    let keys = report.images.iter().flat_map(|it| it.keys.iter().cloned()).collect();
    let kept = kept_images(pool, &keys).await?;
    let named = |name: &str| {
        let image = report.images.iter().find(|it| it.name == name);
        match (&kept, image) {
            (Some(kept), Some(image)) => image.keys.iter().any(|key| kept.contains(key)),
            _ => true,
        }
    };
    let unwanted = items.into_iter().filter(|item| match item {
        Item::Volume { stack, .. } => !is_live(stack),
        Item::Container { .. } => true,
        Item::Image { name, stack } => !stack.as_ref().is_some_and(deploying) && !named(name),
    });
    Ok(unwanted.collect())
}

/// The executors, by their nodes' names.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Executor>> {
    let rows = sqlx::query!(
        r#"select e.node_id, e.hostname, e.version, e.report as "report: Json<NodeReport>",
                  e.reported_at, e.failures as "failures: Json<Vec<Failure>>",
                  e.plan as "plan: Json<Vec<Planned>>",
                  e.reported_at < now() - make_interval(secs => $1) as "silent!"
           from executor e order by e.hostname, e.node_id"#,
        SILENT.as_secs_f64(),
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the executors"))?;
    Ok(rows
        .into_iter()
        .map(|row| Executor {
            node: row.node_id,
            told: Told {
                hostname: row.hostname,
                version: row.version,
                report: row.report.0,
                failures: row.failures.0,
            },
            reported_at: row.reported_at,
            silent: row.silent,
            plan: row.plan.0,
        })
        .collect())
}

/// The names of nodes that are there and whose executor was not heard of for too
/// long.
///
/// # Errors
///
/// What the database says.
pub async fn silent(db: impl PgExecutor<'_>) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        "select n.hostname from executor e join node n using (node_id)
         where e.reported_at < now() - make_interval(secs => $1) and n.away_since is null
         order by n.hostname, n.node_id",
        SILENT.as_secs_f64(),
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the executors that are silent"))
}

/// All stacks of these names that are gone.
///
/// # Errors
///
/// What the database says.
pub async fn gone_stacks(
    db: impl PgExecutor<'_>,
    names: &BTreeSet<StackName>,
) -> Result<Vec<GoneStack>> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        r#"select s.name, e.volumes, e.volumes_days, s.removed_at as "removed_at!"
           from stack s join environment e using (environment_id)
           where s.removed_at is not null and s.name = any($1)"#,
        &names
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read what stacks left behind"))?;
    rows.into_iter()
        .map(|row| {
            Ok(GoneStack {
                name: StackName::parse(&row.name).map_err(Error::corrupt("stack"))?,
                policy: policy(&row.volumes, row.volumes_days)?,
                since: row.removed_at,
            })
        })
        .collect()
}

/// What the columns of an environment say of its volumes.
pub(crate) fn policy(word: &str, days: Option<i16>) -> Result<VolumePolicy> {
    let days = days.and_then(|days| u16::try_from(days).ok());
    VolumePolicy::read(word, days).ok_or_else(|| Error::Corrupt {
        what: "environment",
        message: format!("it has {word:?} for volumes"),
    })
}

/// Writes down what is to be removed on these nodes, and forgets nodes that the
/// Swarm has no more.
///
/// # Errors
///
/// `Fenced` where another leads.
pub async fn plan(pool: &Pool, fence: Fence, plans: &[(String, Vec<Planned>)]) -> Result<()> {
    let doing = "write down what is to be removed on nodes";
    let mut db = Guarded::begin(pool, fence, Write::PlanNodes).await?;
    for (node, plan) in plans {
        sqlx::query!("update executor set plan = $2 where node_id = $1", node, Json(plan) as _)
            .execute(&mut *db)
            .await
            .map_err(Error::while_(doing))?;
    }
    sqlx::query!("delete from executor where node_id not in (select node_id from node)")
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    db.commit().await
}

/// Whether some executor's node is no longer in the Swarm.
///
/// # Errors
///
/// What the database says.
pub async fn has_strays(db: impl PgExecutor<'_>) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from executor where node_id not in (select node_id from node)
           ) as "has!""#
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("look for nodes that left"))
}

#[cfg(test)]
mod tests;
