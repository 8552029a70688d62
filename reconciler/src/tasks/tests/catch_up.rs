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
