//! Acting as the App: its settings, its installations, its deliveries, and the
//! tokens to act on one installation's repositories.

use std::fmt;
use std::sync::Arc;

use berth_domain::fail_point::Effect;
use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::client::{Call, Client};
use crate::error::Error;
use crate::jwt;
use crate::repository::{RepositoryClient, RepositoryName};
use crate::tokens::{Key, Scope, Token};
use crate::wire::{self, answer};

/// Lists end somewhere, also where a server's links lead in a circle.
const PAGES_MAX: usize = 200;

/// Who the App is to GitHub.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its number.
    pub app_id: i64,
    /// Its private key, in PEM.
    pub private_key: SecretString,
}

/// Acts as the App. Cheap to clone; what is made from one
/// [`Client`] shares its tokens.
#[derive(Clone)]
pub struct App {
    client: Client,
    credentials: Arc<Credentials>,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("app_id", &self.credentials.app_id).finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn new(client: Client, credentials: Credentials) -> Self {
        Self { client, credentials: Arc::new(credentials) }
    }

    /// The App's number.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.credentials.app_id
    }

    /// What GitHub knows of the App.
    ///
    /// # Errors
    ///
    /// [`Error::Unauthorized`] where the key is not (or no more) the App's.
    pub async fn details(&self) -> Result<wire::AppDetails, Error> {
        let call = Call::get("read the App", "/app");
        self.client
            .answer::<answer::AppDetails>(&call, Some(&self.jwt(&call)?))
            .await
            .map(Into::into)
    }

    /// Says where webhooks go, and that they come as JSON, signed with `secret`.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] where GitHub does not like the address.
    pub async fn set_hook(&self, url: &str, secret: &SecretString) -> Result<(), Error> {
        let call = Call::patch(Effect::SetHook, "set the App's webhook", "/app/hook/config").json(
            &json!({
                "url": url,
                "content_type": "json",
                "secret": secret.expose_secret(),
                "insecure_ssl": "0",
            }),
        )?;
        self.client.done(&call, Some(&self.jwt(&call)?)).await
    }

    /// Every installation of the App.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn installations(&self) -> Result<Vec<wire::Installation>, Error> {
        let mut all = Vec::new();
        let mut next = Some("/app/installations?per_page=100".to_owned());
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { break };
            let call = Call::get("list the App's installations", &path);
            let (page, link) = self
                .client
                .page_of::<Vec<answer::Installation>>(&call, Some(&self.jwt(&call)?))
                .await?;
            all.extend(page.into_iter().map(Into::into));
            next = link;
        }
        Ok(all)
    }

    /// One installation.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where it is not one of this App's.
    pub async fn installation(&self, id: InstallationId) -> Result<wire::Installation, Error> {
        let call = Call::get("read an installation", &format!("/app/installations/{id}"));
        self.client
            .answer::<answer::Installation>(&call, Some(&self.jwt(&call)?))
            .await
            .map(Into::into)
    }

    /// Every repository that an installation lets us see.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn repositories(&self, id: InstallationId) -> Result<Vec<wire::Repository>, Error> {
        let mut all = Vec::new();
        let mut next = Some("/installation/repositories?per_page=100".to_owned());
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { break };
            let call = Call::get("list an installation's repositories", &path);
            let (client, call) = (&self.client, &call);
            let (page, link) = self
                .with_token(id, Scope::Metadata, |token| async move {
                    client.page_of::<answer::Repositories>(call, Some(&token)).await
                })
                .await?;
            all.extend(page.repositories.into_iter().map(Into::into));
            next = link;
        }
        Ok(all)
    }

    /// A token that can read the contents of one repository, for git. It lasts
    /// at least five minutes more; do not keep it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where the installation is gone, [`Error::Rejected`]
    /// where it is suspended or does not see the repository.
    pub async fn git_token(
        &self,
        installation: InstallationId,
        repository: RepositoryId,
    ) -> Result<SecretString, Error> {
        self.token(installation, Scope::Git(repository)).await
    }

    /// Acts on one repository.
    #[must_use]
    pub fn repository(
        &self,
        installation: InstallationId,
        repository: RepositoryId,
        name: RepositoryName,
    ) -> RepositoryClient {
        RepositoryClient::new(self.clone(), installation, repository, name)
    }

    /// The attempts to deliver webhooks since `since`, newest first. GitHub
    /// keeps them for three days.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn deliveries(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<wire::DeliveryAttempt>, Error> {
        let mut all = Vec::new();
        let mut next = Some("/app/hook/deliveries?per_page=100".to_owned());
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { break };
            let call = Call::get("list the App's deliveries", &path);
            let (page, link) = self
                .client
                .page_of::<Vec<wire::DeliveryAttempt>>(&call, Some(&self.jwt(&call)?))
                .await?;
            let (new, old): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|attempt| attempt.delivered_at >= since);
            all.extend(new);
            next = link.filter(|_| old.is_empty());
        }
        Ok(all)
    }

    /// Asks GitHub to send a delivery again.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where GitHub has forgotten it.
    pub async fn redeliver(&self, attempt: i64) -> Result<(), Error> {
        let path = format!("/app/hook/deliveries/{attempt}/attempts");
        let call = Call::post(Effect::Redeliver, "ask for a delivery again", &path);
        self.client.done(&call, Some(&self.jwt(&call)?)).await
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// Does `work` with a token. A token that GitHub refuses was revoked, and
    /// nothing was done with it: once, it is replaced.
    ///
    /// A plain closure and not an `AsyncFn`: with that, the compiler can't tell
    /// that a task which awaits this may move between threads.
    pub(crate) async fn with_token<T, Work: Future<Output = Result<T, Error>>>(
        &self,
        installation: InstallationId,
        scope: Scope,
        work: impl Fn(SecretString) -> Work,
    ) -> Result<T, Error> {
        let token = self.token(installation, scope).await?;
        match work(token).await {
            Err(Error::Unauthorized { .. }) => {
                self.client.tokens.forget(self.key(installation, scope));
                work(self.token(installation, scope).await?).await
            }
            other => other,
        }
    }

    async fn token(
        &self,
        installation: InstallationId,
        scope: Scope,
    ) -> Result<SecretString, Error> {
        let mint = async || self.mint(installation, scope).await;
        self.client.tokens.get(self.key(installation, scope), self.client.now(), mint).await
    }

    async fn mint(&self, installation: InstallationId, scope: Scope) -> Result<Token, Error> {
        let path = format!("/app/installations/{installation}/access_tokens");
        let mut body = json!({ "permissions": scope.permissions() });
        if let (Some(id), Some(fields)) = (scope.repository(), body.as_object_mut()) {
            fields.insert("repository_ids".to_owned(), json!([id]));
        }
        let call =
            Call::post(Effect::CreateToken, "get an installation token", &path).json(&body)?;
        let answer: answer::AccessToken =
            self.client.answer(&call, Some(&self.jwt(&call)?)).await?;
        Ok(Token { secret: answer.token, expires_at: answer.expires_at })
    }

    fn key(&self, installation: InstallationId, scope: Scope) -> Key {
        Key { app_id: self.id(), installation, scope }
    }

    fn jwt(&self, call: &Call) -> Result<SecretString, Error> {
        jwt::sign(self.id(), &self.credentials.private_key, self.client.now())
            .map_err(|err| call.unauthorized(err.to_string()))
    }
}

#[cfg(test)]
mod tests;
