//! Catching up with GitHub, for what its webhooks did not bring.
//!
//! Deliveries that never reached us are asked for again, installations are read
//! again, and branches are compared with what is deployed. GitHub keeps
//! deliveries for three days, so the comparison is what helps after a longer
//! absence.
//!
//! Nothing here ever removes anything: an answer that is empty, or does not
//! come, is no news.

use std::collections::BTreeMap;
use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::fail_point::Write;
use berth_domain::rule::{Event, EventKind};
use berth_github_app::webhook::meaning::Head;
use berth_github_app::wire::DeliveryAttempt;
use berth_github_app::{App, Error as GithubError};
use berth_store::deployments::{self, Commit, Trigger};
use berth_store::leases::{Fence, Guarded};
use berth_store::repositories::{self, Repository};
use berth_store::{deliveries, installations};
use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::inbox::deploy::Occasion;
use super::inbox::{Trouble, accounts};
use super::previews::{catch_up_with, client, shrug};
use super::{Deps, Done, Task, TaskError};

/// How often.
const PERIOD: Duration = Duration::from_secs(300);

/// How far back GitHub remembers deliveries.
const MEMORY: TimeDelta = TimeDelta::days(3);

/// How far back to look once the first look has been taken: a delivery that is
/// asked for again shows up as a new attempt.
const RECENT: TimeDelta = TimeDelta::minutes(30);

/// How often to read the installations again.
const INSTALLATIONS: TimeDelta = TimeDelta::hours(1);

/// How often one delivery is asked for again: if we refuse it that often, its
/// signature is not ours.
const TRIES: u32 = 5;

/// How many deliveries to ask for at once: GitHub limits what we may write.
const AT_ONCE: usize = 30;

/// The task.
#[derive(Debug)]
pub struct CatchUp<B> {
    deps: Deps<B>,
    looked_at: Option<DateTime<Utc>>,
    read_at: Option<DateTime<Utc>>,
    asked: BTreeMap<String, u32>,
}

impl<B: Builder> CatchUp<B> {
    /// The task, with what it needs.
    #[must_use]
    pub const fn new(deps: Deps<B>) -> Self {
        Self { deps, looked_at: None, read_at: None, asked: BTreeMap::new() }
    }

    /// Asks for deliveries that were never answered well and that we do not
    /// have. Returns how many.
    async fn deliveries(&mut self, app: &App) -> Result<usize, Trouble> {
        let now = self.deps.clock.now();
        let since = self.looked_at.map_or(now - MEMORY, |at| at - RECENT);
        let lost = lost(app.deliveries(since).await?);
        let ids: Vec<String> = lost.keys().cloned().collect();
        let known = deliveries::known(&self.deps.pool, &ids).await?;
        let mut asked = 0;
        for (guid, attempt) in lost {
            let tries = self.asked.get(&guid).copied().unwrap_or_default();
            if known.contains(&guid) || tries >= TRIES {
                continue;
            }
            if asked == AT_ONCE {
                // The rest next time, from the same time on.
                return Ok(asked);
            }
            match app.redeliver(attempt).await {
                Ok(()) => {
                    info!(delivery.id = guid, "asked GitHub for delivery {guid} again");
                    asked += 1;
                }
                Err(GithubError::NotFound { .. } | GithubError::Rejected { .. }) => {
                    warn!(delivery.id = guid, "GitHub can't send delivery {guid} again");
                }
                Err(err) => return Err(err.into()),
            }
            self.asked.insert(guid, tries + 1);
        }
        self.looked_at = Some(now);
        Ok(asked)
    }

    /// Reads every installation and its repositories again, now and then.
    async fn installations(&mut self, fence: Fence, app: &App) -> Result<(), Trouble> {
        let now = self.deps.clock.now();
        if self.read_at.is_some_and(|at| now - at < INSTALLATIONS) {
            return Ok(());
        }
        for details in app.installations().await? {
            let (id, suspended) = (details.id, details.suspended_at.is_some());
            let repositories = if suspended { Vec::new() } else { app.repositories(id).await? };
            let mut db = Guarded::begin(&self.deps.pool, fence, Write::RereadInstallation).await?;
            installations::put(&mut *db, &accounts::stored(details)?).await?;
            for it in repositories {
                let named = repositories::Named {
                    id: it.id,
                    installation: id,
                    owner: it.owner,
                    name: it.name,
                    default_branch: Some(it.default_branch),
                    private: Some(it.private),
                };
                repositories::put_named(&mut *db, &named).await?;
            }
            db.commit().await?;
        }
        self.read_at = Some(now);
        Ok(())
    }

