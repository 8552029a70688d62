//! What GitHub hears of deployments, checked against GitHub's own description.

use std::time::Duration;

use berth_domain::deployment::{Place, Reason};
use berth_github_sim::Faults;
use berth_store::{deployments, stacks};
use sqlx::PgPool;
use tokio::time::Instant;

use super::world::{SHOP, World};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_preview_is_told_from_its_beginning_to_its_end(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    let sha = world.push("blue", "Blue").await;
    let number = world.open("blue").await;
    world.feed().await;
    world.report().await;

    let told = world.github.deployments(SHOP).unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].sha.as_str(), told[0].state()), (sha.as_str(), "queued"));
    assert_eq!((told[0].environment.as_str(), told[0].transient_environment), ("preview", true));
    let run = world.github.check_runs(SHOP).unwrap().remove(0);
    assert_eq!((run.name.as_str(), run.status.as_str()), ("berth / shop-pr-1", "queued"));
    let comment = world.github.comments(SHOP).unwrap().remove(0);
    assert_eq!((comment.issue, comment.app_id.is_some()), (number, true));
    assert!(comment.body.contains("http://pr-1.shop.localhost:8080"), "{}", comment.body);

    world.succeed("shop-pr-1").await;
    world.report().await;
    let told = world.github.deployments(SHOP).unwrap().remove(0);
    assert_eq!((told.state(), told.url()), ("success", Some("http://pr-1.shop.localhost:8080")));
    let run = world.github.check_runs(SHOP).unwrap().remove(0);
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    let comments = world.github.comments(SHOP).unwrap();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains("Ready"), "{}", comments[0].body);

    world.github.close_pull_request(SHOP, number).unwrap();
    world.feed().await;
    world.report().await;
    assert_eq!(world.github.deployments(SHOP).unwrap()[0].state(), "inactive");
    let stack = world.stack("shop-pr-1").await.unwrap().id;
    stacks::mark_removed(&world.pool, world.fence, stack).await.unwrap();
    world.report().await;
    let comments = world.github.comments(SHOP).unwrap();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains("Removed"), "{}", comments[0].body);
    let run = world.github.check_runs(SHOP).unwrap().remove(0);
    assert_eq!(run.conclusion.as_deref(), Some("success"));
    assert_eq!(world.owed().await, []);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_crash_before_remembering_leaves_one_of_each(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    world.open("blue").await;
    world.feed().await;
    world.report().await;
    sqlx::raw_sql(
        "delete from github_report; delete from pull_request_comment;
         update outbox set sent_at = null",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    world.succeed("shop-pr-1").await;
    world.report().await;

    let told = world.github.deployments(SHOP).unwrap();
    assert_eq!((told.len(), told[0].state()), (1, "success"));
    let runs = world.github.check_runs(SHOP).unwrap();
    assert_eq!((runs.len(), runs[0].conclusion.as_deref()), (1, Some("success")));
    let comments = world.github.comments(SHOP).unwrap();
    assert_eq!(comments.len(), 1);
    assert!(comments[0].body.contains("Ready"), "{}", comments[0].body);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_answer_that_got_lost_leaves_one_of_each(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    world.open("blue").await;
    world.feed().await;
    // The token is made first, so that each of the four is a report's.
    world.deps.app().await.unwrap().unwrap().installations().await.unwrap();
    world.github.set_faults(Faults { bad_gateway_after_write: 4, ..Faults::default() });
    for _ in 0..6 {
        world.report().await;
    }
    assert_eq!(world.github.deployments(SHOP).unwrap().len(), 1);
    assert_eq!(world.github.check_runs(SHOP).unwrap().len(), 1);
    assert_eq!(world.github.comments(SHOP).unwrap().len(), 1);
    assert_eq!(world.owed().await, []);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_was_stopped_for_longer_than_its_lease_tells_github_nothing(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    world.open("blue").await;
    world.feed().await;
    // The lease has run out, and nobody has noticed.
    world.lead.say(Some((world.fence, Instant::now())));
    let late = world.try_report().await;
    assert!(late.is_err_and(|error| error.is_fenced()));
    assert_eq!(world.github.deployments(SHOP).unwrap().len(), 0);
    assert_eq!(world.github.check_runs(SHOP).unwrap().len(), 0);
    assert_eq!(world.github.comments(SHOP).unwrap().len(), 0);

    world.lead.say(Some((world.fence, Instant::now() + Duration::from_secs(3600))));
    world.report().await;
    assert_eq!(world.github.comments(SHOP).unwrap().len(), 1);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_former_deployment_is_inactive_once_a_newer_one_serves(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    for text in ["one", "two"] {
        world.push("main", text).await;
        world.feed().await;
        world.succeed("shop").await;
        world.report().await;
    }
    let told = world.github.deployments(SHOP).unwrap();
    let mut states: Vec<_> = told.iter().map(|it| (it.id, it.state())).collect();
    states.sort_unstable();
    let states: Vec<_> = states.into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, ["inactive", "success"]);
    assert!(told.iter().all(|it| it.environment == "production" && it.production_environment));
    assert_eq!(world.github.comments(SHOP).unwrap(), []);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_failure_is_shown_at_its_place(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("main", "one").await;
    world.feed().await;
    let id = world.stack("shop").await.unwrap().open_deployment.unwrap();
    let place = Place { file: "compose.yaml".to_owned(), line: 3, column: 7 };
    let reason = Reason {
        code: "compose_invalid".to_owned(),
        text: "`image` must be a text".to_owned(),
        place: Some(place),
    };
    deployments::fail(&world.pool, world.fence, id, &reason).await.unwrap();
    world.report().await;
    let run = world.github.check_runs(SHOP).unwrap().remove(0);
    assert_eq!(run.conclusion.as_deref(), Some("failure"));
    assert_eq!(run.annotations[0]["path"], "compose.yaml");
    assert_eq!(run.annotations[0]["start_line"], 3);
    assert_eq!(world.github.deployments(SHOP).unwrap()[0].state(), "failure");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_github_does_not_take_now_waits_with_its_reason(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("main", "one").await;
    world.feed().await;
    world.github.set_faults(Faults { unavailable: 20, ..Faults::default() });
    let done = world.report().await;
    assert_eq!(done.summary, "2 to be tried again");
    let owed = world.owed().await;
    assert_eq!(owed.len(), 2);
    for (_, error) in owed {
        assert!(error.unwrap().starts_with("GitHub does not answer"));
    }

    let faults = Faults { rate_limited: 1, retry_after: Some(77), ..Faults::default() };
    world.github.set_faults(faults);
    let done = world.report().await;
    // The other is held back without being tried.
    assert_eq!(done.summary, "1 to be tried again");
    let wait = done.again.unwrap().as_secs();
    assert!((70..=77).contains(&wait), "{wait}");

    world.github.set_faults(Faults::default());
    assert_eq!(world.report().await.summary, "2 sent");
    assert_eq!(world.owed().await, []);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_comment_that_somebody_deleted_is_written_again(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    world.open("blue").await;
    world.feed().await;
    world.report().await;
    let first = world.github.comments(SHOP).unwrap().remove(0).id;
    world.github.delete_comment(first).unwrap();
    world.succeed("shop-pr-1").await;
    world.report().await;
    let comments = world.github.comments(SHOP).unwrap();
    assert_eq!(comments.len(), 1);
    assert_ne!(comments[0].id, first);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_nobody_will_ever_take_is_dropped_in_words(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("main", "one").await;
    world.feed().await;
    world.github.uninstall(world.installation).unwrap();
    let done = world.report().await;
    assert_eq!(done.summary, "2 dropped");
    let words: Vec<String> =
        sqlx::query_scalar("select last_error from outbox").fetch_all(&world.pool).await.unwrap();
    assert!(words.iter().all(|words| words.contains("GitHub")), "{words:?}");
}
