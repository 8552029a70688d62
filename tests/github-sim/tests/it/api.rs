//! The API: who may what, and what does not fit GitHub's description.

use berth_github_sim::{Commit, NewPullRequest, Side};
use bytes::Bytes;
use http::Method;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::kit::{Kit, call, now, send};

#[tokio::test]
async fn a_jwt_is_judged_by_its_signature_and_its_times() {
    let kit = Kit::start().await;
    let now = now().timestamp();
    let app = kit.app.app_id;
    let good = kit.call(Method::GET, "/app", &kit.jwt(), Value::Null).await;
    assert_eq!((good.status, &good.body["slug"]), (200, &json!("berth")));
    assert!(good.headers.contains_key("x-ratelimit-remaining"));
    for (why, claims) in [
        ("expired", json!({ "iat": now - 900, "exp": now - 300, "iss": app })),
        ("too long", json!({ "iat": now, "exp": now + 3600, "iss": app })),
        ("not begun", json!({ "iat": now + 300, "exp": now + 600, "iss": app })),
    ] {
        let answer = kit.call(Method::GET, "/app", &kit.jwt_of(&claims), Value::Null).await;
        assert_eq!(answer.status, 401, "{why}: {}", answer.text);
    }
    let other = kit.sim.submit_manifest(
        "acme",
        json!({ "name": "Other", "url": "http://other.test" }),
        "s",
    );
    let stolen = json!({ "iat": now, "exp": now + 540, "iss": other.unwrap().app_id });
    let answer = kit.call(Method::GET, "/app", &kit.jwt_of(&stolen), Value::Null).await;
    assert_eq!(answer.status, 401, "a key of another App's");
    assert_eq!(
        call(Method::GET, &format!("{}/app", kit.sim.base_url()), None, Value::Null).await.status,
        401
    );
}

#[tokio::test]
async fn a_token_reaches_its_repositories_with_its_permissions() {
    let kit = Kit::start().await;
    let shop = kit.sim.repository("acme/shop").unwrap().id;
    let token =
        kit.token(json!({ "repository_ids": [shop], "permissions": { "contents": "read" } })).await;
    assert!(token.starts_with(&format!("ghs_{}_ey", kit.app.app_id)), "{token}");
    assert!(token.len() > 450, "{} characters", token.len());
    let get = async |path: &str| kit.call(Method::GET, path, &token, Value::Null).await.status;
    assert_eq!(get("/repos/acme/shop").await, 200);
    assert_eq!(get("/repos/acme/shop/branches/main").await, 200);
    assert_eq!(get("/repos/acme/shop/commits/main").await, 200);
    assert_eq!(get("/repos/acme/secret").await, 404, "not in the token");
    assert_eq!(get("/repos/acme/shop/pulls").await, 403, "not permitted");
    assert_eq!(get("/app").await, 401, "no JWT");
    let asked = json!({ "permissions": { "contents": "write" } });
    let path = format!("/app/installations/{}/access_tokens", kit.installation);
    let refused = kit.call(Method::POST, &path, &kit.jwt(), asked).await;
    assert_eq!(refused.status, 422, "more than was granted");

    kit.sim.suspend(kit.installation, true).unwrap();
    assert_eq!(get("/repos/acme/shop").await, 403, "suspended");
    kit.sim.suspend(kit.installation, false).unwrap();
    let revoked = kit.call(Method::DELETE, "/installation/token", &token, Value::Null).await;
    assert_eq!(revoked.status, 204);
    assert_eq!(get("/repos/acme/shop").await, 401, "revoked");
}

#[tokio::test]
async fn a_list_goes_on_at_the_address_of_its_link() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    let path = "/installation/repositories?per_page=1";
    let first = kit.call(Method::GET, path, &token, Value::Null).await;
    assert_eq!(first.body["total_count"], 2);
    let link = first.headers["link"].to_str().unwrap();
    let next = link.split(',').find(|it| it.contains("rel=\"next\"")).unwrap();
    let next = next.trim().strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = call(Method::GET, next, Some(&token), Value::Null).await;
    let names = [&first, &second].map(|it| it.body["repositories"][0]["full_name"].clone());
    assert_eq!(names, ["acme/shop", "acme/secret"]);
    assert!(!second.headers["link"].to_str().unwrap().contains("rel=\"next\""));
}

