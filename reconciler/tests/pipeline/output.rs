//! What containers write is stored: once, whatever happens meanwhile.

use std::time::Duration;

use berth_domain::cluster::output::Wrote;
use berth_domain::deployment::Phase;
use berth_store::logs::{self, Filter};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

/// The shop, running.
async fn running(pool: PgPool) -> World {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    berth.stop().await;
    world
}

/// Has `web` write lines, a second after each other.
fn write(world: &World, numbers: std::ops::RangeInclusive<u32>) {
    for number in numbers {
        world.clock.advance(Duration::from_secs(1));
        world.sim.write(
            &world.name(),
            "web",
            Wrote {
                task_id: format!("task-{}", number % 2),
                task: format!("web.{}", number % 2),
                node_id: Some("n1".to_owned()),
                node: Some("one".to_owned()),
                stderr: false,
                at: world.clock.now(),
                text: format!("line {number}"),
            },
        );
    }
}

async fn stored(world: &World) -> Vec<String> {
    let filter = Filter::default();
    let lines = logs::before(&world.pool, world.stack, &filter, i64::MAX, 5000).await.unwrap();
    lines.into_iter().map(|line| line.text).collect()
}

/// Waits until `last` is stored.
async fn comes(world: &World, last: u32) {
    let last = format!("line {last}");
    eventually(&format!("`{last}` is stored"), async || {
        stored(world).await.contains(&last).then_some(())
    })
    .await;
}

fn lines(numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|number| format!("line {number}")).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_was_written_before_and_what_comes_is_stored_once(pool: PgPool) {
    let world = running(pool).await;
    write(&world, 1..=20);
    let berth = world.start(1);
    comes(&world, 20).await;
    write(&world, 21..=30);
    comes(&world, 30).await;
    // The engine starts anew: what it gives again is no news.
    world.sim.cut_output();
    write(&world, 31..=40);
    comes(&world, 40).await;
    assert_eq!(stored(&world).await, lines(1..=40));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_leads_next_goes_on_where_the_last_one_was(pool: PgPool) {
    let world = running(pool).await;
    let first = world.start(1);
    write(&world, 1..=10);
    comes(&world, 10).await;
    first.kill().await;
    write(&world, 11..=20);
    sqlx::query("update leader_lease set expires_at = now() - interval '1 second'")
        .execute(&world.pool)
        .await
        .unwrap();
    let second = world.start(2);
    comes(&world, 20).await;
    write(&world, 21..=25);
    comes(&world, 25).await;
    assert_eq!(stored(&world).await, lines(1..=25));
    second.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_engine_that_is_away_loses_no_line(pool: PgPool) {
    let world = running(pool).await;
    let berth = world.start(1);
    write(&world, 1..=5);
    comes(&world, 5).await;
    world.sim.set_away(true);
    write(&world, 6..=15);
    world.sim.set_away(false);
    comes(&world, 15).await;
    assert_eq!(stored(&world).await, lines(1..=15));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_service_that_writes_without_end_is_cut_to_its_rate_and_that_is_told(pool: PgPool) {
    let world = running(pool).await;
    let at = world.clock.now();
    for number in 0..7000 {
        world.sim.write(
            &world.name(),
            "web",
            Wrote {
                task_id: "task".to_owned(),
                task: "web.1".to_owned(),
                node_id: None,
                node: None,
                stderr: false,
                at: at + chrono::TimeDelta::microseconds(number),
                text: format!("line {number}"),
            },
        );
    }
    let berth = world.start(1);
    let told = eventually("it is told", async || {
        logs::troubles(&world.pool, world.stack, None, None).await.unwrap().pop()
    })
    .await;
    assert!(told.message.contains("500 lines a second"), "{}", told.message);
    let filter = Filter::default();
    let kept = logs::before(&world.pool, world.stack, &filter, i64::MAX, 9000).await.unwrap();
    // A window of ten seconds, or two where it began in between.
    assert!((5000..7000).contains(&kept.len()), "{}", kept.len());
    berth.stop().await;
}
