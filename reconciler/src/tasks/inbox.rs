//! The inbox: judges deliveries, in the order in which they came.
//!
//! Deliveries of one repository are judged one after the other, those of
//! different ones beside each other. A delivery that can't be judged now (GitHub
//! does not answer, a former stack is still being removed) is put off with its
//! reason; those behind it go on. What a delivery leads to and that it was
//! judged become true in one transaction.

mod about;
pub(crate) mod accounts;
pub(crate) mod deploy;
mod events;
pub(crate) mod names;

use std::collections::BTreeMap;
use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::fail_point::Write;
use berth_domain::ids::RepositoryId;
use berth_github_app::webhook::{self, Webhook};
use berth_store::deliveries::{self, Delivery, Outcome, Verdict};
use berth_store::leases::{Fence, Guarded};
use futures_util::{StreamExt, TryStreamExt, stream};
use tracing::{info, warn};

use super::{Deps, Done, Task, TaskError};

/// Deliveries read at once.
const BATCH: i64 = 64;

/// Repositories judged beside each other.
const BESIDE: usize = 4;

/// What a hint that got lost may cost.
const PERIOD: Duration = Duration::from_secs(5);

/// How long one delivery may take: git and GitHub have shorter limits of their
/// own, so this ends what none of them did.
const LIMIT: Duration = Duration::from_secs(90);

/// How a delivery that was put off comes back.
const AGAIN: Backoff = Backoff { first: Duration::from_secs(2), most: Duration::from_secs(300) };

/// The task.
#[derive(Debug)]
pub struct Inbox<B> {
    deps: Deps<B>,
}

/// Why a delivery was not judged.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The leader must stop, or the database is away: all wait.
    Task(TaskError),
    /// This one must wait, for this reason.
    Later(String),
    /// This one can never be judged, for this reason.
    Never(String),
}

impl From<berth_store::Error> for Trouble {
    fn from(err: berth_store::Error) -> Self {
        use berth_store::Error;
        match err {
            Error::Fenced | Error::Unavailable { .. } => Self::Task(err.into()),
            Error::Conflict { .. } => Self::Later(chain(&err)),
            Error::NotFound { .. }
            | Error::Taken { .. }
            | Error::Corrupt { .. }
            | Error::Database { .. } => Self::Never(chain(&err)),
        }
    }
}

impl From<berth_github_app::Error> for Trouble {
    fn from(err: berth_github_app::Error) -> Self {
        use berth_github_app::Error;
        match err {
            // A credential that is refused is a person's to mend; until then
            // nothing is lost.
            Error::RateLimited { .. } | Error::Unavailable { .. } | Error::Unauthorized { .. } => {
                Self::Later(err.to_string())
            }
            Error::NotFound { .. } | Error::Rejected { .. } => Self::Never(err.to_string()),
        }
    }
}

