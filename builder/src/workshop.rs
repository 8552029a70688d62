//! The builder itself: sources from git, images from BuildKit.

use std::path::PathBuf;
use std::sync::Arc;

use berth_domain::build::{
    BuildContext, BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, Source,
};
use berth_domain::ids::StackName;
use berth_domain::rule::Changes;
use berth_domain::slug::label;
use berth_domain::stack::INSTANCE_LABEL;

use crate::buildkit::{Engine, Order};
use crate::context::{Context, ContextError};
use crate::git::Git;
use crate::source::{Sources, prune};

/// The label with the stack's name, by which its images are found again.
pub const STACK_LABEL: &str = "berth.stack";

/// As much of the hash as an image's tag holds.
const TAG_DIGITS: usize = 12;

/// What a context is called while it is sent.
const TAR: &str = "context.tar";

/// The longest name of an image, less what is around it.
const NAME_MAX: usize = 110;

/// What the builder needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder for clones, checkouts and contexts; made where it is missing.
    pub data_dir: PathBuf,
    /// The engine that builds: `unix:///var/run/docker.sock`, `tcp://host:port`.
    pub docker_host: String,
    /// This Berth's id, for the label `berth.instance`.
    pub instance: String,
    /// The git program: `git`, found by the `PATH`.
    pub git: PathBuf,
    /// Whether `file://` repositories may be fetched from. For tests only.
    pub local_repositories: bool,
}

/// Gets sources with git and builds images with BuildKit. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workshop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sources: Sources,
    engine: Engine,
    contexts: PathBuf,
    instance: String,
}

impl Workshop {
    /// A workshop in `settings.data_dir`. Docker is asked nothing yet.
    ///
    /// # Errors
    ///
    /// [`BuildError::Unavailable`] where the folder can't be made or the
    /// engine's address can't be read.
    pub fn new(settings: Settings) -> Result<Self, BuildError> {
        let data = settings.data_dir;
        let disk = |err: std::io::Error| unreadable(&err);
        std::fs::create_dir_all(&data).map_err(disk)?;
        // Git runs in other folders: a relative path would mean another there.
        let data = data.canonicalize().map_err(disk)?;
        let contexts = data.join("contexts");
        std::fs::create_dir_all(&contexts).map_err(disk)?;
        let git = Git {
            program: settings.git,
            home: data.join("home"),
            local: settings.local_repositories,
        };
        Ok(Self(Arc::new(Inner {
            sources: Sources::new(git, &data).map_err(disk)?,
            engine: Engine::new(&settings.docker_host)?,
            contexts,
            instance: settings.instance,
        })))
    }

    /// What an image is made of, the tag that follows from that, and the id of the
    /// image where it is there.
    async fn context(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
        log: &dyn BuildLog,
    ) -> Result<(Context, String, Option<String>), BuildError> {
        let service = request.service.as_str();
        let (root, folder) = match &request.context {
            BuildContext::Folder(folder) => (checkout.path.clone(), folder.clone()),
            BuildContext::Repository(remote) => {
                let fetched = self.0.sources.fetch_remote(remote, service, log).await?;
                (fetched.path, remote.folder().to_owned())
            }
        };
        let asked = request.clone();
        let read = blocking(move || Context::read(&root, &folder, &asked)).await?;
        let context = read.map_err(|err| fault(service, err))?;
        let digits = context.hash.get(..TAG_DIGITS).unwrap_or(&context.hash);
        let tag = format!("berth/{}:{digits}", repository(&request.stack, service));
        // One that another Berth built is not ours to keep: it may remove it.
        let found = self.0.engine.image(&tag).await?;
        let ours = found.filter(|is| is.labels.get(INSTANCE_LABEL) == Some(&self.0.instance));
        Ok((context, tag, ours.map(|is| is.id)))
    }
}

/// A log of what nobody waits for.
struct Unheard;

impl BuildLog for Unheard {
    fn line(&self, _service: &str, _line: &str) {}
}

impl Builder for Workshop {
    async fn fetch(&self, source: &Source) -> Result<Checkout, BuildError> {
        self.0.sources.fetch(source).await
    }

    async fn changes(&self, source: &Source, base: &str) -> Result<Changes, BuildError> {
        self.0.sources.changes(source, base).await
    }

    async fn look(&self, checkout: &Checkout, request: &BuildRequest) -> Result<Image, BuildError> {
        let (_, tag, there) = self.context(checkout, request, &Unheard).await?;
        let reused = there.is_some();
        Ok(Image { tag, digest: there.unwrap_or_default(), reused })
    }

    async fn build(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
        log: Arc<dyn BuildLog>,
    ) -> Result<Image, BuildError> {
        let service = request.service.as_str();
        let fault = |err| fault(service, err);
        let (context, tag, there) = self.context(checkout, request, log.as_ref()).await?;
        if let Some(digest) = there {
            log.line(service, &format!("{tag} is there already: nothing it is made of changed"));
            return Ok(Image { tag, digest, reused: true });
        }

        let (dockerfile, contexts) = (context.dockerfile.clone(), self.0.contexts.clone());
        let tar = blocking(move || {
            let folder = tempfile::tempdir_in(contexts)?;
            let file = std::fs::File::create(folder.path().join(TAR))?;
            context.write_tar(std::io::BufWriter::new(file))?;
            Ok(folder)
        })
        .await?
        .map_err(|err: std::io::Error| fault(ContextError::Disk(err)))?;
        // Only where we were killed is there anything left of an earlier build.
        prune(&self.0.contexts, 0).await;

        let mut labels = request.labels.clone();
        labels.insert(STACK_LABEL.to_owned(), request.stack.to_string());
        labels.insert(INSTANCE_LABEL.to_owned(), self.0.instance.clone());
        let order = Order {
            service,
            tag: &tag,
            dockerfile: &dockerfile,
            args: &request.args,
            target: request.target.as_deref(),
            labels: &labels,
        };
        self.0.engine.build(&order, &tar.path().join(TAR), log.as_ref()).await?;
        let built = self.0.engine.image(&tag).await?.ok_or_else(|| BuildError::Failed {
            service: service.to_owned(),
            message: format!("the build ended well, but the engine has no image {tag}"),
        })?;
        Ok(Image { tag, digest: built.id, reused: false })
    }
}

/// `<stack>-<service>`, where an image's name can hold that.
fn repository(stack: &StackName, service: &str) -> String {
    label(&format!("{stack}-{service}"), NAME_MAX)
}

/// Runs what reads and hashes files where it blocks nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BuildError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|err| BuildError::Unavailable { what: "the builder", message: err.to_string() })
}

fn fault(service: &str, err: ContextError) -> BuildError {
    match err {
        ContextError::Disk(err) => unreadable(&err),
        err @ (ContextError::Path { .. } | ContextError::Kind(_) | ContextError::TooLarge) => {
            let message = err.to_string();
            BuildError::Failed { service: service.to_owned(), message }
        }
    }
}

fn unreadable(err: &std::io::Error) -> BuildError {
    BuildError::Unavailable { what: "the data folder", message: err.to_string() }
}