#[tokio::test]
async fn a_deployment_a_check_run_and_a_comment_are_kept_and_changed() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    let commit = Commit::of("Cart", [("cart.txt", "1\n")]);
    let sha = kit.sim.push("acme/shop", "cart", commit).await.unwrap().after;
    kit.sim.open_pull_request("acme/shop", NewPullRequest::of("Cart", "cart")).await.unwrap();
    let repo = "/repos/acme/shop";
    let write = async |method: Method, path: &str, body: Value| {
        let answer = kit.call(method, &format!("{repo}{path}"), &token, body).await;
        assert!(answer.status < 300, "{path}: {}", answer.text);
        answer.body
    };

    let deployment = write(
        Method::POST,
        "/deployments",
        json!({
            "ref": sha, "task": "deploy", "auto_merge": false, "required_contexts": [],
            "environment": "preview", "description": "d", "transient_environment": true,
            "production_environment": false, "payload": { "stack": "shop-pr-1" },
        }),
    )
    .await;
    let path = format!("/deployments/{}/statuses", deployment["id"]);
    for state in ["queued", "in_progress", "success"] {
        let status = json!({
            "state": state, "log_url": "http://berth.test/log", "description": "s",
            "environment_url": "http://pr-1.shop.localhost", "auto_inactive": false,
        });
        write(Method::POST, &path, status).await;
    }
    let kept = kit.sim.deployments("acme/shop").unwrap();
    assert_eq!((kept[0].state(), kept[0].url()), ("success", Some("http://pr-1.shop.localhost")));
    let listed = kit.call(Method::GET, &format!("{repo}{path}"), &token, Value::Null).await;
    assert_eq!(listed.body[0]["state"], "success", "the newest first");

    let run =
        json!({ "name": "berth / shop", "head_sha": sha, "status": "queued", "external_id": "7" });
    let run = write(Method::POST, "/check-runs", run).await;
    let done = json!({
        "status": "completed", "conclusion": "failure",
        "output": {
            "title": "No", "summary": "It is broken.", "annotations": [{
                "path": "compose.yaml", "start_line": 3, "end_line": 3, "start_column": 1,
                "end_column": 2, "annotation_level": "failure", "message": "no such key",
            }],
        },
        "actions": [{ "label": "Redeploy", "description": "Once more", "identifier": "redeploy" }],
    });
    write(Method::PATCH, &format!("/check-runs/{}", run["id"]), done).await;
    let path = format!("{repo}/commits/{sha}/check-runs");
    let runs = kit.call(Method::GET, &path, &token, Value::Null).await;
    assert_eq!(runs.body["check_runs"][0]["conclusion"], "failure");
    let path = format!("{repo}/check-runs/{}/annotations", run["id"]);
    let notes = kit.call(Method::GET, &path, &token, Value::Null).await;
    assert_eq!(notes.body[0]["message"], "no such key");

    let comment = write(Method::POST, "/issues/1/comments", json!({ "body": "first" })).await;
    let path = format!("/issues/comments/{}", comment["id"]);
    write(Method::PATCH, &path, json!({ "body": "second" })).await;
    let comments = kit.sim.comments("acme/shop").unwrap();
    assert_eq!(comments[0].body, "second");
    assert_eq!(comments[0].author, "berth[bot]");
    write(Method::DELETE, &path, Value::Null).await;
    assert_eq!(kit.sim.comments("acme/shop").unwrap(), []);

    kit.sim.press_check_button("acme/shop", run["id"].as_i64().unwrap(), "redeploy").unwrap();
    kit.sim.rerequest_check("acme/shop", run["id"].as_i64().unwrap()).unwrap();
    kit.sim.settled().await;
    let names = kit.hooks.names();
    for name in [
        "pull_request.opened",
        "deployment.created",
        "deployment_status.created",
        "check_run.created",
        "check_run.completed",
        "check_run.requested_action",
        "check_run.rerequested",
        "issue_comment.created",
        "issue_comment.edited",
        "issue_comment.deleted",
    ] {
        assert!(names.contains(&name.to_owned()), "{name} is not in {names:?}");
    }
}

