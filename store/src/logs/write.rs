//! Storing output: a batch of lines, how far each service is heard, and what was
//! left out, all in one transaction.

use std::collections::BTreeMap;

use berth_domain::fail_point::Write;
use berth_domain::ids::StackId;
use berth_domain::log::Level;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{BESIDE, WAITED_DAYS, severity, split};
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, notify, storable};

/// A line to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    /// The stack.
    pub stack: StackId,
    /// The service's id on the cluster.
    pub service_id: String,
    /// The service's short name.
    pub service: String,
    /// The task's name.
    pub task: String,
    /// The id and the name of the node that it ran on.
    pub node: Option<(String, String)>,
    /// Whether it went to standard error.
    pub stderr: bool,
    /// When it was written, to the nanosecond.
    pub at: DateTime<Utc>,
    /// How severe it says it is.
    pub level: Option<Level>,
    /// What it says.
    pub text: String,
    /// Whether it may be stored already: then it is looked for first.
    pub maybe_stored: bool,
}

/// Until when a service's output is in this batch or one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The service's id on the cluster.
    pub service_id: String,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// Lines that were left out because there were too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The stack.
    pub stack: StackId,
    /// The service's short name.
    pub service: String,
    /// When the first of them was written.
    pub since: DateTime<Utc>,
    /// When the last of them was written.
    pub until: DateTime<Utc>,
    /// How many.
    pub lines: u64,
    /// How many a second are kept.
    pub rate: u32,
}

/// Lines that the cluster could not give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The stack.
    pub stack: StackId,
    /// The service's short name.
    pub service: String,
    /// The node's name.
    pub node: Option<String>,
    /// When that was found.
    pub at: DateTime<Utc>,
    /// Why, in a sentence.
    pub message: String,
}

/// What is stored at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Lines, in the order they are shown in.
    pub lines: Vec<NewLine>,
    /// How far each service is heard with them.
    pub heard: Vec<Heard>,
    /// What was left out.
    pub dropped: Vec<Dropped>,
    /// What could not be had.
    pub missing: Vec<Missing>,
}

/// Stores a batch, and says how many lines were new. A line that may be stored
/// already is stored once, and not again after it was forgotten.
///
/// # Errors
///
/// `Fenced`.
pub async fn append(pool: &Pool, fence: Fence, batch: &Batch) -> Result<u64> {
    let mut db = Guarded::begin(pool, fence, Write::AppendOutput).await?;
    let mut stacks = insert(&mut db, &batch.lines).await?;
    let new: u64 = stacks.values().sum();
    note_nodes(&mut db, &batch.lines).await?;
    for Dropped { stack, service, since, until, lines, rate } in &batch.dropped {
        let about = About { stack: *stack, service, node: "", kind: "rate" };
        tell(&mut db, about, (*since, *until), *lines, &|lines| {
            format!(
                "{service} wrote more than {rate} lines a second: {lines} of its lines are not \
                 kept."
            )
        })
        .await?;
        stacks.entry(*stack).or_default();
    }
    for Missing { stack, service, node, at, message } in &batch.missing {
        let node = node.as_deref().unwrap_or_default();
        let about = About { stack: *stack, service, node, kind: "docker" };
        tell(&mut db, about, (*at, *at), 0, &|_| message.clone()).await?;
        stacks.entry(*stack).or_default();
    }
    hear(&mut db, &batch.heard).await?;
    for stack in stacks.keys() {
        notify::output(&mut *db, *stack).await?;
    }
    db.commit().await?;
    Ok(new)
}

/// Inserts lines, in their order, and counts those that are new by stack.
async fn insert(db: &mut PgConnection, lines: &[NewLine]) -> Result<BTreeMap<StackId, u64>> {
    if lines.is_empty() {
        return Ok(BTreeMap::new());
    }
    let stacks: Vec<Uuid> = lines.iter().map(|line| line.stack.0).collect();
    let (times, nanos): (Vec<DateTime<Utc>>, Vec<i16>) =
        lines.iter().map(|line| split(line.at)).unzip();
    let stderr: Vec<bool> = lines.iter().map(|line| line.stderr).collect();
    let severities: Vec<i16> = lines.iter().map(|line| severity(line.level)).collect();
    let services: Vec<String> = lines.iter().map(|line| storable(&line.service)).collect();
    let tasks: Vec<String> = lines.iter().map(|line| storable(&line.task)).collect();
    let nodes: Vec<String> = lines
        .iter()
        .map(|line| line.node.as_ref().map(|(_, name)| storable(name)).unwrap_or_default())
        .collect();
    let texts: Vec<String> = lines.iter().map(|line| storable(&line.text)).collect();
    let checked: Vec<bool> = lines.iter().map(|line| line.maybe_stored).collect();
    let rows = sqlx::query!(
        r#"
        with new as (
            insert into log_line
                (stack_id, logged_at, nanos, stderr, severity, service, task, node, line)
            select t.stack_id, t.logged_at, t.nanos, t.stderr, t.severity, t.service, t.task,
                   nullif(t.node, ''), t.line
            from unnest($1::uuid[], $2::timestamptz[], $3::smallint[], $4::boolean[],
                        $5::smallint[], $6::text[], $7::text[], $8::text[], $9::text[],
                        $10::boolean[])
                 with ordinality as t (stack_id, logged_at, nanos, stderr, severity, service,
                                       task, node, line, checked, place)
            where not t.checked
               or (t.logged_at > coalesce(
                       (select forgotten_before from log_kept k where k.stack_id = t.stack_id),
                       '-infinity')
                   and not exists (
                       select from log_line l
                       where l.stack_id = t.stack_id and l.logged_at = t.logged_at
                         and l.nanos = t.nanos and l.stderr = t.stderr and l.task = t.task
                         and l.line = t.line))
            order by t.place
            returning stack_id, octet_length(line) as size
        ), counted as (
            select stack_id, count(*) as lines, sum(size + $11::bigint)::bigint as bytes
            from new group by stack_id
        )
        insert into log_kept as k (stack_id, lines, bytes)
        select stack_id, lines, bytes from counted order by stack_id
        on conflict (stack_id) do update
        set lines = k.lines + excluded.lines, bytes = k.bytes + excluded.bytes
        returning stack_id, (select c.lines from counted c where c.stack_id = k.stack_id) as "new!"
        "#,
        &stacks,
        &times,
        &nanos,
        &stderr,
        &severities,
        &services,
        &tasks,
        &nodes,
        &texts,
        &checked,
        BESIDE,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("store output"))?;
    let counts = rows.into_iter().map(|row| (row.stack_id, row.new));
    Ok(counts.map(|(id, new)| (StackId(id), u64::try_from(new).unwrap_or_default())).collect())
}

