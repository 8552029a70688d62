//! What a deployment's jobs wrote is kept with it: the jobs themselves are gone
//! once it is over.

use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::cluster::{Cluster, ObservedStack, TaskState};
use berth_domain::health::meets;
use berth_domain::stack::{Condition, StackSpec};
use berth_store::build_logs;

use super::Run;
use super::cluster::without_secrets;
use crate::error::PassError;

/// Lines of a job's task that are kept, the last ones.
const LINES: u32 = 2_000;

impl<C: Cluster, B: Builder> Run<'_, C, B> {
    /// Keeps what the jobs wrote that are through, or that `failed`. Nothing of it
    /// holds a deployment up: a log that can't be had is not worth a failure.
    pub(super) async fn keep_job_logs(
        &self,
        spec: &StackSpec,
        observed: &ObservedStack,
        failed: bool,
    ) -> Result<(), PassError> {
        for job in spec.jobs.keys() {
            let (Some(wanted), Some(live)) = (spec.services.get(job), observed.services.get(job))
            else {
                continue;
            };
            if !failed && !meets(Condition::Completed, wanted, live) {
                continue;
            }
            // Oldest first: what was tried before comes before what was tried then.
            let ended = live.tasks.iter().rev().filter(|task| {
                task.up_to_date && matches!(task.state, TaskState::Complete | TaskState::Failed)
            });
            let mut wrote = Vec::new();
            for task in ended {
                match self.engine.cluster.task_log(&task.id, LINES).await {
                    Ok(lines) => {
                        wrote.extend(lines.iter().map(|line| without_secrets(spec, line)));
                    }
                    Err(error) => {
                        tracing::debug!(stack.name = %self.stack.name, "could not read what the job `{job}` wrote: {}", chain(&error));
                    }
                }
            }
            build_logs::keep_job(&self.engine.pool, self.fence, self.id(), job, &wrote).await?;
        }
        Ok(())
    }
}
