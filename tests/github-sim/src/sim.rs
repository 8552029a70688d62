//! The simulator's core: the world behind its lock, and what hangs together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};

use crate::description::Misfit;
use crate::driver::types::{Side, Violation};
use crate::git::Git;
use crate::render::View;
use crate::world::{Repository, World};

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder in which it makes its own for the repositories, removed with
    /// it; the system's temporary one if unset.
    pub data: Option<PathBuf>,
    /// Whether `git push` works without a credential, as `mira`. A credential
    /// that is sent is checked all the same.
    pub anonymous_push: bool,
    /// Where the time comes from: [`Utc::now`], but for tests.
    pub clock: fn() -> DateTime<Utc>,
}

impl Default for Settings {
    #[expect(clippy::disallowed_methods, reason = "this is where the simulator's clock is chosen")]
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            anonymous_push: true,
            clock: Utc::now,
        }
    }
}

/// The simulated GitHub. Cheap to clone.
///
/// The methods that change something return when it is done; the webhooks that
/// follow are sent in order by a task of their own: see [`Sim::settled`].
#[derive(Clone)]
pub struct Sim {
    inner: Arc<Inner>,
}

struct Inner {
    base_url: String,
    settings: Settings,
    folder: TempDir,
    world: Mutex<World>,
    /// Held while refs are compared with what they were.
    looking: tokio::sync::Mutex<()>,
    outbox: mpsc::UnboundedSender<i64>,
    in_flight: watch::Sender<usize>,
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sim").field("base_url", &self.inner.base_url).finish_non_exhaustive()
    }
}

impl Sim {
    /// A simulator at an address, and what its deliverer takes attempts from.
    pub(crate) fn new(
        settings: Settings,
        base_url: String,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<i64>)> {
        let folder = match &settings.data {
            Some(parent) => {
                std::fs::create_dir_all(parent)?;
                tempfile::Builder::new().prefix("github-").tempdir_in(parent)?
            }
            None => tempfile::Builder::new().prefix("github-").tempdir()?,
        };
        let (outbox, attempts) = mpsc::unbounded_channel();
        let inner = Inner {
            base_url,
            settings,
            folder,
            world: Mutex::new(World::new()),
            looking: tokio::sync::Mutex::new(()),
            outbox,
            in_flight: watch::Sender::new(0),
        };
        Ok((Self { inner: Arc::new(inner) }, attempts))
    }

    /// Its address, of the API and the site alike: `http://127.0.0.1:4000`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.inner.base_url
    }

    /// Waits until every webhook so far was sent and answered, or given up on.
    /// Those that [`reverse_deliveries`](crate::Faults::reverse_deliveries)
    /// holds back are waited for too.
    pub async fn settled(&self) {
        // The sender lives as long as `self`.
        let _ = self.inner.in_flight.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Where repositories are.
    pub(crate) fn folder(&self) -> &Path {
        self.inner.folder.path()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.inner.settings.clock)()
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.inner.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The world as JSON, for a moment.
    pub(crate) fn view<T>(&self, look: impl FnOnce(View<'_>) -> T) -> T {
        let world = self.world();
        look(View { world: &world, base: self.base_url() })
    }

    pub(crate) async fn looking(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.looking.lock().await
    }

    /// Hands an attempt to the deliverer.
    pub(crate) fn post(&self, attempt: i64) {
        self.inner.in_flight.send_modify(|count| *count += 1);
        // The deliverer ends only with the simulator.
        if self.inner.outbox.send(attempt).is_err() {
            self.delivered();
        }
    }

    /// An attempt is done.
    pub(crate) fn delivered(&self) {
        self.inner.in_flight.send_modify(|count| *count = count.saturating_sub(1));
    }

    /// Keeps what does not fit GitHub's description.
    pub(crate) fn blame(&self, side: Side, operation: &str, misfits: Vec<Misfit>) {
        let mut world = self.world();
        for (place, message) in misfits {
            let violation = Violation { side, operation: operation.to_owned(), place, message };
            tracing::warn!(%violation, "does not fit GitHub's description");
            world.violations.push(violation);
        }
    }

    /// A repository by name, as it is now.
    pub(crate) fn find(&self, full_name: &str) -> anyhow::Result<Repository> {
        self.world()
            .repository(full_name)
            .cloned()
            .ok_or_else(|| anyhow::anyhow!("there is no repository {full_name}"))
    }
}

impl Repository {
    pub(crate) fn git(&self) -> Git {
        Git::at(&self.folder)
    }
}
