//! Restarting: the same release, with new tasks.
//!
//! Swarm replaces a service's tasks, as its update settings say, when its counter of
//! forced updates rises ([`ServiceSpec::force_updates`]). So a restart has every
//! service that it names be forced once more than it was, and is otherwise a
//! deployment like any other: planned, applied, judged.
//!
//! How often it was is asked of Swarm, because a hand may have forced it too: a
//! number of our own could be behind that, and then nothing would be replaced. It is
//! asked once, and what follows is written down before anything is applied. A kill
//! before that changed nothing, and one after it finds the number: a service that
//! has come that far is done, and is not restarted twice. Where a hand forces one
//! between the two, its tasks are new, and that is all that was asked for.
//!
//! The release itself does not say it, so nothing is left to heal once the
//! deployment is over: no later one restarts a service because of an earlier
//! restart, and what a hand takes back afterwards is no drift.
//!
//! [`ServiceSpec::force_updates`]: berth_domain::stack::ServiceSpec::force_updates

use std::collections::BTreeMap;

use berth_domain::build::Builder;
use berth_domain::cluster::Cluster;
use berth_domain::stack::StackSpec;
use berth_store::deployments;

use super::cluster::away;
use super::{Run, StepError};
use crate::reconcile;

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Settles how often each service is to be forced, unless that is settled.
    pub(super) async fn count_restarts(&mut self) -> Result<(), StepError> {
        let restarts = &self.context.deployment.restarts;
        if restarts.values().all(Option::is_some) {
            return Ok(());
        }
        let seen = reconcile::observe(self.engine, self.stack).await.map_err(away)?;
        let mut forced = BTreeMap::new();
        for (name, times) in restarts {
            let live = seen.services.get(name).and_then(|is| is.spec.as_ref());
            let live = live.map_or(0, |is| is.force_updates);
            forced.insert(name.clone(), times.unwrap_or_else(|| live.saturating_add(1)));
        }
        deployments::keep_restarts(&self.engine.pool, self.fence, self.id(), &forced).await?;
        let settled = forced.into_iter().map(|(name, times)| (name, Some(times)));
        self.context.deployment.restarts = settled.collect();
        Ok(())
    }

    /// `spec`, with the services that are restarted forced as often as is settled.
    pub(super) fn with_restarts(&self, mut spec: StackSpec) -> StackSpec {
        for (name, times) in &self.context.deployment.restarts {
            if let (Some(service), Some(times)) = (spec.services.get_mut(name), times) {
                service.force_updates = *times;
            }
        }
        spec
    }
}
