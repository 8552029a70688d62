//! Deployments that fail: what is said of it, and what serves afterwards.

use berth_domain::deployment::{OnFailure, Phase, Reason};
use berth_reconciler::sim::Behaviour;
use berth_store::build_logs;
use berth_store::environments::{self, Settings};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

/// One service of an image that is there.
fn web(image: &str, more: &str) -> String {
    format!(
        "services:\n  web:\n    image: {image}\n    deploy:\n      update_config: {{ monitor: 1s{more} }}\n"
    )
}

fn crashing() -> Behaviour {
    let log = vec!["starting".to_owned(), "no database at db:5432".to_owned()];
    Behaviour::Crashes { exit_code: 3, log }
}

fn reason(ended: (Phase, Option<Reason>)) -> Reason {
    assert_eq!(ended.0, Phase::Failed);
    ended.1.unwrap()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_service_that_crashes_fails_with_its_reason_and_the_former_serves(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let good = world.push(&web("web:1", "")).await;
    assert_eq!(world.ended(good).await.0, Phase::Succeeded);
    let release = world.row().await.release;

    world.sim.behave("web:2", crashing());
    let bad = world.push(&web("web:2", "")).await;
    let reason = reason(world.ended(bad).await);

    assert_eq!(reason.code, "crash_loop");
    for part in ["`web`", "non-zero exit (3)", "no database at db:5432"] {
        assert!(reason.text.contains(part), "{part}: {}", reason.text);
    }
    assert_eq!(world.row().await.release, release);
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_failed_goes_back_once_or_is_kept_as_the_environment_says(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let good = world.push(&web("web:1", "")).await;
    assert_eq!(world.ended(good).await.0, Phase::Succeeded);
    world.sim.behave("web:2", crashing());

    let bad = world.push(&web("web:2", "")).await;
    let said = reason(world.ended(bad).await).text;
    assert!(said.ends_with("\nThe stack goes back to #1."), "{said}");
    world.settled().await;
    assert_eq!(world.times("~ service web web:1"), 1, "{:?}", world.done());

    let keeps = Settings { on_failure: OnFailure::Keep, ..Settings::default() };
    environments::set(&world.pool, "shop", &keeps, None).await.unwrap();
    let kept = world.push(&web("web:2", "")).await;
    let said = reason(world.ended(kept).await).text;
    assert!(said.ends_with("\nWhat was applied is kept as it is."), "{said}");
    // It is not fought for, either.
    world.sim.meddle(&world.name(), |seen| {
        seen.services.clear();
    });
    berth_store::notify::stack(&world.pool, world.stack).await.unwrap();
    eventually("what differs is shown", async || {
        let plan = world.row().await.observed?.get("plan")?.to_string();
        plan.contains("+ service web web:2").then_some(())
    })
    .await;
    assert_eq!(world.times("+ service web"), 1, "{:?}", world.done());
    assert_eq!(world.times("~ service web web:1"), 1, "{:?}", world.done());

    // Until somebody wants what served.
    environments::set(&world.pool, "shop", &Settings::default(), None).await.unwrap();
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_swarm_rolled_back_is_not_applied_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let good = world.push(&web("web:1", ", failure_action: rollback")).await;
    assert_eq!(world.ended(good).await.0, Phase::Succeeded);

    world.sim.behave("web:2", crashing());
    let bad = world.push(&web("web:2", ", failure_action: rollback")).await;
    let reason = reason(world.ended(bad).await);

    assert_eq!(reason.code, "rolled_back");
    assert!(reason.text.contains("Swarm took its update back"), "{}", reason.text);
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    assert_eq!(world.times("~ service web web:2"), 1, "{:?}", world.done());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_first_deployment_that_failed_is_left_as_it_is(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    world.sim.behave("web:1", crashing());
    let bad = world.push(&web("web:1", "")).await;
    assert_eq!(reason(world.ended(bad).await).code, "crash_loop");

    assert_eq!(world.row().await.release, None);
    eventually("what is there is shown", async || {
        let observed = world.row().await.observed?;
        (observed.get("plan")? == &serde_json::json!([])).then_some(())
    })
    .await;
    assert_eq!(world.times("+ service web"), 1, "{:?}", world.done());
    assert_eq!(world.times("- service web"), 0, "{:?}", world.done());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_service_that_never_becomes_healthy_fails_at_its_deadline(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    world.sim.behave("web:1", Behaviour::NeverHealthy);
    let bad = world.push(&web("web:1", "")).await;
    let reason = reason(world.ended(bad).await);
    assert_eq!(reason.code, "timed_out");
    assert!(reason.text.starts_with("service `web` did not become healthy in time"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_service_that_no_node_takes_fails(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    world.sim.behave("web:1", Behaviour::Unschedulable);
    let bad = world.push(&web("web:1", "")).await;
    let reason = reason(world.ended(bad).await);
    assert_eq!(reason.code, "unschedulable");
    assert!(reason.text.contains("no suitable node"), "{}", reason.text);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_compose_file_that_is_wrong_fails_where_it_is_rendered(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let bad = world.push("services:\n  web:\n    image: 7\n    nonsense: true\n").await;
    let reason = reason(world.ended(bad).await);

    assert_eq!(reason.code, "compose_invalid");
    let place = reason.place.unwrap();
    assert_eq!(place.file, "compose.yaml");
    assert!(place.line >= 3, "{place}");
    assert_eq!(world.deployment(bad).await.phase, Phase::Failed);
    let phases = berth_store::deployments::phases(&world.pool, bad).await.unwrap();
    let last = phases.last().unwrap();
    assert_eq!(last.phase, Phase::Rendered);
    assert_eq!(world.builder.built(), 0);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_build_that_fails_says_its_last_lines(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.fail("web", "RUN make: no rule to make target");
    let berth = world.start(1);
    let bad = world.push(SHOP).await;
    let reason = reason(world.ended(bad).await);

    assert_eq!(reason.code, "build_failed");
    assert!(reason.text.contains("no rule to make target"), "{}", reason.text);
    let log = build_logs::read(&world.pool, bad, 0, 10).await.unwrap();
    assert!(log.iter().any(|line| line.line.contains("no rule to make target")));
    assert_eq!(world.done(), Vec::<String>::new());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_commit_that_is_not_there_fails(pool: PgPool) {
    let world = World::new(pool).await;
    let berth = world.start(1);
    let bad = world.deploy(&"f".repeat(40)).await;
    assert_eq!(reason(world.ended(bad).await).code, "source_unavailable");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_git_host_that_is_away_for_a_moment_fails_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.lose_fetches(2);
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_the_cluster_can_not_run_is_told_at_once_and_nothing_is_touched(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let compose = "services:
  web:
    image: web:1
    secrets: [key]
    deploy:
      placement: { constraints: [node.role==worker] }
  big:
    image: big:1
    mem_reservation: 64g
secrets:
  key: { external: true }
";
    let id = world.push(compose).await;

    let reason = reason(world.ended(id).await);
    assert_eq!(reason.code, "preflight_failed");
    let places: Vec<&str> =
        reason.text.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["compose.yaml:6:20", "compose.yaml:9:5", "compose.yaml:11:3"]);
    assert_eq!(reason.place.unwrap().line, 6);
    assert_eq!(world.done(), Vec::<String>::new());
    berth.stop().await;
}
