//! Going back, trying again, pausing: what people ask of deployments.

use berth_domain::deployment::{Reason, Step};
use berth_domain::ids::DeploymentId;
use berth_domain::stack::{ServiceSpec, StackSpec};
use berth_store::accounts::Role;
use berth_store::deployments;
use berth_store::leases::Fence;
use berth_store::releases::{self, NewRelease};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::{Answer, Api, As, request};

/// Has a deployment succeed, with a release.
pub(crate) async fn succeed(api: &Api, fence: Fence, id: DeploymentId) {
    succeed_with(api, fence, id, &StackSpec::default()).await;
}

async fn succeed_with(api: &Api, fence: Fence, id: DeploymentId, spec: &StackSpec) {
    let new = NewRelease { deployment: id, spec, images: &[] };
    releases::insert(&api.pool, fence, &api.seal, new).await.unwrap();
    for step in Step::ALL {
        deployments::advance(&api.pool, fence, id, step, "").await.unwrap();
    }
}

pub(crate) async fn fail(api: &Api, fence: Fence, id: DeploymentId) {
    let reason = Reason { code: "build_failed".into(), text: "no".into(), place: None };
    deployments::fail(&api.pool, fence, id, &reason).await.unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_goes_back_to_a_release_in_one_call(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let path = "/api/v1/stacks/shop/rollback";
    let refused = api.post(&operator, path, json!({"number": 1})).await;
    insta::assert_snapshot!(refused.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "That deployment never succeeded, or its release is no longer kept.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    succeed(&api, fence, first).await;

    let made = api.post(&operator, path, json!({"number": 1})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("location"), "/api/v1/stacks/shop/deployments/2");
    let made = made.json();
    assert_eq!(made["why"], "rollback to #1 by The operator");
    assert_eq!((&made["trigger"], &made["phase"]), (&json!("rollback"), &json!("rendered")));
    let built = &made["phases"][2];
    assert_eq!(built["message"], "not needed: the release of #1 is kept");
    assert_eq!(built["state"], "done");

    let missing = api.post(&operator, path, json!({"number": 9})).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let elsewhere = api.post(&operator, "/api/v1/stacks/none/rollback", json!({"number": 1})).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let nothing = api.post(&operator, path, json!({})).await;
    assert!(nothing.status.is_client_error(), "{}", nothing.shown());
    let viewer = api.browser(Role::Viewer).await;
    let denied = api.post(&viewer, path, json!({"number": 1})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_runs_is_restarted_in_one_call(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let path = "/api/v1/stacks/shop/restart";
    let refused = api.post(&operator, path, json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let detail = "Nothing of this stack has succeeded yet, so there is nothing to restart.";
    assert_eq!(refused.json()["detail"], detail);
    let mut spec = StackSpec::default();
    for name in ["web", "worker"] {
        spec.services.insert(name.to_owned(), ServiceSpec::default().into());
    }
    succeed_with(&api, fence, first, &spec).await;

    let made = api.post(&operator, path, json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("location"), "/api/v1/stacks/shop/deployments/2");
    let made = made.json();
    assert_eq!(made["why"], "restart of all services by The operator");
    assert_eq!((&made["trigger"], &made["phase"]), (&json!("restart"), &json!("rendered")));
    assert_eq!(made["phases"][2]["message"], "not needed: the release of #1 is kept");

    let busy = api.post(&operator, path, json!({"services": ["web"]})).await;
    assert_eq!(busy.status, StatusCode::CONFLICT);
    let detail = "A deployment is under way. Wait for its end, or cancel it.";
    assert_eq!(busy.json()["detail"], detail);
    let all = DeploymentId(made["id"].as_str().unwrap().parse().unwrap());
    deployments::cancel(&api.pool, fence, all, "somebody stopped it").await.unwrap();

    let unknown = api.post(&operator, path, json!({"services": ["web", "nothing"]})).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let detail = "shop has no such service to restart. It has: web, worker.";
    assert_eq!(unknown.json()["errors"], json!([{"pointer": "/services/1", "detail": detail}]));
    let one = api.post(&operator, path, json!({"services": ["web"]})).await;
    assert_eq!(one.json()["why"], "restart of web by The operator");
    let told = api.get(&operator, "/api/v1/events?kind=person&stack=shop").await.json();
    let act = &told["items"][0]["act"];
    assert_eq!((&act["kind"], &act["detail"]), (&json!("restarted"), &json!("web")), "{told}");

    let elsewhere = api.post(&operator, "/api/v1/stacks/none/restart", json!({})).await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(api.post(&viewer, path, json!({})).await.status, StatusCode::FORBIDDEN);
    let admin = api.browser(Role::Admin).await;
    let removed = api.delete(&admin, "/api/v1/stacks/shop").await;
    assert_eq!(removed.status, StatusCode::ACCEPTED);
    let leaving = api.post(&operator, path, json!({})).await;
    assert_eq!(leaving.json()["detail"], "This stack is being removed.");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployments_page_tells_its_plan_what_is_usual_and_what_changed(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    succeed(&api, fence, first).await;
    let operator = api.browser(Role::Operator).await;
    let path = "/api/v1/stacks/shop/deployments";
    let shas = ["b", "c", "d"].map(|digit| digit.repeat(40));
    let mut last = first;
    for sha in &shas {
        let made = api.post(&operator, path, json!({"sha": sha})).await.json();
        last = DeploymentId(made["id"].as_str().unwrap().parse().unwrap());
        if *sha != shas[2] {
            succeed(&api, fence, last).await;
        }
    }
    let told = async |number: i64| api.get(&operator, &format!("{path}/{number}")).await.json();
    let unplanned = told(4).await;
    assert_eq!(unplanned["plan"], Value::Null);
    assert_eq!(unplanned["usual"]["of"], 3);
    let phases = unplanned["usual"]["phases"].as_array().unwrap();
    let phases: Vec<_> = phases.iter().map(|it| it["phase"].as_str().unwrap()).collect();
    assert_eq!(phases.first().zip(phases.last()), Some((&"received", &"succeeded")));
    assert_eq!(phases.len(), 8);
    assert_eq!(unplanned["commit"]["sha"], json!(shas[2]), "the list's fields are there too");
    let url = unplanned["commit_url"].as_str().unwrap();
    assert!(url.ends_with(&format!("/acme/shop/commit/{}", shas[2])), "{url}");
    let compare = unplanned["compare"]["url"].as_str().unwrap();
    assert!(compare.ends_with(&format!("/compare/{}...{}", shas[1], shas[2])), "{compare}");
    assert_eq!(unplanned["compare"]["number"], 3);
    assert_eq!(told(3).await["usual"], Value::Null, "two say nothing");
    assert_eq!(unplanned["acts"][0]["kind"], "deployed");
    assert_eq!(unplanned["acts"][0]["actor"], "The operator");
    assert_eq!(unplanned["acts"][1], Value::Null, "the others were done to other deployments");
    assert_eq!(unplanned["rule_id"], Value::Null, "no rule matched");

    let [now, after] = ["+ service web nginx x2", "- service old"].map(|it| [it.to_owned()]);
    deployments::keep_plan(&api.pool, fence, last, &now, &after).await.unwrap();
    deployments::keep_plan(&api.pool, fence, last, &[], &after).await.unwrap();
    assert_eq!(
        told(4).await["plan"],
        json!([
            {"text": "+ service web nginx x2", "state": "done"},
            {"text": "- service old", "state": "after"},
        ])
    );
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_failed_is_tried_again_while_nothing_came_after_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, first) = stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let path = format!("/api/v1/deployments/{first}/retry");
    let open = api.post(&operator, &path, json!({})).await;
    assert_eq!(open.json()["detail"], "Only what failed or was stopped can be tried again.");

    fail(&api, fence, first).await;
    let made = api.post(&operator, &path, json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert_eq!(made.header("location"), "/api/v1/stacks/shop/deployments/2");
    assert_eq!(made.json()["why"], "retry of #1 by The operator");
    let late = api.post(&operator, &path, json!({})).await;
    insta::assert_snapshot!(late.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "A newer deployment took its place. Deploy the commit instead.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(api.post(&viewer, &path, json!({})).await.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_says_who_paused_it_until_it_is_resumed(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let operator = api.browser(Role::Operator).await;
    let pause = "/api/v1/stacks/shop/pause";
    let paused = api.post(&operator, pause, json!({})).await;
    assert_eq!(paused.status, StatusCode::ACCEPTED);
    let since = paused.json()["paused"].clone();
    assert_eq!(since["by"], "The operator");
    // The second who asks changes nothing.
    let admin = api.browser(Role::Admin).await;
    assert_eq!(api.post(&admin, pause, json!({})).await.json()["paused"], since);

    berth_store::stacks::wait(&api.pool, fence, id, "The operator paused the stack", None)
        .await
        .unwrap();
    let read = "/api/v1/stacks/shop/deployments/1";
    let waiting = api.get(&operator, read).await.json()["waiting"].clone();
    assert_eq!(waiting, "The operator paused the stack");

    let resumed = api.post(&operator, "/api/v1/stacks/shop/resume", json!({})).await;
    assert_eq!(resumed.status, StatusCode::ACCEPTED);
    assert_eq!(resumed.json()["paused"], json!(null));
    assert_eq!(api.get(&operator, read).await.json()["waiting"], json!(null));

    let viewer = api.browser(Role::Viewer).await;
    for path in [pause, "/api/v1/stacks/shop/resume"] {
        assert_eq!(api.post(&viewer, path, json!({})).await.status, StatusCode::FORBIDDEN);
    }
    api.delete(&operator, "/api/v1/stacks/shop").await;
    let late = api.post(&operator, pause, json!({})).await;
    assert_eq!(late.json()["detail"], "This stack is being removed.");
}

const SETTINGS: &str = "/api/v1/stacks/shop/settings";

/// Says what an environment is like, having read `version` of it.
async fn put(api: &Api, who: &As, version: Option<&str>, body: Value) -> Answer {
    let mut put = request(Method::PUT, SETTINGS, who, Some(body));
    if let Some(version) = version {
        put.headers_mut().insert("if-match", version.parse().unwrap());
    }
    api.send(put).await
}

fn said(protected: bool, freezes: &Value) -> Value {
    let volumes = json!({"policy": "keep", "days": null});
    json!({
        "on_failure": "rollback", "protected": protected, "freezes": freezes, "drift": "heal",
        "volumes": volumes,
    })
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_admin_says_what_an_environment_is_like_and_nobodys_change_is_lost(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let read = api.get(&admin, SETTINGS).await;
    assert_eq!((read.json(), read.header("etag")), (said(false, &json!([])), "\"1\""));
    let keep = json!({
        "on_failure": "keep", "protected": true, "freezes": [], "drift": "show",
        "volumes": {"policy": "after_days", "days": 7},
    });
    let unread = put(&api, &admin, None, keep.clone()).await;
    assert_eq!(unread.status, StatusCode::PRECONDITION_REQUIRED);
    let set = put(&api, &admin, Some("\"1\""), keep.clone()).await;
    assert_eq!(
        (set.status, set.json(), set.header("etag")),
        (StatusCode::OK, keep.clone(), "\"2\"")
    );
    let shown = api.get(&admin, "/api/v1/stacks/shop").await.json();
    assert_eq!(shown["settings"], keep);

    let late = put(&api, &admin, Some("\"1\""), said(false, &json!([]))).await;
    insta::assert_snapshot!(late.shown(), @r#"
    412 {
      "type": "/problems/precondition-failed",
      "title": "Somebody was faster",
      "status": 412,
      "detail": "The environment changed after you read it. Read it again, and change that.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    assert_eq!(api.get(&admin, SETTINGS).await.json(), keep);
    let forced = put(&api, &admin, Some("*"), said(false, &json!([]))).await;
    assert_eq!(forced.header("etag"), "\"3\"");
    let operator = api.browser(Role::Operator).await;
    let denied = put(&api, &operator, Some("*"), keep).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let none = api.get(&admin, "/api/v1/stacks/none/settings").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn settings_that_cannot_be_meant_or_leave_something_out_are_refused_by_field(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    for left_out in ["on_failure", "protected", "freezes", "drift", "volumes"] {
        let mut body = said(true, &json!([]));
        body.as_object_mut().unwrap().remove(left_out);
        let left_out = format!("/{left_out}");
        let refused = put(&api, &admin, Some("*"), body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["errors"][0]["pointer"], left_out);
    }
    for volumes in [
        json!({"policy": "after_days", "days": null}),
        json!({"policy": "after_days", "days": 0}),
        json!({"policy": "after_days", "days": 4000}),
        json!({"policy": "keep", "days": 7}),
    ] {
        let mut body = said(true, &json!([]));
        body["volumes"] = volumes;
        let refused = put(&api, &admin, Some("*"), body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/volumes/days");
    }
    let freezes = json!([
        {"from": "2026-12-24T00:00:00Z", "until": "2026-12-27T00:00:00Z", "reason": "holidays"},
        {"from": "2026-12-24T00:00:00Z", "until": "2026-12-23T00:00:00Z", "reason": " "},
        {"from": "2026-12-24T00:00:00Z", "until": "2026-12-25T00:00:00Z", "reason": "x".repeat(201)},
    ]);
    let refused = put(&api, &admin, Some("*"), said(true, &freezes)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    insta::assert_snapshot!(serde_json::to_string_pretty(&refused.json()["errors"]).unwrap(), @r#"
    [
      {
        "pointer": "/freezes/1/until",
        "detail": "It must end after it begins."
      },
      {
        "pointer": "/freezes/1/reason",
        "detail": "Say why, for whoever wonders."
      },
      {
        "pointer": "/freezes/2/reason",
        "detail": "It may have 200 characters at most."
      }
    ]
    "#);
    let mut pray = said(true, &json!([]));
    pray["on_failure"] = json!("pray");
    let refused = put(&api, &admin, Some("*"), pray).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/on_failure");
    assert_eq!(api.get(&admin, SETTINGS).await.header("etag"), "\"1\"", "nothing was changed");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_of_a_protected_environment_says_who_approved_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let operator = api.browser(Role::Operator).await;
    let path = format!("/api/v1/deployments/{id}/approve");
    let needless = api.post(&operator, &path, json!({})).await;
    insta::assert_snapshot!(needless.shown(), @r#"
    409 {
      "type": "/problems/conflict",
      "title": "Conflict",
      "status": 409,
      "detail": "This deployment needs no approval: its environment is not protected.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    put(&api, &admin, Some("*"), said(true, &json!([]))).await;

    let read = "/api/v1/stacks/shop/deployments/1";
    assert_eq!(api.get(&operator, read).await.json()["needs_approval"], true);
    let approved = api.post(&operator, &path, json!({})).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED);
    assert_eq!(approved.json()["approved"]["by"], "The operator");
    assert_eq!(approved.json()["needs_approval"], false);
    let reject = format!("/api/v1/deployments/{id}/reject");
    let late = api.post(&operator, &reject, json!({"reason": "no"})).await;
    assert_eq!(late.json()["detail"], "This deployment is approved already. Cancel it instead.");
    fail(&api, fence, id).await;
    let late = api.post(&operator, &path, json!({})).await;
    assert_eq!(late.json()["detail"], "This deployment is over already.");
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(api.post(&viewer, &path, json!({})).await.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_that_was_turned_down_says_by_whom_and_why(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    put(&api, &admin, Some("*"), said(true, &json!([]))).await;
    let operator = api.browser(Role::Operator).await;
    let path = format!("/api/v1/deployments/{id}/reject");
    let silent = api.post(&operator, &path, json!({"reason": "  "})).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(silent.json()["errors"][0]["pointer"], "/reason");
    let rejected = api.post(&operator, &path, json!({"reason": " not on a Friday "})).await;
    assert_eq!(rejected.status, StatusCode::ACCEPTED);
    let rejected = rejected.json();
    assert_eq!(rejected["rejected"]["by"], "The operator");
    assert_eq!(rejected["rejected"]["reason"], "not on a Friday");
    assert_eq!(rejected["needs_approval"], false);
    let approve = format!("/api/v1/deployments/{id}/approve");
    let late = api.post(&operator, &approve, json!({})).await;
    assert_eq!(late.json()["detail"], "This deployment was rejected, and is being stopped.");
    let viewer = api.browser(Role::Viewer).await;
    let denied = api.post(&viewer, &path, json!({"reason": "no"})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_admin_lets_one_deployment_through_a_freeze(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let path = format!("/api/v1/deployments/{id}/override-freeze");
    let because = json!({"reason": "a hole to close"});
    let needless = api.post(&admin, &path, because.clone()).await;
    assert_eq!(
        needless.json()["detail"],
        "Nothing is to be overridden: the environment is not frozen now."
    );
    let fair = json!({
        "from": "2020-01-01T00:00:00Z", "until": "2999-01-01T00:00:00Z", "reason": "a long fair",
    });
    put(&api, &admin, Some("*"), said(false, &json!([fair]))).await;
    let read = "/api/v1/stacks/shop/deployments/1";
    assert_eq!(api.get(&admin, read).await.json()["frozen"], fair);
    let operator = api.browser(Role::Operator).await;
    let denied = api.post(&operator, &path, because.clone()).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let through = api.post(&admin, &path, because).await;
    assert_eq!(through.status, StatusCode::ACCEPTED);
    let through = through.json();
    assert_eq!(through["frozen"], json!(null));
    assert_eq!(through["freeze_override"]["by"], "The admin");
    assert_eq!(through["freeze_override"]["reason"], "a hole to close");
}
