//! Output is stored once, kept within limits, and found again.

use std::time::Duration;

use berth_domain::cluster::output::Source;
use berth_domain::facts::{NodeFacts, NodeState};
use berth_domain::ids::StackName;
use chrono::TimeDelta;
use sqlx::PgPool;

use super::*;
use crate::leases::Fence;
use crate::{Error, nodes, seed};
use berth_domain::ids::StackId;

/// A stack whose service `web` is followed.
struct Scene {
    pool: PgPool,
    fence: Fence,
    stack: StackId,
    now: DateTime<Utc>,
}

impl Scene {
    async fn new(pool: PgPool) -> Self {
        let fence = seed::lead(&pool).await;
        let stack = seed::deployment(&pool, fence).await.stack;
        let now = sqlx::query_scalar("select now()").fetch_one(&pool).await.unwrap();
        let scene = Self { pool, fence, stack, now };
        scene.follow(&["web", "db"]).await;
        scene
    }

    fn source(service: &str) -> Source {
        let stack = StackName::parse("shop-pr-7").unwrap();
        Source { id: format!("id-of-{service}"), stack, service: service.to_owned() }
    }

    async fn follow(&self, services: &[&str]) -> Vec<Followed> {
        let seen: Vec<Source> = services.iter().map(|service| Self::source(service)).collect();
        sources(&self.pool, self.fence, &seen).await.unwrap()
    }

    /// A line of `web` that was written so many seconds after this began.
    fn line(&self, second: i64, text: &str) -> NewLine {
        NewLine {
            stack: self.stack,
            service_id: "id-of-web".to_owned(),
            service: "web".to_owned(),
            task: "web.1".to_owned(),
            node: Some(("id-of-n1".to_owned(), "n1".to_owned())),
            stderr: false,
            at: self.now + TimeDelta::seconds(second),
            level: berth_domain::log::level(text),
            text: text.to_owned(),
            maybe_stored: false,
        }
    }

    async fn write(&self, lines: Vec<NewLine>) -> u64 {
        let batch = Batch { lines, ..Batch::default() };
        append(&self.pool, self.fence, &batch).await.unwrap()
    }

    async fn numbered(&self, first: i64, last: i64) {
        let lines = (first..=last).map(|n| self.line(n, &format!("line {n}"))).collect();
        self.write(lines).await;
    }

    async fn texts(&self, filter: &Filter) -> Vec<String> {
        let lines = before(&self.pool, self.stack, filter, i64::MAX, 1000).await.unwrap();
        lines.into_iter().map(|line| line.text).collect()
    }

    async fn all(&self) -> Vec<String> {
        self.texts(&Filter::default()).await
    }

    async fn keep(&self, lines: u64, bytes: u64, age: u64) -> Forgotten {
        let keep = Keep { lines, bytes, age: Duration::from_secs(age) };
        forget(&self.pool, self.fence, keep).await.unwrap()
    }

    async fn counted(&self) -> (i64, i64) {
        sqlx::query_as("select lines, bytes from log_kept").fetch_one(&self.pool).await.unwrap()
    }

    async fn heard(&self, second: i64) -> Option<DateTime<Utc>> {
        let until = self.now + TimeDelta::seconds(second);
        let heard = vec![Heard { service_id: "id-of-web".to_owned(), until }];
        let batch = Batch { heard, ..Batch::default() };
        append(&self.pool, self.fence, &batch).await.unwrap();
        self.follow(&["web", "db"]).await[0].heard_until
    }
}

const LONG: u64 = 1 << 40;

