//! How many lists a resync asks a real Swarm for: as many for four stacks as
//! for one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use berth_domain::cluster::{Action, Cluster as _, Desired, Known, ObservedStack};
use berth_domain::ids::StackName;
use berth_domain::stack::{Attachment, FileSpec, Mode, NetworkSpec, ServiceSpec, StackSpec};
use berth_reconciler::plan::{Prune, is_gone, plan};
use berth_swarm::{Endpoint, Swarm};
use berth_tests::docker::Docker;
use uuid::Uuid;

/// How many stacks there are when there are many.
const MANY: usize = 4;

/// How long the Swarm may take to let go of them.
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts, with stacks that are made for it and removed again.
pub(super) async fn count() -> anyhow::Result<u64> {
    let endpoint: Endpoint = Docker::from_env().host.parse()?;
    // An instance of its own: nothing that is there already is looked at.
    let swarm = Swarm::new(&endpoint, Some(&Uuid::now_v7().to_string()));
    let names = (0..MANY)
        .map(|number| StackName::parse(&format!("berth-bench-{}-{number}", std::process::id())))
        .collect::<Result<Vec<_>, _>>()?;
    let counted = compare(&swarm, &names).await;
    for name in &names {
        remove(&swarm, name).await.with_context(|| format!("failed to remove {name}"))?;
    }
    counted
}

async fn compare(swarm: &Swarm, names: &[StackName]) -> anyhow::Result<u64> {
    let (first, others) = names.split_first().context("no stacks")?;
    make(swarm, first).await?;
    let one = resync(swarm, 1).await?;
    for name in others {
        make(swarm, name).await?;
    }
    let many = resync(swarm, MANY).await?;
    if one != many {
        bail!("a resync of 1 stack asks for {one} lists, of {MANY} stacks for {many}");
    }
    Ok(many)
}

/// One look at all stacks, and how many lists it asked for.
async fn resync(swarm: &Swarm, stacks: usize) -> anyhow::Result<u64> {
    let before = swarm.list_calls();
    let seen: BTreeMap<StackName, ObservedStack> =
        swarm.observe_all(Known::default()).await?.collect();
    let lists = swarm.list_calls() - before;
    let whole = |stack: &ObservedStack| {
        stack.services.len() == 2 && stack.networks.len() == 1 && stack.configs.len() == 1
    };
    if seen.len() != stacks || !seen.values().all(whole) {
        bail!("{stacks} stacks are there, and a look saw {seen:?}");
    }
    Ok(lists)
}

/// Two services that ask for no tasks: how many run makes no difference to how
/// often Docker is asked.
async fn make(swarm: &Swarm, name: &StackName) -> anyhow::Result<()> {
    let mut spec = StackSpec::default();
    let network = name.scope("default");
    spec.networks.insert(network.clone(), NetworkSpec::default().into());
    let settings = FileSpec { data: b"page_size = 50".to_vec(), ..FileSpec::default() };
    spec.configs.insert(name.scope("settings"), settings.into());
    for service in ["web", "worker"] {
        let wanted = ServiceSpec {
            image: "berth-demo/base:1".to_owned(),
            mode: Mode::Replicated { replicas: 0 },
            networks: vec![Attachment { network: network.clone(), ..Attachment::default() }],
            ..ServiceSpec::default()
        };
        spec.services.insert(service.to_owned(), wanted.into());
    }
    let desired = Desired::Present(Box::new(spec));
    let plan = plan(&desired, &ObservedStack::default(), &Prune::all());
    carry_out(swarm, name, plan.actions()).await
}

async fn remove(swarm: &Swarm, name: &StackName) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let observed = swarm.observe(name).await?;
        if is_gone(&observed) {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("it does not go away");
        }
        let plan = plan(&Desired::Absent, &observed, &Prune::all());
        carry_out(swarm, name, plan.actions()).await?;
    }
}

async fn carry_out(swarm: &Swarm, name: &StackName, actions: &[Action]) -> anyhow::Result<()> {
    for action in actions {
        swarm.apply(name, action).await.with_context(|| format!("failed to apply `{action}`"))?;
    }
    Ok(())
}
