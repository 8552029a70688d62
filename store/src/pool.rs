//! Connections, and whether the schema is the one that we know.

use std::str::FromStr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Postgres, Transaction};

use crate::{Error, MIGRATOR, Result};

/// Connections to Postgres.
pub type Pool = sqlx::PgPool;

/// No statement of ours needs longer; one that does is stuck.
const STATEMENT_TIMEOUT: &str = "30s";

/// How to keep connections.
#[derive(Debug, Clone)]
pub struct PoolSettings {
    /// The most connections at once.
    pub max_connections: u32,
    /// How long a caller waits for one.
    pub acquire_timeout: Duration,
}

/// What the schema is to this version of Berth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// The one that it knows.
    Current,
    /// Older: `berth migrate` brings it up.
    Behind,
    /// Newer, or changed by hand: this Berth must not touch it.
    Unknown,
}

/// A pool of connections, with at least one that works.
///
/// # Errors
///
/// `Unavailable` where Postgres does not answer, `Database` where the URL can't
/// be read or the login is refused.
pub async fn connect(url: &SecretString, settings: &PoolSettings) -> Result<Pool> {
    let options = PgConnectOptions::from_str(url.expose_secret())
        .map_err(Error::while_("read the database's address"))?
        .application_name("berth")
        .options([
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("lock_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "60s"),
        ]);
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        // Nothing closes idle connections: what would (up to sqlx 0.9.0) counts
        // them wrongly once in a while, and then never stops counting
        // (transact-rs/sqlx#3645). They are few, and asked for a sign of life
        // before they are used.
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(options)
        .await
        .map_err(Error::while_("connect"))
}

/// Begins a transaction. Whoever asked may stop waiting at any moment, as a
/// request does whose client is gone.
///
/// `Pool::begin` itself (up to sqlx 0.9.0) must not be given up half way: the
/// connection would go back to the pool in a transaction that nobody knows of,
/// and whoever gets it next would write what is never committed
/// (transact-rs/sqlx#4393). So the round trip is a task of its own, that goes on
/// to its end; nobody being there then, the transaction is rolled back.
///
/// # Errors
///
/// What the database says.
pub async fn begin(pool: &Pool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let connection = pool.acquire().await?;
    #[expect(clippy::disallowed_methods, reason = "it has to outlive whoever waits for it")]
    let begun = tokio::task::spawn(Transaction::begin(connection, None));
    // It neither panics nor is aborted; the runtime may end.
    begun.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

/// Whether Postgres answers.
///
/// # Errors
///
/// `Unavailable` where it does not.
pub async fn ping(pool: &Pool) -> Result<()> {
    sqlx::query_scalar!(r#"select 1 as "one!""#)
        .fetch_one(pool)
        .await
        .map(|_| ())
        .map_err(Error::while_("ask for a sign of life"))
}

/// Runs the migrations that have not been run yet.
///
/// # Errors
///
/// `Corrupt` where the schema is newer than this Berth or was changed by hand;
/// otherwise what the database says.
pub async fn migrate(pool: &Pool) -> Result<()> {
    use sqlx::migrate::MigrateError::Execute;
    MIGRATOR.run(pool).await.map_err(|err| {
        if let Execute(source) = err {
            Error::while_("migrate the schema")(source)
        } else {
            Error::Corrupt { what: "schema", message: err.to_string() }
        }
    })
}

/// Compares the schema with the migrations that this Berth knows.
///
/// # Errors
///
/// What the database says.
pub async fn check_schema(pool: &Pool) -> Result<SchemaState> {
    let doing = "read which migrations were run";
    let table =
        sqlx::query_scalar!(r#"select to_regclass('_sqlx_migrations') is not null as "there!""#)
            .fetch_one(pool)
            .await
            .map_err(Error::while_(doing))?;
    if !table {
        return Ok(SchemaState::Behind);
    }
    // The table is sqlx's own, so it is not among the migrations that the
    // checked queries are checked against.
    let run: Vec<(i64, Vec<u8>, bool)> =
        sqlx::query_as("select version, checksum, success from _sqlx_migrations order by version")
            .fetch_all(pool)
            .await
            .map_err(Error::while_(doing))?;
    let known: Vec<_> = MIGRATOR.iter().collect();
    let strange = run.len() > known.len()
        || run.iter().zip(&known).any(|((version, checksum, success), known)| {
            *version != known.version || *checksum != *known.checksum || !success
        });
    Ok(if strange {
        SchemaState::Unknown
    } else if run.len() < known.len() {
        SchemaState::Behind
    } else {
        SchemaState::Current
    })
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn a_schema_is_behind_then_current_then_strange(pool: PgPool) {
        assert_eq!(check_schema(&pool).await.unwrap(), SchemaState::Behind);
        migrate(&pool).await.unwrap();
        assert_eq!(check_schema(&pool).await.unwrap(), SchemaState::Current);
        sqlx::query("update _sqlx_migrations set checksum = ''::bytea")
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(check_schema(&pool).await.unwrap(), SchemaState::Unknown);
        assert!(matches!(migrate(&pool).await, Err(Error::Corrupt { .. })));
    }

    #[sqlx::test(migrations = false)]
    async fn a_begin_that_is_given_up_leaves_no_transaction(pool: PgPool) {
        let mut watch = pool.acquire().await.unwrap();
        // Patience grows until it is enough.
        let (mut patience, mut enough) = (0, 0);
        while enough < 10 {
            patience += 1;
            let given_up = async {
                for _ in 0..patience {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                biased;
                begun = begin(&pool) => {
                    drop(begun.unwrap());
                    enough += 1;
                }
                () = given_up => {}
            }
            // Once all is back in the pool, for whoever comes next.
            while pool.num_idle() + 1 < pool.size() as usize {
                tokio::task::yield_now().await;
            }
            let left: Vec<String> = sqlx::query_scalar(
                "select query from pg_stat_activity
                 where datname = current_database() and state like 'idle in transaction%'",
            )
            .fetch_all(&mut *watch)
            .await
            .unwrap();
            assert_eq!(left, Vec::<String>::new(), "given up after {patience} turns");
        }
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_is_unavailable() {
        let settings = PoolSettings { max_connections: 1, acquire_timeout: Duration::from_secs(1) };
        let url = SecretString::from("postgres://postgres@127.0.0.1:1/nowhere");
        let err = connect(&url, &settings).await.unwrap_err();
        assert!(err.is_transient(), "{err:?}");
    }
}
