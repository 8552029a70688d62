//! Webhooks: who gets one, what it says, and how it is sent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::description::Description;
use crate::driver::types::Side;
use crate::render::{View, node};
use crate::sim::Sim;
use crate::world::{Attempt, Installation, World};

/// How long GitHub waits for the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of the answer it keeps.
const ANSWER_MAX: usize = 64 * 1024;
/// GitHub fires no webhook that is larger.
const PAYLOAD_MAX: usize = 25 * 1024 * 1024;

/// Something that happened.
pub(crate) struct Event {
    pub(crate) name: &'static str,
    pub(crate) action: Option<&'static str>,
    pub(crate) to: To,
    pub(crate) sender: String,
    /// What is particular to it.
    pub(crate) payload: Value,
}

/// Who hears of an event.
pub(crate) enum To {
    /// Every App that watches the repository and listens to the event.
    Watchers { repository: i64 },
    /// One App that watches the repository, whatever it listens to.
    App { repository: i64, app: i64 },
    /// The App of an installation.
    Installation(i64),
}

impl Sim {
    /// Sends what happened to all that should hear of it.
    pub(crate) fn fire(&self, event: &Event) {
        let now = self.now();
        let mut world = self.world();
        let installations = event.recipients(&world);
        let mut attempts = Vec::new();
        for installation in installations {
            let Some(app) = world.apps.get(&installation.app).cloned() else { continue };
            let (true, Some(url)) = (app.hook.active, app.hook.url) else { continue };
            let view = View { world: &world, base: self.base_url() };
            let payload = event.payload_for(view, &installation);
            attempts.push(Attempt {
                id: world.id(),
                guid: Uuid::now_v7().to_string(),
                app: app.id,
                redelivery: false,
                event: event.name.to_owned(),
                action: event.action.map(str::to_owned),
                installation: Some(installation.id),
                repository: event.repository(),
                delivered_at: now,
                duration: 0.0,
                status: String::new(),
                status_code: 0,
                url,
                request_headers: BTreeMap::new(),
                response_headers: BTreeMap::new(),
                payload,
                response: String::new(),
            });
        }
        let sent: Vec<(i64, Value)> =
            attempts.iter().map(|attempt| (attempt.id, attempt.payload.clone())).collect();
        world.attempts.extend(attempts.into_iter().map(|attempt| (attempt.id, attempt)));
        drop(world);
        for (id, _) in &sent {
            self.post(*id);
        }
        // It is on its way already: a check takes nothing from its time.
        let name = event.described_as();
        for (_, payload) in &sent {
            self.blame(Side::Webhook, &name, Description::get().webhook(&name, payload));
        }
    }

    /// Sends the ping that follows a new hook.
    pub(crate) fn ping(&self, app: i64) {
        let mut world = self.world();
        let Some(it) = world.apps.get(&app).cloned() else { return };
        let (true, Some(url)) = (it.hook.active, it.hook.url.clone()) else { return };
        let payload = json!({
            "zen": "Keep it logically awesome.",
            "hook_id": it.hook.id,
            "hook": {
                "type": "App",
                "id": it.hook.id,
                "name": "web",
                "active": true,
                "events": it.events,
                "config": {
                    "content_type": it.hook.content_type,
                    "insecure_ssl": it.hook.insecure_ssl,
                    "url": url,
                },
                "updated_at": crate::render::time(it.created_at),
                "created_at": crate::render::time(it.created_at),
                "app_id": it.id,
                "deliveries_url": format!("{}/app/hook/deliveries", self.base_url()),
            },
        });
        let misfits = Description::get().webhook("ping", &payload);
        let id = world.id();
        let attempt = Attempt {
            id,
            guid: Uuid::now_v7().to_string(),
            app,
            redelivery: false,
            event: "ping".to_owned(),
            action: None,
            installation: None,
            repository: None,
            delivered_at: self.now(),
            duration: 0.0,
            status: String::new(),
            status_code: 0,
            url,
            request_headers: BTreeMap::new(),
            response_headers: BTreeMap::new(),
            payload,
            response: String::new(),
        };
        world.attempts.insert(id, attempt);
        drop(world);
        self.blame(Side::Webhook, "ping", misfits);
        self.post(id);
    }

