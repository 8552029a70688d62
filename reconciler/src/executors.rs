//! Executors, which act on single nodes: the leader keeps their service as it
//! should be, and says what they are to remove. `docs/adr/0020` says why so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use berth_domain::chain;
use berth_domain::cluster::{Cluster, Desired, ObservedStack};
use berth_domain::ids::StackName;
use berth_domain::map::Map;
use berth_domain::stack::{
    EndpointMode, FileRef, FileSpec, Mode, Mount, MountKind, Resources, RestartPolicy, ServiceSpec,
    StackSpec, UpdateConfig,
};
use berth_store::executors;
use berth_store::leases::Fence;
use berth_store::stacks::LiveStack;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::engine::Engine;
use crate::error::PassError;
use crate::node_prune::{Gone, Wanted, plan_node_prune};
use crate::plan::Plan;
use crate::settings;
use crate::survey;

/// How often it is decided what nodes are to remove, at most.
pub(crate) const EVERY: Duration = Duration::from_secs(30);

const SECOND: i64 = 1_000_000_000;
/// Where an executor looks for Docker, in its container.
const SOCKET: &str = "/var/run/docker.sock";

/// What is remembered between looks. Losing it costs a look more.
#[derive(Debug, Default)]
pub(crate) struct Executors {
    decided: Option<DateTime<Utc>>,
    /// Whether a look came too soon after that: another is to follow.
    pub(crate) behind: bool,
}

/// The name of the executors' stack.
fn stack_name(executor: &settings::Executor) -> Option<StackName> {
    let id = executor.instance.simple().to_string();
    // The first digits are the time, and two Berths may begin in one moment.
    StackName::parse(&format!("berth-executor-{}", id.get(20..)?)).ok()
}

/// The executors' stack, as it should be.
fn desired(name: &StackName, executor: &settings::Executor, token: &SecretString) -> StackSpec {
    let data = token.expose_secret().as_bytes().to_vec();
    let digest: String = Sha256::digest(&data).iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = name.scope(&format!("token_{}", digest.get(..8).unwrap_or_default()));
    let env = [
        ("BERTH_EXECUTOR_INSTANCE", executor.instance.to_string()),
        ("BERTH_EXECUTOR_SERVER", executor.server.to_string()),
        ("BERTH_EXECUTOR_TOKEN_FILE", "/run/secrets/token".to_owned()),
        ("BERTH_LOG_FORMAT", "json".to_owned()),
    ];
    let service = ServiceSpec {
        image: executor.image.clone(),
        written_image: executor.image.clone(),
        command: vec!["executor".to_owned()],
        env: env.into_iter().map(|(key, value)| (key.to_owned(), Some(value))).collect(),
        read_only: true,
        cap_drop: vec!["ALL".to_owned()],
        mounts: vec![Mount {
            kind: MountKind::Bind { propagation: None },
            source: Some(executor.socket.clone()),
            target: SOCKET.to_owned(),
            read_only: false,
            consistency: None,
        }],
        secrets: vec![FileRef {
            name: secret.clone(),
            target: "token".to_owned(),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: 0o400,
        }],
        mode: Mode::Global,
        resources: Resources { limit_memory: Some(128 << 20), ..Resources::default() },
        restart: Some(
            RestartPolicy {
                condition: "any".to_owned(),
                delay: Some(5 * SECOND),
                ..RestartPolicy::default()
            }
            .into(),
        ),
        update: Some(
            UpdateConfig {
                parallelism: 0,
                failure_action: "continue".to_owned(),
                order: "stop-first".to_owned(),
                ..UpdateConfig::default()
            }
            .into(),
        ),
        // Nobody asks anything of it.
        endpoint_mode: EndpointMode::Dnsrr,
        ..ServiceSpec::default()
    };
    StackSpec {
        services: BTreeMap::from([("executor".to_owned(), service.into())]),
        secrets: Map::from([(secret, FileSpec { data, ..FileSpec::default() }.into())]),
        ..StackSpec::default()
    }
}

