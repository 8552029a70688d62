//! The driver as JSON over HTTP, under `/_sim/`, for what is not written in
//! Rust or runs in another process.

use std::fmt::Display;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::types::{
    Commit, Faults, Installation, NewPullRequest, NewRepository, PullRequestChange,
};
use crate::sim::Sim;

type Name = Path<(String, String)>;
type Numbered = Path<(String, String, i64)>;

/// Everything under `/_sim/`.
pub(crate) fn router() -> Router<Sim> {
    Router::new()
        .route("/apps", post(submit_manifest))
        .route("/apps/{slug}", get(app_secrets))
        .route("/apps/{slug}/installations", post(install))
        .route("/installations/{id}", get(installation).patch(change_installation))
        .route("/installations/{id}", delete(uninstall))
        .route("/repositories", get(repositories).post(create_repository))
        .route("/repositories/{owner}/{repo}", get(repository).patch(rename))
        .route("/repositories/{owner}/{repo}/commits", post(push))
        .route("/repositories/{owner}/{repo}/tags", post(tag))
        .route("/repositories/{owner}/{repo}/refs", delete(delete_ref))
        .route("/repositories/{owner}/{repo}/forks", post(fork))
        .route("/repositories/{owner}/{repo}/pulls", get(pulls).post(open_pull))
        .route("/repositories/{owner}/{repo}/pulls/{number}", get(pull).patch(change_pull))
        .route("/repositories/{owner}/{repo}/pulls/{number}/close", post(close_pull))
        .route("/repositories/{owner}/{repo}/pulls/{number}/reopen", post(reopen_pull))
        .route("/repositories/{owner}/{repo}/pulls/{number}/merge", post(merge_pull))
        .route("/repositories/{owner}/{repo}/pulls/{number}/comments", post(comment))
        .route("/repositories/{owner}/{repo}/comments", get(comments))
        .route("/repositories/{owner}/{repo}/deployments", get(deployments))
        .route("/repositories/{owner}/{repo}/check-runs", get(check_runs))
        .route("/repositories/{owner}/{repo}/check-runs/{id}/press", post(press))
        .route("/repositories/{owner}/{repo}/check-runs/{id}/rerequest", post(rerequest))
        .route("/comments/{id}", delete(delete_comment))
        .route("/deliveries", get(deliveries))
        .route("/deliveries/{id}/redeliver", post(redeliver))
        .route("/faults", get(faults).merge(put(set_faults)))
        .route("/requests", get(requests))
        .route("/reset", post(reset))
        .route("/settled", post(settled))
        .route("/tokens", delete(revoke_tokens))
        .route("/violations", get(violations).delete(take_violations))
        .fallback(nothing)
}

/// A refusal: what was asked for can't be done.
struct Refusal(String);

impl<E: Display> From<E> for Refusal {
    fn from(err: E) -> Self {
        Self(format!("{err:#}"))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "message": self.0 }))).into_response()
    }
}

type Outcome = Result<Json<Value>, Refusal>;

fn said(value: impl Serialize) -> Outcome {
    Ok(Json(serde_json::to_value(value)?))
}

fn full((owner, repo): &(String, String)) -> String {
    format!("{owner}/{repo}")
}

async fn nothing() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({ "message": "no such thing under /_sim/" })))
        .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    manifest: Value,
    owner: Option<String>,
    #[serde(default)]
    state: String,
}

async fn submit_manifest(State(sim): State<Sim>, Json(it): Json<Submit>) -> Outcome {
    // Forms carry the manifest as a string.
    let manifest = match it.manifest.as_str() {
        Some(text) => serde_json::from_str(text)?,
        None => it.manifest,
    };
    let owner = it.owner.as_deref().unwrap_or(crate::world::USER);
    said(sim.submit_manifest(owner, manifest, &it.state)?)
}

