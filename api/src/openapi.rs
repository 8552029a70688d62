//! The OpenAPI description: what the handlers' annotations don't say by themselves.

use axum::Json;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, PathItem, Ref, RefOr, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::problem::{FieldError, ProblemDocument};
use crate::types::{Change, StackSort, StackState, Topic};

/// The document, before the routes add themselves.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Berth",
        description = "A deployment platform on Docker Swarm. Writes only ever state an intent; the reconciler carries it out. Errors are problem documents (RFC 9457).",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemDocument, FieldError, Change, Topic, StackSort, StackState)),
    modifiers(&Security),
    security(("session" = []), ("token" = [])),
    tags(
        (name = "session", description = "Logging in and out, API tokens"),
        (name = "members", description = "Who has an account, and invitations to get one"),
        (name = "github", description = "Our App, its installations, repositories"),
        (name = "registries", description = "Who we are to registries"),
        (name = "rules", description = "Which events deploy what"),
        (name = "stacks", description = "What runs, and what is to run"),
        (name = "logs", description = "What containers wrote"),
        (name = "deployments", description = "How it came to run"),
        (name = "deliveries", description = "What GitHub said"),
        (name = "events", description = "All that happened, with what people and Berth itself did"),
        (name = "templates", description = "Compose files to start from, and their schema"),
        (name = "executors", description = "What executors on nodes say, and are told"),
        (name = "status", description = "Health, the event stream, this document"),
    )
)]
pub(crate) struct Document;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let cookie = ApiKeyValue::with_description(
            crate::auth::COOKIE,
            "The browser's session. Requests that change something also need the header `x-berth-csrf: 1`.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API token, `berth_…`."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// Gives every operation its problem answer.
///
/// Any of them may fail in ways that are nobody's fault in particular, and all
/// say it alike.
pub(crate) fn finish(document: &mut utoipa::openapi::OpenApi) {
    let problem = ResponseBuilder::new()
        .description("What went wrong")
        .content("application/problem+json", Content::new(Some(Ref::from_schema_name("Problem"))))
        .build();
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, patch, .. } = item;
        for operation in [get, put, post, delete, patch].into_iter().flatten() {
            operation
                .responses
                .responses
                .entry("default".to_owned())
                .or_insert_with(|| RefOr::T(problem.clone()));
        }
    }
}

/// This document
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "status",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = serde_json::Value))
)]
pub(crate) async fn get_openapi(
    _viewer: crate::auth::Viewer,
) -> Json<&'static utoipa::openapi::OpenApi> {
    Json(crate::document())
}
