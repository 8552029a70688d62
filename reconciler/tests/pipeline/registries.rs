//! From tags to digests: what a release names, and what becomes of a deployment
//! whose registry is away.

use berth_domain::deployment::Phase;
use berth_store::deployments;
use sqlx::PgPool;

use crate::world::{World, eventually};

const COMPOSE: &str = "services:
  web:
    image: r.example/web:1
    deploy: { update_config: { monitor: 1s } }
  store:
    image: r.example/store
    deploy: { update_config: { monitor: 1s } }
  tool:
    image: made-here:1
    deploy: { update_config: { monitor: 1s } }
";

fn image(world: &World, service: &str) -> String {
    world.images().remove(service).unwrap_or_default()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_tag_that_moved_changes_the_services_that_use_it_and_no_other(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.publish("r.example/web:1", "sha256:a1");
    world.sim.publish("r.example/store:latest", "sha256:b1");
    let berth = world.start(1);
    let first = world.push(COMPOSE).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    assert_eq!(image(&world, "web"), "r.example/web:1@sha256:a1");
    assert_eq!(image(&world, "store"), "r.example/store:latest@sha256:b1");
    assert_eq!(image(&world, "tool"), "made-here:1");
    let phases = deployments::phases(&world.pool, first).await.unwrap();
    let rendered = phases.iter().find(|step| step.phase == Phase::Rendered).unwrap();
    assert!(rendered.message.contains("`made-here:1` of `tool` is in no registry"), "{rendered:?}");

    world.sim.publish("r.example/web:1", "sha256:a2");
    let second = world.push(COMPOSE).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    assert_eq!(image(&world, "web"), "r.example/web:1@sha256:a2");
    let updates: Vec<String> =
        world.done().into_iter().filter(|line| line.starts_with('~')).collect();
    assert_eq!(updates, ["~ service web r.example/web:1@sha256:a2 x1"]);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_release_is_put_back_with_no_registry_asked(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.publish("r.example/web:1", "sha256:a1");
    world.sim.publish("r.example/store:latest", "sha256:b1");
    let berth = world.start(1);
    let first = world.push(COMPOSE).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));
    world.settled().await;

    let asked = world.sim.asked_registries();
    world.sim.set_registries_away(true);
    world.sim.publish("r.example/web:1", "sha256:a2");
    world.sim.meddle(&world.name(), |seen| {
        let web = seen.services.get_mut("web").unwrap();
        web.version.0 += 1000;
        web.spec.as_mut().unwrap().image = "r.example/web:1@sha256:zz".to_owned();
    });
    eventually("the digest of the release is back", async || {
        (image(&world, "web") == "r.example/web:1@sha256:a1").then_some(())
    })
    .await;
    assert_eq!(world.sim.asked_registries(), asked);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_registry_that_is_away_is_asked_again_until_the_time_is_over(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.publish("r.example/web:1", "sha256:a1");
    world.sim.publish("r.example/store:latest", "sha256:b1");
    world.sim.set_registries_away(true);
    let berth = world.start(1);
    let waits = async |world: &World, id| {
        eventually("the deployment says what it waits for", async || {
            let phases = deployments::phases(&world.pool, id).await.unwrap();
            let step = phases.into_iter().find(|step| step.phase == Phase::Rendered)?;
            (step.message.contains("`r.example/web:1` of `web`")
                && step.message.contains("`r.example/store:latest` of `store`")
                && step.message.contains("tries again"))
            .then_some(())
        })
        .await;
    };
    let lucky = world.push(COMPOSE).await;
    waits(&world, lucky).await;
    world.sim.set_registries_away(false);
    assert_eq!(world.ended(lucky).await, (Phase::Succeeded, None));

    world.sim.set_registries_away(true);
    let late = world.push(COMPOSE).await;
    waits(&world, late).await;
    berth.kill().await;
    sqlx::query("update deployment set deadline_at = now() where deployment_id = $1")
        .bind(late.0)
        .execute(&world.pool)
        .await
        .unwrap();
    let berth = world.start(1);
    let (phase, reason) = world.ended(late).await;
    let reason = reason.unwrap();
    assert_eq!((phase, reason.code.as_str()), (Phase::Failed, "timed_out"));
    let said = "the registry `r.example` does not answer for the image `r.example/web:1` of `web`";
    assert!(reason.text.contains(said), "{}", reason.text);
    world.settled().await;
    assert_eq!(image(&world, "web"), "r.example/web:1@sha256:a1");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn where_that_is_wished_a_deployment_goes_on_with_what_was_known(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.sim.publish("r.example/web:1", "sha256:a1");
    world.sim.publish("r.example/store:latest", "sha256:b1");
    sqlx::query("update environment set on_registry_failure = 'use_known'")
        .execute(&world.pool)
        .await
        .unwrap();
    let berth = world.start(1);
    let first = world.push(COMPOSE).await;
    assert_eq!(world.ended(first).await, (Phase::Succeeded, None));

    world.sim.set_registries_away(true);
    let changed = COMPOSE.replace("image: made-here:1", "image: made-here:2");
    let second = world.push(&changed).await;
    assert_eq!(world.ended(second).await, (Phase::Succeeded, None));
    assert_eq!(image(&world, "web"), "r.example/web:1@sha256:a1");
    assert_eq!(image(&world, "tool"), "made-here:2");
    assert_eq!(world.times("~"), 1, "{:?}", world.done());
    let phases = deployments::phases(&world.pool, second).await.unwrap();
    let rendered = phases.iter().find(|step| step.phase == Phase::Rendered).unwrap();
    let said = "`r.example/web:1` of `web` stays what it was";
    assert!(rendered.message.contains(said), "{rendered:?}");
    berth.stop().await;
}
