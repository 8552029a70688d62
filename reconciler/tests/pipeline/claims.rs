//! Hosts that two stacks want.

use berth_domain::deployment::Phase;
use berth_domain::stack::Held;
use berth_store::claims;
use sqlx::PgPool;

use crate::world::{World, eventually};

/// One service at a host, of an image that tells the commits apart.
fn at(image: &str, host: &str) -> String {
    format!(
        "services:\n  web:\n    image: {image}\n    deploy: {{ update_config: {{ monitor: 1s }} }}\n    x-berth: {{ routes: [{{ port: 80, host: {host} }}] }}\n"
    )
}

async fn claimed(world: &World) -> Vec<String> {
    let held = claims::all(&world.pool).await.unwrap();
    held.into_iter().map(|Held { stack, claim }| format!("{stack} {claim}")).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_later_claimant_fails_before_anything_is_applied(pool: PgPool) {
    let mut world = World::new(pool).await;
    let other = world.another_stack("blog").await;
    let berth = world.start(1);
    let first = world.push(&at("web:1", "shop.x")).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    let done = world.done();

    let second = world.push_to(other, &at("web:2", "shop.x")).await;
    let (phase, reason) = world.ended(second).await;
    let reason = reason.unwrap();
    assert_eq!((phase, reason.code.as_str()), (Phase::Failed, "route_taken"));
    assert_eq!(
        reason.text,
        "the stack `shop` has `shop.x/` already; give the route another host or path, or remove that stack"
    );
    let phases = berth_store::deployments::phases(&world.pool, second).await.unwrap();
    assert_eq!(phases.last().unwrap().phase, Phase::Rendered);
    assert_eq!(world.done(), done, "nothing of it was applied");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_host_is_free_once_the_release_without_it_serves(pool: PgPool) {
    let mut world = World::new(pool).await;
    let other = world.another_stack("blog").await;
    let berth = world.start(1);
    let first = world.push(&at("web:1", "old.x")).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    let moved = world.push(&at("web:2", "new.x")).await;
    assert_eq!(world.ended(moved).await.0, Phase::Succeeded);
    eventually("the old host is given back", async || {
        (claimed(&world).await == ["shop `new.x/`"]).then_some(())
    })
    .await;
    let second = world.push_to(other, &at("web:3", "old.x")).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_a_failed_deployment_took_is_given_back_with_what_it_left(pool: PgPool) {
    use berth_reconciler::sim::Behaviour;
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(&at("web:1", "old.x")).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.sim.behave("web:2", Behaviour::Crashes { exit_code: 1, log: Vec::new() });
    let bad = world.push(&at("web:2", "new.x")).await;
    assert_eq!(world.ended(bad).await.0, Phase::Failed);
    eventually("the former host is all that is claimed", async || {
        (claimed(&world).await == ["shop `old.x/`"]).then_some(())
    })
    .await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_ran_before_there_were_claims_has_them_after_a_start(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(&at("web:1", "old.x")).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;
    berth.stop().await;
    sqlx::query("delete from route_claim").execute(&world.pool).await.unwrap();

    let berth = world.start(2);
    eventually("it has its claim", async || {
        (claimed(&world).await == ["shop `old.x/`"]).then_some(())
    })
    .await;
    berth.stop().await;
}
