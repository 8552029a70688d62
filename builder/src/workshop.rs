//! The builder itself.

use std::path::PathBuf;
use std::sync::Arc;

use berth_domain::build::{BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, Source};
use berth_domain::rule::Changes;

/// What the builder needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder for clones and checkouts; made where it is missing.
    pub data_dir: PathBuf,
    /// The engine that builds: `unix:///var/run/docker.sock`, `tcp://host:port`.
    pub docker_host: String,
    /// This Berth's id, for the label `berth.instance`.
    pub instance: String,
}

/// Gets sources with git and builds images with BuildKit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workshop {
    settings: Arc<Settings>,
}

impl Workshop {
    /// A workshop in `settings.data_dir`, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// [`BuildError::Unavailable`] where the folder can't be made or the
    /// engine's address can't be read.
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        Ok(Self { settings: Arc::new(settings) })
    }

    fn later<T>(&self) -> Result<T, BuildError> {
        let message = format!("{:?} is not built yet", self.settings.data_dir);
        Err(BuildError::Unavailable { what: "the builder", message })
    }
}

impl Builder for Workshop {
    async fn fetch(&self, _source: &Source) -> Result<Checkout, BuildError> {
        self.later()
    }

    async fn changes(&self, _source: &Source, _base: &str) -> Result<Changes, BuildError> {
        self.later()
    }

    async fn build(
        &self,
        _checkout: &Checkout,
        _request: &BuildRequest,
        _log: Arc<dyn BuildLog>,
    ) -> Result<Image, BuildError> {
        self.later()
    }
}
