//! Whose fault an answer is, and when to come back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::Answer;
use crate::error::{Error, redact};

/// GitHub: wait at least a minute where it does not say how long.
const WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// The hour that a primary limit lasts, and a little.
const WAIT_MAX: Duration = Duration::from_secs(3_700);

/// As much of an answer that is no JSON as a person wants to read.
const WORDS_MAX: usize = 300;

#[derive(Deserialize)]
struct Body {
    message: Option<String>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

/// The error that an unsuccessful answer stands for.
pub(super) fn of(doing: &'static str, answer: &Answer, now: DateTime<Utc>) -> Error {
    let status = answer.status;
    let message = words(answer);
    if let Some(retry_after) = limited(status, &answer.headers, &message, now) {
        return Error::RateLimited { doing, retry_after };
    }
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound { doing },
        StatusCode::UNAUTHORIZED => Error::Unauthorized { doing, message },
        _ if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Error::Unavailable { doing, message: format!("{status}: {message}") }
        }
        _ => Error::Rejected { doing, status: status.as_u16(), message },
    }
}

/// GitHub limits with 429 or 403, and says how long in one of three ways.
fn limited(
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
    now: DateTime<Utc>,
) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let wait = if let Some(seconds) = number("retry-after") {
        Duration::from_secs(seconds)
    } else if number("x-ratelimit-remaining") == Some(0) {
        let now = u64::try_from(now.timestamp()).unwrap_or_default();
        number("x-ratelimit-reset")
            .map_or(WAIT_DEFAULT, |reset| Duration::from_secs(reset.saturating_sub(now).max(1)))
    } else if status == StatusCode::TOO_MANY_REQUESTS || message.contains("rate limit") {
        WAIT_DEFAULT
    } else {
        return None;
    };
    Some(wait.min(WAIT_MAX))
}

/// GitHub's words, with the fields that it complains of.
fn words(answer: &Answer) -> String {
    let text = match serde_json::from_slice::<Body>(&answer.body) {
        Ok(Body { message: Some(message), errors }) => {
            let details: Vec<String> = errors.iter().filter_map(detail).collect();
            if details.is_empty() { message } else { format!("{message} ({})", details.join(", ")) }
        }
        _ => String::from_utf8_lossy(&answer.body).trim().to_owned(),
    };
    let text = if text.is_empty() {
        answer.status.canonical_reason().unwrap_or("no reason given").to_owned()
    } else {
        text
    };
    redact(&text.chars().take(WORDS_MAX).collect::<String>())
}

fn detail(error: &serde_json::Value) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let text = |name| error.get(name).and_then(serde_json::Value::as_str);
    match (text("field"), text("message").or_else(|| text("code"))) {
        (Some(field), Some(what)) => Some(format!("{field}: {what}")),
        (None, Some(what)) => Some(what.to_owned()),
        (Some(field), None) => Some(field.to_owned()),
        (None, None) => None,
    }
}