/// A delivery that was judged.
pub(crate) enum Judged {
    /// There is nothing to do but to say so.
    Said(Verdict),
    /// It has been carried out, and is finished.
    Finished(Outcome),
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    deployed: usize,
    ignored: usize,
    recorded: usize,
    failed: usize,
    put_off: usize,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Deployed => self.deployed += 1,
            Outcome::Ignored => self.ignored += 1,
            Outcome::Recorded => self.recorded += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.deployed += other.deployed;
        self.ignored += other.ignored;
        self.recorded += other.recorded;
        self.failed += other.failed;
        self.put_off += other.put_off;
    }

    fn summary(self) -> String {
        [
            (self.deployed, "deployed"),
            (self.ignored, "ignored"),
            (self.recorded, "recorded"),
            (self.failed, "failed"),
            (self.put_off, "put off"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
    }
}

impl<B: Builder> Inbox<B> {
    /// The task, with what it needs.
    #[must_use]
    pub const fn new(deps: Deps<B>) -> Self {
        Self { deps }
    }

    async fn group(&self, fence: Fence, group: Vec<Parsed>) -> Result<Tally, TaskError> {
        let mut tally = Tally::default();
        let mut said = Vec::new();
        for (delivery, webhook) in group {
            let judging = async {
                match webhook {
                    Ok(webhook) => events::judge(&self.deps, fence, &delivery, &webhook).await,
                    Err(err) => Err(Trouble::Never(err.to_string())),
                }
            };
            let judged = tokio::time::timeout(LIMIT, judging).await.unwrap_or_else(|_| {
                Err(Trouble::Later(format!("it took longer than {} s", LIMIT.as_secs())))
            });
            match judged {
                Ok(Judged::Finished(outcome)) => tally.count(outcome),
                Ok(Judged::Said(verdict)) => {
                    tally.count(verdict.outcome);
                    said.push((delivery.id, verdict));
                }
                Err(Trouble::Task(err)) => return Err(err),
                Err(Trouble::Later(reason)) => {
                    tally.put_off += 1;
                    self.put_off(fence, &delivery, &reason).await?;
                }
                Err(Trouble::Never(reason)) => {
                    tally.count(Outcome::Failed);
                    warn!(delivery.id = delivery.id, "a delivery can't be judged: {reason}");
                    let about = about::of(&delivery);
                    let verdict =
                        Verdict { outcome: Outcome::Failed, reason, about, decisions: Vec::new() };
                    said.push((delivery.id, verdict));
                }
            }
        }
        self.say(fence, &said).await?;
        Ok(tally)
    }

    async fn put_off(
        &self,
        fence: Fence,
        delivery: &Delivery,
        reason: &str,
    ) -> Result<(), TaskError> {
        let wait = AGAIN.wait(delivery.attempts.saturating_add(1), rand::random());
        info!(delivery.id = delivery.id, "a delivery is put off for {wait:?}: {reason}");
        let mut db = Guarded::begin(&self.deps.pool, fence, Write::PostponeDelivery).await?;
        match deliveries::postpone(&mut db, &delivery.id, wait, reason).await {
            Ok(()) | Err(berth_store::Error::Conflict { .. }) => Ok(db.commit().await?),
            Err(err) => Err(err.into()),
        }
    }

    /// Finishes deliveries that lead to nothing, in one transaction.
    async fn say(&self, fence: Fence, said: &[(String, Verdict)]) -> Result<(), TaskError> {
        if said.is_empty() {
            return Ok(());
        }
        let said: Vec<_> = said.iter().map(|(id, verdict)| (id.as_str(), verdict)).collect();
        let mut db = Guarded::begin(&self.deps.pool, fence, Write::DismissDeliveries).await?;
        // Those that are left out were judged meanwhile, by a leader that we took
        // over from.
        deliveries::finish_all(&mut db, &said).await?;
        Ok(db.commit().await?)
    }
}

type Parsed = (Delivery, Result<Webhook, webhook::ParseError>);

/// By repository, each in the order in which they came. Those of none come
/// first: an installation is what the others need.
fn grouped(deliveries: Vec<Delivery>) -> Vec<Vec<Parsed>> {
    let mut groups: BTreeMap<Option<RepositoryId>, Vec<Parsed>> = BTreeMap::new();
    for delivery in deliveries {
        let webhook = webhook::parse(&delivery.event, &delivery.body);
        let repository = webhook.as_ref().ok().and_then(Webhook::repository_id);
        groups.entry(repository).or_default().push((delivery, webhook));
    }
    groups.into_values().collect()
}

impl<B: Builder> Task for Inbox<B> {
    fn name(&self) -> &'static str {
        "inbox"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn activate(&mut self, fence: Fence) -> Result<Done, TaskError> {
        let mut tally = Tally::default();
        loop {
            let waiting = deliveries::waiting(&self.deps.pool, BATCH).await?;
            if waiting.is_empty() {
                break;
            }
            let mut groups = grouped(waiting);
            let of_none = if groups.first().and_then(|group| group.first()).is_some_and(is_of_none)
            {
                Some(groups.remove(0))
            } else {
                None
            };
            if let Some(group) = of_none {
                tally.add(self.group(fence, group).await?);
            }
            let judged: Vec<Tally> = stream::iter(groups)
                .map(|group| self.group(fence, group))
                .buffer_unordered(BESIDE)
                .try_collect()
                .await?;
            judged.into_iter().for_each(|it| tally.add(it));
        }
        let again = deliveries::next_due(&self.deps.pool).await?;
        Ok(Done::with(tally.summary()).again_in(again))
    }
}

fn is_of_none((_, webhook): &Parsed) -> bool {
    webhook.as_ref().map_or(true, |webhook| webhook.repository_id().is_none())
}

#[cfg(test)]
mod tests;
