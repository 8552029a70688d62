//! Stacks as they are once they were deployed: rows in Postgres, services in a
//! cluster in memory.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use berth_compose_templates as compose;
use berth_domain::cluster::{Cluster as _, Desired};
use berth_domain::fail_point::Write;
use berth_domain::ids::{InstallationId, RepositoryId, StackName};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::shared::Shared;
use berth_domain::stack::StackSpec;
use berth_reconciler::clock::Clock;
use berth_reconciler::looks::Looks;
use berth_reconciler::plan::{Prune, plan};
use berth_reconciler::sim::{Sim, SimBuilder};
use berth_store::deployments::{self, Commit, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment};
use berth_store::leases::{self, Fence, Guarded};
use berth_store::releases::{self, NewRelease};
use berth_store::repositories::{self, Repository};
use berth_store::seal::SealKey;
use berth_store::{Pool, stacks};
use uuid::Uuid;

use crate::{database, wiring};

const DATABASE: &str = "berth_bench_reconcile";

/// What each stack is of: five services with what such have.
const FILE: &str = include_str!("compose.yaml");

/// The commit that all of them run.
const SHA: &str = "5f1e0d7c3b9a48e6f2d1c0b7a69584736251403f";

/// Longer than a benchmark takes: nobody renews it here.
const TTL: Duration = Duration::from_secs(3_600);

/// A database and a cluster that agree with each other.
pub(super) struct Fleet {
    url: String,
    pool: Pool,
    key: Arc<SealKey>,
    fence: Fence,
    sim: Arc<Sim>,
    looks: Looks<Sim, SimBuilder>,
    size: usize,
}

impl Fleet {
    /// With no stacks yet.
    pub(super) async fn new() -> anyhow::Result<Self> {
        let url = database::fresh(DATABASE)?;
        // Nothing that is measured writes; a durable commit for each of some
        // ten thousand rows would only be waited for.
        database::psql(&url, &format!("alter database {DATABASE} set synchronous_commit = off"))?;
        let settings = berth_store::PoolSettings {
            max_connections: 2,
            acquire_timeout: Duration::from_secs(10),
        };
        let pool = berth_store::connect(&url.clone().into(), &settings).await?;
        berth_store::migrate(&pool).await?;
        let holder = Uuid::now_v7();
        let fence = leases::acquire(&pool, holder, TTL).await?.context("somebody leads")?;
        wiring::account(&pool).await?;
        let key = Arc::new(SealKey::generate());
        let sim = Arc::new(Sim::new(Clock::system()));
        let builder = Arc::new(SimBuilder::new(Arc::clone(&sim)));
        let parts = (pool.clone(), Arc::clone(&key), Arc::clone(&sim), builder);
        let deps = wiring::deps(holder, parts)?;
        let looks = Looks::new(deps, fence);
        Ok(Self { url, pool, key, fence, sim, looks, size: 0 })
    }

    /// Adds stacks until there are `size`, each deployed.
    pub(super) async fn fill(&mut self, size: usize) -> anyhow::Result<()> {
        for number in self.size..size {
            self.add(number).await.with_context(|| format!("failed to make stack {number}"))?;
        }
        self.size = size;
        database::psql(
            &self.url,
            "update deployment set phase = 'succeeded', finished_at = now()
             where finished_at is null",
        )?;
        database::psql(&self.url, "vacuum analyze").map(drop)
    }

    /// Looks at them until all of them run and are known.
    pub(super) async fn settle(&mut self) -> anyhow::Result<()> {
        let size = self.size;
        // Tasks that were made come to run by being looked at; the second look
        // stores what they came to.
        for _ in 0..3 {
            self.looks.look().await?;
        }
        let (stored, healthy) = (
            database::psql(&self.url, "select count(observed) from stack")?,
            database::psql(
                &self.url,
                "select count(*) from stack
                 where observed->>'health' = 'healthy' and (observed->>'synced')::bool
                   and jsonb_array_length(observed->'services') = 5",
            )?,
        );
        if stored != size.to_string() || healthy != stored {
            bail!("of {size} stacks, {stored} were seen and {healthy} of them well");
        }
        Ok(())
    }

    /// One look at all of them. An error where there was anything to do.
    pub(super) async fn look(&mut self) -> anyhow::Result<()> {
        let calls = self.sim.calls();
        let to_do = self.looks.look().await?;
        let now = self.sim.calls();
        if to_do > 0 || (now.observe, now.apply) != (calls.observe, calls.apply) {
            bail!("{to_do} stacks had something to do");
        }
        Ok(())
    }

    /// Drops the database.
    pub(super) async fn remove(self) -> anyhow::Result<()> {
        self.pool.close().await;
        drop(self.looks);
        database::drop(DATABASE)
    }

    async fn add(&self, number: usize) -> anyhow::Result<()> {
        let name = StackName::parse(&format!("shop-{number}"))?;
        let spec = spec_of(&name)?;

        let repository = RepositoryId(i64::try_from(number)? + 1);
        let mut db = Guarded::begin(&self.pool, self.fence, Write::Observe).await?;
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
        let stack = stacks::ensure(&mut db, environment, std::slice::from_ref(&name)).await?.id;
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
        let deployment = deployments::create(&mut db, &deployment).await?.id;
        db.commit().await?;
        let release = NewRelease { deployment, spec: &spec, images: &[] };
        let release = releases::insert(&self.pool, self.fence, &self.key, release).await?;

        let desired = self.looks.release(release).await?;
        let plan = plan(&desired, &self.sim.peek(&name), &Prune::all());
        for action in plan.actions() {
            self.sim.apply(&name, action).await?;
        }
        let Desired::Present(wanted) = desired.as_ref() else { bail!("it is not wanted") };
        self.sim.meddle(&name, |seen| {
            for (service, is) in &mut seen.services {
                let Some(wanted) = wanted.services.get(service) else { continue };
                // A real Swarm gives specs back with its defaults filled in. Where
                // there are none, the cluster keeps what it was given, and no copy:
                // it is not Berth's memory that would be measured.
                let live = wanted.canonical();
                is.spec = Some(if live == **wanted { wanted.clone() } else { Shared::new(live) });
            }
        });
        Ok(())
    }
}

fn spec_of(name: &StackName) -> anyhow::Result<StackSpec> {
    let text = |wrong: Vec<compose::Complaint>| {
        anyhow!("{}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let source = compose::Source { path: "compose.yaml".to_owned(), text: FILE.to_owned() };
    let variables = compose::Variables::from([
        ("BERTH_HOST".to_owned(), format!("{name}.localhost")),
        ("BERTH_SHA".to_owned(), SHA.to_owned()),
    ]);
    let folder = tempfile::tempdir()?;
    let beside = compose::Folder::checkout(folder.path());
    let settings = compose::Settings::default();
    let loaded = compose::load(&[source], &beside, &variables, &settings).map_err(text)?;
    let context = compose::StackContext {
        stack: name.clone(),
        images: compose::Variables::new(),
        public_network: Some("berth-public".to_owned()),
        entrypoints: Vec::new(),
        tls_entrypoints: Vec::new(),
        bind_root: None,
        restrictions: None,
    };
    let (spec, _notes) = loaded.to_stack(&context).map_err(text)?;
    if spec.services.len() != 5 {
        bail!("the benchmark's stack has {} services", spec.services.len());
    }
    Ok(spec)
}
