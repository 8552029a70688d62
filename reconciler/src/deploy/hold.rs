//! What holds a deployment up: it waits, says why, and can be stopped meanwhile.
//! And what becomes of the stack where it fails.

use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::cluster::Cluster;
use berth_domain::deployment::{OnFailure, Phase, Reason, Step};
use berth_domain::ids::DeploymentId;
use berth_store::leases::Fence;
use berth_store::stacks::LiveStack;
use berth_store::{deployments, environments, stacks};

use super::{Run, settled};
use crate::engine::Engine;
use crate::error::PassError;
use crate::queue::Next;
use crate::reconcile;

/// Whether a step is of the cluster. What comes before only makes things ready,
/// and need not wait for a stack that is paused.
pub(super) const fn touches(step: Step) -> bool {
    match step {
        Step::Fetch | Step::Build | Step::Render => false,
        Step::Apply | Step::Converge | Step::Route | Step::Finish => true,
    }
}

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Why a step can't be taken now; [`None`] where it can.
    pub(super) async fn held_up(&self, step: Step) -> Result<Option<String>, PassError> {
        if !touches(step) {
            return Ok(None);
        }
        let who = stacks::paused_by(&self.engine.pool, self.stack.id).await?;
        Ok(who.map(|who| format!("{who} paused the stack")))
    }

    /// The deployment fails, and says what becomes of what it applied.
    pub(super) async fn fail(
        &self,
        step: Step,
        mut reason: Reason,
    ) -> Result<Option<Phase>, PassError> {
        let (pool, stack) = (&self.engine.pool, self.stack.id);
        if touches(step) {
            let outcome = match environments::on_failure(pool, stack).await? {
                OnFailure::Keep => Some("What was applied is kept as it is.".to_owned()),
                OnFailure::Rollback => deployments::newest_succeeded(pool, stack)
                    .await?
                    .map(|number| format!("The stack goes back to #{number}.")),
            };
            if let Some(outcome) = outcome {
                reason.text.push('\n');
                reason.text.push_str(&outcome);
            }
        }
        settled(deployments::fail(pool, self.fence, self.id(), &reason).await)?;
        Ok(None)
    }

    /// See [`wait`].
    pub(super) async fn wait(&self, why: &str) -> Result<Next, PassError> {
        wait(self.engine, self.fence, self.stack, (self.id(), why)).await
    }
}

/// Has a deployment wait for a change, having said what for. Whoever brings the
/// change about has the stack looked at again.
pub(crate) async fn wait<C: Cluster, B>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    (id, why): (DeploymentId, &str),
) -> Result<Next, PassError> {
    if deployments::get(&engine.pool, id).await?.cancel_requested_at.is_some() {
        settled(deployments::cancel(&engine.pool, fence, id, "somebody stopped it").await)?;
        return Ok(Next::After(Duration::ZERO));
    }
    stacks::wait(&engine.pool, fence, id, why).await?;
    reconcile::only_look(engine, fence, stack).await
}
