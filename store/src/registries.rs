//! Logins to registries, one a host. The password is sealed, and leaves here
//! only as a [`Login`].

use std::sync::Arc;

use berth_domain::registry::{Login, LoginError, LoginFuture, Logins};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret as _;
use sqlx::PgExecutor;

use crate::seal::SealKey;
use crate::{Error, Pool, Result};

/// What may be shown of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// The registry's host, as images name it.
    pub host: String,
    /// Who we are to it.
    pub username: String,
    /// Since when there is a login.
    pub created_at: DateTime<Utc>,
    /// When it was last replaced.
    pub updated_at: DateTime<Utc>,
}

fn context(host: &str) -> String {
    format!("registry {host}")
}

/// Every registry that there is a login for, by its host.
///
/// # Errors
///
/// What the database says.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Registry>> {
    sqlx::query_as!(
        Registry,
        "select host, username, created_at, updated_at from registry order by host"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("list the registries"))
}

/// Stores the login for `host`, or replaces the one that there is.
///
/// # Errors
///
/// What the database says.
pub async fn put(
    db: impl PgExecutor<'_>,
    key: &SealKey,
    host: &str,
    login: &Login,
) -> Result<Registry> {
    sqlx::query_as!(
        Registry,
        "insert into registry (host, username, password) values ($1, $2, $3)
         on conflict (host) do update
         set username = excluded.username, password = excluded.password, updated_at = now()
         returning host, username, created_at, updated_at",
        host,
        login.username,
        key.seal(&context(host), login.secret.expose_secret().as_bytes()),
    )
    .fetch_one(db)
    .await
    .map_err(Error::while_("store a registry's login"))
}

/// The login for `host`, open, where there is one.
///
/// # Errors
///
/// `Corrupt` where `key` does not open it.
pub async fn login(db: impl PgExecutor<'_>, key: &SealKey, host: &str) -> Result<Option<Login>> {
    let row = sqlx::query!("select username, password from registry where host = $1", host)
        .fetch_optional(db)
        .await
        .map_err(Error::while_("read a registry's login"))?;
    let Some(row) = row else { return Ok(None) };
    let secret =
        key.open_text(&context(host), &row.password).map_err(Error::corrupt("registry's login"))?;
    Ok(Some(Login { username: row.username, secret }))
}

/// Forgets the login for `host`.
///
/// # Errors
///
/// `NotFound` where there is none.
pub async fn delete(db: impl PgExecutor<'_>, host: &str) -> Result<()> {
    let done = sqlx::query!("delete from registry where host = $1", host)
        .execute(db)
        .await
        .map_err(Error::while_("forget a registry's login"))?;
    if done.rows_affected() == 0 { Err(Error::NotFound { what: "registry" }) } else { Ok(()) }
}

/// The stored logins, for who talks to registries.
#[derive(Debug, Clone)]
pub struct StoredLogins {
    /// The database.
    pub pool: Pool,
    /// What opens them.
    pub key: Arc<SealKey>,
}

impl Logins for StoredLogins {
    fn login<'a>(&'a self, host: &'a str) -> LoginFuture<'a> {
        Box::pin(async move {
            login(&self.pool, &self.key, host)
                .await
                .map_err(|error| LoginError { host: host.to_owned(), message: error.to_string() })
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;
    use sqlx::PgPool;

    use super::*;

    fn ann(secret: &str) -> Login {
        Login { username: "ann".to_owned(), secret: SecretString::from(secret) }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_password_can_not_be_read_from_its_row_nor_moved_to_another(pool: PgPool) {
        let key = Arc::new(SealKey::generate());
        put(&pool, &key, "r.example:5000", &ann("planted-1")).await.unwrap();
        let stored = put(&pool, &key, "r.example:5000", &ann("planted-2")).await.unwrap();
        put(&pool, &key, "a.example", &ann("planted-3")).await.unwrap();

        let rows: String =
            sqlx::query_scalar("select string_agg(registry::text, ' ') from registry")
                .fetch_one(&pool)
                .await
                .unwrap();
        let sealed: Vec<u8> =
            sqlx::query_scalar("select password from registry where host = 'a.example'")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert!(!rows.contains("planted"), "{rows}");
        assert!(!sealed.windows(7).any(|part| part == b"planted"));

        let all = list(&pool).await.unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].host.as_str(), &all[1]), ("a.example", &stored));
        assert!(stored.updated_at >= stored.created_at);
        let logins = StoredLogins { pool: pool.clone(), key: Arc::clone(&key) };
        let read = logins.login("r.example:5000").await.unwrap().unwrap();
        assert_eq!((read.username.as_str(), read.secret.expose_secret()), ("ann", "planted-2"));
        assert!(logins.login("r.example").await.unwrap().is_none());
        assert!(!format!("{read:?} {logins:?}").contains("planted"));

        sqlx::query("update registry set password = $1 where host = 'r.example:5000'")
            .bind(sealed)
            .execute(&pool)
            .await
            .unwrap();
        let moved = logins.login("r.example:5000").await.unwrap_err().to_string();
        assert!(moved.contains("r.example:5000") && !moved.contains("planted"), "{moved}");
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn a_login_is_forgotten_once(pool: PgPool) {
        let key = SealKey::generate();
        put(&pool, &key, "r.example", &ann("planted")).await.unwrap();
        delete(&pool, "r.example").await.unwrap();
        assert!(login(&pool, &key, "r.example").await.unwrap().is_none());
        let gone = delete(&pool, "r.example").await;
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    }
}
