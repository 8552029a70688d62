//! Making the App and installing it, against a GitHub that answers as told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use berth_store::accounts::Role;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{Api, As};

/// A GitHub, and what it was asked.
pub(crate) struct Github {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
    _serving: JoinSet<()>,
}

/// A private key in PEM.
fn key() -> String {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let body = STANDARD.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
}

fn answer(path: &str, key: &str) -> (StatusCode, Value) {
    let owner = json!({"login": "acme", "id": 10, "type": "Organization"});
    match path {
        "POST /app-manifests/good-code/conversions" => (
            StatusCode::CREATED,
            json!({
                "id": 7, "slug": "berth-localhost", "name": "Berth", "node_id": "A_7",
                "owner": owner, "description": "", "external_url": "http://berth.localhost",
                "html_url": "http://github/apps/berth-localhost",
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
                "permissions": {}, "events": [], "client_id": "Iv1",
                "client_secret": "planted-client-secret",
                "webhook_secret": "planted-webhook-secret", "pem": key,
            }),
        ),
        "PATCH /app/hook/config" => (StatusCode::OK, json!({"content_type": "json"})),
        "GET /app/installations/11" => (
            StatusCode::OK,
            json!({
                "id": 11, "account": owner, "repository_selection": "selected", "app_id": 7,
                "target_id": 10, "target_type": "Organization", "permissions": {"contents": "read"},
                "events": [], "html_url": "http://github/installations/11",
                "access_tokens_url": "", "repositories_url": "", "suspended_at": null,
                "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
            }),
        ),
        "POST /app/installations/11/access_tokens" => (
            StatusCode::CREATED,
            json!({"token": "ghs_planted", "expires_at": "2999-01-01T00:00:00Z"}),
        ),
        "GET /installation/repositories" => (
            StatusCode::OK,
            json!({
                "total_count": 1,
                "repositories": [{
                    "id": 100, "name": "shop", "full_name": "acme/shop", "owner": owner,
                    "default_branch": "main", "private": true, "archived": false,
                }],
            }),
        ),
        "GET /repos/acme/shop/pulls" => {
            let pull = |number: i64, title: &str, branch: &str, base: &str, from: i64| {
                json!({
                    "number": number, "title": title, "state": "open", "draft": false,
                    "user": owner,
                    "head": {"ref": branch, "sha": "a1", "repo": {"id": from}},
                    "base": {"ref": base, "sha": "b2", "repo": {"id": 100}},
                })
            };
            (
                StatusCode::OK,
                json!([
                    pull(7, "<b>Cart</b>", "feat/<img src=x>", "main", 100),
                    pull(8, "From afar", "main", "main", 999),
                    pull(9, "Backport", "fix", "release/1", 100),
                ]),
            )
        }
        "GET /repos/acme/shop/branches" => {
            (StatusCode::OK, json!([{"name": "main"}, {"name": "release/1"}]))
        }
        "GET /repos/acme/shop/tags" => (StatusCode::OK, json!([{"name": "v1.2"}])),
        _ => (StatusCode::NOT_FOUND, json!({"message": "Not Found"})),
    }
}

impl Github {
    pub(crate) async fn start() -> Self {
        let asked: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let (seen, key) = (Arc::clone(&asked), key());
        let handler = move |request: Request| {
            let (seen, key) = (Arc::clone(&seen), key.clone());
            async move {
                let path = format!("{} {}", request.method(), request.uri().path());
                let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
                let body = serde_json::from_slice(&body).unwrap_or_default();
                seen.lock().unwrap().push((path.clone(), body));
                let (status, body) = answer(&path, &key);
                let answer: Response = (status, axum::Json(body)).into_response();
                answer
            }
        };
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut serving = JoinSet::new();
        let app = Router::new().fallback(handler);
        serving.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, asked, _serving: serving }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(path, _)| path.clone()).collect()
    }
}

