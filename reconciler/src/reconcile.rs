//! A pass of one stack: what to do next, and when to look again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::{Action, Cluster, Desired, ObservedService, ObservedStack};
use berth_domain::health::Health;
use berth_domain::ids::{DeploymentId, StackId};
use berth_store::acts::NewAct;
use berth_store::deployments;
use berth_store::leases::Fence;
use berth_store::stacks::{self, LiveStack, Wanted};

use crate::deploy;
use crate::engine::Engine;
use crate::error::{PassError, Remedy};
use crate::plan::{Plan, Prune, is_gone, names_of, plan};
use crate::queue::Next;
use crate::report::{Report, report};
use crate::status::Link;
use crate::turns::Claim;

mod heal;

/// How long something stays parked that Docker refused, if nothing changes.
const PARKED: Duration = Duration::from_secs(60);

/// Works on a stack once, and says when to look again.
pub(crate) async fn pass<C: Cluster, B: Builder>(engine: Arc<Engine<C, B>>, id: StackId) -> Next {
    let Some(fence) = engine.fence() else { return Next::OnChange };
    match try_pass(&engine, fence, id).await {
        Ok(next) => next,
        Err(error) => after_error(&engine, id, &error),
    }
}

fn after_error<C, B>(engine: &Engine<C, B>, id: StackId, error: &PassError) -> Next {
    match error.remedy() {
        Remedy::Stop => {
            tracing::debug!(stack.id = %id, "a pass stopped: {}", chain(error));
            Next::OnChange
        }
        Remedy::Again => {
            tracing::debug!(stack.id = %id, "a pass starts over: {}", chain(error));
            // At once, unless it goes on like that.
            let wait = engine.failed(id);
            Next::After(wait.min(Duration::from_secs(5)))
        }
        Remedy::Wait => {
            let wait = engine.failed(id);
            tracing::warn!(stack.id = %id, error = %chain(error), "a pass failed and is tried again in {wait:.1?}: {}", chain(error));
            Next::After(wait)
        }
        Remedy::Park => {
            tracing::warn!(stack.id = %id, error = %chain(error), "a pass failed and waits for a change: {}", chain(error));
            Next::After(PARKED)
        }
    }
}

async fn try_pass<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    id: StackId,
) -> Result<Next, PassError> {
    let stack = stacks::live_one(&engine.pool, id).await?;
    let has_nothing_to_deploy =
        |stack: &LiveStack| stack.wanted == Wanted::Absent || stack.open_deployment.is_none();
    if stack.as_ref().is_none_or(has_nothing_to_deploy) {
        engine.turns.forget(id);
    }
    let Some(stack) = stack else { return Ok(Next::OnChange) };
    let next = match (stack.wanted, stack.open_deployment) {
        (Wanted::Absent, _) => return remove(engine, fence, &stack).await,
        (Wanted::Present, Some(deployment)) => {
            deploy_in_turn(engine, fence, &stack, deployment).await?
        }
        (Wanted::Present, None) => keep(engine, fence, &stack).await?,
    };
    engine.went_well(id);
    Ok(next)
}

/// Keeps a stack as its release says; where what differs is only to be shown, shows
/// it, and leaves it as it is.
pub(crate) async fn keep<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
) -> Result<Next, PassError> {
    if is_left_alone(engine, fence, stack) {
        only_look(engine, fence, stack).await
    } else {
        heal::heal(engine, fence, stack).await
    }
}

/// Whether what differs is shown and no more. Where only drift is, what the last
/// deployment left half done, or its failure has to take back, is not that: the
/// cluster was not yet what the release says.
fn is_left_alone<C, B>(engine: &Engine<C, B>, fence: Fence, stack: &LiveStack) -> bool {
    let shown = || stack.shows_drift && stack.release.is_some();
    stack.paused || shown() && engine.before(stack, fence).reached == stack.release
}

