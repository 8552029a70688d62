//! Members: who is there, who is let in, who may what, and who leaves.

use berth_domain::ids::UserId;
use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use tower::ServiceExt as _;

use crate::support::{Answer, Api, As, request};

const MEMBERS: &str = "/api/v1/members";
const INVITATIONS: &str = "/api/v1/invitations";

impl Api {
    async fn put(&self, who: &As, path: &str, body: Value) -> Answer {
        self.send(request(Method::PUT, path, who, Some(body))).await
    }
}

async fn invite(api: &Api, admin: &As, email: &str, role: &str) -> Value {
    let made = api.post(admin, INVITATIONS, json!({"email": email, "role": role})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.json()
}

/// The token in an invitation's link.
fn token(made: &Value) -> String {
    let link = made["link"].as_str().unwrap();
    let token = link.strip_prefix("http://berth.localhost/invitation?token=").unwrap();
    token.to_owned()
}

fn bob(token: &str) -> Value {
    json!({"token": token, "name": " Bob ", "password": "correct horse battery"})
}

fn accept_path() -> String {
    format!("{INVITATIONS}/accept")
}

fn cookie(line: &str) -> As {
    let value = line.strip_prefix("berth_session=").unwrap().split(';').next().unwrap();
    As::Browser(value.to_owned())
}

fn path(user: UserId) -> String {
    format!("{MEMBERS}/{}", user.0)
}

/// Somebody new with this role, in a browser, and who that is.
async fn person(api: &Api, role: Role) -> (UserId, As) {
    let user = api.account(role).await;
    let value = format!("browser of {user}");
    let hash: [u8; 32] = Sha256::digest(value.as_bytes()).into();
    berth_store::sessions::create(&api.pool, &hash, user, "a browser").await.unwrap();
    (user, As::Browser(value))
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_is_invited_chooses_a_password_and_is_a_member_with_that_role(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let made = invite(&api, &admin, " bob@example.com", "operator").await;
    let token = token(&made);
    let stored: Vec<u8> =
        sqlx::query_scalar("select token_hash from invitation").fetch_one(&api.pool).await.unwrap();
    assert_eq!(stored, Sha256::digest(token.as_bytes()).to_vec());

    let listed = api.get(&admin, INVITATIONS).await;
    assert!(!String::from_utf8_lossy(&listed.body).contains(&token), "it is shown once");
    assert_eq!(listed.json()["items"], json!([made["invitation"]]));

    let look = format!("{INVITATIONS}/look");
    insta::assert_snapshot!(api.post(&As::Nobody, &look, json!({"token": token})).await.shown(), @r#"
    200 {
      "email": "bob@example.com",
      "role": "operator",
      "invited_by": "The admin",
      "expires_at": "[time]"
    }
    "#);
    let accepted = api.post(&As::Nobody, &accept_path(), bob(&token)).await;
    insta::assert_snapshot!(accepted.shown(), @r#"
    201 {
      "user": {
        "id": "[id]",
        "email": "bob@example.com",
        "name": "Bob",
        "role": "operator"
      }
    }
    "#);
    let browser = cookie(accepted.header("set-cookie"));
    assert_eq!(api.get(&browser, "/api/v1/session").await.json(), accepted.json());

    let again = api.post(&As::Nobody, &accept_path(), bob(&token)).await;
    insta::assert_snapshot!(again.shown(), @r#"
    403 {
      "type": "/problems/forbidden",
      "title": "Not allowed",
      "status": 403,
      "detail": "This invitation is not good any more: it was used or revoked, or it ran out. Ask for a new one.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    assert_eq!(api.get(&admin, INVITATIONS).await.json()["items"], json!([]));
    let members = api.get(&browser, MEMBERS).await.json();
    let seen: Vec<_> = members["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["role"].as_str().unwrap(), &it["you"]))
        .collect();
    assert_eq!(seen, [("Bob", "operator", &json!(true)), ("The admin", "admin", &json!(false))]);
    assert!(members["items"][0]["seen_at"].is_string());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_acceptance_says_everything_that_is_wrong_and_keeps_the_link(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let token = token(&invite(&api, &admin, "bob@example.com", "viewer").await);
    let wrong = json!({"token": token, "name": " ", "password": "short"});
    let answer = api.post(&As::Nobody, &accept_path(), wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let pointers: Vec<_> = answer.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/name", "/password"]);
    let accepted = api.post(&As::Nobody, &accept_path(), bob(&token)).await;
    assert_eq!(accepted.status, StatusCode::CREATED);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_revoked_invitation_lets_nobody_in(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let made = invite(&api, &admin, "bob@example.com", "viewer").await;
    let path = format!("{INVITATIONS}/{}", made["invitation"]["id"].as_str().unwrap());
    assert_eq!(api.delete(&admin, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.delete(&admin, &path).await.status, StatusCode::NOT_FOUND);
    for way in ["look", "accept"] {
        let body = if way == "look" { json!({"token": token(&made)}) } else { bob(&token(&made)) };
        let answer = api.post(&As::Nobody, &format!("{INVITATIONS}/{way}"), body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{way}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_can_not_be_invited_is_said_at_the_address(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let me = api.get(&admin, "/api/v1/session").await.json();
    let mine = me["user"]["email"].as_str().unwrap().to_uppercase();
    for (email, said) in [
        ("bob", "This is not an e-mail address."),
        (mine.as_str(), "Somebody with this address is a member."),
    ] {
        let body = json!({"email": email, "role": "viewer"});
        let answer = api.post(&admin, INVITATIONS, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors, json!([{"pointer": "/email", "detail": said}]));
    }
    let answer = api.post(&admin, INVITATIONS, json!({"email": "b@c", "role": "owner"})).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/role");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn another_site_accepts_nothing_for_anybody(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let token = token(&invite(&api, &admin, "bob@example.com", "viewer").await);
    let mut foreign = request(Method::POST, &accept_path(), &As::Nobody, Some(bob(&token)));
    foreign.headers_mut().insert("origin", "https://evil.example.com".parse().unwrap());
    assert_eq!(api.send(foreign).await.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_member_with_another_role_may_at_once_what_that_may(pool: PgPool) {
    let api = Api::new(pool);
    let (_, admin) = person(&api, Role::Admin).await;
    let (bob, browser) = person(&api, Role::Viewer).await;
    assert_eq!(api.get(&browser, INVITATIONS).await.status, StatusCode::FORBIDDEN);

    let changed = api.put(&admin, &path(bob), json!({"role": "admin"})).await;
    assert_eq!((changed.status, &changed.json()["role"]), (StatusCode::OK, &json!("admin")));
    assert_eq!(api.get(&browser, INVITATIONS).await.status, StatusCode::OK);

    api.put(&admin, &path(bob), json!({"role": "viewer"})).await;
    assert_eq!(api.get(&browser, INVITATIONS).await.status, StatusCode::FORBIDDEN);
    let nobody = api.put(&admin, &path(UserId::fresh()), json!({"role": "viewer"})).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_is_removed_is_out_at_once_with_browser_token_and_link(pool: PgPool) {
    let api = Api::new(pool);
    let (_, admin) = person(&api, Role::Admin).await;
    let (bob, browser) = person(&api, Role::Admin).await;
    let made = api.post(&browser, "/api/v1/tokens", json!({"name": "ci"})).await.json();
    let program = As::Token(made["token"].as_str().unwrap().to_owned());
    let link = token(&invite(&api, &browser, "friend@example.com", "admin").await);
    assert_eq!(api.get(&program, "/api/v1/session").await.status, StatusCode::OK);

    let follow = request(Method::GET, "/api/v1/stream", &browser, None);
    let stream = api.router.clone().oneshot(follow).await.unwrap();
    let ended = axum::body::to_bytes(stream.into_body(), usize::MAX);
    assert_eq!(api.delete(&admin, &path(bob)).await.status, StatusCode::NO_CONTENT);
    for who in [&browser, &program] {
        assert_eq!(api.get(who, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    }
    let accepted = api
        .post(
            &As::Nobody,
            &accept_path(),
            json!({"token": link, "name": "Friend", "password": "correct horse battery"}),
        )
        .await;
    assert_eq!(accepted.status, StatusCode::FORBIDDEN, "and the links that they made");
    ended.await.unwrap();
    assert_eq!(api.delete(&admin, &path(bob)).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_last_admin_can_neither_leave_nor_step_down(pool: PgPool) {
    let api = Api::new(pool);
    let (ada, admin) = person(&api, Role::Admin).await;
    let answer = api.delete(&admin, &path(ada)).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "This is the only admin. Make somebody else an admin first.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let answer = api.put(&admin, &path(ada), json!({"role": "operator"})).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);

    let (_, other) = person(&api, Role::Admin).await;
    assert_eq!(api.delete(&admin, &path(ada)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&other, "/api/v1/session").await.status, StatusCode::OK);
}