/// The executors' stack, which no row asks for, where this Berth has one. A
/// follower does not know what it should be, and only knows that it is none of
/// the orphans; nor does a leader that can't read the token: the stacks do not wait
/// for that.
pub(crate) async fn wanted<C, B>(
    engine: &Engine<C, B>,
    fence: Option<Fence>,
) -> Option<survey::Wanted> {
    let executor = engine.settings.executor.as_ref()?;
    let name = stack_name(executor)?;
    let Some(fence) = fence else { return Some(survey::Wanted { name, desired: None }) };
    // Read each time: whoever takes it away wants another.
    let desired = match executors::token(&engine.pool, fence, &engine.settings.seal_key).await {
        Ok(token) => {
            let spec = desired(&name, executor, &token);
            Some(Arc::new(Desired::Present(Box::new(spec))))
        }
        Err(error) => {
            tracing::warn!("the executors are left as they are: {}", chain(&error));
            None
        }
    };
    Some(survey::Wanted { name, desired })
}

/// Brings the executors' stack to what it should be, as far as Docker lets it.
pub(crate) async fn keep<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    (name, plan): (&StackName, &Plan),
) -> Result<(), PassError> {
    for action in plan.actions() {
        engine.check(fence)?;
        tracing::info!(stack.name = %name, "applies `{action}` to the executors");
        if let Err(error) = engine.cluster.apply(name, action).await {
            tracing::warn!(
                "could not bring the executors to what they should be: {}",
                chain(&error)
            );
            return Ok(());
        }
    }
    Ok(())
}

/// Decides what is to be removed on nodes, after one complete look.
pub(crate) async fn tend<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    executors: &mut Executors,
    (stacks, services, left): (&[LiveStack], Vec<String>, &BTreeMap<StackName, ObservedStack>),
) -> Result<(), PassError> {
    if engine.settings.executor.is_none() {
        return Ok(());
    }
    let now = engine.settings.clock.now();
    let every = EVERY.min(engine.settings.resync);
    executors.behind = executors.decided.is_some_and(|last| now < last + every);
    if executors.behind {
        return Ok(());
    }
    executors.decided = Some(now);
    executors::name_images(&engine.pool, fence, &engine.settings.seal_key).await?;
    let known = executors::list(&engine.pool).await?;
    if known.is_empty() {
        return Ok(());
    }
    let wanted = wants(engine, &known, stacks, (services, left)).await?;
    let grace = engine.settings.orphan_grace;
    let mut news = Vec::new();
    for it in known {
        let plan = plan_node_prune(Some(&wanted), &it.told.report, &it.plan, grace, now);
        for planned in plan.iter().filter(|planned| !it.plan.contains(planned)) {
            tracing::info!(
                node.name = %it.told.hostname,
                "plans: {} on `{}`, not before {}", planned.item, it.told.hostname, planned.due
            );
        }
        if plan != it.plan {
            news.push((it.node, plan));
        }
    }
    if !news.is_empty() || executors::has_strays(&engine.pool).await? {
        executors::plan(&engine.pool, fence, &news).await?;
    }
    Ok(())
}

/// What is wanted of all that was reported.
async fn wants<C, B>(
    engine: &Engine<C, B>,
    known: &[executors::Executor],
    stacks: &[LiveStack],
    (mut services, left): (Vec<String>, &BTreeMap<StackName, ObservedStack>),
) -> Result<Wanted, PassError> {
    let reports = || known.iter().map(|it| &it.told.report);
    let names: BTreeSet<StackName> =
        reports().flat_map(|it| &it.volumes).map(|it| it.stack.clone()).collect();
    let keys: BTreeSet<String> =
        reports().flat_map(|it| &it.images).flat_map(|it| it.keys.clone()).collect();
    let mut gone: BTreeMap<StackName, Vec<Gone>> = BTreeMap::new();
    for it in executors::gone_stacks(&engine.pool, &names).await? {
        gone.entry(it.name).or_default().push(Gone { policy: it.policy, since: it.since });
    }
    services.extend(left.values().flat_map(|it| &it.services).map(|(_, it)| it.id.clone()));
    // What is left of a stack on the cluster goes before its volumes do.
    let left = left.iter().filter(|(_, it)| !it.services.is_empty());
    Ok(Wanted {
        stacks: stacks
            .iter()
            .map(|it| &it.name)
            .chain(left.map(|(name, _)| name))
            .cloned()
            .collect(),
        deploying: stacks
            .iter()
            .filter(|it| it.open_deployment.is_some())
            .map(|it| it.name.clone())
            .collect(),
        services: services.into_iter().collect(),
        gone,
        images: executors::kept_images(&engine.pool, &keys).await?,
        old_images: executors::old_images(&engine.pool, &keys).await?,
    })
}