async fn app_secrets(State(sim): State<Sim>, Path(slug): Path<String>) -> Outcome {
    said(sim.app_secrets(&slug)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Install {
    account: String,
    repositories: Option<Vec<String>>,
    state: Option<String>,
}

async fn install(
    State(sim): State<Sim>,
    Path(slug): Path<String>,
    Json(it): Json<Install>,
) -> Outcome {
    let chosen = it.repositories.as_deref();
    let (id, redirect) = sim.install_app(&slug, &it.account, chosen, it.state.as_deref())?;
    said(Installation { redirect, ..sim.installation(id)? })
}

async fn installation(State(sim): State<Sim>, Path(id): Path<i64>) -> Outcome {
    said(sim.installation(id)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeInstallation {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
    suspended: Option<bool>,
}

async fn change_installation(
    State(sim): State<Sim>,
    Path(id): Path<i64>,
    Json(it): Json<ChangeInstallation>,
) -> Outcome {
    if let Some(suspended) = it.suspended {
        sim.suspend(id, suspended)?;
    }
    if !it.add.is_empty() || !it.remove.is_empty() {
        sim.change_installation(id, &it.add, &it.remove)?;
    }
    said(sim.installation(id)?)
}

async fn uninstall(State(sim): State<Sim>, Path(id): Path<i64>) -> Outcome {
    sim.uninstall(id)?;
    said(json!({}))
}

async fn repositories(State(sim): State<Sim>) -> Outcome {
    said(sim.repositories())
}

async fn create_repository(State(sim): State<Sim>, Json(it): Json<NewRepository>) -> Outcome {
    said(sim.create_repository(it).await?)
}

async fn repository(State(sim): State<Sim>, Path(name): Name) -> Outcome {
    said(sim.repository(&full(&name))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rename {
    name: String,
}

async fn rename(State(sim): State<Sim>, Path(name): Name, Json(it): Json<Rename>) -> Outcome {
    said(sim.rename_repository(&full(&name), &it.name)?)
}

async fn push(State(sim): State<Sim>, Path(name): Name, Json(it): Json<Value>) -> Outcome {
    let mut fields = it;
    let branch = fields["branch"].as_str().unwrap_or("main").to_owned();
    if let Some(fields) = fields.as_object_mut() {
        fields.remove("branch");
    }
    let commit: Commit = serde_json::from_value(fields)?;
    said(sim.push(&full(&name), &branch, commit).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tag {
    name: String,
    target: String,
}

async fn tag(State(sim): State<Sim>, Path(name): Name, Json(it): Json<Tag>) -> Outcome {
    said(sim.tag(&full(&name), &it.name, &it.target).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteRef {
    git_ref: String,
}

async fn delete_ref(
    State(sim): State<Sim>,
    Path(name): Name,
    Json(it): Json<DeleteRef>,
) -> Outcome {
    said(sim.delete_ref(&full(&name), &it.git_ref).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fork {
    owner: String,
}

async fn fork(State(sim): State<Sim>, Path(name): Name, Json(it): Json<Fork>) -> Outcome {
    said(sim.fork(&full(&name), &it.owner).await?)
}

async fn pulls(State(sim): State<Sim>, Path(name): Name) -> Outcome {
    said(sim.pull_requests(&full(&name))?)
}

async fn open_pull(
    State(sim): State<Sim>,
    Path(name): Name,
    Json(it): Json<NewPullRequest>,
) -> Outcome {
    said(sim.open_pull_request(&full(&name), it).await?)
}

async fn pull(State(sim): State<Sim>, Path((owner, repo, number)): Numbered) -> Outcome {
    said(sim.pull_request(&format!("{owner}/{repo}"), number)?)
}

async fn change_pull(
    State(sim): State<Sim>,
    Path((owner, repo, number)): Numbered,
    Json(it): Json<PullRequestChange>,
) -> Outcome {
    said(sim.change_pull_request(&format!("{owner}/{repo}"), number, it)?)
}

async fn close_pull(State(sim): State<Sim>, Path((owner, repo, number)): Numbered) -> Outcome {
    said(sim.close_pull_request(&format!("{owner}/{repo}"), number)?)
}

async fn reopen_pull(State(sim): State<Sim>, Path((owner, repo, number)): Numbered) -> Outcome {
    said(sim.reopen_pull_request(&format!("{owner}/{repo}"), number)?)
}

async fn merge_pull(State(sim): State<Sim>, Path((owner, repo, number)): Numbered) -> Outcome {
    said(sim.merge_pull_request(&format!("{owner}/{repo}"), number).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewComment {
    author: Option<String>,
    body: String,
}

async fn comment(
    State(sim): State<Sim>,
    Path((owner, repo, number)): Numbered,
    Json(it): Json<NewComment>,
) -> Outcome {
    let author = it.author.as_deref().unwrap_or(crate::world::USER);
    said(sim.comment(&format!("{owner}/{repo}"), number, author, &it.body)?)
}

async fn comments(State(sim): State<Sim>, Path(name): Name) -> Outcome {
    said(sim.comments(&full(&name))?)
}

async fn delete_comment(State(sim): State<Sim>, Path(id): Path<i64>) -> Outcome {
    sim.delete_comment(id)?;
    said(json!({}))
}

async fn deployments(State(sim): State<Sim>, Path(name): Name) -> Outcome {
    said(sim.deployments(&full(&name))?)
}

async fn check_runs(State(sim): State<Sim>, Path(name): Name) -> Outcome {
    said(sim.check_runs(&full(&name))?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    identifier: String,
}

async fn press(
    State(sim): State<Sim>,
    Path((owner, repo, id)): Numbered,
    Json(it): Json<Press>,
) -> Outcome {
    sim.press_check_button(&format!("{owner}/{repo}"), id, &it.identifier)?;
    said(json!({}))
}

async fn rerequest(State(sim): State<Sim>, Path((owner, repo, id)): Numbered) -> Outcome {
    sim.rerequest_check(&format!("{owner}/{repo}"), id)?;
    said(json!({}))
}

async fn deliveries(State(sim): State<Sim>) -> Outcome {
    said(sim.deliveries())
}

async fn redeliver(State(sim): State<Sim>, Path(id): Path<i64>) -> Outcome {
    said(json!({ "id": sim.redeliver(id)? }))
}

async fn faults(State(sim): State<Sim>) -> Outcome {
    said(sim.faults())
}

async fn set_faults(State(sim): State<Sim>, Json(it): Json<Faults>) -> Outcome {
    sim.set_faults(it);
    said(sim.faults())
}

async fn requests(State(sim): State<Sim>) -> Outcome {
    said(sim.requests())
}

async fn reset(State(sim): State<Sim>) -> Outcome {
    sim.reset().await?;
    said(json!({}))
}

async fn settled(State(sim): State<Sim>) -> Outcome {
    sim.settled().await;
    said(json!({}))
}

async fn revoke_tokens(State(sim): State<Sim>) -> Outcome {
    sim.revoke_tokens();
    said(json!({}))
}

async fn violations(State(sim): State<Sim>) -> Outcome {
    said(sim.violations())
}

async fn take_violations(State(sim): State<Sim>) -> Outcome {
    said(sim.take_violations())
}
