//! Many deployments queued at once: how many of them a minute Berth brings to
//! their end, with a cluster in memory and with the real one, and how many a bare
//! loop does that makes the same calls to the same Docker, as many stacks at once,
//! and knows no database, no phases and no restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use berth_compose_templates as compose;
use berth_domain::cluster::{Action, Cluster, ClusterError, Desired, ObservedStack};
use berth_domain::fail_point::Write;
use berth_domain::ids::{InstallationId, RepositoryId, StackName};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::stack::StackSpec;
use berth_reconciler::clock::Clock;
use berth_reconciler::plan::{Prune, is_gone, plan};
use berth_reconciler::progress::{Situation, Verdict, converged};
use berth_reconciler::sim::{Sim, SimBuilder};
use berth_store::deployments::{self, Commit, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment};
use berth_store::leases::{self, Guarded};
use berth_store::repositories::{self, Repository};
use berth_store::seal::SealKey;
use berth_store::{Pool, stacks};
use berth_swarm::{Endpoint, Swarm};
use berth_tests::docker::Docker;
use serde_json::{Map, Value};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::figures::figure;
use crate::{database, wiring};

/// How many deployments there are, unless `BERTH_BENCH_DEPLOYMENTS` says.
const MANY: usize = 100;

const DATABASE: &str = "berth_bench_throughput";
const SHA: &str = "5f1e0d7c3b9a48e6f2d1c0b7a69584736251403f";

/// Longer than one deployment's steps may take together.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Deploys them three times over.
pub(crate) fn run() -> anyhow::Result<Map<String, Value>> {
    let many = match std::env::var("BERTH_BENCH_DEPLOYMENTS") {
        Ok(said) => said.parse().context("BERTH_BENCH_DEPLOYMENTS is no number")?,
        Err(_) => MANY,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(many))
}

async fn measure(many: usize) -> anyhow::Result<Map<String, Value>> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("compose.yaml"), file())?;
    let names = (0..many)
        .map(|number| StackName::parse(&format!("berth-bench-{}-{number}", std::process::id())))
        .collect::<Result<Vec<_>, _>>()?;
    let rate = |seconds: f64| {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let many = many as f64;
        60.0 * many / seconds
    };

    let memory = Arc::new(Sim::new(Clock::system()));
    let memory = rate(berth(&memory, &names, folder.path()).await.context("in memory")?);
    println!("  {memory:.1} deployments a minute with the cluster in memory");

    let endpoint: Endpoint = Docker::from_env().host.parse()?;
    // An instance of its own: nothing that is there already is looked at.
    let swarm = Arc::new(Swarm::new(&endpoint, Some(&Uuid::now_v7().to_string())));
    let looped = bare(&swarm, &names, folder.path()).await;
    remove(&swarm, &names).await?;
    let looped = rate(looped.context("the bare loop")?);
    println!("  {looped:.1} a minute by a bare loop on the real Swarm");
    let real = berth(&swarm, &names, folder.path()).await;
    remove(&swarm, &names).await?;
    let real = rate(real.context("on the real Swarm")?);
    println!("  {real:.1} a minute by Berth on the real Swarm");
    println!("  ratio {:.3}", real / looped);
    Ok(Map::from_iter([
        ("ratio".to_owned(), figure(real / looped)),
        ("per_minute".to_owned(), figure(real)),
        ("per_minute_bare".to_owned(), figure(looped)),
        ("per_minute_memory".to_owned(), figure(memory)),
    ]))
}

/// Five services that start at once and stop at once.
fn file() -> String {
    let service = |name: &str| {
        format!(
            "  {name}:\n    image: berth-demo/base:1\n    command: [\"sh\", \"-c\", \"trap 'exit 0' TERM; sleep 100000 & wait\"]\n    stop_grace_period: 1s\n    deploy:\n      endpoint_mode: dnsrr\n      update_config: {{ monitor: 1s }}\n"
        )
    };
    let services: String = ["web", "api", "worker", "cache", "store"].map(service).concat();
    format!("services:\n{services}")
}

/// The seconds until Berth has brought all deployments to a good end.
async fn berth<C: Cluster>(
    cluster: &Arc<C>,
    names: &[StackName],
    folder: &Path,
) -> anyhow::Result<f64> {
    let url = database::fresh(DATABASE)?;
    let settings =
        berth_store::PoolSettings { max_connections: 20, acquire_timeout: Duration::from_secs(10) };
    let pool = berth_store::connect(&url.into(), &settings).await?;
    berth_store::migrate(&pool).await?;
    let holder = Uuid::now_v7();
    wiring::account(&pool).await?;
    queue(&pool, holder, names).await?;

    let builder = Arc::new(SimBuilder::new(Arc::new(Sim::new(Clock::system()))));
    builder.commit(SHA, folder.to_owned());
    let parts = (pool.clone(), Arc::new(SealKey::generate()), Arc::clone(cluster), builder);
    let deps = wiring::deps(holder, parts)?;
    let stop = CancellationToken::new();
    let began = Instant::now();
    let running = tokio::spawn(berth_reconciler::run(deps, stop.clone()));
    let over = timeout(PATIENCE, over(&pool)).await;
    let seconds = began.elapsed().as_secs_f64();
    stop.cancel();
    running.await?;
    let failed = over.context("they never end").flatten()?;
    pool.close().await;
    database::drop(DATABASE)?;
    if failed.is_empty() { Ok(seconds) } else { bail!("not all succeeded: {}", failed.join("; ")) }
}

