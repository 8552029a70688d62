//! Our GitHub App. Its three secrets are sealed.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;

use crate::seal::SealKey;
use crate::{Error, Result};

/// Our GitHub App, with its secrets open.
#[derive(Debug, Clone)]
pub struct GithubApp {
    /// What may be shown of it.
    pub public: PublicApp,
    /// For the login through GitHub.
    pub client_secret: SecretString,
    /// What webhooks are signed with.
    pub webhook_secret: SecretString,
    /// What its tokens are signed with, PEM.
    pub private_key: SecretString,
}

/// What may be shown of our GitHub App.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicApp {
    /// GitHub's number for it.
    pub app_id: i64,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Who owns it.
    pub owner_login: String,
    /// Its page on GitHub.
    pub html_url: String,
    /// Its OAuth client id.
    pub client_id: String,
}

fn context(app_id: i64, what: &str) -> String {
    format!("github_app {app_id} {what}")
}

/// Stores the App, or what changed of it.
///
/// # Errors
///
/// What the database says.
pub async fn put(db: impl PgExecutor<'_>, key: &SealKey, app: &GithubApp) -> Result<()> {
    let PublicApp { app_id, slug, name, owner_login, html_url, client_id } = &app.public;
    let seal = |what, text: &SecretString| {
        key.seal(&context(*app_id, what), text.expose_secret().as_bytes())
    };
    sqlx::query!(
        "insert into github_app (app_id, slug, name, owner_login, html_url, client_id,
                                 client_secret, webhook_secret, private_key)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (app_id) do update
         set slug = excluded.slug, name = excluded.name, owner_login = excluded.owner_login,
             html_url = excluded.html_url, client_id = excluded.client_id,
             client_secret = excluded.client_secret, webhook_secret = excluded.webhook_secret,
             private_key = excluded.private_key",
        app_id,
        slug,
        name,
        owner_login,
        html_url,
        client_id,
        seal("client_secret", &app.client_secret),
        seal("webhook_secret", &app.webhook_secret),
        seal("private_key", &app.private_key),
    )
    .execute(db)
    .await
    .map_err(Error::while_("store the GitHub App"))?;
    Ok(())
}

/// The App with its secrets, or [`None`] before it was made. The newest counts.
///
/// # Errors
///
/// `Corrupt` where `key` does not open its secrets.
pub async fn get(db: impl PgExecutor<'_>, key: &SealKey) -> Result<Option<GithubApp>> {
    let row =
        sqlx::query!("select * from github_app order by created_at desc, app_id desc limit 1")
            .fetch_optional(db)
            .await
            .map_err(Error::while_("read the GitHub App"))?;
    let Some(row) = row else { return Ok(None) };
    let open = |what, sealed: &[u8]| {
        key.open_text(&context(row.app_id, what), sealed).map_err(Error::corrupt("GitHub App"))
    };
    Ok(Some(GithubApp {
        client_secret: open("client_secret", &row.client_secret)?,
        webhook_secret: open("webhook_secret", &row.webhook_secret)?,
        private_key: open("private_key", &row.private_key)?,
        public: PublicApp {
            app_id: row.app_id,
            slug: row.slug,
            name: row.name,
            owner_login: row.owner_login,
            html_url: row.html_url,
            client_id: row.client_id,
        },
    }))
}

/// What may be shown of the App, or [`None`] before it was made.
///
/// # Errors
///
/// What the database says.
pub async fn get_public(db: impl PgExecutor<'_>) -> Result<Option<PublicApp>> {
    sqlx::query_as!(
        PublicApp,
        "select app_id, slug, name, owner_login, html_url, client_id
         from github_app order by created_at desc, app_id desc limit 1"
    )
    .fetch_optional(db)
    .await
    .map_err(Error::while_("read the GitHub App"))
}

/// Every secret that a webhook may be signed with, by the App that it comes
/// from, the newest first: ours, and those that it replaced.
///
/// # Errors
///
/// `Corrupt` where `key` does not open one.
pub async fn webhook_keys(
    db: impl PgExecutor<'_>,
    key: &SealKey,
) -> Result<Vec<(i64, SecretString)>> {
    let rows = sqlx::query!(
        "select app_id, webhook_secret from github_app order by created_at desc, app_id desc"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read the webhook's secrets"))?;
    rows.into_iter()
        .map(|row| {
            key.open_text(&context(row.app_id, "webhook_secret"), &row.webhook_secret)
                .map(|secret| (row.app_id, secret))
                .map_err(Error::corrupt("GitHub App"))
        })
        .collect()
}

/// Every secret that a webhook may be signed with: the App's, and those of
/// Apps that it replaced.
///
/// # Errors
///
/// `Corrupt` where `key` does not open one.
pub async fn webhook_secrets(db: impl PgExecutor<'_>, key: &SealKey) -> Result<Vec<SecretString>> {
    let rows = sqlx::query!(
        "select app_id, webhook_secret from github_app order by created_at desc, app_id desc"
    )
    .fetch_all(db)
    .await
    .map_err(Error::while_("read the webhook's secret"))?;
    rows.into_iter()
        .map(|row| {
            key.open_text(&context(row.app_id, "webhook_secret"), &row.webhook_secret)
                .map_err(Error::corrupt("GitHub App"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    fn app() -> GithubApp {
        GithubApp {
            public: PublicApp {
                app_id: 7,
                slug: "berth".to_owned(),
                name: "Berth".to_owned(),
                owner_login: "acme".to_owned(),
                html_url: "https://github.com/apps/berth".to_owned(),
                client_id: "Iv1".to_owned(),
            },
            client_secret: SecretString::from("planted-client-secret"),
            webhook_secret: SecretString::from("planted-webhook-secret"),
            private_key: SecretString::from("planted-private-key"),
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn the_secrets_can_not_be_read_from_the_row(pool: PgPool) {
        let key = SealKey::generate();
        put(&pool, &key, &app()).await.unwrap();
        put(&pool, &key, &app()).await.unwrap();

        let row: String = sqlx::query_scalar(
            "select encode(client_secret || webhook_secret || private_key, 'escape') from github_app",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        assert!(!row.contains("planted"), "{row}");

        let read = get(&pool, &key).await.unwrap().unwrap();
        assert_eq!(read.public, app().public);
        assert_eq!(read.private_key.expose_secret(), "planted-private-key");
        assert_eq!(get_public(&pool).await.unwrap(), Some(app().public));
        let secrets = webhook_secrets(&pool, &key).await.unwrap();
        assert_eq!(secrets.len(), 1);
        let keys = webhook_keys(&pool, &key).await.unwrap();
        assert_eq!((keys.len(), keys[0].0), (1, 7));
        let other = get(&pool, &SealKey::generate()).await;
        assert!(matches!(other, Err(Error::Corrupt { .. })), "{other:?}");
    }
}
