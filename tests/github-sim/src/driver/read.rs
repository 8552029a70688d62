//! What a test or the demo sees of GitHub.

use anyhow::Context as _;

use super::types::{
    CheckRun, Comment, Delivery, Deployment, DeploymentStatus, Faults, Installation, PullRequest,
    Repository, Request, Violation,
};
use crate::sim::Sim;
use crate::world;

/// Looks. Every call fails where it names what does not exist.
impl Sim {
    /// A repository as it is now.
    ///
    /// # Errors
    ///
    /// Where there is none of this name.
    pub fn repository(&self, full_name: &str) -> anyhow::Result<Repository> {
        self.find(full_name).map(|it| self.describe(it))
    }

    /// Every repository, in the order of their making.
    #[must_use]
    pub fn repositories(&self) -> Vec<Repository> {
        let all: Vec<world::Repository> = self.world().repositories.values().cloned().collect();
        all.into_iter().map(|it| self.describe(it)).collect()
    }

    fn describe(&self, it: world::Repository) -> Repository {
        let html_url = format!("{}/{}", self.base_url(), it.full_name());
        Repository {
            id: it.id,
            full_name: it.full_name(),
            private: it.private,
            clone_url: format!("{html_url}.git"),
            html_url,
            default_branch: it.default_branch,
            refs: it.refs,
        }
    }

    /// A pull request as it is now.
    ///
    /// # Errors
    ///
    /// Where there is none of this number.
    pub fn pull_request(&self, full_name: &str, number: i64) -> anyhow::Result<PullRequest> {
        let all = self.pull_requests(full_name)?;
        all.into_iter().find(|it| it.number == number).context("no such pull request")
    }

    /// Every pull request of a repository, in order.
    ///
    /// # Errors
    ///
    /// Where there is no such repository.
    pub fn pull_requests(&self, full_name: &str) -> anyhow::Result<Vec<PullRequest>> {
        let it = self.find(full_name)?;
        let page = format!("{}/{}/pull", self.base_url(), it.full_name());
        let name = |id: i64| {
            self.world().repositories.get(&id).map(world::Repository::full_name).unwrap_or_default()
        };
        let describe = |pull: world::Pull| PullRequest {
            number: pull.number,
            state: if pull.open { "open" } else { "closed" }.to_owned(),
            merged: pull.merge_sha.is_some(),
            head_repository: name(pull.head_repository),
            labels: pull.labels.into_keys().collect(),
            html_url: format!("{page}/{}", pull.number),
            title: pull.title,
            head_ref: pull.head_ref,
            head_sha: pull.head_sha,
            base_ref: pull.base_ref,
        };
        Ok(it.pulls.into_values().map(describe).collect())
    }

    /// Every comment of a repository, in order.
    ///
    /// # Errors
    ///
    /// Where there is no such repository.
    pub fn comments(&self, full_name: &str) -> anyhow::Result<Vec<Comment>> {
        let id = self.find(full_name)?.id;
        let describe = |it: &world::Comment| Comment {
            id: it.id,
            issue: it.issue,
            author: it.author.clone(),
            app_id: it.app,
            body: it.body.clone(),
            created_at: it.created_at,
            updated_at: it.updated_at,
        };
        let world = self.world();
        Ok(world.comments.values().filter(|it| it.repository == id).map(describe).collect())
    }

    /// Every deployment of a repository, in order.
    ///
    /// # Errors
    ///
    /// Where there is no such repository.
    pub fn deployments(&self, full_name: &str) -> anyhow::Result<Vec<Deployment>> {
        let id = self.find(full_name)?.id;
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let status = |it: &world::Status| DeploymentStatus {
            id: it.id,
            state: it.state.clone(),
            description: it.description.clone(),
            environment_url: some(&it.environment_url),
            log_url: some(&it.log_url),
            created_at: it.created_at,
        };
        let describe = |it: &world::Deployment| Deployment {
            id: it.id,
            git_ref: it.git_ref.clone(),
            sha: it.sha.clone(),
            task: it.task.clone(),
            environment: it.environment.clone(),
            description: it.description.clone(),
            payload: it.payload.clone(),
            transient_environment: it.transient,
            production_environment: it.production,
            statuses: it.statuses.iter().map(status).collect(),
        };
        let world = self.world();
        Ok(world.deployments.values().filter(|it| it.repository == id).map(describe).collect())
    }

    /// Every check run of a repository, in order.
    ///
    /// # Errors
    ///
    /// Where there is no such repository.
    pub fn check_runs(&self, full_name: &str) -> anyhow::Result<Vec<CheckRun>> {
        let id = self.find(full_name)?.id;
        let describe = |it: &world::CheckRun| CheckRun {
            id: it.id,
            name: it.name.clone(),
            head_sha: it.head_sha.clone(),
            external_id: it.external_id.clone(),
            details_url: it.details_url.clone(),
            status: it.status.clone(),
            conclusion: it.conclusion.clone(),
            started_at: it.started_at,
            completed_at: it.completed_at,
            title: it.title.clone(),
            summary: it.summary.clone(),
            text: it.text.clone(),
            annotations: it.annotations.clone(),
            actions: it.actions.clone(),
        };
        let world = self.world();
        Ok(world.check_runs.values().filter(|it| it.repository == id).map(describe).collect())
    }

    /// An installation as it is now.
    ///
    /// # Errors
    ///
    /// Where there is none of this number.
    pub fn installation(&self, id: i64) -> anyhow::Result<Installation> {
        let world = self.world();
        let it = world.installations.get(&id).context("no such installation")?;
        Ok(Installation {
            id: it.id,
            app_id: it.app,
            account: it.account.clone(),
            repositories: world.covered(it).into_iter().map(world::Repository::full_name).collect(),
            suspended: it.suspended_at.is_some(),
            redirect: None,
        })
    }

    /// Every delivery attempt so far, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        let describe = |it: &world::Attempt| Delivery {
            id: it.id,
            guid: it.guid.clone(),
            redelivery: it.redelivery,
            event: it.event.clone(),
            action: it.action.clone(),
            delivered_at: it.delivered_at,
            duration: it.duration,
            status: if it.status.is_empty() { "pending".to_owned() } else { it.status.clone() },
            status_code: it.status_code,
            payload: it.payload.clone(),
            response: it.response.clone(),
        };
        self.world().attempts.values().map(describe).collect()
    }

    /// Every request to the API so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.world().requests.clone()
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.world().faults.clone()
    }

    /// Whatever did not fit GitHub's description so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.world().violations.clone()
    }
}
