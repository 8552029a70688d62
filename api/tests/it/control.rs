//! Going back, trying again, pausing: what people ask of deployments.

use berth_domain::deployment::{Reason, Step};
use berth_domain::ids::DeploymentId;
use berth_domain::stack::StackSpec;
use berth_store::accounts::Role;
use berth_store::deployments;
use berth_store::leases::Fence;
use berth_store::releases::{self, NewRelease};
use http::{Method, StatusCode};
use serde_json::json;
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::{Api, request};

/// Has a deployment succeed, with a release.
async fn succeed(api: &Api, fence: Fence, id: DeploymentId) {
    let spec = StackSpec::default();
    let new = NewRelease { deployment: id, spec: &spec, images: &[] };
    releases::insert(&api.pool, fence, &api.seal, new).await.unwrap();
    for step in Step::ALL {
        deployments::advance(&api.pool, fence, id, step, "").await.unwrap();
    }
}

async fn fail(api: &Api, fence: Fence, id: DeploymentId) {
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

    berth_store::stacks::wait(&api.pool, fence, id, "The operator paused the stack").await.unwrap();
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

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_admin_says_what_becomes_of_a_stack_whose_deployment_failed(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let before = api.get(&admin, "/api/v1/stacks/shop").await.json();
    assert_eq!(before["settings"]["on_failure"], "rollback");
    let path = "/api/v1/stacks/shop/settings";
    let put = async |who, path, body| api.send(request(Method::PUT, path, who, Some(body))).await;
    let set = put(&admin, path, json!({"on_failure": "keep"})).await;
    assert_eq!(
        (set.status, &set.json()["settings"]["on_failure"]),
        (StatusCode::OK, &json!("keep"))
    );

    let wrong = put(&admin, path, json!({"on_failure": "pray"})).await;
    assert!(wrong.status.is_client_error(), "{}", wrong.shown());
    let none = put(&admin, "/api/v1/stacks/none/settings", json!({"on_failure": "keep"})).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let operator = api.browser(Role::Operator).await;
    let denied = put(&operator, path, json!({"on_failure": "keep"})).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_of_a_protected_environment_says_who_approved_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    let (_, id) = stack(&api, fence, "shop", None).await;
    let admin = api.browser(Role::Admin).await;
    let put = async |body| {
        api.send(request(Method::PUT, "/api/v1/stacks/shop/settings", &admin, Some(body))).await
    };
    let backwards = json!({
        "on_failure": "rollback",
        "freeze": {"from": "2026-12-24T00:00:00Z", "until": "2026-12-23T00:00:00Z"},
    });
    assert_eq!(put(backwards).await.json()["errors"][0]["pointer"], "/freeze/until");
    let freeze = json!({"from": "2026-12-24T00:00:00Z", "until": "2026-12-27T00:00:00Z"});
    let all = json!({
        "on_failure": "rollback", "protected": true, "freeze": freeze, "drift": "show",
    });
    assert_eq!(put(all.clone()).await.json()["settings"], all);

    let operator = api.browser(Role::Operator).await;
    let read = "/api/v1/stacks/shop/deployments/1";
    assert_eq!(api.get(&operator, read).await.json()["needs_approval"], true);
    let path = format!("/api/v1/deployments/{id}/approve");
    let approved = api.post(&operator, &path, json!({})).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED);
    assert_eq!(approved.json()["approved"]["by"], "The operator");
    assert_eq!(approved.json()["needs_approval"], false);
    fail(&api, fence, id).await;
    let late = api.post(&operator, &path, json!({})).await;
    assert_eq!(late.json()["detail"], "This deployment is over already.");
    let viewer = api.browser(Role::Viewer).await;
    assert_eq!(api.post(&viewer, &path, json!({})).await.status, StatusCode::FORBIDDEN);
}
