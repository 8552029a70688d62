//! What differs without a deployment: how it is told, when it is left alone, and
//! when putting it back is given up.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::deployment::{OnDrift, Phase};
use berth_domain::stack::Mode;
use berth_reconciler::sim::Behaviour;
use berth_store::environments::{self, Settings};
use berth_store::stacks;
use serde_json::Value;
use sqlx::PgPool;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::world::{SHOP, World, eventually};

const TWO: Mode = Mode::Replicated { replicas: 2 };
const NINE: Mode = Mode::Replicated { replicas: 9 };

async fn say(world: &World, on_drift: OnDrift) {
    let settings = Settings { on_drift, ..Settings::default() };
    environments::set(&world.pool, "shop", &settings, None).await.unwrap();
}

fn scale(world: &World, mode: Mode) {
    world.sim.meddle(&world.name(), |stack| {
        stack.services.get_mut("web").unwrap().spec.as_mut().unwrap().mode = mode;
    });
}

fn mode(world: &World) -> Option<Mode> {
    Some(world.sim.peek(&world.name()).services.get("web")?.spec.as_ref()?.mode)
}

/// Waits until a pass says something, and gives the whole report.
async fn told(world: &World, what: &str) -> Value {
    eventually(&format!("it is told: {what}"), async || {
        let observed = world.row().await.observed?;
        observed.to_string().contains(what).then_some(observed)
    })
    .await
}

