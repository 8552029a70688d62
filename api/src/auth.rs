//! Who asks, and what they may do.
//!
//! Authorisation is a type in the handler's signature: [`Viewer`], [`Operator`]
//! or [`Admin`]; [`Executor`] where no account will do. A handler without one is
//! open, and a test lists those.
//!
//! A browser has a session cookie, a program a token. What a browser sends by
//! cookie it may have been tricked into: whatever changes something must carry
//! the header `x-berth-csrf: 1`, which no other site can make it send, and must
//! not say that it comes from elsewhere.

pub(crate) mod login;
pub(crate) mod secret;

use axum::extract::FromRequestParts;
use berth_store::accounts::{Account, Role};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, header};
use url::Url;

use crate::problem::{Problem, Result};
use crate::state::ApiState;
use secret::Hash;

/// The session cookie's name.
pub const COOKIE: &str = "berth_session";

/// The header that a browser's changes must carry, with the value `1`.
pub const CSRF: HeaderName = HeaderName::from_static("x-berth-csrf");

/// What somebody showed to be let in, as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A browser's cookie.
    Session(Hash),
    /// An API token.
    Token(Hash),
}

/// Somebody who is known.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) account: Account,
    pub(crate) credential: Credential,
}

/// Anybody with an account.
#[derive(Debug, Clone)]
pub(crate) struct Viewer(pub(crate) Identity);

/// Somebody who may deploy.
#[derive(Debug, Clone)]
pub(crate) struct Operator(pub(crate) Identity);

/// Somebody who may configure.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Identity);

impl Credential {
    /// Whose it is, if it is good.
    pub(crate) async fn account(&self, state: &ApiState) -> Result<Option<Account>> {
        Ok(match self {
            Self::Session(hash) => berth_store::sessions::find(&state.pool, hash).await?,
            Self::Token(hash) => berth_store::tokens::find(&state.pool, hash).await?,
        })
    }

    fn read(headers: &HeaderMap) -> Result<Self> {
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let token = given.to_str().ok().and_then(|text| {
                let (scheme, token) = text.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
            });
            return token
                .map(|token| Self::Token(secret::hash(token)))
                .ok_or_else(|| Problem::unauthorized("`Authorization` must be a bearer token."));
        }
        session_cookie(headers)
            .map(|value| Self::Session(secret::hash(value)))
            .ok_or_else(|| Problem::unauthorized("Log in, or send an API token."))
    }
}

impl FromRequestParts<ApiState> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self> {
        let credential = Credential::read(&parts.headers)?;
        let account = credential.account(state).await?.ok_or_else(|| {
            Problem::unauthorized(match credential {
                Credential::Session(_) => "The session has ended. Log in again.",
                Credential::Token(_) => "This token is not known, or was revoked.",
            })
        })?;
        if matches!(credential, Credential::Session(_)) && changes_something(&parts.method) {
            if parts.headers.get(CSRF).is_none_or(|value| value != "1") {
                return Err(Problem::forbidden(
                    "A browser's change must carry the header `x-berth-csrf: 1`.",
                ));
            }
            same_site(&parts.headers, &state.settings.public_url)?;
        }
        Ok(Self { account, credential })
    }
}

/// An executor. No account is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Executor;

impl FromRequestParts<ApiState> for Executor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self> {
        if let Credential::Token(hash) = Credential::read(&parts.headers)?
            && berth_store::executors::is_token(&state.pool, &hash).await?
        {
            return Ok(Self);
        }
        let _somebody = Identity::from_request_parts(parts, state).await?;
        Err(Problem::forbidden("This is for executors, and takes their token."))
    }
}

macro_rules! at_least {
    ($name:ident, $role:expr) => {
        impl FromRequestParts<ApiState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self> {
                let identity = Identity::from_request_parts(parts, state).await?;
                if identity.account.role < $role {
                    return Err(Problem::forbidden(format!(
                        "This takes the role `{}`; yours is `{}`.",
                        $role.as_str(),
                        identity.account.role.as_str()
                    )));
                }
                Ok(Self(identity))
            }
        }
    };
}
at_least!(Viewer, Role::Viewer);
at_least!(Operator, Role::Operator);
at_least!(Admin, Role::Admin);

fn changes_something(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses what a browser says comes from another site. Programs say nothing.
///
/// # Errors
///
/// 403.
pub(crate) fn same_site(headers: &HeaderMap, public_url: &Url) -> Result<()> {
    let elsewhere = || Err(Problem::forbidden("The request comes from another site."));
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site")) {
        return if matches!(site, "same-origin" | "none") { Ok(()) } else { elsewhere() };
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let Ok(origin) = Url::parse(origin) else { return elsewhere() };
    let authority = match (origin.host_str(), origin.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return elsewhere(),
    };
    let by_host = text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(&authority));
    if by_host || origin.origin() == public_url.origin() { Ok(()) } else { elsewhere() }
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_our_own_pages_may_change_something() {
        let own = Url::parse("https://berth.example.com/").unwrap();
        let check = |pairs: &[_]| same_site(&headers(pairs), &own).is_ok();
        assert!(check(&[]), "a program says nothing");
        assert!(check(&[("sec-fetch-site", "same-origin"), ("origin", "https://x")]));
        assert!(check(&[("sec-fetch-site", "none")]));
        assert!(!check(&[("sec-fetch-site", "same-site")]));
        assert!(!check(&[("sec-fetch-site", "cross-site")]));
        assert!(check(&[("origin", "https://berth.example.com")]));
        assert!(check(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!check(&[("origin", "http://127.0.0.1:9090"), ("host", "127.0.0.1:8080")]));
        assert!(!check(&[("origin", "https://evil.example.com")]));
        assert!(!check(&[("origin", "null")]));
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |line| session_cookie(&headers(&[("cookie", line)])).map(str::to_owned);
        assert_eq!(found("a=1; berth_session=x=y; b=2").as_deref(), Some("x=y"));
        assert_eq!(found("xberth_session=1"), None);
    }
}
