//! Setting up, logging in and out.

use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use url::Url;

use crate::support::{Api, As, PUBLIC_URL, request};

async fn link(api: &Api) -> Option<String> {
    let public_url = Url::parse(PUBLIC_URL).unwrap();
    let link = berth_api::ensure_setup_link(&api.pool, &public_url).await.unwrap()?;
    assert!(link.as_str().starts_with("http://berth.localhost/setup?token="), "{link}");
    link.query_pairs().next().map(|(_, token)| token.into_owned())
}

fn ada(token: &str) -> Value {
    json!({
        "token": token,
        "email": "ada@example.com",
        "name": "Ada",
        "password": "correct horse battery",
    })
}

/// The session in a `Set-Cookie` line.
fn cookie(line: &str) -> As {
    let value = line.strip_prefix("berth_session=").unwrap().split(';').next().unwrap();
    As::Browser(value.to_owned())
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_setup_link_makes_one_admin_once(pool: PgPool) {
    let api = Api::new(pool);
    let token = link(&api).await.unwrap();

    let wrong = api.post(&As::Nobody, "/api/v1/setup", ada("made-up")).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);

    let made = api.post(&As::Nobody, "/api/v1/setup", ada(&token)).await;
    insta::assert_snapshot!(made.shown(), @r#"
    201 {
      "user": {
        "id": "[id]",
        "email": "ada@example.com",
        "name": "Ada",
        "role": "admin"
      }
    }
    "#);
    let line = made.header("set-cookie");
    assert!(line.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"), "{line}");
    let answer = api.get(&cookie(line), "/api/v1/session").await;
    assert_eq!(answer.json(), made.json());

    let again = api.post(&As::Nobody, "/api/v1/setup", ada(&token)).await;
    insta::assert_snapshot!(again.shown(), @r#"
    403 {
      "type": "/problems/forbidden",
      "title": "Not allowed",
      "status": 403,
      "detail": "This setup link is not good any more. If nobody has an account yet, start Berth again for a new one.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    assert_eq!(link(&api).await, None, "there is nothing left to set up");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_setup_says_everything_that_is_wrong(pool: PgPool) {
    let api = Api::new(pool);
    let token = link(&api).await.unwrap();
    let setup = json!({"token": token, "email": "ada", "name": " ", "password": "short"});
    let answer = api.post(&As::Nobody, "/api/v1/setup", setup).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "3 fields need another look.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/email",
          "detail": "This is not an e-mail address."
        },
        {
          "pointer": "/name",
          "detail": "A name has 1 to 100 characters."
        },
        {
          "pointer": "/password",
          "detail": "A password has at least 10 characters."
        }
      ]
    }
    "#);
    let made = api.post(&As::Nobody, "/api/v1/setup", ada(&token)).await;
    assert_eq!(made.status, StatusCode::CREATED, "the link is still good");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn one_logs_in_and_out(pool: PgPool) {
    let api = Api::new(pool);
    let token = link(&api).await.unwrap();
    api.post(&As::Nobody, "/api/v1/setup", ada(&token)).await;

    let login = json!({"email": " ADA@example.com", "password": "correct horse battery"});
    let answer = api.post(&As::Nobody, "/api/v1/session", login).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["user"]["role"], "admin");
    let browser = cookie(answer.header("set-cookie"));
    assert_eq!(api.get(&browser, "/api/v1/session").await.status, StatusCode::OK);

    let out = api.delete(&browser, "/api/v1/session").await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let gone = api.get(&browser, "/api/v1/session").await;
    insta::assert_snapshot!(gone.shown(), @r#"
    401 {
      "type": "/problems/unauthorized",
      "title": "Not logged in",
      "status": 401,
      "detail": "The session has ended. Log in again.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stranger_and_a_wrong_password_get_the_same_answer(pool: PgPool) {
    let api = Api::new(pool);
    let token = link(&api).await.unwrap();
    api.post(&As::Nobody, "/api/v1/setup", ada(&token)).await;
    let mut answers = Vec::new();
    for email in ["ada@example.com", "bob@example.com"] {
        let login = json!({"email": email, "password": "wrong horse battery"});
        let mut body = api.post(&As::Nobody, "/api/v1/session", login).await.json();
        body["request_id"].take();
        answers.push(body);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0]["status"], 401);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn guessing_is_stopped(pool: PgPool) {
    let api = Api::new(pool);
    let login = json!({"email": "ada@example.com", "password": "wrong horse battery"});
    for _ in 0..10 {
        let answer = api.post(&As::Nobody, "/api/v1/session", login.clone()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = api.post(&As::Nobody, "/api/v1/session", login).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    429 {
      "type": "/problems/too-many-requests",
      "title": "Too many requests",
      "status": 429,
      "detail": "Too many wrong passwords for this account. Try again in 15 minutes.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((800..=900).contains(&wait), "{wait}");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn another_sites_form_can_not_log_anybody_in(pool: PgPool) {
    let api = Api::new(pool);
    let login = json!({"email": "ada@example.com", "password": "x"});
    let mut foreign = request(Method::POST, "/api/v1/session", &As::Nobody, Some(login.clone()));
    foreign.headers_mut().insert("origin", "https://evil.example.com".parse().unwrap());
    assert_eq!(api.send(foreign).await.status, StatusCode::FORBIDDEN);

    let mut form = request(Method::POST, "/api/v1/session", &As::Nobody, Some(login));
    form.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(api.send(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_role_counts_from_the_next_request_on(pool: PgPool) {
    let api = Api::new(pool);
    let browser = api.browser(Role::Viewer).await;
    let refused = api.post(&browser, "/api/v1/github/install", json!({})).await;
    insta::assert_snapshot!(refused.shown(), @r#"
    403 {
      "type": "/problems/forbidden",
      "title": "Not allowed",
      "status": 403,
      "detail": "This takes the role `admin`; yours is `viewer`.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    sqlx::query("update account set role = 'admin'").execute(&api.pool).await.unwrap();
    let allowed = api.post(&browser, "/api/v1/github/install", json!({})).await;
    assert_eq!(allowed.status, StatusCode::CONFLICT, "there is no App yet");
}
