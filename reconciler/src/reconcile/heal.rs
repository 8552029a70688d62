//! Putting back what differs from a stack's release: what is to be done about it,
//! less what would be in vain.

use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::{Action, Cluster, ObservedStack, UpdateState};
use berth_domain::health::Health;
use berth_domain::ids::{ReleaseId, StackId};
use berth_store::leases::Fence;
use berth_store::releases;
use berth_store::stacks::{self, LiveStack};

use super::{apply, look_again, names, observe, see, store_report};
use crate::acts;
use crate::claims;
use crate::engine::Engine;
use crate::error::{PassError, Remedy};
use crate::fight;
use crate::plan::{Plan, Prune, plan};
use crate::queue::Next;
use crate::report::Report;

/// How often a service is put back that Swarm takes away each time.
const HEALS: u32 = 2;

/// Undoes what is not as it should be, where no deployment is being applied.
pub(super) async fn heal<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
) -> Result<Next, PassError> {
    let observed = observe(engine, stack).await?;
    let desired = engine.desired(stack).await?;
    let Some((release, desired)) = stack.release.zip(desired) else {
        let seen = see(engine, None, &observed, &Plan::default());
        store_report(engine, fence, stack, seen).await?;
        return Ok(Next::OnChange);
    };

    let prune = Prune::On { keep: names(&desired) };
    let plan = plan(&desired, &observed, &prune);
    let seen = see(engine, Some(&desired), &observed, &plan);
    if !plan.is_empty() {
        // What never succeeded is not worth restoring: a deployment that was
        // replaced half way may have left its release behind.
        let good = releases::last_succeeded(&engine.pool, stack.id).await?;
        if good != Some(release) && stack.keeps_failed {
            // Somebody wants to look into it: it is shown, and not worked on.
            let next = look_again(engine, &seen);
            store_report(engine, fence, stack, seen).await?;
            return Ok(next);
        }
        if good != Some(release) {
            stacks::set_release(&engine.pool, fence, stack.id, good).await?;
            return Ok(Next::After(Duration::ZERO));
        }
        return put_back(engine, fence, (stack, release), &plan, (&observed, seen)).await;
    }
    let next = look_again(engine, &seen);
    engine.is_whole(stack.id);
    store_report(engine, fence, stack, seen).await?;
    // What a deployment claimed that still waits is not given back.
    if stack.open_deployment.is_none() {
        claims::settle(engine, fence, stack, &desired).await?;
    }
    Ok(next)
}

/// Carries out what heals a stack, less what would be in vain.
async fn put_back<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    (stack, release): (&LiveStack, ReleaseId),
    plan: &Plan,
    (observed, mut seen): (&ObservedStack, Report),
) -> Result<Next, PassError> {
    let now = engine.settings.clock.now();
    let mut next = look_again(engine, &seen);
    let mut bouts = engine.bouts(stack, fence);
    let held = fight::hold(plan.actions(), &seen.differences, &bouts, now);
    if !held.sentences.is_empty() {
        seen.message = held.sentences.join("; ");
    }
    if let Some(until) = held.until {
        next = next.or_after(until.signed_duration_since(now).to_std().unwrap_or_default());
    }
    let (actions, refused) =
        without_lost_causes(engine, stack.id, release, &held.actions, observed);
    if let Some(refused) = refused {
        seen.message = refused;
        seen.health = Health::Degraded;
    }
    if !actions.is_empty() {
        tracing::info!(stack.name = %stack.name, "heals stack `{}`", stack.name);
        next = Next::After(engine.settings.poll);
    }
    acts::store_healing(engine, fence, stack, seen.clone(), (&actions, &held.sentences)).await?;
    let (done, outcome) = apply_each(engine, fence, stack, &actions).await;
    if !done.is_empty() {
        fight::count(&mut bouts, &done, &seen.differences, now);
        engine.set_bouts(stack.id, fence, bouts);
    }
    if let Err(error) = &outcome
        && error.remedy() == Remedy::Park
    {
        // Docker will not take it: a person has to know.
        seen.message = chain(error);
        seen.health = Health::Degraded;
        store_report(engine, fence, stack, seen).await?;
    }
    outcome.map(|()| next)
}

/// Carries out actions as far as may be, and says which: what Docker refuses of one
/// object keeps no other from being put back. Only what is made anew with its
/// network needs that first.
async fn apply_each<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    actions: &[Action],
) -> (Vec<Action>, Result<(), PassError>) {
    let (mut done, mut outcome) = (Vec::new(), Ok(()));
    for action in actions {
        let of_network =
            matches!(action, Action::CreateNetwork { .. } | Action::RemoveNetwork { .. });
        match apply(engine, fence, stack, std::slice::from_ref(action)).await {
            Ok(()) => done.push(action.clone()),
            Err(error) if error.remedy() == Remedy::Park && !of_network => {
                // The first is what a person is told of.
                outcome = outcome.and(Err(error));
            }
            Err(error) => return (done, Err(error)),
        }
    }
    (done, outcome)
}

/// The actions less the updates that Swarm takes back each time.
fn without_lost_causes<C, B>(
    engine: &Engine<C, B>,
    stack: StackId,
    release: ReleaseId,
    actions: &[Action],
    observed: &ObservedStack,
) -> (Vec<Action>, Option<String>) {
    let mut refused = None;
    let mut kept = Vec::with_capacity(actions.len());
    for action in actions {
        if let Action::UpdateService { name, .. } = action
            && taken_back(observed, name)
            && engine.count_heal(stack, name, release) > HEALS
        {
            refused = Some(format!(
                "service `{name}` differs from its release, and Swarm takes each update back"
            ));
            continue;
        }
        kept.push(action.clone());
    }
    (kept, refused)
}

fn taken_back(observed: &ObservedStack, service: &str) -> bool {
    let update = observed.services.get(service).and_then(|is| is.update.as_ref());
    update.is_some_and(|update| match update.state {
        UpdateState::RollbackStarted
        | UpdateState::RollbackPaused
        | UpdateState::RollbackCompleted => true,
        UpdateState::Updating | UpdateState::Paused | UpdateState::Completed => false,
    })
}
