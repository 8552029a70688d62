//! Reading lines, forwards and backwards, through filters.
//!
//! Each statement is planned with the values it gets: one plan for all filters
//! would be none for each.

use berth_domain::ids::StackId;
use berth_domain::log::Level;
use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, Postgres, Transaction};
use uuid::Uuid;

use super::{least_severe, level_of};
use crate::{Error, Pool, Result};

/// A line that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, by which lines are in order.
    pub id: i64,
    /// When it was written, to the microsecond.
    pub at: DateTime<Utc>,
    /// The service's short name.
    pub service: String,
    /// The task, such as `web.1`.
    pub task: String,
    /// The node's name.
    pub node: Option<String>,
    /// Whether it went to standard error.
    pub stderr: bool,
    /// How severe it says it is.
    pub level: Option<Level>,
    /// What it says.
    pub text: String,
}

/// Which lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these services; none means all.
    pub services: Vec<String>,
    /// As severe as this, or more; a line that tells nothing counts as `info`.
    pub level: Option<Level>,
    /// With this in it, in whichever case.
    pub text: Option<String>,
    /// Written then or later.
    pub since: Option<DateTime<Utc>>,
    /// Written before.
    pub until: Option<DateTime<Utc>>,
}

/// A [`Filter`] as statements take it.
struct Bound {
    services: Option<Vec<String>>,
    severity: Option<i16>,
    /// A pattern of ASCII alone: its case is told without knowing languages.
    ascii: Option<String>,
    other: Option<String>,
}

impl Bound {
    fn of(filter: &Filter) -> Self {
        let pattern = filter.text.as_deref().filter(|text| !text.is_empty()).map(pattern);
        let (ascii, other) = match pattern {
            Some(pattern) if pattern.is_ascii() => (Some(pattern), None),
            other => (None, other),
        };
        Self {
            services: Some(filter.services.clone()).filter(|services| !services.is_empty()),
            severity: filter.level.map(least_severe),
            ascii,
            other,
        }
    }
}

/// `text` anywhere, as `like` takes it.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in crate::storable(text).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

struct Row {
    id: i64,
    at: DateTime<Utc>,
    service: String,
    task: String,
    node: Option<String>,
    stderr: bool,
    severity: i16,
    text: String,
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let Row { id, at, service, task, node, stderr, severity, text } = row;
        Self { id, at, service, task, node, stderr, level: level_of(severity), text }
    }
}

/// A transaction to read in, with a plan for each statement's own values.
async fn planned_anew(pool: &Pool) -> Result<Transaction<'static, Postgres>> {
    let doing = "begin to read output";
    let mut db = crate::begin(pool).await.map_err(Error::while_(doing))?;
    sqlx::query!("select set_config('plan_cache_mode', 'force_custom_plan', true)")
        .fetch_one(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    Ok(db)
}

/// At most `limit` lines before number `id`, the oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn before(
    pool: &Pool,
    stack: StackId,
    filter: &Filter,
    id: i64,
    limit: i64,
) -> Result<Vec<Line>> {
    let mut db = planned_anew(pool).await?;
    let Bound { services, severity, ascii, other } = Bound::of(filter);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select log_line_id as id, logged_at as at, service, task, node, stderr, severity,
               line as text
        from log_line
        where stack_id = $1 and log_line_id < $2
          and ($3::text[] is null or service = any($3))
          and ($4::smallint is null or severity <= $4)
          and ($5::text is null or line collate "C" ilike $5)
          and ($6::text is null or line ilike $6)
          and ($7::timestamptz is null or logged_at >= $7)
          and ($8::timestamptz is null or logged_at < $8)
        order by log_line_id desc limit $9
        "#,
        stack.0,
        id,
        services.as_deref(),
        severity,
        ascii,
        other,
        filter.since,
        filter.until,
        limit,
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_("read output"))?;
    Ok(rows.into_iter().rev().map(Line::from).collect())
}

