//! Sources and images as a port: `builder` does it with git and BuildKit, the
//! reconciler's tests in memory.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

mod context;

pub use self::context::{BuildContext, InvalidContext, RemoteContext};
use crate::ids::StackName;
use crate::rule::Changes;

/// A commit of a repository, and how to get it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where git fetches from: `https://…/owner/name.git`, with no credential in it.
    pub clone_url: String,
    /// The commit, 40 hexadecimal digits. Never a branch: branches move.
    pub sha: String,
    /// The installation token; handed to git by its environment, never on a
    /// command line, never written to a file.
    pub token: Option<SecretString>,
}

/// A commit's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The folder with the files.
    pub path: PathBuf,
}

/// An image to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The stack it is for.
    pub stack: StackName,
    /// The service it is for.
    pub service: String,
    /// The context; a folder is checked to lie within the checkout.
    pub context: BuildContext,
    /// The Dockerfile, from the context.
    pub dockerfile: String,
    /// `--build-arg`.
    pub args: BTreeMap<String, String>,
    /// The stage to build, if not the last.
    pub target: Option<String>,
    /// Labels for the image.
    pub labels: BTreeMap<String, String>,
}

/// An image that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its tag, made of what went into it: `berth/<stack>-<service>:<hash>`.
    pub tag: String,
    /// Its id or digest.
    pub digest: String,
    /// Whether it was there already.
    pub reused: bool,
}

/// Where a build's output goes, line by line.
pub trait BuildLog: Send + Sync {
    /// Takes one line of `service`'s build, with no newline at its end.
    fn line(&self, service: &str, line: &str);
}

/// Why there is no source or image; by what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The repository or the commit can't be read, for good.
    #[error("failed to fetch {sha}: {message}")]
    Source {
        /// The commit.
        sha: String,
        /// Git's words, with no credential in them.
        message: String,
    },
    /// The Dockerfile failed: its author's to mend.
    #[error("the image of `{service}` failed to build: {message}")]
    Failed {
        /// The service.
        service: String,
        /// The last lines of output.
        message: String,
    },
    /// The network, git or Docker does not answer: try again later.
    #[error("{what} does not answer: {message}")]
    Unavailable {
        /// What.
        what: &'static str,
        /// How it showed.
        message: String,
    },
}

/// Gets sources and makes images.
pub trait Builder: Send + Sync + 'static {
    /// Brings the commit's files here. Twice is as good as once.
    fn fetch(&self, source: &Source) -> impl Future<Output = Result<Checkout, BuildError>> + Send;

    /// The paths that differ between commit `base` and the source's.
    fn changes(
        &self,
        source: &Source,
        base: &str,
    ) -> impl Future<Output = Result<Changes, BuildError>> + Send;

    /// The image that [`build`](Self::build) would give, as far as that is known
    /// without building it: its tag, and whether there is one already. Where there
    /// is none, its digest is empty.
    fn look(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
    ) -> impl Future<Output = Result<Image, BuildError>> + Send;

    /// Builds an image, or finds that it is there.
    fn build(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
        log: Arc<dyn BuildLog>,
    ) -> impl Future<Output = Result<Image, BuildError>> + Send;
}
