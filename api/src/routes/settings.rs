//! What people say of a stack's environment.

use axum::extract::State;
use axum::response::Response;
use berth_domain::node;
use berth_store::acts::{self, Actor, Kind, NewAct};
use berth_store::intent::Intent;
use berth_store::{Error, environments};
use http::HeaderMap;

use crate::auth::{Admin, Viewer};
use crate::extract::{Json as Body, Path};
use crate::problem::{FieldError, Problem, Result};
use crate::routes::version;
use crate::state::ApiState;
use crate::types::{Freeze, OnDrift, OnFailure, StackSettings, VolumePolicy, Volumes};

/// Freezes of an environment, and characters of the reason for one.
const FREEZES_MAX: usize = 50;
const REASON_MAX: usize = 200;

/// Days that volumes are kept at most: ten years.
const DAYS_MAX: u16 = 3650;

/// Read what is said of a stack's environment
#[utoipa::path(
    get,
    path = "/api/v1/stacks/{name}/settings",
    tag = "stacks",
    params(("name" = String, Path, description = "The stack's name")),
    responses((status = 200, description = "The settings; `ETag` has their version", body = StackSettings)),
)]
pub(crate) async fn get_stack_settings(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Path(name): Path<String>,
) -> Result<Response> {
    answer(&state, &name).await
}

/// Say what a stack's environment is like
///
/// All of it each time: what is left out is refused, not reset. It ends with the
/// environment.
#[utoipa::path(
    put,
    path = "/api/v1/stacks/{name}/settings",
    tag = "stacks",
    params(
        ("name" = String, Path, description = "The stack's name"),
        ("if-match" = String, Header, description = "The `ETag` of the settings as they were read"),
    ),
    request_body = StackSettings,
    responses((status = 200, description = "The settings; `ETag` has their version", body = StackSettings)),
)]
pub(crate) async fn set_stack_settings(
    State(state): State<ApiState>,
    Admin(who): Admin,
    Path(name): Path<String>,
    headers: HeaderMap,
    Body(said): Body<StackSettings>,
) -> Result<Response> {
    let version = version::expected(&headers, "environment")?;
    let settings = check(said)?;
    let mut db = Intent::begin(&state.pool).await?;
    let (before, _) = environments::settings(&mut *db, &name).await?;
    environments::set(&mut *db, &name, &settings, version).await.map_err(|err| {
        if matches!(err, Error::Conflict { .. }) {
            version::stale("environment")
        } else {
            err.into()
        }
    })?;
    let changes = changes(&before, &settings);
    if !changes.is_empty() {
        let act = NewAct::on_stack(Actor::Person(&who.account), Kind::SettingsChanged, &name);
        acts::record(&mut *db, act.saying(&changes)).await?;
    }
    db.commit().await?;
    answer(&state, &name).await
}

async fn answer(state: &ApiState, name: &str) -> Result<Response> {
    let (settings, version) = environments::settings(&state.pool, name).await?;
    version::tagged(version, shown(settings))
}

/// What differs between two settings, in words; empty where nothing does.
fn changes(before: &environments::Settings, after: &environments::Settings) -> String {
    let mut changes = Vec::new();
    if before.protected != after.protected {
        changes.push(match after.protected {
            true => "deployments wait for approval".to_owned(),
            false => "deployments wait for nobody".to_owned(),
        });
    }
    if before.on_failure != after.on_failure {
        changes.push(format!("on failure: {}", after.on_failure.as_str()));
    }
    if before.on_drift != after.on_drift {
        changes.push(format!("on drift: {}", after.on_drift.as_str()));
    }
    if before.volumes != after.volumes {
        changes.push(match after.volumes.days() {
            Some(days) => format!("volumes: {} {days}", after.volumes.as_str()),
            None => format!("volumes: {}", after.volumes.as_str()),
        });
    }
    if before.freezes != after.freezes {
        let reasons: Vec<&str> = after.freezes.iter().map(|it| it.reason.as_str()).collect();
        changes.push(match reasons.len() {
            0 => "no freezes".to_owned(),
            _ => format!("freezes: {}", reasons.join(", ")),
        });
    }
    changes.join("; ")
}

/// The settings that somebody says, where all of them can be meant.
fn check(said: StackSettings) -> Result<environments::Settings> {
    let mut errors = Vec::new();
    if said.freezes.len() > FREEZES_MAX {
        errors.push(field("/freezes", format!("There may be {FREEZES_MAX} at most.")));
    }
    for (place, freeze) in said.freezes.iter().enumerate() {
        if freeze.from >= freeze.until {
            errors.push(field(format!("/freezes/{place}/until"), "It must end after it begins."));
        }
        if let Err(wrong) = reason(&freeze.reason) {
            errors.push(field(format!("/freezes/{place}/reason"), wrong));
        }
    }
    let volumes = volumes(said.volumes).unwrap_or_else(|wrong| {
        errors.push(wrong);
        node::VolumePolicy::default()
    });
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(environments::Settings {
        on_failure: match said.on_failure {
            OnFailure::Rollback => berth_domain::deployment::OnFailure::Rollback,
            OnFailure::Keep => berth_domain::deployment::OnFailure::Keep,
        },
        protected: said.protected,
        on_drift: match said.drift {
            OnDrift::Heal => berth_domain::deployment::OnDrift::Heal,
            OnDrift::Show => berth_domain::deployment::OnDrift::Show,
        },
        volumes,
        freezes: said
            .freezes
            .into_iter()
            .map(|Freeze { from, until, reason }| environments::Freeze {
                from,
                until,
                reason: reason.trim().to_owned(),
            })
            .collect(),
    })
}

fn volumes(said: Volumes) -> Result<node::VolumePolicy, FieldError> {
    let days = |text: &str| field("/volumes/days", text);
    match (said.policy, said.days) {
        (VolumePolicy::Keep, None) => Ok(node::VolumePolicy::Keep),
        (VolumePolicy::WithStack, None) => Ok(node::VolumePolicy::WithStack),
        (VolumePolicy::AfterDays, Some(many @ 1..=DAYS_MAX)) => {
            Ok(node::VolumePolicy::AfterDays(many))
        }
        (VolumePolicy::AfterDays, Some(_) | None) => {
            Err(days(&format!("Say how many days: 1 to {DAYS_MAX}.")))
        }
        (VolumePolicy::Keep | VolumePolicy::WithStack, Some(_)) => {
            Err(days("There are days for `after_days` alone."))
        }
    }
}

/// A reason that a person gives, if it says anything.
pub(super) fn reason(text: &str) -> Result<&str, String> {
    match text.trim() {
        "" => Err("Say why, for whoever wonders.".to_owned()),
        long if long.chars().count() > REASON_MAX => {
            Err(format!("It may have {REASON_MAX} characters at most."))
        }
        reason => Ok(reason),
    }
}

fn field(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
    FieldError { pointer: pointer.into(), detail: detail.into() }
}

/// Settings as the wire has them.
pub(super) fn shown(settings: environments::Settings) -> StackSettings {
    StackSettings {
        on_failure: OnFailure::from_word(settings.on_failure.as_str())
            .unwrap_or(OnFailure::Rollback),
        protected: settings.protected,
        drift: OnDrift::from_word(settings.on_drift.as_str()).unwrap_or_default(),
        volumes: Volumes {
            policy: VolumePolicy::from_word(settings.volumes.as_str())
                .unwrap_or(VolumePolicy::Keep),
            days: settings.volumes.days(),
        },
        freezes: settings
            .freezes
            .into_iter()
            .map(|environments::Freeze { from, until, reason }| Freeze { from, until, reason })
            .collect(),
    }
}
