//! Around every request: an id, a span, one line in the log where it matters,
//! and the headers and problem documents that no handler needs to think of.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::time::Instant;
use tracing::{Instrument as _, debug, error, info_span, warn};
use uuid::Uuid;

use crate::problem::Problem;

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over from a proxy.
const ID_MAX: usize = 64;

/// The outermost layer.
pub(crate) async fn finish(request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let span = info_span!(
        "request",
        http.method = request.method().as_str(),
        http.route = route,
        request_id = id,
    );
    let speaks_json = {
        let path = request.uri().path();
        is_api(path) || path == "/healthz" || path == "/readyz"
    };
    let begun = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let _entered = span.enter();
    finished(response, &id, speaks_json, begun)
}

fn finished(mut response: Response, id: &str, speaks_json: bool, begun: Instant) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| {
        // What axum itself refuses (405, 413, …) becomes a problem, too.
        let plain = speaks_json && response.status().is_client_error() && !is_json(&response);
        plain.then(|| of_status(response.status()))
    });
    let duration_ms = begun.elapsed().as_millis();
    let status = response.status().as_u16();
    if let Some(problem) = problem {
        log(&problem, status, duration_ms);
        let rendered = problem.render(id);
        if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
            response = rendered;
            response.headers_mut().insert(header::ALLOW, allow);
        } else {
            response = rendered;
        }
    } else {
        debug!(http.status = status, duration_ms, "answered {status}");
    }
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if speaks_json {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// The only place where a failed request is logged.
fn log(problem: &Problem, status: u16, duration_ms: u128) {
    match (problem.cause(), problem.status()) {
        (Some(cause), StatusCode::INTERNAL_SERVER_ERROR) => {
            error!(http.status = status, duration_ms, error = cause, "a request failed: {cause}");
        }
        (Some(cause), of) if of.is_server_error() => {
            warn!(http.status = status, duration_ms, error = cause, "a request failed: {cause}");
        }
        (Some(cause), _) => {
            debug!(http.status = status, duration_ms, error = cause, "refused: {cause}");
        }
        (None, _) => debug!(http.status = status, duration_ms, "answered {status}"),
    }
}

/// Whether `path` belongs to the API, so that the UI must not answer it.
pub(crate) fn is_api(path: &str) -> bool {
    ["/api", "/webhooks"].iter().any(|root| {
        path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

fn is_json(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("application/"))
}

fn of_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::not_found("address"),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(status, "/problems/method-not-allowed", "Method not allowed")
                .detail("This address does not take that method. `Allow` says which it takes.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        other => Problem::new(
            other,
            "/problems/invalid-request",
            other.canonical_reason().unwrap_or("Invalid request"),
        ),
    }
}

/// The id that a proxy gave, where it looks like one; otherwise a new one.
fn request_id(request: &Request) -> String {
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given {
        Some(id)
            if (1..=ID_MAX).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') =>
        {
            id.to_owned()
        }
        _ => Uuid::now_v7().simple().to_string(),
    }
}
