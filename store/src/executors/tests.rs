//! What executors say and are told, against a real Postgres.

use berth_domain::build::Image;
use berth_domain::facts::NodeFacts;
use berth_domain::node::{NodeContainer, NodeImage, NodeVolume};
use berth_domain::stack::{ServiceSpec, StackSpec};
use sqlx::PgPool;

use super::*;
use crate::releases::{self, NewRelease};
use crate::{Error, environments, nodes, retention, seed, stacks};

const NODE: &str = "n1";
const STACK: &str = "shop-pr-7";

fn name(text: &str) -> StackName {
    StackName::parse(text).unwrap()
}

fn volume() -> NodeVolume {
    NodeVolume { name: format!("{STACK}_data"), stack: name(STACK) }
}

fn told(report: NodeReport) -> Told {
    Told {
        hostname: "harbour-1".to_owned(),
        version: "0.1.0".to_owned(),
        report,
        failures: Vec::new(),
    }
}

/// A leader, and a Swarm of one node.
async fn lead(pool: &PgPool) -> Fence {
    let fence = seed::lead(pool).await;
    let node = NodeFacts {
        id: NODE.to_owned(),
        name: "harbour-1".to_owned(),
        manager: true,
        ..NodeFacts::default()
    };
    nodes::observe(pool, fence, &[node]).await.unwrap();
    fence
}

