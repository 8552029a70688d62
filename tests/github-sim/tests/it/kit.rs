//! A client, a receiver of webhooks, and an App that is installed.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use berth_github_sim::{AppSecrets, GithubSim, NewRepository, Settings};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// The clock of the tests, which the simulator reads too.
pub(crate) fn now() -> DateTime<Utc> {
    (Settings::default().clock)()
}

/// A simulator with the repositories `acme/shop` and `acme/secret`, an App
/// named `berth` on them, and a receiver of its webhooks.
pub(crate) struct Kit {
    pub(crate) sim: GithubSim,
    pub(crate) app: AppSecrets,
    pub(crate) installation: i64,
    pub(crate) hooks: Receiver,
}

impl Kit {
    pub(crate) async fn start() -> Self {
        let sim = GithubSim::start(Settings::default()).await.unwrap();
        let hooks = Receiver::start().await;
        let files = [("a.txt", "1\n"), ("b.txt", "1\n")];
        let shop = NewRepository::with_files("acme", "shop", files);
        sim.create_repository(shop).await.unwrap();
        let secret = NewRepository::with_files("acme", "secret", [("s.txt", "s\n")]).private();
        sim.create_repository(secret).await.unwrap();
        let sent = sim.submit_manifest("acme", manifest(&hooks.url), "s").unwrap();
        let app = sim.app_secrets(&sent.slug).unwrap();
        let installation = sim.install("berth", "acme", None).unwrap().id;
        sim.settled().await;
        Self { sim, app, installation, hooks }
    }

    /// A JWT of the App.
    pub(crate) fn jwt(&self) -> String {
        let now = now().timestamp();
        self.jwt_of(&json!({ "iat": now - 60, "exp": now + 540, "iss": self.app.app_id }))
    }

    pub(crate) fn jwt_of(&self, claims: &Value) -> String {
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(self.app.private_key.as_bytes()).unwrap();
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// A token of the installation, narrowed by `body`.
    pub(crate) async fn token(&self, body: Value) -> String {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let answer = self.call(Method::POST, &path, &self.jwt(), body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["token"].as_str().unwrap().to_owned()
    }

    /// Calls the API as Berth does.
    pub(crate) async fn call(&self, method: Method, path: &str, bearer: &str, body: Value) -> Seen {
        let url = format!("{}{path}", self.sim.base_url());
        call(method, &url, Some(bearer), body).await
    }
}

/// What an App asks for.
pub(crate) fn manifest(hook: &str) -> Value {
    json!({
        "name": "Berth",
        "url": "http://berth.test",
        "hook_attributes": { "url": hook, "active": true },
        "redirect_url": "http://berth.test/done?from=github",
        "setup_url": "http://berth.test/installed",
        "default_permissions": {
            "checks": "write", "contents": "read", "deployments": "write", "issues": "read",
            "metadata": "read", "pull_requests": "write",
        },
        "default_events": [
            "check_run", "create", "delete", "deployment", "deployment_status", "issue_comment",
            "pull_request", "push", "repository",
        ],
    })
}

/// An answer.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

/// Calls the API with the headers that GitHub asks for.
pub(crate) async fn call(method: Method, url: &str, bearer: Option<&str>, body: Value) -> Seen {
    let mut request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("user-agent", "test")
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    let text = if body.is_null() {
        String::new()
    } else {
        request = request.header("content-type", "application/json");
        body.to_string()
    };
    send(request.body(Full::from(text)).unwrap()).await
}

/// Sends a request as it is.
pub(crate) async fn send(request: http::Request<Full<Bytes>>) -> Seen {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Seen { status: parts.status.as_u16(), headers: parts.headers, body, text }
}

/// Submits a form, or reads a page.
pub(crate) async fn browse(method: Method, url: &str, fields: &[(&str, &str)]) -> Seen {
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded");
    send(request.body(Full::from(form)).unwrap()).await
}

/// A webhook as it arrived.
#[derive(Clone)]
pub(crate) struct Hook {
    pub(crate) headers: HeaderMap,
    pub(crate) raw: Bytes,
    pub(crate) body: Value,
}

impl Hook {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The event, and its action if it has one: `pull_request.opened`.
    pub(crate) fn name(&self) -> String {
        match self.body["action"].as_str() {
            Some(action) => format!("{}.{action}", self.header("x-github-event")),
            None => self.header("x-github-event").to_owned(),
        }
    }
}

type Inbox = Arc<Mutex<(Vec<Hook>, StatusCode)>>;

/// Takes webhooks, and answers them as it is told to.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Inbox,
    _server: JoinSet<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new((Vec::new(), StatusCode::ACCEPTED)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/hook", axum::routing::post(take))
            .with_state(Arc::clone(&state));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state, _server: server }
    }

    /// Every webhook so far; forgets them.
    pub(crate) fn take(&self) -> Vec<Hook> {
        std::mem::take(&mut self.state.lock().unwrap().0)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.take().iter().map(Hook::name).collect()
    }

    /// What it answers from now on.
    pub(crate) fn answer(&self, status: StatusCode) {
        self.state.lock().unwrap().1 = status;
    }
}

async fn take(State(state): State<Inbox>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    let mut state = state.lock().unwrap();
    state.0.push(Hook { headers, raw, body });
    state.1
}

/// Runs git as a user does, and gives what it printed.
pub(crate) async fn git(folder: &Path, args: &[&str]) -> Result<String, String> {
    git_with(folder, args, &[]).await
}

/// The same, with more of an environment.
pub(crate) async fn git_with(
    folder: &Path,
    args: &[&str],
    env: &[(&str, &str)],
) -> Result<String, String> {
    let output = tokio::process::Command::new("git")
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .envs([("GIT_AUTHOR_NAME", "mira"), ("GIT_AUTHOR_EMAIL", "mira@example.com")])
        .envs([("GIT_COMMITTER_NAME", "mira"), ("GIT_COMMITTER_EMAIL", "mira@example.com")])
        .envs(env.iter().copied())
        .output()
        .await
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
