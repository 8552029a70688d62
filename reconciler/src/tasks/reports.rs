//! Reports: what the outbox owes GitHub is sent.
//!
//! Each subject is sent as it stands now, so a burst of changes is one call.
//! Before anything is created at GitHub it is looked for there: a crash between
//! creating and remembering leaves no second deployment, check run or comment.

mod gather;

use std::collections::BTreeMap;
use std::time::Duration;

use berth_domain::backoff::Backoff;
use berth_domain::build::Builder;
use berth_domain::chain;
use berth_domain::ids::{DeploymentId, RepositoryId};
use berth_github_app::report;
use berth_github_app::wire::DeploymentState;
use berth_github_app::{App, Error as GithubError, RepositoryClient};
use berth_store::environments;
use berth_store::leases::Fence;
use berth_store::outbox::{self, Kind, Report};
use berth_store::reports::{self, StickyComment};
use berth_store::{instance, repositories};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tracing::{debug, warn};

use super::previews::client;
use super::{Deps, Done, Task, TaskError};

/// Reports read at once.
const BATCH: i64 = 64;

/// Repositories reported on beside each other; within one, GitHub wants one
/// call after the other.
const BESIDE: usize = 4;

/// What a hint that got lost may cost.
const PERIOD: Duration = Duration::from_secs(10);

/// How a report that failed comes back.
const AGAIN: Backoff = Backoff { first: Duration::from_secs(5), most: Duration::from_secs(600) };

/// A credential that is refused is a person's to mend.
const UNAUTHORIZED: Duration = Duration::from_secs(300);

/// The task.
#[derive(Debug)]
pub struct Reports<B> {
    deps: Deps<B>,
}

/// Why a report was not sent.
#[derive(Debug)]
enum Unsent {
    /// GitHub's doing.
    Github(GithubError),
    /// Ours.
    Store(berth_store::Error),
}

impl From<GithubError> for Unsent {
    fn from(err: GithubError) -> Self {
        Self::Github(err)
    }
}

impl From<berth_store::Error> for Unsent {
    fn from(err: berth_store::Error) -> Self {
        Self::Store(err)
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    sent: usize,
    failed: usize,
    dropped: usize,
}

impl<B: Builder> Reports<B> {
    /// The task, with what it needs.
    #[must_use]
    pub const fn new(deps: Deps<B>) -> Self {
        Self { deps }
    }

    /// Sends what one repository is owed, in order.
    async fn group(&self, fence: Fence, app: &App, group: Vec<Report>) -> Result<Tally, TaskError> {
        let mut tally = Tally::default();
        for report in group {
            let (pool, id) = (&self.deps.pool, report.repository);
            let result = match repositories::get(pool, id).await? {
                Some(repository) => {
                    self.send(fence, (app, &client(app, &repository)), &report).await
                }
                None => Err(Unsent::Store(berth_store::Error::NotFound { what: "repository" })),
            };
            match result {
                Ok(()) => {
                    outbox::sent(pool, fence, &report).await?;
                    tally.sent += 1;
                }
                Err(Unsent::Github(GithubError::RateLimited { retry_after, .. })) => {
                    warn!("GitHub asks us to wait {} s with reports", retry_after.as_secs());
                    let words = "GitHub asks us to wait";
                    outbox::failed(pool, fence, &report, retry_after, words).await?;
                    outbox::hold(pool, fence, id, retry_after).await?;
                    tally.failed += 1;
                    // The rest of them wait too.
                    return Ok(tally);
                }
                Err(unsent) => match self.forgive(fence, &report, unsent).await? {
                    Fate::Again => tally.failed += 1,
                    Fate::Never => tally.dropped += 1,
                },
            }
        }
        Ok(tally)
    }

