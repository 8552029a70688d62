//! What nothing asks for: told first, removed after a while, and not without a
//! person where it is much.

use std::time::Duration;

use berth_domain::cluster::{Action, Cluster as _};
use berth_domain::deployment::Phase;
use berth_domain::ids::StackName;
use berth_domain::stack::ServiceSpec;
use berth_store::pruning::{self, PrunePlan};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

/// Longer than the grace period.
const LONG_AFTER: Duration = Duration::from_secs(2 * 3600);

/// A stack that no row asks for.
async fn orphan(world: &World, name: &str) {
    let spec = Box::new(ServiceSpec::default());
    let action = Action::CreateService { name: "web".to_owned(), spec };
    world.sim.apply(&StackName::parse(name).unwrap(), &action).await.unwrap();
}

fn is_there(world: &World, name: &str) -> bool {
    !world.sim.peek(&StackName::parse(name).unwrap()).services.is_empty()
}

/// Has every stack looked at, and waits until the plan is as wanted.
async fn planned(world: &World, what: &str, wanted: impl Fn(&PrunePlan) -> bool) -> PrunePlan {
    eventually(what, async || {
        sqlx::query("select pg_notify('berth_stack', '')").execute(&world.pool).await.unwrap();
        let plan = pruning::plan(&world.pool).await.unwrap();
        wanted(&plan).then_some(plan)
    })
    .await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_orphan_is_told_of_and_goes_after_a_while(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);

    orphan(&world, "left").await;
    let plan = planned(&world, "it is told of", |plan| !plan.orphans.is_empty()).await;
    assert_eq!(
        (plan.held, plan.orphans[0].actions.as_slice()),
        (false, &["- service web".to_owned()][..])
    );
    assert!(is_there(&world, "left"));

    world.clock.advance(LONG_AFTER);
    planned(&world, "it is gone", |plan| plan.orphans.is_empty()).await;
    assert!(!is_there(&world, "left") && is_there(&world, "shop"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_database_that_knows_too_few_stacks_removes_none_until_a_person_says_so(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);

    for name in ["blog", "books", "wiki"] {
        orphan(&world, name).await;
    }
    planned(&world, "they are told of", |plan| plan.orphans.len() == 3).await;
    world.clock.advance(LONG_AFTER);
    planned(&world, "they are held", |plan| plan.held).await;

    // It goes on looking, and removes nothing.
    let looks = world.sim.calls().observe_all;
    eventually("it looked again", async || {
        sqlx::query("select pg_notify('berth_stack', '')").execute(&world.pool).await.unwrap();
        (world.sim.calls().observe_all > looks + 2).then_some(())
    })
    .await;
    assert!(["blog", "books", "wiki"].iter().all(|name| is_there(&world, name)));

    let seen = ["blog", "books", "wiki"].map(str::to_owned);
    pruning::approve(&world.pool, &seen, "ada").await.unwrap();
    planned(&world, "they are gone", |plan| plan.orphans.is_empty()).await;
    assert!(!["blog", "books", "wiki"].iter().any(|name| is_there(&world, name)));
    assert!(is_there(&world, "shop"));
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_release_that_cannot_be_read_leaves_its_stack_alone_and_no_other(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    world.settled().await;
    berth.stop().await;

    // As if it were sealed with a key that was lost.
    sqlx::query("update release set spec = '\\x00'").execute(&world.pool).await.unwrap();
    let berth = world.start(2);
    orphan(&world, "left").await;
    planned(&world, "it is told of", |plan| !plan.orphans.is_empty()).await;
    world.clock.advance(LONG_AFTER);
    planned(&world, "it is gone", |plan| plan.orphans.is_empty()).await;
    assert!(is_there(&world, "shop"));

    // Nor does a deployment wait for it without end.
    let who = berth_domain::ids::UserId::fresh();
    let again = berth_store::deployments::rollback(&world.pool, "shop", 1, who, "Ada").await;
    let (phase, reason) = world.ended(again.unwrap().1.id).await;
    assert_eq!((phase, reason.unwrap().code.as_str()), (Phase::Failed, "release_unreadable"));
    assert!(is_there(&world, "shop"));
    berth.stop().await;
}
