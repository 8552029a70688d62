//! Environments whose deployments wait for a person, or for a time.

use std::time::Duration;

use berth_domain::deployment::Phase;
use berth_domain::ids::DeploymentId;
use berth_reconciler::sim::Behaviour;
use berth_store::deployments;
use berth_store::environments::{self, Freeze, Settings};
use berth_store::views::deployments::by_id;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

async fn waiting_for(world: &World, id: DeploymentId) -> String {
    eventually("the deployment says what it waits for", async || {
        by_id(&world.pool, id.0).await.unwrap().waiting
    })
    .await
}

async fn set(world: &World, settings: Settings) {
    environments::set(&world.pool, "shop", &settings, None).await.unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_protected_environment_gets_what_somebody_approved_and_nothing_else(pool: PgPool) {
    let mut world = World::new(pool).await;
    set(&world, Settings { protected: true, ..Settings::default() }).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    let why = waiting_for(&world, first).await;
    assert_eq!(why, "its environment is protected, and somebody has to approve it");
    assert_eq!(world.done(), Vec::<String>::new());

    // What is approved is the one deployment: what takes its place waits anew.
    deployments::approve(&world.pool, first, "Ada").await.unwrap();
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    let shown = by_id(&world.pool, first.0).await.unwrap();
    assert_eq!((shown.approved_by.as_deref(), shown.waiting), (Some("Ada"), None));
    let done = world.done();
    let second = world.push(SHOP).await;
    waiting_for(&world, second).await;
    assert_eq!(world.done(), done);
    deployments::request_cancel(&world.pool, second).await.unwrap();
    assert_eq!(world.ended(second).await.0, Phase::Cancelled);
    world.settled().await;
    assert_eq!(world.done(), done, "what served still serves");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_frozen_environment_gets_what_waits_once_it_thaws_by_itself_or_by_hand(pool: PgPool) {
    let mut world = World::new(pool).await;
    let now: DateTime<Utc> =
        sqlx::query_scalar("select now()").fetch_one(&world.pool).await.unwrap();
    let frost = |until| {
        let reason = "Black Friday".to_owned();
        let freezes = vec![Freeze { from: now, until: now + until, reason }];
        Settings { freezes, ..Settings::default() }
    };
    set(&world, frost(TimeDelta::days(1))).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    let why = waiting_for(&world, first).await;
    assert!(why.starts_with("its environment is frozen until "), "{why}");
    assert!(why.ends_with(" UTC: Black Friday"), "{why}");
    assert_eq!(world.acts().await[0], format!("held shop: {why}"));
    assert_eq!(world.done(), Vec::<String>::new());
    set(&world, Settings::default()).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));

    // The time comes, and nobody does anything.
    set(&world, frost(TimeDelta::seconds(12))).await;
    let second = world.push(&SHOP.replace("redis:7", "redis:8")).await;
    waiting_for(&world, second).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    let thawed: bool = sqlx::query_scalar("select now() >= ends_at from freezes")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(thawed, "not a moment too early");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_turned_down_ends_with_who_and_why_and_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    set(&world, Settings { protected: true, ..Settings::default() }).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    waiting_for(&world, first).await;
    deployments::reject(&world.pool, first, "Ada", "not on a Friday").await.unwrap();
    let (phase, reason) = world.ended(first).await;
    assert_eq!(phase, Phase::Cancelled);
    assert_eq!(reason.unwrap().text, "rejected by Ada: not on a Friday");
    world.settled().await;
    assert_eq!(world.done(), Vec::<String>::new());

    // The next one is another question.
    let second = world.push(SHOP).await;
    waiting_for(&world, second).await;
    deployments::approve(&world.pool, second, "Ada").await.unwrap();
    assert_eq!(world.ended(second).await.0, Phase::Succeeded);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn one_deployment_is_let_through_a_freeze_and_the_next_waits(pool: PgPool) {
    let mut world = World::new(pool).await;
    let now: DateTime<Utc> =
        sqlx::query_scalar("select now()").fetch_one(&world.pool).await.unwrap();
    let reason = "Black Friday".to_owned();
    let freezes = vec![Freeze { from: now, until: now + TimeDelta::days(1), reason }];
    set(&world, Settings { freezes, ..Settings::default() }).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    waiting_for(&world, first).await;
    deployments::override_freeze(&world.pool, first, "Ada", "a hole to close").await.unwrap();
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    let done = world.done();
    let second = world.push(SHOP).await;
    waiting_for(&world, second).await;
    assert_eq!(world.done(), done);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_serves_is_healed_while_a_deployment_waits(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;
    set(&world, Settings { protected: true, ..Settings::default() }).await;
    let second = world.push(&SHOP.replace("replicas: 2", "replicas: 3")).await;
    waiting_for(&world, second).await;
    let done = world.done().len();

    // Time and again, as nobody has decided otherwise yet.
    for _ in 0..2 {
        world.clock.advance(Duration::from_secs(5));
        world.sim.meddle(&world.name(), |stack| {
            stack.services.remove("store");
        });
        eventually("it is put back", async || {
            world.sim.peek(&world.name()).services.contains_key("store").then_some(())
        })
        .await;
    }
    let since = world.done().split_off(done);
    assert!(since.iter().all(|line| line.starts_with("+ service store")), "{since:?}");

    deployments::approve(&world.pool, second, "Ada").await.unwrap();
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_a_replaced_deployment_left_half_done_is_taken_back_while_the_next_waits(
    pool: PgPool,
) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;
    let before = world.images();

    world.sim.behave("redis:8", Behaviour::NeverHealthy);
    let second = world.push(&SHOP.replace("redis:7", "redis:8")).await;
    world.reached(second, Phase::Applied).await;
    set(&world, Settings { protected: true, ..Settings::default() }).await;
    let third = world.push(&SHOP.replace("redis:7", "redis:9")).await;
    waiting_for(&world, third).await;
    assert_eq!(world.ended(second).await.0, Phase::Superseded);
    eventually("what succeeded last is back", async || (world.images() == before).then_some(()))
        .await;
    berth.stop().await;
}
