//! Kills, faults and changes of leader: the end is the same, and nothing is
//! done twice.

use std::time::Duration;

use berth_domain::deployment::Phase;
use berth_reconciler::sim::Fault;
use berth_store::leases;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world::{SHOP, World, eventually};

async fn releases(world: &World) -> usize {
    let rows = sqlx::query("select 1 from release").fetch_all(&world.pool);
    rows.await.unwrap().len()
}

/// What every deployment comes to that was killed on its way.
async fn assert_same_end(world: &World, id: berth_domain::ids::DeploymentId, number: usize) {
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(world.times("+ service web"), 1, "{:?}", world.done());
    assert_eq!(world.times("~ service web"), number - 1, "{:?}", world.done());
    assert_eq!(world.builder.built(), number as u64);
    assert_eq!(releases(world).await, number);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_kill_at_every_step_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    let phases = Phase::ALL.into_iter().take_while(|phase| *phase < Phase::Succeeded);
    for (number, phase) in (1..).zip(phases) {
        let berth = world.start(1);
        let id = world.push(SHOP).await;
        world.reached(id, phase).await;
        berth.kill().await;

        let berth = world.start(1);
        assert_same_end(&world, id, number).await;
        berth.stop().await;
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_kill_at_any_moment_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    for number in 1..=6_usize {
        let id = world.push(SHOP).await;
        // Killed again and again, each time a little later.
        for moment in 0..12 {
            let berth = world.start(1);
            let wait = Duration::from_millis(moment * (6 + number as u64));
            drop(tokio::time::timeout(wait, std::future::pending::<()>()).await);
            berth.kill().await;
        }
        let berth = world.start(1);
        assert_same_end(&world, id, number).await;
        berth.stop().await;
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_call_that_fails_or_whose_answer_is_lost_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    for (number, fault) in
        (1..).zip([Fault::Unavailable, Fault::AnswerLost, Fault::Stale, Fault::AnswerLost])
    {
        world.sim.fail_next([fault]);
        let id = world.push(SHOP).await;
        assert_same_end(&world, id, number).await;
    }
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_leader_that_was_replaced_changes_nothing_more(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    world.reached(id, Phase::Fetched).await;

    // The lease goes to another while the build is under way.
    let lease = leases::current(&world.pool).await.unwrap().unwrap();
    let other = Uuid::from_u128(2);
    let mut db = berth_store::begin(&world.pool).await.unwrap();
    leases::release(&mut *db, leases::Fence { epoch: lease.epoch }).await.unwrap();
    leases::acquire(&mut *db, other, Duration::from_secs(60)).await.unwrap().unwrap();
    db.commit().await.unwrap();
    let leads = leases::current(&world.pool).await.unwrap().unwrap();
    assert!(leads.epoch > lease.epoch || leads.holder == other, "{leads:?}");
    world.builder.hold(false);
    eventually("it noticed", async || (!berth.board.get().leading).then_some(())).await;

    // It is still there, it still hears hints, and it does nothing about them.
    berth_store::notify::stack(&world.pool, world.stack).await.unwrap();
    let looks = world.sim.calls().observe_all;
    eventually("it looked again, as a follower", async || {
        (world.sim.calls().observe_all > looks).then_some(())
    })
    .await;
    assert_eq!(world.done(), Vec::<String>::new());
    let stands = world.deployment(id).await.phase;
    assert!(stands <= Phase::Built, "{stands}");
    berth.stop().await;

    // Whoever leads next goes on from there.
    let fence = leases::Fence { epoch: leads.epoch };
    leases::release(&world.pool, fence).await.unwrap();
    let berth = world.start(3);
    assert_same_end(&world, id, 1).await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn of_two_replicas_one_works_and_the_other_takes_over_at_once(pool: PgPool) {
    let mut world = World::new(pool).await;
    let first = world.start(1);
    eventually("the first leads", async || first.board.get().leading.then_some(())).await;
    let second = world.start(2);
    let id = world.push(SHOP).await;
    assert_same_end(&world, id, 1).await;
    assert!(!second.board.get().leading);

    first.stop().await;
    let id = world.push(SHOP).await;
    assert_same_end(&world, id, 2).await;
    assert!(second.board.get().leading);
    second.stop().await;
}
