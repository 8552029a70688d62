//! Stacks, their deployments, and what may be asked of them.

use std::time::Duration;

use berth_domain::deployment::{Reason, Step};
use berth_domain::fail_point::Write;
use berth_domain::ids::{DeploymentId, StackId, StackName};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_store::accounts::Role;
use berth_store::deployments::{self, Commit, NewDeployment, Trigger};
use berth_store::environments::{self, NewEnvironment, PullRequest};
use berth_store::leases::{self, Fence, Guarded};
use berth_store::stacks;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Api, As, REPLICA, SHOP};

mod attention;
mod filters;

pub(crate) async fn lead(api: &Api) -> Fence {
    leases::acquire(&api.pool, REPLICA, Duration::from_secs(60)).await.unwrap().unwrap()
}

/// A stack with a deployment that has just been received.
pub(crate) async fn stack(
    api: &Api,
    fence: Fence,
    name: &str,
    pull_request: Option<i64>,
) -> (StackId, DeploymentId) {
    let mut db = Guarded::begin(&api.pool, fence, Write::Observe).await.unwrap();
    let environment = NewEnvironment {
        repository: SHOP,
        name: pull_request.map_or("production".to_owned(), |number| format!("pr-{number}")),
        preview: pull_request.map(|number| PullRequest {
            number,
            title: "Paint it blue".to_owned(),
            author: "ann".to_owned(),
        }),
        host: format!("{name}.localhost"),
        on_registry_failure: OnRegistryFailure::default(),
    };
    let environment = environments::ensure(&mut db, &environment).await.unwrap();
    let names = [StackName::parse(name).unwrap()];
    let stack = stacks::ensure(&mut db, environment.id, &names).await.unwrap().id;
    let new = NewDeployment {
        stack,
        trigger: Trigger::Push,
        delivery: None,
        rule: None,
        why: "branch `main` matches `main`".to_owned(),
        commit: Commit {
            sha: "a".repeat(40),
            message: "Paint the door\n\nIt was time.".to_owned(),
            author: "ann".to_owned(),
        },
        git_ref: "refs/heads/main".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: format!("{name}.localhost"),
        policy: Policy::Trusted,
        requested_by: None,
    };
    let deployment = deployments::create(&mut db, &new).await.unwrap().id;
    db.commit().await.unwrap();
    (stack, deployment)
}

