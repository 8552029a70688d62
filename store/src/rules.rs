//! Rules: which events deploy what. `version` is what an `ETag` carries.

use berth_domain::ids::{RepositoryId, RuleId};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::rule::{EventKind, Rule};
use berth_domain::turn::{Pace, Priority};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use crate::error::breaks;
use crate::intent::Begin;
use crate::{Error, Result, notify};

/// A rule with what the database adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRule {
    /// The rule.
    pub rule: Rule,
    /// Its place among the repository's rules; lower comes first.
    pub position: i32,
    /// How often it was changed; an update must name it.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// A row as the queries below return it, all columns.
struct RuleRow {
    rule_id: uuid::Uuid,
    repository_id: i64,
    position: i32,
    name: String,
    event: String,
    refs: Vec<String>,
    paths: Vec<String>,
    environment: String,
    compose_file: String,
    host: String,
    on_registry_failure: String,
    priority: String,
    at_once: Option<i32>,
    enabled: bool,
    policy: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<RuleRow> for StoredRule {
    type Error = Error;

    fn try_from(row: RuleRow) -> Result<Self> {
        let event = [EventKind::Push, EventKind::Tag, EventKind::PullRequest]
            .into_iter()
            .find(|kind| kind.as_str() == row.event)
            .ok_or_else(|| Error::Corrupt {
                what: "rule",
                message: format!("{:?} is not an event", row.event),
            })?;
        let policy = policy(row.policy.as_deref(), event, "rule")?;
        Ok(Self {
            rule: Rule {
                id: RuleId(row.rule_id),
                repository: RepositoryId(row.repository_id),
                name: row.name,
                event,
                refs: row.refs,
                paths: row.paths,
                environment: row.environment,
                compose_file: row.compose_file,
                host: row.host,
                on_registry_failure: on_registry_failure("rule", &row.on_registry_failure)?,
                pace: pace(&row.priority, row.at_once)?,
                policy,
                enabled: row.enabled,
            },
            position: row.position,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// A policy as a row has it. One of a Berth that knew of none has none, and then
/// the usual one holds.
pub(crate) fn policy(word: Option<&str>, event: EventKind, what: &'static str) -> Result<Policy> {
    let Some(word) = word else { return Ok(Policy::usual(event)) };
    Policy::from_word(word)
        .ok_or_else(|| Error::Corrupt { what, message: format!("{word:?} is not a policy") })
}

/// A repository's rules, in their order.
///
/// # Errors
///
/// What the database says.
pub async fn of_repository(
    db: impl PgExecutor<'_>,
    repository: RepositoryId,
) -> Result<Vec<StoredRule>> {
    sqlx::query_as!(
        RuleRow,
        "select * from rule where repository_id = $1 order by position, name",
        repository.0
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list a repository's rules"))?
    .into_iter()
    .map(TryInto::try_into)
    .collect()
}

/// Every rule, by repository and in its order.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<StoredRule>> {
    sqlx::query_as!(RuleRow, "select * from rule order by repository_id, position, name")
        .fetch_all(db)
        .await
        .map_err(Error::while_("list the rules"))?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
}

/// One rule.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, id: RuleId) -> Result<StoredRule> {
    sqlx::query_as!(RuleRow, "select * from rule where rule_id = $1", id.0)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("read a rule"))?
        .ok_or(Error::NotFound { what: "rule" })?
        .try_into()
}

/// How far the files of a rule are trusted now; as `before` where there is none
/// any more. Whoever deploys again means the rule as it is.
///
/// # Errors
///
/// What the database says.
pub async fn policy_now(
    db: impl PgExecutor<'_>,
    id: Option<RuleId>,
    before: Policy,
) -> Result<Policy> {
    let Some(id) = id else { return Ok(before) };
    match get(db, id).await {
        Ok(stored) => Ok(stored.rule.policy),
        Err(Error::NotFound { .. }) => Ok(before),
        Err(err) => Err(err),
    }
}

/// Stores a new rule. Its id is the one that it carries.
///
/// # Errors
///
/// `Taken` where the repository has a rule of this name, `NotFound` where there
/// is no such repository.
pub async fn create(db: impl PgExecutor<'_>, rule: &Rule, position: i32) -> Result<StoredRule> {
    sqlx::query_as!(
        RuleRow,
        "insert into rule (rule_id, repository_id, position, name, event, refs, paths, environment,
                           compose_file, host, enabled, on_registry_failure, policy, priority,
                           at_once)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         returning *",
        rule.id.0,
        rule.repository.0,
        position,
        rule.name,
        rule.event.as_str(),
        &rule.refs,
        &rule.paths,
        rule.environment,
        rule.compose_file,
        rule.host,
        rule.enabled,
        rule.on_registry_failure.as_str(),
        rule.policy.as_str(),
        rule.pace.priority.as_str(),
        rule.pace.at_once.map(i32::from),
    )
    .fetch_one(db)
    .await
    .map_err(refused("store a rule"))?
    .try_into()
}

/// Changes a rule that still stands at `version`. A rule keeps its repository. What
/// it deploys and is not over yet is looked at again.
///
/// # Errors
///
/// `Conflict` where it moved on, `NotFound` where it is gone, `Taken` where
/// another has the name.
pub async fn update(
    db: impl Begin<'_>,
    rule: &Rule,
    position: i32,
    version: i64,
) -> Result<StoredRule> {
    let doing = "change a rule";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let row = sqlx::query_as!(
        RuleRow,
        "update rule
         set position = $2, name = $3, event = $4, refs = $5, paths = $6, environment = $7,
             compose_file = $8, host = $9, enabled = $10, on_registry_failure = $11, policy = $12,
             priority = $14, at_once = $15, version = version + 1, updated_at = now()
         where rule_id = $1 and version = $13
         returning *",
        rule.id.0,
        position,
        rule.name,
        rule.event.as_str(),
        &rule.refs,
        &rule.paths,
        rule.environment,
        rule.compose_file,
        rule.host,
        rule.enabled,
        rule.on_registry_failure.as_str(),
        rule.policy.as_str(),
        version,
        rule.pace.priority.as_str(),
        rule.pace.at_once.map(i32::from),
    )
    .fetch_optional(&mut *db)
    .await
    .map_err(refused(doing))?;
    let Some(row) = row else { return Err(gone_or_changed(&mut db, rule.id).await) };
    notify::open_of_rule(&mut *db, rule.id).await?;
    db.commit().await.map_err(Error::while_(doing))?;
    row.try_into()
}

/// Deletes a rule that still stands at `version`. What it deployed stays.
///
/// # Errors
///
/// `Conflict` where it moved on, `NotFound` where it is gone.
pub async fn delete(db: impl Begin<'_>, id: RuleId, version: i64) -> Result<()> {
    let doing = "delete a rule";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let done = sqlx::query!("delete from rule where rule_id = $1 and version = $2", id.0, version)
        .execute(&mut *db)
        .await
        .map_err(Error::while_(doing))?;
    if done.rows_affected() == 0 {
        return Err(gone_or_changed(&mut db, id).await);
    }
    db.commit().await.map_err(Error::while_(doing))
}

/// How the deployments of a rule take their turns, as a row has it.
pub(crate) fn pace(priority: &str, at_once: Option<i32>) -> Result<Pace> {
    let corrupt = |message| Error::Corrupt { what: "rule", message };
    Ok(Pace {
        priority: Priority::from_word(priority)
            .ok_or_else(|| corrupt(format!("{priority:?} is not a priority")))?,
        at_once: at_once
            .map(u16::try_from)
            .transpose()
            .map_err(|_| corrupt(format!("{at_once:?} at once")))?,
    })
}

/// Reads the word that a row of `what` has.
pub(crate) fn on_registry_failure(what: &'static str, word: &str) -> Result<OnRegistryFailure> {
    OnRegistryFailure::from_word(word).ok_or_else(|| Error::Corrupt {
        what,
        message: format!("{word:?} is nothing to do where a registry does not answer"),
    })
}

async fn gone_or_changed(db: &mut PgConnection, id: RuleId) -> Error {
    match get(db, id).await {
        Ok(_) => Error::Conflict { what: "rule" },
        Err(err) => err,
    }
}

fn refused(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Error {
    move |source| {
        if breaks(&source, "rule_name_unique") {
            Error::Taken { what: "rule's name" }
        } else if breaks(&source, "rule_repository_id_fkey") {
            Error::NotFound { what: "repository" }
        } else {
            Error::while_(doing)(source)
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;
    use crate::seed;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_rule_reads_back_as_it_was_written(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        let stored = seed::rule(&pool, repository).await;
        assert_eq!(get(&pool, stored.rule.id).await.unwrap(), stored);
        assert_eq!(of_repository(&pool, repository).await.unwrap(), std::slice::from_ref(&stored));
        assert_eq!(list(&pool).await.unwrap(), [stored]);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_two_who_edit_one_loses_and_hears_of_it(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        let mut stored = seed::rule(&pool, repository).await;
        stored.rule.enabled = false;
        stored.rule.on_registry_failure = OnRegistryFailure::UseKnown;
        stored.rule.policy = Policy::Restricted;
        stored.rule.pace = Pace { priority: Priority::High, at_once: Some(3) };
        let second = update(&pool, &stored.rule, 2, stored.version).await.unwrap();
        assert_eq!((second.version, second.position), (2, 2));
        assert_eq!(second.rule, stored.rule);

        let lost = update(&pool, &stored.rule, 3, stored.version).await;
        assert!(matches!(lost, Err(Error::Conflict { what: "rule" })), "{lost:?}");
        let lost = delete(&pool, stored.rule.id, 1).await;
        assert!(matches!(lost, Err(Error::Conflict { .. })), "{lost:?}");
        delete(&pool, stored.rule.id, 2).await.unwrap();
        let gone = delete(&pool, stored.rule.id, 2).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_rule_of_a_berth_that_knew_no_policies_has_the_usual_one(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        let stored = seed::rule(&pool, repository).await;
        for (event, usual) in [
            ("push", Policy::Trusted),
            ("pull_request", Policy::Restricted),
            ("tag", Policy::Trusted),
        ] {
            sqlx::query("update rule set policy = null, event = $1")
                .bind(event)
                .execute(&pool)
                .await
                .unwrap();
            assert_eq!(get(&pool, stored.rule.id).await.unwrap().rule.policy, usual, "{event}");
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_name_is_given_once_a_repository(pool: PgPool) {
        let repository = seed::repository(&pool).await;
        let mut twin = seed::rule(&pool, repository).await.rule;
        twin.id = RuleId::fresh();
        let refused = create(&pool, &twin, 2).await;
        assert!(matches!(refused, Err(Error::Taken { .. })), "{refused:?}");
        twin.name = "other".to_owned();
        twin.repository = RepositoryId(404);
        let refused = create(&pool, &twin, 2).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    }
}
