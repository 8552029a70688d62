//! What the reconciler is told when it starts. Nothing here is read from the
//! environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use berth_compose_templates::policy::Limits;
use berth_store::logs::Keep;
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use url::Url;
use uuid::Uuid;

use crate::clock::Clock;

/// How the reconciler works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This process, as the lease's holder: fresh at every start.
    pub holder: Uuid,
    /// The key that releases are sealed under.
    pub seal_key: Arc<SealKey>,
    /// The lease's times.
    pub lease: Lease,
    /// How many stacks are deployed at once; two at least. Previews have half of these
    /// places, so that they never hold up the rest.
    pub parallel: usize,
    /// How many images are built at once; two at least, half of them of previews.
    pub parallel_builds: usize,
    /// How often every stack is looked at though nothing asked for it. One look
    /// at all of them costs a few calls to Docker, however many there are.
    pub resync: Duration,
    /// How often a stack is looked at while it is being deployed or removed.
    pub poll: Duration,
    /// Traefik's entry point, to ask whether a route answers:
    /// `http://127.0.0.1:80`.
    pub router: Url,
    /// The same with TLS, for routes that have it: `https://127.0.0.1:443`.
    pub tls_router: Url,
    /// Where Traefik's entry points of TCP are, by name, as `host:port`. Of
    /// those that are not here, nobody is asked whether they answer.
    pub tcp_routers: BTreeMap<String, String>,
    /// How long a route must have answered before it counts: Traefik may still
    /// serve what it knew a moment ago.
    pub router_settles: Duration,
    /// How browsers reach Traefik; only the scheme and the port matter, and the
    /// host is each route's.
    pub public_router: Url,
    /// The network, by its name on the Swarm, that Traefik reaches services on.
    pub public_network: Option<String>,
    /// Traefik's entry points for routes; none means Traefik's default.
    pub entrypoints: Vec<String>,
    /// The same for routes with TLS.
    pub tls_entrypoints: Vec<String>,
    /// What restricted environments may use.
    pub limits: Limits,
    /// How long an object with our label may be there with nothing asking for it.
    pub orphan_grace: Duration,
    /// The share of all stacks that may be pruned at once, in percent: of more, a
    /// person is asked. One stack may always go.
    pub prune_limit: u8,
    /// What acts on single nodes, where anything does.
    pub executor: Option<Executor>,
    /// Which releases are kept.
    pub kept: Kept,
    /// How much of each stack's output is kept.
    pub output: Keep,
    /// How many lines a second are kept of a service's output.
    pub output_rate: u32,
    /// The clock.
    pub clock: Clock,
}

/// What acts on single nodes: Berth's own program, as a service of one task a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executor {
    /// Berth's own image.
    pub image: String,
    /// Where executors reach this Berth.
    pub server: Url,
    /// This Berth's id, which labels what they may touch.
    pub instance: Uuid,
    /// Where Docker listens on the nodes, as a path.
    pub socket: String,
}

/// The lease's times.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    /// How long the lease lasts without being extended.
    pub ttl: Duration,
    /// How often it is extended.
    pub renew: Duration,
    /// How long the leader goes on without having extended it. Less than `ttl`,
    /// so that it stops before another may begin.
    pub give_up: Duration,
    /// How often a follower looks whether it is free.
    pub watch: Duration,
}

impl Lease {
    /// What suits a cluster: 30 s, extended every 10 s, given up after 20 s.
    pub const USUAL: Self = Self {
        ttl: Duration::from_secs(30),
        renew: Duration::from_secs(10),
        give_up: Duration::from_secs(20),
        watch: Duration::from_secs(1),
    };
}
