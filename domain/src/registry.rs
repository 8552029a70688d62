//! Registries: where images come from, what a registry says of one, and who we
//! are to it.
//!
//! Names and answers only. Asking is the cluster's
//! ([`Cluster::ask_registry`](crate::cluster::Cluster::ask_registry)), and what
//! a deployment makes of an answer is the reconciler's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Docker Hub, which an image without a host comes from.
pub const DOCKER_HUB: &str = "docker.io";

/// What a registry says of an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has it.
    Found(Found),
    /// It has no such repository, or no such tag.
    NotFound,
    /// It won't tell, or won't give it: the login is wrong or missing. Some
    /// registries say so of what they don't have, too.
    Denied {
        /// Whether it was asked with a login.
        logged_in: bool,
        /// The registry's words, on one line.
        message: String,
    },
    /// It did not answer, or is not well: worth another try.
    Unreachable {
        /// How it showed, on one line.
        message: String,
    },
}

/// An image as its registry has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What the tag stands for: `sha256:…`.
    pub digest: String,
    /// `(os, architecture)` of the platforms it runs on, as Swarm matches them.
    pub platforms: Vec<(String, String)>,
}

/// Where an image on a node came from, as far as the engine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was made there, and no registry is known to have it.
    Made,
    /// It was pulled from its registry, or pushed to it.
    Registry,
    /// The engine's image store does not tell (containerd's).
    Unknown,
}

/// What a deployment does about an image whose registry does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRegistryFailure {
    /// It tries again until its time is over, and fails.
    #[default]
    Fail,
    /// It goes on with the digest that the stack's last release has for the
    /// image, where it has one.
    UseKnown,
}

impl OnRegistryFailure {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fail, Self::UseKnown];

    /// The word used in SQL, JSON and the UI.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::UseKnown => "use_known",
        }
    }

    /// The value that `word` stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }
}

/// The host that an image comes from: `registry.example.com:5000`, or
/// [`DOCKER_HUB`] where its name has none.
#[must_use]
pub fn host(image: &str) -> &str {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        Some(_) | None => DOCKER_HUB,
    }
}

/// `image` with the tag that it means where it states neither tag nor digest.
#[must_use]
pub fn tagged(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) || is_id(image) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// Whether `image` says exactly what runs: by its digest or its id.
#[must_use]
pub fn is_exact(image: &str) -> bool {
    image.contains('@') || is_id(image)
}

/// `image` with the digest that it stands for; one that is exact already stays.
#[must_use]
pub fn pinned(image: &str, digest: &str) -> String {
    let tagged = tagged(image);
    if is_exact(&tagged) || digest.is_empty() { tagged } else { format!("{tagged}@{digest}") }
}

/// The repository of `image`, with neither tag nor digest, under the shortest
/// name that means it: `redis` for `docker.io/library/redis:7`.
#[must_use]
pub fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        Some(_) | None => name,
    };
    match name.strip_prefix("docker.io/") {
        Some(of_hub) => of_hub.strip_prefix("library/").unwrap_or(of_hub),
        None => name,
    }
}

fn is_id(image: &str) -> bool {
    image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Who we are to a registry.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user's name; [`Login::TOKEN`] where the secret is an identity token.
    pub username: String,
    /// The password, an access token, or an identity token.
    pub secret: SecretString,
}

impl Login {
    /// The name that stands for "the secret is an identity token", as Docker's
    /// own credential helpers have it.
    pub const TOKEN: &str = "<token>";
}

/// Why nobody can say whether there is a login. Never what is in one.
#[derive(Debug, thiserror::Error)]
#[error("the login for the registry `{host}` can't be read: {message}")]
pub struct LoginError {
    /// The registry.
    pub host: String,
    /// What is wrong.
    pub message: String,
}

/// What [`Logins::login`] gives.
pub type LoginFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Login>, LoginError>> + Send + 'a>>;

/// Where logins are kept. Asked anew each time, so that a password that was
/// replaced counts at once.
pub trait Logins: fmt::Debug + Send + Sync + 'static {
    /// Who we are to the registry `host`, as [`host`] names it; [`None`] where
    /// it is to be asked without a login.
    fn login<'a>(&'a self, host: &'a str) -> LoginFuture<'a>;
}

/// No logins at all.
#[derive(Debug, Clone, Copy)]
pub struct Anonymous;

impl Logins for Anonymous {
    fn login<'a>(&'a self, _host: &'a str) -> LoginFuture<'a> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_image_s_name_says_its_registry_repository_and_tag() {
        for (image, of, name, full) in [
            ("nginx", DOCKER_HUB, "nginx", "nginx:latest"),
            ("nginx:1", DOCKER_HUB, "nginx", "nginx:1"),
            ("acme/shop", DOCKER_HUB, "acme/shop", "acme/shop:latest"),
            ("docker.io/library/redis:7", DOCKER_HUB, "redis", "docker.io/library/redis:7"),
            (
                "127.0.0.1:5055/bb",
                "127.0.0.1:5055",
                "127.0.0.1:5055/bb",
                "127.0.0.1:5055/bb:latest",
            ),
            ("localhost/a/b:2", "localhost", "localhost/a/b", "localhost/a/b:2"),
            ("ghcr.io/a/b@sha256:abc", "ghcr.io", "ghcr.io/a/b", "ghcr.io/a/b@sha256:abc"),
        ] {
            assert_eq!((host(image), repository(image)), (of, name), "{image}");
            assert_eq!(tagged(image), full);
        }
    }

    #[test]
    fn what_is_exact_is_left_alone() {
        assert_eq!(pinned("redis:7", "sha256:1"), "redis:7@sha256:1");
        assert_eq!(pinned("redis", "sha256:1"), "redis:latest@sha256:1");
        assert_eq!(pinned("redis@sha256:0", "sha256:1"), "redis@sha256:0");
        let id = "a".repeat(64);
        assert_eq!(pinned(&id, "sha256:1"), id);
    }

    proptest! {
        #[test]
        fn pinning_twice_is_pinning_once(
            image in "([a-z]{1,5}(\\.[a-z]{2})?(:[0-9]{2,4})?/)?[a-z]{1,8}(:[a-z0-9]{1,4})?",
            digest in "sha256:[0-9a-f]{64}",
        ) {
            let once = pinned(&image, &digest);
            prop_assert!(is_exact(&once));
            prop_assert_eq!(host(&once), host(&image));
            prop_assert_eq!(repository(&once), repository(&image));
            prop_assert_eq!(pinned(&once, "sha256:other"), once);
        }
    }
}