    /// Makes another attempt at a delivery; the guid stays. None where there is
    /// no such attempt.
    pub(crate) fn again(&self, attempt: i64) -> Option<i64> {
        let now = self.now();
        let mut world = self.world();
        let old = world.attempts.get(&attempt)?.clone();
        let id = world.id();
        // The hook may have moved since.
        let url = world.apps.get(&old.app).and_then(|app| app.hook.url.clone());
        let attempt = Attempt {
            id,
            redelivery: true,
            delivered_at: now,
            duration: 0.0,
            status: String::new(),
            status_code: 0,
            url: url.unwrap_or_else(|| old.url.clone()),
            response_headers: BTreeMap::new(),
            response: String::new(),
            ..old
        };
        world.attempts.insert(id, attempt);
        drop(world);
        self.post(id);
        Some(id)
    }
}

impl Event {
    fn repository(&self) -> Option<i64> {
        match self.to {
            To::Watchers { repository } | To::App { repository, .. } => Some(repository),
            To::Installation(_) => None,
        }
    }

    /// The webhook's name in GitHub's description: `pull-request-opened`.
    fn described_as(&self) -> String {
        let name = self.name.replace('_', "-");
        match self.action {
            Some(action) => format!("{name}-{}", action.replace('_', "-")),
            None => name,
        }
    }

    fn recipients(&self, world: &World) -> Vec<Installation> {
        let hears = |it: &&Installation| match self.to {
            To::Installation(id) => it.id == id,
            To::App { repository, app } => {
                it.app == app && it.suspended_at.is_none() && world.covers(it, repository)
            }
            To::Watchers { repository } => {
                it.suspended_at.is_none()
                    && world.covers(it, repository)
                    && it.events.iter().any(|name| name == self.name)
            }
        };
        world.installations.values().filter(hears).cloned().collect()
    }

    fn payload_for(&self, view: View<'_>, installation: &Installation) -> Value {
        let mut fields = Map::new();
        if let Some(action) = self.action {
            fields.insert("action".to_owned(), action.into());
        }
        if let Value::Object(own) = &self.payload {
            fields.extend(own.clone());
        }
        let mut organization = view.organization(&installation.account);
        if let Some(repository) = self.repository().and_then(|id| view.world.repositories.get(&id))
        {
            fields.insert("repository".to_owned(), view.repository(repository));
            organization = view.organization(&repository.owner);
        }
        // Events about an installation don't name the organisation.
        if let (Some(_), Some(organization)) = (self.repository(), organization) {
            fields.insert("organization".to_owned(), organization);
        }
        let whole = if self.repository().is_some() {
            json!({
                "id": installation.id,
                "node_id": node("IntegrationInstallation", installation.id),
            })
        } else {
            view.installation(installation)
        };
        fields.insert("installation".to_owned(), whole);
        fields.insert("sender".to_owned(), view.account(&self.sender));
        fields.into()
    }
}

/// Sends every attempt, one after the other, until the simulator is gone.
pub(crate) async fn deliver(sim: Sim, mut attempts: mpsc::UnboundedReceiver<i64>) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    while let Some(id) = attempts.recv().await {
        let faults = sim.world().faults.clone();
        if faults.reverse_deliveries {
            sim.world().held.push(id);
            continue;
        }
        if faults.delay_deliveries_ms > 0 {
            tokio::time::sleep(Duration::from_millis(faults.delay_deliveries_ms)).await;
        }
        if faults.drop_deliveries {
            finish(&sim, id, Outcome::failed("failed to connect to host"), Duration::ZERO);
            continue;
        }
        attempt(&sim, &client, id).await;
        // A repetition is an attempt too, but not repeated in turn.
        let first = sim.world().attempts.get(&id).is_some_and(|it| !it.redelivery);
        for _ in 0..if first { faults.duplicate_deliveries } else { 0 } {
            sim.again(id);
        }
    }
}

