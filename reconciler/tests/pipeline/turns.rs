//! Whose turn it is: previews wait for each other, and production for none of
//! them.

use berth_domain::deployment::Phase;
use berth_domain::ids::DeploymentId;
use berth_store::build_logs;
use berth_store::views::deployments::by_id;
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

/// How many of these have to wait for their turn.
async fn waiting(world: &World, ids: &[DeploymentId]) -> usize {
    let mut waiting = 0;
    for id in ids {
        let said = by_id(&world.pool, id.0).await.unwrap().waiting;
        waiting += usize::from(said.is_some_and(|why| why.contains("has its turn after")));
    }
    waiting
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn previews_however_many_never_hold_up_production(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let mut previews = Vec::new();
    // Without routes: no two of them may have one host.
    let preview = SHOP.replace("x-berth:\n      routes:\n        - { port: 8080 }", "");
    // More than there are places for stacks.
    for number in 1..=9 {
        let stack = world.a_preview(number).await;
        previews.push(world.push_to(stack, &preview).await);
    }
    let berth = world.start(1);
    eventually("all but four of them wait", async || {
        (waiting(&world, &previews).await == 5).then_some(())
    })
    .await;

    // Its builds have places, too.
    let built = world.push(SHOP).await;
    eventually("its build has begun", async || {
        let lines = build_logs::read(&world.pool, built, 0, 10).await.unwrap();
        (!lines.is_empty()).then_some(())
    })
    .await;
    let plain =
        "services:\n  web:\n    image: web:1\n    deploy:\n      update_config: { monitor: 1s }\n";
    let pushed = world.push(plain).await;
    assert_eq!(world.ended(pushed).await, (Phase::Succeeded, None));
    assert_eq!(world.ended(built).await.0, Phase::Superseded);

    world.builder.hold(false);
    for id in &previews {
        let (phase, reason) = world.ended(*id).await;
        assert_eq!(phase, Phase::Succeeded, "{reason:?}");
    }
    assert_eq!(waiting(&world, &previews).await, 0);
    berth.stop().await;
}
