//! What the handlers share.

use std::sync::Arc;

use berth_store::Pool;
use berth_store::deliveries::Writer;
use berth_store::seal::SealKey;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::auth::login::Attempts;
use crate::events::Hub;
use crate::health::Health;
use crate::routes::rules::Listings;
use crate::types::Setting;
use crate::webhook::Keys;

/// Who this Berth is, and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people and GitHub reach it, such as `https://berth.example.com`.
    /// Cookies are `Secure` where this is HTTPS.
    pub public_url: Url,
    /// Berth's version, for people.
    pub version: String,
    /// This Berth's id, which labels every object that it makes.
    pub instance_id: Uuid,
    /// This process's id as a holder of the lease: shown as "that's me".
    pub replica: Uuid,
    /// What else is set where it is started, for people to read: no secret.
    pub shown: Vec<Setting>,
}

/// What [`ApiState::start`] is made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// The database.
    pub pool: Pool,
    /// What the App's secrets are sealed with.
    pub seal: Arc<SealKey>,
    /// Where webhooks go.
    pub inbox: Writer,
    /// The way to GitHub.
    pub github: berth_github_app::Client,
    /// The engine, to look at.
    pub docker: berth_swarm::Reader,
    /// Who this Berth is.
    pub settings: Settings,
}

/// What the handlers share; clones share it, too.
#[derive(Debug, Clone)]
pub struct ApiState(Arc<Inner>);

/// What is behind an [`ApiState`]; of this crate's concern only.
#[derive(Debug)]
pub struct Inner {
    pub(crate) pool: Pool,
    pub(crate) seal: Arc<SealKey>,
    pub(crate) inbox: Writer,
    pub(crate) github: berth_github_app::Client,
    pub(crate) docker: berth_swarm::Reader,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) hub: Hub,
    pub(crate) health: Health,
    pub(crate) attempts: Attempts,
    /// What repositories have at GitHub, for drafts of rules.
    pub(crate) listings: Listings,
    /// Passwords that may be hashed at once: each takes 19 MiB and a core.
    pub(crate) hashing: Arc<Semaphore>,
    /// KiB of large webhook bodies that may be in memory at once.
    pub(crate) large_bodies: Semaphore,
    /// Ends the event streams.
    pub(crate) shutdown: CancellationToken,
}

/// The task behind an [`ApiState`]: it reads the stream of changes once for all
/// browsers. It ends when the shutdown token is cancelled.
#[derive(Debug)]
pub struct ApiTasks(JoinSet<()>);

impl ApiTasks {
    /// Waits until it has ended.
    pub async fn finished(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// How many passwords are hashed at once.
const HASHING: usize = 1;

impl ApiState {
    /// Puts the parts together and starts to follow changes, until `shutdown`.
    #[must_use]
    pub fn start(parts: Parts, shutdown: CancellationToken) -> (Self, ApiTasks) {
        let Parts { pool, seal, inbox, github, docker, settings } = parts;
        let hub = Hub::new();
        let mut tasks = JoinSet::new();
        let follow = crate::events::follow(pool.clone(), hub.clone());
        let stop = shutdown.clone();
        tasks.spawn(async move {
            stop.run_until_cancelled_owned(follow).await;
        });
        let inner = Inner {
            pool,
            seal,
            inbox,
            github,
            docker,
            settings,
            keys: Keys::default(),
            hub,
            health: Health::default(),
            attempts: Attempts::default(),
            listings: Listings::default(),
            hashing: Arc::new(Semaphore::new(HASHING)),
            large_bodies: Semaphore::new(crate::webhook::LARGE_BODIES_KIB),
            shutdown,
        };
        (Self(Arc::new(inner)), ApiTasks(tasks))
    }
}

impl std::ops::Deref for ApiState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
