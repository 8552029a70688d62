//! What a test or the demo does to GitHub: the part of its people.

pub mod types;

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;

use anyhow::bail;
use chrono::{DateTime, Utc};
use serde_json::Value;

use types::*;

/// How a simulator is started.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder in which it makes its own for the repositories, removed with
    /// it; the system's temporary one if unset.
    pub data: Option<PathBuf>,
    /// Whether `git push` works without a credential, as `mira`. A credential
    /// that is sent is checked all the same.
    pub anonymous_push: bool,
    /// Where the time comes from: [`Utc::now`], but for tests.
    pub clock: fn() -> DateTime<Utc>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: None,
            anonymous_push: true,
            clock: Utc::now,
        }
    }
}

/// A running simulator; it ends when this is dropped. See [`Sim`] for what can
/// be done with it.
#[derive(Debug)]
pub struct GithubSim {
    sim: Sim,
}

impl GithubSim {
    /// Starts a simulator. It knows the organisation `acme` and the user
    /// `mira`, who owns it.
    ///
    /// # Errors
    ///
    /// Where it can't listen, or there is no git.
    pub async fn start(_settings: Settings) -> anyhow::Result<Self> {
        bail!("unfinished")
    }
}

impl Deref for GithubSim {
    type Target = Sim;

    fn deref(&self) -> &Sim {
        &self.sim
    }
}

/// The simulated GitHub. Cheap to clone.
///
/// The methods that change something return when it is done; the webhooks that
/// follow are sent in order by a task of their own: see [`Sim::settled`].
#[derive(Debug, Clone)]
pub struct Sim {}