/// At most `limit` lines after number `id`, the oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn after(
    pool: &Pool,
    stack: StackId,
    filter: &Filter,
    id: i64,
    limit: i64,
) -> Result<Vec<Line>> {
    let mut db = planned_anew(pool).await?;
    let Bound { services, severity, ascii, other } = Bound::of(filter);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select log_line_id as id, logged_at as at, service, task, node, stderr, severity,
               line as text
        from log_line
        where stack_id = $1 and log_line_id > $2
          and ($3::text[] is null or service = any($3))
          and ($4::smallint is null or severity <= $4)
          and ($5::text is null or line collate "C" ilike $5)
          and ($6::text is null or line ilike $6)
          and ($7::timestamptz is null or logged_at >= $7)
          and ($8::timestamptz is null or logged_at < $8)
        order by log_line_id limit $9
        "#,
        stack.0,
        id,
        services.as_deref(),
        severity,
        ascii,
        other,
        filter.since,
        filter.until,
        limit,
    )
    .fetch_all(&mut *db)
    .await
    .map_err(Error::while_("read output"))?;
    Ok(rows.into_iter().map(Line::from).collect())
}

/// The number of a stack's newest line; 0 where there is none.
///
/// # Errors
///
/// What the database says.
pub async fn head(db: impl PgExecutor<'_>, stack: StackId) -> Result<i64> {
    let newest = sqlx::query_scalar!(
        "select log_line_id from log_line where stack_id = $1 order by log_line_id desc limit 1",
        stack.0
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read where output ends"))?;
    Ok(newest.unwrap_or_default())
}

/// The stack of this name, or the last that had it: output outlives its stack.
///
/// # Errors
///
/// `NotFound` where none ever had it.
pub async fn stack_named(db: impl PgExecutor<'_>, name: &str) -> Result<StackId> {
    let id: Option<Uuid> = sqlx::query_scalar!(
        "select stack_id from stack where name = $1
         order by removed_at desc nulls first limit 1",
        name
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find a stack"))?;
    id.map(StackId).ok_or(Error::NotFound { what: "stack" })
}

/// The services of a stack whose output is or was followed, by name.
///
/// # Errors
///
/// What the database says.
pub async fn services(db: impl PgExecutor<'_>, stack: StackId) -> Result<Vec<String>> {
    sqlx::query_scalar!(
        "select distinct service from log_source where stack_id = $1 order by service",
        stack.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the services that write"))
}

/// Since when a stack's lines are kept, where any were forgotten.
///
/// # Errors
///
/// What the database says.
pub async fn kept_since(db: impl PgExecutor<'_>, stack: StackId) -> Result<Option<DateTime<Utc>>> {
    let since =
        sqlx::query_scalar!("select forgotten_before from log_kept where stack_id = $1", stack.0)
            .fetch_optional(db)
            .await
            .map_err(Error::while_("read since when output is kept"))?;
    Ok(since.flatten())
}

/// Why lines are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The service, where it is one's.
    pub service: Option<String>,
    /// The node, where it is one's.
    pub node: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What, in a sentence.
    pub message: String,
}

/// What is missing of a stack's lines between two times, the oldest first.
///
/// In any case what was missing within the last hour; where `until` is none, also what
/// is missing because a node is away at this moment.
///
/// # Errors
///
/// What the database says.
pub async fn troubles(
    db: impl PgExecutor<'_>,
    stack: StackId,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Trouble>> {
    sqlx::query_as!(
        Trouble,
        r#"
        select nullif(service, '') as service, nullif(node, '') as node, since as "since!",
               message as "message!"
        from log_trouble
        where stack_id = $1 and last_at >= least($2, now() - interval '1 hour')
          and ($3::timestamptz is null or since <= $3)
        union all
        select null, n.hostname, n.away_since,
               'The node ' || n.hostname || ' is away: what was written there and had not been '
               || 'read yet is missing until it is back.'
        from node n
        where n.away_since is not null and $3::timestamptz is null
          and exists (select from log_node l join log_source s using (service_id)
                      where l.node_id = n.node_id and s.stack_id = $1
                        and l.last_at > n.away_since - interval '1 day')
        order by 3, 1 nulls first, 2 nulls first
        "#,
        stack.0,
        since,
        until,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list what output is missing"))
}
