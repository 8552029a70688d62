//! Previews compared with GitHub's open pull requests: what webhooks that never
//! came would have done.
//!
//! GitHub's list is believed where it says that a pull request is open. That one
//! is missing from it proves nothing: a preview goes only once GitHub says of
//! this very pull request that it is closed.

use std::time::Duration;

use berth_domain::build::Builder;
use berth_domain::fail_point::Write;
use berth_domain::rule::{Event, EventKind};
use berth_github_app::webhook::meaning::{Head, skip_directive};
use berth_github_app::wire::PullRequest;
use berth_github_app::{App, RepositoryClient, RepositoryName};
use berth_store::deployments::{Commit, Trigger};
use berth_store::environments::{self, Environment};
use berth_store::leases::{Fence, Guarded};
use berth_store::repositories::{self, Repository};
use tracing::{debug, info, warn};

use super::inbox::Trouble;
use super::inbox::deploy::{Considered, Occasion, carry_out, consider};
use super::{Deps, Done, Task, TaskError};

/// How often to compare. Webhooks are what makes things quick.
const PERIOD: Duration = Duration::from_secs(300);

/// The task.
#[derive(Debug)]
pub struct Previews<B> {
    deps: Deps<B>,
}

/// What was done for one repository, or all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    closed: usize,
    deployed: usize,
}

impl<B: Builder> Previews<B> {
    /// The task, with what it needs.
    #[must_use]
    pub const fn new(deps: Deps<B>) -> Self {
        Self { deps }
    }

    async fn repository(
        &self,
        fence: Fence,
        app: &App,
        repository: &Repository,
    ) -> Result<Tally, Trouble> {
        let client = client(app, repository);
        let open = client.open_pull_requests().await?;
        let mut tally = Tally::default();
        let previews = environments::open_previews(&self.deps.pool, repository.id, None).await?;
        for preview in previews {
            let number = preview.preview.as_ref().map(|it| it.number);
            if open.iter().any(|pull| Some(pull.number) == number) {
                continue;
            }
            tally.closed += usize::from(self.close(fence, &client, &preview).await?);
        }
        for pull in &open {
            tally.deployed += usize::from(self.deploy(fence, app, (repository, pull)).await?);
        }
        Ok(tally)
    }

    /// Closes a preview if GitHub says that its pull request is closed.
    async fn close(
        &self,
        fence: Fence,
        client: &RepositoryClient,
        preview: &Environment,
    ) -> Result<bool, Trouble> {
        let Some(number) = preview.preview.as_ref().map(|it| it.number) else { return Ok(false) };
        if client.pull_request(number).await?.state != "closed" {
            return Ok(false);
        }
        info!("pull request {number} is closed at GitHub; its preview `{}` goes", preview.name);
        let why = format!("pull request {number} was closed, found while comparing with GitHub");
        let mut db = Guarded::begin(&self.deps.pool, fence, Write::CatchUpClosed).await?;
        let closed = environments::close(&mut db, preview.id, &why).await?;
        db.commit().await?;
        Ok(closed)
    }

    /// Deploys an open pull request whose head nobody told us of.
    async fn deploy(
        &self,
        fence: Fence,
        app: &App,
        (repository, pull): (&Repository, &PullRequest),
    ) -> Result<bool, Trouble> {
        let occasion = occasion(repository, pull);
        catch_up_with(&self.deps, fence, app, occasion).await
    }
}

pub(super) fn client(app: &App, repository: &Repository) -> RepositoryClient {
    let name = RepositoryName { owner: repository.owner.clone(), name: repository.name.clone() };
    app.repository(repository.installation, repository.id, name)
}

fn occasion<'a>(repository: &'a Repository, pull: &PullRequest) -> Occasion<'a> {
    let number = pull.number;
    Occasion {
        repository,
        event: Event {
            kind: EventKind::PullRequest,
            name: pull.base_ref.clone(),
            from_fork: pull.head_repository != Some(repository.id),
        },
        trigger: Trigger::PullRequest,
        happened: format!("pull request {number} is open, found while comparing with GitHub"),
        head: Head {
            branch: Some(pull.head_ref.clone()),
            tag: None,
            pull_request: u64::try_from(number).ok(),
        },
        commit: Commit { sha: pull.head_sha.clone(), ..Commit::default() },
        git_ref: format!("refs/pull/{number}/head"),
        before: None,
        tip: None,
        preview: Some(environments::PullRequest {
            number,
            title: pull.title.clone(),
            author: pull.author.clone(),
        }),
        delivery: None,
    }
}

/// Deploys what an occasion leads to, unless that was tried before: what failed,
/// or was removed by hand, is not tried again by itself. Returns whether
/// anything was deployed.
pub(super) async fn catch_up_with<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    app: &App,
    mut occasion: Occasion<'_>,
) -> Result<bool, Trouble> {
    let considered = consider(deps, &occasion).await?;
    let mut new: Vec<Considered> = Vec::new();
    for it in considered {
        if it.is_new(&deps.pool, &occasion).await? {
            new.push(it);
        }
    }
    if new.is_empty() {
        return Ok(false);
    }
    let commit = client(app, occasion.repository).commit(&occasion.commit.sha).await?;
    if let Some(words) = skip_directive(&commit.message) {
        debug!("{} says {words}", occasion.commit.sha);
        return Ok(false);
    }
    occasion.commit = Commit { sha: commit.sha, message: commit.message, author: commit.author };
    let mut db = Guarded::begin(&deps.pool, fence, Write::CatchUp).await?;
    let decisions = carry_out(&mut db, &occasion, new).await?;
    db.commit().await?;
    let deployed = decisions.iter().any(|it| it.deployment.is_some());
    if deployed {
        info!("{}: {} is deployed", occasion.happened, occasion.repository.full_name());
    }
    Ok(deployed)
}

/// What one repository's trouble means for the others: nothing, unless the
/// leader must stop or the database is away.
pub(super) fn shrug(repository: &Repository, trouble: Trouble) -> Result<(), TaskError> {
    match trouble {
        Trouble::Task(err) => Err(err),
        Trouble::Later(reason) | Trouble::Never(reason) => {
            warn!("{} was not compared with GitHub: {reason}", repository.full_name());
            Ok(())
        }
    }
}

impl<B: Builder> Task for Previews<B> {
    fn name(&self) -> &'static str {
        "previews"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn activate(&mut self, fence: Fence) -> Result<Done, TaskError> {
        let Some(app) = self.deps.app().await? else { return Ok(Done::nothing()) };
        let mut all = Tally::default();
        for repository in repositories::with_rules(&self.deps.pool).await? {
            match self.repository(fence, &app, &repository).await {
                Ok(tally) => {
                    all.closed += tally.closed;
                    all.deployed += tally.deployed;
                }
                Err(trouble) => shrug(&repository, trouble)?,
            }
        }
        if all == Tally::default() {
            return Ok(Done::nothing());
        }
        Ok(Done::with(format!("closed {} and deployed {} previews", all.closed, all.deployed)))
    }
}
