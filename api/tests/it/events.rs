//! Events: what GitHub told, what was deployed, and whatever somebody does, with
//! who it was.

use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::deliveries::arrive_and_end;
use crate::stacks::{lead, stack};
use crate::support::{Answer, Api, As, request};

const EVENTS: &str = "/api/v1/events";

async fn events(api: &Api, who: &As, query: &str) -> Vec<String> {
    let answer = api.get(who, &format!("{EVENTS}{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.shown());
    answer.json()["items"].as_array().unwrap().iter().map(told).collect()
}

fn told(event: &Value) -> String {
    let it = &event["act"];
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    if it.is_null() {
        let it = &event["deployment"];
        return format!("{} #{} {}", text(it, "stack"), it["number"], text(it, "phase"));
    }
    let number = it["number"].as_i64().map(|number| format!(" #{number}")).unwrap_or_default();
    let all = [text(it, "actor"), text(it, "kind"), text(it, "subject")].join(" ");
    format!("{all}{number} {}", text(it, "detail")).trim().to_owned()
}

async fn put(api: &Api, who: &As, path: &str, body: Value) -> Answer {
    let mut put = request(Method::PUT, path, who, Some(body));
    put.headers_mut().insert("if-match", "*".parse().unwrap());
    api.send(put).await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_done_to_a_stack_is_written_down(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let shop = "/api/v1/stacks/shop";
    let settings = format!("{shop}/settings");
    let ask = async |path: &str, body: Value| {
        let answer = api.post(&admin, path, body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.shown());
        answer.json()
    };
    // Who asks for what is so already did nothing.
    for path in ["pause", "pause", "resume", "resume"] {
        ask(&format!("{shop}/{path}"), json!({})).await;
    }
    let said = |freezes: Value| {
        json!({
            "on_failure": "keep", "protected": true, "freezes": freezes, "drift": "heal",
            "volumes": {"policy": "keep", "days": null},
        })
    };
    for _ in 0..2 {
        let set = put(&api, &admin, &settings, said(json!([]))).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.shown());
    }
    for path in ["approve", "approve", "cancel"] {
        ask(&format!("/api/v1/deployments/{first}/{path}"), json!({})).await;
    }
    let second = ask(&format!("{shop}/deployments"), json!({})).await;
    let second = format!("/api/v1/deployments/{}", second["id"].as_str().unwrap());
    ask(&format!("{second}/reject"), json!({"reason": "not on a Friday"})).await;
    let third = ask(&format!("{shop}/deployments"), json!({})).await;
    let third = format!("/api/v1/deployments/{}", third["id"].as_str().unwrap());
    let fair = json!([{
        "from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z", "reason": "a fair",
    }]);
    put(&api, &admin, &settings, said(fair)).await;
    ask(&format!("{third}/override-freeze"), json!({"reason": "a hole to close"})).await;
    // What is refused was not done.
    let refused = api.post(&admin, &format!("{shop}/rollback"), json!({"number": 1})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(api.delete(&admin, shop).await.status, StatusCode::ACCEPTED);

    let viewer = api.browser(Role::Viewer).await;
    let told = events(&api, &viewer, "?kind=person").await;
    insta::assert_snapshot!(told.join("\n"), @"
    The admin stack_removed shop
    The admin freeze_overridden shop #3 a hole to close
    The admin settings_changed shop freezes: a fair
    The admin deployed shop #3
    The admin rejected shop #2 not on a Friday
    The admin deployed shop #2
    The admin cancelled shop #1
    The admin approved shop #1
    The admin settings_changed shop deployments wait for approval; on failure: keep
    The admin resumed shop
    The admin paused shop
    ");
    let of_shop = events(&api, &viewer, "?stack=shop").await;
    assert_eq!(of_shop.len(), told.len() + 3, "with its deployments: {of_shop:?}");
    assert_eq!(of_shop.last().unwrap(), "shop #1 superseded");
    assert_eq!(events(&api, &viewer, "?stack=none").await, Vec::<String>::new());
    assert_eq!(events(&api, &viewer, "?actor=the+ADMIN&q=friday").await, told[4..5]);
    let led = events(&api, &viewer, "?kind=berth").await;
    assert_eq!(led.len(), 1);
    assert!(led[0].starts_with("Berth led ") && led[0].ends_with("epoch 1"), "{led:?}");

    let page = api.get(&viewer, &format!("{EVENTS}?kind=person&limit=5")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = events(&api, &viewer, &format!("?kind=person&limit=5&cursor={cursor}")).await;
    assert_eq!(rest, told[5..10]);
    for bad in ["kind=cat", "cursor=x", "limit=0", &format!("q={}", "a".repeat(201))] {
        let answer = api.get(&viewer, &format!("{EVENTS}?{bad}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn deliveries_stand_among_the_events_with_what_came_of_them(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    arrive_and_end(&api, fence, "guid-1", ("push", &json!({"ref": "x"}))).await;
    let operator = api.browser(Role::Operator).await;
    let page = api.get(&operator, &format!("{EVENTS}?kind=delivery")).await.json();
    let event = &page["items"][0];
    assert_eq!(event["kind"], "delivery");
    assert_eq!(event["delivery"]["id"], "guid-1");
    assert_eq!(event["delivery"]["outcome"], "ignored");
    assert_eq!((&event["act"], &event["deployment"]), (&json!(null), &json!(null)));

    let path = "/api/v1/deliveries/guid-1/replay";
    assert_eq!(api.post(&operator, path, json!({})).await.status, StatusCode::ACCEPTED);
    let told = events(&api, &operator, "?kind=person").await;
    assert_eq!(told, ["The operator replayed guid-1"]);
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

    let login = json!({"username": "ci", "password": "planted-password"});
    let host = "/api/v1/registries/ghcr.io";
    assert_eq!(put(&api, &admin, host, login).await.status, StatusCode::OK);
    assert_eq!(api.delete(&admin, host).await.status, StatusCode::NO_CONTENT);

    let all = api.get(&admin, EVENTS).await;
    assert!(!String::from_utf8_lossy(&all.body).contains("planted"), "no secret is in it");
    assert!(!String::from_utf8_lossy(&all.body).contains(token), "no secret is in it");
    let told = events(&api, &admin, "?kind=person").await;
    insta::assert_snapshot!(told.join("\n"), @"
    The admin registry_removed ghcr.io
    The admin registry_set ghcr.io
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
