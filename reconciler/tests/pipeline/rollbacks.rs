//! Going back to a kept release, and trying again what failed.

use berth_domain::deployment::Phase;
use berth_domain::ids::{DeploymentId, UserId};
use berth_reconciler::sim::Behaviour;
use berth_store::{build_logs, deployments};
use sqlx::PgPool;

use crate::world::{SHOP, World};

async fn roll_back(world: &World, number: i64) -> DeploymentId {
    let who = UserId::fresh();
    let made = deployments::rollback(&world.pool, "shop", number, who, "Ada").await;
    made.unwrap().1.id
}

/// Another commit, with another config and other images.
fn newer() -> String {
    SHOP.replace("image: redis:7", "image: redis:8").replace("commit ${", "now at ${")
}

/// What runs: each service with its image, environment, configs and secrets.
fn running(world: &World) -> Vec<String> {
    let seen = world.sim.peek(&world.name());
    let mut lines: Vec<String> =
        seen.services.iter().map(|(name, is)| format!("{name}: {:?}", is.spec)).collect();
    lines.sort();
    lines
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_rollback_runs_exactly_what_ran_without_a_fetch_or_a_build(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;
    let (before, release) = (running(&world), world.row().await.release);
    let second = world.push(&newer()).await;
    assert_eq!(world.ended(second).await.0, Phase::Succeeded);
    assert_ne!(running(&world), before);
    let (built, asked) = (world.builder.built(), world.sim.asked_registries());

    // With git away, whoever fetched would wait for it.
    world.builder.lose_fetches(u32::MAX);
    let back = roll_back(&world, 1).await;
    assert_eq!(world.ended(back).await, (Phase::Succeeded, None));
    world.settled().await;

    assert_eq!(running(&world), before);
    assert_eq!(world.row().await.release, release);
    assert_eq!((world.builder.built(), world.sim.asked_registries()), (built, asked));
    assert!(build_logs::read(&world.pool, back, 0, 10).await.unwrap().is_empty());
    let rows = sqlx::query("select 1 from release").fetch_all(&world.pool).await.unwrap();
    assert_eq!(rows.len(), 2, "a rollback makes no release");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_kill_at_every_step_of_a_rollback_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    for file in [SHOP, &newer()] {
        let pushed = world.push(file).await;
        assert_eq!(world.ended(pushed).await.0, Phase::Succeeded);
    }
    world.settled().await;
    berth.stop().await;
    let steps = [Phase::Rendered, Phase::Applied, Phase::Converged, Phase::Routed];
    let made = world.times("+ service");
    // Back and forth between the two, a kill on each way.
    for (times, (to, phase)) in (1..).zip([1, 2, 1, 2].into_iter().zip(steps)) {
        let id = roll_back(&world, to).await;
        let berth = world.start(1);
        world.reached(id, phase).await;
        berth.kill().await;

        let berth = world.start(1);
        assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
        world.settled().await;
        assert_eq!(world.times("+ service"), made, "{:?}", world.done());
        assert_eq!(world.times("~ service"), 2 + 2 * times, "{:?}", world.done());
        berth.stop().await;
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_rollback_that_fails_leaves_what_served(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    for file in [SHOP, &newer()] {
        let pushed = world.push(file).await;
        assert_eq!(world.ended(pushed).await.0, Phase::Succeeded);
    }
    world.settled().await;
    let (before, release) = (running(&world), world.row().await.release);

    let crash = Behaviour::Crashes { exit_code: 1, log: Vec::new() };
    world.sim.behave("redis:7", crash);
    let back = roll_back(&world, 1).await;
    let (phase, reason) = world.ended(back).await;
    assert_eq!((phase, reason.unwrap().code.as_str()), (Phase::Failed, "crash_loop"));
    world.settled().await;
    assert_eq!((running(&world), world.row().await.release), (before, release));

    // Tried again, it goes to the same release.
    world.sim.behave("redis:7", Behaviour::Runs { after: 1 });
    let retried = deployments::retry(&world.pool, back, UserId::fresh(), "Ada").await.unwrap().1;
    assert_eq!(world.ended(retried.id).await, (Phase::Succeeded, None));
    assert_eq!(world.deployment(retried.id).await.why, "retry of #3 by Ada");
    assert_eq!(world.images().get("store").map(String::as_str), Some("redis:7"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_push_that_failed_is_tried_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    world.builder.fail("web", "no space left");
    let failed = world.push(SHOP).await;
    assert_eq!(world.ended(failed).await.0, Phase::Failed);

    world.builder.mend("web");
    let retried = deployments::retry(&world.pool, failed, UserId::fresh(), "Ada").await.unwrap().1;
    assert_eq!(world.ended(retried.id).await, (Phase::Succeeded, None));
    berth.stop().await;
}
