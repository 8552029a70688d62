//! What a draft of a rule would match now.

use berth_store::accounts::Role;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::github::{Github, state};
use crate::support::{Api, As};

const PATH: &str = "/api/v1/rules/matches";

fn draft(change: &Value) -> Value {
    let mut draft = json!({
        "repository_id": 100,
        "name": "",
        "event": "push",
        "refs": ["main"],
        "environment": "production",
        "compose_file": "compose.yaml",
        "host": "{{app}}.localhost",
    });
    for (key, value) in change.as_object().unwrap() {
        draft[key] = value.clone();
    }
    draft
}

/// An admin of a Berth whose App is installed on `acme/shop`.
async fn installed(api: &Api) -> As {
    let admin = api.browser(Role::Admin).await;
    let form = api.post(&admin, "/api/v1/github/manifest", json!({})).await.json();
    let nonce = state(form["action"].as_str().unwrap());
    let code = json!({"code": "good-code", "state": nonce});
    assert_eq!(api.post(&admin, "/api/v1/github/app", code).await.status, StatusCode::CREATED);
    let claim = json!({"installation_id": 11});
    let claimed = api.post(&admin, "/api/v1/github/installations", claim).await;
    assert_eq!(claimed.status, StatusCode::CREATED);
    admin
}

async fn told(api: &Api, who: &As, change: Value) -> String {
    let answer = api.post(who, PATH, draft(&change)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.shown());
    let answer = answer.json();
    let lines = answer["items"].as_array().unwrap().iter().map(|it| {
        let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {}: {} ({}) {} {}",
            text("kind"),
            text("name"),
            it["matched"],
            text("reason"),
            text("environment"),
            text("host"),
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn every_branch_and_open_pull_request_is_told_whether_it_matches_and_why(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = installed(&api).await;
    insta::assert_snapshot!(told(&api, &admin, json!({})).await, @"
    pull_request feat/<img src=x>: false (it listens to pushes to branches) - -
    pull_request main: false (it listens to pushes to branches) - -
    pull_request fix: false (it listens to pushes to branches) - -
    branch main: true (branch `main` matches `main`) production shop.localhost
    branch release/1: false (branch `release/1` matches none of `main`) - -
    ");
    let previews = json!({
        "event": "pull_request",
        "environment": "pr-{{number}}",
        "host": "pr-{{number}}.{{app}}.localhost",
    });
    insta::assert_snapshot!(told(&api, &admin, previews).await, @"
    pull_request feat/<img src=x>: true (base branch `main` matches `main`) pr-7 pr-7.shop.localhost
    pull_request main: false (the pull request comes from a fork, whose code is not run) - -
    pull_request fix: false (base branch `release/1` matches none of `main`) - -
    branch main: false (it listens to pull requests) - -
    branch release/1: false (it listens to pull requests) - -
    ");
    let releases = json!({"event": "tag", "refs": ["v*"], "paths": ["src/**"]});
    insta::assert_snapshot!(told(&api, &admin, releases).await, @"
    pull_request feat/<img src=x>: false (it listens to tags) - -
    pull_request main: false (it listens to tags) - -
    pull_request fix: false (it listens to tags) - -
    branch main: false (it listens to tags) - -
    branch release/1: false (it listens to tags) - -
    tag v1.2: true (tag `v1.2` matches `v*`, if one of the paths changes) production shop.localhost
    ");
    let none = api.get(&admin, "/api/v1/rules").await.json();
    assert_eq!(none["items"], json!([]), "nothing was saved");
    let listed = github.asked().iter().filter(|path| path.ends_with("/branches")).count();
    assert_eq!(listed, 1, "a draft that changes is held against what was just listed");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn any_branch_gives_an_environment_its_name(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = installed(&api).await;
    let change = json!({"refs": [], "environment": "{{branch}}", "host": "{{branch}}.localhost"});
    let lines = told(&api, &admin, change).await;
    let found = lines.lines().find(|line| line.starts_with("branch release/1: true"));
    let found = found.unwrap_or_else(|| panic!("{lines}"));
    assert!(found.ends_with("release-1-c216c6 release-1-c216c6.localhost"), "{found}");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_draft_that_can_not_be_read_is_refused_at_its_fields(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = installed(&api).await;
    let answer = api.post(&admin, PATH, draft(&json!({"refs": ["["]}))).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["pointer"], "/refs/0");
    assert!(!github.asked().iter().any(|path| path.contains("/repos/")), "GitHub was not asked");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn without_github_it_says_so_and_not_that_nothing_matches(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let admin = api.browser(Role::Admin).await;
    let answer = api.post(&admin, PATH, draft(&json!({}))).await;
    assert!(answer.status.is_server_error(), "{}", answer.shown());
}
