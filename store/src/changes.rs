//! What changed, for the event stream. Triggers write the rows.
//!
//! Rows become visible in the order of commits, not of their ids: a reader that
//! remembers the highest id would miss what a slow transaction adds behind it.
//! So the order is `(transaction, id)`, and nobody reads past the oldest
//! transaction that still runs: everything before it is there for good.

use std::fmt;
use std::str::FromStr;

use sqlx::PgExecutor;

use crate::{Error, Result};

/// A place in the order of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// The transaction that made the change.
    pub transaction: u64,
    /// The change within it.
    pub change: i64,
}

/// A text that is no [`Position`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a place in the stream")]
pub struct InvalidPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.transaction, self.change)
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let (transaction, change) = text.split_once('-').ok_or(InvalidPosition)?;
        Ok(Self {
            transaction: transaction.parse().map_err(|_| InvalidPosition)?,
            change: change.parse().map_err(|_| InvalidPosition)?,
        })
    }
}

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the order.
    pub position: Position,
    /// What kind of thing, such as `stack`.
    pub topic: String,
    /// Its id.
    pub subject: String,
    /// The stack's name, where it is about one.
    pub stack: Option<String>,
}

/// What [`after`] read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Whether more are known already: either there were more than asked for,
    /// or some wait for an older transaction to end. No hint will come for them.
    pub more: bool,
}

/// The newest place that will not move any more: where a new reader starts.
///
/// # Errors
///
/// What the database says.
pub async fn head(db: impl PgExecutor<'_>) -> Result<Position> {
    let row = sqlx::query!(
        r#"select transaction_id::text as "transaction!", change_id from change
           where transaction_id < pg_snapshot_xmin(pg_current_snapshot())
           order by transaction_id desc, change_id desc limit 1"#
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("find the end of the stream"))?;
    row.map_or(Ok(Position::default()), |row| {
        let transaction = row.transaction.parse().map_err(Error::corrupt("change"))?;
        Ok(Position { transaction, change: row.change_id })
    })
}

/// Whether nothing after `position` was forgotten: whether the change there is
/// still kept. The very beginning never is, once anything was forgotten.
///
/// # Errors
///
/// What the database says.
pub async fn is_kept(db: impl PgExecutor<'_>, position: Position) -> Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
               select from change where transaction_id = $1::text::xid8 and change_id = $2
           ) as "kept!""#,
        position.transaction.to_string(),
        position.change,
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("look for a place in the stream"))
}

/// The changes after `position`, at most `limit` of them.
///
/// # Errors
///
/// What the database says.
pub async fn after(db: impl PgExecutor<'_>, position: Position, limit: i64) -> Result<Batch> {
    let rows = sqlx::query!(
        r#"
        with known as (
            select transaction_id, change_id, topic, subject_id,
                   transaction_id < pg_snapshot_xmin(pg_current_snapshot()) as settled
            from change
            where (transaction_id, change_id) > ($1::text::xid8, $2)
            order by transaction_id, change_id
            limit $3::bigint + 1
        )
        select k.transaction_id::text as "transaction!", k.change_id, k.topic, k.subject_id,
               k.settled as "settled!",
               coalesce(
                   (select s.name from stack s
                    where s.stack_id = case when k.topic = 'stack' then k.subject_id::uuid end),
                   (select s.name from deployment d join stack s using (stack_id)
                    where d.deployment_id = case when k.topic in ('deployment', 'build_log')
                                            then k.subject_id::uuid end)
               ) as stack
        from known k
        order by k.transaction_id, k.change_id
        "#,
        position.transaction.to_string(),
        position.change,
        limit,
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read the stream"))?;

    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let known = rows.len();
    let changes = rows
        .into_iter()
        .take(limit)
        .take_while(|row| row.settled)
        .map(|row| {
            let transaction = row.transaction.parse().map_err(Error::corrupt("change"))?;
            Ok(Change {
                position: Position { transaction, change: row.change_id },
                topic: row.topic,
                subject: row.subject_id,
                stack: row.stack,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Batch { more: known > changes.len(), changes })
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    async fn note(db: impl PgExecutor<'_>, subject: &str) {
        sqlx::query("insert into change (topic, subject_id) values ('test', $1)")
            .bind(subject)
            .execute(db)
            .await
            .unwrap();
    }

    fn subjects(batch: &Batch) -> Vec<&str> {
        batch.changes.iter().map(|change| change.subject.as_str()).collect()
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_slow_transaction_holds_back_what_came_after_it(pool: PgPool) {
        let start = head(&pool).await.unwrap();
        let mut slow = crate::begin(&pool).await.unwrap();
        note(&mut *slow, "slow").await;
        note(&pool, "fast").await;

        // Other tests' databases share the cluster and its transactions, so
        // this can only say what is *not* told yet.
        let early = after(&pool, start, 10).await.unwrap();
        assert_eq!((subjects(&early), early.more), (vec![], true));

        slow.commit().await.unwrap();
        let batch = loop {
            let batch = after(&pool, start, 10).await.unwrap();
            if !batch.more {
                break batch;
            }
        };
        assert_eq!(subjects(&batch), ["slow", "fast"]);
        let first = batch.changes[0].position;
        assert_eq!(subjects(&after(&pool, first, 10).await.unwrap()), ["fast"]);
        assert_eq!(first.to_string().parse(), Ok(first));
        assert!(is_kept(&pool, first).await.unwrap());
        sqlx::query("delete from change").execute(&pool).await.unwrap();
        assert!(!is_kept(&pool, first).await.unwrap());
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_batch_says_whether_there_is_more(pool: PgPool) {
        let start = head(&pool).await.unwrap();
        for subject in ["a", "b", "c"] {
            note(&pool, subject).await;
        }
        let whole = loop {
            let batch = after(&pool, start, 3).await.unwrap();
            if !batch.more {
                break batch;
            }
        };
        assert_eq!(subjects(&whole), ["a", "b", "c"]);
        let part = after(&pool, start, 2).await.unwrap();
        assert_eq!((subjects(&part), part.more), (vec!["a", "b"], true));
        assert_eq!(head(&pool).await.unwrap(), whole.changes[2].position);
    }

    #[test]
    fn a_foreign_position_is_refused() {
        for bad in ["", "7", "a-b", "-1-2", "1-"] {
            assert_eq!(bad.parse::<Position>(), Err(InvalidPosition), "{bad:?}");
        }
    }
}
