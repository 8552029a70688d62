//! Images in registries: which digest a tag stands for now, and as whom to ask.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use berth_domain::cluster::ClusterError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::client::{Request, segment};
use crate::reader::Reader;
use crate::wire;

/// How Docker's configuration names Docker Hub.
const HUB: &str = "https://index.docker.io/v1/";
/// How long a registry may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who we are, for each registry: values of `X-Registry-Auth`.
#[derive(Debug, Clone, Default)]
pub struct RegistryAuth {
    by_host: BTreeMap<String, SecretString>,
    helpers: bool,
}

/// Why Docker's configuration can't be read. It says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
#[error("Docker's configuration is not JSON with `auths`")]
pub struct InvalidConfig(#[source] serde_json::Error);

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

impl RegistryAuth {
    /// Reads the text of Docker's `config.json`.
    ///
    /// # Errors
    ///
    /// It is not such a text.
    pub fn from_config(text: &str) -> Result<Self, InvalidConfig> {
        let config: Config = serde_json::from_str(text).map_err(InvalidConfig)?;
        let helpers = !config.store.is_empty() || !config.helpers.is_empty();
        let mut by_host = BTreeMap::new();
        for (server, account) in config.auths {
            if let Some(value) = header(&server, &account) {
                by_host.insert(host_of_server(&server), value.into());
            }
        }
        Ok(Self { by_host, helpers })
    }

    /// Whether the configuration keeps passwords in a helper program, which this
    /// does not ask.
    #[must_use]
    pub const fn uses_helpers(&self) -> bool {
        self.helpers
    }

    /// The header's value for an image, where there is one.
    pub(crate) fn for_image(&self, image: &str) -> Option<&SecretString> {
        self.by_host.get(&host_of_image(image))
    }

    /// The request, with the header for `image` where there is one.
    pub(crate) fn sign(&self, request: Request, image: &str) -> Request {
        match self.for_image(image) {
            Some(value) => request.header("X-Registry-Auth", value.expose_secret()),
            None => request,
        }
    }
}

fn header(server: &str, account: &Account) -> Option<String> {
    let (mut username, mut password) = (account.username.clone(), account.password.clone());
    if let Ok(plain) = STANDARD.decode(account.auth.trim_end_matches('\0'))
        && let Some((user, pass)) = String::from_utf8_lossy(&plain).split_once(':')
    {
        user.clone_into(&mut username);
        pass.trim_end_matches('\0').clone_into(&mut password);
    }
    if username.is_empty() && account.identitytoken.is_empty() {
        return None;
    }
    let mut body = serde_json::Map::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            body.insert(key.to_owned(), value.into());
        }
    };
    put("username", &username);
    if account.identitytoken.is_empty() {
        put("password", &password);
    }
    put("identitytoken", &account.identitytoken);
    put("serveraddress", server);
    Some(URL_SAFE.encode(serde_json::Value::Object(body).to_string()))
}

fn host_of_server(server: &str) -> String {
    if server == HUB {
        return HUB.to_owned();
    }
    let bare = server.trim_start_matches("https://").trim_start_matches("http://");
    bare.split('/').next().unwrap_or(bare).to_owned()
}

/// The registry of an image, as Docker's configuration names it.
fn host_of_image(image: &str) -> String {
    match image.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => {
            if host == "docker.io" { HUB.to_owned() } else { host.to_owned() }
        }
        Some(_) | None => HUB.to_owned(),
    }
}

/// An image as its registry has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Name, tag and digest.
    pub image: String,
    /// `(os, architecture)` of the platforms it runs on, as Swarm matches them.
    pub platforms: Vec<(String, String)>,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {:?}", self.image, self.platforms)
    }
}

impl Pinned {
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
}

fn is_id(image: &str) -> bool {
    image.len() == 64 && image.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Reader {
    /// Asks `image`'s registry, through the engine, what its tag stands for now.
    ///
    /// # Errors
    ///
    /// The registry does not answer, does not know us, or has no such image.
    pub async fn pin(&self, image: &str, auth: &RegistryAuth) -> Result<Pinned, ClusterError> {
        let request = Request::get(format!("/distribution/{}/json", segment(image)));
        let request = auth.sign(request.patience(PATIENCE), image);
        let answer: wire::Distribution = self
            .client()
            .json(request)
            .await
            .map_err(|error| error.about(format!("the digest of {image}")))?;
        let tagged = Pinned::tagged(image);
        let image = if tagged.contains('@') || answer.descriptor.digest.is_empty() {
            tagged
        } else {
            format!("{tagged}@{}", answer.descriptor.digest)
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
        Ok(Pinned { image, platforms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_means_latest() {
        for (image, tagged) in [
            ("nginx", "nginx:latest"),
            ("127.0.0.1:5055/bb", "127.0.0.1:5055/bb:latest"),
            ("nginx:1", "nginx:1"),
            ("nginx@sha256:abc", "nginx@sha256:abc"),
        ] {
            assert_eq!(Pinned::tagged(image), tagged);
        }
    }

    #[test]
    fn dockers_configuration_tells_who_we_are_and_debug_does_not() {
        let text = r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6aHVi"},
            "registry.example:5000": {"auth": "bWU6c2VjcmV0"},
            "empty.example": {}
        }}"#;
        let auth = RegistryAuth::from_config(text).unwrap();
        let header = |image: &str| {
            let value = auth.for_image(image)?.expose_secret().to_owned();
            Some(String::from_utf8(URL_SAFE.decode(value).unwrap()).unwrap())
        };
        insta::assert_snapshot!(
            header("nginx").unwrap(),
            @r#"{"username":"me","password":"hub","serveraddress":"https://index.docker.io/v1/"}"#
        );
        insta::assert_snapshot!(
            header("registry.example:5000/a/b:1").unwrap(),
            @r#"{"username":"me","password":"secret","serveraddress":"registry.example:5000"}"#
        );
        assert_eq!(header("empty.example/a"), None);
        assert!(!auth.uses_helpers());
        let shown = format!("{auth:?}");
        assert!(!shown.contains("c2VjcmV0") && !shown.contains("secret\""), "{shown}");
    }
}
