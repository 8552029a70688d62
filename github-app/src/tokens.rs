//! Installation tokens: scoped, kept until shortly before they end, and asked
//! for once however many want one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use berth_domain::ids::{InstallationId, RepositoryId};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::error::Error;

/// A token this close to its end is not handed out any more: what it is for
/// may take a while.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// List the installation's repositories.
    Metadata,
    /// Fetch one repository with git.
    Git(RepositoryId),
    /// Read one repository and report on it. Never handed to git or a build.
    Report(RepositoryId),
}

impl Scope {
    /// The permissions to ask for, by GitHub's names.
    pub(crate) fn permissions(self) -> BTreeMap<&'static str, &'static str> {
        match self {
            Self::Metadata => BTreeMap::from([("metadata", "read")]),
            Self::Git(_) => BTreeMap::from([("contents", "read")]),
            Self::Report(_) => BTreeMap::from([
                ("checks", "write"),
                ("contents", "read"),
                ("deployments", "write"),
                ("pull_requests", "write"),
            ]),
        }
    }

    /// The one repository that it is for.
    pub(crate) const fn repository(self) -> Option<RepositoryId> {
        match self {
            Self::Metadata => None,
            Self::Git(id) | Self::Report(id) => Some(id),
        }
    }
}

/// Whose token, and for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) app_id: i64,
    pub(crate) installation: InstallationId,
    pub(crate) scope: Scope,
}

/// A token and its end.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) secret: SecretString,
    pub(crate) expires_at: DateTime<Utc>,
}

/// The place of one key's token. Whoever holds its lock asks GitHub; the others
/// wait for what comes of it.
type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens that we hold.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<BTreeMap<Key, Slot>>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// The token of `key`, from `mint` if there is none that lasts.
    pub(crate) async fn get(
        &self,
        key: Key,
        now: DateTime<Utc>,
        mint: impl AsyncFnOnce() -> Result<Token, Error>,
    ) -> Result<SecretString, Error> {
        let slot = self.slot(key);
        let mut held = slot.lock().await;
        if let Some(token) = held.as_ref()
            && token.expires_at - MARGIN > now
        {
            return Ok(token.secret.clone());
        }
        let token = mint().await?;
        let secret = token.secret.clone();
        *held = Some(token);
        Ok(secret)
    }

    /// Forgets the token of `key`: GitHub refused it.
    pub(crate) fn forget(&self, key: Key) {
        self.slots().remove(&key);
    }

    fn slot(&self, key: Key) -> Slot {
        self.slots().entry(key).or_default().clone()
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
