//! Stacks with a release each, and the reconciler that works on them: the real
//! one, with its events and its resyncs, in this process.
#![expect(
    clippy::disallowed_methods,
    reason = "a program that reads the clock, and where its database is, and runs psql"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use berth_domain::cluster::output::Source;
use berth_domain::cluster::{
    Action, Cluster, ClusterError, Desired, Everything, Known, ObservedService, ObservedStack,
    Version,
};
use berth_domain::deployment::Phase;
use berth_domain::facts::{Availability, ClusterFacts, NodeFacts};
use berth_domain::fail_point::Write;
use berth_domain::ids::{InstallationId, RepositoryId, StackName};
use berth_domain::policy::Policy;
use berth_domain::registry::{Answer, OnRegistryFailure, Origin};
use berth_domain::stack::StackSpec;
use berth_reconciler::clock::Clock;
use berth_reconciler::settings::Lease;
use berth_reconciler::sim::{Sim, SimBuilder};
use berth_reconciler::survey::{Wanted, survey};
use berth_reconciler::{preflight, tasks};
use berth_store::deployments::{self, Commit, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment};
use berth_store::installations::{self, Installation};
use berth_store::leases::{self, Fence, Guarded};
use berth_store::logs::Keep;
use berth_store::releases::{self, NewRelease};
use berth_store::repositories::{self, Repository};
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use berth_store::{Pool, stacks};
use berth_swarm::{Swarm, SwarmFeed};
use chrono::{DateTime, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// Between two looks of the reconciler at everything: a day's worth in minutes.
const RESYNC: Duration = Duration::from_secs(2);

/// How often something may fail that comes to be in the end, as what it needs is
/// made at the same time.
const IN_VAIN: u32 = 8;

/// The real Swarm, with every change of it written down.
#[derive(Debug)]
struct Counted {
    swarm: Swarm,
    looks: AtomicU64,
    /// What was done, with the stack or node that it was done to.
    done: Mutex<Vec<(String, String)>>,
    /// How often something failed, and what was said last, by stack.
    failed: Mutex<BTreeMap<String, (u32, String)>>,
}

impl Counted {
    fn note(&self, whose: &str, line: String) {
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((whose.to_owned(), line));
    }
}

impl Cluster for Counted {
    type Feed = SwarmFeed;

    async fn observe(&self, stack: &StackName) -> Result<ObservedStack, ClusterError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.swarm.observe(stack).await
    }

    async fn observe_services(
        &self,
        stack: &StackName,
    ) -> Result<BTreeMap<String, ObservedService>, ClusterError> {
        self.swarm.observe_services(stack).await
    }

    async fn observe_all(&self, known: Known) -> Result<Everything, ClusterError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.swarm.observe_all(known).await
    }

    async fn facts(&self, images: &BTreeSet<String>) -> Result<ClusterFacts, ClusterError> {
        self.swarm.facts(images).await
    }

    async fn nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        self.swarm.nodes().await
    }

    async fn set_availability(
        &self,
        node: &str,
        wanted: Availability,
        from: Version,
    ) -> Result<(), ClusterError> {
        self.note(node, format!("made {}", wanted.as_str()));
        self.swarm.set_availability(node, wanted, from).await
    }

    async fn apply(&self, stack: &StackName, action: &Action) -> Result<(), ClusterError> {
        self.note(stack.as_str(), action.to_string());
        let done = self.swarm.apply(stack, action).await;
        if let Err(error) = &done {
            let refused = matches!(error, ClusterError::Rejected { .. });
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let (count, words) = failed.entry(stack.to_string()).or_default();
            *count += if refused { IN_VAIN } else { 1 };
            *words = error.to_string();
        }
        done
    }

    async fn ask_registry(&self, image: &str) -> Result<Answer, ClusterError> {
        self.swarm.ask_registry(image).await
    }

    async fn local_image(&self, image: &str) -> Result<Option<Origin>, ClusterError> {
        self.swarm.local_image(image).await
    }

    async fn task_log(&self, task: &str, lines: u32) -> Result<Vec<String>, ClusterError> {
        self.swarm.task_log(task, lines).await
    }

    async fn sources(&self) -> Result<Vec<Source>, ClusterError> {
        self.swarm.sources().await
    }

    async fn follow(
        &self,
        source: &Source,
        since: Option<DateTime<Utc>>,
    ) -> Result<SwarmFeed, ClusterError> {
        self.swarm.follow(source, since).await
    }

    async fn changed(&self) -> Option<StackName> {
        self.swarm.changed().await
    }
}

