//! The outbox against a real Postgres.

use berth_domain::deployment::Step;
use sqlx::PgPool;

use super::*;
use crate::{deployments, reports, seed, stacks};

async fn hurry(pool: &PgPool) {
    sqlx::query("update outbox set due_at = now()").execute(pool).await.unwrap();
}

async fn subjects(pool: &PgPool) -> Vec<String> {
    hurry(pool).await;
    let mut kinds: Vec<String> =
        due(pool, 10).await.unwrap().into_iter().map(|it| it.subject).collect();
    kinds.sort();
    kinds
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_burst_of_changes_is_owed_as_one(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let id = seed::deployment(&pool, fence).await.deployment;
    assert!(due(&pool, 10).await.unwrap().is_empty(), "it waits for more to come");
    assert!(next_due(&pool).await.unwrap().unwrap() < Duration::from_secs(2));
    deployments::advance(&pool, fence, id, Step::Fetch, "").await.unwrap();
    let expected =
        [format!("check_run:{id}"), "comment:100:7".to_owned(), format!("deployment:{id}")];
    assert_eq!(subjects(&pool).await, expected);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_changed_while_it_was_sent_stays_due(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let id = seed::deployment(&pool, fence).await.deployment;
    hurry(&pool).await;
    let reports = due(&pool, 10).await.unwrap();
    deployments::advance(&pool, fence, id, Step::Fetch, "").await.unwrap();
    sent(&pool, fence, &reports[0]).await.unwrap();
    assert_eq!(subjects(&pool).await.len(), 3);
    hurry(&pool).await;
    for report in due(&pool, 10).await.unwrap() {
        sent(&pool, fence, &report).await.unwrap();
    }
    assert!(subjects(&pool).await.is_empty());
    assert_eq!(next_due(&pool).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_report_that_failed_waits_even_if_it_changes(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let id = seed::deployment(&pool, fence).await.deployment;
    hurry(&pool).await;
    for report in due(&pool, 10).await.unwrap() {
        failed(&pool, fence, &report, Duration::from_secs(3600), "no answer").await.unwrap();
    }
    deployments::advance(&pool, fence, id, Step::Fetch, "").await.unwrap();
    assert!(due(&pool, 10).await.unwrap().is_empty());
    assert!(next_due(&pool).await.unwrap().unwrap() > Duration::from_secs(3500));
    hurry(&pool).await;
    let report = due(&pool, 1).await.unwrap().remove(0);
    assert_eq!(report.attempts, 1);

    dropped(&pool, fence, &report, "it is gone").await.unwrap();
    assert_eq!(subjects(&pool).await.len(), 2);
    deployments::advance(&pool, fence, id, Step::Build, "").await.unwrap();
    assert_eq!(subjects(&pool).await.len(), 3);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_whole_installation_is_left_alone_on_request(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    hurry(&pool).await;
    hold(&pool, fence, seeded.repository, Duration::from_secs(60)).await.unwrap();
    assert!(due(&pool, 10).await.unwrap().is_empty());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_no_longer_serves_is_owed_when_another_succeeds_and_when_all_ends(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let (first, stack) = (seeded.deployment, seeded.stack);
    for step in Step::ALL {
        deployments::advance(&pool, fence, first, step, "").await.unwrap();
    }
    reports::put_deployment(&pool, fence, first, 1, Some("success")).await.unwrap();
    let mut db = crate::begin(&pool).await.unwrap();
    let new = seed::new_deployment(stack, &"b".repeat(40));
    let second = deployments::create(&mut db, &new).await.unwrap().id;
    db.commit().await.unwrap();
    sqlx::query("update outbox set sent_at = now()").execute(&pool).await.unwrap();

    for step in Step::ALL {
        deployments::advance(&pool, fence, second, step, "").await.unwrap();
    }
    let owed = subjects(&pool).await;
    assert!(owed.contains(&format!("deployment:{first}")), "{owed:?}");

    sqlx::query("update outbox set sent_at = now()").execute(&pool).await.unwrap();
    stacks::remove(&pool, "shop-pr-7").await.unwrap();
    let owed = subjects(&pool).await;
    assert!(owed.contains(&format!("deployment:{second}")), "{owed:?}");
    assert!(owed.contains(&"comment:100:7".to_owned()), "{owed:?}");
}
