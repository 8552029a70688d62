//! Logins to registries: they go in, and never come out.

use berth_domain::registry::Logins as _;
use berth_store::accounts::Role;
use berth_store::registries::StoredLogins;
use http::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Api, As, request};

const PATH: &str = "/api/v1/registries/registry.example:5000";

async fn put(api: &Api, who: &As, path: &str, body: Value) -> Answer {
    api.send(request(Method::PUT, path, who, Some(body))).await
}

async fn stored(api: &Api, host: &str) -> Option<String> {
    let logins = StoredLogins { pool: api.pool.clone(), key: api.seal.clone() };
    let login = logins.login(host).await.unwrap()?;
    Some(format!("{} {}", login.username, login.secret.expose_secret()))
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_login_is_stored_replaced_listed_without_its_password_and_forgotten(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let made = put(&api, &admin, PATH, json!({"username": "ann", "password": "planted-1"})).await;
    insta::assert_snapshot!(made.shown(), @r#"
    200 {
      "host": "registry.example:5000",
      "username": "ann",
      "created_at": "[time]",
      "updated_at": "[time]"
    }
    "#);
    let again = put(&api, &admin, PATH, json!({"username": "bob", "password": "planted-2"})).await;
    assert_eq!(stored(&api, "registry.example:5000").await.as_deref(), Some("bob planted-2"));

    let listed = api.get(&admin, "/api/v1/registries").await;
    assert_eq!(listed.json()["items"], json!([again.json()]));
    for answer in [&made, &again, &listed] {
        assert!(!answer.shown().contains("planted"), "{}", answer.shown());
    }

    assert_eq!(api.delete(&admin, PATH).await.status, StatusCode::NO_CONTENT);
    assert_eq!(stored(&api, "registry.example:5000").await, None);
    let gone = api.delete(&admin, PATH).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.json()["detail"], "There is no such registry.");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn only_admins_see_or_change_who_we_are(pool: PgPool) {
    let api = Api::new(pool);
    for role in [Role::Viewer, Role::Operator] {
        let who = api.browser(role).await;
        let login = json!({"username": "ann", "password": "planted"});
        for answer in [
            api.get(&who, "/api/v1/registries").await,
            put(&api, &who, PATH, login.clone()).await,
            api.delete(&who, PATH).await,
            api.post(&who, &format!("{PATH}/test"), json!({})).await,
        ] {
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
        }
    }
    assert_eq!(stored(&api, "registry.example:5000").await, None);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn everything_that_is_wrong_with_a_login_is_said_at_once_and_nothing_of_the_password(
    pool: PgPool,
) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let path = "/api/v1/registries/https:%2F%2Fregistry.example";
    let answer = put(&api, &admin, path, json!({"username": "", "password": ""})).await;
    insta::assert_snapshot!(answer.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "3 fields need another look.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/host",
          "detail": "Leave out `https://` and the path: only the host, with its port if it has one."
        },
        {
          "pointer": "/username",
          "detail": "A name has 1 to 255 characters, none of them unseen."
        },
        {
          "pointer": "/password",
          "detail": "A password has 1 to 8192 bytes."
        }
      ]
    }
    "#);
    let long = "planted".repeat(2000);
    let answer = put(&api, &admin, PATH, json!({"username": "ann", "password": long})).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/password");
    assert!(!answer.shown().contains("planted"));
    let answer = put(&api, &admin, PATH, json!({"username": "ann", "password": 1234567})).await;
    assert_eq!(answer.json()["errors"][0]["pointer"], "/password");
    assert!(!answer.shown().contains("1234567"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_login_is_tried_through_the_engine_and_only_where_there_is_one(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let test = format!("{PATH}/test");
    assert_eq!(api.post(&admin, &test, json!({})).await.status, StatusCode::NOT_FOUND);
    put(&api, &admin, PATH, json!({"username": "ann", "password": "planted"})).await;
    // This Berth has no engine.
    let away = api.post(&admin, &test, json!({})).await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!away.shown().contains("planted"));
}
