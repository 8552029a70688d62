//! Passwords, and how often one may guess at them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::{self, Output, ParamsString, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::problem::{Problem, Result};

/// The shortest password of a new account, in characters (NIST SP 800-63B asks
/// for 8).
pub(crate) const PASSWORD_MIN: usize = 10;

/// The longest password, in bytes: more is only work.
pub(crate) const PASSWORD_MAX: usize = 1024;

/// How long to wait for one's turn at hashing.
const QUEUE: Duration = Duration::from_secs(5);

/// Wrong guesses at one account from one address, and in what time.
const GUESSES: u32 = 10;
const GUESSES_IN: Duration = Duration::from_secs(15 * 60);

/// Pairs of account and address that are remembered; the oldest go first.
const REMEMBERED: usize = 10_000;

/// Room for this many KiB is asked for, of which hashing touches what it needs:
/// beyond 32 MiB the allocator gives everything back. Less it would keep, once
/// for each thread that ever hashed.
const ROOM_KIB: usize = 33 << 10;

/// Somebody's hash who does not exist: verifying against it takes the same
/// time, so that an answer's delay does not tell who has an account.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LWhhcy10aGlz\
                      $K4mXz9uJ0mYb6c1m8l6n1w2Qm0vWq7YtR3pE5sH8d2o";

/// A password that could not be hashed: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("failed to hash a password: {0}")]
struct NotHashed(password_hash::Error);

/// Hashes a new account's password.
///
/// # Errors
///
/// 503 where too many are waiting.
pub(crate) async fn hash(turn: &Arc<Semaphore>, password: SecretString) -> Result<SecretString> {
    let hashed = on_a_thread(turn, move || {
        let bytes: [u8; 16] = rand::rng().random();
        let salt = SaltString::encode_b64(&bytes)?;
        let cost = Params::default();
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&cost)?,
            salt: Some(salt.as_salt()),
            hash: Some(derive(&password, salt.as_salt(), cost)?),
        };
        Ok::<_, password_hash::Error>(SecretString::from(hash.to_string()))
    });
    hashed.await?.map_err(|err| Problem::internal().because(&NotHashed(err)))
}

/// Whether a password is the one of this hash. Without a hash it never is, and
/// takes as long to find out.
///
/// # Errors
///
/// 503 where too many are waiting.
pub(crate) async fn verify(
    turn: &Arc<Semaphore>,
    password: SecretString,
    hash: Option<SecretString>,
) -> Result<bool> {
    on_a_thread(turn, move || {
        let known = hash.as_ref().map_or(NOBODY, |hash| hash.expose_secret());
        let same = PasswordHash::new(known).is_ok_and(|known| {
            let (Some(salt), Ok(cost)) = (known.salt, Params::try_from(&known)) else {
                return false;
            };
            // Outputs compare in constant time.
            derive(&password, salt, cost).is_ok_and(|output| known.hash == Some(output))
        });
        same && hash.is_some()
    })
    .await
}

fn derive(password: &SecretString, salt: Salt<'_>, cost: Params) -> password_hash::Result<Output> {
    let mut decoded = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut decoded)?;
    let mut memory = Vec::with_capacity(ROOM_KIB.max(cost.block_count()));
    memory.resize(cost.block_count(), Block::default());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost).hash_password_into_with_memory(
        password.expose_secret().as_bytes(),
        salt,
        &mut output,
        &mut memory[..],
    )?;
    Output::new(&output)
}

async fn on_a_thread<T: Send + 'static>(
    turn: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let permit = tokio::time::timeout(QUEUE, Arc::clone(turn).acquire_owned()).await;
    let Ok(Ok(permit)) = permit else {
        return Err(Problem::unavailable("Too many people log in at once. Try again.")
            .retry_after(QUEUE.as_secs()));
    };
    tokio::task::spawn_blocking(move || {
        // Held by the thread: a caller that hangs up does not free its turn.
        let _permit = permit;
        work()
    })
    .await
    .map_err(|err| Problem::internal().because(&err))
}

/// The address at the other end of the connection; a proxy's, where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(address)| address.ip())))
    }
}

