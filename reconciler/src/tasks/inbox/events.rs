//! What each event means.

use berth_domain::build::Builder;
use berth_domain::fail_point::Write;
use berth_domain::ids::DeploymentId;
use berth_domain::rule::EventKind;
use berth_github_app::report::REDEPLOY;
use berth_github_app::webhook::meaning::{self, Asks, Meaning, skip_directive};
use berth_github_app::webhook::{self, CheckRun, Push, Webhook};
use berth_store::deliveries::{self, Delivery, Outcome, RuleDecision, Verdict};
use berth_store::deployments::{self, Commit, NewDeployment, Trigger};
use berth_store::environments::{self, PullRequest};
use berth_store::leases::{Fence, Guarded};
use berth_store::repositories::Repository;
use berth_store::{Error, installations, rules};
use chrono::TimeDelta;

use super::about::verdict;
use super::deploy::{Considered, Occasion, carry_out, consider, tip};
use super::{Judged, Trouble, accounts};
use crate::tasks::Deps;
use crate::tasks::previews::client;

/// Judges a delivery.
pub(super) async fn judge<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    webhook: &Webhook,
) -> Result<Judged, Trouble> {
    let said = |outcome, reason: &str| Ok(Judged::Said(verdict(webhook, outcome, reason)));
    match webhook {
        Webhook::Ping(_) => said(Outcome::Recorded, "GitHub reaches this address"),
        Webhook::Installation(event) => {
            let mut db = Guarded::begin(&deps.pool, fence, Write::FollowInstallation).await?;
            let done = accounts::installation(deps, &mut db, event).await?;
            finish(db, delivery, verdict(webhook, Outcome::Recorded, done)).await
        }
        Webhook::InstallationRepositories(event) => {
            accounts::ensure_installation(deps, fence, event.id).await?;
            let mut db = Guarded::begin(&deps.pool, fence, Write::FollowInstalled).await?;
            let done = accounts::repositories_of(&mut db, event).await?;
            finish(db, delivery, verdict(webhook, Outcome::Recorded, done)).await
        }
        Webhook::Repository(event) => {
            if !accounts::is_farewell(event) {
                accounts::repository(deps, fence, &event.repository, event.installation).await?;
            }
            let mut db = Guarded::begin(&deps.pool, fence, Write::FollowRepository).await?;
            let done = accounts::change(&mut db, event).await?;
            finish(db, delivery, verdict(webhook, Outcome::Recorded, done)).await
        }
        Webhook::CheckRun(event) => check_run(deps, fence, delivery, (webhook, event)).await,
        Webhook::Push(event) => push(deps, fence, delivery, (webhook, event)).await,
        Webhook::PullRequest(event) => pull_request(deps, fence, delivery, (webhook, event)).await,
        Webhook::Other(_) if delivery.event == "installation_target" => {
            account_renamed(deps, fence, delivery, webhook).await
        }
        Webhook::Other(_) => {
            let reason = format!("Berth does nothing about `{}` events", delivery.event);
            said(Outcome::Ignored, &reason)
        }
    }
}

async fn finish(mut db: Guarded, delivery: &Delivery, verdict: Verdict) -> Result<Judged, Trouble> {
    deliveries::finish(&mut db, &delivery.id, &verdict).await?;
    db.commit().await?;
    Ok(Judged::Finished(verdict.outcome))
}

async fn account_renamed<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    webhook: &Webhook,
) -> Result<Judged, Trouble> {
    let body: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
    let id = body.pointer("/account/id").and_then(serde_json::Value::as_i64);
    let login = body.pointer("/account/login").and_then(serde_json::Value::as_str);
    let (Some(id), Some(login)) = (id, login) else {
        let reason = "it does not say which account it is about";
        return Ok(Judged::Said(verdict(webhook, Outcome::Ignored, reason)));
    };
    let mut db = Guarded::begin(&deps.pool, fence, Write::FollowAccount).await?;
    installations::rename_account(&mut *db, id, login).await?;
    let done = format!("the account is called {login} now");
    finish(db, delivery, verdict(webhook, Outcome::Recorded, done)).await
}

const NOT_INSTALLED: &str = "the App is not installed there";

