//! Forgetting output, a bounded number of lines at once: by count and size within
//! each stack, and by age.

use std::time::Duration;

use berth_domain::fail_point::Write;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::BESIDE;
use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result};

/// Lines in one transaction: enough to keep up, and no long lock.
const AT_ONCE: i64 = 5_000;
/// Transactions in one go.
const ROUNDS: usize = 40;

/// How much of each stack's output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// How many lines.
    pub lines: u64,
    /// How much, in bytes: of each line its text and what is beside it.
    pub bytes: u64,
    /// For how long.
    pub age: Duration,
}

impl Keep {
    /// What is kept where nobody says: a million lines or 256 MiB of a stack, for two
    /// weeks.
    pub const USUAL: Self =
        Self { lines: 1_000_000, bytes: 256 << 20, age: Duration::from_secs(14 * 24 * 3600) };
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// How many lines.
    pub lines: u64,
    /// Whether there is more to forget.
    pub more: bool,
}

/// Forgets what is beyond `keep`, the oldest first; it may not get everything at
/// once.
///
/// # Errors
///
/// `Fenced`.
pub async fn forget(pool: &Pool, fence: Fence, keep: Keep) -> Result<Forgotten> {
    let mut forgotten = Forgotten::default();
    let lines = i64::try_from(keep.lines).unwrap_or(i64::MAX);
    let bytes = i64::try_from(keep.bytes).unwrap_or(i64::MAX);
    for _ in 0..ROUNDS {
        let before = cutoff(pool, keep.age).await?;
        let Some(stack) = beyond(pool, lines, bytes, before).await? else {
            forget_beside(pool, fence, before).await?;
            return Ok(forgotten);
        };
        let gone = forget_some(pool, fence, stack, (lines, bytes, before)).await?;
        if gone == 0 {
            return Ok(forgotten);
        }
        forgotten.lines += gone;
    }
    forgotten.more = true;
    Ok(forgotten)
}

/// What was written before then is too old, by Postgres's clock.
async fn cutoff(pool: &Pool, age: Duration) -> Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        r#"select greatest(now() - make_interval(secs => $1), 'epoch') as "before!""#,
        age.as_secs_f64().min(1e9)
    )
    .fetch_one(pool)
    .await
    .map_err(Error::while_("tell which output is too old"))
}

/// A stack that has more than is kept.
async fn beyond(
    pool: &Pool,
    lines: i64,
    bytes: i64,
    before: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select stack_id from log_kept k
         where lines > $1 or bytes > $2
            or exists (select from log_line l
                       where l.stack_id = k.stack_id and l.logged_at < $3)
         order by stack_id limit 1",
        lines,
        bytes,
        before,
    )
    .fetch_optional(pool)
    .await
    .map_err(Error::while_("find output to forget"))
}

async fn begin(pool: &Pool, fence: Fence) -> Result<Guarded> {
    Guarded::begin(pool, fence, Write::ForgetOutput).await
}

async fn forget_some(
    pool: &Pool,
    fence: Fence,
    stack: Uuid,
    (lines, bytes, before): (i64, i64, DateTime<Utc>),
) -> Result<u64> {
    let mut db = begin(pool, fence).await?;
    let gone = sqlx::query_scalar!(
        r#"
        with kept as (
            select lines, bytes from log_kept where stack_id = $1 for update
        ), oldest as (
            select log_line_id, row_number() over w as place,
                   sum(octet_length(line) + $6::bigint) over w as size,
                   octet_length(line) + $6::bigint as own
            from (select log_line_id, line from log_line
                  where stack_id = $1 order by log_line_id limit $5) l
            window w as (order by log_line_id)
        ), doomed as (
            select o.log_line_id from oldest o, kept k
            where o.place <= k.lines - $2 or o.size - o.own < k.bytes - $3
            union
            (select log_line_id from log_line
             where stack_id = $1 and logged_at < $4 order by logged_at limit $5)
        ), gone as (
            delete from log_line l using doomed d
            where l.stack_id = $1 and l.log_line_id = d.log_line_id
            returning l.logged_at, octet_length(l.line) + $6::bigint as size
        ), sums as (
            select count(*) as lines, coalesce(sum(size), 0)::bigint as bytes,
                   max(logged_at) as newest
            from gone
        )
        update log_kept k
        set lines = k.lines - s.lines, bytes = k.bytes - s.bytes,
            forgotten_before = greatest(k.forgotten_before, s.newest)
        from sums s where k.stack_id = $1
        returning s.lines as "lines!"
        "#,
        stack,
        lines,
        bytes,
        before,
        AT_ONCE,
        BESIDE,
    )
    .fetch_one(&mut *db)
    .await
    .map_err(Error::while_("forget output"))?;
    db.commit().await?;
    Ok(u64::try_from(gone).unwrap_or_default())
}

/// Forgets what was missing, and services that are gone, once nothing of that time
/// is kept.
async fn forget_beside(pool: &Pool, fence: Fence, before: DateTime<Utc>) -> Result<()> {
    let doing = "forget what was beside output";
    let any = sqlx::query_scalar!(
        r#"select exists (select from log_trouble where last_at < $1)
                or exists (select from log_source where gone_at < $1) as "any!""#,
        before
    )
    .fetch_one(pool)
    .await
    .map_err(Error::while_(doing))?;
    if !any {
        return Ok(());
    }
    let mut db = begin(pool, fence).await?;
    sqlx::query!("delete from log_trouble where last_at < $1", before)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    sqlx::query!("delete from log_source where gone_at < $1", before)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    db.commit().await
}