/// Moves a deployment on, once it is its turn.
async fn deploy_in_turn<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    id: DeploymentId,
) -> Result<Next, PassError> {
    let (rule, pace) = deployments::pace(&engine.pool, id).await?;
    let claim = Claim {
        priority: pace.priority,
        preview: stack.preview,
        limit: rule.zip(pace.at_once.map(usize::from)),
    };
    match engine.turns.take(stack.id, claim) {
        Ok(_turn) => deploy::drive(engine, fence, stack, id).await,
        Err(wait) => deploy::hold::wait(engine, fence, stack, (id, &wait.to_string(), None)).await,
    }
}

/// Shows how a stack is, and changes nothing.
pub(crate) async fn only_look<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
) -> Result<Next, PassError> {
    let observed = observe(engine, stack).await?;
    let desired = engine.desired(stack).await?;
    let plan = desired.as_deref().map_or_else(Plan::default, |desired| {
        plan(desired, &observed, &Prune::On { keep: names(desired) })
    });
    let seen = see(engine, desired.as_deref(), &observed, &plan);
    let next = look_again(engine, &seen);
    store_report(engine, fence, stack, seen).await?;
    Ok(next)
}

/// Removes a stack that nobody wants any more, until Docker has confirmed that
/// nothing of it is left.
async fn remove<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
) -> Result<Next, PassError> {
    let mut observed = observe(engine, stack).await?;
    if stack.keeps_volumes {
        // They are not this pass's: `node_prune` says when they go, if they do.
        observed.volumes.clear();
    }
    let desired = Desired::Absent;
    let plan = plan(&desired, &observed, &Prune::all());
    if is_gone(&observed) {
        stacks::mark_removed(&engine.pool, fence, stack.id).await?;
        engine.forget_report(stack.id);
        // What it left on nodes is decided by a look at everything.
        engine.look.notify_one();
        tracing::info!(stack.name = %stack.name, "stack `{}` is gone", stack.name);
        return Ok(Next::OnChange);
    }
    let mut seen = see(engine, Some(&desired), &observed, &plan);
    if seen.message.is_empty() {
        "it is being removed".clone_into(&mut seen.message);
    }
    // What Docker will not let go of yet, such as an image whose last container
    // is still being removed, keeps nothing else from going.
    let mut refused = None;
    for action in plan.actions() {
        match apply(engine, fence, stack, std::slice::from_ref(action)).await {
            Err(error) if error.remedy() == Remedy::Park => refused = Some(error),
            other => other?,
        }
    }
    if let Some(error) = &refused {
        seen.message = chain(error);
    }
    store_report(engine, fence, stack, seen).await?;
    if refused.is_some() {
        return Ok(Next::After(engine.failed(stack.id).min(PARKED)));
    }
    engine.went_well(stack.id);
    if plan.is_empty() && !plan.conflicts().is_empty() {
        return Ok(Next::After(PARKED));
    }
    Ok(Next::After(engine.settings.poll))
}

/// Looks at a stack.
pub(crate) async fn observe<C: Cluster, B>(
    engine: &Engine<C, B>,
    stack: &LiveStack,
) -> Result<ObservedStack, PassError> {
    let seen = engine.cluster.observe(&stack.name).await;
    engine.has_looked(stack.id);
    note_docker(engine, seen.as_ref().err());
    seen.map_err(PassError::Observe)
}

/// Looks at a stack's services alone.
pub(crate) async fn observe_services<C: Cluster, B>(
    engine: &Engine<C, B>,
    stack: &LiveStack,
) -> Result<BTreeMap<String, ObservedService>, PassError> {
    let seen = engine.cluster.observe_services(&stack.name).await;
    note_docker(engine, seen.as_ref().err());
    seen.map_err(PassError::Observe)
}

/// Carries out actions, one after another, for as long as we lead.
pub(crate) async fn apply<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    actions: &[Action],
) -> Result<(), PassError> {
    for action in actions {
        engine.check(fence)?;
        tracing::info!(stack.name = %stack.name, "applies `{action}` to stack `{}`", stack.name);
        let done = tokio::select! {
            done = engine.cluster.apply(&stack.name, action) => done,
            () = engine.deposed(fence) => return Err(PassError::Deposed),
        };
        note_docker(engine, done.as_ref().err());
        done.map_err(|source| PassError::Apply { action: action.to_string(), source })?;
    }
    Ok(())
}

