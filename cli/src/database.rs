//! The database that a command works on: the one that is named, or a private one.

use std::time::Duration;

use berth_store::{Pool, PoolSettings};

use crate::config::DatabaseArgs;
use crate::private_postgres::PrivatePostgres;

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    /// Connections to it.
    pub(crate) pool: Pool,
    private: Option<PrivatePostgres>,
}

/// Enough for the webhook's writers, the API and the reconciler together, and
/// few enough for three replicas on a stock Postgres.
const CONNECTIONS: u32 = 24;

/// Between two tries to reach a Postgres that is not there yet.
const AGAIN: Duration = Duration::from_secs(2);

impl Database {
    /// The same as [`Database::open`], but waits for a Postgres that does not
    /// answer yet: a server and its database may start in any order.
    pub(crate) async fn wait(args: &DatabaseArgs) -> anyhow::Result<Self> {
        loop {
            match Self::open(args).await {
                Err(err)
                    if err
                        .downcast_ref::<berth_store::Error>()
                        .is_some_and(|err| err.is_transient()) =>
                {
                    tracing::warn!("waiting for Postgres: {err:#}");
                    tokio::time::sleep(AGAIN).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Connects, starting the private Postgres where no other is named.
    pub(crate) async fn open(args: &DatabaseArgs) -> anyhow::Result<Self> {
        let (url, private) = match args.url()? {
            Some(url) => (url, None),
            None => {
                let private = PrivatePostgres::start(&args.data_dir).await?;
                (private.url.clone(), Some(private))
            }
        };
        let settings =
            PoolSettings { max_connections: CONNECTIONS, acquire_timeout: Duration::from_secs(10) };
        let pool = berth_store::connect(&url, &settings).await?;
        Ok(Self { pool, private })
    }

    /// Whether it is Berth's own: then its schema is brought up by itself.
    pub(crate) fn is_private(&self) -> bool {
        self.private.is_some()
    }

    /// Closes the connections, and stops the private Postgres.
    pub(crate) async fn close(self) {
        self.pool.close().await;
        if let Some(private) = self.private {
            private.stop().await;
        }
    }
}

/// An error of the store on one line, each cause once.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn plain(err: berth_store::Error) -> anyhow::Error {
    anyhow::anyhow!(berth_domain::chain(&err))
}