async fn push<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    (webhook, event): (&Webhook, &Push),
) -> Result<Judged, Trouble> {
    let said = |outcome, reason: &str| Ok(Judged::Said(verdict(webhook, outcome, reason)));
    let Asks { event: asked, head, happened } = match meaning::of_push(event) {
        Ok(asks) => asks,
        Err(reason) => return said(Outcome::Ignored, &reason),
    };
    let repository =
        accounts::repository(deps, fence, &event.repository, event.installation).await?;
    let Some(repository) = repository else { return said(Outcome::Ignored, NOT_INSTALLED) };
    let head_commit = event.head_commit.as_ref();
    let commit = Commit {
        // Of an annotated tag, `after` is the tag itself.
        sha: head_commit.map_or(&event.after, |commit| &commit.sha).clone(),
        message: head_commit.map(|commit| commit.message.clone()).unwrap_or_default(),
        author: head_commit.map(|commit| commit.author.clone()).unwrap_or_default(),
    };
    let is_tag = asked.kind == EventKind::Tag;
    let mut occasion = Occasion {
        repository: &repository,
        event: asked,
        trigger: if is_tag { Trigger::Tag } else { Trigger::Push },
        happened,
        head,
        commit,
        git_ref: event.git_ref.clone(),
        before: Some(&event.before),
        tip: None,
        preview: None,
        delivery: Some((&delivery.id, delivery.received_at)),
    };
    let considered = consider(deps, &occasion).await?;
    occasion.tip = tip(deps, &occasion, &considered).await?;
    settle(deps, fence, (webhook, &occasion), considered).await
}

async fn pull_request<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    (webhook, event): (&Webhook, &webhook::PullRequest),
) -> Result<Judged, Trouble> {
    let said = |outcome, reason: &str| Ok(Judged::Said(verdict(webhook, outcome, reason)));
    let repository =
        accounts::repository(deps, fence, &event.repository, event.installation).await?;
    let Some(repository) = repository else { return said(Outcome::Ignored, NOT_INSTALLED) };
    let number = event.number;
    let Asks { event: asked, head, happened } = match meaning::of_pull_request(event) {
        Meaning::Asks(asks) => asks,
        Meaning::Ends(why) => {
            return closed(deps, fence, delivery, (webhook, event, &repository), &why).await;
        }
        Meaning::Retitles => {
            return edited(deps, fence, delivery, (webhook, event, &repository)).await;
        }
        Meaning::Nothing(reason) => return said(Outcome::Ignored, &reason),
    };
    let mut occasion = Occasion {
        repository: &repository,
        event: asked,
        trigger: Trigger::PullRequest,
        happened,
        head,
        commit: Commit { sha: event.head_sha.clone(), ..Commit::default() },
        git_ref: format!("refs/pull/{number}/head"),
        before: event.before.as_deref(),
        tip: None,
        preview: Some(PullRequest {
            number,
            title: event.title.clone(),
            author: event.author.clone(),
        }),
        delivery: Some((&delivery.id, delivery.received_at)),
    };
    // What the event does not say is asked for only if it can matter.
    let considered = consider(deps, &occasion).await?;
    if considered.iter().any(Considered::matched)
        && let Some(app) = deps.app().await?
    {
        let client = client(&app, &repository);
        // GitHub may be a moment behind its own event, so after `reopened` its
        // word that the pull request is closed counts for nothing.
        if event.action != "reopened" {
            let now = client.pull_request(number).await?;
            if now.state == "closed" {
                return said(Outcome::Ignored, &format!("pull request {number} is closed by now"));
            }
            occasion.tip = Some(now.head_sha);
        }
        let commit = client.commit(&event.head_sha).await?;
        occasion.commit.message = commit.message;
        occasion.commit.author = commit.author;
    }
    settle(deps, fence, (webhook, &occasion), considered).await
}

/// After how long a close is late: GitHub may have told of what came after it. Of one
/// that is not, GitHub's own word that the pull request is open counts for nothing,
/// since it may be a moment behind its event.
const LATE: TimeDelta = TimeDelta::minutes(1);

fn is_late(delivery: &Delivery, event: &webhook::PullRequest) -> bool {
    event.closed_at.is_some_and(|at| delivery.received_at.signed_duration_since(at) > LATE)
}

/// The pull request is over: its previews go.
async fn closed<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    (webhook, event, repository): (&Webhook, &webhook::PullRequest, &Repository),
    why: &str,
) -> Result<Judged, Trouble> {
    if is_late(delivery, event)
        && !environments::open_previews(&deps.pool, repository.id, Some(event.number))
            .await?
            .is_empty()
        && let Some(app) = deps.app().await?
        && client(&app, repository).pull_request(event.number).await?.state != "closed"
    {
        let why = format!("pull request {} is open again by now", event.number);
        return Ok(Judged::Said(verdict(webhook, Outcome::Ignored, why)));
    }
    let mut db = Guarded::begin(&deps.pool, fence, Write::ClosePreviews).await?;
    let open = environments::open_previews(&mut *db, repository.id, Some(event.number)).await?;
    for environment in &open {
        environments::close(&mut db, environment.id, why).await?;
    }
    let judged = if open.is_empty() {
        verdict(webhook, Outcome::Ignored, format!("{why}; it had no preview"))
    } else {
        let names: Vec<_> = open.iter().map(|it| format!("`{}`", it.name)).collect();
        let reason = format!("{why}; its preview {} is being removed", names.join(", "));
        verdict(webhook, Outcome::Recorded, reason)
    };
    finish(db, delivery, judged).await
}

