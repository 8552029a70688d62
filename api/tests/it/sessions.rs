//! One's own sessions.

use berth_domain::ids::UserId;
use berth_store::accounts::Role;
use http::StatusCode;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;

use crate::support::{Api, As};

async fn ids(api: &Api, who: &As) -> Vec<(String, bool)> {
    let answer = api.get(who, "/api/v1/sessions").await.json();
    let items = answer["items"].as_array().unwrap();
    items
        .iter()
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["current"].as_bool().unwrap()))
        .collect()
}

async fn log_in(api: &Api, user: UserId, browser: &str) -> As {
    let hash: [u8; 32] = Sha256::digest(browser.as_bytes()).into();
    berth_store::sessions::create(&api.pool, &hash, user, browser).await.unwrap();
    As::Browser(browser.to_owned())
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_browser_that_was_revoked_is_logged_out(pool: PgPool) {
    let api = Api::new(pool);
    let ada = api.account(Role::Viewer).await;
    let phone = log_in(&api, ada, "a phone").await;
    let laptop = log_in(&api, ada, "a laptop").await;
    insta::assert_snapshot!(api.get(&laptop, "/api/v1/sessions").await.shown(), @r#"
    200 {
      "items": [
        {
          "id": "[id]",
          "user_agent": "a laptop",
          "created_at": "[time]",
          "seen_at": "[time]",
          "current": true
        },
        {
          "id": "[id]",
          "user_agent": "a phone",
          "created_at": "[time]",
          "seen_at": "[time]",
          "current": false
        }
      ],
      "next_cursor": null
    }
    "#);
    let (other, _) = ids(&api, &laptop).await.into_iter().find(|(_, current)| !current).unwrap();
    let path = format!("/api/v1/sessions/{other}");

    let stranger = api.browser(Role::Admin).await;
    assert_eq!(api.delete(&stranger, &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.delete(&laptop, &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&phone, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(api.get(&laptop, "/api/v1/session").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn all_other_browsers_are_logged_out_at_once(pool: PgPool) {
    let api = Api::new(pool);
    let ada = api.account(Role::Viewer).await;
    let phone = log_in(&api, ada, "a phone").await;
    let laptop = log_in(&api, ada, "a laptop").await;
    let stranger = api.browser(Role::Viewer).await;
    let answer = api.delete(&laptop, "/api/v1/sessions").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&phone, "/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ids(&api, &laptop).await.len(), 1);
    assert_eq!(api.get(&stranger, "/api/v1/session").await.status, StatusCode::OK);
}
