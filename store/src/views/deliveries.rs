//! Deliveries as lists and pages show them: everything but the body.

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

/// Deliveries, newest first: those before the one that came at this time and
/// has this id, at most `limit + 1`.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    db: impl PgExecutor<'_>,
    before: Option<(DateTime<Utc>, String)>,
    limit: i64,
) -> Result<Vec<DeliveryView>> {
    let (at, id) = before.unzip();
    find(db, None, at, id, limit).await
}

/// The delivery with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: &str) -> Result<DeliveryView> {
    find(db, Some(id), None, None, 1).await?.pop().ok_or(Error::NotFound { what: "delivery" })
}

async fn find(
    db: impl PgExecutor<'_>,
    id: Option<&str>,
    before_at: Option<DateTime<Utc>>,
    before_id: Option<String>,
    limit: i64,
) -> Result<Vec<DeliveryView>> {
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
        where ($1::text is null or d.delivery_id = $1)
          and ($2::timestamptz is null or (d.received_at, d.delivery_id) < ($2, $3))
        order by d.received_at desc, d.delivery_id desc
        limit $4::bigint + 1
        "#,
        id,
        before_at,
        before_id,
        limit,
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
