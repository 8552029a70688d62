//! API tokens.

use berth_store::accounts::Role;
use http::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Api, As};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_token_does_what_its_owner_may_until_it_is_revoked(pool: PgPool) {
    let api = Api::new(pool);
    let browser = api.browser(Role::Operator).await;
    let made = api.post(&browser, "/api/v1/tokens", json!({"name": " ci "})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    let token = As::Token(made["token"].as_str().unwrap().to_owned());
    assert_eq!(made["name"], "ci");

    let me = api.get(&token, "/api/v1/session").await.json();
    assert_eq!(me["user"]["role"], "operator");
    let refused = api.post(&token, "/api/v1/github/install", json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let changes = api.delete(&token, "/api/v1/stacks/none").await;
    assert_eq!(changes.status, StatusCode::NOT_FOUND, "a token needs no CSRF header");
    insta::assert_snapshot!(api.get(&token, "/api/v1/tokens").await.shown(), @r#"
    200 {
      "items": [
        {
          "id": "[id]",
          "name": "ci",
          "created_at": "[time]",
          "used_at": "[time]"
        }
      ],
      "next_cursor": null
    }
    "#);

    let stored: Vec<u8> =
        sqlx::query_scalar("select token_hash from api_token").fetch_one(&api.pool).await.unwrap();
    assert_eq!(stored.len(), 32);

    let stranger = api.browser(Role::Admin).await;
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().unwrap());
    assert_eq!(api.delete(&stranger, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.delete(&browser, &path).await.status, StatusCode::NO_CONTENT);
    let gone = api.get(&token, "/api/v1/session").await;
    insta::assert_snapshot!(gone.shown(), @r#"
    401 {
      "type": "/problems/unauthorized",
      "title": "Not logged in",
      "status": 401,
      "detail": "This token is not known, or was revoked.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_token_needs_a_name(pool: PgPool) {
    let api = Api::new(pool);
    let browser = api.browser(Role::Viewer).await;
    for body in [json!({"name": " "}), json!({}), json!({"name": "x".repeat(101)})] {
        let answer = api.post(&browser, "/api/v1/tokens", body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.json()["errors"][0]["pointer"], "/name");
    }
}
