//! Asking registries, through the engine: it knows which are insecure, which
//! mirrors to use and how each of them wants to be logged in to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use berth_domain::cluster::ClusterError;
use berth_domain::registry::{self, Answer, DOCKER_HUB, Found, Login, Origin};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::client::{Request, segment};
use crate::error::Failure;
use crate::reader::Reader;
use crate::wire;

/// How Docker's API and its configuration name Docker Hub.
pub(crate) const HUB: &str = "https://index.docker.io/v1/";
/// How long a registry may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters that are kept of a registry's words.
const WIDTH: usize = 300;

/// What an engine's words about a registry mean where its status does not say.
/// The same refusal is 401, 403 or 500, by registry and by version (20.10 to 29).
const MISSING: [&str; 2] = ["manifest unknown", "name unknown"];
const DENIED: [&str; 6] = [
    "no basic auth credentials",
    "unauthorized",
    "authentication required",
    "incorrect username or password",
    "access denied",
    "denied: ",
];
/// A refusal that passes: not for who we are, but for how often we asked.
const BUSY: &str = "toomanyrequests";

/// What a registry says to a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginCheck {
    /// It takes it, or wants none.
    Accepted,
    /// It does not know the name, or the password is another.
    Denied {
        /// Its words, on one line.
        message: String,
    },
    /// It did not answer, or is not well.
    Unreachable {
        /// How it showed, on one line.
        message: String,
    },
}

/// How a call about a registry failed, where the engine itself is well.
enum Refusal {
    Missing,
    Denied(String),
    Unreachable(String),
}

impl Refusal {
    /// An error where it is the engine that failed.
    fn of(failure: Failure) -> Result<Self, Failure> {
        let (status, message) = match &failure {
            Failure::Status { status, message } => (*status, one_line(message)),
            Failure::Timeout(patience) => {
                let message = format!("no answer within {} s", patience.as_secs());
                return Ok(Self::Unreachable(message));
            }
            Failure::Connection { .. } | Failure::Decode(_) | Failure::TooOld(_) => {
                return Err(failure);
            }
        };
        let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
        if message.contains(BUSY) {
            Ok(Self::Unreachable(message))
        } else if status == 404 || has(&MISSING) {
            Ok(Self::Missing)
        } else if matches!(status, 401 | 403) || has(&DENIED) {
            Ok(Self::Denied(message))
        } else if status == 400 {
            Err(failure)
        } else {
            Ok(Self::Unreachable(message))
        }
    }
}

impl Reader {
    /// Asks `image`'s registry, as `login`, what its tag stands for now.
    ///
    /// # Errors
    ///
    /// The engine does not answer, or takes `image` for no image's name.
    pub async fn ask_registry(
        &self,
        image: &str,
        login: Option<&Login>,
    ) -> Result<Answer, ClusterError> {
        let request = Request::get(format!("/distribution/{}/json", segment(image)));
        let request = signed(request.patience(PATIENCE), image, login);
        let answer: wire::Distribution = match self.client().json(request).await {
            Ok(answer) => answer,
            Err(failure) => {
                let about = |failure: Failure| failure.about(format!("the digest of {image}"));
                return Ok(match Refusal::of(failure).map_err(about)? {
                    Refusal::Missing => Answer::NotFound,
                    Refusal::Denied(message) => {
                        Answer::Denied { logged_in: login.is_some(), message }
                    }
                    Refusal::Unreachable(message) => Answer::Unreachable { message },
                });
            }
        };
        let mut platforms: Vec<(String, String)> = Vec::new();
        for platform in answer.platforms {
            if platform.os == "unknown" || platform.architecture == "unknown" {
                continue;
            }
            // Nodes tell their kind of ARM in another way than registries do.
            let arm = platform.architecture.eq_ignore_ascii_case("arm");
            let architecture = if arm { String::new() } else { platform.architecture };
            let entry = (platform.os, architecture);
            if !platforms.contains(&entry) {
                platforms.push(entry);
            }
        }
        Ok(Answer::Found(Found { digest: answer.descriptor.digest, platforms }))
    }

    /// Whether this engine has `image`, and where it is from.
    ///
    /// # Errors
    ///
    /// The engine does not answer.
    pub async fn local_image(&self, image: &str) -> Result<Option<Origin>, ClusterError> {
        let request = Request::get(format!("/images/{}/json", segment(image)));
        match self.client().json::<wire::ImageDetails>(request).await {
            Ok(there) => Ok(Some(origin(image, &there))),
            Err(failure) if failure.is_not_found() => Ok(None),
            Err(failure) => Err(failure.about(format!("the image {image}"))),
        }
    }

    /// Asks the registry `host` whether it takes `login`.
    ///
    /// # Errors
    ///
    /// The engine does not answer, or takes `host` for no registry.
    pub async fn check_login(&self, host: &str, login: &Login) -> Result<LoginCheck, ClusterError> {
        let about = |failure: Failure| failure.about(format!("the login to {host}"));
        let request = Request::post("/auth").json(&auth_config(host, login)).map_err(about)?;
        match self.client().bytes(request.patience(PATIENCE)).await {
            Ok(_) => Ok(LoginCheck::Accepted),
            Err(failure) => Ok(match Refusal::of(failure).map_err(about)? {
                Refusal::Denied(message) => LoginCheck::Denied { message },
                // A server without `/v2/` is no registry.
                Refusal::Missing => {
                    LoginCheck::Unreachable { message: "it is not a registry".to_owned() }
                }
                // Docker 20.10 says 500 here, and the status that it got.
                Refusal::Unreachable(message) if message.contains("failed with status: 401") => {
                    LoginCheck::Denied { message }
                }
                Refusal::Unreachable(message) => LoginCheck::Unreachable { message },
            }),
        }
    }
}

