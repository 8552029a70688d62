//! What a draft of a rule would have made of what GitHub told before: the same
//! decision as the inbox takes, over the deliveries that are kept.

use axum::Json;
use axum::extract::State;
use berth_compose_templates::render::Names;
use berth_domain::ids::RuleId;
use berth_domain::rule::{EventKind, Rule};
use berth_github_app::webhook::meaning::{self, Asks, Meaning, skip_directive};
use berth_github_app::webhook::{self, Webhook};
use berth_store::repositories::Repository;
use berth_store::views::deliveries::{self as kept, DeliveryView};

use super::matches::{target, verdict};
use super::{draft, repository};
use crate::auth::Admin;
use crate::extract::{Json as Body, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::{Problem, Result};
use crate::routes::deliveries;
use crate::state::ApiState;
use crate::types::{ReplayVerdict, RuleDraft, RuleReplay, RuleReplayPage, RuleReplayQuery};

/// What a rule would have done
///
/// Held against the pushes and the events of pull requests of its repository that
/// are kept, newest first. Nothing is saved, and nothing deployed. Which paths had
/// changed for the environment is not known any more, so a rule that asks for paths
/// is judged by its refs.
#[utoipa::path(
    post,
    path = "/api/v1/rules/replay",
    tag = "rules",
    params(RuleReplayQuery),
    request_body = RuleDraft,
    responses((status = 200, description = "What it would have made of each", body = RuleReplayPage)),
)]
pub(crate) async fn replay_rule(
    State(state): State<ApiState>,
    _admin: Admin,
    Query(query): Query<RuleReplayQuery>,
    Body(mut draft): Body<RuleDraft>,
) -> Result<Json<RuleReplayPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = pagination::decode(query.cursor.as_deref())?;
    // What it is called decides nothing.
    "draft".clone_into(&mut draft.name);
    let id = draft.repository_id;
    let rule = draft::check(&state, RuleId::fresh(), draft).await?;
    let repository = repository(&state, id).await?.ok_or_else(|| {
        Problem::invalid_field("/repository_id", "No installation shows a repository with this id.")
    })?;
    let rows = kept::of_repository(&state.pool, repository.id, before, limit).await?;
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let bodies = kept::bodies(&state.pool, &ids).await?;
    let key = |row: &DeliveryView| (row.received_at, row.id.clone());
    let page = Page::cut(rows, limit, key, |row| {
        let body = bodies.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let Would { verdict, happened, reason, place } =
            judge(&row.event, body, &rule, &repository);
        let (environment, host) = place.unzip();
        let delivery = deliveries::delivery(row);
        RuleReplay { delivery, happened, verdict, reason, environment, host }
    });
    Ok(Json(page.into()))
}

/// What a draft would have made of a delivery.
struct Would {
    verdict: ReplayVerdict,
    happened: String,
    reason: String,
    place: Option<(String, String)>,
}

impl Would {
    fn ignore(happened: impl Into<String>, reason: impl Into<String>) -> Self {
        let verdict = ReplayVerdict::Ignored;
        Self { verdict, happened: happened.into(), reason: reason.into(), place: None }
    }
}

fn judge(event: &str, body: &[u8], rule: &Rule, repository: &Repository) -> Would {
    let webhook = match webhook::parse(event, body) {
        Ok(webhook) => webhook,
        Err(err) => return Would::ignore(event, err.to_string()),
    };
    match &webhook {
        Webhook::Push(push) => match meaning::of_push(push) {
            Ok(asks) => {
                let message = push.head_commit.as_ref().map(|commit| commit.message.as_str());
                ask(asks, message.unwrap_or_default(), rule, repository)
            }
            Err(reason) => Would::ignore(reason, "nothing is deployed of that"),
        },
        Webhook::PullRequest(pull) => match meaning::of_pull_request(pull) {
            Meaning::Asks(asks) => ask(asks, "", rule, repository),
            Meaning::Ends(why) => {
                let (matched, reason) = verdict(&meaning::asked_about(pull), rule);
                if !matched {
                    return Would::ignore(why, reason);
                }
                let reason = format!("{reason}; its preview would have been removed");
                Would { verdict: ReplayVerdict::Removes, happened: why, reason, place: None }
            }
            Meaning::Retitles => Would::ignore(
                format!("pull request {} was edited", pull.number),
                "a new title or text changes nothing about what is deployed",
            ),
            Meaning::Nothing(reason) => {
                Would::ignore(format!("pull request {}: {}", pull.number, pull.action), reason)
            }
        },
        Webhook::Installation(_)
        | Webhook::InstallationRepositories(_)
        | Webhook::Repository(_)
        | Webhook::CheckRun(_)
        | Webhook::Ping(_)
        | Webhook::Other(_) => Would::ignore(event, "no rule is asked about it"),
    }
}

fn ask(asks: Asks, message: &str, rule: &Rule, repository: &Repository) -> Would {
    let Asks { event, head, happened } = asks;
    let (matched, reason) = verdict(&event, rule);
    if !matched {
        return Would::ignore(happened, reason);
    }
    let names = Names {
        branch: head.branch.as_deref(),
        tag: head.tag.as_deref(),
        number: head.pull_request,
        app: &repository.name,
        owner: &repository.owner,
        environment: None,
    };
    let place = match target(&names, rule) {
        Ok(place) => place,
        Err(wrong) => return Would::ignore(happened, wrong),
    };
    if let Some(words) = skip_directive(message) {
        return Would::ignore(happened, format!("the head commit's message says {words}"));
    }
    let verdict = match event.kind {
        EventKind::PullRequest => ReplayVerdict::Previews,
        EventKind::Push | EventKind::Tag => ReplayVerdict::Deploys,
    };
    Would { verdict, happened, reason, place: Some(place) }
}
