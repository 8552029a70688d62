//! Whose turn it is: previews wait for each other, and production for none of
//! them.

use berth_domain::deployment::{Phase, Step};
use berth_domain::ids::{DeploymentId, RepositoryId, RuleId};
use berth_domain::policy::Policy;
use berth_domain::registry::OnRegistryFailure;
use berth_domain::rule::{EventKind, Rule};
use berth_domain::turn::{Pace, Priority};
use berth_store::rules::{self, StoredRule};
use berth_store::views::deployments::by_id;
use berth_store::{build_logs, deployments};
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

    // Of those, one builds. The others' time for that has not begun.
    let lengthened = async || -> Option<Vec<f64>> {
        let mut all = Vec::new();
        for id in &previews {
            let phases = deployments::phases(&world.pool, *id).await.unwrap();
            let words = "waits for a place among the builds";
            if let Some(row) = phases.iter().find(|row| row.message == words) {
                let deadline = world.deployment(*id).await.deadline_at;
                all.push((deadline - row.started_at).as_seconds_f64());
            }
        }
        let least = Step::Build.deadline().as_secs_f64() + 1.0;
        (all.len() == 3 && all.iter().all(|allowed| *allowed > least)).then_some(all)
    };
    eventually("three wait for its place, and have longer", lengthened).await;

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

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_has_nothing_to_build_waits_for_nobodys_builds(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let (builds, other) = (world.a_preview(1).await, world.a_preview(2).await);
    let berth = world.start(1);
    // It has the only place for previews' builds.
    let building = world.push_to(builds, SHOP).await;
    eventually("its build has begun", async || {
        let lines = build_logs::read(&world.pool, building, 0, 10).await.unwrap();
        (!lines.is_empty()).then_some(())
    })
    .await;
    let plain =
        "services:\n  web:\n    image: web:1\n    deploy:\n      update_config: { monitor: 1s }\n";
    let pushed = world.push_to(other, plain).await;
    assert_eq!(world.ended(pushed).await, (Phase::Succeeded, None));
    assert_eq!(world.deployment(building).await.phase, Phase::Fetched);
    world.builder.hold(false);
    assert_eq!(world.ended(building).await.0, Phase::Succeeded);
    berth.stop().await;
}

/// A rule of the world's repository, which what is pushed next is of.
async fn follow_rule(world: &mut World, pace: Pace) -> StoredRule {
    let rule = Rule {
        id: RuleId::fresh(),
        repository: RepositoryId(100),
        name: "a rule".to_owned(),
        event: EventKind::Push,
        refs: Vec::new(),
        paths: Vec::new(),
        environment: "production".to_owned(),
        compose_file: "compose.yaml".to_owned(),
        host: "shop.localhost".to_owned(),
        policy: Policy::Trusted,
        on_registry_failure: OnRegistryFailure::default(),
        pace,
        enabled: true,
    };
    world.rule = Some((rule.id, rule.name.clone()));
    rules::create(&world.pool, &rule, 1).await.unwrap()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn of_a_rules_deployments_no_more_go_on_than_it_says_until_it_says_more(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let one = Pace { at_once: Some(1), ..Pace::default() };
    let mut stored = follow_rule(&mut world, one).await;
    let preview = SHOP.replace("x-berth:\n      routes:\n        - { port: 8080 }", "");
    let mut previews = Vec::new();
    for number in 1..=3 {
        let stack = world.a_preview(number).await;
        previews.push(world.push_to(stack, &preview).await);
    }
    let berth = world.start(1);
    eventually("two of them wait for the one", async || {
        (waiting(&world, &previews).await == 2).then_some(())
    })
    .await;
    stored.rule.pace.at_once = Some(2);
    rules::update(&world.pool, &stored.rule, 1, stored.version).await.unwrap();
    eventually("one more goes on", async || (waiting(&world, &previews).await == 1).then_some(()))
        .await;
    world.builder.hold(false);
    for id in &previews {
        assert_eq!(world.ended(*id).await, (Phase::Succeeded, None));
    }
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_has_priority_is_deployed_before_what_came_earlier(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.builder.hold(true);
    let plain = SHOP.replace("x-berth:\n      routes:\n        - { port: 8080 }", "");
    let urgent = world.another_stack("urgent").await;
    // As many as there are places, and one that waits.
    let mut all = Vec::new();
    for number in 0..9 {
        let stack = world.another_stack(&format!("other-{number}")).await;
        all.push(world.push_to(stack, &plain).await);
    }
    let berth = world.start(1);
    eventually("one waits", async || (waiting(&world, &all).await == 1).then_some(())).await;
    follow_rule(&mut world, Pace { priority: Priority::High, at_once: None }).await;
    let urgent = world.push_to(urgent, &plain).await;
    all.push(urgent);
    eventually("both wait", async || (waiting(&world, &all).await == 2).then_some(())).await;
    // One place is given up, for two.
    let mut running = None;
    for id in &all {
        if waiting(&world, std::slice::from_ref(id)).await == 0 {
            running = Some(*id);
        }
    }
    let running = running.unwrap();
    deployments::request_cancel(&world.pool, running).await.unwrap();
    assert_eq!(world.ended(running).await.0, Phase::Cancelled);
    eventually("one of them goes on", async || (waiting(&world, &all).await == 1).then_some(()))
        .await;
    assert_eq!(waiting(&world, &[urgent]).await, 0, "it came last, and had its turn first");
    world.builder.hold(false);
    for id in all.iter().filter(|id| **id != running) {
        assert_eq!(world.ended(*id).await, (Phase::Succeeded, None));
    }
    berth.stop().await;
}
