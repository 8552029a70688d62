//! What webhooks that never came would have done.

use berth_domain::deployment::Reason;
use berth_github_sim::Faults;
use berth_store::deliveries::{self, NewDelivery};
use berth_store::stacks::Wanted;
use berth_store::{deployments, installations, repositories, stacks};
use sqlx::PgPool;

use super::world::{SHOP, World};
use crate::tasks::Task;
use crate::tasks::catch_up::CatchUp;
use crate::tasks::previews::Previews;

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn deliveries_that_never_came_are_asked_for_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.push("main", "one").await;
    world.push("main", "two").await;
    world.github.settled().await;
    let lost = world.github.deliveries();
    assert!(lost.iter().all(|it| it.status != "OK"), "{lost:?}");
    // One of them is here, though GitHub does not know it.
    let here = NewDelivery::now(lost[0].guid.clone(), lost[0].event.clone(), b"{}".to_vec());
    deliveries::insert(&world.pool, &[here]).await.unwrap();

    let mut task = CatchUp::new(world.deps.clone());
    task.activate(world.fence).await.unwrap();
    world.github.settled().await;
    let again: Vec<_> = world.github.deliveries().into_iter().filter(|it| it.redelivery).collect();
    assert_eq!(again.len(), lost.len() - 1);
    assert!(again.iter().all(|it| it.guid != lost[0].guid));

    // We refuse them for ever: at some time it is enough.
    for _ in 0..10 {
        task.activate(world.fence).await.unwrap();
        world.github.settled().await;
    }
    let tries = world.asked("apps/redeliver-webhook-delivery");
    assert_eq!(tries, 5 * (lost.len() - 1));
    world.feed().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn installations_are_read_again(pool: PgPool) {
    let world = World::new(pool).await;
    assert_eq!(installations::list(&world.pool).await.unwrap(), []);
    CatchUp::new(world.deps.clone()).activate(world.fence).await.unwrap();
    let known = installations::list(&world.pool).await.unwrap();
    assert_eq!((known.len(), known[0].account_login.as_str()), (1, "acme"));
    let known = repositories::list(&world.pool).await.unwrap();
    assert_eq!((known.len(), known[0].full_name().as_str()), (1, SHOP));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_branch_that_moved_on_is_deployed_and_tried_once(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("main", "one").await;
    world.feed().await;
    world.succeed("shop").await;
    let sha = world.push("main", "two").await;
    let mut task = CatchUp::new(world.deps.clone());
    task.activate(world.fence).await.unwrap();
    assert_eq!(world.head("shop").await, Some(sha.clone()));

    let id = world.stack("shop").await.unwrap().open_deployment.unwrap();
    let why = deployments::get(&world.pool, id).await.unwrap().why;
    assert!(why.starts_with("main moved on, found while comparing with GitHub"), "{why}");
    let reason = Reason { code: "x".to_owned(), text: "y".to_owned(), place: None };
    deployments::fail(&world.pool, world.fence, id, &reason).await.unwrap();
    task.activate(world.fence).await.unwrap();
    assert_eq!(world.stack("shop").await.unwrap().open_deployment, None);

    // And the webhook, once it comes, tries what failed no second time either,
    // for its own sake only.
    world.feed().await;
    assert_eq!(world.head("shop").await, Some(sha));
}

/// Pushes four times, and tells of the first, the last, the second and the third.
async fn told_in_another_order(world: &mut World, branch: &str, stack: &str) {
    let first = world.push(branch, "one").await;
    if branch != "main" {
        world.open(branch).await;
    }
    world.feed().await;
    assert_eq!(world.head(stack).await, Some(first));
    let second = world.push(branch, "two").await;
    let third = world.push(branch, "three").await;
    let last = world.push(branch, "four").await;
    world.bring(&last).await;
    for late in [second, third] {
        world.bring(&late).await;
        assert_eq!(world.head(stack).await.as_ref(), Some(&last));
        let reasons = world.reasons(&late).await;
        let late = "which came after it and was deployed here";
        assert!(!reasons.is_empty() && reasons.iter().all(|it| it.ends_with(late)), "{reasons:?}");
    }

    // What follows is a push like any other, and GitHub is not asked for the branch.
    let asked = world.asked("repos/get-branch");
    let next = world.push(branch, "five").await;
    world.bring(&next).await;
    assert_eq!(world.head(stack).await, Some(next));
    assert_eq!(world.asked("repos/get-branch"), asked);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_push_of_which_nobody_told_in_time_takes_a_branch_back_to_no_old_commit(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    told_in_another_order(&mut world, "main", "shop").await;
    assert_eq!(world.asked("repos/get-branch"), 3);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn nor_does_it_take_back_a_preview(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    told_in_another_order(&mut world, "blue", "shop-pr-1").await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_push_after_a_rollback_deploys(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    let first = world.push("main", "one").await;
    world.push("main", "two").await;
    world.feed().await;
    world.succeed("shop").await;
    // Somebody goes back to the first, which is on the branch no more.
    let id = world.stack("shop").await.unwrap().id;
    sqlx::query("update deployment set commit_sha = $2 where stack_id = $1 and number = 2")
        .bind(id.0)
        .bind(&first)
        .execute(&world.pool)
        .await
        .unwrap();
    let third = world.push("main", "three").await;
    world.bring(&third).await;
    assert_eq!(world.head("shop").await, Some(third));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_pull_request_nobody_told_of_gets_its_preview_and_loses_it(pool: PgPool) {
    let world = World::with_rules(pool).await;
    let sha = world.push("blue", "Blue").await;
    let number = world.open("blue").await;
    let mut task = Previews::new(world.deps.clone());
    task.activate(world.fence).await.unwrap();
    assert_eq!(world.head("shop-pr-1").await, Some(sha));
    let again = task.activate(world.fence).await.unwrap();
    assert_eq!(again.summary, "");

    // An answer that does not come is no news.
    world.github.close_pull_request(SHOP, number).unwrap();
    world.github.set_faults(Faults { unavailable: 100, ..Faults::default() });
    task.activate(world.fence).await.unwrap();
    assert_eq!(world.stack("shop-pr-1").await.unwrap().wanted, Wanted::Present);

    world.github.set_faults(Faults::default());
    let done = task.activate(world.fence).await.unwrap();
    assert_eq!(done.summary, "closed 1 and deployed 0 previews");
    assert_eq!(world.stack("shop-pr-1").await.unwrap().wanted, Wanted::Absent);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_preview_that_was_removed_by_hand_stays_removed(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    world.open("blue").await;
    world.feed().await;
    let stack = stacks::remove(&world.pool, "shop-pr-1").await.unwrap();
    stacks::mark_removed(&world.pool, world.fence, stack).await.unwrap();
    let mut task = Previews::new(world.deps.clone());
    task.activate(world.fence).await.unwrap();
    assert!(world.stack("shop-pr-1").await.is_none());

    // Until somebody pushes to it.
    let sha = world.push("blue", "Bluer").await;
    task.activate(world.fence).await.unwrap();
    assert_eq!(world.head("shop-pr-1").await, Some(sha));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_close_told_of_after_the_reopening_takes_no_preview(pool: PgPool) {
    let mut world = World::with_rules(pool).await;
    world.push("blue", "Blue").await;
    let number = world.open("blue").await;
    world.feed().await;
    world.succeed("shop-pr-1").await;
    world.github.close_pull_request(SHOP, number).unwrap();
    world.github.settled().await;
    let told = world.github.deliveries();
    let close = told.into_iter().find(|it| it.payload["action"] == "closed").unwrap();

    // It comes an hour late, when the pull request is open again; then once more,
    // when it is closed.
    world.github.reopen_pull_request(SHOP, number).unwrap();
    for (id, wanted) in [("late", Wanted::Present), ("later", Wanted::Absent)] {
        let body = serde_json::to_vec(&close.payload).unwrap();
        let new = NewDelivery::now(id.to_owned(), close.event.clone(), body);
        deliveries::insert(&world.pool, &[new]).await.unwrap();
        sqlx::query("update delivery set received_at = $2 where delivery_id = $1")
            .bind(id)
            .bind(close_time(&close.payload) + chrono::TimeDelta::hours(1))
            .execute(&world.pool)
            .await
            .unwrap();
        world.inbox.activate(world.fence).await.unwrap();
        assert_eq!(world.stack("shop-pr-1").await.unwrap().wanted, wanted);
        if wanted == Wanted::Present {
            world.github.close_pull_request(SHOP, number).unwrap();
        }
    }
}

fn close_time(payload: &serde_json::Value) -> chrono::DateTime<chrono::Utc> {
    payload["pull_request"]["closed_at"].as_str().unwrap().parse().unwrap()
}
