//! The inbox against a real Postgres, with a GitHub that does not answer.

use std::sync::Arc;

use berth_domain::deployment::{Phase, Step};
use berth_domain::rule::EventKind;
use berth_store::deliveries::NewDelivery;
use berth_store::deployments;
use berth_store::stacks::{self, LiveStack, Wanted};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::*;
use crate::tasks::testing::{
    FakeGit, INSTALLATION, NOBODY, REPOSITORY, add, deps, lead, rule, shop,
};

fn sha(digit: char) -> String {
    digit.to_string().repeat(40)
}

fn repository() -> Value {
    json!({"id": REPOSITORY.0, "name": "shop", "full_name": "acme/shop", "private": true,
           "default_branch": "main", "owner": {"id": 10, "login": "acme"}})
}

fn push(git_ref: &str, before: char, after: char, message: &str) -> Value {
    json!({
        "ref": git_ref, "before": sha(before), "after": sha(after),
        "created": before == '0', "deleted": after == '0', "forced": false,
        "head_commit": (after != '0').then(|| json!({
            "id": sha(after), "message": message, "author": {"name": "Ann", "username": "ann"},
        })),
        "repository": repository(), "installation": {"id": INSTALLATION.0},
        "sender": {"id": 5, "login": "ann"}, "pusher": {"name": "ann"},
    })
}

fn pull(action: &str, number: i64, head: char) -> Value {
    let state = if action == "closed" { "closed" } else { "open" };
    json!({
        "action": action, "number": number,
        "pull_request": {
            "number": number, "title": "Blue", "state": state, "draft": false, "merged": false,
            "user": {"id": 5, "login": "ann"},
            "head": {"ref": "blue", "sha": sha(head), "repo": repository()},
            "base": {"ref": "main", "sha": sha('9'), "repo": repository()},
        },
        "repository": repository(), "installation": {"id": INSTALLATION.0},
        "sender": {"id": 5, "login": "ann"},
    })
}

struct World {
    pool: PgPool,
    fence: Fence,
    inbox: Inbox<FakeGit>,
}

impl World {
    async fn new(pool: PgPool) -> Self {
        shop(&pool).await;
        let fence = lead(&pool).await;
        let inbox = Inbox::new(deps(&pool, NOBODY));
        Self { pool, fence, inbox }
    }

    async fn store(&self, id: &str, event: &str, body: &Value) {
        let body = serde_json::to_vec(body).unwrap();
        let new = NewDelivery::now(id.to_owned(), event.to_owned(), body);
        deliveries::insert(&self.pool, &[new]).await.unwrap();
    }

    async fn run(&mut self) -> Done {
        self.inbox.activate(self.fence).await.unwrap()
    }

    /// Stores a delivery, judges it, and says what came of it.
    async fn told(&mut self, id: &str, event: &str, body: &Value) -> String {
        self.store(id, event, body).await;
        self.run().await;
        self.outcome(id).await
    }

    async fn outcome(&self, id: &str) -> String {
        let (outcome, reason): (Option<String>, Option<String>) =
            sqlx::query_as("select outcome, reason from delivery where delivery_id = $1")
                .bind(id)
                .fetch_one(&self.pool)
                .await
                .unwrap();
        format!("{}: {}", outcome.unwrap_or("waiting".to_owned()), reason.unwrap_or_default())
    }

    async fn decisions(&self, id: &str) -> Vec<String> {
        let rows: Vec<(String, bool, String)> = sqlx::query_as(
            "select rule_name, matched, reason from delivery_decision
             where delivery_id = $1 order by position",
        )
        .bind(id)
        .fetch_all(&self.pool)
        .await
        .unwrap();
        rows.into_iter().map(|(rule, matched, why)| format!("{rule} {matched}: {why}")).collect()
    }

    async fn stacks(&self) -> Vec<LiveStack> {
        stacks::live(&self.pool).await.unwrap()
    }

    async fn stack(&self, name: &str) -> LiveStack {
        let all = self.stacks().await;
        all.into_iter().find(|stack| stack.name.as_str() == name).unwrap()
    }

