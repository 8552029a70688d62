//! What a restricted environment may run, and what comes of asking for more.

use berth_domain::deployment::Phase;
use berth_domain::policy::Policy;
use sqlx::PgPool;

use crate::world::{SHOP, World};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_a_restricted_file_may_not_ask_for_fails_where_it_is_rendered(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.policy = Policy::Restricted;
    let berth = world.start(1);
    let file = SHOP
        .replace("data:/data", "/var/run/docker.sock:/var/run/docker.sock")
        .replace("    image: redis:7\n", "    image: redis:7\n    cap_add: [SYS_ADMIN]\n");
    let bad = world.push(&file).await;
    let (phase, reason) = world.ended(bad).await;

    assert_eq!(phase, Phase::Failed);
    let reason = reason.unwrap();
    let line = |part: &str| {
        let line = file.lines().position(|line| line.contains(part)).unwrap() + 1;
        u32::try_from(line).unwrap()
    };
    assert_eq!(reason.place.unwrap().line, line("SYS_ADMIN"));
    let lines: Vec<&str> = reason.text.lines().collect();
    assert_eq!(lines.len(), 2, "{}", reason.text);
    assert!(lines[0].starts_with(&format!("compose.yaml:{}:", line("SYS_ADMIN"))), "{}", lines[0]);
    assert!(
        lines[1].starts_with(&format!("compose.yaml:{}:", line("docker.sock"))),
        "{}",
        lines[1]
    );
    let phases = berth_store::deployments::phases(&world.pool, bad).await.unwrap();
    assert_eq!(phases.last().unwrap().phase, Phase::Rendered);
    assert_eq!(world.builder.built(), 0, "nothing is built for it");
    assert_eq!(world.done(), Vec::<String>::new(), "nothing is made of it");

    // The same, where the rule trusts the file.
    world.policy = Policy::Trusted;
    let good = world.push(&file).await;
    assert_eq!(world.ended(good).await.0, Phase::Succeeded);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_restricted_stack_runs_with_limits_and_says_what_was_cut_down(pool: PgPool) {
    let mut world = World::new(pool).await;
    world.policy = Policy::Restricted;
    let berth = world.start(1);
    let id = world.push(&SHOP.replace("replicas: 2", "replicas: 20")).await;
    let ended = world.ended(id).await;
    assert_eq!(ended.0, Phase::Succeeded, "{:?}", ended.1);

    let services = world.sim.peek(&world.name()).services;
    assert_eq!(services.len(), 2);
    for (name, service) in services {
        let resources = service.spec.unwrap().into_inner().resources;
        assert_eq!(resources.limit_memory, Some(1 << 30), "{name}");
        assert_eq!(resources.limit_pids, Some(512), "{name}");
    }
    let phases = berth_store::deployments::phases(&world.pool, id).await.unwrap();
    let rendered = phases.iter().find(|row| row.phase == Phase::Rendered).unwrap();
    assert!(rendered.message.contains("3 tasks instead of 20"), "{}", rendered.message);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn no_file_of_either_kind_sees_the_environment_of_the_server(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    // Whatever runs this test has both.
    for (policy, name) in [(Policy::Restricted, "PATH"), (Policy::Trusted, "HOME")] {
        assert!(std::env::var_os(name).is_some(), "{name}");
        world.policy = policy;
        let secret = format!("secrets:\n  key:\n    environment: {name}\n");
        let bad = world.push(&SHOP.replace("secrets:\n  key:\n    file: key.txt\n", &secret)).await;
        let (phase, reason) = world.ended(bad).await;
        assert_eq!(phase, Phase::Failed);
        let text = reason.unwrap().text;
        assert!(text.contains(&format!("names the variable `{name}`, which is not set")), "{text}");

        let passed = format!(
            "    environment:\n      COMMIT: x{policy:?}\n      {name}:\n      IN: \"${{{name}-unset}}\"\n"
        );
        let good = world
            .push(&SHOP.replace("    environment:\n      COMMIT: ${BERTH_SHA}\n", &passed))
            .await;
        let ended = world.ended(good).await;
        assert_eq!(ended.0, Phase::Succeeded, "{:?}", ended.1);
        let services = world.sim.peek(&world.name()).services;
        let env = services["web"].spec.clone().unwrap().into_inner().env;
        assert_eq!(env[name], None);
        assert_eq!(env["IN"].as_deref(), Some("unset"));
    }
    berth.stop().await;
}
