//! The event stream.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use berth_store::accounts::Role;
use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use sqlx::PgPool;
use tower::ServiceExt as _;

use crate::support::{Api, As, request};

/// A stream as a browser reads it.
struct Events {
    body: BodyDataStream,
    text: String,
}

/// An event: its name, id and data. Comments are none.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    name: String,
    id: String,
    data: String,
}

impl Events {
    async fn open(api: &Api, who: &As, last: Option<&str>) -> Self {
        let mut request = request(Method::GET, "/api/v1/stream", who, None);
        if let Some(last) = last {
            request.headers_mut().insert("last-event-id", last.parse().unwrap());
        }
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body: Body = response.into_body();
        Self { body: body.into_data_stream(), text: String::new() }
    }

    /// The next event; [`None`] at the end.
    async fn next(&mut self) -> Option<Event> {
        let patience = Duration::from_secs(20);
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().unwrap_or_default().trim().to_owned()
                };
                let event = Event { name: field("event:"), id: field("id:"), data: field("data:") };
                self.text = rest.to_owned();
                if !event.id.is_empty() {
                    return Some(event);
                }
                continue;
            }
            let chunk = tokio::time::timeout(patience, self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }
}

async fn change(api: &Api, subject: &str) {
    sqlx::query(
        "with noted as (insert into change (topic, subject_id) values ('rule', $1))
         select pg_notify('berth_change', '')",
    )
    .bind(subject)
    .execute(&api.pool)
    .await
    .unwrap();
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn changes_are_told_as_they_come_and_resumed_where_one_was(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let mut events = Events::open(&api, &viewer, None).await;
    let start = events.next().await.unwrap();
    assert_eq!((start.name.as_str(), start.data.as_str()), ("", ""), "an id to begin with");
    change(&api, "one").await;
    let one = events.next().await.unwrap();
    assert_eq!(one.name, "change");
    assert_eq!(one.data, r#"{"topic":"rule","id":"one","stack":null}"#);

    drop(events);
    change(&api, "two").await;
    change(&api, "three").await;
    let mut events = Events::open(&api, &viewer, Some(&one.id)).await;
    let mut told = Vec::new();
    for subject in ["two", "three", "four"] {
        if subject == "four" {
            change(&api, "four").await;
        }
        let event = events.next().await.unwrap();
        assert!(event.data.contains(&format!("\"id\":\"{subject}\"")), "{event:?}");
        told.push(event.id);
    }
    told.dedup();
    assert_eq!(told.len(), 3, "nothing is told twice");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn who_was_away_too_long_is_told_to_begin_anew(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    for last in ["1-1", "nonsense"] {
        let mut events = Events::open(&api, &viewer, Some(last)).await;
        let event = events.next().await.unwrap();
        assert_eq!(event.name, "reset", "{last}");
        change(&api, "after").await;
        let event = events.next().await.unwrap();
        assert!(event.data.contains("after"), "{event:?}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_change_of_a_stack_names_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let viewer = api.browser(Role::Viewer).await;
    let mut events = Events::open(&api, &viewer, None).await;
    events.next().await.unwrap();
    let fence = crate::stacks::lead(&api).await;
    crate::stacks::stack(&api, fence, "shop", None).await;
    // Whatever else is told of what was done before.
    let mut expected = BTreeSet::from([
        ("stack".to_owned(), Some("shop".to_owned())),
        ("deployment".to_owned(), Some("shop".to_owned())),
        ("environment".to_owned(), None),
    ]);
    while !expected.is_empty() {
        let data = events.next().await.unwrap().data;
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        let text = |field: &str| data[field].as_str().map(str::to_owned);
        expected.remove(&(text("topic").unwrap(), text("stack")));
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stream_ends_with_the_session_and_with_the_server(pool: PgPool) {
    let api = Api::new(pool);
    let viewer = api.browser(Role::Viewer).await;
    let mut events = Events::open(&api, &viewer, None).await;
    events.next().await.unwrap();
    assert_eq!(api.delete(&viewer, "/api/v1/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(events.next().await, None);

    let other = api.browser(Role::Viewer).await;
    let mut events = Events::open(&api, &other, None).await;
    events.next().await.unwrap();
    api.shutdown.cancel();
    assert_eq!(events.next().await, None);
}
