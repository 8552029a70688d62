//! What `docker login` stored: Docker's `config.json`, and the helper programs
//! that it may leave passwords with.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_domain::registry::{DOCKER_HUB, Login, LoginError, LoginFuture, Logins};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::registry::HUB;

/// How long a helper may take: one may ask a person, another the cloud.
const PATIENCE: Duration = Duration::from_secs(30);
/// What helpers say where they have nothing, by `docker-credential-helpers`.
const NOTHING: &str = "credentials not found";

/// Docker's configuration, as far as it says who we are.
#[derive(Debug, Default)]
pub struct DockerConfig {
    by_host: BTreeMap<String, Login>,
    store: Option<String>,
    helpers: BTreeMap<String, String>,
    /// Where to look for helpers, instead of the environment's `PATH`.
    path: Option<String>,
}

/// Why Docker's configuration can't be read. It says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
#[error("Docker's configuration is not JSON with `auths`: line {line}, column {column}")]
pub struct InvalidConfig {
    line: usize,
    column: usize,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Config {
    auths: BTreeMap<String, Account>,
    #[serde(rename = "credsStore")]
    store: String,
    #[serde(rename = "credHelpers")]
    helpers: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Account {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

/// What a helper answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: SecretString,
}

impl DockerConfig {
    /// Reads the text of Docker's `config.json`.
    ///
    /// # Errors
    ///
    /// It is not such a text.
    pub fn parse(text: &str) -> Result<Self, InvalidConfig> {
        let config: Config = serde_json::from_str(text)
            .map_err(|error| InvalidConfig { line: error.line(), column: error.column() })?;
        let logins = config
            .auths
            .into_iter()
            .filter_map(|(server, account)| Some((host_of(&server), login_of(&account)?)));
        Ok(Self {
            by_host: logins.collect(),
            store: Some(config.store).filter(|store| !store.is_empty()),
            helpers: config
                .helpers
                .into_iter()
                .map(|(server, helper)| (host_of(&server), helper))
                .collect(),
            path: None,
        })
    }

    /// A helper that is named for the registry comes before the one for all,
    /// and that before the file, as with Docker.
    async fn find(&self, host: &str) -> Result<Option<Login>, LoginError> {
        if let Some(helper) = self.helpers.get(host).or(self.store.as_ref()) {
            let failed = |message| LoginError { host: host.to_owned(), message };
            if let Some(login) = self.ask(helper, host).await.map_err(failed)? {
                return Ok(Some(login));
            }
        }
        Ok(self.by_host.get(host).cloned())
    }

    /// Runs `docker-credential-<helper> get`, with the registry on its input.
    async fn ask(&self, helper: &str, host: &str) -> Result<Option<Login>, String> {
        if !helper.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return Err("Docker's configuration names a helper that is no program".to_owned());
        }
        let program = format!("docker-credential-{helper}");
        let mut command = Command::new(&program);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        let mut child = command
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{program}` can't be run: {error}"))?;
        let server = if host == DOCKER_HUB { HUB } else { host };
        let exchange = async {
            if let Some(mut input) = child.stdin.take() {
                // One that does not read says why on its output.
                drop(input.write_all(server.as_bytes()).await);
            }
            child.wait_with_output().await
        };
        let output = timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("`{program}` did not answer within {} s", PATIENCE.as_secs()))?
            .map_err(|error| format!("`{program}` can't be read: {error}"))?;
        if !output.status.success() {
            // Errors come on the output, too; they are shown no more than a login is.
            let nothing = String::from_utf8_lossy(&output.stdout).contains(NOTHING);
            return if nothing { Ok(None) } else { Err(format!("`{program}` failed")) };
        }
        let helped: Helped = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("`{program}` answered with no login"))?;
        Ok(Some(Login { username: helped.username, secret: helped.secret }))
    }
}

impl Logins for DockerConfig {
    fn login<'a>(&'a self, host: &'a str) -> LoginFuture<'a> {
        Box::pin(self.find(host))
    }
}

fn login_of(account: &Account) -> Option<Login> {
    if !account.identitytoken.is_empty() {
        let secret = SecretString::from(account.identitytoken.as_str());
        return Some(Login { username: Login::TOKEN.to_owned(), secret });
    }
    let (mut username, mut password) = (account.username.clone(), account.password.clone());
    if let Ok(plain) = STANDARD.decode(account.auth.trim_end_matches('\0'))
        && let Some((user, pass)) = String::from_utf8_lossy(&plain).split_once(':')
    {
        user.clone_into(&mut username);
        pass.trim_end_matches('\0').clone_into(&mut password);
    }
    (!username.is_empty()).then(|| Login { username, secret: SecretString::from(password) })
}

/// The registry's host, of what Docker's configuration calls it.
fn host_of(server: &str) -> String {
    let bare = server.trim_start_matches("https://").trim_start_matches("http://");
    match bare.split('/').next().unwrap_or(bare) {
        "index.docker.io" => DOCKER_HUB.to_owned(),
        host => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    async fn shown(config: &DockerConfig, host: &str) -> String {
        match config.login(host).await {
            Ok(Some(login)) => format!("{} {}", login.username, login.secret.expose_secret()),
            Ok(None) => "nobody".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn dockers_configuration_tells_who_we_are_and_debug_does_not() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6aHVi"},
            "registry.example:5000": {"auth": "bWU6c2VjcmV0"},
            "https://token.example": {"identitytoken": "planted"},
            "empty.example": {}
        }}"#;
        let config = DockerConfig::parse(text).unwrap();
        assert_eq!(shown(&config, DOCKER_HUB).await, "me hub");
        assert_eq!(shown(&config, "registry.example:5000").await, "me secret");
        assert_eq!(shown(&config, "token.example").await, "<token> planted");
        assert_eq!(shown(&config, "empty.example").await, "nobody");
        let debug = format!("{config:?}");
        for secret in ["planted", "c2VjcmV0", "secret\"", "hub\""] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }

    #[test]
    fn a_configuration_that_can_not_be_read_is_not_quoted() {
        let refused = DockerConfig::parse(r#"{"auths": {"r": {"password": 12345}}}"#).unwrap_err();
        let said = berth_domain::chain(&refused);
        assert!(said.contains("line 1") && !said.contains("12345"), "{said}");
    }

    #[tokio::test]
    async fn helpers_are_asked_for_what_the_file_leaves_to_them() {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in [
            (
                "all",
                r#"read -r s || true; echo "{\"ServerURL\":\"$s\",\"Username\":\"all\",\"Secret\":\"for $s\"}""#,
            ),
            ("one", r#"echo '{"Username":"<token>","Secret":"t"}'"#),
            ("none", "echo 'credentials not found in native keychain'; exit 1"),
            ("broken", "echo planted; exit 1"),
            ("odd", "echo planted"),
        ] {
            let path = folder.path().join(format!("docker-credential-{name}"));
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let text = r#"{
            "auths": {"none.example": {"auth": "bWU6ZmlsZQ=="}},
            "credsStore": "all",
            "credHelpers": {
                "one.example": "one", "none.example": "none", "broken.example": "broken",
                "odd.example": "odd", "gone.example": "gone", "path.example": "../all"
            }
        }"#;
        let mut config = DockerConfig::parse(text).unwrap();
        config.path = Some(format!("{}:/usr/bin:/bin", folder.path().display()));

        assert_eq!(shown(&config, "any.example:5000").await, "all for any.example:5000");
        assert_eq!(shown(&config, DOCKER_HUB).await, format!("all for {HUB}"));
        assert_eq!(shown(&config, "one.example").await, "<token> t");
        assert_eq!(shown(&config, "none.example").await, "me file");
        for (host, why) in [
            ("broken.example", "`docker-credential-broken` failed"),
            ("odd.example", "answered with no login"),
            ("gone.example", "can't be run"),
            ("path.example", "names a helper that is no program"),
        ] {
            let said = shown(&config, host).await;
            assert!(said.contains(why) && said.contains(host), "{said}");
            assert!(!said.contains("planted"), "{said}");
        }
    }
}