fn planned(item: Item, due: DateTime<Utc>) -> Planned {
    Planned { item, since: DateTime::UNIX_EPOCH, due }
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn an_executor_is_told_what_is_due_and_nothing_that_is_wanted_again(pool: PgPool) {
    let fence = lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let report_it = NodeReport {
        volumes: vec![volume()],
        containers: vec![NodeContainer {
            id: "c".to_owned(),
            stack: name(STACK),
            service: "s".to_owned(),
        }],
        images: Vec::new(),
    };
    let told = told(report_it);
    assert!(report(&pool, NODE, &told).await.unwrap().is_empty(), "nobody planned anything");
    let item = |it: NodeVolume| Item::Volume { name: it.name, stack: it.stack };
    let container = Item::Container { id: "c".to_owned(), stack: name(STACK) };
    let far = DateTime::from_timestamp(32_503_680_000, 0).unwrap();
    let now = DateTime::UNIX_EPOCH;
    let plans = vec![planned(item(volume()), now), planned(container.clone(), far)];
    plan(&pool, fence, &[(NODE.to_owned(), plans)]).await.unwrap();

    assert!(report(&pool, NODE, &told).await.unwrap().is_empty(), "its stack is there");
    stacks::remove(&pool, STACK).await.unwrap();
    assert!(report(&pool, NODE, &told).await.unwrap().is_empty(), "it is still being removed");
    stacks::mark_removed(&pool, fence, seeded.stack).await.unwrap();
    assert_eq!(report(&pool, NODE, &told).await.unwrap(), [item(volume())]);
    let told_of = list(&pool).await.unwrap();
    assert_eq!((told_of.len(), told_of[0].plan.len(), told_of[0].silent), (1, 2, false));
    assert!(silent(&pool).await.unwrap().is_empty());

    let gone = gone_stacks(&pool, &[name(STACK), name("blog")].into()).await.unwrap();
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].policy, VolumePolicy::WithStack, "it is a preview's");

    let stranger = report(&pool, "n2", &told).await;
    assert!(matches!(stranger, Err(Error::NotFound { what: "node" })), "{stranger:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_silent_executor_is_told_and_one_whose_node_left_is_forgotten(pool: PgPool) {
    let fence = lead(&pool).await;
    report(&pool, NODE, &told(NodeReport::default())).await.unwrap();
    sqlx::raw_sql("update executor set reported_at = now() - interval '1 hour'")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(silent(&pool).await.unwrap(), ["harbour-1"]);
    assert!(list(&pool).await.unwrap()[0].silent);
    assert!(!has_strays(&pool).await.unwrap());
    let other = NodeFacts { id: "other".to_owned(), ..NodeFacts::default() };
    nodes::observe(&pool, fence, &[other]).await.unwrap();
    assert!(has_strays(&pool).await.unwrap());
    plan(&pool, fence, &[]).await.unwrap();
    assert!(list(&pool).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn an_image_is_handed_out_only_while_no_kept_release_names_it(pool: PgPool) {
    let fence = lead(&pool).await;
    let key = SealKey::generate();
    let seeded = seed::deployment(&pool, fence).await;
    let web = ServiceSpec { image: "nginx:1@sha256:22".to_owned(), ..ServiceSpec::default() };
    let spec =
        StackSpec { services: [("web".to_owned(), web.into())].into(), ..StackSpec::default() };
    let built = Image { tag: "berth/a:1".to_owned(), digest: "sha256:33".into(), reused: false };
    let images = std::slice::from_ref(&built);
    let new = NewRelease { deployment: seeded.deployment, spec: &spec, images };
    releases::insert(&pool, fence, &key, new).await.unwrap();

    let keys: BTreeSet<String> = ["sha256:22", "sha256:33", "sha256:44"].map(str::to_owned).into();
    assert_eq!(kept_images(&pool, &keys).await.unwrap(), None, "nobody has read it yet");
    name_images(&pool, fence, &key).await.unwrap();
    name_images(&pool, fence, &key).await.unwrap();
    let kept = kept_images(&pool, &keys).await.unwrap().unwrap();
    assert_eq!(kept, ["sha256:22", "sha256:33"].map(str::to_owned).into());
    assert!(old_images(&pool, &keys).await.unwrap().is_empty());

    let image = NodeImage {
        name: "nginx@sha256:22".to_owned(),
        stack: None,
        keys: vec!["sha256:22".to_owned()],
    };
    let item = Item::Image { name: image.name.clone(), stack: None };
    let told = told(NodeReport { images: vec![image], ..NodeReport::default() });
    report(&pool, NODE, &told).await.unwrap();
    let plans = vec![planned(item.clone(), DateTime::UNIX_EPOCH)];
    plan(&pool, fence, &[(NODE.to_owned(), plans)]).await.unwrap();
    assert!(report(&pool, NODE, &told).await.unwrap().is_empty(), "a release names it");

    stacks::remove(&pool, STACK).await.unwrap();
    stacks::mark_removed(&pool, fence, seeded.stack).await.unwrap();
    let none = retention::Kept { count: 0, age: Duration::ZERO };
    assert_eq!(retention::forget_releases(&pool, fence, none).await.unwrap(), 1);
    assert_eq!(report(&pool, NODE, &told).await.unwrap(), [item]);
    let old = old_images(&pool, &keys).await.unwrap();
    assert_eq!(old, ["sha256:22", "sha256:33"].map(str::to_owned).into());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_token_is_made_once_and_known_by_its_hash(pool: PgPool) {
    let fence = lead(&pool).await;
    let key = SealKey::generate();
    let made = token(&pool, fence, &key).await.unwrap();
    let again = token(&pool, fence, &key).await.unwrap();
    assert_eq!(made.expose_secret(), again.expose_secret());
    let hash = |text: &str| Sha256::digest(text.as_bytes()).into();
    assert!(is_token(&pool, &hash(made.expose_secret())).await.unwrap());
    assert!(!is_token(&pool, &hash("berth_executor_0")).await.unwrap());
    let other = token(&pool, fence, &SealKey::generate()).await;
    assert!(matches!(other, Err(Error::Corrupt { .. })), "another key opens nothing");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stale_leader_plans_nothing_on_nodes_and_makes_no_token(pool: PgPool) {
    let stale = lead(&pool).await;
    report(&pool, NODE, &told(NodeReport::default())).await.unwrap();
    seed::depose(&pool, stale).await;
    let key = SealKey::generate();
    assert!(matches!(token(&pool, stale, &key).await, Err(Error::Fenced)));
    let item = Item::Container { id: "c".to_owned(), stack: name(STACK) };
    let plans = [(NODE.to_owned(), vec![planned(item, DateTime::UNIX_EPOCH)])];
    assert!(matches!(plan(&pool, stale, &plans).await, Err(Error::Fenced)));
    assert!(list(&pool).await.unwrap()[0].plan.is_empty());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_is_said_of_volumes_decides_whether_a_pass_keeps_them(pool: PgPool) {
    let fence = lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let keeps =
        async || stacks::live_one(&pool, seeded.stack).await.unwrap().unwrap().keeps_volumes;
    assert!(!keeps().await, "it is a preview's");
    for (volumes, kept) in [
        (VolumePolicy::Keep, true),
        (VolumePolicy::AfterDays(7), true),
        (VolumePolicy::WithStack, false),
    ] {
        let (settings, _) = environments::settings(&pool, STACK).await.unwrap();
        let said = environments::Settings { volumes, ..settings };
        environments::set(&pool, STACK, &said, None).await.unwrap();
        assert_eq!(environments::settings(&pool, STACK).await.unwrap().0, said);
        assert_eq!(keeps().await, kept, "{volumes:?}");
    }
}
