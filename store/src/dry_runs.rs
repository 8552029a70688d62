//! Dry runs: what people ask that a deployment would do, and what the leader
//! answers. Of each stack the last one is kept.
//!
//! Asking is no act: nothing is done to the stack, and whoever asked stands with
//! the question.

use berth_domain::fail_point::Write;
use berth_domain::ids::StackId;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::intent::Begin;
use crate::leases::{Fence, Guarded};
use crate::stacks::{self, Wanted};
use crate::{Error, Pool, Result, deployments, notify, storable, storable_json};

/// The last dry run of a stack.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// What was answered, and when; [`None`] while it is being found out.
    pub answer: Option<(DateTime<Utc>, Value)>,
}

/// One that nobody has answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its id, by which an answer finds it.
    pub id: Uuid,
    /// Of which stack.
    pub stack: StackId,
}

/// Asks what a deployment of a stack would do. Where that is being found out
/// already, that is the answer to wait for.
///
/// # Errors
///
/// `NotFound` where no live stack has this name, `Conflict` where it is on its
/// way out or was never deployed.
pub async fn ask(db: impl Begin<'_>, name: &str, who: &str) -> Result<()> {
    let doing = "ask for a dry run";
    let mut db = db.begin().await.map_err(Error::while_(doing))?;
    let stack = stacks::by_name(&mut *db, name).await?;
    if stack.wanted == Wanted::Absent {
        return Err(Error::Conflict { what: "stack" });
    }
    if deployments::newest(&mut *db, stack.id).await?.is_none() {
        return Err(Error::Conflict { what: "deployment" });
    }
    sqlx::query!(
        "insert into dry_run (stack_id, dry_run_id, asked_by) values ($1, $2, $3)
         on conflict (stack_id) do update set dry_run_id = excluded.dry_run_id,
             asked_by = excluded.asked_by, asked_at = now(), answered_at = null, answer = null
         where dry_run.answered_at is not null",
        stack.id.0,
        Uuid::now_v7(),
        storable(who),
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_(doing))?;
    notify::stack(&mut *db, stack.id).await?;
    db.commit().await.map_err(Error::while_(doing))
}

/// The last dry run of a stack; [`None`] where nobody ever asked.
///
/// # Errors
///
/// `NotFound` where no live stack has this name.
pub async fn last(db: impl PgExecutor<'_>, name: &str) -> Result<Option<DryRun>> {
    let row = sqlx::query!(
        r#"select d.asked_by as "asked_by?", d.asked_at as "asked_at?", d.answered_at, d.answer
           from stack s left join dry_run d using (stack_id)
           where s.name = $1 and s.removed_at is null"#,
        name
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read a dry run"))?
    .ok_or(Error::NotFound { what: "stack" })?;
    let asked = row.asked_by.zip(row.asked_at);
    let answer = row.answered_at.zip(row.answer);
    Ok(asked.map(|(asked_by, asked_at)| DryRun { asked_by, asked_at, answer }))
}

/// Those that are to be answered, the oldest first.
///
/// # Errors
///
/// What the database says.
pub async fn open(db: impl PgExecutor<'_>) -> Result<Vec<Open>> {
    let rows = sqlx::query!(
        "select d.dry_run_id, d.stack_id from dry_run d join stack s using (stack_id)
         where d.answered_at is null and s.removed_at is null and s.wanted = 'present'
         order by d.asked_at, d.stack_id"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read which dry runs are open"))?;
    Ok(rows
        .into_iter()
        .map(|row| Open { id: row.dry_run_id, stack: StackId(row.stack_id) })
        .collect())
}

/// Answers a dry run, once.
///
/// # Errors
///
/// `Fenced`.
pub async fn answer(
    pool: &Pool,
    fence: Fence,
    id: Uuid,
    answer: &impl serde::Serialize,
) -> Result<()> {
    let mut db = Guarded::begin(pool, fence, Write::AnswerDryRun).await?;
    sqlx::query!(
        "update dry_run set answered_at = now(), answer = $2
         where dry_run_id = $1 and answered_at is null",
        id,
        storable_json(answer)?,
    )
    .execute(&mut *db)
    .await
    .map_err(Error::while_("answer a dry run"))?;
    db.commit().await
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sqlx::PgPool;

    use super::*;
    use crate::seed;

    const NAME: &str = "shop-pr-7";

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_question_is_answered_once_and_asked_again_it_is_open_again(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        let seeded = seed::deployment(&pool, fence).await;
        assert_eq!(last(&pool, NAME).await.unwrap(), None);
        assert_eq!(open(&pool).await.unwrap(), []);

        ask(&pool, NAME, "Ada").await.unwrap();
        let first = open(&pool).await.unwrap();
        assert_eq!(first[0].stack, seeded.stack);
        // Whoever asks meanwhile gets the same answer.
        ask(&pool, NAME, "Grace").await.unwrap();
        assert_eq!(open(&pool).await.unwrap(), first);
        let asked = last(&pool, NAME).await.unwrap().unwrap();
        assert_eq!((asked.asked_by.as_str(), &asked.answer), ("Ada", &None));

        answer(&pool, fence, first[0].id, &json!({"n": 1})).await.unwrap();
        answer(&pool, fence, first[0].id, &json!({"n": 2})).await.unwrap();
        let answered = last(&pool, NAME).await.unwrap().unwrap().answer.unwrap().1;
        assert_eq!((answered, open(&pool).await.unwrap()), (json!({"n": 1}), vec![]));

        ask(&pool, NAME, "Grace").await.unwrap();
        let again = last(&pool, NAME).await.unwrap().unwrap();
        assert_eq!((again.asked_by.as_str(), &again.answer), ("Grace", &None));
        // What was found out for the one before is no answer to this one.
        answer(&pool, fence, first[0].id, &json!({"n": 3})).await.unwrap();
        assert_eq!(last(&pool, NAME).await.unwrap().unwrap().answer, None);
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn of_what_goes_or_was_never_there_nothing_is_asked(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::deployment(&pool, fence).await;
        for none in [ask(&pool, "none", "Ada").await, last(&pool, "none").await.map(drop)] {
            assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
        }
        ask(&pool, NAME, "Ada").await.unwrap();
        stacks::remove(&pool, NAME).await.unwrap();
        assert_eq!(open(&pool).await.unwrap(), []);
        let late = ask(&pool, NAME, "Ada").await;
        assert!(matches!(late, Err(Error::Conflict { what: "stack" })), "{late:?}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn asking_makes_nothing_and_tells_nobody_but_the_leader_and_browsers(pool: PgPool) {
        let fence = seed::lead(&pool).await;
        seed::deployment(&pool, fence).await;
        let counts = async || {
            let of = "select (select count(*) from deployment) + (select count(*) from act)
                           + (select count(*) from outbox)";
            sqlx::query_scalar::<_, i64>(of).fetch_one(&pool).await.unwrap()
        };
        let before = counts().await;
        ask(&pool, NAME, "Ada").await.unwrap();
        assert_eq!(counts().await, before);
        let told = "select topic from change order by change_id desc limit 1";
        let told: String = sqlx::query_scalar(told).fetch_one(&pool).await.unwrap();
        assert_eq!(told, "stack");
    }
}