fn since(report: &Value) -> [String; 4] {
    let [stack, web] = [&report["state"], &report["services"][1]["state"]];
    [&stack["synced"], &stack["healthy"], &web["synced"], &web["healthy"]]
        .map(|answer| answer["since"].as_str().unwrap().to_owned())
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_differs_is_told_with_why_and_since_when_which_a_restart_does_not_change(
    pool: PgPool,
) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    let before = world.settled().await;
    assert_eq!(before["differences"], serde_json::json!([]));
    assert_eq!(before["state"]["synced"]["reason"], "nothing differs");
    assert_eq!(before["state"]["healthy"]["reason"], "all 2 services are well");
    assert_eq!(before["services"][1]["name"], "web");
    stacks::pause(&world.pool, "shop", "Ada").await.unwrap();

    scale(&world, NINE);
    let report = told(&world, "runs 9 replicas").await;
    let sentence = "service `web` runs 9 replicas; its release says 2";
    assert_eq!(report["differences"][0]["sentence"], sentence);
    for state in [&report["state"], &report["services"][1]["state"]] {
        assert_eq!(state["synced"]["value"], false);
        assert_eq!(state["synced"]["reason"], sentence);
    }
    assert_eq!(report["services"][0]["state"]["synced"]["value"], true);
    assert_eq!(report["services"][0]["state"], before["services"][0]["state"]);
    let [synced, _, web, _] = since(&report);
    assert!(synced > since(&before)[0] && web > since(&before)[2], "{report}");

    berth.kill().await;
    let berth = world.start(1);
    // Something else is news, and the rest stays as it was.
    world.sim.meddle(&world.name(), |stack| {
        stack.services.remove("store");
    });
    let after = told(&world, "service `store` is missing").await;
    assert_eq!((&since(&after)[0], &since(&after)[2]), (&synced, &web), "{after}");
    assert_eq!(after["state"]["synced"]["reason"], "service `store` is missing, and 1 more");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn where_the_environment_says_so_drift_is_shown_until_the_next_deployment(pool: PgPool) {
    let mut world = World::new(pool).await;
    say(&world, OnDrift::Show).await;
    let berth = world.start(1);
    let first = world.push(SHOP).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;
    let done = world.done();

    scale(&world, NINE);
    told(&world, "runs 9 replicas").await;
    berth.stop().await;
    // Another leader leaves it as well.
    let berth = world.start(2);
    world.sim.meddle(&world.name(), |stack| {
        stack.services.remove("store");
    });
    told(&world, "service `store` is missing").await;
    assert_eq!((world.done(), mode(&world)), (done, Some(NINE)), "nothing is put back");

    let second = world.push(SHOP).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    let report = world.settled().await;
    assert_eq!((&report["differences"], mode(&world)), (&serde_json::json!([]), Some(TWO)));

    scale(&world, NINE);
    told(&world, "runs 9 replicas").await;
    say(&world, OnDrift::Heal).await;
    eventually("it is healed after all", async || (mode(&world) == Some(TWO)).then_some(())).await;
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_deployment_that_fails_is_gone_back_from_though_drift_is_only_shown(pool: PgPool) {
    let mut world = World::new(pool).await;
    say(&world, OnDrift::Show).await;
    let berth = world.start(1);
    let compose = |image: &str| {
        format!(
            "services:\n  web:\n    image: {image}\n    deploy:\n      update_config: {{ monitor: 1s }}\n"
        )
    };
    let first = world.push(&compose("web:1")).await;
    assert_eq!(world.ended(first).await.0, Phase::Succeeded);
    world.settled().await;

    world.sim.behave("web:2", Behaviour::Crashes { exit_code: 1, log: Vec::new() });
    let second = world.push(&compose("web:2")).await;
    assert_eq!(world.ended(second).await.0, Phase::Failed);
    eventually("the release before serves again", async || {
        (world.images().get("web").map(String::as_str) == Some("web:1")).then_some(())
    })
    .await;
    world.settled().await;
    berth.stop().await;
}

fn heals(world: &World) -> usize {
    world.times("~ service web")
}

/// Scales back whatever is healed, at once, until it is dropped.
fn fighter(world: &World) -> JoinSet<()> {
    let (sim, name) = (Arc::clone(&world.sim), world.name());
    let mut running = JoinSet::new();
    running.spawn(async move {
        loop {
            let web = sim.peek(&name).services.get("web").and_then(|is| is.spec.clone());
            if web.is_some_and(|spec| spec.mode == TWO) {
                sim.meddle(&name, |stack| {
                    stack.services.get_mut("web").unwrap().spec.as_mut().unwrap().mode = NINE;
                });
            }
            sleep(Duration::from_millis(1)).await;
        }
    });
    running
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_fights_back_is_told_and_left_alone_until_the_next_deployment(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;

    let other = fighter(&world);
    let report = told(&world, "something else changes").await;
    let message = report["message"].as_str().unwrap();
    assert!(
        message.starts_with("something else changes service `web` each time: healed 5 times in "),
        "{message}"
    );
    assert!(message.ends_with(" or the next deployment"), "{message}");
    assert_eq!((heals(&world), mode(&world)), (5, Some(NINE)));

    // Many looks later, and for another leader, that is still so.
    let looks = world.sim.calls().observe;
    eventually("it was looked at again", async || {
        (world.sim.calls().observe > looks + 5).then_some(())
    })
    .await;
    berth.stop().await;
    let berth = world.start(2);
    let looks = world.sim.calls().observe;
    eventually("the next one looked at it", async || {
        (world.sim.calls().observe > looks + 5).then_some(())
    })
    .await;
    assert_eq!(heals(&world), 5);
    let acts = world.acts().await;
    let gave_up: Vec<_> = acts.iter().filter(|act| act.starts_with("gave_up")).collect();
    assert_eq!(gave_up.len(), 1, "however many looked at it: {acts:?}");
    assert!(gave_up[0].starts_with("gave_up shop: something else changes service"), "{acts:?}");
    assert!(acts.iter().any(|act| act.starts_with("healed shop: ~ service web ")), "{acts:?}");

    drop(other);
    let compose = SHOP.replace("redis:7", "redis:8");
    let next = world.push(&compose).await;
    assert_eq!(world.ended(next).await, (Phase::Succeeded, None));
    let report = world.settled().await;
    assert_eq!((&report["bouts"], mode(&world)), (&serde_json::json!([]), Some(TWO)));
    let before = heals(&world);
    scale(&world, NINE);
    eventually("it is put back at once", async || (mode(&world) == Some(TWO)).then_some(())).await;
    assert_eq!(heals(&world), before + 1);

    // When the time is over, it is tried once more, and left alone for longer.
    let _other = fighter(&world);
    told(&world, "healed 5 times").await;
    assert_eq!(heals(&world), before + 5);
    world.clock.advance(Duration::from_secs(600));
    world.sim.meddle(&world.name(), |_| {});
    told(&world, "healed 6 times").await;
    assert_eq!((heals(&world), mode(&world)), (before + 6, Some(NINE)));
    berth.stop().await;
}

/// Every kind of object, and what Swarm has defaults for.
const WIDE: &str = r#"
services:
  api:
    image: api:1
    environment: { A: "1", B: "" }
    healthcheck: { test: ["CMD", "true"], interval: 5s, retries: 3 }
    cap_add: [NET_ADMIN]
    ports: ["8081:80"]
    networks: [back, front]
    volumes: ["data:/data", { type: tmpfs, target: /tmp }]
    deploy:
      replicas: 3
      restart_policy: { condition: any, max_attempts: 0 }
      resources: { limits: { cpus: "0.5", memory: 64M } }
      placement: { constraints: ["node.role==manager", "node.role!=worker"] }
      update_config: { monitor: 1s, order: start-first, failure_action: rollback }
  agent:
    image: agent:1
    configs: [{ source: site, target: /site }]
    secrets: [key]
    deploy: { mode: global, update_config: { monitor: 1s } }
networks:
  front: {}
  back: { internal: true, ipam: { config: [{ subnet: 10.9.0.0/24 }] } }
volumes: { data: {} }
configs: { site: { content: hello } }
secrets: { key: { file: key.txt } }
"#;

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_day_of_resyncs_changes_nothing(pool: PgPool) {
    let mut world = World::new(pool).await;
    let wide = world.another_stack("wide").await;
    let small = world.another_stack("small").await;
    let berth = world.start(1);
    let mut deployments = vec![world.push(SHOP).await];
    deployments.push(world.push_to(wide, WIDE).await);
    let compose = "services:\n  web:\n    image: web:1\n    deploy: { replicas: 0, update_config: { monitor: 1s } }\n";
    deployments.push(world.push_to(small, compose).await);
    for id in deployments {
        assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    }
    world.settled().await;
    for stack in [wide, small] {
        eventually("the others are settled too", async || {
            let observed = stacks::get(&world.pool, stack).await.unwrap().observed?;
            (observed["synced"] == true && observed["health"] == "healthy").then_some(())
        })
        .await;
    }
    berth.stop().await;
    let rows = async || {
        let mut rows = Vec::new();
        for id in [world.stack, wide, small] {
            rows.push(stacks::get(&world.pool, id).await.unwrap());
        }
        rows
    };
    let (before, calls) = (rows().await, world.sim.calls());

    let mut looks = world.looks(2).await;
    let resync = Duration::from_secs(300);
    for _ in 0..24 * 3600 / resync.as_secs() {
        world.clock.advance(resync);
        assert_eq!(looks.look().await.unwrap(), 0, "nothing is left to a pass");
    }

    let after = world.sim.calls();
    assert_eq!((after.apply, after.observe), (calls.apply, calls.observe));
    assert_eq!(after.observe_all, calls.observe_all + 288);
    assert_eq!(rows().await, before, "no report is news");
}
