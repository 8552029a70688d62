//! A small world: one repository, one environment, and a reconciler or two.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use berth_compose_templates::policy::Limits;
use berth_domain::deployment::{Phase, Reason};
use berth_domain::facts::{ClusterFacts, NetworkFacts, NodeFacts};
use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, InstallationId, RepositoryId, RuleId, StackId, StackName};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_github_app::Client;
use berth_reconciler::clock::Clock;
use berth_reconciler::looks::Looks;
use berth_reconciler::settings::{Executor, Lease, Settings};
use berth_reconciler::sim::{Sim, SimBuilder};
use berth_reconciler::status::Board;
use berth_reconciler::{Deps, tasks};
use berth_store::deployments::{self, Commit, Deployment, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment, PullRequest};
use berth_store::installations::{self, Installation};
use berth_store::leases::{self, Guarded};
use berth_store::logs::Keep;
use berth_store::repositories::{self, Repository};
use berth_store::retention::Kept;
use berth_store::seal::SealKey;
use berth_store::stacks::{self, Stack};
use berth_store::views::events::{self, EventKind, Filter, What};
use chrono::DateTime;
use http::{Request, Response};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use sqlx::PgPool;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// A compose file with an image to build, one that is there, a config, a secret,
/// a volume and a route.
pub(crate) const SHOP: &str = r#"
services:
  web:
    build: .
    environment:
      COMMIT: ${BERTH_SHA}
    configs: [site]
    deploy:
      replicas: 2
      update_config: { monitor: 1s }
    x-berth:
      routes:
        - { port: 8080 }
  store:
    image: redis:7
    volumes: ["data:/data"]
    secrets: [key]
    deploy:
      update_config: { monitor: 1s }
configs:
  site:
    content: "commit ${BERTH_SHORT_SHA}"
secrets:
  key:
    file: key.txt
volumes:
  data: {}
"#;

/// A world of one stack, `shop`.
pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) sim: Arc<Sim>,
    pub(crate) builder: Arc<SimBuilder>,
    pub(crate) clock: Clock,
    pub(crate) stack: StackId,
    /// Of the deployments that are made next.
    pub(crate) policy: Policy,
    /// Of those that are started next.
    pub(crate) executor: Option<Executor>,
    pub(crate) rule: Option<(RuleId, String)>,
    pub(crate) key: Arc<SealKey>,
    router: Url,
    folder: TempDir,
    commits: u32,
    _router: JoinSet<()>,
}

/// A reconciler that runs until it is stopped or dropped; dropped, it is as good
/// as killed.
pub(crate) struct Berth {
    pub(crate) board: Board,
    pub(crate) tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Berth {
    /// Stops it, as a person would.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(done) = self.tasks.join_next().await {
            done.unwrap();
        }
    }

    /// Kills it: nothing that it was doing is finished.
    pub(crate) async fn kill(mut self) {
        self.tasks.shutdown().await;
    }
}

impl World {
    pub(crate) async fn new(pool: PgPool) -> Self {
        let now = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let clock = Clock::stopped(now);
        let sim = Arc::new(Sim::new(clock.clone()));
        // The cluster's time flies: a window of a second is over at the next look.
        sim.set_step(Duration::from_secs(1));
        sim.set_facts(facts());
        let builder = Arc::new(SimBuilder::new(Arc::clone(&sim)));
        let (router, running) = router().await;
        let stack = seed(&pool).await;
        Self {
            pool,
            sim,
            builder,
            clock,
            stack,
            policy: Policy::Trusted,
            executor: None,
            rule: None,
            key: Arc::new(SealKey::generate()),
            router,
            folder: TempDir::new().unwrap(),
            commits: 0,
            _router: running,
        }
    }

    pub(crate) fn name(&self) -> StackName {
        StackName::parse("shop").unwrap()
    }

    /// One more stack, of the same repository.
    pub(crate) async fn another_stack(&self, name: &str) -> StackId {
        make_stack(&self.pool, name, None).await
    }

    /// A preview of pull request `number`.
    pub(crate) async fn a_preview(&self, number: i64) -> StackId {
        let of = PullRequest { number, title: String::new(), author: "ann".to_owned() };
        make_stack(&self.pool, &format!("shop-pr-{number}"), Some(of)).await
    }

    /// Starts a reconciler.
    pub(crate) fn start(&self, holder: u128) -> Berth {
        let board = Board::new();
        let deps = self.deps(holder, board.clone());
        let stop = CancellationToken::new();
        let mut running = JoinSet::new();
        running.spawn(berth_reconciler::run(deps, stop.clone()));
        Berth { board, tasks: running, stop }
    }

