//! This Berth: the id that labels every object it makes on a cluster.

use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Error, Result};

/// This Berth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its id, for [`INSTANCE_LABEL`](berth_domain::stack::INSTANCE_LABEL).
    pub id: Uuid,
    /// Where people and GitHub reach it, if anybody said.
    pub public_url: Option<String>,
}

/// This Berth's row; the first call ever makes it, and every later one finds it.
///
/// # Errors
///
/// What the database says.
pub async fn get_or_create(db: impl PgExecutor<'_>) -> Result<Instance> {
    // The update that changes nothing is there for `returning`, which skips
    // rows that were left alone.
    let row = sqlx::query!(
        "insert into instance (instance_id) values ($1)
         on conflict (only_one) do update set only_one = true
         returning instance_id, public_url",
        Uuid::now_v7(),
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("read this Berth's id"))?;
    Ok(Instance { id: row.instance_id, public_url: row.public_url })
}

/// Remembers where people and GitHub reach this Berth.
///
/// # Errors
///
/// `NotFound` before [`get_or_create`].
pub async fn set_public_url(db: impl PgExecutor<'_>, url: &str) -> Result<()> {
    let done = sqlx::query!("update instance set public_url = $1", url)
        .execute(db)
        .await
        .map_err(Error::while_("remember the public address"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "instance" }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn there_is_one_instance_for_ever(pool: PgPool) {
        let first = get_or_create(&pool).await.unwrap();
        set_public_url(&pool, "http://berth.localhost").await.unwrap();
        let again = get_or_create(&pool).await.unwrap();
        assert_eq!(again.id, first.id);
        assert_eq!(again.public_url.as_deref(), Some("http://berth.localhost"));
    }
}
