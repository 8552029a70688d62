//! What a draft of a rule would make of what its repository has now: the same
//! decision as the inbox takes, over everything that GitHub lists.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use berth_compose_templates::render::{Names, render_environment, render_host};
use berth_domain::ids::{RepositoryId, RuleId};
use berth_domain::rule::{self, Changes, Event, EventKind, Rule};
use berth_github_app::wire::PullRequest;
use berth_github_app::{Credentials, RepositoryName};
use berth_store::github_apps;
use berth_store::repositories::Repository;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{draft, repository};
use crate::auth::Admin;
use crate::extract::Json as Body;
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{CandidateKind, RuleDraft, RuleMatch, RuleMatches};

/// What a rule would match now
///
/// Nothing is saved, and nothing deployed. Which paths change is not known
/// before they do, so a rule that asks for paths is judged by its refs.
#[utoipa::path(
    post,
    path = "/api/v1/rules/matches",
    tag = "rules",
    request_body = RuleDraft,
    responses((status = 200, description = "What it would make of each", body = RuleMatches)),
)]
pub(crate) async fn match_rule(
    State(state): State<ApiState>,
    _admin: Admin,
    Body(mut draft): Body<RuleDraft>,
) -> Result<Json<RuleMatches>> {
    // What it is called decides nothing.
    "draft".clone_into(&mut draft.name);
    let id = draft.repository_id;
    let rule = draft::check(&state, RuleId::fresh(), draft).await?;
    let repository = repository(&state, id).await?.ok_or_else(|| {
        Problem::invalid_field("/repository_id", "No installation shows a repository with this id.")
    })?;
    let listed = listed(&state, &repository).await?;
    let candidates = candidates(&listed, &repository, &rule);
    let items = candidates.into_iter().map(|it| judged(it, &rule, &repository)).collect();
    Ok(Json(RuleMatches { items }))
}

/// Something that an event could be about.
struct Candidate {
    kind: CandidateKind,
    event: Event,
    /// The branch or tag; of a pull request, its head.
    name: String,
    pull_request: Option<(i64, String)>,
}

/// What a repository has at GitHub.
#[derive(Debug)]
struct Listed {
    pulls: Vec<PullRequest>,
    branches: Vec<String>,
    tags: Vec<String>,
}

/// How long a listing serves: whoever types asks with every pause, and a large
/// repository has many pages.
const FRESH: Duration = Duration::from_secs(30);

/// What was listed a moment ago, by repository.
#[derive(Debug, Default)]
pub(crate) struct Listings(StdMutex<BTreeMap<RepositoryId, Arc<Mutex<Listing>>>>);

/// One repository's; locked while GitHub is asked, so that a page of many rules
/// has it asked once.
#[derive(Debug, Default)]
struct Listing(Option<(Instant, Arc<Listed>)>);

impl Listing {
    fn fresh(&self) -> Option<&Arc<Listed>> {
        self.0.as_ref().filter(|(asked, _)| asked.elapsed() < FRESH).map(|(_, listed)| listed)
    }
}

impl Listings {
    fn of(&self, id: RepositoryId) -> Arc<Mutex<Listing>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that somebody holds is being asked for.
        known.retain(|_, it| {
            Arc::strong_count(it) > 1 || it.try_lock().is_ok_and(|it| it.fresh().is_some())
        });
        Arc::clone(known.entry(id).or_default())
    }
}

async fn listed(state: &ApiState, repository: &Repository) -> Result<Arc<Listed>> {
    let listing = state.listings.of(repository.id);
    let mut listing = listing.lock().await;
    if let Some(listed) = listing.fresh() {
        return Ok(Arc::clone(listed));
    }
    let asked = Instant::now();
    let app = github_apps::get(&state.pool, &state.seal)
        .await?
        .ok_or_else(|| Problem::conflict("There is no GitHub App yet. Make it first."))?;
    let app =
        state.github.app(Credentials { app_id: app.public.app_id, private_key: app.private_key });
    let name = RepositoryName { owner: repository.owner.clone(), name: repository.name.clone() };
    let client = app.repository(repository.installation, repository.id, name);
    let listed = Arc::new(Listed {
        pulls: client.open_pull_requests().await?,
        branches: client.branches().await?,
        tags: client.tags().await?,
    });
    listing.0 = Some((asked, Arc::clone(&listed)));
    Ok(listed)
}

fn candidates(listed: &Listed, repository: &Repository, rule: &Rule) -> Vec<Candidate> {
    let pull = |pull: &PullRequest| Candidate {
        kind: CandidateKind::PullRequest,
        event: Event {
            kind: EventKind::PullRequest,
            name: pull.base_ref.clone(),
            from_fork: pull.head_repository != Some(repository.id),
        },
        name: pull.head_ref.clone(),
        pull_request: Some((pull.number, pull.title.clone())),
    };
    let named = |kind, event: EventKind| {
        move |name: &String| Candidate {
            kind,
            event: Event { kind: event, name: name.clone(), from_fork: false },
            name: name.clone(),
            pull_request: None,
        }
    };
    let pulls = listed.pulls.iter().map(pull);
    let branches = listed.branches.iter().map(named(CandidateKind::Branch, EventKind::Push));
    let tags = listed.tags.iter().map(named(CandidateKind::Tag, EventKind::Tag));
    let about_tags = rule.event == EventKind::Tag;
    pulls.chain(branches).chain(tags.filter(|_| about_tags)).collect()
}

fn judged(it: Candidate, rule: &Rule, repository: &Repository) -> RuleMatch {
    let (matched, reason) = verdict(&it.event, rule);
    let (number, title) = it.pull_request.unzip();
    let tag = it.kind == CandidateKind::Tag;
    let names = Names {
        branch: (!tag).then_some(it.name.as_str()),
        tag: tag.then_some(it.name.as_str()),
        number: number.and_then(|number| u64::try_from(number).ok()),
        app: &repository.name,
        owner: &repository.owner,
        environment: None,
    };
    let place = match matched.then(|| target(&names, rule)) {
        None => Err(reason),
        Some(Ok(place)) => Ok((place, reason)),
        Some(Err(wrong)) => Err(wrong),
    };
    let (matched, reason, place) = match place {
        Ok((place, reason)) => (true, reason, Some(place)),
        Err(reason) => (false, reason, None),
    };
    let (environment, host) = place.unzip();
    RuleMatch { kind: it.kind, name: it.name, number, title, matched, reason, environment, host }
}

/// What a rule makes of an event whose changes nobody knows.
pub(super) fn verdict(event: &Event, rule: &Rule) -> (bool, String) {
    let by_ref = Rule { paths: Vec::new(), ..rule.clone() };
    let decision = rule::decide(event, &Changes::Unknown, std::slice::from_ref(&by_ref)).pop();
    let (matched, mut reason) =
        decision.map_or((false, String::new()), |it| (it.matched, it.reason));
    if matched && !rule.paths.is_empty() {
        reason.push_str(", if one of the paths changes");
    }
    (matched, reason)
}

/// The environment and the host.
pub(super) fn target(names: &Names<'_>, rule: &Rule) -> Result<(String, String), String> {
    let environment = render_environment(&rule.environment, names)
        .map_err(|err| format!("the rule's environment is wrong: {}", err.message))?;
    let named = Names { environment: Some(&environment), ..*names };
    let host = render_host(&rule.host, &named)
        .map_err(|err| format!("the rule's host is wrong: {}", err.message))?;
    Ok((environment, host))
}