/// What an attempt came to.
#[derive(Default)]
struct Outcome {
    status: String,
    code: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Outcome {
    fn failed(status: &str) -> Self {
        Self { status: status.to_owned(), ..Self::default() }
    }
}

async fn attempt(sim: &Sim, client: &Client<HttpConnector, Full<Bytes>>, id: i64) {
    let prepared = prepare(sim, id);
    let begun = Instant::now();
    let outcome = match prepared {
        Ok(request) => match tokio::time::timeout(TIMEOUT, send(client, request)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::failed("timed out"),
        },
        Err(why) => Outcome::failed(&why),
    };
    finish(sim, id, outcome, begun.elapsed());
}

/// The request of an attempt; its headers are kept with it.
fn prepare(sim: &Sim, id: i64) -> Result<http::Request<Full<Bytes>>, String> {
    let mut world = sim.world();
    let attempt = world.attempts.get(&id).ok_or("it is gone")?.clone();
    let app = world.apps.get(&attempt.app).ok_or("the App is gone")?.clone();
    let json = attempt.payload.to_string();
    let (kind, body) = if app.hook.content_type == "json" {
        ("application/json", json)
    } else {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("payload", &json)
            .finish();
        ("application/x-www-form-urlencoded", form)
    };
    if body.len() > PAYLOAD_MAX {
        return Err("the payload is too large".to_owned());
    }
    let mut headers: BTreeMap<String, String> = [
        ("Accept", "*/*".to_owned()),
        ("Content-Type", kind.to_owned()),
        ("User-Agent", "GitHub-Hookshot/5150051".to_owned()),
        ("X-GitHub-Delivery", attempt.guid.clone()),
        ("X-GitHub-Event", attempt.event.clone()),
        ("X-GitHub-Hook-ID", app.hook.id.to_string()),
        ("X-GitHub-Hook-Installation-Target-ID", app.id.to_string()),
        ("X-GitHub-Hook-Installation-Target-Type", "integration".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(secret) = &app.hook.secret {
        headers.insert("X-Hub-Signature-256".to_owned(), signature(secret, body.as_bytes()));
    }
    if let Some(attempt) = world.attempts.get_mut(&id) {
        attempt.request_headers.clone_from(&headers);
    }
    let mut request = http::Request::post(&attempt.url);
    for (name, value) in &headers {
        request = request.header(name, value);
    }
    request.body(Full::new(Bytes::from(body))).map_err(|err| err.to_string())
}

async fn send(
    client: &Client<HttpConnector, Full<Bytes>>,
    request: http::Request<Full<Bytes>>,
) -> Outcome {
    let response = match client.request(request).await {
        Ok(response) => response,
        Err(err) if err.is_connect() => return Outcome::failed("failed to connect to host"),
        Err(_) => return Outcome::failed("the connection broke"),
    };
    let (parts, body) = response.into_parts();
    let body = match Limited::new(body, ANSWER_MAX).collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let code = parts.status.as_u16();
    let status = if parts.status.is_success() {
        "OK".to_owned()
    } else {
        format!("Invalid HTTP Response: {code}")
    };
    Outcome { status, code, headers: parts.headers.iter().map(header).collect(), body }
}

fn finish(sim: &Sim, id: i64, outcome: Outcome, took: Duration) {
    if let Some(attempt) = sim.world().attempts.get_mut(&id) {
        attempt.status = outcome.status;
        attempt.status_code = outcome.code;
        attempt.response_headers = outcome.headers;
        attempt.response = outcome.body;
        attempt.duration = (took.as_secs_f64() * 1000.0).round() / 1000.0;
    }
    sim.delivered();
}

/// The header that proves a webhook: HMAC-SHA256 over the raw body.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("invariant: HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::signature;

    #[test]
    fn the_signature_of_githubs_documented_example_holds() {
        assert_eq!(
            signature("It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
