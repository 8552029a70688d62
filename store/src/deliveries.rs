//! The inbox: webhooks as received, keyed by GitHub's GUID, and what came of
//! each.

mod writer;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use berth_domain::fail_point::{Write, around};
use berth_domain::ids::{DeploymentId, RepositoryId, RuleId};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

pub use self::writer::{WriteError, Writer, WriterSettings, WriterTasks, Written};
use crate::intent::Begin;
use crate::leases::Guarded;
use crate::{Error, Result, storable};

/// A webhook as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// GitHub's GUID; a redelivery has the same.
    pub id: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it came, by this machine's monotonic clock.
    pub came: Instant,
}

impl NewDelivery {
    /// A webhook that came just now.
    #[must_use]
    pub fn now(id: String, event: String, body: Vec<u8>) -> Self {
        Self { id, event, body, came: Instant::now() }
    }
}

/// A webhook that waits to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// GitHub's GUID.
    pub id: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// How often judging it has failed.
    pub attempts: u32,
}

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// At least one deployment.
    Deployed,
    /// Nothing, for the reason given.
    Ignored,
    /// Something about GitHub that we keep: an installation, a name.
    Recorded,
    /// It can't be judged, for the reason given. A redelivery is judged anew.
    Failed,
}

impl Outcome {
    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployed => "deployed",
            Self::Ignored => "ignored",
            Self::Recorded => "recorded",
            Self::Failed => "failed",
        }
    }
}

/// What a delivery is about, for lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// The event's `action`.
    pub action: Option<String>,
    /// The repository.
    pub repository: Option<RepositoryId>,
    /// The ref, in full or as a branch's name.
    pub git_ref: Option<String>,
    /// The commit.
    pub sha: Option<String>,
    /// Who caused it.
    pub sender: Option<String>,
}

/// What one rule made of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleDecision {
    /// The rule.
    pub rule: RuleId,
    /// Its name at that time.
    pub rule_name: String,
    /// Whether it matched.
    pub matched: bool,
    /// Why.
    pub reason: String,
    /// The deployment that came of it.
    pub deployment: Option<DeploymentId>,
}

/// A delivery's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub reason: String,
    /// What it is about.
    pub about: About,
    /// What each rule made of it, in their order.
    pub decisions: Vec<RuleDecision>,
}

/// Stores deliveries in one statement, durably: once this returns they are kept.
///
/// The answer says for each, in order, whether it is to be judged: `false` for
/// one that was here already. One that had failed counts as new.
///
/// # Errors
///
/// What the database says; then none of them is known to be stored.
pub async fn insert(db: impl PgExecutor<'_>, deliveries: &[NewDelivery]) -> Result<Vec<bool>> {
    // Sorted, so that two batches that share ids wait for each other in one
    // order and never in a ring. A statement may not touch a row twice, so each
    // id goes in once.
    let mut order: Vec<&NewDelivery> = deliveries.iter().collect();
    order.sort_by(|a, b| a.id.cmp(&b.id));
    order.dedup_by(|a, b| a.id == b.id);
    let ids: Vec<&str> = order.iter().map(|it| it.id.as_str()).collect();
    let events: Vec<&str> = order.iter().map(|it| it.event.as_str()).collect();
    let bodies: Vec<&[u8]> = order.iter().map(|it| it.body.as_slice()).collect();
    // Postgres's clock tells when it was, less the time that it waited here. One
    // reading of each clock for all of them, so that their order is kept.
    let now = Instant::now();
    let age = |it: &&NewDelivery| now.saturating_duration_since(it.came).as_secs_f64();
    let ages: Vec<f64> = order.iter().map(age).collect();
    let writing = sqlx::query_scalar!(
        "insert into delivery as d (delivery_id, event, body, received_at)
         select id, event, body, statement_timestamp() - make_interval(secs => age)
         from unnest($1::text[], $2::text[], $3::bytea[], $4::float8[]) as t (id, event, body, age)
         on conflict (delivery_id) do update
         set processed_at = null, outcome = null, reason = null, attempts = 0, retry_at = now()
         where d.outcome = 'failed' and d.processed_at is not null
         returning delivery_id",
        &ids as &[&str],
        &events as &[&str],
        &bodies as &[&[u8]],
        &ages,
    )
    .fetch_all(db);
    let kept =
        around(Write::AcceptDelivery, writing).await.map_err(Error::while_("store deliveries"))?;
    let mut kept: BTreeSet<String> = kept.into_iter().collect();
    Ok(deliveries.iter().map(|it| kept.remove(&it.id)).collect())
}