/// Where an image is from: the classic store gives a digest of a repository to
/// what was pulled or pushed only. In containerd's every image has one, which
/// is the image's id.
fn origin(image: &str, there: &wire::ImageDetails) -> Origin {
    let ours = registry::repository(image);
    let mut digests = there
        .repo_digests
        .iter()
        .filter(|name| registry::repository(name) == ours)
        .filter_map(|name| Some(name.split_once('@')?.1));
    match digests.next() {
        None => Origin::Made,
        Some(digest) if digest == there.id => Origin::Unknown,
        Some(_) => Origin::Registry,
    }
}

/// The request, with who we are to the registry of `image`.
pub(crate) fn signed(request: Request, image: &str, login: Option<&Login>) -> Request {
    match login {
        Some(login) => {
            let value = header(registry::host(image), login);
            request.header("X-Registry-Auth", value.expose_secret())
        }
        None => request,
    }
}

/// The value of `X-Registry-Auth`.
fn header(host: &str, login: &Login) -> SecretString {
    let config = Value::Object(auth_config(host, login));
    SecretString::from(URL_SAFE.encode(config.to_string()))
}

/// Docker's `AuthConfig`.
fn auth_config(host: &str, login: &Login) -> Map<String, Value> {
    let secret = login.secret.expose_secret();
    let mut config = Map::new();
    if login.username == Login::TOKEN {
        config.insert("identitytoken".to_owned(), secret.into());
    } else {
        config.insert("username".to_owned(), login.username.as_str().into());
        config.insert("password".to_owned(), secret.into());
    }
    let server = if host == DOCKER_HUB { HUB } else { host };
    config.insert("serveraddress".to_owned(), server.into());
    config
}

/// A registry's words are a stranger's: one line, and not too long a one.
fn one_line(message: &str) -> String {
    let words: Vec<&str> = message.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(WIDTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(username: &str) -> Login {
        Login { username: username.to_owned(), secret: SecretString::from("planted") }
    }

    fn sent(image: &str, login: &Login) -> String {
        let value = header(registry::host(image), login);
        String::from_utf8(URL_SAFE.decode(value.expose_secret()).unwrap()).unwrap()
    }

    #[test]
    fn a_login_is_sent_as_docker_sends_it_and_debug_shows_no_secret() {
        insta::assert_snapshot!(
            sent("nginx", &login("me")),
            @r#"{"username":"me","password":"planted","serveraddress":"https://index.docker.io/v1/"}"#
        );
        insta::assert_snapshot!(
            sent("registry.example:5000/a/b:1", &login(Login::TOKEN)),
            @r#"{"identitytoken":"planted","serveraddress":"registry.example:5000"}"#
        );
        assert!(!format!("{:?}", login("me")).contains("planted"));
    }

    #[test]
    fn what_an_engine_says_of_a_registry_is_told_apart_by_what_to_do() {
        for (status, message, expected) in [
            (404, "manifest unknown: manifest unknown", "missing"),
            (500, "Head \"http://r/v2/bb/manifests/1\": no basic auth credentials", "denied"),
            (401, "unauthorized: authentication required", "denied"),
            (
                403,
                "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required",
                "denied",
            ),
            (500, "Get \"https://ghcr.io/v2/x\": denied: denied", "denied"),
            (500, "toomanyrequests: You have reached your unauthenticated pull rate limit", "away"),
            (
                500,
                "Get \"http://r/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
                "away",
            ),
            (500, "dial unix /run/x: connect: permission denied", "away"),
            (500, "received unexpected HTTP status: 503 Service Unavailable", "away"),
            (400, "invalid reference format: repository name must be lowercase", "engine"),
        ] {
            let failure = Failure::Status { status, message: message.to_owned() };
            let told = match Refusal::of(failure) {
                Ok(Refusal::Missing) => "missing",
                Ok(Refusal::Denied(_)) => "denied",
                Ok(Refusal::Unreachable(_)) => "away",
                Err(_) => "engine",
            };
            assert_eq!(told, expected, "{status} {message}");
        }
    }

    #[test]
    fn an_image_s_origin_is_read_off_its_digests() {
        let image = |id: &str, digests: &[&str]| wire::ImageDetails {
            id: id.to_owned(),
            repo_tags: Vec::new(),
            repo_digests: digests.iter().map(|&digest| digest.to_owned()).collect(),
        };
        for (name, there, expected) in [
            ("berth-demo/base:1", image("sha256:1", &[]), Origin::Made),
            ("redis:7", image("sha256:1", &["redis@sha256:2"]), Origin::Registry),
            ("docker.io/library/redis:7", image("sha256:1", &["redis@sha256:2"]), Origin::Registry),
            ("mine:1", image("sha256:1", &["redis@sha256:2"]), Origin::Made),
            ("mine:1", image("sha256:1", &["mine@sha256:1"]), Origin::Unknown),
        ] {
            assert_eq!(origin(name, &there), expected, "{name}");
        }
    }

    #[test]
    fn a_registry_s_words_fit_on_a_line() {
        let said = one_line(&format!("errors:\n\u{1b}[31mdenied{}", "x".repeat(1000)));
        assert!(said.starts_with("errors: [31mdenied") && said.chars().count() == WIDTH, "{said}");
    }
}