    /// Decides on a report that was not sent.
    async fn forgive(
        &self,
        fence: Fence,
        report: &Report,
        unsent: Unsent,
    ) -> Result<Fate, TaskError> {
        let pool = &self.deps.pool;
        let backoff = AGAIN.wait(report.attempts.saturating_add(1), rand::random());
        let (again, words) = match unsent {
            Unsent::Store(err) => match err {
                berth_store::Error::Fenced | berth_store::Error::Unavailable { .. } => {
                    return Err(err.into());
                }
                // Deleted meanwhile: there is nothing left to tell of.
                berth_store::Error::NotFound { .. } => (None, chain(&err)),
                berth_store::Error::Conflict { .. }
                | berth_store::Error::Taken { .. }
                | berth_store::Error::Corrupt { .. }
                | berth_store::Error::Database { .. } => (Some(backoff), chain(&err)),
            },
            Unsent::Github(err) => {
                let again = match &err {
                    GithubError::RateLimited { retry_after, .. } => Some(*retry_after),
                    GithubError::Unavailable { .. } => Some(backoff),
                    GithubError::Unauthorized { .. } => Some(UNAUTHORIZED),
                    GithubError::NotFound { .. } | GithubError::Rejected { .. } => None,
                };
                (again, err.to_string())
            }
        };
        if let Some(wait) = again {
            debug!("the report on {} waits {wait:?}: {words}", report.subject);
            outbox::failed(pool, fence, report, wait, &words).await?;
            Ok(Fate::Again)
        } else {
            warn!("the report on {} is dropped: {words}", report.subject);
            outbox::dropped(pool, fence, report, &words).await?;
            Ok(Fate::Never)
        }
    }

    async fn send(
        &self,
        fence: Fence,
        (app, client): (&App, &RepositoryClient),
        due: &Report,
    ) -> Result<(), Unsent> {
        match (due.kind, due.deployment, due.environment) {
            (Kind::Deployment, Some(id), _) => self.deployment(fence, client, id).await,
            (Kind::CheckRun, Some(id), _) => self.check_run(fence, client, id).await,
            (Kind::Comment, _, Some(environment)) => {
                let environment = environments::get(&self.deps.pool, environment).await?;
                match environment.preview {
                    Some(preview) => {
                        self.comment(fence, (app, client), (due.repository, preview.number)).await
                    }
                    None => Ok(()),
                }
            }
            // Deleted meanwhile.
            (Kind::Deployment | Kind::CheckRun | Kind::Comment, ..) => Ok(()),
        }
    }

    /// Whether GitHub may still be told of anything: whoever leads now has told it.
    fn check(&self, fence: Fence) -> Result<(), Unsent> {
        if self.deps.leading.holds(fence) {
            Ok(())
        } else {
            Err(Unsent::Store(berth_store::Error::Fenced))
        }
    }

    async fn deployment(
        &self,
        fence: Fence,
        client: &RepositoryClient,
        id: DeploymentId,
    ) -> Result<(), Unsent> {
        let pool = &self.deps.pool;
        let gathered = gather::deployment(&self.deps, id).await?;
        let mut status = report::deployment_status(&gathered.report);
        if gathered.replaced && status.state == DeploymentState::Success {
            status.state = DeploymentState::Inactive;
            status.environment_url = None;
            status.description = "A newer deployment took over.".to_owned();
        }
        let state = status.state.as_str();
        let told = reports::get(pool, id).await?;
        if told.state.as_deref() == Some(state) {
            return Ok(());
        }
        let number = match told.github_deployment {
            Some(number) => number,
            // It ended before anybody heard of it: there is no news in that.
            None if status.state == DeploymentState::Inactive => return Ok(()),
            None => {
                let new = report::deployment(&gathered.report);
                let key = ("berth_deployment", gathered.report.deployment_id.as_str());
                let number = match client.find_deployment(&gathered.report.sha, key).await? {
                    Some(number) => number,
                    None => {
                        self.check(fence)?;
                        client.create_deployment(&new).await?
                    }
                };
                reports::put_deployment(pool, fence, id, number, None).await?;
                number
            }
        };
        self.check(fence)?;
        client.create_deployment_status(number, &status).await?;
        Ok(reports::put_deployment(pool, fence, id, number, Some(state)).await?)
    }

