//! New tasks for what runs, without a new release.

use std::collections::{BTreeMap, BTreeSet};

use berth_domain::deployment::Phase;
use berth_domain::ids::{DeploymentId, UserId};
use berth_reconciler::sim::Behaviour;
use berth_store::deployments;
use berth_store::intent::Intent;
use sqlx::PgPool;

use crate::world::{SHOP, World};

async fn restart(world: &World, services: &[&str]) -> DeploymentId {
    let mut db = Intent::begin(&world.pool).await.unwrap();
    let of = deployments::restartable(&mut db, &world.key, "shop").await.unwrap();
    let services: BTreeSet<String> = services.iter().map(|&name| name.to_owned()).collect();
    let who = (UserId::fresh(), "Ada");
    let made = deployments::restart(&mut db, &of, &services, who).await.unwrap();
    db.commit().await.unwrap();
    made.id
}

/// The tasks that run of each service.
fn tasks(world: &World) -> BTreeMap<String, BTreeSet<String>> {
    let seen = world.sim.peek(&world.name());
    let runs = |is: berth_domain::cluster::ObservedService| {
        let tasks = is.tasks.into_iter().filter(|task| task.up_to_date);
        tasks.map(|task| task.id).collect()
    };
    seen.services.into_iter().map(|(name, is)| (name, runs(is))).collect()
}

/// Has somebody force services, so that they say so often.
fn force(world: &World, service: &str, times: u64) {
    world.sim.meddle(&world.name(), |seen| {
        let is = seen.services.get_mut(service).unwrap();
        is.spec.as_mut().unwrap().force_updates = times;
    });
}

