//! Webhooks as GitHub sends them, read into what Berth asks about.
//!
//! The types are small and tolerant: GitHub adds fields every month, and its
//! own examples of the same event differ by what was left out. Only what an
//! event would be meaningless without is required.

mod event;
pub mod meaning;

use berth_domain::ids::{InstallationId, RepositoryId};
use serde::de::DeserializeOwned;

pub use self::event::{
    CheckRun, Commit, Installation, InstallationRepositories, Other, Ping, PullRequest, Push,
    Repository, RepositoryChange,
};

/// The largest body that GitHub sends is 25 MB; beyond this nothing is read.
pub const BODY_MAX: usize = 26 * 1024 * 1024;

/// The header with the event's name.
pub const EVENT_HEADER: &str = "x-github-event";

/// The header with the delivery's GUID, which a redelivery keeps.
pub const DELIVERY_HEADER: &str = "x-github-delivery";

/// What a delivery says happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Webhook {
    /// A branch or tag was created, moved or deleted.
    Push(Push),
    /// Something happened to a pull request.
    PullRequest(PullRequest),
    /// Our App was installed, suspended or removed.
    Installation(Installation),
    /// An installation sees other repositories than before.
    InstallationRepositories(InstallationRepositories),
    /// A repository was renamed, moved, deleted and so on.
    Repository(RepositoryChange),
    /// Somebody pressed a button on a check run.
    CheckRun(CheckRun),
    /// GitHub tries the address.
    Ping(Ping),
    /// An event that Berth does not act on.
    Other(Other),
}

/// A body that is not the event that its header names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a {event:?} event: {message}")]
pub struct ParseError {
    /// The header's value.
    pub event: String,
    /// What is wrong, with a place in the body.
    pub message: String,
}

/// Reads a delivery: `event` is the header `X-GitHub-Event`, `body` its bytes,
/// in JSON or as a form with a field `payload`.
///
/// # Errors
///
/// When the body is no JSON object, or lacks what the event is about.
pub fn parse(event: &str, body: &[u8]) -> Result<Webhook, ParseError> {
    let form = payload_of_form(body);
    let body = form.as_deref().map_or(body, str::as_bytes);
    match event {
        "push" => read(event, body).map(Webhook::Push),
        "pull_request" => read(event, body).map(Webhook::PullRequest),
        "installation" => read(event, body).map(Webhook::Installation),
        "installation_repositories" => read(event, body).map(Webhook::InstallationRepositories),
        "repository" => read(event, body).map(Webhook::Repository),
        "check_run" => read(event, body).map(Webhook::CheckRun),
        "ping" => read(event, body).map(Webhook::Ping),
        // Whatever it is, it is kept: only what is no JSON at all is refused.
        _ => read(event, body).map(|value| Webhook::Other(Other::of(&value))),
    }
}

fn read<T: DeserializeOwned>(event: &str, body: &[u8]) -> Result<T, ParseError> {
    serde_json::from_slice(body)
        .map_err(|err| ParseError { event: event.to_owned(), message: err.to_string() })
}

/// A hook's content type is `form` unless somebody says `json`.
fn payload_of_form(body: &[u8]) -> Option<String> {
    body.starts_with(b"payload=")
        .then(|| url::form_urlencoded::parse(body).find(|(name, _)| name == "payload"))
        .flatten()
        .map(|(_, value)| value.into_owned())
}

impl Webhook {
    /// What happened to the subject, such as `opened`.
    #[must_use]
    pub fn action(&self) -> Option<&str> {
        match self {
            Self::Push(_) | Self::Ping(_) => None,
            Self::PullRequest(event) => Some(&event.action),
            Self::Installation(event) => Some(&event.action),
            Self::InstallationRepositories(event) => Some(&event.action),
            Self::Repository(event) => Some(&event.action),
            Self::CheckRun(event) => Some(&event.action),
            Self::Other(event) => event.action.as_deref(),
        }
    }

    /// The repository it is about.
    #[must_use]
    pub const fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Push(event) => Some(&event.repository),
            Self::PullRequest(event) => Some(&event.repository),
            Self::Repository(event) => Some(&event.repository),
            Self::CheckRun(event) => Some(&event.repository),
            Self::Other(event) => event.repository.as_ref(),
            Self::Installation(_) | Self::InstallationRepositories(_) | Self::Ping(_) => None,
        }
    }

    /// The repository's id.
    #[must_use]
    pub fn repository_id(&self) -> Option<RepositoryId> {
        self.repository().map(|repository| repository.id)
    }

    /// The installation that it was sent for.
    #[must_use]
    pub const fn installation(&self) -> Option<InstallationId> {
        match self {
            Self::Push(event) => event.installation,
            Self::PullRequest(event) => event.installation,
            Self::Installation(event) => Some(event.id),
            Self::InstallationRepositories(event) => Some(event.id),
            Self::Repository(event) => event.installation,
            Self::CheckRun(event) => event.installation,
            Self::Other(event) => event.installation,
            Self::Ping(_) => None,
        }
    }

    /// The login of whoever made it happen.
    #[must_use]
    pub fn sender(&self) -> Option<&str> {
        match self {
            Self::Push(event) => event.sender.as_deref(),
            Self::PullRequest(event) => event.sender.as_deref(),
            Self::Installation(event) => event.sender.as_deref(),
            Self::InstallationRepositories(event) => event.sender.as_deref(),
            Self::Repository(event) => event.sender.as_deref(),
            Self::CheckRun(event) => event.sender.as_deref(),
            Self::Other(event) => event.sender.as_deref(),
            Self::Ping(_) => None,
        }
    }

    /// The ref it is about: in full for a push, the head branch's name for a
    /// pull request.
    #[must_use]
    pub fn git_ref(&self) -> Option<&str> {
        match self {
            Self::Push(event) => Some(&event.git_ref),
            Self::PullRequest(event) => Some(&event.head_ref),
            Self::Installation(_)
            | Self::InstallationRepositories(_)
            | Self::Repository(_)
            | Self::CheckRun(_)
            | Self::Ping(_)
            | Self::Other(_) => None,
        }
    }

    /// The commit it is about.
    #[must_use]
    pub fn sha(&self) -> Option<&str> {
        match self {
            Self::Push(event) => Some(&event.after),
            Self::PullRequest(event) => Some(&event.head_sha),
            Self::CheckRun(event) => Some(&event.head_sha),
            Self::Installation(_)
            | Self::InstallationRepositories(_)
            | Self::Repository(_)
            | Self::Ping(_)
            | Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
