//! Stream.
use axum::extract::State;
use axum::response::Response;
use crate::problem::Result;
use crate::state::ApiState;
use crate::auth::Viewer;

/// Follow what changes
///
/// Server-sent events: `change` with a [`Change`](crate::types::Change) as data,
/// and `reset` where the stream can't be resumed from `last-event-id`: then
/// everything must be read again. A comment comes every 15 seconds.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "status",
    params(("last-event-id" = Option<String>, Header, description = "Where to go on")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")),
)]
pub(crate) async fn stream_changes(State(_state): State<ApiState>, _viewer: Viewer) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
