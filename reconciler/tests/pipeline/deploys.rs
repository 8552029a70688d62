//! Deployments that go well, and those that nobody waits for any more.

use berth_domain::deployment::Phase;
use berth_domain::deployment::planned::Planned;
use berth_reconciler::sim::Behaviour;
use berth_store::deployments::{self, PhaseState};
use berth_store::{build_logs, releases};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_push_succeeds_step_by_step(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;

    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));

    let phases = deployments::phases(&world.pool, id).await.unwrap();
    let steps: Vec<(Phase, PhaseState)> = phases.iter().map(|row| (row.phase, row.state)).collect();
    let expected: Vec<(Phase, PhaseState)> = Phase::ALL
        .into_iter()
        .take_while(|phase| *phase <= Phase::Succeeded)
        .map(|phase| (phase, PhaseState::Done))
        .collect();
    assert_eq!(steps, expected);
    assert!(phases.iter().all(|row| row.ended_at.is_some()));

    let observed = world.settled().await;
    let services = observed.get("services").unwrap().as_array().unwrap();
    assert_eq!(services.len(), 2);
    let web = services.iter().find(|is| is.get("name").unwrap() == "web").unwrap();
    assert_eq!(web.get("running").unwrap(), 2);
    assert_eq!(web.get("urls").unwrap().as_array().unwrap().len(), 1);

    let log = build_logs::read(&world.pool, id, 0, 100).await.unwrap();
    let lines: Vec<&str> = log.iter().map(|line| line.line.as_str()).collect();
    assert_eq!(lines, ["a first line", "a last line"]);

    // Each object was made once, and nothing was updated for nothing.
    assert_eq!(world.times("+ service"), 2, "{:?}", world.done());
    assert_eq!(world.times("~"), 0, "{:?}", world.done());
    assert_eq!(world.times("-"), 0, "{:?}", world.done());
    let release = world.row().await.release.unwrap();
    let images = releases::images(&world.pool, release).await.unwrap();
    assert_eq!(images.len(), 1);
    assert_eq!(world.images().get("web"), images.first().map(|image| &image.tag));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn services_are_waited_for_by_light_looks_that_see_what_is_taken_away(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.behave("redis:7", Behaviour::Runs { after: 60 });
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    eventually("it waits for its services", async || {
        (world.sim.calls().observe_services > 5).then_some(())
    })
    .await;
    world.sim.meddle_unheard(&world.name(), |stack| {
        stack.services.remove("web").unwrap();
    });

    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));

    assert_eq!(world.times("+ service web"), 2, "{:?}", world.done());
    let calls = world.sim.calls();
    assert!(calls.observe < calls.observe_services / 2, "{calls:?}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_next_push_updates_and_leaves_nothing_of_the_one_before_the_last(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    world.ended(first).await;
    let newer = |config: &str| {
        SHOP.replace("image: redis:7", "image: redis:8")
            .replace("commit ${BERTH_SHORT_SHA}", config)
    };
    let second = world.push(&newer("second")).await;

    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    let configs = |world: &World| world.sim.peek(&world.name()).configs.len();
    assert_eq!(configs(&world), 2, "Swarm could not go back to the first");
    assert_eq!(world.times("~ service"), 2, "{:?}", world.done());
    let third = world.push(&newer("third")).await;
    assert_eq!(world.ended(third).await, (Phase::Succeeded, None));
    eventually("the first config is gone", async || {
        (configs(&world) == 2 && world.times("- config") == 1).then_some(())
    })
    .await;
    assert_eq!(world.images().get("store").map(String::as_str), Some("redis:8"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_keeps_what_it_was_going_to_do_and_what_became_of_it(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let old = "services:\n  old:\n    image: redis:7\n";
    let first = world.push(old).await;
    world.ended(first).await;
    let story = async |world: &World, number| {
        let stack = world.stack.0;
        let told = berth_store::views::deployments::story(&world.pool, stack, number).await;
        told.unwrap().plan.map(|plan| {
            let line = |it: &Planned| format!("{} ({})", it.text, it.state.as_str());
            plan.iter().map(line).collect::<Vec<_>>()
        })
    };
    let name = world.name();
    let network = format!("+ network {name}_default (done)");
    let made = [network, "+ service old redis:7 x1 (done)".to_owned()];
    assert_eq!(story(&world, 1).await, Some(made.to_vec()));

    let new = "services:\n  new:\n    image: redis:8\n";
    let second = world.push(new).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    let made = ["+ service new redis:8 x1 (done)", "- service old (after)"];
    assert_eq!(story(&world, 2).await, Some(made.map(str::to_owned).to_vec()));

    eventually("the old service is gone", async || {
        (!world.sim.peek(&name).services.contains_key("old")).then_some(())
    })
    .await;

    // Docker refuses it, and what was planned is known all the same.
    world.sim.refuse("+ service newer", 1);
    let third = world.push(&new.replace("new", "newer")).await;
    assert_eq!(world.ended(third).await.0, Phase::Failed);
    let planned = ["+ service newer redis:8 x1 (open)", "- service new (after)"];
    assert_eq!(story(&world, 3).await, Some(planned.map(str::to_owned).to_vec()));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_service_that_is_no_longer_asked_for_goes_after_success(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let old = "services:\n  old:\n    image: redis:7\n";
    let first = world.push(old).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    let second = world.push(&old.replace("old:", "new:")).await;
    assert_eq!(world.ended(second).await.0, Phase::Succeeded);

    eventually("the former service is gone", async || {
        let services = world.images();
        (services.len() == 1 && services.contains_key("new")).then_some(())
    })
    .await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_newer_push_takes_over_from_a_long_build(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    world.reached(first, Phase::Fetched).await;
    let second = world.push(SHOP).await;
    assert_eq!(world.ended(first).await.0, Phase::Superseded);

    // The first build's line is there, and it is never finished.
    eventually("the second build has begun", async || {
        let log = build_logs::read(&world.pool, second, 0, 10).await.unwrap();
        (!log.is_empty()).then_some(())
    })
    .await;
    world.builder.hold(false);

    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    assert_eq!(world.builder.built(), 1, "the build that nobody waits for was not dropped");
    let log = build_logs::read(&world.pool, first, 0, 10).await.unwrap();
    assert!(!log.iter().any(|line| line.line == "a last line"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_that_somebody_stops_leaves_the_cluster_alone(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    world.reached(id, Phase::Fetched).await;
    deployments::request_cancel(&world.pool, id).await.unwrap();

    assert_eq!(world.ended(id).await.0, Phase::Cancelled);
    world.builder.hold(false);
    assert_eq!(world.done(), Vec::<String>::new());
    assert_eq!(world.row().await.release, None);
    berth.stop().await;
}
