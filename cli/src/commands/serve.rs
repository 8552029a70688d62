//! `berth serve`: joins the parts and runs them until told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use berth_builder::Workshop;
use berth_domain::fail_point::Marked;
use berth_reconciler::clock::Clock;
use berth_reconciler::settings::Lease;
use berth_store::SchemaState;
use berth_store::deliveries::{Writer, WriterSettings};
use berth_store::registries::StoredLogins;
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use berth_swarm::{Endpoint, Reader, Swarm};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use url::Url;
use uuid::Uuid;

use crate::config::{Role, ServeArgs};
use crate::database::{Database, plain};

/// Stacks that are worked on at once. A deployment holds its place while it waits
/// for health, so there must be more places than sick stacks; waiting is cheap.
const PARALLEL: usize = 64;

/// Images that are built at once: a build takes what cores there are.
const PARALLEL_BUILDS: usize = 2;

/// What the roles share.
#[derive(Debug)]
struct Parts {
    args: ServeArgs,
    database: Database,
    seal: Arc<SealKey>,
    instance: Uuid,
    replica: Uuid,
    public_url: Url,
    endpoint: Endpoint,
    github: berth_github_app::Client,
}

/// Runs until SIGTERM or Ctrl-C.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    args.check()?;
    super::fail_points::arm()?;
    let endpoint: Endpoint =
        args.docker.docker_host.parse().context("--docker-host is no address of an engine")?;
    let public_url = args.public_url()?;
    std::fs::create_dir_all(&args.database.data_dir).with_context(|| {
        format!("failed to make --data-dir {}", args.database.data_dir.display())
    })?;
    // Bound first: a port that is taken is the likeliest mistake.
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("failed to listen on --listen {}", args.listen))?;
    let database = Database::wait(&args.database).await?;
    let outcome = start(args, database, endpoint, public_url, listener).await;
    let (database, outcome) = outcome?;
    database.close().await;
    info!("stopped");
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn start(
    args: ServeArgs,
    database: Database,
    endpoint: Endpoint,
    public_url: Url,
    listener: TcpListener,
) -> anyhow::Result<(Database, anyhow::Result<()>)> {
    let prepared = prepare(&args, &database, &public_url).await;
    let (seal, instance, github) = match prepared {
        Ok(prepared) => prepared,
        Err(err) => return Ok((database, Err(err))),
    };
    let replica = Uuid::now_v7();
    let parts = Parts { args, database, seal, instance, replica, public_url, endpoint, github };
    let outcome = work(&parts, listener).await;
    Ok((parts.database, outcome))
}

/// Everything that must be there before anything is served.
async fn prepare(
    args: &ServeArgs,
    database: &Database,
    public_url: &Url,
) -> anyhow::Result<(Arc<SealKey>, Uuid, berth_github_app::Client)> {
    let pool = &database.pool;
    if database.is_private() {
        berth_store::migrate(pool).await.map_err(plain)?;
    }
    match berth_store::check_schema(pool).await.map_err(plain)? {
        SchemaState::Current => {}
        SchemaState::Behind => {
            bail!("the database's schema is older than this Berth; run `berth migrate`")
        }
        SchemaState::Unknown => {
            bail!("the database's schema is newer than this Berth; use the newer Berth")
        }
    }
    let sealed = berth_store::github_apps::get_public(pool).await.map_err(plain)?.is_some();
    let seal = seal_key(args, sealed)?;
    let instance = berth_store::instance::get_or_create(pool).await.map_err(plain)?;
    berth_store::instance::set_public_url(pool, public_url.as_str()).await.map_err(plain)?;
    let github = berth_github_app::Client::new(berth_github_app::Settings {
        api_url: args.github.github_api_url.clone(),
        web_url: args.github.github_url.clone(),
        user_agent: concat!("berth/", env!("CARGO_PKG_VERSION")).to_owned(),
        clock: chrono::Utc::now,
    })
    .context("failed to set up the way to GitHub")?;
    Ok((seal, instance.id, github))
}

/// Runs the roles until a signal, or until one of them ends by itself.
async fn work(parts: &Parts, listener: TcpListener) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut roles: JoinSet<anyhow::Result<()>> = JoinSet::new();
    if parts.args.roles.contains(&Role::Reconciler) {
        let reconciler = reconciler(parts)?;
        let stop = stop.clone();
        roles.spawn(async move {
            berth_reconciler::run(reconciler, stop).await;
            Ok(())
        });
    }
    if parts.args.roles.contains(&Role::Api) {
        let link = berth_api::ensure_setup_link(&parts.database.pool, &parts.public_url)
            .await
            .map_err(plain)?;
        if let Some(link) = link {
            println!("\nMake the first account here, once:\n\n  {link}\n");
        }
        info!("Berth serves {} on {}", parts.public_url, listener.local_addr()?);
        roles.spawn(api(parts, listener, stop.clone()));
    }
    let mut terminate = signal(SignalKind::terminate())?;
    let early = tokio::select! {
        _ = tokio::signal::ctrl_c() => None,
        _ = terminate.recv() => None,
        ended = roles.join_next() => ended,
    };
    info!("stopping");
    stop.cancel();
    let mut outcome = early.map_or(Ok(()), |ended| ended?);
    while let Some(ended) = roles.join_next().await {
        outcome = outcome.and(ended?);
    }
    outcome
}

