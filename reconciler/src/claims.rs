//! Giving back what a stack's routes no longer claim.
//!
//! A deployment takes claims before its release is applied; what the release
//! does without is given back here, once nothing on the cluster serves it any
//! more. So a host is never two stacks' at once, not even for a moment.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::cluster::Desired;
use berth_domain::stack::Claim;
use berth_store::claims;
use berth_store::leases::Fence;
use berth_store::stacks::LiveStack;

use crate::engine::Engine;
use crate::error::PassError;

/// Makes a stack's claims those of its release. The cluster must be as the
/// release says.
pub(crate) async fn settle<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    desired: &Desired,
) -> Result<(), PassError> {
    let Some(release) = stack.release else { return Ok(()) };
    if engine.is_settled(stack.id, release, fence) {
        return Ok(());
    }
    match claims::settle(&engine.pool, fence, stack.id, &of(desired)).await {
        Ok(contested) => {
            for one in contested {
                tracing::warn!(stack.name = %stack.name, "stack `{}` answers where {one}", stack.name);
            }
            engine.settle(stack.id, release, fence);
            Ok(())
        }
        // It went meanwhile.
        Err(berth_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The same for many, of which most are settled: those cost one query in all.
pub(crate) async fn settle_all<C, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stacks: &[&LiveStack],
) -> Result<(), PassError> {
    let open = |stack: &&&LiveStack| {
        stack.release.is_some_and(|release| !engine.is_settled(stack.id, release, fence))
    };
    let open: Vec<&LiveStack> = stacks.iter().filter(open).copied().collect();
    if open.is_empty() {
        return Ok(());
    }
    let mut held: BTreeMap<String, BTreeSet<Claim>> = BTreeMap::new();
    for one in claims::all(&engine.pool).await? {
        held.entry(one.stack).or_default().insert(one.claim);
    }
    for stack in open {
        let desired = match engine.desired(stack).await {
            // A release that can't be read leaves its stack alone, and no other.
            Err(PassError::Store(berth_store::Error::NotFound { .. })) => continue,
            other => other?,
        };
        let Some((release, desired)) = stack.release.zip(desired) else { continue };
        if held.remove(stack.name.as_str()).unwrap_or_default() == of(&desired) {
            engine.settle(stack.id, release, fence);
        } else {
            settle(engine, fence, stack, &desired).await?;
        }
    }
    Ok(())
}

fn of(desired: &Desired) -> BTreeSet<Claim> {
    match desired {
        Desired::Present(spec) => spec.claims(),
        Desired::Absent => BTreeSet::new(),
    }
}
