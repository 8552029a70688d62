//! Rules as lists show them, with their repository's name.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Error, Result};

/// A rule and the name of its repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleView {
    /// Its id.
    pub id: Uuid,
    /// GitHub's id of its repository.
    pub repository_id: i64,
    /// `owner/name`.
    pub repository: String,
    /// Its place.
    pub position: i32,
    /// What it is called.
    pub name: String,
    /// What it listens to.
    pub event: String,
    /// Patterns of branches or tags.
    pub refs: Vec<String>,
    /// Patterns of paths.
    pub paths: Vec<String>,
    /// The environment, as a template.
    pub environment: String,
    /// The compose file.
    pub compose_file: String,
    /// The host, as a template.
    pub host: String,
    /// What deployments do where a registry does not answer.
    pub on_registry_failure: String,
    /// `high`, `normal` or `low`.
    pub priority: String,
    /// How many of its deployments may go on at once.
    pub at_once: Option<i32>,
    /// `trusted` or `restricted`.
    pub policy: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where a list of rules goes on: `owner/name`, position and id of a rule.
pub type RuleKey = (String, i32, Uuid);

/// Rules by repository and place: those after `after`, at most `limit + 1`.
///
/// # Errors
///
/// What the database says.
pub async fn list(
    db: impl PgExecutor<'_>,
    repository_id: Option<i64>,
    after: Option<RuleKey>,
    limit: i64,
) -> Result<Vec<RuleView>> {
    find(db, None, repository_id, after, limit).await
}

/// The rule with this id.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: Uuid) -> Result<RuleView> {
    find(db, Some(id), None, None, 1).await?.pop().ok_or(Error::NotFound { what: "rule" })
}

/// The place after a repository's last rule.
///
/// # Errors
///
/// What the database says.
pub async fn next_position(db: impl PgExecutor<'_>, repository_id: i64) -> Result<i32> {
    sqlx::query_scalar!(
        r#"select coalesce(max(position) + 1, 0) as "next!" from rule where repository_id = $1"#,
        repository_id
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("find a place for a rule"))
}

async fn find(
    db: impl PgExecutor<'_>,
    id: Option<Uuid>,
    repository_id: Option<i64>,
    after: Option<RuleKey>,
    limit: i64,
) -> Result<Vec<RuleView>> {
    let (repository, position, after) = match after {
        Some((repository, position, id)) => (Some(repository), Some(position), Some(id)),
        None => (None, None, None),
    };
    sqlx::query_as!(
        RuleView,
        r#"
        select rule_id as id, repository_id, r.owner || '/' || r.name as "repository!", position,
               rule.name, event, refs, paths, environment, compose_file, host,
               on_registry_failure, priority, at_once,
               coalesce(policy, case when event = 'pull_request' then 'restricted'
                                     else 'trusted' end) as "policy!",
               enabled, version, rule.updated_at
        from rule join repository r using (repository_id)
        where ($1::uuid is null or rule_id = $1)
          and ($2::bigint is null or repository_id = $2)
          and ($3::text is null or (r.owner || '/' || r.name, position, rule_id) > ($3, $4, $5))
        order by r.owner || '/' || r.name, position, rule_id
        limit $6::bigint + 1
        "#,
        id,
        repository_id,
        repository,
        position,
        after,
        limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list rules"))
}
