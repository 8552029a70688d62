//! Webhook.
use axum::extract::State;
use axum::response::Response;
use crate::problem::Result;
use crate::state::ApiState;

/// Take a delivery from GitHub
#[utoipa::path(
    post,
    path = "/webhooks/github",
    tag = "deliveries",
    params(
        ("x-github-delivery" = String, Header, description = "GitHub's id of the delivery"),
        ("x-github-event" = String, Header, description = "The event's name"),
        ("x-hub-signature-256" = String, Header, description = "`sha256=` and the body's HMAC"),
        ("x-github-hook-installation-target-id" = Option<i64>, Header, description = "The App's id"),
    ),
    request_body(content = serde_json::Value, description = "The event"),
    responses((status = 202, description = "Stored, now or before")),
    security(()),
)]
pub(crate) async fn receive_delivery(State(_state): State<ApiState>) -> Result<Response> {
    Err(crate::problem::Problem::internal())
}