    /// Looks at every stack as the leader, with no loops around it.
    pub(crate) async fn looks(&self, holder: u128) -> Looks<Sim, SimBuilder> {
        let (leader, long) = (Uuid::from_u128(holder), Duration::from_secs(600));
        let fence = leases::acquire(&self.pool, leader, long).await.unwrap().unwrap();
        Looks::new(self.deps(holder, Board::new()), fence)
    }

    fn deps(&self, holder: u128, board: Board) -> Deps<Sim, SimBuilder> {
        let settings = Settings {
            holder: Uuid::from_u128(holder),
            seal_key: Arc::clone(&self.key),
            lease: Lease {
                ttl: Duration::from_secs(30),
                renew: Duration::from_millis(200),
                give_up: Duration::from_secs(20),
                watch: Duration::from_millis(20),
            },
            parallel: 8,
            parallel_builds: 2,
            resync: Duration::from_secs(60),
            poll: Duration::from_millis(5),
            router: self.router.clone(),
            tls_router: Url::parse("https://127.0.0.1:1").unwrap(),
            tcp_routers: BTreeMap::new(),
            router_settles: Duration::from_millis(5),
            public_router: Url::parse("http://localhost:8088").unwrap(),
            public_network: Some("public".to_owned()),
            entrypoints: Vec::new(),
            tls_entrypoints: Vec::new(),
            orphan_grace: Duration::from_secs(3600),
            prune_limit: 25,
            executor: self.executor.clone(),
            kept: Kept::USUAL,
            output: Keep::USUAL,
            output_rate: 500,
            limits: Limits { registries: vec!["docker.io".to_owned()], ..Limits::default() },
            clock: self.clock.clone(),
        };
        let unused = Url::parse("http://127.0.0.1:1").unwrap();
        let github = Client::new(berth_github_app::Settings {
            api_url: unused.clone(),
            web_url: unused.clone(),
            user_agent: "berth/test".to_owned(),
            clock: || DateTime::UNIX_EPOCH,
        });
        Deps {
            settings,
            pool: self.pool.clone(),
            cluster: Arc::clone(&self.sim),
            builder: Arc::clone(&self.builder),
            github: github.unwrap(),
            public_url: unused,
            board,
            tasks: tasks::Board::default(),
        }
    }

    /// Pushes a commit with this compose file, and has it deployed.
    pub(crate) async fn push(&mut self, compose: &str) -> DeploymentId {
        self.push_to(self.stack, compose).await
    }

    /// The same, for another stack than `shop`.
    pub(crate) async fn push_to(&mut self, stack: StackId, compose: &str) -> DeploymentId {
        self.commits += 1;
        let sha = format!("{:040x}", self.commits);
        let path = self.folder.path().join(&sha);
        write(&path, compose);
        self.builder.commit(&sha, path);
        self.deploy_to(stack, &sha).await
    }

    pub(crate) async fn deploy(&self, sha: &str) -> DeploymentId {
        self.deploy_to(self.stack, sha).await
    }

    async fn deploy_to(&self, stack: StackId, sha: &str) -> DeploymentId {
        let new = NewDeployment {
            stack,
            trigger: Trigger::Push,
            delivery: None,
            rule: self.rule.clone(),
            why: "a push to main".to_owned(),
            commit: Commit { sha: sha.to_owned(), ..Commit::default() },
            git_ref: "refs/heads/main".to_owned(),
            compose_file: "compose.yaml".to_owned(),
            host: "shop.localhost".to_owned(),
            policy: self.policy,
            requested_by: None,
        };
        let mut db = berth_store::begin(&self.pool).await.unwrap();
        let made = deployments::create(&mut db, &new).await.unwrap();
        db.commit().await.unwrap();
        made.id
    }

    pub(crate) async fn deployment(&self, id: DeploymentId) -> Deployment {
        deployments::get(&self.pool, id).await.unwrap()
    }

    pub(crate) async fn row(&self) -> Stack {
        stacks::get(&self.pool, self.stack).await.unwrap()
    }

    /// Waits until a deployment is over.
    pub(crate) async fn ended(&self, id: DeploymentId) -> (Phase, Option<Reason>) {
        eventually("the deployment is over", async || {
            let deployment = self.deployment(id).await;
            let over = deployment.phase.is_over();
            over.then_some((deployment.phase, deployment.reason))
        })
        .await
    }

    /// Waits until a deployment has come as far as `phase`.
    pub(crate) async fn reached(&self, id: DeploymentId, phase: Phase) {
        eventually(&format!("the deployment is {phase}"), async || {
            (self.deployment(id).await.phase >= phase).then_some(())
        })
        .await;
    }

