//! Services that wait for others.

use berth_domain::deployment::Phase;
use berth_reconciler::sim::Behaviour;
use sqlx::PgPool;

use crate::world::{World, eventually};

const CHAIN: &str = r#"
services:
  web:
    image: web:1
    depends_on:
      migrate: { condition: service_completed_successfully }
    deploy: { update_config: { monitor: 1s } }
  migrate:
    image: migrate:1
    depends_on:
      db: { condition: service_healthy }
  db:
    image: db:1
    deploy: { update_config: { monitor: 1s } }
"#;

/// The services that were made, in order.
fn made(world: &World) -> Vec<String> {
    let lines = world.done();
    let names = lines.iter().filter_map(|line| line.strip_prefix("+ service ")?.split(' ').next());
    names.map(str::to_owned).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn each_service_is_made_once_what_it_waits_for_has_come_so_far(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.behave("db:1", Behaviour::Runs { after: 5 });
    let berth = world.start(1);
    let id = world.push(CHAIN).await;

    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    assert_eq!(made(&world), ["db", "migrate", "web"]);
    let observed = world.settled().await;
    assert_eq!(observed["plan"], serde_json::json!([]));

    // All of them are there, so the next release goes to all at once.
    let id = world.push(&CHAIN.replace(":1\n", ":2\n")).await;
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    assert_eq!(world.times("~ service"), 3, "{:?}", world.done());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_dependency_that_fails_is_why_the_deployment_fails(pool: PgPool) {
    let mut world = World::new(pool).await;
    let log = vec!["relation exists already".to_owned()];
    world.sim.behave("migrate:1", Behaviour::Crashes { exit_code: 7, log });
    let berth = world.start(1);
    let id = world.push(CHAIN).await;

    let (phase, reason) = world.ended(id).await;
    let reason = reason.unwrap();
    assert_eq!(phase, Phase::Failed);
    for part in ["`migrate`", "non-zero exit (7)", "relation exists already"] {
        assert!(reason.text.contains(part), "{part}: {}", reason.text);
    }
    assert_eq!(made(&world), ["db", "migrate"]);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_circle_is_refused_before_anything_is_touched(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(&CHAIN.replace("image: db:1", "image: db:1\n    depends_on: [web]")).await;

    let (phase, reason) = world.ended(id).await;
    let reason = reason.unwrap();
    assert_eq!((phase, reason.code.as_str()), (Phase::Failed, "compose_invalid"));
    assert!(reason.text.contains("`db` → `web` → `migrate` → `db`"), "{}", reason.text);
    assert_eq!(reason.place.unwrap().line, 11);
    assert_eq!(world.done(), Vec::<String>::new());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_hour_in_which_nobody_led_makes_no_deployment_fail(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.behave("db:1", Behaviour::NeverHealthy);
    let berth = world.start(1);
    let id = world.push(CHAIN).await;
    eventually("it is being applied", async || (made(&world) == ["db"]).then_some(())).await;
    berth.kill().await;

    for sql in [
        "update leader_lease set expires_at = now() - interval '1 hour'",
        "update deployment set deadline_at = deadline_at - interval '1 hour'",
        "update deployment_phase set started_at = started_at - interval '1 hour'",
    ] {
        sqlx::query(sql).execute(&world.pool).await.unwrap();
    }
    world.sim.behave("db:1", Behaviour::Runs { after: 5 });
    let berth = world.start(2);
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    assert_eq!(made(&world), ["db", "migrate", "web"]);
    berth.stop().await;
}
