//! Which events deploy what.

mod draft;
mod matches;
mod replay;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use berth_domain::ids::RuleId;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::views::rules::{self, RuleView};
use berth_store::{Error, repositories};

pub(crate) use self::matches::{__path_match_rule, Listings, match_rule};
pub(crate) use self::replay::{__path_replay_rule, replay_rule};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use uuid::Uuid;

use crate::auth::{Admin, Identity, Viewer};
use crate::extract::{Json as Body, Path, Query};
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::{Problem, Result};
use crate::routes::version;
use crate::state::ApiState;
use crate::types::{
    OnRegistryFailure, Policy, Priority, Rule, RuleDraft, RuleEvent, RulePage, RuleQuery,
};

/// List rules
#[utoipa::path(
    get,
    path = "/api/v1/rules",
    tag = "rules",
    params(RuleQuery),
    responses((status = 200, description = "The rules, by repository and place", body = RulePage)),
)]
pub(crate) async fn list_rules(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<RuleQuery>,
) -> Result<Json<RulePage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = pagination::decode(query.cursor.as_deref())?;
    let rows = rules::list(&state.pool, query.repository_id, after, limit).await?;
    let key = |row: &RuleView| (row.repository.clone(), row.position, row.id);
    Ok(Json(Page::cut(rows, limit, key, rule).into()))
}

/// Write a rule
#[utoipa::path(
    post,
    path = "/api/v1/rules",
    tag = "rules",
    request_body = RuleDraft,
    responses((status = 201, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn create_rule(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Body(draft): Body<RuleDraft>,
) -> Result<Response> {
    let id = RuleId::fresh();
    let position = match draft.position {
        Some(position) => position,
        None => rules::next_position(&state.pool, draft.repository_id).await?,
    };
    let rule = draft::check(&state, id, draft).await?;
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::rules::create(&mut *db, &rule, position).await.map_err(refused)?;
    record(&mut db, &who, Kind::RuleMade, id.0).await?;
    db.commit().await?;
    let row = rules::get(&state.pool, id.0).await?;
    let place = HeaderValue::from_str(&format!("/api/v1/rules/{id}"))
        .map_err(|err| Problem::internal().because(&err))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], answer(row)?).into_response())
}

/// Read a rule
#[utoipa::path(
    get,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(("id" = Uuid, Path, description = "The rule's id")),
    responses((status = 200, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn get_rule(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response> {
    answer(rules::get(&state.pool, id).await?)
}

/// Change a rule
#[utoipa::path(
    put,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(
        ("id" = Uuid, Path, description = "The rule's id"),
        ("if-match" = String, Header, description = "The `ETag` of the rule as it was read"),
    ),
    request_body = RuleDraft,
    responses((status = 200, description = "The rule; `ETag` has its version", body = Rule)),
)]
pub(crate) async fn update_rule(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Body(draft): Body<RuleDraft>,
) -> Result<Response> {
    let before = rules::get(&state.pool, id).await?;
    let seen = version::expected(&headers, "rule")?;
    if draft.repository_id != before.repository_id {
        return Err(Problem::invalid_field(
            "/repository_id",
            "A rule keeps its repository. Write a new rule for the other one.",
        ));
    }
    let position = draft.position.unwrap_or(before.position);
    let mut draft = draft;
    if draft.event.as_str() == before.event {
        draft.policy = draft.policy.or_else(|| Policy::from_word(&before.policy));
    }
    let rule = draft::check(&state, RuleId(id), draft).await?;
    let version = seen.unwrap_or(before.version);
    let mut db = Intent::begin(&state.pool).await?;
    berth_store::rules::update(&mut *db, &rule, position, version).await.map_err(refused)?;
    record(&mut db, &who, Kind::RuleChanged, id).await?;
    db.commit().await?;
    answer(rules::get(&state.pool, id).await?)
}

/// Remove a rule
///
/// What it deployed stays.
#[utoipa::path(
    delete,
    path = "/api/v1/rules/{id}",
    tag = "rules",
    params(
        ("id" = Uuid, Path, description = "The rule's id"),
        ("if-match" = String, Header, description = "The `ETag` of the rule as it was read"),
    ),
    responses((status = 204, description = "Removed")),
)]
pub(crate) async fn delete_rule(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<StatusCode> {
    let before = rules::get(&state.pool, id).await?;
    let version = version::expected(&headers, "rule")?.unwrap_or(before.version);
    let mut db = Intent::begin(&state.pool).await?;
    record(&mut db, &who, Kind::RuleRemoved, id).await?;
    berth_store::rules::delete(&mut *db, RuleId(id), version).await.map_err(refused)?;
    db.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes down what somebody did to a rule, which is there then.
async fn record(db: &mut Intent, who: &Identity, kind: Kind, id: Uuid) -> Result<()> {
    let rule = rules::get(&mut **db, id).await?;
    let act = NewAct::new(Actor::Person(&who.account), kind, &rule.name).saying(&rule.repository);
    Ok(acts::record(&mut **db, act).await?)
}

fn refused(err: Error) -> Problem {
    if matches!(err, Error::Conflict { .. }) {
        version::stale("rule")
    } else if matches!(err, Error::Taken { .. }) {
        Problem::invalid_field("/name", "Another rule of this repository has this name.")
    } else {
        err.into()
    }
}

fn answer(row: RuleView) -> Result<Response> {
    version::tagged(row.version, rule(row))
}

fn rule(row: RuleView) -> Rule {
    Rule {
        id: row.id,
        repository_id: row.repository_id,
        repository: row.repository,
        position: row.position,
        name: row.name,
        event: RuleEvent::from_word(&row.event).unwrap_or(RuleEvent::Push),
        refs: row.refs,
        paths: row.paths,
        environment: row.environment,
        compose_file: row.compose_file,
        host: row.host,
        on_registry_failure: OnRegistryFailure::from_word(&row.on_registry_failure)
            .unwrap_or(OnRegistryFailure::Fail),
        priority: Priority::from_word(&row.priority).unwrap_or(Priority::Normal),
        at_once: row.at_once,
        policy: Policy::from_word(&row.policy).unwrap_or(Policy::Restricted),
        enabled: row.enabled,
        version: row.version,
        updated_at: row.updated_at,
    }
}

/// The repository that a rule is written for, if it may be.
async fn repository(state: &ApiState, id: i64) -> Result<Option<repositories::Repository>> {
    let id = berth_domain::ids::RepositoryId(id);
    let found = repositories::get(&state.pool, id).await?;
    Ok(found.filter(|repository| !repository.removed))
}
