//! Problem documents (RFC 9457): every error that a client sees.
//!
//! A [`Problem`] says two things to two readers: its status, title and detail
//! go to the client, its cause goes to the log and nowhere else. The request's
//! id is in both, so that the one can be found from the other.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of problem documents.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A short form for what handlers answer.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// What went wrong with one field of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a JSON pointer (RFC 6901), such as `/refs/0`.
    pub pointer: String,
    /// What is wrong with it, for people.
    pub detail: String,
}

/// A problem as it goes over the wire.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// A stable relative URI for the kind of problem.
    pub r#type: String,
    /// The kind of problem, in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, for people.
    pub detail: String,
    /// The request's id; it is in the log, too.
    pub request_id: String,
    /// What is wrong with the body, a field each; empty where it is not that.
    pub errors: Vec<FieldError>,
}

/// A problem on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    cause: Option<String>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem with nothing to say but its kind.
    #[must_use]
    pub fn new(status: StatusCode, kind: &'static str, title: &'static str) -> Self {
        Self {
            status,
            kind,
            title,
            detail: String::new(),
            errors: Vec::new(),
            cause: None,
            retry_after: None,
        }
    }

    /// 400: the request can't be read.
    #[must_use]
    pub fn invalid_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "/problems/invalid-request", "Invalid request")
            .detail(detail)
    }

    /// 401: who asks is not known.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "/problems/unauthorized", "Not logged in")
            .detail(detail)
    }

    /// 403: who asks may not do this.
    #[must_use]
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "/problems/forbidden", "Not allowed").detail(detail)
    }

    /// 404: there is no such thing, or it is not for who asks to know.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "/problems/not-found", "Not found")
            .detail(format!("There is no such {what}."))
    }

    /// 409: it does not go with what is there.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "/problems/conflict", "Conflict").detail(detail)
    }

    /// 413: the body is larger than anything that is asked for.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "/problems/too-large", "Too large")
            .detail("The body is too large.")
    }

    /// 429: too often.
    #[must_use]
    pub fn too_many(seconds: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "/problems/too-many-requests", "Too many requests")
            .detail(detail)
            .retry_after(seconds)
    }

    /// 422: the body can be read, but not meant.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} fields need another look.", several.len()),
        };
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "/problems/invalid-fields",
            "Some fields are not right",
        )
        .detail(detail);
        problem.errors = errors;
        problem
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// 503: trying again later helps.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "/problems/unavailable", "Unavailable")
            .detail(detail)
    }

    /// 500: a bug.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "/problems/internal", "Internal error")
            .detail("This is a fault in Berth. The log has more under the request's id.")
    }

    /// Says what happened, for people.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Attaches what the log is to say and the client is not.
    #[must_use]
    pub fn because(mut self, err: &dyn std::error::Error) -> Self {
        self.cause = Some(berth_domain::chain(err));
        self
    }

    /// Says after how many seconds another try makes sense.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The status it will have.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// What the log is to say.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The answer, once the request's id is known.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        let document = ProblemDocument {
            r#type: self.kind.to_owned(),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// An answer without a body: [`crate::telemetry::finish`] renders it, since
    /// only that knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<berth_store::Error> for Problem {
    fn from(err: berth_store::Error) -> Self {
        use berth_store::Error;
        match err {
            Error::NotFound { what } => Self::not_found(what),
            Error::Conflict { what } => {
                Self::conflict(format!("The {what} changed meanwhile. Read it again."))
            }
            Error::Taken { what } => Self::conflict(format!("The {what} is taken.")),
            Error::Unavailable { .. } => {
                Self::unavailable("The database does not answer. Try again in a moment.")
                    .retry_after(2)
                    .because(&err)
            }
            Error::Fenced | Error::Corrupt { .. } | Error::Database { .. } => {
                Self::internal().because(&err)
            }
        }
    }
}

impl From<berth_github_app::Error> for Problem {
    /// GitHub's words are shown: whoever asks is setting the App up.
    fn from(err: berth_github_app::Error) -> Self {
        use berth_github_app::Error;
        let detail = format!("{err}.");
        let problem = match &err {
            Error::RateLimited { retry_after, .. } => {
                Self::unavailable(detail).retry_after(retry_after.as_secs().max(1))
            }
            Error::Unavailable { .. } => Self::unavailable(detail).retry_after(5),
            Error::NotFound { .. } | Error::Unauthorized { .. } | Error::Rejected { .. } => {
                Self::new(StatusCode::BAD_GATEWAY, "/problems/github", "GitHub said no")
                    .detail(detail)
            }
        };
        problem.because(&err)
    }
}
