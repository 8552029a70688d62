//! What is set of this Berth.

use axum::Json;
use axum::extract::State;
use berth_store::retention::{ACTS_DAYS, DELIVERIES_DAYS};

use crate::auth::Viewer;
use crate::state::ApiState;
use crate::types::{InstanceSettings, Setting, SettingTopic};

/// Read what is set of this Berth
///
/// What the process that answers was started with, by the variable that sets it.
/// No secret is among it, and nothing of it can be changed over the API.
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    tag = "status",
    responses((status = 200, description = "The settings", body = InstanceSettings)),
)]
pub(crate) async fn get_settings(
    State(state): State<ApiState>,
    _viewer: Viewer,
) -> Json<InstanceSettings> {
    let fixed = [
        ("How long a delivery is kept once handled.", DELIVERIES_DAYS),
        ("How long events of people and of Berth are kept.", ACTS_DAYS),
    ];
    let fixed = fixed.map(|(what, days)| Setting {
        topic: SettingTopic::Retention,
        what: what.to_owned(),
        value: format!("{days} days"),
        variable: None,
    });
    let mut items = state.settings.shown.clone();
    items.extend(fixed);
    items.sort_by_key(|setting| setting.topic);
    Json(InstanceSettings { public_url: state.settings.public_url.to_string(), items })
}
