//! Webhooks: verified over the bytes as they came, kept, answered. Nothing else
//! happens in the request; what an event means is for the inbox to find out.

use std::error::Error as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use berth_github_app::signature::{self, SignatureError};
use berth_store::deliveries::{NewDelivery, WriteError};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode, header};
use http_body_util::LengthLimitError;
use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use crate::problem::{Problem, Result};
use crate::state::ApiState;

const SIGNATURE: HeaderName = HeaderName::from_static(signature::HEADER);
const DELIVERY: HeaderName = HeaderName::from_static("x-github-delivery");
const EVENT: HeaderName = HeaderName::from_static("x-github-event");
const TARGET: HeaderName = HeaderName::from_static("x-github-hook-installation-target-id");

/// The longest event name and delivery id; GitHub's are GUIDs.
const NAME_MAX: usize = 100;

/// The largest body. GitHub sends no more than 25 MB.
pub(crate) const BODY_MAX: usize = 26 << 20;

/// Bodies above this share [`LARGE_BODIES_KIB`].
const LARGE: usize = 256 << 10;

/// KiB of large bodies in memory at once: anybody can send one, since who sent
/// it is known only once it is here.
pub(crate) const LARGE_BODIES_KIB: usize = 64 << 10;

/// How long a body may take to arrive: GitHub itself waits for ten seconds.
const BODY: Duration = Duration::from_secs(10);

/// How long secrets are used without being read again.
const FRESH: Duration = Duration::from_millis(500);

/// How long they are used while another request reads them again.
const USABLE: Duration = Duration::from_secs(1);

/// The secrets of webhooks, by the App that signs with them, kept for a second:
/// a webhook should cost one statement, and a new App be known at once.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    kept: Mutex<Option<Kept>>,
    reading: tokio::sync::Mutex<()>,
}

type Secrets = Arc<[(i64, SecretString)]>;

#[derive(Debug, Clone)]
struct Kept {
    secrets: Secrets,
    read_at: Instant,
}

impl Keys {
    async fn get(&self, state: &ApiState) -> Result<Secrets> {
        if let Some(kept) = self.kept(FRESH) {
            return Ok(kept);
        }
        let _turn = match self.reading.try_lock() {
            Ok(turn) => turn,
            Err(_) => {
                // Somebody reads them. What was true a moment ago will do.
                if let Some(kept) = self.kept(USABLE) {
                    return Ok(kept);
                }
                self.reading.lock().await
            }
        };
        if let Some(kept) = self.kept(FRESH) {
            return Ok(kept);
        }
        let read_at = Instant::now();
        let secrets: Secrets =
            berth_store::github_apps::webhook_keys(&state.pool, &state.seal).await?.into();
        let kept = Kept { secrets: Arc::clone(&secrets), read_at };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(secrets)
    }

    /// Forgets what is kept: an App was made here.
    pub(crate) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn kept(&self, age: Duration) -> Option<Secrets> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|it| it.read_at.elapsed() < age).map(|it| Arc::clone(&it.secrets))
    }
}

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
pub(crate) async fn receive_delivery(
    State(state): State<ApiState>,
    request: Request,
) -> Result<StatusCode> {
    let (Parts { headers, .. }, body) = request.into_parts();
    let secrets = state.keys.get(&state).await?;
    let target = target(&secrets, &headers)?;
    let (body, _room) =
        tokio::time::timeout(BODY, arrive(&state, &headers, body)).await.map_err(|_| {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "/problems/timeout", "Too slow")
                .detail("The body took too long to arrive.")
        })??;
    verify(&secrets, target, text(&headers, &SIGNATURE), &body)?;
    let (id, event) = (name(&headers, &DELIVERY)?, name(&headers, &EVENT)?);
    let delivery = NewDelivery::now(id, event, json(&headers, body)?);
    match state.inbox.insert(delivery).await {
        Ok(_new_or_known) => Ok(StatusCode::ACCEPTED),
        Err(err @ (WriteError::Unavailable(_) | WriteError::Closed)) => {
            Err(Problem::unavailable("The delivery was not stored. Send it again.")
                .retry_after(10)
                .because(&err))
        }
        Err(err @ WriteError::Refused(_)) => Err(Problem::internal().because(&err)),
    }
}

