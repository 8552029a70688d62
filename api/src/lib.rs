//! The HTTP interface: webhooks, the API, the event stream, the UI.
//!
//! Everything here either reads or writes an *intent*: what is done about it is
//! the reconciler's. A handler parses, asks one question, shapes the answer.
//!
//! ```text
//! request ─ telemetry (id, span, problem documents)
//!    ├─ /webhooks/github ─ webhook ──> store::deliveries (nothing else)
//!    ├─ /api/v1/…        ─ auth ─ routes ──> store
//!    ├─ /api/v1/stream   ─ auth ─ events <── store::changes
//!    ├─ /healthz /readyz ─ health ──> Postgres, Docker, the lease
//!    └─ the rest         ─ ui
//! ```
//!
//! The types on the wire are in [`types`], and nowhere else. No crate but this
//! one knows HTTP servers.

use std::sync::OnceLock;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use berth_store::Pool;
use secrecy::ExposeSecret as _;
use url::Url;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub mod auth;
mod events;
mod extract;
mod health;
mod openapi;
pub mod pagination;
pub mod problem;
mod routes;
mod server;
mod state;
pub mod telemetry;
pub mod types;
mod ui;
mod webhook;

pub use crate::server::serve;
pub use crate::state::{ApiState, ApiTasks, Parts, Settings};

/// The largest body of anything but a webhook.
const BODY_MAX: usize = 256 << 10;

/// Every route, as a service. Serve it with connect info
/// (`into_make_service_with_connect_info::<SocketAddr>()`): guesses at
/// passwords are counted by address.
pub fn router(state: ApiState) -> Router {
    let (router, _document) = api().split_for_parts();
    router
        .fallback(ui::serve)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(axum::middleware::from_fn(telemetry::finish))
        .with_state(state)
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

/// The one-time link that makes the first account, to be shown to whoever
/// started Berth; [`None`] where somebody has an account already.
///
/// Each call makes a link of its own; the first account uses all of them up.
///
/// # Errors
///
/// What the database says.
pub async fn ensure_setup_link(pool: &Pool, public_url: &Url) -> berth_store::Result<Option<Url>> {
    let (token, hash) = auth::secret::fresh("");
    if !berth_store::setup::offer(pool, &hash).await? {
        return Ok(None);
    }
    let mut link = public_url.clone();
    link.set_path("/setup");
    link.query_pairs_mut().clear().append_pair("token", token.expose_secret());
    Ok(Some(link))
}

fn api() -> OpenApiRouter<ApiState> {
    use crate::routes::{
        cluster, deliveries, deployments, dry_runs, executors, github, history, instance, logs,
        members, pruning, registries, repositories, rules, session, sessions, settings, stacks,
        status, templates, tokens,
    };
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(session::get_session, session::log_in, session::log_out))
        .routes(routes!(session::set_up))
        .routes(routes!(sessions::list_sessions, sessions::delete_other_sessions))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(members::list_members))
        .routes(routes!(members::set_member_role, members::delete_member))
        .routes(routes!(members::list_invitations, members::create_invitation))
        .routes(routes!(members::delete_invitation))
        .routes(routes!(members::look_at_invitation))
        .routes(routes!(members::accept_invitation))
        .routes(routes!(github::get_github))
        .routes(routes!(github::create_manifest))
        .routes(routes!(github::create_app))
        .routes(routes!(github::create_install_link))
        .routes(routes!(github::claim_installation))
        .routes(routes!(registries::list_registries))
        .routes(routes!(registries::put_registry, registries::delete_registry))
        .routes(routes!(registries::check_registry))
        .routes(routes!(pruning::get_prune_plan))
        .routes(routes!(pruning::approve_pruning))
        .routes(routes!(repositories::list_repositories))
        .routes(routes!(rules::list_rules, rules::create_rule))
        .routes(routes!(rules::match_rule))
        .routes(routes!(rules::replay_rule))
        .routes(routes!(rules::get_rule, rules::update_rule, rules::delete_rule))
        .routes(routes!(stacks::list_stacks))
        .routes(routes!(stacks::get_stack_choices))
        .routes(routes!(stacks::get_stack, stacks::delete_stack))
        .routes(routes!(settings::get_stack_settings, settings::set_stack_settings))
        .routes(routes!(stacks::pause_stack))
        .routes(routes!(stacks::resume_stack))
        .routes(routes!(logs::list_logs))
        .routes(routes!(logs::stream::stream_logs))
        .routes(routes!(logs::download::download_logs))
        .routes(routes!(deployments::list_deployments, deployments::create_deployment))
        .routes(routes!(deployments::get_deployment))
        .routes(routes!(deployments::roll_back))
        .routes(routes!(deployments::restart_stack))
        .routes(routes!(dry_runs::get_dry_run, dry_runs::start_dry_run))
        .routes(routes!(deployments::cancel_deployment))
        .routes(routes!(deployments::retry_deployment))
        .routes(routes!(deployments::approve_deployment))
        .routes(routes!(deployments::reject_deployment))
        .routes(routes!(deployments::override_freeze))
        .routes(routes!(deployments::get_build_log))
        .routes(routes!(history::list_events))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::replay_delivery))
        .routes(routes!(templates::list_templates))
        .routes(routes!(templates::get_template))
        .routes(routes!(templates::render_template))
        .routes(routes!(templates::get_compose_schema))
        .routes(routes!(status::get_alive))
        .routes(routes!(status::get_readiness))
        .routes(routes!(status::get_status))
        .routes(routes!(instance::get_settings))
        .routes(routes!(cluster::get_cluster))
        .routes(routes!(cluster::get_node))
        .routes(routes!(cluster::set_node_availability))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(executors::report_node))
                .layer(DefaultBodyLimit::max(executors::REPORT_MAX)),
        )
        .routes(routes!(events::stream_changes))
        .routes(routes!(openapi::get_openapi))
        .routes(routes!(webhook::receive_delivery))
}
