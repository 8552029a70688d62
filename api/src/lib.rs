//! The HTTP interface.
use std::sync::OnceLock;
use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa::OpenApi as _;

pub mod auth;
mod events;
mod openapi;
pub mod pagination;
pub mod problem;
mod routes;
mod state;
pub mod types;
mod webhook;
pub use state::ApiState;

fn api() -> OpenApiRouter<ApiState> {
    use crate::routes::{deliveries, deployments, github, repositories, rules, session, stacks, status, tokens};
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(session::get_session, session::log_in, session::log_out))
        .routes(routes!(session::set_up))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(github::get_github))
        .routes(routes!(github::create_manifest))
        .routes(routes!(github::create_app))
        .routes(routes!(github::create_install_link))
        .routes(routes!(github::claim_installation))
        .routes(routes!(repositories::list_repositories))
        .routes(routes!(rules::list_rules, rules::create_rule))
        .routes(routes!(rules::get_rule, rules::update_rule, rules::delete_rule))
        .routes(routes!(stacks::list_stacks))
        .routes(routes!(stacks::get_stack, stacks::delete_stack))
        .routes(routes!(deployments::list_deployments, deployments::create_deployment))
        .routes(routes!(deployments::get_deployment))
        .routes(routes!(deployments::cancel_deployment))
        .routes(routes!(deployments::get_build_log))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::replay_delivery))
        .routes(routes!(status::get_alive))
        .routes(routes!(status::get_readiness))
        .routes(routes!(status::get_status))
        .routes(routes!(events::stream_changes))
        .routes(routes!(openapi::get_openapi))
        .routes(routes!(webhook::receive_delivery))
}

/// The OpenAPI document of [`router`].
#[must_use]
pub fn document() -> &'static utoipa::openapi::OpenApi {
    static DOCUMENT: OnceLock<utoipa::openapi::OpenApi> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = api().into_openapi();
        openapi::finish(&mut document);
        document
    })
}

/// Router.
pub fn router(state: ApiState) -> Router {
    api().with_state(state).into()
}
