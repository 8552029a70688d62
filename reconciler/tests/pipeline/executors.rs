//! Executors: their service is kept like a stack, and what a node is to remove is
//! planned from what they say.

use std::time::Duration;

use berth_domain::deployment::Phase;
use berth_domain::ids::StackName;
use berth_domain::node::{Item, NodeContainer, NodeReport, NodeVolume, VolumePolicy};
use berth_domain::stack::Mode;
use berth_reconciler::settings::Executor;
use berth_store::executors::{self, Told};
use berth_store::{environments, stacks};
use sqlx::PgPool;
use url::Url;
use uuid::Uuid;

use crate::world::{SHOP, World, eventually};

fn executor(instance: u128) -> Executor {
    Executor {
        image: "berth:1".to_owned(),
        server: Url::parse("https://berth.example.org").unwrap(),
        instance: Uuid::from_u128(instance),
        socket: "/var/run/docker.sock".to_owned(),
    }
}

fn own(instance: u128) -> StackName {
    let digits = Uuid::from_u128(instance).simple().to_string();
    StackName::parse(&format!("berth-executor-{}", &digits[20..])).unwrap()
}

/// Has every stack looked at, however soon after the last time.
async fn look(world: &World) {
    world.clock.advance(Duration::from_secs(31));
    sqlx::query("select pg_notify('berth_stack', '')").execute(&world.pool).await.unwrap();
}

async fn say(world: &World, report: NodeReport) {
    let (hostname, version) = ("one".to_owned(), "1".to_owned());
    let told = Told { hostname, version, report, failures: Vec::new() };
    eventually("the node is known", async || {
        executors::report(&world.pool, "n1", &told).await.ok().map(drop)
    })
    .await;
}

/// What is planned on the node, once it is `many` things.
async fn planned(world: &World, many: usize) -> Vec<Item> {
    eventually("the plan is made", async || {
        look(world).await;
        let all = executors::list(&world.pool).await.unwrap();
        let plan = &all.first()?.plan;
        (plan.len() == many).then(|| plan.iter().map(|it| it.item.clone()).collect())
    })
    .await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_executors_are_kept_as_they_should_be_beside_anothers(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.executor = Some(executor(1));
    let others = own(2);
    let there = |name: &StackName| world.sim.peek(name).services.get("executor").cloned();
    let berth = world.start(1);
    let made = eventually("they are made", async || there(&own(1))).await.spec.unwrap();
    assert_eq!((made.image.as_str(), made.mode), ("berth:1", Mode::Global));
    assert!(made.ports.is_empty() && made.read_only);
    let secrets = world.sim.peek(&own(1)).secrets;
    let token = made.secrets.first().unwrap();
    assert!(secrets.contains_key(&token.name) && token.mode == 0o400);

    // Another Berth's stay as they are, and a hand's changes to ours do not.
    let mut foreign = there(&own(1)).unwrap();
    foreign.ours = false;
    world.sim.meddle(&others, |stack| {
        stack.services.insert("executor".to_owned(), foreign);
    });
    world.sim.meddle(&own(1), |stack| {
        stack.services.get_mut("executor").unwrap().spec.as_mut().unwrap().image = "x".to_owned();
    });
    eventually("ours is put back", async || {
        look(&world).await;
        (there(&own(1))?.spec?.image == "berth:1").then_some(())
    })
    .await;
    berth.stop().await;

    // Where there are to be none, what was there is pruned as any orphan is.
    world.executor = None;
    let berth = world.start(1);
    eventually("they are gone", async || {
        world.clock.advance(Duration::from_secs(4_000));
        look(&world).await;
        world.sim.peek(&own(1)).services.is_empty().then_some(())
    })
    .await;
    assert!(!world.sim.peek(&others).services.is_empty());
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_a_preview_left_on_a_node_is_planned_and_what_production_left_is_not(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.executor = Some(executor(1));
    let preview = world.a_preview(7).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    // Its host would be production's.
    let compose = SHOP.replace("x-berth:\n      routes:\n        - { port: 8080 }", "");
    let id = world.push_to(preview, &compose).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);

    let live = world.sim.peek(&world.name()).services["web"].id.clone();
    let name = |text: &str| StackName::parse(text).unwrap();
    let volume = |stack: &str| NodeVolume { name: format!("{stack}_data"), stack: name(stack) };
    let container = |id: &str, service: &str| NodeContainer {
        id: id.to_owned(),
        stack: name("shop"),
        service: service.to_owned(),
    };
    let report = NodeReport {
        volumes: vec![volume("shop"), volume("shop-pr-7"), volume("of-nobody")],
        containers: vec![container("old", "gone"), container("new", &live)],
        images: Vec::new(),
    };
    say(&world, report.clone()).await;
    let old = Item::Container { id: "old".to_owned(), stack: name("shop") };
    assert_eq!(planned(&world, 1).await, std::slice::from_ref(&old));

    for stack in ["shop", "shop-pr-7"] {
        stacks::remove(&world.pool, stack).await.unwrap();
    }
    eventually("both are gone", async || {
        (stacks::live(&world.pool).await.unwrap().is_empty()).then_some(())
    })
    .await;
    let plan = planned(&world, 3).await;
    let pr = Item::Volume { name: "shop-pr-7_data".to_owned(), stack: name("shop-pr-7") };
    assert!(plan.contains(&pr) && plan.contains(&old), "{plan:?}");
    assert!(plan.iter().all(|item| match item {
        Item::Volume { stack, .. } => stack.as_str() == "shop-pr-7",
        Item::Container { .. } => true,
        Item::Image { .. } => false,
    }));

    // What is gone is in no plan.
    say(&world, NodeReport { volumes: vec![volume("shop")], ..NodeReport::default() }).await;
    assert!(planned(&world, 0).await.is_empty());
    assert_eq!(world.sim.peek(&world.name()).volumes, ["shop_data"], "production's data stays");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stack_takes_its_volumes_along_where_that_is_said(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    let volumes = VolumePolicy::WithStack;
    let said = environments::Settings { volumes, ..environments::Settings::default() };
    environments::set(&world.pool, "shop", &said, None).await.unwrap();
    stacks::remove(&world.pool, "shop").await.unwrap();
    eventually("the row says that it is gone", async || world.row().await.removed_at).await;
    assert!(world.sim.peek(&world.name()).volumes.is_empty());
    berth.stop().await;
}
