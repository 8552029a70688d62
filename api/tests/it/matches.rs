//! What a draft of a rule would match now.

use berth_store::accounts::Role;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::deliveries::arrive_and_end;
use crate::github::{Github, state};
use crate::stacks::lead;
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
async fn rules_that_are_asked_about_at_once_have_github_asked_once(pool: PgPool) {
    let github = Github::start().await;
    let api = Api::with_github(pool, &github.url);
    let admin = installed(&api).await;
    let one = |refs: &'static str| told(&api, &admin, json!({"refs": [refs]}));
    let (main, release) = tokio::join!(one("main"), one("release/*"));
    assert!(main.contains("branch main: true"), "{main}");
    assert!(release.contains("branch release/1: true"), "{release}");
    let listed = github.asked().iter().filter(|path| path.ends_with("/branches")).count();
    assert_eq!(listed, 1);
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

const REPLAY: &str = "/api/v1/rules/replay";

fn repository() -> Value {
    json!({"id": 100, "name": "shop", "full_name": "acme/shop", "owner": {"login": "acme"}})
}

fn pushed(branch: &str, deleted: bool, message: &str) -> Value {
    json!({
        "ref": format!("refs/heads/{branch}"), "before": "a".repeat(40), "after": "b".repeat(40),
        "deleted": deleted, "repository": repository(), "sender": {"login": "ann"},
        "head_commit": {"id": "b".repeat(40), "message": message, "author": {"name": "Ann"}},
    })
}

fn pulled(action: &str, number: i64, from: i64) -> Value {
    json!({
        "action": action, "number": number, "repository": repository(),
        "sender": {"login": "bob"},
        "pull_request": {
            "number": number, "title": "A title", "user": {"login": "bob"},
            "state": if action == "closed" { "closed" } else { "open" }, "draft": false,
            "merged": action == "closed",
            "head": {"sha": "c".repeat(40), "ref": "fix", "repo": {"id": from}},
            "base": {"sha": "a".repeat(40), "ref": "main"},
        },
    })
}

/// Every row of every table but those that an answer itself may touch.
async fn everything(pool: &PgPool) -> Vec<(String, Option<String>)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables
         where table_schema = 'public' and table_name not in ('login_session', 'leader_lease')
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let rows =
            format!("select md5(string_agg(it::text, '|' order by it::text)) from {table} it");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(pool).await.unwrap();
        all.push((table, rows));
    }
    all
}

async fn replayed(api: &Api, who: &As, query: &str, change: Value) -> (Vec<String>, Value) {
    let answer = api.post(who, &format!("{REPLAY}{query}"), draft(&change)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.shown());
    let answer = answer.json();
    let lines = answer["items"].as_array().unwrap().iter().map(|it| {
        let text = |key: &str| it[key].as_str().unwrap_or("-").to_owned();
        let really = it["delivery"]["outcome"].as_str().unwrap_or("-");
        let place = [text("environment"), text("host")].join(" ");
        format!(
            "{}: {} ({}) {place}; really {really}",
            text("happened"),
            text("verdict"),
            text("reason")
        )
    });
    (lines.collect(), answer["next_cursor"].clone())
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_draft_is_held_against_what_happened_and_nothing_is_done(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let fence = lead(&api).await;
    for (id, event, body) in [
        ("1", "push", pushed("main", false, "Open")),
        ("2", "push", pushed("main", false, "Fix [skip ci]")),
        ("3", "push", pushed("wip/idea", false, "Try")),
        ("4", "push", pushed("wip/idea", true, "")),
        ("5", "pull_request", pulled("opened", 7, 100)),
        ("6", "pull_request", pulled("opened", 8, 999)),
        ("7", "pull_request", pulled("labeled", 7, 100)),
        ("8", "pull_request", pulled("closed", 7, 100)),
        ("9", "ping", json!({"zen": "x"})),
    ] {
        arrive_and_end(&api, fence, id, (event, &body)).await;
    }
    sqlx::query(
        "update delivery set received_at = received_at + delivery_id::int * interval '1 s'",
    )
    .execute(&api.pool)
    .await
    .unwrap();
    let admin = api.browser(Role::Admin).await;
    let before = everything(&api.pool).await;
    let (pushes, end) = replayed(&api, &admin, "", json!({})).await;
    insta::assert_snapshot!(pushes.join("\n"), @"
    pull request 7 was merged: ignored (it listens to pushes to branches) - -; really ignored
    pull request 7: labeled: ignored (`labeled` changes nothing about what is deployed) - -; really ignored
    bob opened pull request 8: ignored (it listens to pushes to branches) - -; really ignored
    bob opened pull request 7: ignored (it listens to pushes to branches) - -; really ignored
    `wip/idea` was deleted: ignored (nothing is deployed of that) - -; really ignored
    ann pushed to wip/idea: ignored (branch `wip/idea` matches none of `main`) - -; really ignored
    ann pushed to main: ignored (the head commit's message says [skip ci]) - -; really ignored
    ann pushed to main: deploys (branch `main` matches `main`) production shop.localhost; really ignored
    ");
    assert_eq!(end, json!(null));
    let previews = json!({
        "event": "pull_request", "environment": "pr-{{number}}", "host": "pr-{{number}}.localhost",
    });
    let (pulls, _) = replayed(&api, &admin, "?limit=4", previews).await;
    insta::assert_snapshot!(pulls.join("\n"), @"
    pull request 7 was merged: removes (base branch `main` matches `main`; its preview would have been removed) - -; really ignored
    pull request 7: labeled: ignored (`labeled` changes nothing about what is deployed) - -; really ignored
    bob opened pull request 8: ignored (the pull request comes from a fork, whose code is not run) - -; really ignored
    bob opened pull request 7: previews (base branch `main` matches `main`) pr-7 pr-7.localhost; really ignored
    ");
    let (first, cursor) = replayed(&api, &admin, "?limit=3", json!({})).await;
    let next = format!("?limit=100&cursor={}", cursor.as_str().unwrap());
    let (rest, _) = replayed(&api, &admin, &next, json!({})).await;
    assert_eq!([first, rest].concat(), pushes);
    assert_eq!(everything(&api.pool).await, before, "nothing is written");

    let viewer = api.browser(Role::Operator).await;
    assert_eq!(api.post(&viewer, REPLAY, draft(&json!({}))).await.status, StatusCode::FORBIDDEN);
    let wrong = api.post(&admin, REPLAY, draft(&json!({"refs": ["["]}))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}