/// Wrong guesses, by account and address. In memory: a restart forgives.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<BTreeMap<(String, Option<IpAddr>), Guesses>>);

#[derive(Debug, Clone, Copy)]
struct Guesses {
    since: Instant,
    count: u32,
}

impl Attempts {
    /// Counts a guess before it is checked, so that many at once count as many.
    ///
    /// # Errors
    ///
    /// 429, with how long to wait.
    pub(crate) fn begin(&self, email: &str, peer: Peer) -> Result<()> {
        let now = Instant::now();
        let key = (email.trim().to_lowercase(), peer.0);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED {
            all.retain(|_, guesses| now.duration_since(guesses.since) < GUESSES_IN);
        }
        if all.len() >= REMEMBERED
            && let Some(oldest) =
                all.iter().min_by_key(|(_, guesses)| guesses.since).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        let guesses = all.entry(key).or_insert(Guesses { since: now, count: 0 });
        let age = now.duration_since(guesses.since);
        if age >= GUESSES_IN {
            *guesses = Guesses { since: now, count: 0 };
        } else if guesses.count >= GUESSES {
            let wait = (GUESSES_IN - age).as_secs().max(1);
            let minutes = wait.div_ceil(60);
            return Err(Problem::too_many(
                wait,
                format!(
                    "Too many wrong passwords for this account. Try again in {minutes} minutes."
                ),
            ));
        }
        guesses.count += 1;
        Ok(())
    }

    /// Forgets the guesses: the last one was right.
    pub(crate) fn succeeded(&self, email: &str, peer: Peer) {
        let key = (email.trim().to_lowercase(), peer.0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other() {
        let turn = Arc::new(Semaphore::new(1));
        let stored = hash(&turn, "correct horse".into()).await.unwrap();
        assert!(stored.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(verify(&turn, "correct horse".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify(&turn, "wrong horse".into(), Some(stored)).await.unwrap());
    }

    #[tokio::test]
    async fn nobody_takes_as_much_work_as_somebody() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        let turn = Arc::new(Semaphore::new(1));
        let real = hash(&turn, "x".into()).await.unwrap();
        let real = PasswordHash::new(real.expose_secret()).unwrap();
        assert_eq!(parsed.params, real.params);
        assert_eq!(parsed.hash.unwrap().len(), real.hash.unwrap().len());
        assert!(!verify(&turn, "x".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn hashing_gives_its_memory_back() {
        let resident = || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
        };
        let turn = Arc::new(Semaphore::new(1));
        hash(&turn, "x".into()).await.unwrap();
        let before = resident();
        for _ in 0..3 {
            hash(&turn, "x".into()).await.unwrap();
        }
        let kept = resident().saturating_sub(before);
        assert!(kept < 10 << 10, "{kept} KiB more than before");
    }

    #[tokio::test(start_paused = true)]
    async fn guessing_ends_after_ten_and_begins_again_later() {
        let attempts = Attempts::default();
        let here = Peer(Some([192, 0, 2, 1].into()));
        let there = Peer(Some([192, 0, 2, 2].into()));
        for _ in 0..GUESSES {
            attempts.begin("ada@example.com", here).unwrap();
        }
        let refused = attempts.begin(" ADA@example.com", here).unwrap_err();
        assert_eq!(refused.status(), http::StatusCode::TOO_MANY_REQUESTS);
        attempts.begin("ada@example.com", there).unwrap();
        attempts.begin("bob@example.com", here).unwrap();
        tokio::time::advance(GUESSES_IN).await;
        attempts.begin("ada@example.com", here).unwrap();
        attempts.succeeded("ada@example.com", here);
        for _ in 0..GUESSES {
            attempts.begin("ada@example.com", here).unwrap();
        }
    }

    #[tokio::test]
    async fn no_more_is_remembered_than_there_is_room_for() {
        let attempts = Attempts::default();
        for number in 0..REMEMBERED + 5 {
            attempts.begin(&number.to_string(), Peer(None)).unwrap();
        }
        assert_eq!(attempts.0.lock().unwrap().len(), REMEMBERED);
    }
}