    /// Waits until a pass found the stack healthy, with nothing left to do. What a
    /// deployment says of its own progress is not that: the pass after it tidies up.
    pub(crate) async fn settled(&self) -> serde_json::Value {
        eventually("the stack is synced and healthy", async || {
            let row = self.row().await;
            let observed = row.observed?;
            let good = observed.get("synced")? == true && observed.get("health")? == "healthy";
            let after = *observed.get("reached")? == serde_json::json!(row.release);
            (good && after).then_some(observed)
        })
        .await
    }

    /// What was written down as done, newest first.
    pub(crate) async fn acts(&self) -> Vec<String> {
        let filter = Filter { kind: Some(EventKind::Berth), ..Filter::default() };
        let all = events::list(&self.pool, &filter, None, 50).await.unwrap();
        let acts = all.into_iter().filter_map(|event| match event.what {
            What::Act(act) => Some(act),
            What::Delivery(_) | What::Deployment(_) => None,
        });
        acts.map(|act| format!("{} {}: {}", act.kind, act.subject, act.detail)).collect()
    }

    /// What was done to the cluster, as lines.
    pub(crate) fn done(&self) -> Vec<String> {
        self.sim.applied().into_iter().map(|(_, line)| line).collect()
    }

    /// How often something was done to the cluster.
    pub(crate) fn times(&self, start: &str) -> usize {
        self.done().iter().filter(|line| line.starts_with(start)).count()
    }

    /// The images that services run, by name.
    pub(crate) fn images(&self) -> BTreeMap<String, String> {
        let seen = self.sim.peek(&self.name());
        let image = |spec: Option<&berth_domain::stack::ServiceSpec>| {
            spec.map(|spec| spec.image.clone()).unwrap_or_default()
        };
        seen.services.iter().map(|(name, is)| (name.clone(), image(is.spec.as_deref()))).collect()
    }
}

/// A cluster of one node, with the network that the router is on.
pub(crate) fn facts() -> ClusterFacts {
    let node = NodeFacts {
        id: "n1".to_owned(),
        name: "one".to_owned(),
        takes_tasks: true,
        manager: true,
        memory: 8 << 30,
        nano_cpus: 4_000_000_000,
        ..NodeFacts::default()
    };
    let public = NetworkFacts { swarm: true, subnets: Vec::new() };
    ClusterFacts {
        nodes: vec![node],
        networks: BTreeMap::from([("public".to_owned(), public)]),
        ..ClusterFacts::default()
    }
}

fn write(path: &Path, compose: &str) {
    std::fs::create_dir_all(path).unwrap();
    std::fs::write(path.join("compose.yaml"), compose).unwrap();
    std::fs::write(path.join("key.txt"), "a planted secret\n").unwrap();
}

async fn seed(pool: &PgPool) -> StackId {
    let installation = Installation {
        id: InstallationId(1),
        account_id: 10,
        account_login: "acme".to_owned(),
        account_kind: "Organization".to_owned(),
        repository_selection: "all".to_owned(),
        permissions: serde_json::json!({}),
        suspended_at: None,
    };
    installations::put(pool, &installation).await.unwrap();
    let repository = Repository {
        id: RepositoryId(100),
        installation: InstallationId(1),
        owner: "acme".to_owned(),
        name: "shop".to_owned(),
        default_branch: "main".to_owned(),
        private: true,
        removed: false,
    };
    let mut db = pool.acquire().await.unwrap();
    repositories::put(&mut db, &repository).await.unwrap();
    drop(db);

    make_stack(pool, "shop", None).await
}

async fn make_stack(pool: &PgPool, name: &str, preview: Option<PullRequest>) -> StackId {
    let holder = Uuid::from_u128(99);
    let fence = leases::acquire(pool, holder, Duration::from_secs(60)).await.unwrap().unwrap();
    let mut db = Guarded::begin(pool, fence, Write::Observe).await.unwrap();
    let environment = NewEnvironment {
        repository: RepositoryId(100),
        name: if name == "shop" { "production".to_owned() } else { name.to_owned() },
        preview,
        host: format!("{name}.localhost"),
        on_registry_failure: OnRegistryFailure::default(),
    };
    let environment = environments::ensure(&mut db, &environment).await.unwrap().id;
    let name = StackName::parse(name).unwrap();
    let stack = stacks::ensure(&mut db, environment, &[name]).await.unwrap().id;
    db.commit().await.unwrap();
    leases::release(pool, fence).await.unwrap();
    stack
}

/// A router that knows every host.
async fn router() -> (Url, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let mut running = JoinSet::new();
    running.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(|_: Request<hyper::body::Incoming>| async {
                Ok::<_, Infallible>(Response::new(http_body_util::Full::new(Bytes::new())))
            });
            let connection = hyper::server::conn::http1::Builder::new();
            drop(connection.serve_connection(TokioIo::new(stream), service).await);
        }
    });
    (address, running)
}

/// Asks until there is an answer. The bound is there for a bug, not for a slow
/// machine.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "gave up waiting until {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
