//! Passes without a deployment: drift, removal, and what comes and goes.

use std::time::Duration;

use berth_domain::cluster::{Action, Cluster as _, TaskState};
use berth_domain::deployment::Phase;
use berth_domain::ids::StackName;
use berth_domain::stack::{Mode, NetworkSpec};
use berth_store::stacks;
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn drift_is_healed_and_what_is_not_ours_stays(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    world.sim.meddle(&world.name(), |stack| {
        let web = stack.services.get_mut("web").unwrap();
        web.spec.as_mut().unwrap().mode = Mode::Replicated { replicas: 9 };
        let mut guest = stack.services["store"].clone();
        guest.ours = false;
        stack.services.insert("guest".to_owned(), guest);
        stack.services.remove("store");
    });

    eventually("the drift is healed", async || {
        let services = world.sim.peek(&world.name()).services;
        let web = services.get("web")?.spec.as_ref()?;
        let healed = web.mode == (Mode::Replicated { replicas: 2 });
        (healed && services.contains_key("store") && services.contains_key("guest")).then_some(())
    })
    .await;
    let acts = world.acts().await;
    let [healed, led @ ..] = acts.as_slice() else { panic!("nothing is told") };
    assert!(healed.starts_with("healed shop: "), "{acts:?}");
    assert!(healed.contains("+ service store") && healed.contains("~ service web"), "{acts:?}");
    assert!(!led.is_empty() && led.iter().all(|act| act.starts_with("led ")), "{acts:?}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_is_removed_once_docker_confirms_it(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);

    world.sim.set_tasks_leave(false);
    stacks::remove(&world.pool, "shop").await.unwrap();
    eventually("the services are gone", async || {
        world.sim.peek(&world.name()).services.is_empty().then_some(())
    })
    .await;
    // Three tasks are still there, so nothing else goes and the row stays.
    let looks = world.sim.calls().observe;
    eventually("it was looked at again", async || {
        (world.sim.calls().observe > looks + 2).then_some(())
    })
    .await;
    let seen = world.sim.peek(&world.name());
    assert_eq!((seen.leaving_tasks, seen.volumes.len(), seen.networks.len()), (3, 1, 1));
    assert_eq!(world.row().await.removed_at, None);

    world.sim.set_tasks_leave(true);
    eventually("the row says that it is gone", async || world.row().await.removed_at).await;
    let seen = world.sim.peek(&world.name());
    let volumes = vec!["shop_data".to_owned()];
    let kept = berth_domain::cluster::ObservedStack { volumes, ..Default::default() };
    assert_eq!(seen, kept, "nothing is left but its data, which its environment keeps");
    assert_eq!(world.acts().await[0], "stack_gone shop: ");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_docker_holds_on_to_keeps_nothing_else_from_going(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);

    world.sim.refuse("- config", 1);
    stacks::remove(&world.pool, "shop").await.unwrap();
    eventually("the row says that it is gone", async || world.row().await.removed_at).await;

    let refused = world.done().iter().position(|line| line.starts_with("- config")).unwrap();
    let network = world.done().iter().position(|line| line.starts_with("- network")).unwrap();
    assert!(network < refused, "{:?}", world.done());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_docker_refuses_is_shown_to_a_person(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    world.sim.refuse("~ service web", u32::MAX);
    world.sim.meddle(&world.name(), |stack| {
        let web = stack.services.get_mut("web").unwrap();
        web.spec.as_mut().unwrap().mode = Mode::Replicated { replicas: 9 };
    });
    let message = eventually("it is told", async || {
        let observed = world.row().await.observed?;
        let message = observed.get("message")?.as_str()?.to_owned();
        (!message.is_empty()).then_some(message)
    })
    .await;
    assert!(message.contains("it is still being used"), "{message}");

    world.sim.refuse("~ service web", 0);
    // Any event wakes what is parked.
    world.sim.meddle(&world.name(), |_| {});
    eventually("it is healed, and no longer told", async || {
        let observed = world.row().await.observed?;
        let silent = observed.get("message")?.as_str()?.is_empty();
        let healed = world.sim.peek(&world.name()).services["web"].spec.as_ref()?.mode;
        (silent && healed != Mode::Replicated { replicas: 9 }).then_some(())
    })
    .await;
    let healed = world.acts().await.into_iter().filter(|act| act.starts_with("healed"));
    assert_eq!(healed.count(), 1, "however often it was tried");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_docker_refuses_keeps_nothing_else_from_being_put_back(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    world.sim.refuse("+ service store", u32::MAX);
    world.sim.meddle(&world.name(), |stack| {
        stack.services.remove("store");
        stack.services.get_mut("web").unwrap().spec.as_mut().unwrap().mode =
            Mode::Replicated { replicas: 9 };
    });
    let mode = async || Some(world.sim.peek(&world.name()).services["web"].spec.as_ref()?.mode);
    eventually("the other is put back", async || {
        (mode().await == Some(Mode::Replicated { replicas: 2 })).then_some(())
    })
    .await;
    let message = eventually("it is told", async || {
        let observed = world.row().await.observed?;
        let message = observed.get("message")?.as_str()?.to_owned();
        (!message.is_empty()).then_some(message)
    })
    .await;
    assert!(message.contains("store"), "{message}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn docker_gone_and_back_is_told_and_goes_on(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.set_away(true);
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    // To render is to ask registries, which is Docker's to do.
    world.reached(id, Phase::Built).await;
    eventually("it is told", async || {
        let docker = berth.board.get().docker;
        (!docker.ok && docker.detail.contains("away")).then_some(())
    })
    .await;

    world.sim.set_away(false);
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    eventually("it is told that Docker is back", async || {
        berth.board.get().docker.ok.then_some(())
    })
    .await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_look_at_idle_stacks_writes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;
    berth.stop().await;
    let before = world.row().await.observed_at;

    // Another start looks at everything, and finds it as it was left.
    let berth = world.start(2);
    let looks = world.sim.calls().observe_all;
    eventually("it looked at everything as the leader", async || {
        (berth.board.get().leading && world.sim.calls().observe_all > looks + 1).then_some(())
    })
    .await;
    berth.stop().await;

    assert_eq!(world.row().await.observed_at, before);
    assert_eq!(world.times("~"), 0, "{:?}", world.done());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_swarm_takes_back_each_time_is_given_up_and_told(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let compose = "services:\n  web:\n    image: web:1\n    deploy:\n      update_config: { monitor: 1s, failure_action: rollback }\n";
    let id = world.push(compose).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    // It no longer starts, and somebody put another image in its place.
    world.sim.behave(
        "web:1",
        berth_reconciler::sim::Behaviour::Crashes { exit_code: 1, log: Vec::new() },
    );
    world.sim.meddle(&world.name(), |stack| {
        let web = stack.services.get_mut("web").unwrap();
        "web:other".clone_into(&mut web.spec.as_mut().unwrap().image);
        web.tasks.retain(|task| task.state == TaskState::Running);
    });

    let message = eventually("it is told", async || {
        let observed = world.row().await.observed?;
        let message = observed.get("message")?.as_str()?.to_owned();
        (!message.is_empty()).then_some(message)
    })
    .await;
    assert!(message.contains("Swarm takes each update back"), "{message}");
    let tries = world.times("~ service web web:1");
    tokio::time::timeout(Duration::from_millis(300), std::future::pending::<()>())
        .await
        .unwrap_err();
    assert_eq!(world.times("~ service web web:1"), tries, "it goes on trying");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_no_stack_asks_for_is_removed_and_written_down(pool: PgPool) {
    let world = World::new(pool).await;
    let left = StackName::parse("left").unwrap();
    let network = "left_default".to_owned();
    let create = Action::CreateNetwork { name: network, spec: NetworkSpec::default() };
    world.sim.apply(&left, &create).await.unwrap();
    let berth = world.start(1);
    let act = eventually("it is written down", async || {
        world.clock.advance(Duration::from_secs(7200));
        // A hint that nobody understands: anything may have happened.
        let hint = "select pg_notify('berth_stack', 'anything')";
        sqlx::query(hint).execute(&world.pool).await.unwrap();
        world.acts().await.into_iter().find(|act| act.starts_with("orphan_removed"))
    })
    .await;
    assert_eq!(act, "orphan_removed left: - network left_default");
    eventually("it is gone", async || world.sim.peek(&left).networks.is_empty().then_some(()))
        .await;
    let acts = world.acts().await;
    let told = acts.iter().filter(|act| act.starts_with("orphan_removed")).count();
    assert_eq!(told, 1, "{acts:?}");
    berth.stop().await;
}
