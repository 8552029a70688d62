//! Whether Berth is well, and what it says when something is not.

use std::time::Duration;

use berth_store::accounts::Role;
use http::StatusCode;
use sqlx::PgPool;

use crate::support::{Api, As, PUBLIC_URL, REPLICA};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_missing_is_said(pool: PgPool) {
    let api = Api::new(pool);
    assert_eq!(api.get(&As::Nobody, "/healthz").await.status, StatusCode::OK);
    let answer = api.get(&As::Nobody, "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let report = answer.json();
    assert_eq!(report["postgres"]["ok"], true);
    assert_eq!(report["docker"]["ok"], false);
    assert!(report["docker"]["detail"].as_str().unwrap().contains("does not answer"), "{report}");
    assert_eq!(report["leader"]["detail"], "no Berth leads at the moment");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_status_says_who_leads(pool: PgPool) {
    let api = Api::new(pool);
    berth_store::leases::acquire(&api.pool, REPLICA, Duration::from_secs(60)).await.unwrap();
    let viewer = api.browser(Role::Viewer).await;
    let mut status = api.get(&viewer, "/api/v1/status").await.json();
    assert_eq!(status["leader"]["is_me"], true);
    assert_eq!(status["leader"]["holder"], REPLICA.to_string());
    assert_eq!(status["docker"]["ok"], false);
    status["docker"].take();
    status["leader"].take();
    insta::assert_snapshot!(status, @r#"{"version":"0.1.0-test","instance_id":"00000000-0000-0000-0000-000000000001","leader":null,"postgres":{"ok":true,"detail":""},"docker":null,"held_orphans":0,"lost_nodes":[],"silent_executors":[],"ready":false}"#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn without_its_database_berth_says_so_and_nothing_else(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    api.pool.close().await;
    let answer = api.get(&viewer, "/api/v1/stacks").await;
    insta::assert_snapshot!(answer.shown(), @r#"
    503 {
      "type": "/problems/unavailable",
      "title": "Unavailable",
      "status": 503,
      "detail": "The database does not answer. Try again in a moment.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    assert_eq!(answer.header("retry-after"), "2");
    let report = api.get(&As::Nobody, "/readyz").await.json();
    assert_eq!(report["postgres"]["ok"], false);
    assert_eq!(report["leader"]["ok"], false);
    assert_eq!(api.get(&As::Nobody, "/healthz").await.status, StatusCode::OK);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn everybody_may_read_what_is_set(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let answer = api.get(&viewer, "/api/v1/settings").await;
    let settings = answer.json();
    assert_eq!(settings["public_url"], format!("{}/", PUBLIC_URL.trim_end_matches('/')));
    let lines = settings["items"].as_array().unwrap().iter().map(|it| {
        let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
        [text("topic"), text("value"), text("variable"), text("what")].join(" ")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @"
    retention 30 days - How long a delivery is kept once handled.
    retention 90 days - How long events of people and of Berth are kept.
    pruning 25 % BERTH_PRUNE_LIMIT How much may go at once.
    ");
    let stranger = api.get(&As::Nobody, "/api/v1/settings").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
}