/// Notes which nodes lines came from.
async fn note_nodes(db: &mut PgConnection, lines: &[NewLine]) -> Result<()> {
    let mut last: BTreeMap<(&str, &str), (&str, DateTime<Utc>)> = BTreeMap::new();
    for line in lines {
        let Some((id, name)) = &line.node else { continue };
        let entry = last.entry((&line.service_id, id)).or_insert((name, line.at));
        entry.1 = entry.1.max(line.at);
    }
    if last.is_empty() {
        return Ok(());
    }
    let services: Vec<String> = last.keys().map(|(service, _)| (*service).to_owned()).collect();
    let nodes: Vec<String> = last.keys().map(|(_, node)| (*node).to_owned()).collect();
    let names: Vec<String> = last.values().map(|(name, _)| storable(name)).collect();
    let times: Vec<DateTime<Utc>> = last.values().map(|(_, at)| *at).collect();
    sqlx::query!(
        "insert into log_node as n (service_id, node_id, hostname, last_at)
         select t.service_id, t.node_id, t.hostname, t.last_at
         from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
              as t (service_id, node_id, hostname, last_at)
         join log_source using (service_id)
         on conflict (service_id, node_id) do update
         set hostname = excluded.hostname, last_at = greatest(n.last_at, excluded.last_at)",
        &services,
        &nodes,
        &names,
        &times,
    )
    .execute(db)
    .await
    .map_err(Error::while_("note which nodes output comes from"))?;
    Ok(())
}

/// Moves on how far services are heard. One with a node that is away stays where
/// it is for a while: what that node has still is read once it is back, also by
/// whoever leads then.
async fn hear(db: &mut PgConnection, heard: &[Heard]) -> Result<()> {
    if heard.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = heard.iter().map(|heard| heard.service_id.clone()).collect();
    let until: Vec<DateTime<Utc>> = heard.iter().map(|heard| heard.until).collect();
    sqlx::query!(
        "update log_source s set heard_until = greatest(s.heard_until, h.heard_until)
         from unnest($1::text[], $2::timestamptz[]) as h (service_id, heard_until)
         where s.service_id = h.service_id
           and not exists (
               select from log_node l join node n using (node_id)
               where l.service_id = s.service_id
                 and n.away_since > now() - make_interval(days => $3)
                 and l.last_at > n.away_since - make_interval(days => $3))",
        &ids,
        &until,
        WAITED_DAYS,
    )
    .execute(db)
    .await
    .map_err(Error::while_("note how far output is stored"))?;
    Ok(())
}

/// What something is missing of.
#[derive(Debug, Clone, Copy)]
struct About<'a> {
    stack: StackId,
    service: &'a str,
    /// Empty where it is not about one.
    node: &'a str,
    kind: &'static str,
}

/// Tells that something is missing: with what was told within the last minutes, if
/// it is the same.
async fn tell(
    db: &mut PgConnection,
    about: About<'_>,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    dropped: u64,
    message: &(dyn Fn(i64) -> String + Sync),
) -> Result<()> {
    let About { stack, service, node, kind } = about;
    let doing = "tell what output is missing";
    let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
    let open = sqlx::query!(
        "select log_trouble_id, dropped from log_trouble
         where stack_id = $1 and service = $2 and node = $3 and kind = $4
           and last_at > $5::timestamptz - interval '10 minutes'
         order by last_at desc limit 1",
        stack.0,
        storable(service),
        storable(node),
        kind,
        since,
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    match open {
        Some(open) => {
            let all = open.dropped.saturating_add(dropped);
            sqlx::query!(
                "update log_trouble
                 set last_at = greatest(last_at, $2), dropped = $3, message = $4
                 where log_trouble_id = $1",
                open.log_trouble_id,
                until,
                all,
                storable(&message(all)),
            )
            .execute(db)
            .await
        }
        None => {
            sqlx::query!(
                "insert into log_trouble
                     (stack_id, service, node, kind, since, last_at, dropped, message)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
                stack.0,
                storable(service),
                storable(node),
                kind,
                since,
                until,
                dropped,
                storable(&message(dropped)),
            )
            .execute(db)
            .await
        }
    }
    .map(drop)
    .map_err(Error::while_(doing))
}
