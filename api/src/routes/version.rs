//! Versions, as `ETag` and `If-Match` carry them, so that nobody's change is lost.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::problem::{Problem, Result};

/// The version that the writer has seen; [`None`] for `*`, any. `what` is what
/// it is a version of.
pub(super) fn expected(headers: &HeaderMap, what: &str) -> Result<Option<i64>> {
    let given = headers.get(header::IF_MATCH).ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "/problems/precondition-required",
            "Precondition required",
        )
        .detail("Say in `If-Match` which `ETag` you have read, so that nobody's change is lost.")
    })?;
    let text = given.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    // One that is not ours matches no version that there ever was.
    let version = text.trim_start_matches("W/").trim_matches('"').parse();
    version.map(Some).map_err(|_| stale(what))
}

/// The answer to whoever changes what somebody else changed meanwhile.
pub(super) fn stale(what: &str) -> Problem {
    Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "/problems/precondition-failed",
        "Somebody was faster",
    )
    .detail(format!("The {what} changed after you read it. Read it again, and change that."))
}

/// A body with the version that it is of.
pub(super) fn tagged(version: i64, body: impl Serialize) -> Result<Response> {
    let tag = HeaderValue::from_str(&format!("\"{version}\""))
        .map_err(|err| Problem::internal().because(&err))?;
    Ok(([(header::ETAG, tag)], Json(body)).into_response())
}
