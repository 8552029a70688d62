//! Stacks as lists and pages show them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;

use crate::{Error, Result};

/// A stack, what it belongs to, and how its newest deployment stands.
#[derive(Debug, Clone, PartialEq)]
pub struct StackView {
    /// Its name.
    pub name: String,
    /// `present` or `absent`.
    pub wanted: String,
    /// What the last pass saw.
    pub observed: Option<Value>,
    /// When that was.
    pub observed_at: Option<DateTime<Utc>>,
    /// When the stack or its newest deployment last changed.
    pub updated_at: DateTime<Utc>,
    /// GitHub's id of its repository.
    pub repository_id: i64,
    /// The repository's owner.
    pub owner: String,
    /// The repository's name.
    pub repository: String,
    /// Its environment.
    pub environment: String,
    /// `permanent` or `preview`.
    pub kind: String,
    /// Of a preview: the pull request's number.
    pub pull_request: Option<i64>,
    /// The pull request's title.
    pub pull_request_title: Option<String>,
    /// Who opened the pull request.
    pub pull_request_author: Option<String>,
    /// The commit that should run, once there is a release.
    pub commit_sha: Option<String>,
    /// Its message.
    pub commit_message: Option<String>,
    /// Who wrote it.
    pub commit_author: Option<String>,
    /// The newest deployment's number.
    pub latest_number: Option<i64>,
    /// The newest deployment's phase.
    pub latest_phase: Option<String>,
    /// Why the newest deployment ended as it did.
    pub latest_reason: Option<Value>,
    /// How far the newest deployment's file is trusted.
    pub latest_policy: Option<String>,
    /// Whether any deployment goes on.
    pub deploying: bool,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Who paused it.
    pub paused_by: Option<String>,
}

/// What comes first in a list of stacks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By name.
    #[default]
    Name,
    /// What changed last.
    Updated,
}

/// Which stacks, and which page of them.
#[derive(Debug, Clone, Default)]
pub struct StackFilter<'a> {
    /// Only the one of this name.
    pub name: Option<&'a str>,
    /// A part of the name, of `owner/repository`, or of the pull request's
    /// title, or its number.
    pub text: Option<&'a str>,
    /// `permanent` or `preview`.
    pub kind: Option<&'a str>,
    /// Of this repository.
    pub repository_id: Option<i64>,
    /// Of the environments of this name.
    pub environment: Option<&'a str>,
    /// Only those of which the API says this one word.
    pub state: Option<&'a str>,
    /// Only those that run something and are as they should be, or are not.
    pub synced: Option<bool>,
    /// Only those that a person should look into.
    pub attention: bool,
    /// What comes first.
    pub order: Order,
    /// After the stack that last changed then and has this name. The time counts
    /// only where they are in the order of [`Order::Updated`].
    pub after: Option<(DateTime<Utc>, &'a str)>,
    /// One more than this may come back.
    pub limit: i64,
}

/// Stacks that are not gone, in the order that is asked for.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>, filter: &StackFilter<'_>) -> Result<Vec<StackView>> {
    let (after_time, after_name) = filter.after.unzip();
    sqlx::query_as!(
        StackView,
        r#"
        select s.name, s.wanted, s.observed, s.observed_at, s.paused_at, s.paused_by,
               now.updated_at as "updated_at!",
               r.repository_id, r.owner, r.name as repository, e.name as environment, e.kind,
               e.pull_request, e.pull_request_title, e.pull_request_author,
               running.commit_sha as "commit_sha?", running.commit_message as "commit_message?",
               running.commit_author as "commit_author?",
               latest.number as "latest_number?", latest.phase as "latest_phase?",
               latest.reason as "latest_reason?", latest.policy as "latest_policy?",
               now.deploying as "deploying!"
        from stack s
        join environment e using (environment_id)
        join repository r using (repository_id)
        left join lateral (
            select number, phase, reason, policy, updated_at from deployment d
            where d.stack_id = s.stack_id order by number desc limit 1
        ) latest on true
        left join lateral (
            select commit_sha, commit_message, commit_author from deployment d
            where d.stack_id = s.stack_id and d.release_id = s.release_id
            order by number desc limit 1
        ) running on true
        cross join lateral (
            select greatest(s.updated_at, latest.updated_at) as updated_at,
                   exists (select from deployment d
                           where d.stack_id = s.stack_id and d.finished_at is null) as deploying
        ) now
        where s.removed_at is null
          and ($1::text is null or s.name = $1)
          and ($2::text is null
               or strpos(lower(s.name || ' ' || r.owner || '/' || r.name || ' '
                               || coalesce(e.pull_request_title || ' #' || e.pull_request, '')),
                         lower($2)) > 0)
          and ($3::text is null or e.kind = $3)
          and ($4::bigint is null or r.repository_id = $4)
          -- As the API's `attention` finds something to say.
          and (not $5::bool
               or s.wanted = 'present'
                  and (latest.phase = 'failed'
                       or s.observed ->> 'health' = 'degraded'
                       or s.observed ->> 'message' <> ''
                       or s.observed @? '$.services[*]
                                         ? (@.health == "degraded" && @.reason != "")'))
          and ($6::text is null or e.name = $6)
          -- As the API's `StackState` says it in one word.
          and ($7::text is null or $7 = case
                  when s.wanted = 'absent' then 'removing'
                  when now.deploying then 'deploying'
                  when s.observed ->> 'health' in ('healthy', 'progressing', 'degraded')
                      then s.observed ->> 'health'
                  when latest.phase = 'failed' then 'failed'
                  else 'unknown'
              end)
          and ($8::bool is null
               or running.commit_sha is not null
                  and $8 = coalesce(s.observed @> '{"synced": true}', false))
          and ($9::text is null or case
                  when $10::bool then now.updated_at < $11
                                      or now.updated_at = $11 and s.name > $9
                  else s.name > $9
              end)
        order by case when $10::bool then now.updated_at end desc, s.name
        limit $12::bigint + 1
        "#,
        filter.name,
        filter.text,
        filter.kind,
        filter.repository_id,
        filter.attention,
        filter.environment,
        filter.state,
        filter.synced,
        after_name,
        filter.order == Order::Updated,
        after_time,
        filter.limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list stacks"))
}

/// What a list of stacks can be narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// The names of the permanent environments: a preview has one of its own.
    pub environments: Vec<String>,
    /// The repositories, each with GitHub's id, by owner and name.
    pub repositories: Vec<(i64, String)>,
}

/// What tells the stacks apart that are not gone.
///
/// # Errors
///
/// What the database says.
pub async fn choices(db: impl PgExecutor<'_>) -> Result<Choices> {
    let rows = sqlx::query!(
        r#"
        select distinct r.repository_id, r.owner || '/' || r.name as "repository!",
               case when e.kind = 'permanent' then e.name end as environment
        from stack s
        join environment e using (environment_id)
        join repository r using (repository_id)
        where s.removed_at is null
        "#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("look up what tells stacks apart"))?;
    let environments: BTreeSet<_> = rows.iter().filter_map(|row| row.environment.clone()).collect();
    let repositories: BTreeSet<_> =
        rows.into_iter().map(|row| (row.repository, row.repository_id)).collect();
    Ok(Choices {
        environments: environments.into_iter().collect(),
        repositories: repositories.into_iter().map(|(name, id)| (id, name)).collect(),
    })
}

/// The stack of this name that is not gone.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn get(db: impl PgExecutor<'_>, name: &str) -> Result<StackView> {
    let filter = StackFilter { name: Some(name), limit: 1, ..StackFilter::default() };
    list(db, &filter).await?.pop().ok_or(Error::NotFound { what: "stack" })
}