/// The `state` in an address.
pub(crate) fn state(url: &str) -> String {
    url.split("state=").nth(1).unwrap().to_owned()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_app_is_made_installed_and_read(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = api.browser(Role::Admin).await;
    let none = api.get(&admin, "/api/v1/github").await.json();
    assert_eq!((&none["app"], &none["installations"]), (&Value::Null, &json!([])));
    assert_eq!(none["webhook_url"], "http://berth.localhost/webhooks/github");

    let form = api.post(&admin, "/api/v1/github/manifest", json!({"organization": "acme"})).await;
    let form = form.json();
    let action = form["action"].as_str().unwrap();
    let page = format!("{}/organizations/acme/settings/apps/new?state=", github.url);
    assert!(action.starts_with(&page), "{action}");
    let manifest: Value = serde_json::from_str(form["manifest"].as_str().unwrap()).unwrap();
    assert_eq!(manifest["redirect_url"], "http://berth.localhost/setup/github/done");

    let code = json!({"code": "good-code", "state": state(action)});
    let made = api.post(&admin, "/api/v1/github/app", code.clone()).await;
    insta::assert_snapshot!(made.shown(), @r#"
    201 {
      "app_id": 7,
      "slug": "berth-localhost",
      "name": "Berth",
      "owner_login": "acme",
      "html_url": "http://github/apps/berth-localhost"
    }
    "#);
    let hook = github.asked.lock().unwrap().last().unwrap().clone();
    assert_eq!(hook.0, "PATCH /app/hook/config");
    assert_eq!(hook.1["content_type"], "json");
    assert_eq!(hook.1["secret"], "planted-webhook-secret");

    let again = api.post(&admin, "/api/v1/github/app", code).await;
    insta::assert_snapshot!(again.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "This round trip to GitHub was not begun by you, is over, or took more than an hour. Begin again.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/state",
          "detail": "This round trip to GitHub was not begun by you, is over, or took more than an hour. Begin again."
        }
      ]
    }
    "#);

    let link = api.post(&admin, "/api/v1/github/install", json!({})).await.json();
    let link = link["url"].as_str().unwrap();
    let page = format!("{}/apps/berth-localhost/installations/new?state=", github.url);
    assert!(link.starts_with(&page), "{link}");
    let claim = json!({"installation_id": 11, "state": state(link)});
    let installed = api.post(&admin, "/api/v1/github/installations", claim).await;
    assert_eq!(installed.status, StatusCode::CREATED, "{:?}", github.asked());
    let shown = installed.json();
    assert_eq!((&shown["account_login"], &shown["repository_count"]), (&json!("acme"), &json!(1)));
    // What Berth needs, beside what the account grants.
    let permission = |name: &str| {
        let all = shown["permissions"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let granted = json!({"name": "contents", "wanted": "read", "granted": "read", "enough": true});
    assert_eq!(permission("contents"), granted);
    let lacking = json!({"name": "checks", "wanted": "write", "granted": null, "enough": false});
    assert_eq!(permission("checks"), lacking);
    let repositories = api.get(&admin, "/api/v1/repositories").await.json();
    assert_eq!(repositories["items"][0]["full_name"], "acme/shop");
    for (q, found) in [("ME/SH", 1), ("shopping", 0), ("", 1)] {
        let some = api.get(&admin, &format!("/api/v1/repositories?q={q}")).await.json();
        assert_eq!(some["items"].as_array().unwrap().len(), found, "{q}");
    }
    let known = api.get(&admin, "/api/v1/github").await.json();
    assert_eq!(known["installations"], json!([shown]));
    assert!(!known.to_string().contains("planted"), "{known}");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_round_trip_ends_where_it_began(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = api.browser(Role::Admin).await;
    let form = api.post(&admin, "/api/v1/github/manifest", json!({})).await.json();
    let nonce = state(form["action"].as_str().unwrap());
    let refused = async |who: &As, code: &str, nonce: &str| {
        let body = json!({"code": code, "state": nonce});
        let answer = api.post(who, "/api/v1/github/app", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.json()["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused(&admin, "good-code", "made-up").await, "/state");
    let other = api.browser(Role::Admin).await;
    assert_eq!(refused(&other, "good-code", &nonce).await, "/state");
    assert_eq!(github.asked(), Vec::<String>::new(), "GitHub was not even asked");
    assert_eq!(refused(&admin, "old-code", &nonce).await, "/code");
    assert_eq!(refused(&admin, "good-code", &nonce).await, "/state", "it is used up");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_installation_that_is_not_ours_is_refused(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = api.browser(Role::Admin).await;
    let claim = json!({"installation_id": 12});
    let early = api.post(&admin, "/api/v1/github/installations", claim.clone()).await;
    insta::assert_snapshot!(early.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "There is no GitHub App yet. Make it first.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let form = api.post(&admin, "/api/v1/github/manifest", json!({})).await.json();
    let nonce = state(form["action"].as_str().unwrap());
    let code = json!({"code": "good-code", "state": nonce});
    api.post(&admin, "/api/v1/github/app", code).await;
    let foreign = api.post(&admin, "/api/v1/github/installations", claim).await;
    insta::assert_snapshot!(foreign.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "GitHub knows of no such installation of this App.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/installation_id",
          "detail": "GitHub knows of no such installation of this App."
        }
      ]
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_github_that_does_not_answer_is_said(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let form = api.post(&admin, "/api/v1/github/manifest", json!({})).await.json();
    let nonce = state(form["action"].as_str().unwrap());
    let code = json!({"code": "good-code", "state": nonce});
    let answer = api.post(&admin, "/api/v1/github/app", code).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with("GitHub does not answer"), "{detail}");
}