/// A new title, perhaps.
async fn edited<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    (webhook, event, repository): (&Webhook, &webhook::PullRequest, &Repository),
) -> Result<Judged, Trouble> {
    let mut db = Guarded::begin(&deps.pool, fence, Write::RetitlePreviews).await?;
    let known = environments::retitle(&mut db, repository.id, event.number, &event.title).await?;
    let judged = if known {
        verdict(webhook, Outcome::Recorded, "the preview shows the pull request's title")
    } else {
        verdict(webhook, Outcome::Ignored, "the pull request has no preview")
    };
    finish(db, delivery, judged).await
}

/// Carries out what the rules made of an occasion.
async fn settle<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    (webhook, occasion): (&Webhook, &Occasion<'_>),
    considered: Vec<Considered>,
) -> Result<Judged, Trouble> {
    let mut verdict = verdict(webhook, Outcome::Ignored, String::new());
    if let Some(words) = skip_directive(&occasion.commit.message)
        && considered.iter().any(Considered::matched)
    {
        verdict.reason = format!("the head commit's message says {words}");
        verdict.decisions =
            considered.into_iter().map(|it| it.refused(verdict.reason.clone())).collect();
        return Ok(Judged::Said(verdict));
    }
    let Some((delivery, _)) = occasion.delivery else {
        return Err(Trouble::Never("there is no delivery to judge".to_owned()));
    };
    if !considered.iter().any(Considered::matched) {
        verdict.reason = match considered.len() {
            0 => format!("{} has no rules", occasion.repository.full_name()),
            1 => "its rule does not match".to_owned(),
            rules => format!("none of its {rules} rules matches"),
        };
        verdict.decisions = considered.into_iter().map(Considered::unmatched).collect();
        return Ok(Judged::Said(verdict));
    }
    let mut db = Guarded::begin(&deps.pool, fence, Write::JudgeDelivery).await?;
    verdict.decisions = carry_out(&mut db, occasion, considered).await?;
    let deployed: Vec<&RuleDecision> =
        verdict.decisions.iter().filter(|it| it.deployment.is_some()).collect();
    if deployed.is_empty() {
        verdict.reason = "no rule that matches has an environment to deploy to".to_owned();
    } else {
        verdict.outcome = Outcome::Deployed;
        let names: Vec<_> = deployed.iter().map(|it| format!("`{}`", it.rule_name)).collect();
        verdict.reason = format!("{}; rule {}", occasion.happened, names.join(", "));
    }
    deliveries::finish(&mut db, delivery, &verdict).await?;
    db.commit().await?;
    Ok(Judged::Finished(verdict.outcome))
}

/// Somebody pressed the button on one of our check runs.
async fn check_run<B: Builder>(
    deps: &Deps<B>,
    fence: Fence,
    delivery: &Delivery,
    (webhook, event): (&Webhook, &CheckRun),
) -> Result<Judged, Trouble> {
    let said = |outcome, reason: &str| Ok(Judged::Said(verdict(webhook, outcome, reason)));
    let pressed = event.action == "rerequested"
        || (event.action == "requested_action"
            && event.requested_action.as_deref() == Some(REDEPLOY));
    if !pressed {
        return said(Outcome::Ignored, "news of a check, which asks for nothing");
    }
    let Some(id) = event.external_id.as_deref().and_then(|id| id.parse::<DeploymentId>().ok())
    else {
        return said(Outcome::Ignored, "the check run is not one of ours");
    };
    let mut db = Guarded::begin(&deps.pool, fence, Write::DeployAgain).await?;
    let context = match deployments::context(&mut db, id).await {
        Ok(context) if context.repository.id == event.repository.id => context,
        Ok(_) | Err(Error::NotFound { .. }) => {
            return said(Outcome::Ignored, "the check run is not one of ours");
        }
        Err(err) => return Err(err.into()),
    };
    let before = context.deployment;
    let who = event.sender.as_deref().unwrap_or("somebody");
    let policy = rules::policy_now(&mut *db, before.rule, before.policy).await?;
    let new = NewDeployment {
        stack: before.stack,
        trigger: Trigger::Manual,
        delivery: Some(delivery.id.clone()),
        rule: before.rule.zip(before.rule_name),
        why: format!("{who} asked for it again on GitHub"),
        commit: before.commit,
        git_ref: before.git_ref,
        compose_file: before.compose_file,
        host: before.host,
        policy,
        requested_by: None,
    };
    let judged = match deployments::create(&mut db, &new).await {
        Ok(created) => {
            let reason =
                format!("{}; deployment {} of `{}`", new.why, created.number, context.stack.name);
            verdict(webhook, Outcome::Deployed, reason)
        }
        Err(Error::NotFound { .. } | Error::Conflict { .. }) => {
            verdict(webhook, Outcome::Ignored, "its stack is gone")
        }
        Err(err) => return Err(err.into()),
    };
    finish(db, delivery, judged).await
}