    /// Deploys branches whose head nobody told us of. Returns how many.
    async fn branches(
        &self,
        fence: Fence,
        app: &App,
        repository: &Repository,
    ) -> Result<usize, Trouble> {
        let client = client(app, repository);
        let mut deployed = 0;
        for git_ref in deployments::followed_branches(&self.deps.pool, repository.id).await? {
            let Some(branch) = git_ref.strip_prefix("refs/heads/") else { continue };
            let head = match client.branch(branch).await {
                Ok(head) => head,
                // It was deleted; what it brought stays.
                Err(GithubError::NotFound { .. }) => continue,
                Err(err) => return Err(err.into()),
            };
            let occasion = Occasion {
                repository,
                event: Event { kind: EventKind::Push, name: branch.to_owned(), from_fork: false },
                trigger: Trigger::Push,
                happened: format!("{branch} moved on, found while comparing with GitHub"),
                head: Head { branch: Some(branch.to_owned()), ..Head::default() },
                commit: Commit { sha: head.sha, message: head.message, author: head.author },
                git_ref: git_ref.clone(),
                before: None,
                tip: None,
                preview: None,
                delivery: None,
            };
            deployed += usize::from(catch_up_with(&self.deps, fence, app, occasion).await?);
        }
        Ok(deployed)
    }
}

/// The deliveries that no attempt brought through, each with its newest attempt.
fn lost(attempts: Vec<DeliveryAttempt>) -> BTreeMap<String, i64> {
    let mut by_guid: BTreeMap<String, (bool, DateTime<Utc>, i64)> = BTreeMap::new();
    for attempt in attempts {
        let good = attempt.status == "OK";
        let (any_good, at, id) =
            by_guid.entry(attempt.guid).or_insert((false, DateTime::<Utc>::MIN_UTC, attempt.id));
        *any_good |= good;
        if attempt.delivered_at >= *at {
            (*at, *id) = (attempt.delivered_at, attempt.id);
        }
    }
    by_guid
        .into_iter()
        .filter(|(_, (any_good, ..))| !any_good)
        .map(|(guid, (_, _, id))| (guid, id))
        .collect()
}

impl<B: Builder> Task for CatchUp<B> {
    fn name(&self) -> &'static str {
        "catch_up"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn activate(&mut self, fence: Fence) -> Result<Done, TaskError> {
        let Some(app) = self.deps.app().await? else { return Ok(Done::nothing()) };
        let asked = match self.deliveries(&app).await {
            Ok(asked) => asked,
            Err(trouble) => {
                complain("GitHub's deliveries were not read", trouble)?;
                0
            }
        };
        if let Err(trouble) = self.installations(fence, &app).await {
            complain("the installations were not read", trouble)?;
        }
        let mut deployed = 0;
        for repository in repositories::with_rules(&self.deps.pool).await? {
            match self.branches(fence, &app, &repository).await {
                Ok(more) => deployed += more,
                Err(trouble) => shrug(&repository, trouble)?,
            }
        }
        if asked + deployed == 0 {
            return Ok(Done::nothing());
        }
        Ok(Done::with(format!("asked for {asked} deliveries again, deployed {deployed} branches")))
    }
}

fn complain(what: &str, trouble: Trouble) -> Result<(), TaskError> {
    match trouble {
        Trouble::Task(err) => Err(err),
        Trouble::Later(reason) | Trouble::Never(reason) => {
            warn!("{what}: {reason}");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: i64, guid: &str, second: i64, status: &str) -> DeliveryAttempt {
        DeliveryAttempt {
            id,
            guid: guid.to_owned(),
            delivered_at: DateTime::from_timestamp(second, 0).unwrap(),
            redelivery: false,
            status: status.to_owned(),
            event: "push".to_owned(),
            action: None,
        }
    }

    #[test]
    fn a_delivery_is_lost_if_no_attempt_brought_it_through() {
        let attempts = vec![
            attempt(4, "late", 40, "failed to connect to host"),
            attempt(3, "mended", 30, "OK"),
            attempt(2, "mended", 20, "Invalid HTTP Response: 502"),
            attempt(1, "late", 10, "Invalid HTTP Response: 502"),
            attempt(0, "good", 5, "OK"),
        ];
        let expected = BTreeMap::from([("late".to_owned(), 4)]);
        assert_eq!(lost(attempts), expected);
    }
}