/// What to show of a stack.
pub(crate) fn see<C, B>(
    engine: &Engine<C, B>,
    desired: Option<&Desired>,
    observed: &ObservedStack,
    plan: &Plan,
) -> Report {
    let now = engine.settings.clock.now();
    report(desired, observed, plan, &engine.settings.public_router, now)
}

/// Stores what was seen, if that is news.
pub(crate) async fn store_report<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    mut seen: Report,
) -> Result<(), PassError> {
    follow(engine, fence, stack, &mut seen);
    put_report(engine, fence, stack, &seen, &[]).await
}

/// As [`store_report`], of a stack that is being deployed: it is nothing as a
/// whole until that is over.
pub(crate) async fn store_progress<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    mut seen: Report,
) -> Result<(), PassError> {
    follow(engine, fence, stack, &mut seen);
    seen.reached = None;
    put_report(engine, fence, stack, &seen, &[]).await
}

/// As [`store_report`], where the row may say so already: after a start, nothing
/// is remembered, and yet nothing has changed.
pub(crate) async fn store_if_new<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    mut seen: Report,
) -> Result<(), PassError> {
    follow(engine, fence, stack, &mut seen);
    if engine.knows_no_report(stack.id, fence)
        && stack.observed.as_ref() == serde_json::to_value(&seen).ok().as_ref()
    {
        engine.remember_report(stack.id, fence, &seen);
        return Ok(());
    }
    put_report(engine, fence, stack, &seen, &[]).await
}

/// Has a report go on from the one before it.
pub(crate) fn follow<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    seen: &mut Report,
) {
    let before = engine.before(stack, fence);
    seen.follow(&before, engine.settings.clock.now());
    seen.reached = if seen.synced { stack.release } else { before.reached };
    seen.bouts = engine.bouts(stack, fence);
}

/// Stores a report, if that or what is about to be done is news.
pub(crate) async fn put_report<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    seen: &Report,
    acts: &[NewAct<'_>],
) -> Result<(), PassError> {
    if !engine.is_news(stack.id, fence, seen) && acts.is_empty() {
        return Ok(());
    }
    let value = serde_json::to_value(seen).unwrap_or_default();
    let stored = stacks::observe(&engine.pool, fence, stack.id, &value, acts).await;
    // Not before: a pass that is broken off meanwhile has told nobody.
    match &stored {
        Ok(()) => engine.remember_report(stack.id, fence, seen),
        Err(_) => {
            engine.forget_report(stack.id);
            engine.is_whole(stack.id);
        }
    }
    Ok(stored?)
}

/// The names that a release refers to.
pub(crate) fn names(desired: &Desired) -> BTreeSet<String> {
    match desired {
        Desired::Present(spec) => names_of(spec),
        Desired::Absent => BTreeSet::new(),
    }
}

/// When to look again at a stack that nothing is done about. Docker tells of no
/// task's change, so one that is not well is watched.
pub(crate) fn look_again<C, B>(engine: &Engine<C, B>, seen: &Report) -> Next {
    match seen.health {
        Health::Healthy if seen.synced => Next::OnChange,
        Health::Progressing => Next::After(engine.settings.poll * 4),
        Health::Healthy | Health::Degraded | Health::Unknown => {
            Next::After(engine.settings.poll * 20)
        }
    }
}

fn note_docker<C, B>(engine: &Engine<C, B>, error: Option<&berth_domain::cluster::ClusterError>) {
    use berth_domain::cluster::ClusterError;
    match error {
        Some(ClusterError::Unavailable { message }) => {
            engine.board.docker(Link::down(message.clone()));
        }
        Some(
            ClusterError::Stale { .. } | ClusterError::Rejected { .. } | ClusterError::Login(_),
        )
        | None => {
            engine.board.docker(Link::up());
        }
    }
}