/// The App that a delivery says it is from, if it says one; it must be ours.
fn target(secrets: &Secrets, headers: &HeaderMap) -> Result<Option<i64>> {
    if secrets.is_empty() {
        return Err(Problem::unavailable(
            "This Berth has no GitHub App yet, so it can't know who sends this.",
        ));
    }
    let Some(target) = text(headers, &TARGET) else { return Ok(None) };
    let known = secrets.iter().map(|(app, _)| *app).find(|app| target.parse() == Ok(*app));
    known.map(Some).ok_or_else(|| Problem::not_found("GitHub App"))
}

/// The body, and the room that it takes up for as long as it is here.
async fn arrive<'a>(
    state: &'a ApiState,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Bytes, Option<SemaphorePermit<'a>>)> {
    // Without a length it may become as large as any.
    let length = text(headers, &header::CONTENT_LENGTH).and_then(|text| text.parse().ok());
    let length: usize = length.unwrap_or(BODY_MAX);
    if length > BODY_MAX {
        return Err(Problem::too_large());
    }
    let room = if length > LARGE {
        let kib = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let room = state.large_bodies.acquire_many(kib).await;
        Some(room.map_err(|err| Problem::internal().because(&err))?)
    } else {
        None
    };
    let body = axum::body::to_bytes(body, BODY_MAX).await.map_err(|err| {
        if err.source().is_some_and(|source| source.is::<LengthLimitError>()) {
            Problem::too_large()
        } else {
            Problem::invalid_request("The body did not arrive in full.").because(&err)
        }
    })?;
    Ok((body, room))
}

fn verify(secrets: &Secrets, target: Option<i64>, given: Option<&str>, body: &[u8]) -> Result<()> {
    let mut refusal = SignatureError::Missing;
    let asked = secrets.iter().filter(|(app, _)| target.is_none_or(|target| target == *app));
    for (_, secret) in asked {
        match signature::verify(secret.expose_secret().as_bytes(), given, body) {
            Ok(()) => return Ok(()),
            Err(err) => refusal = err,
        }
    }
    let detail = match refusal {
        SignatureError::Missing => "The delivery is not signed.",
        SignatureError::Malformed => {
            "The signature can't be read. It must be `sha256=` and 64 hexadecimal digits."
        }
        SignatureError::Mismatch => "The signature does not match.",
    };
    Err(Problem::unauthorized(detail))
}

/// The event as JSON, which is what will be parsed later; refused if it is none.
fn json(headers: &HeaderMap, body: Bytes) -> Result<Vec<u8>> {
    // GitHub's default, until a new App's webhook was told otherwise.
    let is_form = text(headers, &header::CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let body: Vec<u8> = if is_form {
        url::form_urlencoded::parse(&body)
            .find(|(field, _)| field == "payload")
            .map(|(_, payload)| payload.into_owned().into_bytes())
            .unwrap_or_default()
    } else {
        body.into()
    };
    serde_json::from_slice::<IgnoredAny>(&body).map_err(|err| {
        Problem::invalid_request(format!(
            "The delivery is not JSON: line {}, column {}.",
            err.line(),
            err.column()
        ))
    })?;
    Ok(body)
}

/// A header that must be there, and look like a name.
fn name(headers: &HeaderMap, header: &HeaderName) -> Result<String> {
    text(headers, header)
        .filter(|text| (1..=NAME_MAX).contains(&text.len()))
        .map(str::to_owned)
        .ok_or_else(|| Problem::invalid_request(format!("The header `{header}` is missing.")))
}

fn text<'a>(headers: &'a HeaderMap, header: &HeaderName) -> Option<&'a str> {
    headers.get(header).and_then(|value| value.to_str().ok())
}