/// How often services say that they were forced.
fn forced(world: &World) -> BTreeMap<String, u64> {
    let seen = world.sim.peek(&world.name());
    seen.services.into_iter().map(|(name, is)| (name, is.spec.unwrap().force_updates)).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_restart_replaces_the_tasks_that_it_names_and_nothing_else(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let pushed = world.push(SHOP).await;
    assert_eq!(world.ended(pushed).await.0, Phase::Succeeded);
    world.settled().await;
    // A hand was there before.
    force(&world, "web", 4);
    world.settled().await;
    let (before, images, release) = (tasks(&world), world.images(), world.row().await.release);
    let (built, asked) = (world.builder.built(), world.sim.asked_registries());
    world.builder.lose_fetches(u32::MAX);

    let one = restart(&world, &["web"]).await;
    assert_eq!(world.ended(one).await, (Phase::Succeeded, None));
    world.settled().await;
    let after = tasks(&world);
    assert!(after["web"].is_disjoint(&before["web"]), "{before:?} {after:?}");
    assert_eq!((after["web"].len(), &after["store"]), (2, &before["store"]));
    assert_eq!(world.times("~ service"), 1, "{:?}", world.done());
    assert!(world.done().last().unwrap().ends_with(" x2 anew"), "{:?}", world.done());
    assert_eq!(world.deployment(one).await.restarts["web"], Some(5));

    let all = restart(&world, &[]).await;
    assert_eq!(world.ended(all).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(world.times("~ service"), 3, "{:?}", world.done());
    assert!(tasks(&world)["store"].is_disjoint(&before["store"]));
    assert_eq!((world.images(), world.row().await.release), (images, release));
    assert_eq!((world.builder.built(), world.sim.asked_registries()), (built, asked));

    // What a hand takes back or adds is no drift.
    let done = world.done().len();
    for times in [0, 9] {
        force(&world, "web", times);
        world.settled().await;
    }
    assert_eq!(world.done().len(), done, "{:?}", world.done());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_kill_at_every_step_of_a_restart_restarts_nothing_twice(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let pushed = world.push(SHOP).await;
    assert_eq!(world.ended(pushed).await.0, Phase::Succeeded);
    world.settled().await;
    berth.stop().await;
    let steps = [Phase::Rendered, Phase::Applied, Phase::Converged, Phase::Routed];
    for (times, phase) in (1..).zip(steps) {
        let id = restart(&world, &[]).await;
        let berth = world.start(1);
        world.reached(id, phase).await;
        berth.kill().await;

        let berth = world.start(1);
        assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
        world.settled().await;
        let each = u64::try_from(times).unwrap();
        assert_eq!(forced(&world).into_values().collect::<Vec<_>>(), [each, each]);
        assert_eq!(world.times("~ service"), 2 * times, "{:?}", world.done());
        berth.stop().await;
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_restart_that_fails_changes_nothing_more_and_is_tried_again(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let pushed = world.push(SHOP).await;
    assert_eq!(world.ended(pushed).await.0, Phase::Succeeded);
    world.settled().await;
    let crash = Behaviour::Crashes { exit_code: 1, log: Vec::new() };
    world.sim.behave("redis:7", crash);
    let failed = restart(&world, &["store"]).await;
    let (phase, reason) = world.ended(failed).await;
    let reason = reason.unwrap();
    assert_eq!((phase, reason.code.as_str()), (Phase::Failed, "crash_loop"));
    assert!(!reason.text.contains("goes back"), "{}", reason.text);

    world.sim.behave("redis:7", Behaviour::Runs { after: 1 });
    let again = deployments::retry(&world.pool, failed, UserId::fresh(), "Ada").await.unwrap().1;
    assert_eq!(world.ended(again.id).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(world.deployment(again.id).await.why, "retry of #2 by Ada");
    assert_eq!(world.times("~ service store"), 2, "{:?}", world.done());
    assert_eq!(world.times("~ service web"), 0, "{:?}", world.done());
    berth.stop().await;
}

/// One service that Swarm starts twice, and no more.
const FEW: &str = "services:
  web:
    image: web:1
    deploy:
      restart_policy: { max_attempts: 1 }
      update_config: { monitor: 1s }
";

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn deploying_again_starts_what_swarm_gave_up_and_that_once(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    world.sim.behave("web:1", Behaviour::Crashes { exit_code: 1, log: Vec::new() });
    let failed = world.push(FEW).await;
    let (phase, reason) = world.ended(failed).await;
    assert_eq!((phase, reason.unwrap().code.as_str()), (Phase::Failed, "exhausted"));

    // With the cause still there, it is tried once more, and fails.
    let retry =
        async |id| deployments::retry(&world.pool, id, UserId::fresh(), "Ada").await.unwrap().1.id;
    let again = retry(failed).await;
    let (phase, reason) = world.ended(again).await;
    assert_eq!((phase, reason.unwrap().code.as_str()), (Phase::Failed, "exhausted"));
    assert_eq!(world.times("~ service web"), 1, "{:?}", world.done());

    // What a killed process had begun to apply has had its try.
    berth.stop().await;
    let begun = retry(again).await;
    sqlx::query("update deployment set plan = '[]' where deployment_id = $1")
        .bind(begun.0)
        .execute(&world.pool)
        .await
        .unwrap();
    let berth = world.start(1);
    assert_eq!(world.ended(begun).await.0, Phase::Failed);
    assert_eq!(world.times("~ service web"), 1, "{:?}", world.done());

    world.sim.behave("web:1", Behaviour::Runs { after: 1 });
    let third = retry(begun).await;
    assert_eq!(world.ended(third).await, (Phase::Succeeded, None));
    world.settled().await;
    assert_eq!(world.times("~ service web"), 2, "{:?}", world.done());
    assert!(world.done().last().unwrap().ends_with(" anew"), "{:?}", world.done());

    // What is well is left alone.
    let who = UserId::fresh();
    let (_, fourth) =
        deployments::again(&world.pool, "shop", None, who, "once more").await.unwrap();
    assert_eq!(world.ended(fourth.id).await, (Phase::Succeeded, None));
    assert_eq!(world.times("~ service web"), 2, "{:?}", world.done());
    berth.stop().await;
}
