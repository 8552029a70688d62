//! Deliveries as lists and pages show them: everything but the body.

use std::collections::BTreeMap;

use berth_domain::ids::RepositoryId;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgExecutor;
use sqlx::types::Json;

use crate::{Error, Result};

/// A delivery and what the rules made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryView {
    /// GitHub's id.
    pub id: String,
    /// The event's name.
    pub event: String,
    /// The event's action.
    pub action: Option<String>,
    /// `owner/name`, where the repository is known.
    pub repository: Option<String>,
    /// The ref that it is about.
    pub git_ref: Option<String>,
    /// The commit that it is about.
    pub sha: Option<String>,
    /// Whose doing it was.
    pub sender: Option<String>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was judged.
    pub processed_at: Option<DateTime<Utc>>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What each rule made of it, in the rules' order.
    pub decisions: Vec<DecisionView>,
}

/// What a rule made of a delivery.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DecisionView {
    /// The rule's name at that time.
    pub rule_name: String,
    /// Whether it matched.
    pub matched: bool,
    /// Why.
    pub reason: String,
    /// The stack that was deployed.
    pub stack: Option<String>,
    /// The deployment's number.
    pub number: Option<i64>,
}

struct DeliveryRow {
    id: String,
    event: String,
    action: Option<String>,
    repository: Option<String>,
    git_ref: Option<String>,
    sha: Option<String>,
    sender: Option<String>,
    received_at: DateTime<Utc>,
    processed_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    reason: Option<String>,
    decisions: Json<Vec<DecisionView>>,
}

/// The place of a delivery in the order.
pub type Place = (DateTime<Utc>, String);

/// Deliveries, newest first: those before the one that came at this time and
/// has this id, at most `limit + 1`.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    db: impl PgExecutor<'_>,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<DeliveryView>> {
    find(db, Which::default(), before, limit).await
}

/// The pushes and the events of pull requests of a repository that were judged
/// and are still kept, newest first; see [`list`].
///
/// # Errors
///
/// What the database says.
pub async fn of_repository(
    db: impl PgExecutor<'_>,
    id: RepositoryId,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<DeliveryView>> {
    find(db, Which { ids: None, repository: Some(id.0) }, before, limit).await
}

/// The bodies of these deliveries, byte for byte.
///
/// # Errors
///
/// What the database says.
pub async fn bodies(db: impl PgExecutor<'_>, ids: &[String]) -> Result<BTreeMap<String, Vec<u8>>> {
    let rows =
        sqlx::query!("select delivery_id, body from delivery where delivery_id = any($1)", ids)
            .fetch_all(db)
            .await
            .map_err(Error::while_("read what was delivered"))?;
    Ok(rows.into_iter().map(|row| (row.delivery_id, row.body)).collect())
}

/// The deliveries with these ids, as far as they are kept, newest first.
///
/// # Errors
///
/// What the database says.
pub async fn all(db: impl PgExecutor<'_>, ids: &[String]) -> Result<Vec<DeliveryView>> {
    let which = Which { ids: Some(ids), repository: None };
    find(db, which, None, i64::try_from(ids.len()).unwrap_or_default()).await
}

/// The delivery with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: &str) -> Result<DeliveryView> {
    let which = Which { ids: Some(&[id.to_owned()]), repository: None };
    find(db, which, None, 1).await?.pop().ok_or(Error::NotFound { what: "delivery" })
}

/// Which deliveries to read; all of them where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
struct Which<'a> {
    ids: Option<&'a [String]>,
    /// Of this repository, and such as rules may be asked about.
    repository: Option<i64>,
}

async fn find(
    db: impl PgExecutor<'_>,
    Which { ids, repository }: Which<'_>,
    before: Option<Place>,
    limit: i64,
) -> Result<Vec<DeliveryView>> {
    let (before_at, before_id) = before.unzip();
    let rows = sqlx::query_as!(
        DeliveryRow,
        r#"
        select d.delivery_id as id, d.event, d.action, r.owner || '/' || r.name as repository,
               d.git_ref, d.sha, d.sender, d.received_at, d.processed_at, d.outcome, d.reason,
               coalesce((
                   select jsonb_agg(jsonb_build_object(
                       'rule_name', v.rule_name, 'matched', v.matched, 'reason', v.reason,
                       'stack', s.name, 'number', p.number) order by v.position)
                   from delivery_decision v
                   left join deployment p using (deployment_id)
                   left join stack s using (stack_id)
                   where v.delivery_id = d.delivery_id
               ), '[]') as "decisions!: Json<Vec<DecisionView>>"
        from delivery d
        left join repository r using (repository_id)
        where ($1::text[] is null or d.delivery_id = any($1))
          and ($2::timestamptz is null or (d.received_at, d.delivery_id) < ($2, $3))
          and ($5::bigint is null or (d.repository_id = $5 and d.processed_at is not null
                                      and d.event in ('push', 'pull_request')))
        order by d.received_at desc, d.delivery_id desc
        limit $4::bigint + 1
        "#,
        ids,
        before_at,
        before_id,
        limit,
        repository,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list deliveries"))?;
    Ok(rows
        .into_iter()
        .map(|row| DeliveryView {
            id: row.id,
            event: row.event,
            action: row.action,
            repository: row.repository,
            git_ref: row.git_ref,
            sha: row.sha,
            sender: row.sender,
            received_at: row.received_at,
            processed_at: row.processed_at,
            outcome: row.outcome,
            reason: row.reason,
            decisions: row.decisions.0,
        })
        .collect())
}
