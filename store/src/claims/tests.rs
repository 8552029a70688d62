//! Claims against a real Postgres.

use sqlx::PgPool;

use super::*;
use crate::{environments, seed, stacks};

fn http(host: &str, path: &str) -> Claim {
    Claim {
        protocol: Protocol::Http,
        entrypoints: vec!["web".to_owned(), "websecure".to_owned()],
        host: host.to_owned(),
        path: path.to_owned(),
    }
}

fn tcp(entrypoint: &str) -> Claim {
    let entrypoints = vec![entrypoint.to_owned()];
    Claim { protocol: Protocol::Tcp, entrypoints, host: "*".to_owned(), path: String::new() }
}

/// Two live stacks: `shop-pr-7` and one for each other number.
async fn stack(pool: &PgPool, fence: Fence, number: i64) -> StackId {
    let mut db = Guarded::begin(pool, fence, Write::Observe).await.unwrap();
    let preview = seed::preview(berth_domain::ids::RepositoryId(100), number);
    let environment = environments::ensure(&mut db, &preview).await.unwrap().id;
    let name = StackName::parse(&format!("shop-pr-{number}")).unwrap();
    let stack = stacks::ensure(&mut db, environment, &[name]).await.unwrap().id;
    db.commit().await.unwrap();
    stack
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn the_second_claimant_gets_nothing_and_hears_of_the_first(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let first = seed::deployment(&pool, fence).await.stack;
    let second = stack(&pool, fence, 8).await;
    let has = BTreeSet::from([http("shop.x", "/"), tcp("db")]);
    for _ in 0..2 {
        assert_eq!(take(&pool, fence, first, &has).await.unwrap(), []);
    }
    let wants = BTreeSet::from([http("free.x", "/"), http("shop.x", "/"), tcp("db")]);
    let told: Vec<String> =
        take(&pool, fence, second, &wants).await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|why| why.contains("`shop-pr-7`")), "{told:?}");
    let held: BTreeSet<Claim> = all(&pool).await.unwrap().into_iter().map(|it| it.claim).collect();
    assert_eq!(held, has, "of what is contested, nothing is taken");

    // Another path of the same host is nobody's yet.
    let wants = BTreeSet::from([http("shop.x", "/api")]);
    assert_eq!(take(&pool, fence, second, &wants).await.unwrap(), []);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn of_many_that_want_the_same_at_once_one_gets_it(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let mut stacks = vec![seed::deployment(&pool, fence).await.stack];
    for number in 8..12 {
        stacks.push(stack(&pool, fence, number).await);
    }
    let mut running = tokio::task::JoinSet::new();
    for (index, id) in stacks.into_iter().enumerate() {
        let pool = pool.clone();
        // A wildcard and a host within it are the same to claim.
        let host = if index % 2 == 0 { "*.shop.x" } else { "a.shop.x" };
        let wants = BTreeSet::from([http(host, "/")]);
        running.spawn(async move { take(&pool, fence, id, &wants).await.unwrap().is_empty() });
    }
    let won = running.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(all(&pool).await.unwrap().len(), 1);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_the_release_does_without_is_free_again(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let first = seed::deployment(&pool, fence).await.stack;
    let second = stack(&pool, fence, 8).await;
    take(&pool, fence, first, &[http("old.x", "/"), http("new.x", "/")].into()).await.unwrap();
    let left = settle(&pool, fence, first, &[http("new.x", "/"), tcp("db")].into()).await.unwrap();
    assert_eq!(left, []);
    assert_eq!(take(&pool, fence, second, &[http("old.x", "/")].into()).await.unwrap(), []);
    // What is another's meanwhile is told, and stays another's.
    let left = settle(&pool, fence, first, &[http("old.x", "/")].into()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].held.stack, "shop-pr-8");
    let held = all(&pool).await.unwrap();
    assert_eq!(held, [Held { stack: "shop-pr-8".to_owned(), claim: http("old.x", "/") }]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stack_that_is_gone_claims_nothing(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    take(&pool, fence, seeded.stack, &[http("shop.x", "/")].into()).await.unwrap();
    stacks::remove(&pool, "shop-pr-7").await.unwrap();
    // It still runs, so it still answers.
    assert_eq!(all(&pool).await.unwrap().len(), 1);
    stacks::mark_removed(&pool, fence, seeded.stack).await.unwrap();
    assert_eq!(all(&pool).await.unwrap(), []);
    let rows: i64 =
        sqlx::query_scalar("select count(*) from route_claim").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
    let late = take(&pool, fence, seeded.stack, &[http("shop.x", "/")].into()).await;
    assert!(matches!(late, Err(Error::NotFound { .. })), "{late:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stale_leader_claims_nothing(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    seed::depose(&pool, fence).await;
    let wants = BTreeSet::from([http("shop.x", "/")]);
    for refused in [
        take(&pool, fence, seeded.stack, &wants).await,
        settle(&pool, fence, seeded.stack, &wants).await,
    ] {
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }
    assert_eq!(all(&pool).await.unwrap(), []);
}
