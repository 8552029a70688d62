//! Everything that happened: what GitHub told, what was deployed, and what people
//! and Berth itself did.

use axum::Json;
use axum::extract::State;
use berth_store::views::events::{self, DeploymentEvent, Event as Row, Filter, What};

use super::{deliveries, shape};
use crate::auth::Viewer;
use crate::extract::Query;
use crate::pagination::{self, DEFAULT_LIMIT, MAX_LIMIT, Page};
use crate::problem::{Problem, Result};
use crate::state::ApiState;
use crate::types::{Act, ActKind, DeployEvent, Event, EventKind, EventPage, EventQuery, Phase};

/// Characters of what may be searched for.
const TEXT_MAX: usize = 200;

/// List events
///
/// What GitHub told and what each rule made of it, what was deployed, and what
/// people and Berth itself did. Deliveries are kept for 30 days, acts for 90.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    params(EventQuery),
    responses((status = 200, description = "The events, newest first", body = EventPage)),
)]
pub(crate) async fn list_events(
    State(state): State<ApiState>,
    _viewer: Viewer,
    Query(query): Query<EventQuery>,
) -> Result<Json<EventPage>> {
    let limit = pagination::limit(query.limit, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before = pagination::decode(query.cursor.as_deref())?;
    let filter = Filter {
        kind: query.kind.map(stored),
        stack: said("stack", query.stack)?,
        actor: said("actor", query.actor)?,
        text: said("q", query.q)?,
        since: query.since,
    };
    let rows = events::list(&state.pool, &filter, before, limit).await?;
    let Page { items, next_cursor } = Page::cut(rows, limit, |row: &Row| row.place.clone(), event);
    // What a newer Berth wrote while both run has no word here yet.
    Ok(Json(Page { items: items.into_iter().flatten().collect(), next_cursor }.into()))
}

/// What a filter says, where it says anything.
fn said(name: &str, text: Option<String>) -> Result<Option<String>> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match text {
        Some(long) if long.chars().count() > TEXT_MAX => Err(Problem::invalid_request(format!(
            "`{name}` may have {TEXT_MAX} characters at most."
        ))),
        other => Ok(other),
    }
}

const fn stored(kind: EventKind) -> events::EventKind {
    match kind {
        EventKind::Delivery => events::EventKind::Delivery,
        EventKind::Deployment => events::EventKind::Deployment,
        EventKind::Person => events::EventKind::Person,
        EventKind::Berth => events::EventKind::Berth,
    }
}

fn event(row: Row) -> Option<Event> {
    let Row { place: (at, key), what } = row;
    let bare = |kind| Event { id: key, at, kind, delivery: None, deployment: None, act: None };
    Some(match what {
        What::Delivery(it) => {
            Event { delivery: Some(deliveries::delivery(*it)), ..bare(EventKind::Delivery) }
        }
        What::Deployment(it) => {
            Event { deployment: Some(deployment(*it)), ..bare(EventKind::Deployment) }
        }
        What::Act(it) => {
            let kind = if it.user.is_some() { EventKind::Person } else { EventKind::Berth };
            Event { act: Some(act(it)?), ..bare(kind) }
        }
    })
}

fn deployment(row: DeploymentEvent) -> DeployEvent {
    DeployEvent {
        stack: row.stack,
        number: row.number,
        phase: Phase::from_word(&row.phase).unwrap_or(Phase::Received),
        why: row.why,
        sha: row.commit_sha,
        message: shape::first_line(&row.commit_message).to_owned(),
        reason: row.reason.and_then(shape::reason).map(|reason| reason.text),
        finished_at: row.finished_at,
    }
}

fn act(row: events::Act) -> Option<Act> {
    Some(Act {
        user_id: row.user.map(|user| user.0),
        actor: row.actor,
        kind: ActKind::from_word(&row.kind)?,
        subject: row.subject,
        stack: row.stack,
        number: row.number,
        detail: row.detail,
    })
}

#[cfg(test)]
mod tests {
    use berth_store::acts::Kind;

    use super::*;

    #[test]
    fn every_kind_of_act_is_shown() {
        for kind in Kind::ALL {
            let shown = ActKind::from_word(kind.as_str());
            assert_eq!(shown.map(ActKind::as_str), Some(kind.as_str()));
        }
    }
}
