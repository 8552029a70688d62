//! Forgetting what nobody will ask for again.

use std::time::Duration;

use berth_store::Pool;
use berth_store::leases::Fence;
use berth_store::logs::{self, Keep};
use berth_store::retention::{Forgotten, Kept, forget, forget_releases};

use super::{Done, Task, TaskError};

/// Nothing of it is urgent; output comes quickly, though.
const PERIOD: Duration = Duration::from_secs(60);

/// Where output came faster than it was forgotten: soon again.
const SOON: Duration = Duration::from_secs(1);

/// The task.
#[derive(Debug)]
pub struct Retention {
    pool: Pool,
    kept: Kept,
    output: Keep,
}

impl Retention {
    /// The task, with what it needs.
    #[must_use]
    pub const fn new(pool: Pool, kept: Kept, output: Keep) -> Self {
        Self { pool, kept, output }
    }
}

impl Task for Retention {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn activate(&mut self, fence: Fence) -> Result<Done, TaskError> {
        let Forgotten { deliveries, changes, sessions, setup_states, invitations } =
            forget(&self.pool, fence).await?;
        let releases = forget_releases(&self.pool, fence, self.kept).await?;
        let output = logs::forget(&self.pool, fence, self.output).await?;
        let again = output.more.then_some(SOON);
        let all = [
            (deliveries, "deliveries"),
            (changes, "changes"),
            (sessions, "logins"),
            (setup_states, "unfinished setups"),
            (invitations, "invitations"),
            (releases, "releases"),
            (output.lines, "lines of output"),
        ];
        let said: Vec<_> = all
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() {
            return Ok(Done::nothing());
        }
        Ok(Done::with(format!("forgot {}", said.join(", "))).again_in(again))
    }
}
