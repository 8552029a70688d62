//! How long a leader that was killed is missed: from the SIGKILL until the next
//! push's deployment gets on.

use std::path::PathBuf;

use anyhow::{Context as _, bail};

use super::Runner;
use super::schedule::{Deed, Trouble, Who};
use super::site::LEASE;
use crate::wait::{LONG, until};

/// The lease's length in seconds, as the replicas have it.
#[must_use]
pub const fn lease_s() -> f64 {
    LEASE.as_secs_f64()
}

/// Kills the leader `rounds` times, and gives the seconds of each.
///
/// # Errors
///
/// Where a push does not come to its right end.
pub async fn measure(folder: PathBuf, rounds: usize) -> anyhow::Result<Vec<f64>> {
    let mut runner = Box::pin(Runner::open(folder)).await?;
    let outcome = Box::pin(runner.failovers(rounds)).await;
    let (_, closed) = runner.site.close(false).await;
    let seconds = outcome?;
    closed?;
    Ok(seconds)
}

impl Runner {
    async fn failovers(&mut self, rounds: usize) -> anyhow::Result<Vec<f64>> {
        self.begin().await?;
        let mut seconds = Vec::with_capacity(rounds);
        for round in 0..rounds {
            seconds.push(self.failover().await.with_context(|| format!("round {}", round + 1))?);
        }
        Ok(seconds)
    }

    async fn failover(&mut self) -> anyhow::Result<f64> {
        self.before = self.newest().await?;
        self.pushed.clear();
        self.site.act(Deed::Hinder(Who::Leader, Trouble::Kill)).await?;
        let struck = self.site.struck;
        self.push().await?;
        let seconds = until("the deployment gets on", LONG, async || {
            let deployments = self.deployments().await?;
            let newest = deployments.iter().find(|it| it.number > self.before);
            match newest.map(|it| it.phase.as_str()) {
                None | Some("received") => bail!("{newest:?}"),
                Some(_) => anyhow::Ok(struck.elapsed().as_secs_f64()),
            }
        })
        .await?;
        self.site.heal_all().await?;
        self.settle().await.map_err(anyhow::Error::msg)?;
        Ok(seconds)
    }
}
