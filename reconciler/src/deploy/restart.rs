//! Restarting: new tasks, where nothing of the spec is new.
//!
//! Swarm replaces a service's tasks, as its update settings say, when its counter of
//! forced updates rises ([`ServiceSpec::force_updates`]). So a restart has every
//! service that it names be forced once more than it was, and is otherwise a
//! deployment like any other: planned, applied, judged.
//!
//! Any other deployment has it for what Swarm gave up ([`is_given_up`]), such as a
//! service whose restart attempts are used up: an update that changes nothing would
//! leave it as it lies there, and the deployment would fail without having tried.
//!
//! How often it was is asked of Swarm, because a hand may have forced it too: a
//! number of our own could be behind that, and then nothing would be replaced. It is
//! asked once for each service, and what follows is written down before anything is
//! applied. A kill before that changed nothing, and one after it finds the number: a
//! service that has come that far is done, and is not restarted twice. Where a hand
//! forces one between the two, its tasks are new, and that is all that was asked for.
//!
//! The release itself does not say it, so nothing is left to heal once the
//! deployment is over: no later one restarts a service because of an earlier
//! restart, and what a hand takes back afterwards is no drift.
//!
//! [`ServiceSpec::force_updates`]: berth_domain::stack::ServiceSpec::force_updates

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::build::Builder;
use berth_domain::cluster::{Cluster, ObservedStack};
use berth_domain::health::is_given_up;
use berth_domain::stack::StackSpec;
use berth_store::deployments::{self, Trigger};

use super::{Run, StepError};

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Settles how often each service that gets new tasks is to be forced, unless
    /// that is settled.
    pub(super) async fn settle_restarts(&mut self) -> Result<(), StepError> {
        let spec = self.spec().await?;
        let seen = self.look().await?;
        let (pool, id) = (&self.engine.pool, self.id());
        let restarts = &self.context.deployment.restarts;
        let mut names: BTreeSet<&String> =
            restarts.iter().filter(|(_, times)| times.is_none()).map(|(name, _)| name).collect();
        let mut lying = self.given_up(&spec, &seen);
        // A restart is of what it names.
        let restart = self.context.deployment.trigger == Trigger::Restart;
        lying.retain(|name| !restart && !restarts.contains_key(*name));
        // What Swarm gives up once there is a plan, this deployment's failure tells.
        if !lying.is_empty() && !deployments::is_planned(pool, id).await? {
            names.append(&mut lying);
        }
        if names.is_empty() {
            return Ok(());
        }
        let forced_once_more = |name: &String| {
            let live = seen.services.get(name).and_then(|is| is.spec.as_ref());
            live.map_or(0, |is| is.force_updates).saturating_add(1)
        };
        let forced: BTreeMap<String, u64> =
            names.into_iter().map(|name| (name.clone(), forced_once_more(name))).collect();
        deployments::keep_restarts(pool, self.fence, id, &forced).await?;
        let settled = forced.into_iter().map(|(name, times)| (name, Some(times)));
        self.context.deployment.restarts.extend(settled);
        Ok(())
    }

    /// The services that are as they should be, and that Swarm gave up. Jobs before
    /// or after a rollout are none: they run as the plan says.
    fn given_up<'a>(&self, spec: &'a StackSpec, seen: &ObservedStack) -> BTreeSet<&'a String> {
        let now = self.engine.settings.clock.now();
        let services = spec.services.iter().filter(|(name, _)| !spec.jobs.contains_key(*name));
        let given_up = services.filter(|(name, wanted)| {
            seen.services.get(*name).is_some_and(|is| {
                let same = is.spec.as_ref().is_some_and(|live| live.means(wanted));
                is.ours && same && is_given_up(wanted, is, now)
            })
        });
        given_up.map(|(name, _)| name).collect()
    }

    /// `spec`, with the services that are restarted forced as often as is settled.
    pub(super) fn with_restarts(&self, mut spec: Box<StackSpec>) -> Box<StackSpec> {
        for (name, times) in &self.context.deployment.restarts {
            if let (Some(service), Some(times)) = (spec.services.get_mut(name), times) {
                service.force_updates = *times;
            }
        }
        spec
    }
}