    async fn check_run(
        &self,
        fence: Fence,
        client: &RepositoryClient,
        id: DeploymentId,
    ) -> Result<(), Unsent> {
        let pool = &self.deps.pool;
        let mut gathered = gather::deployment(&self.deps, id).await?;
        // What became of the commit stays true after its stack has gone.
        gathered.report.removed = false;
        let run = report::check_run(&gathered.report);
        let digest = digest(&run);
        let told = reports::get(pool, id).await?;
        if told.check_state.as_ref() == Some(&digest) {
            return Ok(());
        }
        let number = match told.check_run {
            Some(number) => Some(number),
            None => client.find_check_run(&run.head_sha, &run.external_id).await?,
        };
        self.check(fence)?;
        let number = match number {
            Some(number) => {
                client.update_check_run(number, &run).await?;
                number
            }
            None => client.create_check_run(&run).await?,
        };
        Ok(reports::put_check_run(pool, fence, id, number, Some(&digest)).await?)
    }

    async fn comment(
        &self,
        fence: Fence,
        (app, client): (&App, &RepositoryClient),
        (repository, pull_request): (RepositoryId, i64),
    ) -> Result<(), Unsent> {
        let pool = &self.deps.pool;
        let rows = gather::pull_request(&self.deps, repository, pull_request).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let instance = instance::get_or_create(pool).await?.id.to_string();
        let marker = report::marker(&instance, pull_request);
        let body = report::comment(&marker, &rows, self.deps.clock.now());
        let body_hash = digest(&body);
        let known = reports::comment(pool, repository, pull_request).await?;
        if known.as_ref().is_some_and(|known| known.body_hash == body_hash) {
            return Ok(());
        }
        let put = async |id| {
            let comment = StickyComment { id, body_hash: body_hash.clone() };
            reports::put_comment(pool, fence, repository, pull_request, &comment).await
        };
        if let Some(known) = known {
            self.check(fence)?;
            match client.update_comment(known.id, &body).await {
                Ok(()) => return Ok(put(known.id).await?),
                // Somebody deleted it; perhaps there is another of ours.
                Err(GithubError::NotFound { .. }) => {}
                Err(err) => return Err(err.into()),
            }
        }
        let ours = client.comments(pull_request).await?.into_iter().find(|comment| {
            comment.body.contains(&marker) && comment.app_id.is_none_or(|id| id == app.id())
        });
        self.check(fence)?;
        let id = match ours {
            Some(comment) => {
                client.update_comment(comment.id, &body).await?;
                comment.id
            }
            None => client.create_comment(pull_request, &body).await?,
        };
        Ok(put(id).await?)
    }
}

/// What is to become of a report that was not sent.
enum Fate {
    Again,
    Never,
}

fn digest(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl<B: Builder> Task for Reports<B> {
    fn name(&self) -> &'static str {
        "reports"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn activate(&mut self, fence: Fence) -> Result<Done, TaskError> {
        let Some(app) = self.deps.app().await? else { return Ok(Done::nothing()) };
        let mut all = Tally::default();
        loop {
            let due = outbox::due(&self.deps.pool, BATCH).await?;
            if due.is_empty() {
                break;
            }
            let mut groups: BTreeMap<RepositoryId, Vec<Report>> = BTreeMap::new();
            for report in due {
                groups.entry(report.repository).or_default().push(report);
            }
            let tallies: Vec<Tally> = stream::iter(groups.into_values())
                .map(|group| self.group(fence, &app, group))
                .buffer_unordered(BESIDE)
                .try_collect()
                .await?;
            for tally in tallies {
                all.sent += tally.sent;
                all.failed += tally.failed;
                all.dropped += tally.dropped;
            }
        }
        let again = outbox::next_due(&self.deps.pool).await?;
        let said: Vec<_> =
            [(all.sent, "sent"), (all.failed, "to be tried again"), (all.dropped, "dropped")]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{count} {word}"))
                .collect();
        Ok(Done::with(said.join(", ")).again_in(again))
    }
}