/// The most bytes of bodies that [`waiting`] brings at once, give or take one:
/// a body may have 26 MiB.
const BYTES_AT_ONCE: i64 = 8 << 20;

/// The deliveries that wait and are due, oldest first: at most `limit`, and
/// fewer where their bodies are large.
///
/// # Errors
///
/// What the database says.
pub async fn waiting(db: impl PgExecutor<'_>, limit: i64) -> Result<Vec<Delivery>> {
    let rows = sqlx::query!(
        r#"
        select delivery_id, event, body, received_at, attempts
        from (
            select *, sum(octet_length(body)) over (order by received_at, delivery_id)
                      - octet_length(body) as bytes_before
            from (
                select delivery_id, event, body, received_at, attempts
                from delivery
                where processed_at is null and retry_at <= now()
                order by received_at, delivery_id
                limit $1
            ) oldest
        ) counted
        where bytes_before < $2
        order by received_at, delivery_id
        "#,
        limit,
        BYTES_AT_ONCE,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read the inbox"))?;
    Ok(rows
        .into_iter()
        .map(|row| Delivery {
            id: row.delivery_id,
            event: row.event,
            body: row.body,
            received_at: row.received_at,
            attempts: row.attempts.try_into().unwrap_or_default(),
        })
        .collect())
}

/// How long until the next postponed delivery is due; [`None`] where none waits.
///
/// # Errors
///
/// What the database says.
pub async fn next_due(db: impl PgExecutor<'_>) -> Result<Option<Duration>> {
    let seconds = sqlx::query_scalar!(
        "select extract(epoch from min(retry_at) - now())::float8
         from delivery where processed_at is null"
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("ask when the inbox is due"))?;
    Ok(seconds.map(|wait| Duration::try_from_secs_f64(wait).unwrap_or_default()))
}

/// Ends a delivery: it has been judged.
///
/// # Errors
///
/// `Conflict` where it was judged meanwhile.
pub async fn finish(db: &mut Guarded, id: &str, verdict: &Verdict) -> Result<()> {
    let ended = finish_all(db, &[(id, verdict)]).await?;
    if ended == 0 { Err(Error::Conflict { what: "delivery" }) } else { Ok(()) }
}

/// Ends deliveries, in three statements however many there are. Those that were
/// judged meanwhile stay as they are; returns how many were not.
///
/// # Errors
///
/// What the database says.
pub async fn finish_all(db: &mut Guarded, judged: &[(&str, &Verdict)]) -> Result<u64> {
    let doing = "end deliveries";
    let each = |column: fn(&Verdict) -> Option<String>| -> Vec<Option<String>> {
        judged.iter().map(|(_, verdict)| column(verdict)).collect()
    };
    let ids: Vec<&str> = judged.iter().map(|(id, _)| *id).collect();
    let repositories: Vec<Option<i64>> =
        judged.iter().map(|(_, it)| it.about.repository.map(|repository| repository.0)).collect();
    let ended = sqlx::query_scalar!(
        "update delivery d
         set processed_at = now(), outcome = t.outcome, reason = t.reason, action = t.action,
             repository_id = t.repository, git_ref = t.git_ref, sha = t.sha, sender = t.sender
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                     $7::text[], $8::text[])
              as t (id, outcome, reason, action, repository, git_ref, sha, sender)
         where d.delivery_id = t.id and d.processed_at is null
         returning d.delivery_id",
        &ids as &[&str],
        &each(|it| Some(it.outcome.as_str().to_owned())) as &[Option<String>],
        &each(|it| Some(storable(&it.reason))) as &[Option<String>],
        &each(|it| it.about.action.as_deref().map(storable)) as &[Option<String>],
        &repositories as &[Option<i64>],
        &each(|it| it.about.git_ref.as_deref().map(storable)) as &[Option<String>],
        &each(|it| it.about.sha.as_deref().map(storable)) as &[Option<String>],
        &each(|it| it.about.sender.as_deref().map(storable)) as &[Option<String>],
    )
    .fetch_all(&mut **db)
    .await
    .map_err(Error::while_(doing))?;
    if ended.is_empty() {
        return Ok(0);
    }
    // One that failed once and came again has decisions of the first time.
    sqlx::query!("delete from delivery_decision where delivery_id = any($1)", &ended)
        .execute(&mut **db)
        .await
        .map_err(Error::while_(doing))?;
    let ended: BTreeSet<String> = ended.into_iter().collect();
    insert_decisions(db, judged.iter().filter(|(id, _)| ended.contains(*id))).await?;
    Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
}