    /// The commit that a stack's newest deployment brings, and its phase.
    async fn newest(&self, name: &str) -> (String, Phase) {
        let stack = self.stack(name).await.id;
        let newest = deployments::newest(&self.pool, stack).await.unwrap().unwrap();
        (newest.commit.sha, newest.phase)
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = match table {
            "deployment" => "select count(*) from deployment",
            "repository" => "select count(*) from repository where removed_at is null",
            _ => "select count(*) from installation where removed_at is null",
        };
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    async fn succeed(&self, name: &str) {
        let id = self.stack(name).await.open_deployment.unwrap();
        for step in Step::ALL {
            deployments::advance(&self.pool, self.fence, id, step, "").await.unwrap();
        }
    }
}

const MAIN: &str = "refs/heads/main";

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_push_deploys_where_a_rule_says_so(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    add(&world.pool, &rule(EventKind::Tag, "releases", &["v*"])).await;
    let said = world.told("1", "push", &push(MAIN, '1', 'a', "Blue button")).await;
    assert_eq!(said, "deployed: ann pushed to main; rule `production`");
    assert_eq!(
        world.decisions("1").await,
        ["production true: branch `main` matches `main`", "releases false: it listens to tags",]
    );
    let stack = world.stack("shop").await;
    let id = stack.open_deployment.unwrap();
    let deployment = deployments::get(&world.pool, id).await.unwrap();
    assert_eq!(deployment.why, "ann pushed to main: branch `main` matches `main`");
    assert_eq!(
        (deployment.commit.sha, deployment.commit.message.as_str()),
        (sha('a'), "Blue button")
    );
    assert_eq!((deployment.host.as_str(), deployment.git_ref.as_str()), ("shop.localhost", MAIN));
    assert_eq!((deployment.delivery.as_deref(), deployment.number), (Some("1"), 1));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_delivery_that_comes_again_or_is_replayed_deploys_nothing_twice(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    let body = push(MAIN, '1', 'a', "x");
    world.told("1", "push", &body).await;
    world.told("1", "push", &body).await;
    assert_eq!(world.count("deployment").await, 1);
    deliveries::replay(&world.pool, "1").await.unwrap();
    world.run().await;
    assert_eq!(world.outcome("1").await, "deployed: ann pushed to main; rule `production`");
    let other = world.told("2", "push", &body).await;
    assert_eq!(other, "deployed: ann pushed to main; rule `production`");
    let why = "production true: branch `main` matches `main`; it is deployed already";
    assert_eq!(world.decisions("2").await, [why]);
    assert_eq!(world.count("deployment").await, 1);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_was_received_last_wins(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    world.told("1", "push", &push(MAIN, '1', 'a', "x")).await;
    world.told("2", "push", &push(MAIN, 'a', 'b', "x")).await;
    assert_eq!(world.newest("shop").await, (sha('b'), Phase::Received));
    assert_eq!(world.count("deployment").await, 2);

    // Back to an old commit is a push like any other.
    world.told("3", "push", &push(MAIN, 'b', 'a', "x")).await;
    assert_eq!(world.newest("shop").await.0, sha('a'));

    // One that waited since before the others were received is late.
    world.store("late", "push", &push(MAIN, '7', '8', "x")).await;
    sqlx::query(
        "update delivery set received_at = now() - interval '1 h' where delivery_id = 'late'",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.run().await;
    assert_eq!(world.newest("shop").await.0, sha('a'));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_deploys_nothing_says_why(pool: PgPool) {
    let mut world = World::new(pool).await;
    let none = world.told("0", "push", &push(MAIN, '1', 'a', "x")).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    let fork = {
        let mut fork = pull("opened", 3, 'a');
        fork["pull_request"]["head"]["repo"]["id"] = json!(666);
        fork
    };
    let said = [
        none,
        world.told("1", "push", &push("refs/heads/dev", '1', 'a', "x")).await,
        world.told("2", "push", &push(MAIN, 'a', '0', "x")).await,
        world.told("3", "push", &push(MAIN, 'a', 'b', "Fix\n\n[skip deploy]")).await,
        world.told("4", "push", &push("refs/notes/a", 'a', 'b', "x")).await,
        world.told("5", "pull_request", &pull("labeled", 3, 'a')).await,
        world.told("6", "pull_request", &pull("closed", 3, 'a')).await,
        world.told("7", "star", &json!({"action": "created"})).await,
        world.told("8", "ping", &json!({"zen": "Design for failure."})).await,
        world.told("9", "push", &json!({"ref": MAIN})).await,
        world.told("10", "pull_request", &fork).await,
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    ignored: acme/shop has no rules
    ignored: its rule does not match
    ignored: `main` was deleted
    ignored: the head commit's message says [skip deploy]
    ignored: `refs/notes/a` is neither a branch nor a tag
    ignored: `labeled` changes nothing about what is deployed
    ignored: pull request 3 was closed; it had no preview
    ignored: Berth does nothing about `star` events
    recorded: GitHub reaches this address
    failed: the body is not a "push" event: missing field `before` at line 1 column 25
    ignored: its rule does not match
    "#);
    assert_eq!(world.count("deployment").await, 0);
    let why = "production false: branch `dev` matches none of `main`";
    assert_eq!(world.decisions("1").await, [why]);
    assert_eq!(world.decisions("3").await.len(), 1);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_pull_request_has_a_preview_until_it_closes(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::PullRequest, "previews", &["main"])).await;
    let opened = world.told("1", "pull_request", &pull("opened", 7, 'a')).await;
    assert_eq!(opened, "deployed: ann opened pull request 7; rule `previews`");
    let preview = world.stack("shop-pr-7").await;
    let deployment = deployments::get(&world.pool, preview.open_deployment.unwrap()).await.unwrap();
    assert_eq!(
        (deployment.host.as_str(), deployment.git_ref.as_str()),
        ("pr-7.shop.localhost", "refs/pull/7/head")
    );
    world.told("2", "pull_request", &pull("synchronize", 7, 'b')).await;
    assert_eq!(world.newest("shop-pr-7").await, (sha('b'), Phase::Received));
    world.told("3", "pull_request", &pull("ready_for_review", 7, 'b')).await;
    assert_eq!(world.count("deployment").await, 2);

    let closed = world.told("4", "pull_request", &pull("closed", 7, 'b')).await;
    let words = "recorded: pull request 7 was closed; its preview `pr-7` is being removed";
    assert_eq!(closed, words);
    assert_eq!(world.stack("shop-pr-7").await.wanted, Wanted::Absent);
    assert_eq!(world.newest("shop-pr-7").await, (sha('b'), Phase::Cancelled));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_reopened_pull_request_waits_until_its_former_stack_is_gone(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::PullRequest, "previews", &[])).await;
    world.told("1", "pull_request", &pull("opened", 7, 'a')).await;
    let former = world.stack("shop-pr-7").await.id;
    world.told("2", "pull_request", &pull("closed", 7, 'a')).await;
    let waits = world.told("3", "pull_request", &pull("reopened", 7, 'a')).await;
    assert_eq!(waits, "waiting: the former stack of `pr-7` is still being removed");
    let other = world.told("4", "pull_request", &pull("opened", 8, 'b')).await;
    assert_eq!(other, "deployed: ann opened pull request 8; rule `previews`");

    stacks::mark_removed(&world.pool, world.fence, former).await.unwrap();
    sqlx::query("update delivery set retry_at = now()").execute(&world.pool).await.unwrap();
    let done = world.run().await;
    assert_eq!(done.summary, "1 deployed");
    assert_eq!(world.newest("shop-pr-7").await, (sha('a'), Phase::Received));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn paths_are_told_from_the_last_commit_that_serves(pool: PgPool) {
    let mut world = World::new(pool).await;
    let mut only_web = rule(EventKind::Push, "web", &["main"]);
    only_web.paths = vec!["web/**".to_owned()];
    add(&world.pool, &only_web).await;
    let git = Arc::clone(&world.inbox.deps.builder);
    *git.changed.lock().unwrap() = Some(Ok(vec!["docs/a.md".to_owned()]));
    // Nothing serves yet, so all counts as changed.
    world.told("1", "push", &push(MAIN, '0', 'a', "x")).await;
    assert!(git.bases.lock().unwrap().is_empty());
    world.succeed("shop").await;

    world.told("2", "push", &push(MAIN, 'a', 'b', "x")).await;
    assert_eq!(world.decisions("2").await, ["web false: none of the 1 changed paths matches"]);
    *git.changed.lock().unwrap() = Some(Ok(vec!["web/a.css".to_owned()]));
    world.told("3", "push", &push(MAIN, 'b', 'c', "x")).await;
    let why = "web true: branch `main` matches `main`, and `web/a.css` changed";
    assert_eq!(world.decisions("3").await, [why]);
    assert_eq!(*git.bases.lock().unwrap(), [sha('a'), sha('a')]);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_cannot_be_judged_now_waits_with_its_reason_and_blocks_nobody(pool: PgPool) {
    let mut world = World::new(pool).await;
    let mut picky = rule(EventKind::Push, "web", &["main"]);
    picky.paths = vec!["web/**".to_owned()];
    add(&world.pool, &picky).await;
    add(&world.pool, &rule(EventKind::PullRequest, "previews", &[])).await;
    world.told("1", "push", &push(MAIN, '0', 'a', "x")).await;
    world.succeed("shop").await;
    let git = Arc::clone(&world.inbox.deps.builder);
    *git.changed.lock().unwrap() = Some(Err("connection refused".to_owned()));

    world.store("2", "push", &push(MAIN, 'a', 'b', "x")).await;
    world.store("3", "pull_request", &pull("opened", 7, 'c')).await;
    let done = world.run().await;
    assert_eq!(done.summary, "1 deployed, 1 put off");
    assert!(done.again.unwrap() <= AGAIN.first, "{done:?}");
    let waits = world.outcome("2").await;
    assert_eq!(waits, "waiting: git does not answer: connection refused");
    assert_eq!(world.newest("shop-pr-7").await.0, sha('c'));

    *git.changed.lock().unwrap() = Some(Ok(vec!["web/x".to_owned()]));
    sqlx::query("update delivery set retry_at = now()").execute(&world.pool).await.unwrap();
    world.run().await;
    assert_eq!(world.newest("shop").await.0, sha('b'));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn two_rules_with_one_environment_deploy_it_once(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "a", &["main"])).await;
    add(&world.pool, &rule(EventKind::Push, "b", &[])).await;
    let mut broken = rule(EventKind::Push, "c", &[]);
    broken.environment = "pr-{{number}}".to_owned();
    add(&world.pool, &broken).await;
    world.told("1", "push", &push(MAIN, '0', 'a', "x")).await;
    assert_eq!(world.count("deployment").await, 1);
    let decisions = world.decisions("1").await;
    assert_eq!(decisions[1], "b true: any branch matches; rule `a` deploys it to `production`");
    assert!(decisions[2].starts_with("c false: the rule's environment is wrong"), "{decisions:?}");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_tag_deploys_the_commit_that_it_names(pool: PgPool) {
    let mut world = World::new(pool).await;
    let mut releases = rule(EventKind::Tag, "releases", &["v*"]);
    releases.environment = "staging".to_owned();
    releases.host = "{{tag}}.{{environment}}.localhost".to_owned();
    add(&world.pool, &releases).await;
    let mut tag = push("refs/tags/v1", '0', 'a', "x");
    tag["after"] = json!(sha('f'));
    let said = world.told("1", "push", &tag).await;
    assert_eq!(said, "deployed: ann tagged v1; rule `releases`");
    assert_eq!(world.newest("shop-staging").await.0, sha('a'));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn installations_and_repositories_are_followed(pool: PgPool) {
    let mut world = World::new(pool).await;
    let short = |id: i64, name: &str| json!({"id": id, "name": name, "full_name": format!("beta/{name}"), "private": false});
    let installation = |action: &str| {
        json!({"action": action, "sender": {"id": 5, "login": "ann"},
               "installation": {"id": 2, "repository_selection": "selected",
                   "account": {"id": 20, "login": "beta", "type": "User"},
                   "permissions": {"contents": "read"}, "suspended_at": null},
               "repositories": [short(200, "one")]})
    };
    let changed = json!({"action": "added", "repository_selection": "all",
        "installation": {"id": 2, "account": {"id": 20, "login": "beta", "type": "User"}},
        "repositories_added": [short(201, "two"), short(202, "three")],
        "repositories_removed": [short(200, "one")], "sender": {"id": 5, "login": "ann"}});
    let of_shop = |action: &str, name: &str| {
        let mut body = json!({"action": action, "repository": repository(),
            "installation": {"id": INSTALLATION.0}, "sender": {"id": 5, "login": "ann"}});
        body["repository"]["name"] = json!(name);
        body["repository"]["full_name"] = json!(format!("acme/{name}"));
        body
    };
    let said = [
        world.told("1", "installation", &installation("created")).await,
        world.told("2", "installation_repositories", &changed).await,
        world.told("3", "installation", &installation("suspend")).await,
        world.told("4", "installation", &installation("unsuspend")).await,
        world.told("5", "installation", &installation("deleted")).await,
        world.told("6", "repository", &of_shop("renamed", "store")).await,
        world.told("7", "repository", &of_shop("archived", "store")).await,
        world.told("8", "repository", &of_shop("unarchived", "store")).await,
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    recorded: the App was installed on beta, with 1 repository
    recorded: 2 repositories added, 1 repository removed; what runs stays as it is
    recorded: beta suspended the App
    recorded: beta let the App in again
    recorded: the App was removed from beta; what runs stays as it is
    recorded: the repository is acme/store now
    recorded: acme/store was archived; what runs stays as it is
    recorded: acme/store was unarchived
    ");
    assert_eq!(world.count("installation").await, 1);
    assert_eq!(world.count("repository").await, 1);
    let shop = berth_store::repositories::get(&world.pool, REPOSITORY).await.unwrap().unwrap();
    assert_eq!((shop.name.as_str(), shop.removed), ("store", false));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_button_on_a_check_run_deploys_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    world.told("1", "push", &push(MAIN, '0', 'a', "x")).await;
    let id = world.stack("shop").await.open_deployment.unwrap();
    let pressed = |external: &str| {
        json!({"action": "requested_action", "requested_action": {"identifier": "redeploy"},
            "check_run": {"id": 9, "name": "berth / shop", "head_sha": sha('a'),
                          "external_id": external, "app": {"id": 1}},
            "repository": repository(), "installation": {"id": INSTALLATION.0},
            "sender": {"id": 6, "login": "bob"}})
    };
    let strange = world.told("2", "check_run", &pressed("x")).await;
    assert_eq!(strange, "ignored: the check run is not one of ours");
    let said = world.told("3", "check_run", &pressed(&id.to_string())).await;
    assert_eq!(said, "deployed: bob asked for it again on GitHub; deployment 2 of `shop`");
    assert_eq!(world.newest("shop").await, (sha('a'), Phase::Received));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_leader_that_was_replaced_judges_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    add(&world.pool, &rule(EventKind::Push, "production", &["main"])).await;
    world.store("1", "push", &push(MAIN, '0', 'a', "x")).await;
    let stale = Fence { epoch: world.fence.epoch - 1 };
    let refused = world.inbox.activate(stale).await;
    assert!(matches!(refused, Err(TaskError::Store(berth_store::Error::Fenced))), "{refused:?}");
    assert_eq!(world.outcome("1").await, "waiting: ");
    assert_eq!(world.count("deployment").await, 0);
}