/// What a preflight says that `spec` can't run for.
pub(super) async fn complaints(
    host: &str,
    stack: &str,
    spec: &StackSpec,
) -> anyhow::Result<Vec<String>> {
    let swarm = Swarm::new(&host.parse()?, None);
    let facts = swarm.facts(&preflight::images(spec)).await?;
    let places = berth_compose_templates::Places::default();
    let found = preflight::preflight(&StackName::parse(stack)?, spec, &places, &facts);
    Ok(found.complaints.iter().map(ToString::to_string).collect())
}

/// Stacks, and a reconciler that works on them.
pub(super) struct Fleet {
    cluster: Arc<Counted>,
    wanted: Vec<Wanted>,
    pool: Pool,
    database: String,
    running: JoinSet<()>,
    stop: CancellationToken,
}

impl Fleet {
    /// Stores each spec as its stack's release, and starts. What is on the cluster
    /// already is taken for ours where it is `instance`'s.
    pub(super) async fn start(
        host: &str,
        instance: &str,
        specs: impl Iterator<Item = (&str, &StackSpec)>,
    ) -> anyhow::Result<Self> {
        let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
        let database = format!("drift_{}", Uuid::now_v7().simple());
        psql(&server, &format!("create database {database}"))?;
        let settings = berth_store::PoolSettings {
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
        };
        let pool = berth_store::connect(&beside(&server, &database).into(), &settings).await?;
        berth_store::migrate(&pool).await?;
        let key = Arc::new(SealKey::generate());
        let holder = Uuid::now_v7();
        let fence = leases::acquire(&pool, holder, Lease::USUAL.ttl).await?;
        let fence = fence.context("somebody leads")?;
        installations::put(&pool, &installation()).await?;
        let mut wanted = Vec::new();
        for (number, (name, spec)) in specs.enumerate() {
            let name = StackName::parse(name)?;
            store(&pool, fence, &key, (number, &name), spec).await?;
            let desired = Arc::new(Desired::Present(Box::new(spec.clone())));
            wanted.push(Wanted { name, desired: Some(desired) });
        }
        leases::release(&pool, fence).await?;

        let cluster = Arc::new(Counted {
            swarm: Swarm::new(&host.parse()?, Some(instance)),
            looks: AtomicU64::new(0),
            done: Mutex::default(),
            failed: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        let deps = deps(Arc::clone(&cluster), pool.clone(), key, holder)?;
        running.spawn(berth_reconciler::run(deps, stop.clone()));
        Ok(Self { cluster, wanted, pool, database, running, stop })
    }

    /// The stacks that there is something to do about, now or later, and what.
    pub(super) async fn open(&self) -> anyhow::Result<Vec<(String, String)>> {
        let (nowhere, now) = (nowhere()?, Utc::now());
        let seen = survey(&self.cluster.swarm, &self.wanted, &nowhere, now).await?;
        let open = seen.filter(|(_, seen)| !seen.plan.is_synced());
        Ok(open
            .filter_map(|(place, seen)| {
                let name = &self.wanted.get(place)?.name;
                Some((name.to_string(), seen.plan.lines().join(", ")))
            })
            .collect())
    }

    /// How often the reconciler looked, and all that it did, with whom to.
    pub(super) fn calls(&self) -> (u64, Vec<(String, String)>) {
        let done = self.cluster.done.lock().unwrap_or_else(PoisonError::into_inner);
        (self.cluster.looks.load(Ordering::Relaxed), done.clone())
    }

    /// The stacks that can't be made, and what was said: the engine refused
    /// something, or they wait in vain, such as for what is no stack's.
    pub(super) fn in_vain(&self) -> BTreeMap<String, String> {
        let failed = self.cluster.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let in_vain = failed.iter().filter(|(_, (count, _))| *count >= IN_VAIN);
        in_vain.map(|(stack, (_, words))| (stack.clone(), words.clone())).collect()
    }

    /// Stops it, and drops the database.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
        self.pool.close().await;
        let server = std::env::var("DATABASE_URL").context("DATABASE_URL is not set")?;
        psql(&server, &format!("drop database {} with (force)", self.database))
    }
}

fn nowhere() -> anyhow::Result<Url> {
    Ok("http://127.0.0.1:9".parse()?)
}

fn installation() -> Installation {
    Installation {
        id: InstallationId(1),
        account_id: 1,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: serde_json::json!({"contents": "read"}),
        suspended_at: None,
    }
}

/// The rows of a stack that was deployed: its release is what should be.
async fn store(
    pool: &Pool,
    fence: Fence,
    key: &SealKey,
    (number, name): (usize, &StackName),
    spec: &StackSpec,
) -> anyhow::Result<()> {
    let repository = RepositoryId(i64::try_from(number)? + 1);
    let mut db = Guarded::begin(pool, fence, Write::Observe).await?;
    let row = Repository {
        id: repository,
        installation: InstallationId(1),
        owner: "acme".to_owned(),
        name: name.to_string(),
        default_branch: "main".to_owned(),
        private: true,
        removed: false,
    };
    repositories::put(&mut db, &row).await?;
    let environment = NewEnvironment {
        repository,
        name: "production".to_owned(),
        preview: None,
        host: format!("{name}.localhost"),
        on_registry_failure: OnRegistryFailure::default(),
    };
    let environment = environments::ensure(&mut db, &environment).await?.id;
    let stack = stacks::ensure(&mut db, environment, std::slice::from_ref(name)).await?.id;
    let deployment = NewDeployment {
        stack,
        trigger: Trigger::Push,
        delivery: None,
        rule: None,
        why: "it is a case".to_owned(),
        commit: Commit { sha: "0".repeat(40), ..Commit::default() },
        git_ref: "refs/heads/main".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: format!("{name}.localhost"),
        policy: Policy::Trusted,
        requested_by: None,
    };
    let deployment = deployments::create(&mut db, &deployment).await?;
    db.commit().await?;
    let release = NewRelease { deployment: deployment.id, spec, images: &[] };
    releases::insert(pool, fence, key, release).await?;
    let mut phase = Phase::Received;
    while let Some(step) = phase.step() {
        phase = deployments::advance(pool, fence, deployment.id, step, "").await?;
    }
    Ok(())
}

fn deps(
    cluster: Arc<Counted>,
    pool: Pool,
    key: Arc<SealKey>,
    holder: Uuid,
) -> anyhow::Result<berth_reconciler::Deps<Counted, SimBuilder>> {
    let settings = berth_reconciler::Settings {
        holder,
        seal_key: key,
        lease: Lease::USUAL,
        parallel: 4,
        parallel_builds: 2,
        resync: RESYNC,
        poll: Duration::from_millis(250),
        router: nowhere()?,
        tls_router: nowhere()?,
        tcp_routers: BTreeMap::new(),
        router_settles: Duration::from_secs(1),
        limits: berth_compose_templates::policy::Limits::default(),
        public_router: nowhere()?,
        public_network: None,
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        orphan_grace: Duration::from_secs(3_600),
        prune_limit: 25,
        kept: Kept::USUAL,
        executor: None,
        output: Keep::USUAL,
        output_rate: 500,
        clock: Clock::system(),
    };
    Ok(berth_reconciler::Deps {
        settings,
        pool,
        cluster,
        // Nothing is built: what runs is a release already.
        builder: Arc::new(SimBuilder::new(Arc::new(Sim::new(Clock::system())))),
        github: berth_github_app::Client::new(berth_github_app::Settings {
            api_url: nowhere()?,
            web_url: nowhere()?,
            user_agent: "berth/drift".to_owned(),
            clock: Utc::now,
        })?,
        public_url: nowhere()?,
        board: berth_reconciler::status::Board::new(),
        tasks: tasks::Board::default(),
    })
}

/// Runs one statement.
fn psql(url: &str, sql: &str) -> anyhow::Result<()> {
    let bin = std::env::var_os("PG_BIN").map(std::path::PathBuf::from).unwrap_or_default();
    let output = Command::new(bin.join("psql"))
        .args([url, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql])
        .output()
        .context("failed to run psql")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The same server, another database.
fn beside(url: &str, name: &str) -> String {
    let (head, query) =
        url.split_once('?').map_or((url, None), |(head, query)| (head, Some(query)));
    let base = head.rsplit_once('/').map_or(head, |(base, _)| base);
    query.map_or_else(|| format!("{base}/{name}"), |query| format!("{base}/{name}?{query}"))
}
