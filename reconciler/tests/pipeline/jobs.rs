//! Jobs before and after a rollout.

use std::time::Duration;

use berth_domain::deployment::Phase;
use berth_domain::ids::{DeploymentId, UserId};
use berth_reconciler::sim::Behaviour;
use berth_store::deployments;
use berth_store::views::deployments::log;
use sqlx::PgPool;

use crate::world::{World, eventually};

const SHOP: &str = r#"
services:
  web:
    image: web:1
    deploy: { update_config: { monitor: 1s } }
  migrate:
    image: migrate:1
    depends_on:
      db: { condition: service_healthy }
    x-berth: { job: before }
  warm:
    image: warm:1
    x-berth: { job: after }
  db:
    image: db:1
    deploy: { update_config: { monitor: 1s } }
"#;

/// The services that were made and changed, in order.
fn touched(world: &World) -> Vec<String> {
    let lines = world.done();
    let names = lines.iter().filter_map(|line| {
        let rest = line.strip_prefix("+ service ").or_else(|| line.strip_prefix("~ service "));
        rest?.split(' ').next()
    });
    names.map(str::to_owned).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn jobs_run_before_and_after_what_a_release_makes_and_what_it_changes(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let order = ["db", "migrate", "web", "warm"];
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    assert_eq!(touched(&world), order);
    let second = world.push(&SHOP.replace(":1\n", ":2\n")).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    assert_eq!(touched(&world), [order, order].concat());

    // Each deployment runs them, though nothing about them changed, and between
    // deployments they are gone.
    let third = world.push(&SHOP.replace(":1\n", ":2\n").replace("web:2", "web:3")).await;
    assert_eq!(world.ended(third).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(touched(&world), [&order[..], &order[..], &["migrate", "web", "warm"]].concat());
    eventually("its jobs are gone", async || world.images().keys().eq(["db", "web"]).then_some(()))
        .await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_job_that_fails_before_the_rollout_stops_it_and_its_log_says_why(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    let log = vec!["relation exists already".to_owned()];
    world.sim.behave("migrate:2", Behaviour::Crashes { exit_code: 7, log });
    let changed = SHOP.replace("web:1", "web:2").replace("migrate:1", "migrate:2");
    let second = world.push(&changed).await;
    let (phase, reason) = world.ended(second).await;
    let reason = reason.unwrap();
    assert_eq!(phase, Phase::Failed);
    for part in ["`migrate`", "non-zero exit (7)", "relation exists already"] {
        assert!(reason.text.contains(part), "{part}: {}", reason.text);
    }
    world.settled().await;
    assert_eq!(world.times("~ service web"), 0, "{:?}", world.done());
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_job_that_fails_after_the_rollout_fails_it_and_what_served_serves_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    let log = vec!["no such page".to_owned()];
    world.sim.behave("warm:2", Behaviour::Crashes { exit_code: 9, log });
    let second = world.push(&SHOP.replace("web:1", "web:2").replace("warm:1", "warm:2")).await;
    let (phase, reason) = world.ended(second).await;
    let reason = reason.unwrap();
    assert_eq!(phase, Phase::Failed);
    for part in ["`warm`", "non-zero exit (9)", "no such page"] {
        assert!(reason.text.contains(part), "{part}: {}", reason.text);
    }
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    eventually("its jobs are gone", async || world.images().keys().eq(["db", "web"]).then_some(()))
        .await;
    berth.stop().await;
}

/// Stops the second deployment once it waits for `image`, which is never done.
async fn stopped_at(pool: PgPool, image: &str, phase: Phase) -> World {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    world.sim.behave(image, Behaviour::Runs { after: u32::MAX });
    let second = world.push(&SHOP.replace(":1\n", ":2\n")).await;
    world.reached(second, phase).await;
    let name = image.split(':').next().unwrap().to_owned();
    eventually("it is waited for", async || {
        (world.images().get(&name).map(String::as_str) == Some(image)).then_some(())
    })
    .await;
    deployments::request_cancel(&world.pool, second).await.unwrap();
    assert_eq!(world.ended(second).await.0, Phase::Cancelled);
    world.settled().await;
    eventually("all is as before", async || {
        let images = world.images();
        let former = [("db".to_owned(), "db:1".to_owned()), ("web".to_owned(), "web:1".to_owned())];
        images.into_iter().eq(former).then_some(())
    })
    .await;
    assert_eq!(world.row().await.release, world.deployment(first).await.release);
    berth.stop().await;
    world
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn whoever_stops_a_job_before_the_rollout_has_what_served_untouched(pool: PgPool) {
    let world = stopped_at(pool, "migrate:2", Phase::Rendered).await;
    assert_eq!(world.times("~ service web"), 0, "{:?}", world.done());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn whoever_stops_a_rollout_gets_back_what_served(pool: PgPool) {
    stopped_at(pool, "web:2", Phase::Applied).await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn whoever_stops_a_job_after_the_rollout_gets_back_what_served(pool: PgPool) {
    stopped_at(pool, "warm:2", Phase::Applied).await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_jobs_wrote_is_kept_with_the_deployment_whether_they_went_well_or_not(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let wrote = |line: &str| vec!["connected".to_owned(), line.to_owned()];
    world.sim.behave("migrate:1", Behaviour::Writes { log: wrote("made 3 tables") });
    world.sim.behave("warm:1", Behaviour::Writes { log: vec!["warm".to_owned()] });
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    world.sim.behave("migrate:2", Behaviour::Crashes { exit_code: 7, log: wrote("no table") });
    let second = world.push(&SHOP.replace("migrate:1", "migrate:2")).await;
    assert_eq!(world.ended(second).await.0, Phase::Failed);
    let kept = async |id: DeploymentId| -> Vec<(String, String)> {
        let lines = log(&world.pool, id.0, 0, 100).await.unwrap();
        let jobs = lines.into_iter().filter(|line| line.source == "job");
        jobs.map(|line| (line.service, line.line)).collect()
    };
    let line = |job: &str, line: &str| (job.to_owned(), line.to_owned());
    assert_eq!(
        kept(first).await,
        [line("migrate", "connected"), line("migrate", "made 3 tables"), line("warm", "warm")]
    );
    assert!(kept(second).await.contains(&line("migrate", "no table")));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn going_back_runs_no_job(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    let newer = SHOP.replace(":1\n", ":2\n");
    let second = world.push(&newer).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    let who = UserId::fresh();
    let back = deployments::rollback(&world.pool, "shop", 1, who, "Ada").await.unwrap().1.id;
    assert_eq!(world.ended(back).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    let runs = |world: &World, job: &str| touched(world).iter().filter(|it| *it == job).count();
    assert_eq!((runs(&world, "migrate"), runs(&world, "warm")), (2, 2));

    // Nor does what a failed deployment is healed with.
    world.sim.behave("web:3", Behaviour::Crashes { exit_code: 1, log: Vec::new() });
    let third = world.push(&newer.replace("web:2", "web:3")).await;
    assert_eq!(world.ended(third).await.0, Phase::Failed);
    world.settled().await;
    assert_eq!(world.images().get("web").map(String::as_str), Some("web:1"));
    assert_eq!((runs(&world, "migrate"), runs(&world, "warm")), (3, 2));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_kill_at_any_moment_runs_no_job_twice(pool: PgPool) {
    let mut world = World::new(pool).await;
    let id = world.push(SHOP).await;
    // Killed again and again, each time a little later.
    for moment in 0..12 {
        let berth = world.start(1);
        let wait = Duration::from_millis(moment * 15);
        drop(tokio::time::timeout(wait, std::future::pending::<()>()).await);
        berth.kill().await;
    }
    let berth = world.start(1);
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(touched(&world), ["db", "migrate", "web", "warm"]);
    berth.stop().await;
}
