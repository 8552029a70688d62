//! What nothing asks for: everybody reads it, and admins let it go.

use std::time::Duration;

use berth_store::accounts::Role;
use berth_store::leases;
use berth_store::pruning::{self, Orphan};
use chrono::DateTime;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Answer, Api, As, request};

const PATH: &str = "/api/v1/prune/approve";

async fn approve(api: &Api, who: &As, stacks: Value) -> Answer {
    api.send(request(Method::POST, PATH, who, Some(json!({"stacks": stacks})))).await
}

async fn plan(api: &Api, stacks: &[&str], held: bool) {
    let lasting = Duration::from_secs(60);
    let fence = leases::acquire(&api.pool, Uuid::from_u128(1), lasting).await.unwrap().unwrap();
    let at = DateTime::UNIX_EPOCH;
    let orphans: Vec<Orphan> = stacks
        .iter()
        .map(|stack| Orphan {
            stack: (*stack).to_owned(),
            since: at,
            due: at,
            actions: vec!["- service web".to_owned()],
        })
        .collect();
    pruning::put(&api.pool, fence, &orphans, held).await.unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_plan_is_read_first_and_what_was_read_is_let_go(pool: PgPool) {
    let api = Api::new(pool);
    let admin = api.browser(Role::Admin).await;
    let nothing = api.get(&admin, "/api/v1/prune").await.json();
    assert_eq!(nothing, json!({"orphans": [], "nodes": [], "held": false, "approved": null}));

    plan(&api, &["blog", "wiki"], true).await;
    let told = api.get(&admin, "/api/v1/prune").await.json();
    assert_eq!(told["held"], true);
    assert_eq!(told["orphans"][1]["stack"], "wiki");
    assert_eq!(told["orphans"][1]["actions"], json!(["- service web"]));
    assert_eq!(api.get(&admin, "/api/v1/status").await.json()["held_orphans"], 2);

    let stale = approve(&api, &admin, json!(["blog"])).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert_eq!(
        stale.json()["detail"],
        "The plan has other stacks by now, or nothing is held. Read it again."
    );
    let done = approve(&api, &admin, json!(["blog", "wiki"])).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT);
    let told = api.get(&admin, "/api/v1/prune").await.json();
    assert!(told["approved"]["by"].is_string(), "{told}");
    assert_eq!(api.get(&admin, "/api/v1/status").await.json()["held_orphans"], 0);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn whoever_may_not_change_settings_lets_nothing_go(pool: PgPool) {
    let api = Api::new(pool);
    plan(&api, &["blog", "wiki"], true).await;
    for role in [Role::Viewer, Role::Operator] {
        let who = api.browser(role).await;
        let refused = approve(&api, &who, json!(["blog", "wiki"])).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(api.get(&who, "/api/v1/prune").await.status, StatusCode::OK);
    }
    assert!(pruning::plan(&api.pool).await.unwrap().approved.is_empty());
}
