//! Dry runs: what a deployment would do is told, and nothing is done.

use berth_domain::deployment::Phase;
use berth_store::dry_runs;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::world::{SHOP, World, eventually};

/// Asks for a dry run of `shop`, and waits for the answer.
async fn dry_run(world: &World) -> Value {
    dry_runs::ask(&world.pool, "shop", "Ada").await.unwrap();
    eventually("the dry run is answered", async || {
        dry_runs::last(&world.pool, "shop").await.unwrap()?.answer.map(|(_, answer)| answer)
    })
    .await
}

/// All that a deployment would leave behind.
async fn left(world: &World) -> (Vec<String>, u64, Vec<i64>) {
    let mut counts = Vec::new();
    // That another leads now is no dry run's doing.
    let acts = "act where kind <> 'led'";
    for table in ["deployment", "release", "route_claim", "outbox", acts, "build_log"] {
        let of = format!("select count(*) from {table}");
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(of));
        counts.push(count.fetch_one(&world.pool).await.unwrap());
    }
    (world.done(), world.builder.built(), counts)
}

fn sentences(answer: &Value) -> Vec<&str> {
    let all = answer["differences"].as_array().unwrap();
    all.iter().map(|it| it["sentence"].as_str().unwrap()).collect()
}

fn notes(answer: &Value) -> String {
    answer["notes"].as_array().unwrap().iter().map(|it| format!("{it}\n")).collect()
}

/// Has the newest deployment of `shop` be of a commit with this file, and be over
/// before anything was done of it.
async fn pushed_and_stopped(world: &mut World, compose: &str) {
    let id = world.push(compose).await;
    sqlx::query(
        "update deployment set phase = 'cancelled', finished_at = now() where deployment_id = $1",
    )
    .bind(id.0)
    .execute(&world.pool)
    .await
    .unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_the_next_deployment_would_do_is_told_and_nothing_is_done(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await, (Phase::Succeeded, None));
    world.settled().await;

    // Nothing was pushed since: the number alone would differ.
    let before = left(&world).await;
    let same = dry_run(&world).await;
    assert_eq!((&same["differences"], &same["plan"]), (&json!([]), &json!([])), "{same}");
    assert_eq!((&same["failure"], &same["number"]), (&Value::Null, &json!(2)), "{same}");
    assert!(notes(&same).contains("the image of `web` is there already"), "{same}");
    assert_eq!(left(&world).await, before);
    berth.stop().await;

    let file = SHOP
        .replace("replicas: 2", "replicas: 3")
        .replace("COMMIT: ${BERTH_SHA}", "NEWS: a planted password")
        .replace("redis:7", "redis:8");
    pushed_and_stopped(&mut world, &format!("{file}networks:\n  back: {{}}\n")).await;
    let before = left(&world).await;
    let berth = world.start(2);
    let answer = dry_run(&world).await;
    assert_eq!(answer["failure"], Value::Null, "{answer}");
    let sentences = sentences(&answer);
    for said in [
        "scale service `web` from 2 to 3 replicas",
        "add the variable `NEWS` to service `web`",
        "take the variable `COMMIT` from service `web`",
        "change the image of service `store` from `redis:7` to `redis:8`",
    ] {
        assert!(sentences.contains(&said), "{said}: {sentences:#?}");
    }
    assert!(notes(&answer).contains("the image of `web` has yet to be built"), "{answer}");
    let web = answer["texts"].as_array().unwrap().iter().find(|it| it["name"] == "web").unwrap();
    let [desired, live] = ["desired", "live"].map(|side| web[side].as_str().unwrap());
    assert!(desired.contains("replicas: 3") && live.contains("replicas: 2"), "{web}");
    assert!(desired.contains("NEWS: '•••'") || desired.contains("NEWS: •••"), "{desired}");
    assert!(!answer.to_string().contains("planted"), "{answer}");
    assert_eq!(left(&world).await, before);

    // It was the truth.
    let next = world.deploy(answer["commit"]["sha"].as_str().unwrap()).await;
    assert_eq!(world.ended(next).await, (Phase::Succeeded, None));
    world.settled().await;
    let after = dry_run(&world).await;
    assert_eq!(after["differences"], json!([]), "{after}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_a_deployment_would_fail_of_is_told_in_the_words_that_it_fails_with(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    for file in ["services:\n  web:\n    image: 7\n    nothing: known\n", "services: ["] {
        let id = world.push(file).await;
        let (phase, reason) = world.ended(id).await;
        assert_eq!(phase, Phase::Failed);
        let before = left(&world).await;
        let answer = dry_run(&world).await;
        assert_eq!(answer["failure"]["reason"], json!(reason), "{answer}");
        assert_eq!(answer["failure"]["phase"], "rendered", "{answer}");
        assert_eq!(left(&world).await, before);
    }
    // What can't be fetched is told, too.
    let id = world.deploy(&"f".repeat(40)).await;
    let (_, reason) = world.ended(id).await;
    let answer = dry_run(&world).await;
    assert_eq!(answer["failure"]["reason"], json!(reason), "{answer}");
    assert_eq!(answer["failure"]["phase"], "fetched", "{answer}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_cluster_that_can_t_run_it_is_told_beside_what_would_change(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let file = "services:\n  web:\n    image: redis:7\n    configs: [none]\n\
                configs:\n  none:\n    external: true\n";
    let id = world.push(file).await;
    let (phase, reason) = world.ended(id).await;
    assert_eq!(phase, Phase::Failed);
    let answer = dry_run(&world).await;
    assert_eq!(answer["failure"]["reason"]["code"], "preflight_failed", "{answer}");
    assert_eq!(answer["failure"]["phase"], "applied", "{answer}");
    let text = answer["failure"]["reason"]["text"].as_str().unwrap();
    assert!(reason.unwrap().text.starts_with(text), "{answer}");
    assert!(sentences(&answer).contains(&"make the service `web`"), "{answer}");
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_would_hold_a_deployment_up_is_told(pool: PgPool) {
    let mut world = World::new(pool).await;
    let berth = world.start(1);
    let id = world.push(SHOP).await;
    assert_eq!(world.ended(id).await.0, Phase::Succeeded);
    berth_store::stacks::pause(&world.pool, "shop", "Ada").await.unwrap();
    let settings = berth_store::environments::Settings { protected: true, ..Default::default() };
    berth_store::environments::set(&world.pool, "shop", &settings, None).await.unwrap();
    let answer = dry_run(&world).await;
    let holds = json!([
        "Ada paused the stack",
        "its environment is protected, and somebody has to approve it",
    ]);
    assert_eq!(answer["holds"], holds);
    berth.stop().await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_question_that_a_leader_leaves_open_the_next_one_answers(pool: PgPool) {
    let mut world = World::new(pool).await;
    pushed_and_stopped(&mut world, SHOP).await;
    dry_runs::ask(&world.pool, "shop", "Ada").await.unwrap();
    let berth = world.start(1);
    berth.kill().await;
    let berth = world.start(2);
    let answer = dry_run(&world).await;
    assert!(sentences(&answer).contains(&"make the service `web`"), "{answer}");
    berth.stop().await;
}
