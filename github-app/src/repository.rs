//! Acting on one repository: reading it, and reporting on it.

use std::fmt;

use berth_domain::fail_point::Effect;
use berth_domain::ids::{InstallationId, RepositoryId};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::App;
use crate::client::{Call, segment};
use crate::error::Error;
use crate::tokens::Scope;
use crate::wire::answer::{self, Identified};
use crate::wire::{self, CheckRun, DeploymentStatus, NewDeployment};

/// Lists end somewhere, also where a server's links lead in a circle.
const PAGES_MAX: usize = 50;

/// A repository's name: how GitHub's addresses call it. It may change; a call
/// under the old one is redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryName {
    /// The login of its owner.
    pub owner: String,
    /// Its name, less the owner's.
    pub name: String,
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// Acts on one repository, with a token that can do nothing elsewhere.
#[derive(Debug, Clone)]
pub struct RepositoryClient {
    app: App,
    installation: InstallationId,
    id: RepositoryId,
    name: RepositoryName,
}

/// Every call may fail as [`Error`] says; what is particular is said there.
impl RepositoryClient {
    pub(crate) const fn new(
        app: App,
        installation: InstallationId,
        id: RepositoryId,
        name: RepositoryName,
    ) -> Self {
        Self { app, installation, id, name }
    }

    /// The repository as it is now.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where it is gone, or out of our sight.
    pub async fn details(&self) -> Result<wire::Repository, Error> {
        let call = Call::get("read the repository", &self.path(""));
        self.answer::<answer::Repository>(&call).await.map(Into::into)
    }

    /// The newest commit of a branch.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such branch.
    pub async fn branch(&self, name: &str) -> Result<wire::Commit, Error> {
        let call = Call::get("read a branch", &self.path(&format!("/branches/{}", segment(name))));
        self.answer::<answer::Branch>(&call).await.map(|branch| branch.commit.into())
    }