async fn insert_decisions<'a>(
    db: &mut Guarded,
    judged: impl Iterator<Item = &'a (&'a str, &'a Verdict)>,
) -> Result<()> {
    let (mut ids, mut places, mut rules) = (Vec::new(), Vec::new(), Vec::new());
    let (mut names, mut matched) = (Vec::new(), Vec::new());
    let (mut reasons, mut deployments) = (Vec::new(), Vec::new());
    for (id, verdict) in judged {
        for (place, it) in (1..).zip(&verdict.decisions) {
            ids.push(*id);
            places.push(place);
            rules.push(it.rule.0);
            names.push(it.rule_name.clone());
            matched.push(it.matched);
            reasons.push(storable(&it.reason));
            deployments.push(it.deployment.map(|id| id.0));
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    // A rule may have been deleted since it was read.
    sqlx::query!(
        "insert into delivery_decision
             (delivery_id, position, rule_id, rule_name, matched, reason, deployment_id)
         select t.id, place, (select r.rule_id from rule r where r.rule_id = t.rule), name,
                matched, reason, deployment
         from unnest($1::text[], $2::int[], $3::uuid[], $4::text[], $5::bool[], $6::text[],
                     $7::uuid[])
              as t (id, place, rule, name, matched, reason, deployment)",
        &ids as &[&str],
        &places,
        &rules,
        &names,
        &matched,
        &reasons,
        &deployments as &[Option<uuid::Uuid>],
    )
    .execute(&mut **db)
    .await
    .map_err(Error::while_("keep the rules' decisions"))?;
    Ok(())
}

/// Puts a delivery off: judging it failed, and may not the next time. It keeps
/// its place in no queue, so those behind it go on.
///
/// # Errors
///
/// `Conflict` where it was judged meanwhile.
pub async fn postpone(db: &mut Guarded, id: &str, wait: Duration, reason: &str) -> Result<()> {
    let done = sqlx::query!(
        "update delivery
         set attempts = attempts + 1, retry_at = now() + make_interval(secs => $2), reason = $3
         where delivery_id = $1 and processed_at is null",
        id,
        wait.as_secs_f64(),
        storable(reason),
    )
    .execute(&mut **db)
    .await
    .map_err(Error::while_("put a delivery off"))?;
    if done.rows_affected() == 0 { Err(Error::Conflict { what: "delivery" }) } else { Ok(()) }
}

/// Asks for a delivery to be judged again. What it deployed already it does not
/// deploy twice.
///
/// # Errors
///
/// `NotFound` where there is no such delivery.
pub async fn replay(db: impl Begin<'_>, id: &str) -> Result<()> {
    let doing = "replay a delivery";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let done = sqlx::query!(
        "update delivery
         set processed_at = null, outcome = null, reason = null, attempts = 0, retry_at = now()
         where delivery_id = $1",
        id
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    if done.rows_affected() == 0 {
        return Err(Error::NotFound { what: "delivery" });
    }
    // Unlike an arrival's, this hint is worth its flush: it comes with the write.
    sqlx::query!("select pg_notify('berth_inbox', '')")
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    db.commit().await.map_err(Error::while_(doing))
}

/// Which of these GUIDs are here.
///
/// # Errors
///
/// What the database says.
pub async fn known(db: impl PgExecutor<'_>, ids: &[String]) -> Result<BTreeSet<String>> {
    let rows =
        sqlx::query_scalar!("select delivery_id from delivery where delivery_id = any($1)", ids)
            .fetch_all(db)
            .await
            .map_err(Error::while_("look deliveries up"))?;
    Ok(rows.into_iter().collect())
}

/// When the last webhook came.
///
/// # Errors
///
/// What the database says.
pub async fn last_received(db: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select max(received_at) from delivery")
        .fetch_one(db)
        .await
        .map_err(Error::while_("ask when the last webhook came"))
}

/// The delivery's body and time of receipt, whatever came of it.
///
/// # Errors
///
/// `NotFound` where there is no such delivery.
pub async fn get(db: &mut PgConnection, id: &str) -> Result<Delivery> {
    let row = sqlx::query!(
        "select delivery_id, event, body, received_at, attempts from delivery
         where delivery_id = $1",
        id
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a delivery"))?
    .ok_or(Error::NotFound { what: "delivery" })?;
    Ok(Delivery {
        id: row.delivery_id,
        event: row.event,
        body: row.body,
        received_at: row.received_at,
        attempts: row.attempts.try_into().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
