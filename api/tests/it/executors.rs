//! Executors: what they say, with their token and no other, and what of it is told.

use std::time::Duration;

use berth_domain::facts::NodeFacts;
use berth_domain::ids::StackName;
use berth_domain::node::Item;
use berth_store::accounts::Role;
use berth_store::executors::{self, Planned};
use berth_store::leases::{self, Fence};
use berth_store::nodes;
use chrono::DateTime;
use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::support::{Api, As};

const PATH: &str = "/api/v1/nodes/n1/report";

async fn lead(api: &Api) -> (Fence, As) {
    let lasting = Duration::from_secs(60);
    let fence = leases::acquire(&api.pool, Uuid::from_u128(1), lasting).await.unwrap().unwrap();
    let node = NodeFacts {
        id: "n1".to_owned(),
        name: "harbour-1".to_owned(),
        manager: true,
        ..NodeFacts::default()
    };
    nodes::observe(&api.pool, fence, &[node]).await.unwrap();
    let token = executors::token(&api.pool, fence, &api.seal).await.unwrap();
    (fence, As::Token(token.expose_secret().to_owned()))
}

fn report(failures: &Value) -> Value {
    json!({
        "hostname": "harbour-1",
        "version": "0.1.0",
        "volumes": [{"name": "shop_data", "stack": "shop"}],
        "containers": [{"id": "c1", "stack": "shop", "service": "s1"}],
        "images": [{"name": "nginx@sha256:1", "stack": null, "keys": ["sha256:1"]}],
        "failures": failures,
    })
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_executor_reports_and_is_told_what_to_remove_and_people_read_it_first(pool: PgPool) {
    let api = Api::new(pool);
    let (fence, executor) = lead(&api).await;
    let nothing = api.post(&executor, PATH, report(&json!([]))).await;
    assert_eq!((nothing.status, nothing.json()), (StatusCode::OK, json!({"items": []})));

    let stack = StackName::parse("shop").unwrap();
    let at = DateTime::UNIX_EPOCH;
    let item = Item::Volume { name: "shop_data".to_owned(), stack };
    let plan = vec![Planned { item, since: at, due: at }];
    executors::plan(&api.pool, fence, &[("n1".to_owned(), plan)]).await.unwrap();
    let viewer = api.browser(Role::Viewer).await;
    let told = api.get(&viewer, "/api/v1/prune").await.json();
    let node = &told["nodes"][0];
    assert_eq!((&node["hostname"], &node["silent"]), (&json!("harbour-1"), &json!(false)));
    let volume = json!({"kind": "volume", "name": "shop_data", "stack": "shop"});
    assert_eq!(node["items"][0]["name"], "shop_data");
    assert_eq!(node["items"][0]["failure"], json!(null));

    let work = api.post(&executor, PATH, report(&json!([]))).await;
    assert_eq!(work.json(), json!({"items": [volume]}));
    let failed = report(&json!([{"item": volume, "why": "volume is in use"}]));
    api.post(&executor, PATH, failed).await;
    let told = api.get(&viewer, "/api/v1/prune").await.json();
    assert_eq!(told["nodes"][0]["items"][0]["failure"], "volume is in use");
    let status = api.get(&viewer, "/api/v1/status").await.json();
    assert_eq!(status["silent_executors"], json!([]));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_token_opens_this_and_nothing_else_and_no_account_opens_this(pool: PgPool) {
    let api = Api::new(pool);
    let (_, executor) = lead(&api).await;
    for path in ["/api/v1/status", "/api/v1/prune", "/api/v1/stacks"] {
        assert_eq!(api.get(&executor, path).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for role in [Role::Viewer, Role::Admin] {
        let who = api.browser(role).await;
        let refused = api.post(&who, PATH, report(&json!([]))).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let made_up = As::Token("berth_executor_00".to_owned());
    let refused = api.post(&made_up, PATH, report(&json!([]))).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let elsewhere = api.post(&executor, "/api/v1/nodes/n2/report", report(&json!([]))).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let mut odd = report(&json!([]));
    odd["volumes"][0]["stack"] = json!("../etc");
    let refused = api.post(&executor, PATH, odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