    /// The name of every branch, in GitHub's order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn branches(&self) -> Result<Vec<String>, Error> {
        let named: Vec<answer::Named> =
            self.list("list the branches", "/branches?per_page=100").await?;
        Ok(named.into_iter().map(|it| it.name).collect())
    }

    /// The name of every tag, in GitHub's order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn tags(&self) -> Result<Vec<String>, Error> {
        let named: Vec<answer::Named> = self.list("list the tags", "/tags?per_page=100").await?;
        Ok(named.into_iter().map(|it| it.name).collect())
    }

    /// A commit, by its SHA, a branch or a tag.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] or [`Error::Rejected`] where there is none.
    pub async fn commit(&self, git_ref: &str) -> Result<wire::Commit, Error> {
        let path = self.path(&format!("/commits/{}", segment(git_ref)));
        let call = Call::get("read a commit", &path);
        self.answer::<answer::Commit>(&call).await.map(Into::into)
    }

    /// Every open pull request.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn open_pull_requests(&self) -> Result<Vec<wire::PullRequest>, Error> {
        let pulls: Vec<answer::PullRequest> =
            self.list("list the open pull requests", "/pulls?state=open&per_page=100").await?;
        Ok(pulls.into_iter().map(Into::into).collect())
    }

    /// One pull request.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is none of this number.
    pub async fn pull_request(&self, number: i64) -> Result<wire::PullRequest, Error> {
        let call = Call::get("read a pull request", &self.path(&format!("/pulls/{number}")));
        self.answer::<answer::PullRequest>(&call).await.map(Into::into)
    }

    /// Creates a deployment at GitHub and gives its number.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn create_deployment(&self, deployment: &NewDeployment) -> Result<i64, Error> {
        let call =
            Call::post(Effect::CreateDeployment, "create a deployment", &self.path("/deployments"))
                .json(deployment)?;
        self.answer::<Identified>(&call).await.map(|answer| answer.id)
    }

    /// The deployment at GitHub that was created with `value` as its payload's
    /// field `key`, if there is one. After a crash between creating and
    /// remembering, this is how it is found again.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn find_deployment(
        &self,
        sha: &str,
        (key, value): (&str, &str),
    ) -> Result<Option<i64>, Error> {
        let path = format!("/deployments?sha={}&per_page=100", segment(sha));
        let found: Vec<answer::Deployment> = self.list("list the deployments", &path).await?;
        Ok(found
            .into_iter()
            .find(|it| it.payload.get(key).and_then(|it| it.as_str()) == Some(value))
            .map(|it| it.id))
    }

    /// The check run of a commit that was created with this `external_id`, if
    /// there is one.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn find_check_run(&self, sha: &str, external_id: &str) -> Result<Option<i64>, Error> {
        let mut next = Some(
            self.path(&format!("/commits/{}/check-runs?filter=all&per_page=100", segment(sha))),
        );
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { break };
            let call = Call::get("list a commit's check runs", &path);
            let (client, call) = (self.app.client(), &call);
            let work = |token: SecretString| async move {
                client.page_of::<answer::CheckRuns>(call, Some(&token)).await
            };
            let (page, link) = self.with_token(work).await?;
            let found = page
                .check_runs
                .into_iter()
                .find(|run| run.external_id.as_deref() == Some(external_id));
            if let Some(run) = found {
                return Ok(Some(run.id));
            }
            next = link;
        }
        Ok(None)
    }

    /// Says how a deployment at GitHub stands.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where somebody deleted it.
    pub async fn create_deployment_status(
        &self,
        deployment: i64,
        status: &DeploymentStatus,
    ) -> Result<(), Error> {
        let path = self.path(&format!("/deployments/{deployment}/statuses"));
        self.done(
            &Call::post(Effect::CreateStatus, "report a deployment's status", &path)
                .json(status)?,
        )
        .await
    }

    /// Creates a check run and gives its number.
    ///
    /// # Errors
    ///
    /// As any call: see [`Error`].
    pub async fn create_check_run(&self, run: &CheckRun) -> Result<i64, Error> {
        let call =
            Call::post(Effect::CreateCheckRun, "create a check run", &self.path("/check-runs"))
                .json(run)?;
        self.answer::<Identified>(&call).await.map(|answer| answer.id)
    }

    /// Brings a check run up to date.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is none of this number.
    pub async fn update_check_run(&self, id: i64, run: &CheckRun) -> Result<(), Error> {
        // The commit can't be changed, and is no field of this call.
        let mut body = serde_json::to_value(run).unwrap_or_default();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("head_sha");
        }
        let path = self.path(&format!("/check-runs/{id}"));
        self.done(&Call::patch(Effect::UpdateCheckRun, "update a check run", &path).json(&body)?)
            .await
    }

    /// Every comment on a pull request, less those on its code.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where there is no such pull request.
    pub async fn comments(&self, pull_request: i64) -> Result<Vec<wire::Comment>, Error> {
        let path = format!("/issues/{pull_request}/comments?per_page=100");
        let comments: Vec<answer::Comment> = self.list("list the comments", &path).await?;
        Ok(comments.into_iter().map(Into::into).collect())
    }

    /// Comments on a pull request and gives the comment's number.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] where the conversation is locked.
    pub async fn create_comment(&self, pull_request: i64, body: &str) -> Result<i64, Error> {
        let path = self.path(&format!("/issues/{pull_request}/comments"));
        let call = Call::post(Effect::CreateComment, "comment on a pull request", &path)
            .json(&json!({ "body": body }))?;
        self.answer::<Identified>(&call).await.map(|answer| answer.id)
    }

    /// Rewrites a comment of ours.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] where somebody deleted it.
    pub async fn update_comment(&self, id: i64, body: &str) -> Result<(), Error> {
        let path = self.path(&format!("/issues/comments/{id}"));
        self.done(
            &Call::patch(Effect::UpdateComment, "update a comment", &path)
                .json(&json!({ "body": body }))?,
        )
        .await
    }

    fn path(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", segment(&self.name.owner), segment(&self.name.name))
    }

    async fn answer<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Error> {
        let client = self.app.client();
        self.with_token(|token| async move { client.answer(call, Some(&token)).await }).await
    }

    async fn done(&self, call: &Call) -> Result<(), Error> {
        let client = self.app.client();
        self.with_token(|token| async move { client.done(call, Some(&token)).await }).await
    }

    async fn list<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
    ) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        let mut next = Some(self.path(path));
        for _ in 0..PAGES_MAX {
            let Some(path) = next else { break };
            let call = Call::get(doing, &path);
            let (client, call) = (self.app.client(), &call);
            let work = |token: SecretString| async move {
                client.page_of::<Vec<T>>(call, Some(&token)).await
            };
            let (page, link) = self.with_token(work).await?;
            all.extend(page);
            next = link;
        }
        Ok(all)
    }

    async fn with_token<T, Work: Future<Output = Result<T, Error>>>(
        &self,
        work: impl Fn(SecretString) -> Work,
    ) -> Result<T, Error> {
        self.app.with_token(self.installation, Scope::Report(self.id), work).await
    }
}