fn api(
    parts: &Parts,
    listener: TcpListener,
    stop: CancellationToken,
) -> impl Future<Output = anyhow::Result<()>> + Send + 'static {
    let (inbox, writers) = Writer::start(&parts.database.pool, WriterSettings::USUAL);
    let (state, tasks) = berth_api::ApiState::start(
        berth_api::Parts {
            pool: parts.database.pool.clone(),
            seal: Arc::clone(&parts.seal),
            inbox,
            github: parts.github.clone(),
            docker: Reader::new(&parts.endpoint),
            settings: berth_api::Settings {
                public_url: parts.public_url.clone(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                instance_id: parts.instance,
                replica: parts.replica,
                shown: crate::shown::shown(&parts.args),
            },
        },
        stop.clone(),
    );
    async move {
        berth_api::serve(listener, state, stop).await.context("failed to serve")?;
        tasks.finished().await;
        // What was accepted is written before we go.
        writers.finished().await;
        Ok(())
    }
}

fn reconciler(
    parts: &Parts,
) -> anyhow::Result<berth_reconciler::Deps<Marked<Swarm>, Marked<Workshop>>> {
    let args = &parts.args;
    let instance = parts.instance.to_string();
    let builder = Workshop::new(berth_builder::Settings {
        data_dir: args.database.data_dir.join("sources"),
        docker_host: args.docker.docker_host.clone(),
        instance: instance.clone(),
        git: "git".into(),
        local_repositories: false,
    })?;
    // A third and two thirds: two renewals may fail before the lease is given up.
    let ttl = args.lease_ttl;
    let lease =
        Lease { ttl, renew: ttl / 3, give_up: ttl * 2 / 3, watch: Lease::USUAL.watch.min(ttl / 3) };
    let logins =
        Arc::new(StoredLogins { pool: parts.database.pool.clone(), key: Arc::clone(&parts.seal) });
    let swarm = Swarm::new(&parts.endpoint, Some(&instance)).with_logins(logins);
    let public_router = Url::parse(&args.router.site_url.replace("{host}", "host.invalid"))?;
    Ok(berth_reconciler::Deps {
        settings: berth_reconciler::Settings {
            holder: parts.replica,
            seal_key: Arc::clone(&parts.seal),
            lease,
            parallel: PARALLEL,
            parallel_builds: PARALLEL_BUILDS,
            resync: args.resync,
            poll: Duration::from_millis(250),
            router: args.router.router_url.clone(),
            tls_router: args.router.tls_router_url.clone(),
            tcp_routers: args.router.tcp_routers.iter().cloned().collect(),
            router_settles: Duration::from_secs(1),
            public_router,
            public_network: Some(args.router.public_network.clone()),
            entrypoints: args.router.entrypoints.clone(),
            tls_entrypoints: args.router.tls_entrypoints.clone(),
            limits: args.limits.limits(),
            orphan_grace: args.pruning.prune_after,
            prune_limit: args.pruning.prune_limit,
            executor: executor(parts),
            kept: Kept { count: args.releases.keep_releases, age: args.releases.keep_releases_for },
            output: args.output.keep(),
            output_rate: args.output.log_rate,
            clock: Clock::system(),
        },
        pool: parts.database.pool.clone(),
        cluster: Arc::new(Marked(swarm)),
        builder: Arc::new(Marked(builder)),
        github: parts.github.clone(),
        public_url: parts.public_url.clone(),
        board: berth_reconciler::status::Board::new(),
        tasks: berth_reconciler::tasks::Board::default(),
    })
}

/// What acts on single nodes, where an image is named for it.
fn executor(parts: &Parts) -> Option<berth_reconciler::settings::Executor> {
    let args = &parts.args.executors;
    let image = args.executor_image.clone().filter(|image| !image.is_empty())?;
    Some(berth_reconciler::settings::Executor {
        image,
        server: args.executor_url.clone().unwrap_or_else(|| parts.public_url.clone()),
        instance: parts.instance,
        socket: args.executor_socket.clone(),
    })
}

/// The key that seals secrets: read, or made where nothing is `sealed` yet.
fn seal_key(args: &ServeArgs, sealed: bool) -> anyhow::Result<Arc<SealKey>> {
    let default = || args.database.data_dir.join("secret.key");
    let path: PathBuf = args.secret_key_file.clone().unwrap_or_else(default);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound && !sealed => {
            return new_key(&path);
        }
        Err(err) => {
            return Err(err).with_context(|| {
                format!("failed to read {}, the key to what this database seals", path.display())
            });
        }
    };
    let key =
        SealKey::parse(&text.into()).with_context(|| format!("{} holds no key", path.display()))?;
    Ok(Arc::new(key))
}

fn new_key(path: &Path) -> anyhow::Result<Arc<SealKey>> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    use secrecy::ExposeSecret as _;

    let key = SealKey::generate();
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("failed to write {}", path.display()))?;
    file.write_all(key.to_text().expose_secret().as_bytes())?;
    file.sync_all()?;
    warn!("made the key that seals secrets: keep {} safe, and back it up", path.display());
    Ok(Arc::new(key))
}
