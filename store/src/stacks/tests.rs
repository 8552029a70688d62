//! Stacks against a real Postgres.

use sqlx::PgPool;

use super::*;
use crate::{environments, repositories, seed};

fn names(names: &[&str]) -> Vec<StackName> {
    names.iter().map(|name| StackName::parse(name).unwrap()).collect()
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_name_that_is_taken_is_passed_over(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    let other = seed::preview(seeded.repository, 8);
    let other = environments::ensure(&mut db, &other).await.unwrap().id;

    let taken = ensure(&mut db, other, &names(&["shop-pr-7"])).await;
    assert!(matches!(taken, Err(Error::Taken { .. })), "{taken:?}");
    let stack = ensure(&mut db, other, &names(&["shop-pr-7", "acme-shop"])).await.unwrap();
    assert_eq!(stack.name.as_str(), "acme-shop");
    let again = ensure(&mut db, other, &names(&["elsewhere"])).await.unwrap();
    assert_eq!(again, stack);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stack_that_leaves_is_waited_for(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    remove(&pool, "shop-pr-7").await.unwrap();
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    let reopened =
        environments::ensure(&mut db, &seed::preview(seeded.repository, 7)).await.unwrap().id;
    assert_ne!(reopened, seeded.environment);
    let wanted = names(&["shop-pr-7", "acme-shop-pr-7"]);
    let leaving = ensure(&mut db, reopened, &wanted).await;
    assert!(matches!(leaving, Err(Error::Conflict { .. })), "{leaving:?}");
    db.commit().await.unwrap();

    mark_removed(&pool, fence, seeded.stack).await.unwrap();
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    let stack = ensure(&mut db, reopened, &wanted).await.unwrap();
    assert_eq!(stack.name.as_str(), "shop-pr-7");
    assert_ne!(stack.id, seeded.stack);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn one_query_knows_what_every_pass_needs(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let seen = serde_json::json!({"health": "healthy"});
    observe(&pool, fence, seeded.stack, &seen, &[]).await.unwrap();

    let all = live(&pool).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].open_deployment, Some(seeded.deployment));
    assert_eq!((all[0].wanted, all[0].release), (Wanted::Present, None));
    let reports = reports(&pool, &[seeded.stack]).await.unwrap();
    assert_eq!(reports.get(&seeded.stack), Some(&seen));
    let whole = LiveStack { observed: Some(seen), ..all[0].clone() };
    assert_eq!(live_one(&pool, seeded.stack).await.unwrap(), Some(whole));
    let by_repository = of_repository(&pool, seeded.repository).await.unwrap();
    assert_eq!(by_repository, [(seeded.stack, seeded.environment)]);

    remove(&pool, "shop-pr-7").await.unwrap();
    let leaving = live_one(&pool, seeded.stack).await.unwrap().unwrap();
    assert_eq!((leaving.wanted, leaving.open_deployment), (Wanted::Absent, None));
    mark_removed(&pool, fence, seeded.stack).await.unwrap();
    assert_eq!(live(&pool).await.unwrap(), []);
    assert_eq!(live_one(&pool, seeded.stack).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stack_that_is_wanted_is_never_marked_as_removed(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let refused = mark_removed(&pool, fence, seeded.stack).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    let unknown = remove(&pool, "nobody").await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_stale_leader_writes_nothing(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    seed::depose(&pool, fence).await;
    let seen = serde_json::json!({"health": "lies"});
    for refused in [
        observe(&pool, fence, seeded.stack, &seen, &[]).await,
        set_release(&pool, fence, seeded.stack, None).await,
        mark_removed(&pool, fence, seeded.stack).await,
    ] {
        assert!(matches!(refused, Err(Error::Fenced)), "{refused:?}");
    }
    let stack = get(&pool, seeded.stack).await.unwrap();
    assert_eq!((stack.observed, stack.removed_at), (None, None));
    // The repository is a witness that nothing else went either.
    assert!(repositories::get(&pool, seeded.repository).await.unwrap().is_some());
}
