//! How often GitHub is asked.

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use super::*;
use crate::testing::now;

const KEY: Key =
    Key { app_id: 7, installation: InstallationId(1), scope: Scope::Git(RepositoryId(2)) };

fn token(text: &str, minutes: i64) -> Token {
    Token { secret: SecretString::from(text), expires_at: now() + TimeDelta::minutes(minutes) }
}

#[tokio::test]
async fn however_many_want_a_token_one_is_asked_for() {
    let tokens = Arc::new(Tokens::default());
    let minted = Arc::new(AtomicUsize::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let (tokens, minted) = (Arc::clone(&tokens), Arc::clone(&minted));
        callers.spawn(async move {
            let mint = async || {
                minted.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(token("one", 60))
            };
            tokens.get(KEY, now(), mint).await.unwrap().expose_secret().to_owned()
        });
    }
    let got = callers.join_all().await;
    assert!(got.iter().all(|token| token == "one"), "{got:?}");
    assert_eq!(minted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_its_end() {
    let tokens = Tokens::default();
    let get = async |name: &'static str, at| {
        let got = tokens.get(KEY, at, async || Ok(token(name, 60))).await.unwrap();
        got.expose_secret().to_owned()
    };
    assert_eq!(get("first", now()).await, "first");
    assert_eq!(get("second", now() + TimeDelta::minutes(54)).await, "first");
    assert_eq!(get("third", now() + TimeDelta::minutes(55)).await, "third");
}

#[tokio::test]
async fn a_failure_is_not_kept_and_a_scope_has_its_own_token() {
    let tokens = Tokens::default();
    let broken = async || Err(Error::NotFound { doing: "test" });
    assert!(tokens.get(KEY, now(), broken).await.is_err());
    let good = tokens.get(KEY, now(), async || Ok(token("git", 60))).await.unwrap();
    let report = Key { scope: Scope::Report(RepositoryId(2)), ..KEY };
    let other = tokens.get(report, now(), async || Ok(token("report", 60))).await.unwrap();
    assert_eq!((good.expose_secret(), other.expose_secret()), ("git", "report"));
    tokens.forget(KEY);
    let again = tokens.get(KEY, now(), async || Ok(token("again", 60))).await.unwrap();
    assert_eq!(again.expose_secret(), "again");
    assert_eq!(format!("{tokens:?}"), "Tokens");
}
