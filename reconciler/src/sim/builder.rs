//! Sources and images in memory.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use berth_domain::build::{BuildError, BuildLog, BuildRequest, Builder, Checkout, Image, Source};
use berth_domain::rule::Changes;

use super::Sim;

/// A builder in memory: commits are folders that the test wrote, images are names.
#[derive(Debug)]
pub struct SimBuilder {
    cluster: Arc<Sim>,
    state: Mutex<State>,
    built: AtomicU64,
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    commits: BTreeMap<String, PathBuf>,
    failing: BTreeMap<String, String>,
    held: bool,
    unavailable: u32,
}

impl SimBuilder {
    /// A builder whose images are on `cluster`.
    #[must_use]
    pub fn new(cluster: Arc<Sim>) -> Self {
        Self {
            cluster,
            state: Mutex::new(State::default()),
            built: AtomicU64::new(0),
            released: Notify::new(),
        }
    }

    /// Says that commit `sha` has the files in the folder `path`.
    pub fn commit(&self, sha: &str, path: PathBuf) {
        self.state().commits.insert(sha.to_owned(), path);
    }

    /// Has every build of `service` fail, saying `message`.
    pub fn fail(&self, service: &str, message: &str) {
        self.state().failing.insert(service.to_owned(), message.to_owned());
    }

    /// Has builds of `service` go well again.
    pub fn mend(&self, service: &str) {
        self.state().failing.remove(service);
    }

    /// Has the next so many fetches find git not answering.
    pub fn lose_fetches(&self, many: u32) {
        self.state().unavailable = many;
    }

    /// Holds all builds back, or lets them go on.
    pub fn hold(&self, held: bool) {
        self.state().held = held;
        self.released.notify_waiters();
    }

    /// How many images were really built.
    #[must_use]
    pub fn built(&self) -> u64 {
        self.built.load(Ordering::SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Builder for SimBuilder {
    async fn fetch(&self, source: &Source) -> Result<Checkout, BuildError> {
        tokio::task::yield_now().await;
        let mut state = self.state();
        if state.unavailable > 0 {
            state.unavailable -= 1;
            return Err(BuildError::Unavailable { what: "git", message: "it is away".to_owned() });
        }
        let path = state.commits.get(&source.sha).cloned();
        path.map(|path| Checkout { path }).ok_or_else(|| BuildError::Source {
            sha: source.sha.clone(),
            message: "no such commit".to_owned(),
        })
    }

    async fn changes(&self, source: &Source, _base: &str) -> Result<Changes, BuildError> {
        Err(BuildError::Source {
            sha: source.sha.clone(),
            message: "the builder in memory knows no history".to_owned(),
        })
    }

    async fn look(&self, checkout: &Checkout, request: &BuildRequest) -> Result<Image, BuildError> {
        let (tag, hash) = name(checkout, request);
        let reused = self.cluster.peek(&request.stack).images.contains(&tag);
        let digest = if reused { format!("sha256:{hash}") } else { String::new() };
        Ok(Image { tag, digest, reused })
    }

    async fn build(
        &self,
        checkout: &Checkout,
        request: &BuildRequest,
        log: Arc<dyn BuildLog>,
    ) -> Result<Image, BuildError> {
        log.line(&request.service, "a first line");
        loop {
            let released = self.released.notified();
            if !self.state().held {
                break;
            }
            released.await;
        }
        if let Some(message) = self.state().failing.get(&request.service).cloned() {
            log.line(&request.service, &message);
            return Err(BuildError::Failed { service: request.service.clone(), message });
        }
        let (tag, hash) = name(checkout, request);
        let reused = self.cluster.add_image(&request.stack, &tag);
        if !reused {
            self.built.fetch_add(1, Ordering::SeqCst);
        }
        log.line(&request.service, "a last line");
        Ok(Image { tag, digest: format!("sha256:{hash}"), reused })
    }
}

/// The tag of what a build gives, and the hash in it.
fn name(checkout: &Checkout, request: &BuildRequest) -> (String, String) {
    let mut hash = Sha256::new();
    hash.update(checkout.path.as_os_str().as_encoded_bytes());
    hash.update(format!("{:?}", request.args));
    let hash: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    (format!("berth/{}-{}:{hash}", request.stack, request.service), hash)
}