fn seen() -> Value {
    json!({
        "health": "degraded",
        "synced": false,
        "services": [
            {
                "name": "api", "image": "berth/shop-api:1", "mode": "replicated", "running": 0,
                "wanted": 1, "health": "degraded", "code": "crash_loop",
                "reason": "its tasks failed 3 times", "ports": ["8080"], "urls": [],
            },
            {
                "name": "web", "image": "berth/shop-web:1", "mode": "replicated", "running": 2,
                "wanted": 2, "health": "healthy", "code": "", "reason": "", "ports": [],
                "urls": ["http://shop.localhost"],
            },
        ],
        "plan": ["~ service api berth/shop-api:1 x1"],
        "differences": [
            {
                "kind": "service", "name": "api", "field": "replicas", "desired": "1", "live": "5",
                "sentence": "service `api` runs 5 replicas; its release says 1",
            },
            {"kind": "of-the-future", "name": "x"},
        ],
        "state": {
            "synced": {
                "value": false, "reason": "service `api` runs 5 replicas; its release says 1",
                "since": "2026-11-27T02:00:00Z",
            },
            "healthy": {
                "value": "degraded", "reason": "service `api`: its tasks failed 3 times",
                "since": "2026-11-27T01:00:00Z",
            },
        },
        "routes": ["shop.localhost"],
        "message": "",
    })
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_shows_what_the_last_pass_saw(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (id, _) = stack(&api, fence, "shop", None).await;
    let viewer = api.browser(Role::Viewer).await;
    let fresh = api.get(&viewer, "/api/v1/stacks/shop").await.json();
    assert_eq!((&fresh["health"], &fresh["deploying"]), (&json!("progressing"), &json!(true)));
    assert_eq!((&fresh["commit"], &fresh["observed_at"]), (&Value::Null, &Value::Null));

    stacks::observe(&api.pool, fence, id, &seen(), &[]).await.unwrap();
    insta::assert_snapshot!(api.get(&viewer, "/api/v1/stacks/shop").await.shown(), @r#"
    200 {
      "name": "shop",
      "repository": "acme/shop",
      "repository_id": 100,
      "environment": "production",
      "kind": "permanent",
      "pull_request": null,
      "health": "degraded",
      "synced": false,
      "deploying": true,
      "paused": null,
      "wanted": "present",
      "urls": [
        "http://shop.localhost"
      ],
      "commit": null,
      "services_running": 1,
      "services_wanted": 2,
      "updated_at": "[time]",
      "attention": "api: its tasks failed 3 times",
      "policy": "trusted",
      "latest_deployment": {
        "number": 1,
        "phase": "received"
      },
      "settings": {
        "on_failure": "rollback",
        "protected": false,
        "freezes": [],
        "drift": "heal",
        "volumes": {
          "policy": "keep",
          "days": null
        }
      },
      "services": [
        {
          "name": "api",
          "image": "berth/shop-api:1",
          "mode": "replicated",
          "running": 0,
          "wanted": 1,
          "health": "degraded",
          "code": "crash_loop",
          "reason": "its tasks failed 3 times",
          "ports": [
            "8080"
          ],
          "urls": [],
          "volumes": [],
          "depends_on": [],
          "state": null
        },
        {
          "name": "web",
          "image": "berth/shop-web:1",
          "mode": "replicated",
          "running": 2,
          "wanted": 2,
          "health": "healthy",
          "code": "",
          "reason": "",
          "ports": [],
          "urls": [
            "http://shop.localhost"
          ],
          "volumes": [],
          "depends_on": [],
          "state": null
        }
      ],
      "plan": [
        "~ service api berth/shop-api:1 x1"
      ],
      "differences": [
        {
          "kind": "service",
          "name": "api",
          "field": "replicas",
          "desired": "1",
          "live": "5",
          "sentence": "service `api` runs 5 replicas; its release says 1"
        }
      ],
      "state": {
        "synced": {
          "value": false,
          "reason": "service `api` runs 5 replicas; its release says 1",
          "since": "[time]"
        },
        "healthy": {
          "value": "degraded",
          "reason": "service `api`: its tasks failed 3 times",
          "since": "[time]"
        }
      },
      "routes": [
        "shop.localhost"
      ],
      "message": "",
      "observed_at": "[time]"
    }
    "#);
    let none = api.get(&viewer, "/api/v1/stacks/none").await;
    insta::assert_snapshot!(none.shown(), @r#"
    404 {
      "type": "/problems/not-found",
      "title": "Not found",
      "status": 404,
      "detail": "There is no such stack.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn stacks_are_found_by_what_people_know_of_them(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    stack(&api, fence, "shop-pr-7", Some(7)).await;
    stack(&api, fence, "shop-pr-8", Some(8)).await;
    let viewer = api.browser(Role::Viewer).await;
    let found = async |query: &str| {
        let page = api.get(&viewer, &format!("/api/v1/stacks{query}")).await.json();
        let names = page["items"].as_array().unwrap().iter();
        names.map(|it| it["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(found("").await, "shop shop-pr-7 shop-pr-8");
    assert_eq!(found("?kind=preview").await, "shop-pr-7 shop-pr-8");
    assert_eq!(found("?kind=permanent").await, "shop");
    assert_eq!(found("?q=%237").await, "shop-pr-7");
    assert_eq!(found("?q=PAINT&kind=preview&limit=1").await, "shop-pr-7");
    assert_eq!(found("?q=acme/shop").await, "shop shop-pr-7 shop-pr-8");
    assert_eq!(found("?q=%25").await, "", "a percent sign is no pattern");
    assert_eq!(found("?repository_id=1").await, "");
    let page = api.get(&viewer, "/api/v1/stacks?limit=2").await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(found(&format!("?limit=2&cursor={cursor}")).await, "shop-pr-8");

    let preview = api.get(&viewer, "/api/v1/stacks/shop-pr-7").await.json();
    insta::assert_snapshot!(preview["pull_request"], @r#"{"number":7,"title":"Paint it blue","author":"ann","url":"http://127.0.0.1:1/acme/shop/pull/7"}"#);
}

/// The names in an answer, in its order.
fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_failed_deployment_says_where_and_why(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let minute = Duration::from_secs(60);
    deployments::begin_step(&api.pool, fence, id, Step::Fetch, minute).await.unwrap();
    deployments::advance(&api.pool, fence, id, Step::Fetch, "at aaaaaaa").await.unwrap();
    deployments::begin_step(&api.pool, fence, id, Step::Build, minute).await.unwrap();
    let reason = Reason {
        code: "build_failed".to_owned(),
        text: "`web` does not build".to_owned(),
        place: Some(berth_domain::deployment::Place {
            file: "web/Dockerfile".to_owned(),
            line: 3,
            column: 1,
        }),
    };
    deployments::fail(&api.pool, fence, id, &reason).await.unwrap();
    let viewer = api.browser(Role::Viewer).await;
    let answer = api.get(&viewer, "/api/v1/stacks/shop/deployments/1").await;
    let mut shown = answer.json();
    assert!(shown["duration_ms"].take().as_i64().unwrap() >= 0);
    let states: Vec<_> = shown["phases"]
        .take()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{}: {}", it["phase"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect();
    insta::assert_snapshot!(states.join("\n"), @"
    received: done
    fetched: done
    built: failed
    rendered: stopped
    applied: stopped
    converged: stopped
    routed: stopped
    succeeded: stopped
    ");
    insta::assert_snapshot!(shown["reason"], @r#"{"code":"build_failed","text":"`web` does not build","place":{"file":"web/Dockerfile","line":3,"column":1}}"#);
    assert_eq!(shown["commit"]["message"], "Paint the door");

    let stack = api.get(&viewer, "/api/v1/stacks/shop").await.json();
    assert_eq!(stack["attention"], "Deployment 1 failed: `web` does not build");
    assert_eq!(stack["latest_deployment"], json!({"number": 1, "phase": "failed"}));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_is_deployed_anew_and_a_deployment_stopped(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let path = "/api/v1/stacks/shop/deployments";

    let made = api.post(&operator, path, json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("location"), "/api/v1/stacks/shop/deployments/2");
    assert_eq!(made.json()["why"], "The operator asked for it");
    assert_eq!(made.json()["trigger"], "manual");
    let short = api.post(&operator, path, json!({"sha": "abc"})).await;
    insta::assert_snapshot!(short.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "A commit is named by all 40 digits of its SHA.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/sha",
          "detail": "A commit is named by all 40 digits of its SHA."
        }
      ]
    }
    "#);
    let other = api.post(&operator, path, json!({"sha": "b".repeat(40)})).await.json();
    assert_eq!(other["commit"]["sha"], "b".repeat(40));

    let list = api.get(&operator, &format!("{path}?limit=2")).await.json();
    let phases: Vec<_> = list["items"].as_array().unwrap().iter().map(|it| &it["phase"]).collect();
    assert_eq!(phases, ["received", "superseded"]);
    assert!(list["next_cursor"].is_string());

    let cancel = format!("/api/v1/deployments/{}/cancel", other["id"].as_str().unwrap());
    assert_eq!(api.post(&operator, &cancel, json!({})).await.status, StatusCode::ACCEPTED);
    let first = format!("/api/v1/deployments/{}/cancel", made.json()["id"].as_str().unwrap());
    let over = api.post(&operator, &first, json!({})).await;
    insta::assert_snapshot!(over.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "This deployment is over already.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_that_is_to_go_says_so_and_takes_no_more(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (id, _) = stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let answer = api.delete(&operator, "/api/v1/stacks/shop").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(answer.json()["wanted"], "absent");
    let again = api.post(&operator, "/api/v1/stacks/shop/deployments", json!({})).await;
    insta::assert_snapshot!(again.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "This stack is being removed, or was never deployed.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    stacks::mark_removed(&api.pool, fence, id).await.unwrap();
    assert_eq!(api.get(&operator, "/api/v1/stacks/shop").await.status, StatusCode::NOT_FOUND);
    let past = api.get(&operator, "/api/v1/stacks/shop/deployments/1").await;
    assert_eq!(past.json()["phase"], "cancelled", "its past can still be read");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_build_log_is_read_from_where_one_was(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    for line in ["one", "two", "three"] {
        sqlx::query("insert into build_log (deployment_id, service, line) values ($1, 'web', $2)")
            .bind(id.0)
            .bind(line)
            .execute(&api.pool)
            .await
            .unwrap();
    }
    let viewer = api.browser(Role::Viewer).await;
    let path = format!("/api/v1/deployments/{id}/log");
    let page = api.get(&viewer, &format!("{path}?limit=2")).await.json();
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(page["items"][1]["line"], "two");
    assert_eq!(page["items"][1]["id"].to_string(), cursor);
    let rest = api.get(&viewer, &format!("{path}?after={cursor}")).await;
    insta::assert_snapshot!(rest.shown(), @r#"
    200 {
      "items": [
        {
          "id": 3,
          "source": "build",
          "service": "web",
          "line": "three",
          "at": "[time]"
        }
      ],
      "next_cursor": null
    }
    "#);
    let nobody = As::Token("berth_x".to_owned());
    assert_eq!(api.get(&nobody, &path).await.status, StatusCode::UNAUTHORIZED);
    let none = "/api/v1/deployments/00000000-0000-0000-0000-000000000009/log";
    assert_eq!(api.get(&viewer, none).await.status, StatusCode::NOT_FOUND);
}
