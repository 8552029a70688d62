//! Writing rules.

use berth_store::accounts::Role;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Api, As, request};

fn draft(name: &str) -> Value {
    json!({
        "repository_id": 100,
        "name": name,
        "event": "push",
        "refs": ["main", "release/*"],
        "environment": "production",
        "compose_file": "compose.yaml",
        "host": "{{app}}.localhost",
    })
}

async fn put(api: &Api, who: &As, path: &str, tag: Option<&str>, body: Value) -> Answer {
    let mut request = request(Method::PUT, path, who, Some(body));
    if let Some(tag) = tag {
        request.headers_mut().insert("if-match", tag.parse().unwrap());
    }
    api.send(request).await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_rule_is_written_read_changed_and_removed(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let made = api.post(&admin, "/api/v1/rules", draft("production")).await;
    insta::assert_snapshot!(made.shown(), @r#"
    201 {
      "id": "[id]",
      "repository_id": 100,
      "repository": "acme/shop",
      "position": 0,
      "name": "production",
      "event": "push",
      "refs": [
        "main",
        "release/*"
      ],
      "paths": [],
      "environment": "production",
      "compose_file": "compose.yaml",
      "host": "{{app}}.localhost",
      "on_registry_failure": "fail",
      "priority": "normal",
      "at_once": null,
      "policy": "trusted",
      "enabled": true,
      "version": 1,
      "updated_at": "[time]"
    }
    "#);
    assert_eq!(made.header("etag"), "\"1\"");
    let path = made.header("location").to_owned();

    let read = api.get(&api.browser(Role::Viewer).await, &path).await;
    assert_eq!((read.json(), read.header("etag")), (made.json(), "\"1\""));

    let mut changed = draft("production");
    changed["enabled"] = json!(false);
    changed["on_registry_failure"] = json!("use_known");
    changed["priority"] = json!("high");
    changed["at_once"] = json!(3);
    let answer = put(&api, &admin, &path, Some("\"1\""), changed).await;
    assert_eq!((answer.status, answer.header("etag")), (StatusCode::OK, "\"2\""));
    assert_eq!(answer.json()["enabled"], false);
    assert_eq!(answer.json()["on_registry_failure"], "use_known");
    assert_eq!(
        (&answer.json()["priority"], &answer.json()["at_once"]),
        (&json!("high"), &json!(3))
    );
    assert_eq!(answer.json()["position"], 0);

    let mut remove = request(Method::DELETE, &path, &admin, None);
    remove.headers_mut().insert("if-match", "\"2\"".parse().unwrap());
    assert_eq!(api.send(remove).await.status, StatusCode::NO_CONTENT);
    let gone = api.get(&admin, &path).await;
    insta::assert_snapshot!(gone.shown(), @r#"
    404 {
      "type": "/problems/not-found",
      "title": "Not found",
      "status": 404,
      "detail": "There is no such rule.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_pull_request_is_restricted_unless_the_writer_says_otherwise(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let previews = json!({
        "repository_id": 100,
        "name": "previews",
        "event": "pull_request",
        "environment": "pr-{{number}}",
        "compose_file": "compose.yaml",
        "host": "pr-{{number}}.{{app}}.localhost",
    });
    let with = |policy: &str| {
        let mut draft = previews.clone();
        draft["policy"] = json!(policy);
        draft
    };
    let made = api.post(&admin, "/api/v1/rules", previews.clone()).await;
    assert_eq!(made.json()["policy"], "restricted", "{}", made.shown());
    let path = made.header("location").to_owned();

    let trusted = put(&api, &admin, &path, Some("*"), with("trusted")).await;
    assert_eq!(trusted.json()["policy"], "trusted");
    // Who does not know of policies changes none.
    let same = put(&api, &admin, &path, Some("*"), previews.clone()).await;
    assert_eq!(same.json()["policy"], "trusted");
    // But trust that was given to pull requests is not given to pushes, nor back.
    let restricted = put(&api, &admin, &path, Some("*"), with("restricted")).await;
    assert_eq!(restricted.json()["policy"], "restricted");
    let push = put(&api, &admin, &path, Some("*"), draft("production")).await;
    assert_eq!(push.json()["policy"], "trusted");
    let back = put(&api, &admin, &path, Some("*"), previews.clone()).await;
    assert_eq!(back.json()["policy"], "restricted");

    let wrong = put(&api, &admin, &path, Some("*"), with("none")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.shown());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn of_two_who_change_a_rule_the_second_reads_it_again(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let made = api.post(&admin, "/api/v1/rules", draft("production")).await;
    let path = made.header("location").to_owned();
    let blind = put(&api, &admin, &path, None, draft("blind")).await;
    insta::assert_snapshot!(blind.shown(), @r#"
    428 {
      "type": "/problems/precondition-required",
      "title": "Precondition required",
      "status": 428,
      "detail": "Say in `If-Match` which `ETag` you have read, so that nobody's change is lost.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let first = put(&api, &admin, &path, Some("\"1\""), draft("first")).await;
    assert_eq!(first.status, StatusCode::OK);
    let second = put(&api, &admin, &path, Some("\"1\""), draft("second")).await;
    insta::assert_snapshot!(second.shown(), @r#"
    412 {
      "type": "/problems/precondition-failed",
      "title": "Somebody was faster",
      "status": 412,
      "detail": "The rule changed after you read it. Read it again, and change that.",
      "request_id": "[id]",
      "errors": []
    }
    "#);
    let removed = api.delete(&admin, &path).await;
    assert_eq!(removed.status, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(api.get(&admin, &path).await.json()["name"], "first");
    let any = put(&api, &admin, &path, Some("*"), draft("any")).await;
    assert_eq!(any.json()["name"], "any");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn everything_that_is_wrong_with_a_rule_is_said_at_once(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let bad = json!({
        "repository_id": 404,
        "name": "",
        "event": "pull_request",
        "refs": ["main", "a**b"],
        "paths": ["!docs/**"],
        "environment": "preview",
        "compose_file": "../compose.yaml",
        "host": "{{branhc}}.localhost",
    });
    insta::assert_snapshot!(api.post(&admin, "/api/v1/rules", bad).await.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "6 fields need another look.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/repository_id",
          "detail": "No installation shows a repository with this id."
        },
        {
          "pointer": "/name",
          "detail": "A rule's name has 1 to 100 characters."
        },
        {
          "pointer": "/refs/1",
          "detail": "\"a**b\" is not a pattern: recursive wildcards must form a single path component."
        },
        {
          "pointer": "/paths",
          "detail": "\"!docs/**\" is not a pattern: a list of nothing but negations matches nothing."
        },
        {
          "pointer": "/compose_file",
          "detail": "The path must name a file inside the repository."
        },
        {
          "pointer": "/host",
          "detail": "The template names `branhc`, which has no value here; there are `branch`, `number`, `app`, `owner`, `environment`."
        }
      ]
    }
    "#);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_name_is_given_once_and_a_repository_kept(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let made = api.post(&admin, "/api/v1/rules", draft("production")).await;
    let twin = api.post(&admin, "/api/v1/rules", draft("production")).await;
    insta::assert_snapshot!(twin.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "Another rule of this repository has this name.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/name",
          "detail": "Another rule of this repository has this name."
        }
      ]
    }
    "#);
    let mut moved = draft("production");
    moved["repository_id"] = json!(101);
    let answer = put(&api, &admin, made.header("location"), Some("\"1\""), moved).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/repository_id");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_body_that_is_no_rule_is_refused_with_the_field(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let mut unknown = draft("a");
    unknown["event"] = json!("release");
    insta::assert_snapshot!(api.post(&admin, "/api/v1/rules", unknown).await.shown(), @r#"
    422 {
      "type": "/problems/invalid-fields",
      "title": "Some fields are not right",
      "status": 422,
      "detail": "unknown variant `release`, expected one of `push`, `tag`, `pull_request`.",
      "request_id": "[id]",
      "errors": [
        {
          "pointer": "/event",
          "detail": "unknown variant `release`, expected one of `push`, `tag`, `pull_request`."
        }
      ]
    }
    "#);
    let id = api.get(&admin, "/api/v1/rules/7").await;
    assert_eq!(id.status, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_list_is_read_page_by_page_without_a_gap(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    for name in ["a", "b", "c", "d", "e"] {
        let made = api.post(&admin, "/api/v1/rules", draft(name)).await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    let mut names = Vec::new();
    let mut path = "/api/v1/rules?repository_id=100&limit=2".to_owned();
    let mut pages = 0;
    loop {
        let page = api.get(&admin, &path).await.json();
        pages += 1;
        let items = page["items"].as_array().unwrap();
        names.extend(items.iter().map(|rule| rule["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/rules?repository_id=100&limit=2&cursor={cursor}");
    }
    assert_eq!((names.concat().as_str(), pages), ("abcde", 3));
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=x", "page=2"] {
        let answer = api.get(&admin, &format!("/api/v1/rules?{bad}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let repositories = api.get(&admin, "/api/v1/repositories").await;
    insta::assert_snapshot!(repositories.shown(), @r#"
    200 {
      "items": [
        {
          "id": 100,
          "owner": "acme",
          "name": "shop",
          "full_name": "acme/shop",
          "default_branch": "main",
          "private": true
        }
      ],
      "next_cursor": null
    }
    "#);
}