/// What a line takes, as it is counted.
fn counted_as(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap() + BESIDE
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn lines_come_back_as_they_were_written(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let mut odd = scene.line(1, "a\0b \u{1b}[31mred\u{1b}[0m");
    odd.at += TimeDelta::nanoseconds(123_456_789);
    odd.stderr = true;
    odd.node = None;
    let lines = vec![odd.clone(), scene.line(2, "WARN late"), scene.line(3, "")];
    assert_eq!(scene.write(lines).await, 3);

    let stored = before(&scene.pool, scene.stack, &Filter::default(), i64::MAX, 10).await.unwrap();
    assert_eq!(stored[0].text, "a\u{fffd}b \u{1b}[31mred\u{1b}[0m");
    assert_eq!(stored[0].at, split(odd.at).0);
    assert!(stored[0].stderr && stored[0].node.is_none());
    assert_eq!((stored[1].level, stored[1].task.as_str()), (Some(Level::Warn), "web.1"));
    assert_eq!((stored[1].node.as_deref(), stored[2].level), (Some("n1"), None));
    let newest = head(&scene.pool, scene.stack).await.unwrap();
    assert_eq!(newest, stored[2].id);
    assert!(stored.windows(2).all(|two| two[0].id < two[1].id));
    assert_eq!(services(&scene.pool, scene.stack).await.unwrap(), ["db", "web"]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn pages_join_without_a_gap(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 25).await;
    let all = Filter::default();
    let newest = before(&scene.pool, scene.stack, &all, i64::MAX, 10).await.unwrap();
    let older = before(&scene.pool, scene.stack, &all, newest[0].id, 10).await.unwrap();
    assert_eq!((older[0].text.as_str(), older[9].text.as_str()), ("line 6", "line 15"));
    let newer = after(&scene.pool, scene.stack, &all, older[9].id, 10).await.unwrap();
    assert_eq!(newer, newest);
    assert_eq!(after(&scene.pool, scene.stack, &all, newest[9].id, 10).await.unwrap(), []);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn filters_let_through_what_they_say(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let mut of_db = scene.line(3, "FATAL: Große Straße");
    of_db.service = "db".to_owned();
    let lines = vec![
        scene.line(1, "DEBUG 100% sure"),
        scene.line(2, "INFO one_two"),
        of_db,
        scene.line(4, "told nothing"),
        scene.line(5, "WARN oneXtwo"),
    ];
    scene.write(lines).await;
    let told = async |filter: Filter| {
        let texts = scene.texts(&filter).await;
        texts.iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let level = |level| Filter { level: Some(level), ..Filter::default() };
    let with = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    assert_eq!(told(level(Level::Error)).await, ["FATAL:"]);
    assert_eq!(told(level(Level::Warn)).await, ["FATAL:", "WARN"]);
    assert_eq!(told(level(Level::Info)).await, ["INFO", "FATAL:", "told", "WARN"]);
    assert_eq!(told(level(Level::Debug)).await.len(), 5);
    assert_eq!(told(with("ONE_TWO")).await, ["INFO"]);
    assert_eq!(told(with("100%")).await, ["DEBUG"]);
    assert_eq!(told(with("STRASSE")).await, Vec::<String>::new());
    assert_eq!(told(with("GROSSE")).await, Vec::<String>::new());
    assert_eq!(told(with("straße")).await, ["FATAL:"]);
    assert_eq!(told(with("\0")).await, Vec::<String>::new());
    let of = |services: &[&str]| Filter {
        services: services.iter().map(|it| (*it).to_owned()).collect(),
        ..Filter::default()
    };
    assert_eq!(told(of(&["db"])).await, ["FATAL:"]);
    assert_eq!(told(of(&["db", "web"])).await.len(), 5);
    assert_eq!(told(of(&["nothing"])).await.len(), 0);
    let between = Filter {
        since: Some(scene.now + TimeDelta::seconds(2)),
        until: Some(scene.now + TimeDelta::seconds(4)),
        ..Filter::default()
    };
    assert_eq!(told(between).await, ["INFO", "FATAL:"]);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_is_stored_already_is_stored_once(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 3).await;
    let again = |n: i64| NewLine { maybe_stored: true, ..scene.line(n, &format!("line {n}")) };
    assert_eq!(scene.write(vec![again(2), again(3), again(4)]).await, 1);
    // The same moment, but another text, output, task, or nanosecond.
    let mut output = again(3);
    output.stderr = true;
    let mut task = again(3);
    task.task = "web.2".to_owned();
    let mut later = again(3);
    later.at += TimeDelta::nanoseconds(1);
    let mut text = again(3);
    text.text = "other".to_owned();
    assert_eq!(scene.write(vec![output, task, later, text]).await, 4);
    assert_eq!(scene.all().await.len(), 8);
    assert_eq!(scene.counted().await.0, 8);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_was_forgotten_does_not_come_back(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 5).await;
    assert_eq!(kept_since(&scene.pool, scene.stack).await.unwrap(), None);
    scene.keep(2, LONG, LONG).await;
    let again = (1..=6)
        .map(|n| NewLine { maybe_stored: true, ..scene.line(n, &format!("line {n}")) })
        .collect();
    assert_eq!(scene.write(again).await, 1);
    assert_eq!(scene.all().await, ["line 4", "line 5", "line 6"]);
    let since = kept_since(&scene.pool, scene.stack).await.unwrap();
    assert_eq!(since, Some(scene.now + TimeDelta::seconds(3)));
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn no_more_is_kept_than_was_said_and_no_less_than_fits(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(-50, -1).await;
    let size: i64 = scene.all().await.iter().map(|text| counted_as(text)).sum();
    assert_eq!(scene.counted().await, (50, size));
    assert_eq!(scene.keep(50, LONG, LONG).await, Forgotten::default());

    // By count.
    assert_eq!(scene.keep(40, LONG, LONG).await, Forgotten { lines: 10, more: false });
    assert_eq!(scene.all().await[0], "line -40");
    // By size: of what is left, so much that it fits.
    let one = i64::try_from("line -40".len()).unwrap() + BESIDE;
    let room = u64::try_from(one * 20 + 5).unwrap();
    scene.keep(LONG, room, LONG).await;
    let (lines, bytes) = scene.counted().await;
    assert!(bytes <= one * 20 + 5 && bytes > one * 19, "{lines} {bytes}");
    assert_eq!(scene.all().await.len(), usize::try_from(lines).unwrap());
    // By age.
    sqlx::query(
        "update log_line set logged_at = logged_at - interval '1 day' where line like '%-1'",
    )
    .execute(&scene.pool)
    .await
    .unwrap();
    scene.keep(LONG, LONG, 3600).await;
    assert!(!scene.all().await.contains(&"line -1".to_owned()));
    let all = scene.all().await;
    let size: i64 = all.iter().map(|text| counted_as(text)).sum();
    assert_eq!(scene.counted().await, (i64::try_from(all.len()).unwrap(), size));
    // Nothing at all.
    scene.keep(0, LONG, LONG).await;
    assert_eq!(scene.counted().await, (0, 0));
    assert!(scene.all().await.is_empty());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn much_is_forgotten_in_several_goes(pool: PgPool) {
    let scene = Scene::new(pool).await;
    sqlx::query(
        "insert into log_line (stack_id, logged_at, nanos, stderr, severity, service, task, line)
         select $1, now(), 0, false, 3, 'web', 'web.1', 'x' from generate_series(1, 220000)",
    )
    .bind(scene.stack.0)
    .execute(&scene.pool)
    .await
    .unwrap();
    sqlx::query("insert into log_kept values ($1, 220000, 220000 * 301::bigint, null)")
        .bind(scene.stack.0)
        .execute(&scene.pool)
        .await
        .unwrap();
    let first = scene.keep(1000, LONG, LONG).await;
    assert_eq!(first, Forgotten { lines: 200_000, more: true });
    assert_eq!(scene.keep(1000, LONG, LONG).await, Forgotten { lines: 19_000, more: false });
    assert_eq!(scene.counted().await.0, 1000);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn how_far_a_service_is_heard_waits_for_a_node_that_is_away(pool: PgPool) {
    let scene = Scene::new(pool).await;
    assert_eq!(scene.heard(5).await, Some(scene.now + TimeDelta::seconds(5)));
    assert_eq!(scene.heard(3).await, Some(scene.now + TimeDelta::seconds(5)), "it goes back");
    scene.numbered(1, 1).await;
    let node = |name: &str, state| NodeFacts {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        state,
        ..NodeFacts::default()
    };
    let lost = [node("n1", NodeState::Down), node("n2", NodeState::Ready)];
    nodes::observe(&scene.pool, scene.fence, &lost).await.unwrap();
    assert_eq!(scene.heard(9).await, Some(scene.now + TimeDelta::seconds(5)));
    let told = troubles(&scene.pool, scene.stack, None, None).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].node.as_deref(), told[0].service.as_deref()), (Some("n1"), None));
    assert!(told[0].message.contains("n1"), "{}", told[0].message);

    let back = [node("n1", NodeState::Ready), node("n2", NodeState::Down)];
    nodes::observe(&scene.pool, scene.fence, &back).await.unwrap();
    assert_eq!(scene.heard(9).await, Some(scene.now + TimeDelta::seconds(9)));
    assert_eq!(troubles(&scene.pool, scene.stack, None, None).await.unwrap(), []);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn what_was_dropped_is_told_once_with_its_count(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let dropped = |second: i64, lines| Dropped {
        stack: scene.stack,
        service: "web".to_owned(),
        since: scene.now + TimeDelta::seconds(second),
        until: scene.now + TimeDelta::seconds(second + 1),
        lines,
        rate: 500,
    };
    let missing = Missing {
        stack: scene.stack,
        service: "web".to_owned(),
        node: Some("n2".to_owned()),
        at: scene.now,
        message: "n2 does not answer.".to_owned(),
    };
    for (second, lines) in [(-7200, 1), (0, 2), (5, 40)] {
        let batch = Batch {
            dropped: vec![dropped(second, lines)],
            missing: vec![missing.clone()],
            ..Batch::default()
        };
        append(&scene.pool, scene.fence, &batch).await.unwrap();
    }
    let told = troubles(&scene.pool, scene.stack, None, None).await.unwrap();
    let told: Vec<_> = told.iter().map(|it| (it.node.as_deref(), it.message.as_str())).collect();
    let count = "web wrote more than 500 lines a second: 42 of its lines are not kept.";
    assert_eq!(told, [(None, count), (Some("n2"), "n2 does not answer.")]);
    // Around older lines, what was missing then is told.
    let then = Some(scene.now - TimeDelta::seconds(7100));
    let long_ago = Some(scene.now - TimeDelta::hours(3));
    assert_eq!(troubles(&scene.pool, scene.stack, long_ago, then).await.unwrap().len(), 1);
    scene.keep(LONG, LONG, 3600).await;
    assert_eq!(troubles(&scene.pool, scene.stack, long_ago, None).await.unwrap().len(), 2);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn services_come_and_go_and_an_empty_answer_ends_nothing(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let gone = async || {
        let gone: Vec<String> =
            sqlx::query_scalar("select service from log_source where gone_at is not null")
                .fetch_all(&scene.pool)
                .await
                .unwrap();
        gone
    };
    assert_eq!(scene.follow(&[]).await, []);
    assert!(gone().await.is_empty());
    assert_eq!(scene.follow(&["web"]).await.len(), 1);
    assert_eq!(gone().await, ["db"]);
    assert_eq!(scene.follow(&["web", "db"]).await.len(), 2);
    assert!(gone().await.is_empty());
    // One of no stack of ours is none of ours.
    let other = StackName::parse("other").unwrap();
    let other = Source { id: "x".to_owned(), stack: other, service: "web".to_owned() };
    assert_eq!(sources(&scene.pool, scene.fence, &[other]).await.unwrap(), []);
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn a_leader_that_was_replaced_stores_nothing(pool: PgPool) {
    let scene = Scene::new(pool).await;
    seed::depose(&scene.pool, scene.fence).await;
    let batch = Batch { lines: vec![scene.line(1, "late")], ..Batch::default() };
    let late = append(&scene.pool, scene.fence, &batch).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    let late = sources(&scene.pool, scene.fence, &[Scene::source("new")]).await;
    assert!(matches!(late, Err(Error::Fenced)), "{late:?}");
    assert!(scene.all().await.is_empty());
}

#[sqlx::test(migrator = "crate::MIGRATOR")]
async fn output_outlives_its_stack_under_its_name(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 2).await;
    sqlx::query("update stack set removed_at = now(), wanted = 'absent'")
        .execute(&scene.pool)
        .await
        .unwrap();
    let found = stack_named(&scene.pool, "shop-pr-7").await.unwrap();
    assert_eq!(found, scene.stack);
    assert_eq!(scene.all().await.len(), 2);
    let none = stack_named(&scene.pool, "nope").await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
}
