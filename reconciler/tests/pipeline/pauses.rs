//! Stacks that somebody paused: they are left as they are.

use berth_domain::deployment::Phase;
use berth_domain::ids::DeploymentId;
use berth_store::views::deployments::by_id;
use berth_store::{deployments, stacks};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

async fn pause(world: &World) {
    stacks::pause(&world.pool, "shop", "Ada").await.unwrap();
}

async fn waits(world: &World, id: DeploymentId) {
    eventually("the deployment says what it waits for", async || {
        by_id(&world.pool, id.0).await.unwrap().waiting
    })
    .await;
    let said = by_id(&world.pool, id.0).await.unwrap().waiting;
    assert_eq!(said.as_deref(), Some("Ada paused the stack"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_of_a_paused_stack_is_made_ready_and_waits(pool: PgPool) {
    let mut world = World::new(pool).await;
    pause(&world).await;
    let berth = world.start(1);
    let older = world.push(SHOP).await;
    waits(&world, older).await;
    assert_eq!(world.deployment(older).await.phase, Phase::Rendered);
    let newer = world.push(SHOP).await;
    waits(&world, newer).await;
    assert_eq!(world.ended(older).await.0, Phase::Superseded, "the newest that waits wins");
    assert_eq!(world.done(), Vec::<String>::new(), "nothing is applied");

    // The next process waits as well.
    berth.kill().await;
    let berth = world.start(1);
    eventually("the next one leads", async || berth.board.get().leading.then_some(())).await;
    stacks::resume(&world.pool, "shop").await.unwrap();
    assert_eq!(world.ended(newer).await, (Phase::Succeeded, None));
    assert_eq!(by_id(&world.pool, newer.0).await.unwrap().waiting, None);
    world.settled().await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_pause_stops_what_is_being_applied_and_a_resume_goes_on_with_it(pool: PgPool) {
    let mut world = World::new(pool).await;
    // The tasks take their time.
    world.sim.behave("redis:7", berth_reconciler::sim::Behaviour::Runs { after: u32::MAX });
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    world.reached(id, Phase::Applied).await;
    pause(&world).await;
    waits(&world, id).await;
    assert_eq!(world.deployment(id).await.phase, Phase::Applied);
    let done = world.done();

    world.sim.behave("redis:7", berth_reconciler::sim::Behaviour::Runs { after: 1 });
    stacks::resume(&world.pool, "shop").await.unwrap();
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    assert_eq!(world.done(), done, "what was applied is not applied again");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_waits_can_be_stopped(pool: PgPool) {
    let mut world = World::new(pool).await;
    pause(&world).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    waits(&world, id).await;
    deployments::request_cancel(&world.pool, id).await.unwrap();
    assert_eq!(world.ended(id).await.0, Phase::Cancelled);
    assert_eq!(by_id(&world.pool, id.0).await.unwrap().waiting, None);
    assert_eq!(world.row().await.release, None);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_differs_on_a_paused_stack_is_shown_and_put_back_once_it_is_resumed(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;
    pause(&world).await;
    let done = world.done();
    world.sim.meddle(&world.name(), |seen| {
        seen.services.remove("store");
    });
    berth_store::notify::stack(&world.pool, world.stack).await.unwrap();
    eventually("the difference is shown", async || {
        let plan = world.row().await.observed?.get("plan")?.to_string();
        plan.contains("+ service store").then_some(())
    })
    .await;
    assert_eq!(world.done(), done, "nothing is put back");

    stacks::resume(&world.pool, "shop").await.unwrap();
    eventually("it is put back", async || {
        world.sim.peek(&world.name()).services.contains_key("store").then_some(())
    })
    .await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_paused_stack_can_be_removed(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    pause(&world).await;
    stacks::remove(&world.pool, "shop").await.unwrap();
    eventually("it is gone", async || world.row().await.removed_at).await;
    berth.stop().await;
}