/// Every call fails where it names what does not exist.
impl Sim {
    /// Its address, of the API and the site alike: `http://127.0.0.1:4000`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        ""
    }

    /// Creates a repository.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn create_repository(&self, _new: NewRepository) -> anyhow::Result<Repository> {
        bail!("unfinished")
    }

    /// A repository as it is now.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn repository(&self, _full_name: &str) -> anyhow::Result<Repository> {
        bail!("unfinished")
    }

    /// Commits to a branch, made from the default branch where it is new, and pushes it.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn push(
        &self,
        _full_name: &str,
        _branch: &str,
        _commit: Commit,
    ) -> anyhow::Result<Pushed> {
        bail!("unfinished")
    }

    /// Pushes a tag of a branch, a tag or a SHA.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn tag(&self, _full_name: &str, _tag: &str, _target: &str) -> anyhow::Result<Pushed> {
        bail!("unfinished")
    }

    /// Deletes a ref, named in whole.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn delete_ref(&self, _full_name: &str, _git_ref: &str) -> anyhow::Result<Pushed> {
        bail!("unfinished")
    }

    /// Forks a repository into another account.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn fork(&self, _full_name: &str, _owner: &str) -> anyhow::Result<Repository> {
        bail!("unfinished")
    }

    /// Opens a pull request.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn open_pull_request(
        &self,
        _full_name: &str,
        _new: NewPullRequest,
    ) -> anyhow::Result<PullRequest> {
        bail!("unfinished")
    }

    /// Closes a pull request, unmerged.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn close_pull_request(
        &self,
        _full_name: &str,
        _number: i64,
    ) -> anyhow::Result<PullRequest> {
        bail!("unfinished")
    }

    /// Opens a closed pull request again.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn reopen_pull_request(
        &self,
        _full_name: &str,
        _number: i64,
    ) -> anyhow::Result<PullRequest> {
        bail!("unfinished")
    }

    /// Merges a pull request by a merge commit.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn merge_pull_request(
        &self,
        _full_name: &str,
        _number: i64,
    ) -> anyhow::Result<PullRequest> {
        bail!("unfinished")
    }

    /// Changes a pull request.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn change_pull_request(
        &self,
        _full_name: &str,
        _number: i64,
        _change: PullRequestChange,
    ) -> anyhow::Result<PullRequest> {
        bail!("unfinished")
    }

    /// Comments on a pull request as `author`.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn comment(
        &self,
        _full_name: &str,
        _number: i64,
        _author: &str,
        _body: &str,
    ) -> anyhow::Result<Comment> {
        bail!("unfinished")
    }

    /// Presses a button of a check run as `mira`.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn press_check_button(
        &self,
        _full_name: &str,
        _check_run: i64,
        _identifier: &str,
    ) -> anyhow::Result<()> {
        bail!("unfinished")
    }

    /// Asks for a check run again as `mira`.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn rerequest_check(&self, _full_name: &str, _check_run: i64) -> anyhow::Result<()> {
        bail!("unfinished")
    }

    /// Renames a repository; the old name redirects.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn rename_repository(
        &self,
        _full_name: &str,
        _name: &str,
    ) -> anyhow::Result<Repository> {
        bail!("unfinished")
    }

    /// Submits a manifest for `owner` as the browser does, and presses the button.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn submit_manifest(
        &self,
        _owner: &str,
        _manifest: Value,
        _state: &str,
    ) -> anyhow::Result<SubmittedManifest> {
        bail!("unfinished")
    }

    /// The App with its secrets.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub fn app_secrets(&self, _slug: &str) -> anyhow::Result<AppSecrets> {
        bail!("unfinished")
    }

    /// Installs an App on an account: on all its repositories, or on these, by `owner/name`.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn install(
        &self,
        _slug: &str,
        _account: &str,
        _repositories: Option<Vec<String>>,
    ) -> anyhow::Result<Installation> {
        bail!("unfinished")
    }

    /// Adds and removes repositories of an installation.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn change_installation(
        &self,
        _installation: i64,
        _add: Vec<String>,
        _remove: Vec<String>,
    ) -> anyhow::Result<Installation> {
        bail!("unfinished")
    }

    /// Suspends an installation, or lifts that.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn suspend(
        &self,
        _installation: i64,
        _suspended: bool,
    ) -> anyhow::Result<Installation> {
        bail!("unfinished")
    }

    /// Removes an installation.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn uninstall(&self, _installation: i64) -> anyhow::Result<()> {
        bail!("unfinished")
    }

    /// Sends a delivery again, by its attempt's number.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn redeliver(&self, _delivery: i64) -> anyhow::Result<()> {
        bail!("unfinished")
    }

    /// Every pull request of a repository, in order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub fn pull_requests(&self, _full_name: &str) -> anyhow::Result<Vec<PullRequest>> {
        bail!("unfinished")
    }

    /// Every comment of a repository, in order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub fn comments(&self, _full_name: &str) -> anyhow::Result<Vec<Comment>> {
        bail!("unfinished")
    }

    /// Every deployment of a repository, in order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub fn deployments(&self, _full_name: &str) -> anyhow::Result<Vec<Deployment>> {
        bail!("unfinished")
    }

    /// Every check run of a repository, in order.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub fn check_runs(&self, _full_name: &str) -> anyhow::Result<Vec<CheckRun>> {
        bail!("unfinished")
    }

    /// Every delivery attempt so far, in order.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        Vec::new()
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        Vec::new()
    }

    /// The faults in force.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::default()
    }

    /// Whatever did not fit GitHub's description so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// The same, and forgets it.
    #[must_use]
    pub fn take_violations(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Puts faults in force.
    pub fn set_faults(&self, _faults: Faults) {}

    /// Makes every installation token invalid at once.
    pub fn revoke_tokens(&self) {}

    /// Waits until every webhook so far was sent and answered, or given up on.
    pub async fn settled(&self) {}

    /// Forgets everything but the accounts: the state after the start.
    ///
    /// # Errors
    ///
    /// As any call: see [`Sim`].
    pub async fn reset(&self) -> anyhow::Result<()> {
        bail!("unfinished")
    }
}
