//! The inbox against a real Postgres.

use sqlx::PgPool;

use super::*;
use crate::notify;
use crate::seed;

fn delivery(id: &str) -> NewDelivery {
    NewDelivery::now(id.to_owned(), "push".to_owned(), br#"{"a":1}"#.to_vec())
}

fn verdict(outcome: Outcome, reason: &str) -> Verdict {
    let about = About { sender: Some("a\0b".to_owned()), ..About::default() };
    Verdict { outcome, reason: reason.to_owned(), about, decisions: Vec::new() }
}

async fn ids(pool: &PgPool) -> Vec<String> {
    waiting(pool, 10).await.unwrap().into_iter().map(|it| it.id).collect()
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_delivery_is_kept_once_however_often_it_comes(pool: PgPool) {
    let batch = [delivery("b"), delivery("a"), delivery("b")];
    assert_eq!(insert(&pool, &batch).await.unwrap(), [true, true, false]);
    assert_eq!(insert(&pool, &batch).await.unwrap(), [false, false, false]);
    assert_eq!(ids(&pool).await.len(), 2);
    let known = known(&pool, &["a".to_owned(), "z".to_owned()]).await.unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), ["a"]);
    assert!(last_received(&pool).await.unwrap().is_some());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn deliveries_are_judged_in_the_order_in_which_they_came(pool: PgPool) {
    let first = delivery("z");
    std::thread::sleep(Duration::from_millis(5));
    let second = delivery("a");
    insert(&pool, &[second, first]).await.unwrap();
    assert_eq!(ids(&pool).await, ["z", "a"]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_has_been_judged_waits_no_more_unless_it_failed_and_came_again(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    insert(&pool, &[delivery("good"), delivery("bad")]).await.unwrap();
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    finish(&mut db, "good", &verdict(Outcome::Ignored, "no rule")).await.unwrap();
    finish(&mut db, "bad", &verdict(Outcome::Failed, "unreadable\0")).await.unwrap();
    let twice = finish(&mut db, "bad", &verdict(Outcome::Failed, "x")).await;
    assert!(matches!(twice, Err(Error::Conflict { .. })), "{twice:?}");
    db.commit().await.unwrap();
    assert!(ids(&pool).await.is_empty());

    let again = insert(&pool, &[delivery("good"), delivery("bad")]).await.unwrap();
    assert_eq!(again, [false, true]);
    assert_eq!(ids(&pool).await, ["bad"]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn deliveries_that_end_together_keep_each_its_own_verdict(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    insert(&pool, &[delivery("a"), delivery("b"), delivery("c")]).await.unwrap();
    let of = |name: &str, outcome| {
        let decision = |place: u8| RuleDecision {
            rule: RuleId::fresh(),
            rule_name: format!("{name}{place}"),
            matched: false,
            reason: "because".to_owned(),
            deployment: None,
        };
        let decisions = vec![decision(1), decision(2)];
        Verdict { decisions, ..verdict(outcome, name) }
    };
    let (first, second) = (of("a", Outcome::Ignored), of("b", Outcome::Recorded));
    let late = of("late", Outcome::Failed);
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    assert_eq!(finish_all(&mut db, &[("b", &second), ("a", &first)]).await.unwrap(), 2);
    // Judged already, or unknown: it stays as it is.
    assert_eq!(finish_all(&mut db, &[("a", &late), ("nobody", &late)]).await.unwrap(), 0);
    db.commit().await.unwrap();

    assert_eq!(ids(&pool).await, ["c"]);
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select delivery_id, reason, outcome from delivery where processed_at is not null
         order by delivery_id",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let row = |id: &str, outcome: &str| (id.to_owned(), id.to_owned(), outcome.to_owned());
    assert_eq!(rows, [row("a", "ignored"), row("b", "recorded")]);
    let names: Vec<String> = sqlx::query_scalar(
        "select rule_name from delivery_decision order by delivery_id, position",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(names, ["a1", "a2", "b1", "b2"]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_delivery_that_is_put_off_comes_back_and_blocks_nobody(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    insert(&pool, &[delivery("poison")]).await.unwrap();
    insert(&pool, &[delivery("next")]).await.unwrap();
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    postpone(&mut db, "poison", Duration::from_secs(3600), "GitHub does not answer").await.unwrap();
    db.commit().await.unwrap();

    assert_eq!(ids(&pool).await, ["next"]);
    assert!(next_due(&pool).await.unwrap().unwrap() < Duration::from_secs(1));
    let mut db = pool.acquire().await.unwrap();
    assert_eq!(get(&mut db, "poison").await.unwrap().attempts, 1);

    replay(&pool, "poison").await.unwrap();
    assert_eq!(ids(&pool).await, ["poison", "next"]);
    let unknown = replay(&pool, "nobody").await;
    assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn every_decision_is_kept_in_its_order(pool: PgPool) {
    let fence = seed::lead(&pool).await;
    let seeded = seed::deployment(&pool, fence).await;
    let stored = seed::rule(&pool, seeded.repository).await;
    insert(&pool, &[delivery("a")]).await.unwrap();
    let decision = |rule, matched, deployment| RuleDecision {
        rule,
        rule_name: "production".to_owned(),
        matched,
        reason: "because".to_owned(),
        deployment,
    };
    let mut it = verdict(Outcome::Deployed, "deployed by 1 rule");
    it.decisions = vec![
        decision(stored.rule.id, true, Some(seeded.deployment)),
        // Deleted since it was read.
        decision(RuleId::fresh(), false, None),
    ];
    let mut db = Guarded::begin(&pool, fence, Write::Observe).await.unwrap();
    finish(&mut db, "a", &it).await.unwrap();
    db.commit().await.unwrap();

    let rows: Vec<(i32, Option<uuid::Uuid>, bool)> = sqlx::query_as(
        "select position, rule_id, matched from delivery_decision order by position",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    assert_eq!(rows, [(1, Some(stored.rule.id.0), true), (2, None, false)]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn many_writers_share_their_commits_and_each_hears_of_its_own(pool: PgPool) {
    let (writer, tasks) = Writer::start(&pool, WriterSettings::USUAL);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..200 {
        let writer = writer.clone();
        // Each comes twice.
        requests.spawn(async move { writer.insert(delivery(&format!("{:03}", number / 2))).await });
    }
    let mut new = 0;
    while let Some(result) = requests.join_next().await {
        new += usize::from(result.unwrap().unwrap() == Written::New);
    }
    assert_eq!(new, 100);
    drop(writer);
    tasks.finished().await;

    let row: (i64, i64) =
        sqlx::query_as("select count(*), count(distinct xmin::text) from delivery")
            .fetch_one(&pool)
            .await
            .unwrap();
    assert_eq!(row.0, 100);
    assert!(row.1 < 100, "{} transactions", row.1);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_hint_follows_a_delivery(pool: PgPool) {
    let mut listener = notify::Listener::connect(&pool).await.unwrap();
    let (writer, _tasks) = Writer::start(&pool, WriterSettings::USUAL);
    assert_eq!(writer.insert(delivery("a")).await, Ok(Written::New));
    let hint = tokio::time::timeout(Duration::from_secs(5), listener.next()).await;
    assert_eq!(hint, Ok(notify::Hint::Inbox));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn one_delivery_that_is_refused_takes_no_other_with_it(pool: PgPool) {
    // One flusher that is kept busy, so that the next two share a statement.
    let settings = WriterSettings { flushers: 1, ..WriterSettings::USUAL };
    let (writer, _tasks) = Writer::start(&pool, settings);
    let mut lock = crate::begin(&pool).await.unwrap();
    sqlx::query("lock table delivery in exclusive mode").execute(&mut *lock).await.unwrap();
    let requests = ["first", "bad\0id", "good"].map(|id| writer.insert(delivery(id)));
    let (results, ()) = tokio::join!(futures_util::future::join_all(requests), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lock.commit().await.unwrap();
    });
    assert_eq!(results[0], Ok(Written::New));
    assert!(matches!(results[1], Err(WriteError::Refused(_))), "{results:?}");
    assert_eq!(results[2], Ok(Written::New));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_database_that_is_gone_is_said_to_be(pool: PgPool) {
    let (writer, _tasks) = Writer::start(&pool, WriterSettings::USUAL);
    pool.close().await;
    let refused = writer.insert(delivery("a")).await;
    assert!(matches!(refused, Err(WriteError::Unavailable(_))), "{refused:?}");
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn large_bodies_come_a_few_at_a_time(pool: PgPool) {
    for id in ["a", "b", "c"] {
        let body = vec![b'x'; 5 << 20];
        let large = NewDelivery::now(id.to_owned(), "push".to_owned(), body);
        insert(&pool, &[large]).await.unwrap();
    }
    assert_eq!(ids(&pool).await, ["a", "b"]);
}
