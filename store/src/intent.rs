//! A transaction of a person's, or of a webhook's: several writes that are one
//! intent. Any replica may begin one, at any time.

use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;

use sqlx::{PgConnection, Postgres, Transaction};

use crate::{Error, Pool, Result};

/// An intent being written. Dropped without [`commit`](Self::commit), it
/// changes nothing.
#[derive(Debug)]
pub struct Intent(Transaction<'static, Postgres>);

impl Intent {
    /// Begins to write one.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn begin(pool: &Pool) -> Result<Self> {
        crate::begin(pool).await.map(Self).map_err(Error::while_("begin to write an intent"))
    }

    /// Makes everything that was written in it true.
    ///
    /// # Errors
    ///
    /// What the database says; then nothing is true of it, unless the answer
    /// alone got lost.
    pub async fn commit(self) -> Result<()> {
        self.0.commit().await.map_err(Error::while_("commit an intent"))
    }
}

impl Deref for Intent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Intent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// A transaction that is being begun. Boxed: what an opaque one holds for how
/// long is more than the compiler follows through a handler.
pub type Beginning<'c> =
    Pin<Box<dyn Future<Output = sqlx::Result<Transaction<'c, Postgres>>> + Send + 'c>>;

/// Where a person's write begins its transaction: on the pool, or within the
/// intent that it is a part of.
pub trait Begin<'c>: Send {
    /// Begins it. Within an intent, giving it up gives up that part alone.
    fn begin(self) -> Beginning<'c>;
}

impl<'c> Begin<'c> for &'c Pool {
    fn begin(self) -> Beginning<'c> {
        Box::pin(async move {
            let begun: Transaction<'c, Postgres> = crate::begin(self).await?;
            Ok(begun)
        })
    }
}

impl<'c> Begin<'c> for &'c mut PgConnection {
    fn begin(self) -> Beginning<'c> {
        // Given up half way, it goes with the transaction round it.
        Box::pin(Transaction::begin(self, None))
    }
}