#[tokio::test]
async fn every_other_operation_answers_as_described() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    let jwt = kit.jwt();
    kit.sim.tag("acme/shop", "v1", "main").await.unwrap();
    let commit = Commit::of("Cart", [("cart.txt", "1\n")]);
    kit.sim.push("acme/shop", "cart", commit).await.unwrap();
    kit.sim.open_pull_request("acme/shop", NewPullRequest::of("Cart", "cart")).await.unwrap();
    kit.sim.comment("acme/shop", 1, "mira", "Nice").unwrap();
    kit.sim.settled().await;
    let comment = kit.sim.comments("acme/shop").unwrap()[0].id;
    let delivery = kit.sim.deliveries()[0].id;
    for path in [
        "/repos/acme/shop/branches".to_owned(),
        "/repos/acme/shop/tags".to_owned(),
        "/repos/acme/shop/commits?sha=cart".to_owned(),
        "/repos/acme/shop/compare/main...cart".to_owned(),
        "/repos/acme/shop/git/ref/heads/main".to_owned(),
        "/repos/acme/shop/git/matching-refs/tags".to_owned(),
        "/repos/acme/shop/pulls?state=all".to_owned(),
        "/repos/acme/shop/pulls/1".to_owned(),
        "/repos/acme/shop/issues/1/comments".to_owned(),
        format!("/repos/acme/shop/issues/comments/{comment}"),
        "/repos/acme/shop/deployments".to_owned(),
        "/repos/acme/shop/collaborators/mira/permission".to_owned(),
        "/repositories/1000003/branches".to_owned(),
        "/rate_limit".to_owned(),
        "/api/v3/repos/acme/shop".to_owned(),
    ] {
        let answer = kit.call(Method::GET, &path, &token, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    for path in [
        "/app/hook/config".to_owned(),
        "/app/hook/deliveries?per_page=5".to_owned(),
        format!("/app/hook/deliveries/{delivery}"),
        "/app/installations".to_owned(),
        "/repos/acme/shop/installation".to_owned(),
        "/apps/berth".to_owned(),
    ] {
        let answer = kit.call(Method::GET, &path, &jwt, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    let config = json!({ "content_type": "json", "secret": "new" });
    let answer = kit.call(Method::PATCH, "/app/hook/config", &jwt, config).await;
    assert_eq!((answer.status, &answer.body["secret"]), (200, &json!("********")));
    let path = format!("/app/installations/{}", kit.installation);
    assert_eq!(kit.call(Method::DELETE, &path, &jwt, Value::Null).await.status, 204);
    assert_eq!(kit.call(Method::GET, &path, &jwt, Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_renamed_repository_redirects() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    kit.sim.rename_repository("acme/shop", "store").unwrap();
    let moved = kit.call(Method::GET, "/repos/acme/shop/branches", &token, Value::Null).await;
    assert_eq!(moved.status, 301);
    let there = moved.headers["location"].to_str().unwrap();
    assert_eq!(call(Method::GET, there, Some(&token), Value::Null).await.status, 200);
    let body = json!({ "body": "x" });
    let path = "/repos/acme/shop/issues/1/comments";
    assert_eq!(kit.call(Method::POST, path, &token, body).await.status, 307);
}

#[tokio::test]
async fn a_wrong_request_is_caught() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    let caught = || {
        let found = kit.sim.take_violations();
        assert!(found.iter().all(|it| it.side == Side::Request), "{found:?}");
        found.into_iter().map(|it| it.place).collect::<Vec<_>>()
    };
    assert_eq!(caught(), [""; 0]);
    let sha = kit.sim.repository("acme/shop").unwrap().refs["refs/heads/main"].clone();

    // A key of another operation's is let pass, as at GitHub, but seen.
    let stray = json!({ "name": "x", "head_sha": sha, "check_run_id": 1 });
    let answer = kit.call(Method::POST, "/repos/acme/shop/check-runs", &token, stray).await;
    assert_eq!(answer.status, 201);
    assert_eq!(caught(), ["/check_run_id"]);

    let wrong = json!({ "state": "deployed" });
    let path = "/repos/acme/shop/deployments/1/statuses";
    assert_eq!(kit.call(Method::POST, path, &token, wrong).await.status, 422);
    assert_eq!(caught(), ["/state"]);

    // The defaults would merge, and wait for every status.
    let lazy = json!({ "ref": "main" });
    kit.call(Method::POST, "/repos/acme/shop/deployments", &token, lazy).await;
    assert_eq!(caught(), ["/auto_merge", "/required_contexts"]);

    assert_eq!(kit.call(Method::GET, "/user", &token, Value::Null).await.status, 404);
    assert_eq!(caught(), [""], "an operation that is not described");

    let bare = http::Request::get(format!("{}/repos/acme/shop", kit.sim.base_url()))
        .body(Full::<Bytes>::default());
    assert_eq!(send(bare.unwrap()).await.status, 403, "no user agent");
    assert_eq!(caught(), ["header user-agent", "header accept", "header x-github-api-version"]);
}

#[tokio::test]
async fn a_simulator_with_violations_fails_the_test_that_drops_it() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    kit.call(Method::GET, "/user", &token, Value::Null).await;
    let Kit { sim, .. } = kit;
    let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(sim)));
    let why = *dropped.unwrap_err().downcast::<String>().unwrap();
    assert!(why.contains("GET /user"), "{why}");
}
