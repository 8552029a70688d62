//! A Berth to ask, people to ask as, and answers to read.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use berth_api::types::{Setting, SettingTopic};
use berth_api::{ApiState, ApiTasks, Parts, Settings};
use berth_domain::ids::{InstallationId, RepositoryId, UserId};
use berth_store::accounts::{self, Account, Role};
use berth_store::deliveries::{Writer, WriterSettings, WriterTasks};
use berth_store::github_apps::{self, GithubApp, PublicApp};
use berth_store::installations::Installation;
use berth_store::repositories::Repository;
use berth_store::seal::SealKey;
use http::{HeaderMap, Method, Request, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use url::Url;
use uuid::Uuid;

/// The one public address.
pub(crate) const PUBLIC_URL: &str = "http://berth.localhost";

/// Where no engine listens.
const NO_DOCKER: &str = "unix:///nowhere/docker.sock";
/// What webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "planted-webhook-secret";
/// The App's number.
pub(crate) const APP_ID: i64 = 7;
/// The one repository's number.
pub(crate) const SHOP: RepositoryId = RepositoryId(100);
/// This process, as a holder of the lease.
pub(crate) const REPLICA: Uuid = Uuid::from_u128(0xbe);

/// A Berth.
pub(crate) struct Api {
    pub(crate) pool: PgPool,
    pub(crate) router: Router,
    pub(crate) seal: Arc<SealKey>,
    pub(crate) shutdown: CancellationToken,
    _tasks: (ApiTasks, WriterTasks),
}

/// How to ask.
#[derive(Debug, Clone)]
pub(crate) enum As {
    Nobody,
    /// With a session's cookie, and the CSRF header.
    Browser(String),
    /// With a session's cookie alone.
    Tricked(String),
    Token(String),
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Api {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self::with_github(pool, "http://127.0.0.1:1")
    }

    pub(crate) fn with_github(pool: PgPool, github: &str) -> Self {
        Self::with(pool, github, NO_DOCKER, PUBLIC_URL)
    }

    /// One that people reach at `public_url`.
    pub(crate) fn at(pool: PgPool, public_url: &str) -> Self {
        Self::with(pool, "http://127.0.0.1:1", NO_DOCKER, public_url)
    }

    /// One whose engine listens at `docker`.
    pub(crate) fn with_docker(pool: PgPool, docker: &str) -> Self {
        Self::with(pool, "http://127.0.0.1:1", docker, PUBLIC_URL)
    }

    fn with(pool: PgPool, github: &str, docker: &str, public_url: &str) -> Self {
        let url = Url::parse(github).unwrap();
        let github = berth_github_app::Client::new(berth_github_app::Settings {
            api_url: url.clone(),
            web_url: url,
            user_agent: "berth/test".to_owned(),
            clock: || chrono::DateTime::UNIX_EPOCH,
        })
        .unwrap();
        let (inbox, writing) = Writer::start(&pool, WriterSettings::USUAL);
        let seal = Arc::new(SealKey::new([7; 32]));
        let shutdown = CancellationToken::new();
        let parts = Parts {
            pool: pool.clone(),
            seal: Arc::clone(&seal),
            inbox,
            github,
            docker: berth_swarm::Reader::new(&docker.parse().unwrap()),
            settings: Settings {
                public_url: Url::parse(public_url).unwrap(),
                version: "0.1.0-test".to_owned(),
                instance_id: Uuid::from_u128(0x1),
                replica: REPLICA,
                shown: vec![Setting {
                    topic: SettingTopic::Pruning,
                    what: "How much may go at once.".to_owned(),
                    value: "25 %".to_owned(),
                    variable: Some("BERTH_PRUNE_LIMIT".to_owned()),
                }],
            },
        };
        let (state, following) = ApiState::start(parts, shutdown.clone());
        let router = berth_api::router(state);
        Self { pool, router, seal, shutdown, _tasks: (following, writing) }
    }

    /// Somebody new with this role, in a browser.
    pub(crate) async fn browser(&self, role: Role) -> As {
        let user = self.account(role).await;
        let value = format!("session-of-{user}");
        let hash: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        berth_store::sessions::create(&self.pool, &hash, user, "a browser").await.unwrap();
        As::Browser(value)
    }

    pub(crate) async fn account(&self, role: Role) -> UserId {
        let account = Account {
            id: UserId::fresh(),
            email: format!("{}-{}@example.com", role.as_str(), Uuid::now_v7()),
            name: format!("The {}", role.as_str()),
            role,
        };
        accounts::create(&self.pool, &account, &SecretString::from("none")).await.unwrap();
        account.id
    }

    /// Our App, and `acme/shop`.
    pub(crate) async fn with_shop(self) -> Self {
        let app = GithubApp {
            public: PublicApp {
                app_id: APP_ID,
                slug: "berth".to_owned(),
                name: "Berth".to_owned(),
                owner_login: "acme".to_owned(),
                html_url: "https://github.com/apps/berth".to_owned(),
                client_id: "Iv1".to_owned(),
            },
            client_secret: SecretString::from("planted-client-secret"),
            webhook_secret: SecretString::from(WEBHOOK_SECRET),
            private_key: SecretString::from("planted-private-key"),
        };
        github_apps::put(&self.pool, &self.seal, &app).await.unwrap();
        let installation = Installation {
            id: InstallationId(1),
            account_id: 10,
            account_login: "acme".to_owned(),
            account_kind: "Organization".to_owned(),
            repository_selection: "selected".to_owned(),
            permissions: Value::Null,
            suspended_at: None,
        };
        let shop = Repository {
            id: SHOP,
            installation: installation.id,
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            default_branch: "main".to_owned(),
            private: true,
            removed: false,
        };
        berth_store::setup::record(&self.pool, &installation, &[shop]).await.unwrap();
        self
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, who: &As, path: &str) -> Answer {
        self.send(request(Method::GET, path, who, None)).await
    }

    pub(crate) async fn post(&self, who: &As, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, who, Some(body))).await
    }

    pub(crate) async fn delete(&self, who: &As, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, who, None)).await
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn request(method: Method, path: &str, who: &As, body: Option<Value>) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path);
    builder = match who {
        As::Nobody => builder,
        As::Browser(value) => builder
            .header("cookie", format!("berth_session={value}"))
            .header("x-berth-csrf", "1")
            .header("sec-fetch-site", "same-origin"),
        As::Tricked(value) => builder.header("cookie", format!("berth_session={value}")),
        As::Token(token) => builder.header("authorization", format!("Bearer {token}")),
    };
    let peer: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    builder = builder.extension(ConnectInfo(peer));
    match body {
        None => builder.body(Body::empty()).unwrap(),
        Some(body) => builder
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and body, less what differs from run to run.
    pub(crate) fn shown(&self) -> String {
        let mut text = self.status.as_u16().to_string();
        if !self.body.is_empty() {
            let mut body = self.json();
            redact(&mut body);
            write!(text, " {}", serde_json::to_string_pretty(&body).unwrap()).unwrap();
        }
        text
    }
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) => {
            if text.parse::<Uuid>().is_ok() {
                "[id]".clone_into(text);
            } else if text.len() > 18 && text.parse::<chrono::DateTime<chrono::Utc>>().is_ok() {
                "[time]".clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => fields.values_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Asks until `found` says what it was waiting for.
pub(crate) async fn eventually<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = Duration::from_secs(20);
    let look = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, look).await.unwrap_or_else(|_| panic!("never: {what}"))
}
