//! Hints between replicas, by Postgres's NOTIFY. A hint may be lost or come
//! twice: whoever acts on one reads the rows.

use std::time::Duration;

use berth_domain::ids::{RuleId, StackId};
use sqlx::PgExecutor;
use sqlx::postgres::PgListener;

use crate::{Error, Pool, Result};

/// What a hint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Deliveries wait.
    Inbox,
    /// Something is wanted of a stack.
    Stack(StackId),
    /// Reports wait to be sent.
    Outbox,
    /// A row that the event stream tells of changed.
    Change,
    /// Output of a stack was stored.
    Output(StackId),
    /// The connection was lost for a while: anything may have happened.
    Anything,
}

/// A connection that hears hints.
#[derive(Debug)]
pub struct Listener(PgListener);

/// How long to wait for Postgres between attempts to listen again.
const RECONNECT: Duration = Duration::from_secs(1);

impl Listener {
    /// Starts to listen.
    ///
    /// # Errors
    ///
    /// `Unavailable` where Postgres does not answer.
    pub async fn connect(pool: &Pool) -> Result<Self> {
        Self::to(pool, &["berth_inbox", "berth_stack", "berth_outbox", "berth_change"]).await
    }

    /// Starts to listen for what browsers are told of: changes and output.
    ///
    /// # Errors
    ///
    /// `Unavailable` where Postgres does not answer.
    pub async fn connect_for_browsers(pool: &Pool) -> Result<Self> {
        Self::to(pool, &["berth_change", "berth_output"]).await
    }

    async fn to(pool: &Pool, channels: &[&str]) -> Result<Self> {
        let doing = "listen for hints";
        let mut listener = PgListener::connect_with(pool).await.map_err(Error::while_(doing))?;
        let all = listener.listen_all(channels.iter().copied());
        all.await.map_err(Error::while_(doing))?;
        Ok(Self(listener))
    }

    /// The next hint. It never gives up: while Postgres is away it waits, and
    /// then says [`Hint::Anything`].
    pub async fn next(&mut self) -> Hint {
        loop {
            match self.0.try_recv().await {
                Ok(Some(note)) => {
                    return match note.channel() {
                        "berth_inbox" => Hint::Inbox,
                        "berth_outbox" => Hint::Outbox,
                        "berth_change" => Hint::Change,
                        "berth_output" => {
                            note.payload().parse().map_or(Hint::Anything, Hint::Output)
                        }
                        _ => note.payload().parse().map_or(Hint::Anything, Hint::Stack),
                    };
                }
                // Connected again, by the listener itself.
                Ok(None) => return Hint::Anything,
                Err(_) => tokio::time::sleep(RECONNECT).await,
            }
        }
    }
}

/// Says that something is wanted of a stack; heard once the transaction commits.
///
/// # Errors
///
/// What the database says.
pub async fn stack(db: impl PgExecutor<'_>, stack: StackId) -> Result<()> {
    sqlx::query!("select pg_notify('berth_stack', $1)", stack.to_string())
        .execute(db)
        .await
        .map(|_| ())
        .map_err(Error::while_("hint at a stack"))
}

/// Says that output of a stack was stored; heard once the transaction commits.
///
/// # Errors
///
/// What the database says.
pub async fn output(db: impl PgExecutor<'_>, stack: StackId) -> Result<()> {
    sqlx::query!("select pg_notify('berth_output', $1)", stack.to_string())
        .execute(db)
        .await
        .map(|_| ())
        .map_err(Error::while_("hint at output"))
}

/// Hints at every stack with a deployment of a rule that is not over.
///
/// # Errors
///
/// What the database says.
pub async fn open_of_rule(db: impl PgExecutor<'_>, rule: RuleId) -> Result<()> {
    sqlx::query!(
        "select pg_notify('berth_stack', stack_id::text) from deployment
         where rule_id = $1 and finished_at is null",
        rule.0
    )
    .fetch_all(db)
    .await
    .map(|_| ())
    .map_err(Error::while_("hint at the stacks of a rule"))
}

/// Says that deliveries wait.
///
/// The hint is not worth a flush to disk, which a transaction that notifies
/// would otherwise cost, with all others waiting for it: Postgres lets only one
/// such transaction commit at a time.
///
/// # Errors
///
/// What the database says.
pub async fn inbox(db: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!(
        "with unhurried as (select set_config('synchronous_commit', 'off', true))
         select pg_notify('berth_inbox', '') from unhurried"
    )
    .execute(db)
    .await
    .map(|_| ())
    .map_err(Error::while_("hint at the inbox"))
}

/// Says that reports wait to be sent; heard once the transaction commits.
///
/// # Errors
///
/// What the database says.
pub async fn outbox(db: impl PgExecutor<'_>) -> Result<()> {
    sqlx::query!("select pg_notify('berth_outbox', '')")
        .execute(db)
        .await
        .map(|_| ())
        .map_err(Error::while_("hint at the outbox"))
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_hint_is_heard(pool: PgPool) {
        let mut listener = Listener::connect(&pool).await.unwrap();
        let id = StackId::fresh();
        inbox(&pool).await.unwrap();
        stack(&pool, id).await.unwrap();
        outbox(&pool).await.unwrap();
        assert_eq!(listener.next().await, Hint::Inbox);
        assert_eq!(listener.next().await, Hint::Stack(id));
        assert_eq!(listener.next().await, Hint::Outbox);
    }
}