/// Waits until every deployment is over, and gives why some did not succeed.
async fn over(pool: &Pool) -> anyhow::Result<Vec<String>> {
    loop {
        let live = stacks::live(pool).await?;
        if live.iter().all(|stack| stack.open_deployment.is_none()) {
            let mut failed = Vec::new();
            for stack in &live {
                let number = deployments::newest_succeeded(pool, stack.id).await?;
                if number.is_none() {
                    let id = berth_store::views::deployments::stack_id(pool, stack.name.as_str());
                    let row = berth_store::views::deployments::get(pool, id.await?, 1).await?;
                    failed.push(format!("{}: {:?}", row.stack, row.reason));
                }
            }
            return Ok(failed);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// One stack a name, each with a deployment that nobody has begun.
async fn queue(pool: &Pool, holder: Uuid, names: &[StackName]) -> anyhow::Result<()> {
    let lease = leases::acquire(pool, holder, Duration::from_secs(60)).await?;
    let fence = lease.context("somebody leads")?;
    for (number, name) in names.iter().enumerate() {
        let id = RepositoryId(i64::try_from(number)? + 1);
        let mut db = Guarded::begin(pool, fence, Write::Observe).await?;
        let repository = Repository {
            id,
            installation: InstallationId(1),
            owner: "acme".to_owned(),
            name: name.to_string(),
            default_branch: "main".to_owned(),
            private: true,
            removed: false,
        };
        repositories::put(&mut db, &repository).await?;
        let environment = NewEnvironment {
            repository: id,
            name: "production".to_owned(),
            preview: None,
            host: format!("{name}.localhost"),
            on_registry_failure: OnRegistryFailure::default(),
        };
        let environment = environments::ensure(&mut db, &environment).await?;
        let stack = stacks::ensure(&mut db, environment.id, std::slice::from_ref(name)).await?.id;
        let deployment = NewDeployment {
            stack,
            trigger: Trigger::Push,
            delivery: None,
            rule: None,
            why: "branch `main` matches `main`".to_owned(),
            commit: Commit { sha: SHA.to_owned(), ..Commit::default() },
            git_ref: "refs/heads/main".to_owned(),
            compose_file: "compose.yaml".to_owned(),
            host: format!("{name}.localhost"),
            policy: Policy::Trusted,
            requested_by: None,
        };
        deployments::create(&mut db, &deployment).await?;
        db.commit().await?;
    }
    leases::release(pool, fence).await?;
    Ok(())
}

/// The seconds until a loop that does nothing else has all stacks well.
async fn bare(swarm: &Arc<Swarm>, names: &[StackName], folder: &Path) -> anyhow::Result<f64> {
    let specs = names
        .iter()
        .map(|name| Ok((name.clone(), spec(name, folder)?)))
        .collect::<anyhow::Result<VecDeque<_>>>()?;
    let left = Arc::new(Mutex::new(specs));
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..wiring::PARALLEL {
        let (swarm, left) = (Arc::clone(swarm), Arc::clone(&left));
        workers.spawn(async move {
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some((name, spec)) = next else { return Ok(()) };
                make(&swarm, &name, spec).await.with_context(|| format!("stack {name}"))?;
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        let done: anyhow::Result<()> = done?;
        done?;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Makes a stack, and waits until it has been well for its monitor window.
async fn make(swarm: &Swarm, name: &StackName, spec: StackSpec) -> anyhow::Result<()> {
    let since = chrono::Utc::now();
    let changed: BTreeSet<String> = spec.services.keys().cloned().collect();
    let desired = Desired::Present(Box::new(spec.clone()));
    loop {
        let observed = swarm.observe(name).await?;
        let now = chrono::Utc::now();
        let situation = Situation {
            spec: &spec,
            observed: &observed,
            changed: &changed,
            since,
            deadline: now + PATIENCE,
        };
        match converged(&situation, now) {
            Some(Verdict::Reached) => return Ok(()),
            Some(Verdict::Failed(failure)) => bail!("{}", failure.text),
            None => {}
        }
        let plan = plan(&desired, &observed, &Prune::Off);
        if plan.is_empty() {
            sleep(wiring::POLL).await;
        }
        carry_out(swarm, name, plan.actions()).await?;
    }
}

/// What Berth makes of the file for a stack.
fn spec(name: &StackName, folder: &Path) -> anyhow::Result<StackSpec> {
    let text = |wrong: Vec<compose::Complaint>| {
        anyhow!("{}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let source = compose::Source { path: "compose.yaml".to_owned(), text: file() };
    let beside = compose::Folder::checkout(folder);
    let settings = compose::Settings::default();
    let variables = compose::Variables::new();
    let loaded = compose::load(&[source], &beside, &variables, &settings).map_err(text)?;
    let context = compose::StackContext {
        stack: name.clone(),
        images: BTreeMap::new(),
        public_network: Some("berth-public".to_owned()),
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: None,
        restrictions: None,
    };
    Ok(loaded.to_stack(&context).map_err(text)?.0)
}

/// Removes all of them, until nothing is left.
async fn remove(swarm: &Swarm, names: &[StackName]) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    for name in names {
        loop {
            let observed: ObservedStack = swarm.observe(name).await?;
            if is_gone(&observed) {
                break;
            }
            if Instant::now() > deadline {
                bail!("{name} does not go away");
            }
            let plan = plan(&Desired::Absent, &observed, &Prune::all());
            if plan.is_empty() {
                sleep(wiring::POLL).await;
            }
            carry_out(swarm, name, plan.actions()).await?;
        }
    }
    Ok(())
}

async fn carry_out(swarm: &Swarm, name: &StackName, actions: &[Action]) -> anyhow::Result<()> {
    for action in actions {
        match swarm.apply(name, action).await {
            // The next look sees what became of it.
            Err(ClusterError::Stale { .. }) => {
                sleep(wiring::POLL).await;
                return Ok(());
            }
            other => other.with_context(|| format!("failed to apply `{action}`"))?,
        }
    }
    Ok(())
}
