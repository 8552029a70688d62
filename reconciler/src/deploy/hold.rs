//! What holds a deployment up: it waits, says why, and can be stopped meanwhile.
//! And what becomes of the stack where it fails.

use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::cluster::Cluster;
use berth_domain::deployment::{OnFailure, Phase, Reason, Step};
use berth_domain::ids::DeploymentId;
use berth_store::acts::Kind;
use berth_store::deployments::{Deployment, Frozen, Holds, Trigger};
use berth_store::leases::Fence;
use berth_store::stacks::LiveStack;
use berth_store::{deployments, environments, releases, stacks};

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
    /// Why a step can't be taken now, and how long that is so if nobody changes it;
    /// [`None`] where it can.
    pub(super) async fn held_up(&self, step: Step) -> Result<Option<Hold>, PassError> {
        let (pool, id) = (&self.engine.pool, self.id());
        let holds = deployments::holds(pool, id).await?;
        let hold = judge(step, &holds);
        if hold.is_none() && holds.waits {
            stacks::go_on(pool, self.fence, id).await?;
        }
        Ok(hold)
    }

    /// The deployment fails, and says what becomes of what it applied.
    pub(super) async fn fail(
        &self,
        step: Step,
        mut reason: Reason,
    ) -> Result<Option<Phase>, PassError> {
        let (pool, stack) = (&self.engine.pool, self.stack.id);
        // A restart is of what is gone back to: as far as it came, it stays.
        if touches(step) && self.context.deployment.trigger != Trigger::Restart {
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
    pub(super) async fn wait(&self, hold: &Hold) -> Result<Next, PassError> {
        let next =
            wait(self.engine, self.fence, self.stack, (self.id(), &hold.why, hold.act)).await?;
        Ok(match (next, hold.left) {
            (next, None) => next,
            (Next::OnChange, Some(left)) => Next::After(left),
            (Next::After(wait), Some(left)) => Next::After(wait.min(left)),
        })
    }
}

/// What holds a deployment up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    why: String,
    /// What it is written down as, where it is not told already of whoever did it.
    act: Option<Kind>,
    left: Option<Duration>,
}

/// What of all that would hold a deployment up does so at this step: a pause at
/// each that touches the cluster, the others until it began to be applied.
fn judge(step: Step, holds: &Holds) -> Option<Hold> {
    if !touches(step) {
        return None;
    }
    if let Some(who) = &holds.paused_by {
        return Some(Hold { why: format!("{who} paused the stack"), act: None, left: None });
    }
    if step != Step::Apply || holds.applying {
        return None;
    }
    if holds.unapproved {
        let why = "its environment is protected, and somebody has to approve it".to_owned();
        return Some(Hold { why, act: Some(Kind::Held), left: None });
    }
    let Frozen { until, left, reason } = holds.frozen.as_ref()?;
    let until = until.format("%Y-%m-%d %H:%M UTC");
    let why = format!("its environment is frozen until {until}: {reason}");
    // Not a moment too early, or it would be asked again and again.
    Some(Hold { why, act: Some(Kind::Held), left: Some(*left + Duration::from_millis(50)) })
}

/// What keeps a deployment from being applied, in words; [`None`] where nothing does.
pub(super) fn words(holds: &Holds) -> Option<String> {
    judge(Step::Apply, holds).map(|hold| hold.why)
}

/// Has a deployment wait for a change, having said what for. Whoever brings the
/// change about has the stack looked at again. What serves meanwhile is kept as it
/// should be.
pub(crate) async fn wait<C: Cluster, B: Builder>(
    engine: &Engine<C, B>,
    fence: Fence,
    stack: &LiveStack,
    (id, why, act): (DeploymentId, &str, Option<Kind>),
) -> Result<Next, PassError> {
    let deployment = deployments::get(&engine.pool, id).await?;
    if deployment.cancel_requested_at.is_some() {
        let why = why_stopped(&deployment);
        settled(deployments::cancel(&engine.pool, fence, id, &why).await)?;
        return Ok(Next::After(Duration::ZERO));
    }
    stacks::wait(&engine.pool, fence, id, why, act).await?;
    // Until it is applied, the stack is to be what succeeded last.
    let untouched = !stack.paused
        && !stack.keeps_failed
        && !deployments::holds(&engine.pool, id).await?.applying;
    match releases::last_succeeded(&engine.pool, stack.id).await? {
        Some(good) if untouched => {
            let stack = LiveStack { release: Some(good), ..stack.clone() };
            reconcile::keep(engine, fence, &stack).await
        }
        Some(_) | None => reconcile::only_look(engine, fence, stack).await,
    }
}

/// Why a deployment is stopped that somebody wants stopped.
pub(super) fn why_stopped(deployment: &Deployment) -> String {
    match &deployment.rejected {
        Some((who, why)) => format!("rejected by {who}: {why}"),
        None => "somebody stopped it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn once_it_is_being_applied_only_a_pause_holds_a_deployment_up() {
        let second = Duration::from_secs(1);
        let until = DateTime::UNIX_EPOCH;
        let frozen = Some(Frozen { until, left: second, reason: "Black Friday".to_owned() });
        let none = Holds::default();
        let unpaused = Holds { unapproved: true, frozen: frozen.clone(), ..none.clone() };
        let all = Holds { paused_by: Some("Ada".to_owned()), ..unpaused.clone() };
        let late = Holds { applying: true, ..unpaused.clone() };
        for step in Step::ALL {
            assert_eq!(judge(step, &none), None, "{step:?}");
            let paused = judge(step, &all).map(|hold| (hold.why, hold.left));
            let pause = ("Ada paused the stack".to_owned(), None);
            assert_eq!(paused, touches(step).then_some(pause), "{step:?}");
            assert_eq!(judge(step, &unpaused).is_some(), step == Step::Apply, "{step:?}");
            assert_eq!(judge(step, &late), None, "{step:?}");
        }
        let thaw = judge(Step::Apply, &Holds { frozen, ..none }).unwrap();
        assert_eq!(thaw.why, "its environment is frozen until 1970-01-01 00:00 UTC: Black Friday");
        assert!(thaw.left > Some(second), "{:?}", thaw.left);
    }
}
