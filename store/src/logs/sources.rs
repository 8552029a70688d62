//! Whose output is followed, and how far it is stored.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::output::Source;
use berth_domain::fail_point::Write;
use berth_domain::ids::StackId;
use chrono::{DateTime, Utc};

use crate::leases::{Fence, Guarded};
use crate::{Error, Pool, Result, storable};

/// A service whose output is followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The service.
    pub source: Source,
    /// Its stack.
    pub stack: StackId,
    /// Until when its output is stored; [`None`] before any is.
    pub heard_until: Option<DateTime<Utc>>,
    /// The time of the newest of its last lines that are stored: a node's clock may
    /// be ahead of ours.
    pub newest: Option<DateTime<Utc>>,
}

/// Notes which services there are, and says how far the output of each is stored.
///
/// Services of no stack of ours are left out. Where nothing is new, nothing is
/// written; of no services at all, none counts as gone.
///
/// # Errors
///
/// `Fenced`.
pub async fn sources(pool: &Pool, fence: Fence, seen: &[Source]) -> Result<Vec<Followed>> {
    let names: Vec<String> = seen.iter().map(|source| source.stack.to_string()).collect();
    let doing = "find whose output to follow";
    let stacks: BTreeMap<String, StackId> = sqlx::query!(
        "select name, stack_id from stack where removed_at is null and name = any($1)",
        &names
    )
    .fetch_all(pool)
    .await
    .map_err(Error::while_(doing))?
    .into_iter()
    .map(|row| (row.name, StackId(row.stack_id)))
    .collect();
    let ours: Vec<(&Source, StackId)> = seen
        .iter()
        .filter_map(|source| Some((source, *stacks.get(source.stack.as_str())?)))
        .collect();
    let known: BTreeSet<String> =
        sqlx::query_scalar!("select service_id from log_source where gone_at is null")
            .fetch_all(pool)
            .await
            .map_err(Error::while_(doing))?
            .into_iter()
            .collect();
    let there: BTreeSet<&str> = seen.iter().map(|source| source.id.as_str()).collect();
    let came = ours.iter().any(|(source, _)| !known.contains(&source.id));
    let went = !there.is_empty() && known.iter().any(|id| !there.contains(id.as_str()));
    if came || went {
        note(pool, fence, &ours, &there).await?;
    }
    heard(pool, &ours).await
}

/// Stores which services came, and which went.
async fn note(
    pool: &Pool,
    fence: Fence,
    ours: &[(&Source, StackId)],
    there: &BTreeSet<&str>,
) -> Result<()> {
    let ids: Vec<String> = ours.iter().map(|(source, _)| source.id.clone()).collect();
    let stacks: Vec<uuid::Uuid> = ours.iter().map(|(_, stack)| stack.0).collect();
    let services: Vec<String> = ours.iter().map(|(source, _)| storable(&source.service)).collect();
    let doing = "note whose output is followed";
    let mut db = Guarded::begin(pool, fence, Write::NoteSources).await?;
    sqlx::query!(
        "insert into log_source (service_id, stack_id, service)
         select t.service_id, t.stack_id, t.service
         from unnest($1::text[], $2::uuid[], $3::text[]) as t (service_id, stack_id, service)
         on conflict (service_id) do update set gone_at = null
         where log_source.gone_at is not null",
        &ids,
        &stacks,
        &services,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    let there: Vec<String> = there.iter().map(|id| (*id).to_owned()).collect();
    sqlx::query!(
        "update log_source set gone_at = now()
         where gone_at is null and cardinality($1::text[]) > 0 and service_id <> all($1)",
        &there
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    db.commit().await
}

async fn heard(pool: &Pool, ours: &[(&Source, StackId)]) -> Result<Vec<Followed>> {
    let ids: Vec<String> = ours.iter().map(|(source, _)| source.id.clone()).collect();
    let rows = sqlx::query!(
        r#"
        select s.service_id, s.heard_until,
               (select max(l.logged_at)
                from (select logged_at from log_line
                      where stack_id = s.stack_id and service = s.service
                      order by log_line_id desc limit 200) l) as newest
        from log_source s where s.service_id = any($1)
        "#,
        &ids
    )
    .fetch_all(pool)
    .await
    .map_err(Error::while_("read how far output is stored"))?;
    let mut rows: BTreeMap<String, _> =
        rows.into_iter().map(|row| (row.service_id, (row.heard_until, row.newest))).collect();
    let followed = ours.iter().filter_map(|(source, stack)| {
        let (heard_until, newest) = rows.remove(&source.id)?;
        Some(Followed { source: (*source).clone(), stack: *stack, heard_until, newest })
    });
    Ok(followed.collect())
}
