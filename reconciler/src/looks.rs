//! Looks at every stack, one when it is asked for and no loops around it: to
//! measure what a resync costs.

use std::sync::Arc;

use berth_domain::build::Builder;
use berth_domain::cluster::{Cluster, Desired};
use berth_domain::ids::ReleaseId;
use berth_store::leases::Fence;
use tokio_util::sync::CancellationToken;

use crate::Deps;
use crate::engine::{Engine, Parts};
use crate::error::PassError;
use crate::executors::Executors;
use crate::leading::{self, Lead};
use crate::run::look;
use crate::tasks::orphans::Orphans;

/// A look failed.
#[derive(Debug, thiserror::Error)]
#[error("failed to look at the stacks")]
pub struct LookFailed(#[source] PassError);

/// The reconciler's looks at every stack, without its loops. What it remembers
/// from one look to the next is what the running reconciler would.
#[derive(Debug)]
pub struct Looks<C, B> {
    engine: Engine<C, B>,
    orphans: Orphans,
    executors: Executors,
    fence: Fence,
    /// The engine's own way to know that it leads.
    _lead: Lead,
}

impl<C: Cluster, B: Builder> Looks<C, B> {
    /// Looks as the leader that `fence` stands for.
    #[must_use]
    pub fn new(deps: Deps<C, B>, fence: Fence) -> Self {
        let Deps { settings, pool, cluster, builder, github, public_url: _, board, tasks: _ } =
            deps;
        let (lead, leading) = leading::always(fence);
        let parts = Parts { settings, pool, cluster, builder, github, board };
        let engine = Engine::new(parts, leading, CancellationToken::new());
        Self {
            engine,
            orphans: Orphans::new(),
            executors: Executors::default(),
            fence,
            _lead: lead,
        }
    }

    /// What a release says, held from now on, as a look would have it.
    ///
    /// # Errors
    ///
    /// Where the database did not answer, or has no such release.
    pub async fn release(&self, id: ReleaseId) -> Result<Arc<Desired>, LookFailed> {
        self.engine.release(id).await.map_err(LookFailed)
    }

    /// One look at every stack: what a resync does. Says how many stacks a pass
    /// has to work on, of all that were found to until now.
    ///
    /// # Errors
    ///
    /// Where the database or the cluster did not answer.
    pub async fn look(&mut self) -> Result<usize, LookFailed> {
        let Self { engine, orphans, executors, fence, .. } = self;
        look(engine, Some(*fence), (orphans, executors)).await.map_err(LookFailed)?;
        let (waiting, running) = engine.queue.depth();
        Ok(waiting + running)
    }
}
