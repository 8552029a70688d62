//! Asking what a deployment would do.

use berth_store::accounts::Role;
use berth_store::dry_runs;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::Api;

const PATH: &str = "/api/v1/stacks/shop/dry-run";

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_dry_run_is_asked_for_and_the_leader_answers_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let viewer = api.browser(Role::Viewer).await;
    let none = api.get(&viewer, PATH).await;
    assert_eq!(
        (none.status, none.json()),
        (StatusCode::OK, json!({"asked": null, "answer": null}))
    );
    let denied = api.post(&viewer, PATH, json!({})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);

    let asked = api.post(&operator, PATH, json!({})).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED);
    assert_eq!(asked.json()["asked"]["by"], "The operator");
    assert_eq!(asked.json()["answer"], Value::Null);
    // Asked again, it is the same question.
    let again = api.post(&operator, PATH, json!({})).await;
    assert_eq!(again.json(), asked.json());

    let open = dry_runs::open(&api.pool).await.unwrap().remove(0);
    let answer = json!({
        "number": 2,
        "commit": {"sha": "a".repeat(40), "message": "Sell more\n\nMuch more.", "author": "ada"},
        "git_ref": "refs/heads/main",
        "compose_file": "compose.yaml",
        "failure": {"phase": "rendered", "reason": {
            "code": "compose_invalid", "text": "compose.yaml:3:5: no such key",
            "place": {"file": "compose.yaml", "line": 3, "column": 5},
        }},
        "holds": ["Ada paused the stack"],
        "notes": ["the image of `web` has yet to be built"],
        "plan": ["~ service web shop:2 x2"],
        "differences": [
            {"kind": "service", "name": "web", "field": "replicas", "desired": "3", "live": "2",
             "sentence": "scale service `web` from 2 to 3 replicas"},
            {"kind": "of another version", "name": "x", "field": "", "sentence": ""},
        ],
        "texts": [{"kind": "service", "name": "web", "desired": "image: a\n", "live": null}],
        "news": true,
    });
    dry_runs::answer(&api.pool, fence, open.id, &answer).await.unwrap();
    let answered = api.get(&viewer, PATH).await.json()["answer"].clone();
    assert_eq!(answered["number"], 2);
    assert_eq!(answered["commit"]["message"], "Sell more");
    assert_eq!(answered["failure"], answer["failure"]);
    assert_eq!(answered["differences"].as_array().unwrap().len(), 1, "{answered}");
    for same in ["holds", "notes", "plan", "texts", "git_ref", "compose_file"] {
        assert_eq!(answered[same], answer[same], "{same}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_dry_run_is_no_deployment_and_no_event(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let all = async || {
        let many =
            async |path| api.get(&operator, path).await.json()["items"].as_array().unwrap().len();
        let deployments = many("/api/v1/stacks/shop/deployments").await;
        let events = many("/api/v1/events").await;
        let due = "select count(*) from outbox";
        let due: i64 = sqlx::query_scalar(due).fetch_one(&api.pool).await.unwrap();
        (deployments, events, due)
    };
    let before = all().await;
    assert_eq!(api.post(&operator, PATH, json!({})).await.status, StatusCode::ACCEPTED);
    assert_eq!(all().await, before);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn of_what_goes_or_is_not_there_nobody_gets_a_dry_run(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let elsewhere = "/api/v1/stacks/none/dry-run";
    assert_eq!(api.get(&operator, elsewhere).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.post(&operator, elsewhere, json!({})).await.status, StatusCode::NOT_FOUND);
    api.delete(&operator, "/api/v1/stacks/shop").await;
    let late = api.post(&operator, PATH, json!({})).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert_eq!(late.json()["detail"], "This stack is being removed.");
}
