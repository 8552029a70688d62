//! Installations and repositories as lists show them.

use serde_json::Value;
use sqlx::PgExecutor;

use crate::{Error, Result};

/// An installation and how much it lets us see.
#[derive(Debug, Clone, PartialEq)]
pub struct InstallationView {
    /// GitHub's id.
    pub id: i64,
    /// The account.
    pub account_login: String,
    /// `User` or `Organization`.
    pub account_kind: String,
    /// Whether GitHub suspended it.
    pub suspended: bool,
    /// How many repositories it lets us see.
    pub repository_count: i64,
    /// What it lets us do: an object of GitHub's names and `read` or `write`.
    pub permissions: Value,
}

/// A repository that we may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryView {
    /// GitHub's id.
    pub id: i64,
    /// Its owner.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// Its default branch.
    pub default_branch: String,
    /// Whether only some may see it.
    pub private: bool,
}

/// Every installation that is there, by account.
///
/// # Errors
///
/// What the database says.
pub async fn installations(db: impl PgExecutor<'_>) -> Result<Vec<InstallationView>> {
    sqlx::query_as!(
        InstallationView,
        r#"
        select i.installation_id as id, i.account_login, i.account_kind,
               i.suspended_at is not null as "suspended!",
               (select count(*) from repository r
                where r.installation_id = i.installation_id and r.removed_at is null)
                   as "repository_count!", i.permissions
        from installation i
        where i.removed_at is null
        order by i.account_login, i.installation_id
        "#
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the installations"))
}

/// Repositories that we may see, by owner and name: those that have `text` in
/// `owner/name`, in whatever case, after the one with this owner, name and id, at
/// most `limit + 1`.
///
/// # Errors
///
/// What the database says.
pub async fn repositories(
    db: impl PgExecutor<'_>,
    text: Option<&str>,
    after: Option<(String, String, i64)>,
    limit: i64,
) -> Result<Vec<RepositoryView>> {
    let (owner, name, id) = match after {
        Some((owner, name, id)) => (Some(owner), Some(name), Some(id)),
        None => (None, None, None),
    };
    sqlx::query_as!(
        RepositoryView,
        "select r.repository_id as id, r.owner, r.name, r.default_branch, r.private
         from repository r join installation i using (installation_id)
         where r.removed_at is null and i.removed_at is null
           and ($1::text is null or (r.owner, r.name, r.repository_id) > ($1, $2, $3))
           and ($5::text is null or strpos(lower(r.owner || '/' || r.name), lower($5)) > 0)
         order by r.owner, r.name, r.repository_id
         limit $4::bigint + 1",
        owner,
        name,
        id,
        limit,
        text,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list repositories"))
}
