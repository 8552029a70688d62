//! Acts: whatever somebody does is written down, with who it was.

use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::{Answer, Api, As, request};

const ACTS: &str = "/api/v1/acts";

async fn acts(api: &Api, who: &As, query: &str) -> Vec<String> {
    let answer = api.get(who, &format!("{ACTS}{query}")).await.json();
    answer["items"].as_array().unwrap().iter().map(told).collect()
}

fn told(act: &Value) -> String {
    let text = |name: &str| act[name].as_str().unwrap_or_default();
    let number = act["number"].as_i64().map(|number| format!(" #{number}")).unwrap_or_default();
    let all = [text("actor"), text("kind"), text("subject")].join(" ");
    format!("{all}{number} {}", text("detail")).trim().to_owned()
}

async fn put(api: &Api, who: &As, path: &str, body: Value) -> Answer {
    api.send(request(Method::PUT, path, who, Some(body))).await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_done_to_a_stack_is_written_down(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let shop = "/api/v1/stacks/shop";
    for (path, body) in [
        (format!("{shop}/pause"), json!({})),
        (format!("{shop}/resume"), json!({})),
        (format!("/api/v1/deployments/{first}/approve"), json!({})),
        (format!("/api/v1/deployments/{first}/cancel"), json!({})),
        (format!("{shop}/deployments"), json!({})),
    ] {
        let answer = api.post(&admin, &path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.shown());
    }
    let settings = json!({"on_failure": "keep", "protected": false, "freeze": null});
    let set = put(&api, &admin, &format!("{shop}/settings"), settings).await;
    assert_eq!(set.status, StatusCode::OK);
    // What is refused was not done.
    let refused = api.post(&admin, &format!("{shop}/rollback"), json!({"number": 1})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(api.delete(&admin, shop).await.status, StatusCode::ACCEPTED);

    let viewer = api.browser(Role::Viewer).await;
    let told = acts(&api, &viewer, "?by=person").await;
    insta::assert_snapshot!(told.join("\n"), @"
    The admin stack_removed shop
    The admin settings_changed shop
    The admin deployed shop #2
    The admin cancelled shop #1
    The admin approved shop #1
    The admin resumed shop
    The admin paused shop
    ");
    assert_eq!(acts(&api, &viewer, "?stack=shop").await, told);
    assert_eq!(acts(&api, &viewer, "?stack=none").await, Vec::<String>::new());
    let led = acts(&api, &viewer, "?by=berth").await;
    assert_eq!(led.len(), 1);
    assert!(led[0].starts_with("Berth led ") && led[0].ends_with("epoch 1"), "{led:?}");

    let page = api.get(&viewer, &format!("{ACTS}?limit=5")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = acts(&api, &viewer, &format!("?limit=5&cursor={cursor}")).await;
    assert_eq!(rest[..2], told[5..]);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_done_to_rules_tokens_and_members_is_written_down(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let rule = json!({
        "repository_id": 100, "name": "production", "event": "push", "refs": ["main"],
        "paths": [], "environment": "production", "compose_file": "compose.yaml",
        "host": "shop.localhost", "on_registry_failure": "fail", "enabled": true,
    });
    let made = api.post(&admin, "/api/v1/rules", rule.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.shown());
    let path = format!("/api/v1/rules/{}", made.json()["id"].as_str().unwrap());
    for method in [Method::PUT, Method::DELETE] {
        let mut change = request(method, &path, &admin, Some(rule.clone()));
        change.headers_mut().insert("if-match", "*".parse().unwrap());
        let answer = api.send(change).await;
        assert!(answer.status.is_success(), "{}", answer.shown());
    }
    let token = api.post(&admin, "/api/v1/tokens", json!({"name": "ci"})).await.json();
    let path = format!("/api/v1/tokens/{}", token["id"].as_str().unwrap());
    assert_eq!(api.delete(&admin, &path).await.status, StatusCode::NO_CONTENT);

    let invite = json!({"email": "bob@example.com", "role": "viewer"});
    let made = api.post(&admin, "/api/v1/invitations", invite).await.json();
    let link = made["link"].as_str().unwrap();
    let token = link.split_once("token=").unwrap().1;
    let join = json!({"token": token, "name": "Bob", "password": "correct horse battery"});
    let joined = api.post(&As::Nobody, "/api/v1/invitations/accept", join).await.json();
    let member = format!("/api/v1/members/{}", joined["user"]["id"].as_str().unwrap());
    put(&api, &admin, &member, json!({"role": "operator"})).await;
    api.delete(&admin, &member).await;

    let all = api.get(&admin, ACTS).await;
    assert!(!String::from_utf8_lossy(&all.body).contains(token), "no secret is in it");
    let told = acts(&api, &admin, "").await;
    insta::assert_snapshot!(told.join("\n"), @"
    The admin member_removed Bob bob@example.com
    The admin role_changed Bob from viewer to operator
    Bob member_joined bob@example.com as viewer
    The admin member_invited bob@example.com as viewer
    The admin token_revoked ci
    The admin token_made ci
    The admin rule_removed production acme/shop
    The admin rule_changed production acme/shop
    The admin rule_made production acme/shop
    ");
}
