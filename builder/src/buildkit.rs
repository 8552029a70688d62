//! BuildKit, through the engine's API: a tar goes in, lines come out, and an
//! image is there.

mod progress;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use berth_domain::build::{BuildError, BuildLog};
use bollard::models::BuildInfoAux;
use bollard::query_parameters::{BuildImageOptionsBuilder, BuilderVersion};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures_util::StreamExt;
use tokio::sync::OnceCell;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use self::progress::Progress;

/// What the engine answers at once.
const CALL_SECONDS: u64 = 30;

/// The engine answers a build when it has read the context.
const UPLOAD_SECONDS: u64 = 600;

/// A build that says nothing for this long hangs; compilers are slow, but not
/// so slow. The deployment's own deadline is no shorter.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// The engine that builds.
#[derive(Debug)]
pub(crate) struct Engine {
    host: String,
    docker: OnceCell<Docker>,
}

/// What to build.
pub(crate) struct Order<'a> {
    pub(crate) service: &'a str,
    pub(crate) tag: &'a str,
    /// From the context's root.
    pub(crate) dockerfile: &'a str,
    pub(crate) args: &'a BTreeMap<String, String>,
    pub(crate) target: Option<&'a str>,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

/// An image of the engine's.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) labels: BTreeMap<String, String>,
}

impl Engine {
    /// The engine at `host`: `unix://…` or `tcp://…`. Nothing is asked of it yet.
    pub(crate) fn new(host: &str) -> Result<Self, BuildError> {
        // BuildKit's session may have to ask a registry for a token. Where the
        // process has a provider of TLS already, that one stays.
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        scheme(host)?;
        Ok(Self { host: host.to_owned(), docker: OnceCell::new() })
    }

    /// The image with this tag, if there is one.
    pub(crate) async fn image(&self, tag: &str) -> Result<Option<Found>, BuildError> {
        match self.docker().await?.inspect_image(tag).await {
            Ok(image) => Ok(Some(Found {
                id: image.id.unwrap_or_default(),
                labels: image
                    .config
                    .and_then(|config| config.labels)
                    .unwrap_or_default()
                    .into_iter()
                    .collect(),
            })),
            Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => {
                Ok(None)
            }
            Err(err) => Err(silent(&err)),
        }
    }

    /// Builds what `order` says from the tar file `context`. Dropping the future
    /// closes the connection, and the engine stops.
    pub(crate) async fn build(
        &self,
        order: &Order<'_>,
        context: &Path,
        log: &dyn BuildLog,
    ) -> Result<(), BuildError> {
        let docker = self.docker().await?.clone();
        let docker = docker.with_timeout(Duration::from_secs(UPLOAD_SECONDS));
        let options = BuildImageOptionsBuilder::new()
            .t(order.tag)
            .dockerfile(order.dockerfile)
            .buildargs(&order.args.clone().into_iter().collect())
            .labels(&order.labels.clone().into_iter().collect())
            .target(order.target.unwrap_or_default())
            .version(BuilderVersion::BuilderBuildKit)
            .session(&format!("berth-{}", Uuid::now_v7()))
            .rm(true)
            .build();
        let file = tokio::fs::File::open(context).await.map_err(|err| BuildError::Unavailable {
            what: "the data folder",
            message: err.to_string(),
        })?;
        let body = bollard::body_try_stream(ReaderStream::with_capacity(file, 64 * 1024));
        let mut answers = docker.build_image(options, None, Some(body));
        let mut progress = Progress::new(order.service, log);
        loop {
            let next = tokio::time::timeout(SILENCE, answers.next()).await.map_err(|_| {
                let message = format!("the build said nothing for {} min", SILENCE.as_secs() / 60);
                BuildError::Unavailable { what: "Docker", message }
            })?;
            match next {
                None => break,
                Some(Ok(info)) => {
                    if let Some(BuildInfoAux::BuildKit(status)) = &info.aux {
                        progress.take(status);
                    }
                    if let Some(text) = info.stream.as_deref().or(info.status.as_deref()) {
                        progress.say(text);
                    }
                    if let Some(detail) = info.error_detail {
                        let message = detail.message.unwrap_or_default();
                        return Err(progress.failed(&message));
                    }
                }
                Some(Err(bollard::errors::Error::DockerStreamError { error })) => {
                    return Err(progress.failed(&error));
                }
                // The engine read the request and found it wanting.
                Some(Err(bollard::errors::Error::DockerResponseServerError {
                    status_code: 400,
                    message,
                })) => return Err(progress.failed(&message)),
                Some(Err(err)) => return Err(silent(&err)),
            }
        }
        progress.finish()
    }

    async fn docker(&self) -> Result<&Docker, BuildError> {
        self.docker
            .get_or_try_init(async || {
                let docker = connect(&self.host)?;
                docker.negotiate_version().await.map_err(|err| silent(&err))
            })
            .await
    }
}

/// How an engine is reached.
enum Scheme {
    Unix,
    Tcp,
}

fn scheme(host: &str) -> Result<Scheme, BuildError> {
    if host.starts_with("unix://") {
        Ok(Scheme::Unix)
    } else if host.starts_with("tcp://") || host.starts_with("http://") {
        Ok(Scheme::Tcp)
    } else {
        let message = format!("`{host}` is neither unix:// nor tcp://");
        Err(BuildError::Unavailable { what: "Docker", message })
    }
}

/// A socket that is not there yet is an error here, so this is done late.
fn connect(host: &str) -> Result<Docker, BuildError> {
    match scheme(host)? {
        Scheme::Unix => Docker::connect_with_unix(host, CALL_SECONDS, API_DEFAULT_VERSION),
        Scheme::Tcp => {
            let host = host.trim_end_matches('/');
            Docker::connect_with_http(host, CALL_SECONDS, API_DEFAULT_VERSION)
        }
    }
    .map_err(|err| silent(&err))
}

fn silent(err: &bollard::errors::Error) -> BuildError {
    BuildError::Unavailable { what: "Docker", message: berth_domain::chain(err) }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::CryptoProvider;

    use super::*;

    // With none, or with two, this panics: somebody switched on another.
    #[test]
    fn the_build_enabled_one_provider_of_tls() {
        let config = rustls::ClientConfig::builder();
        assert!(!config.crypto_provider().cipher_suites.is_empty());
    }

    // BuildKit's session panics in the middle of a build where it is missing.
    #[test]
    fn there_is_a_provider_of_tls_before_the_first_build() {
        Engine::new("unix:///nowhere/docker.sock").unwrap();
        assert!(CryptoProvider::get_default().is_some());
        Engine::new("tcp://127.0.0.1:2375").unwrap();
    }
}
