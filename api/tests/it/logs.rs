//! What containers wrote: pages, the stream, the download.

use std::time::Duration;

use axum::body::BodyDataStream;
use berth_domain::cluster::output::Source;
use berth_domain::ids::{StackId, StackName};
use berth_domain::log::level;
use berth_store::accounts::Role;
use berth_store::leases::Fence;
use berth_store::logs::{Batch, Dropped, NewLine, append, sources};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tower::ServiceExt as _;

use crate::stacks::{lead, stack};
use crate::support::{Api, As, request};

/// A stack that writes.
struct Scene {
    api: Api,
    fence: Fence,
    stack: StackId,
    viewer: As,
    /// When its first line was written.
    at: DateTime<Utc>,
}

impl Scene {
    async fn new(pool: PgPool) -> Self {
        let api = Api::new(pool).with_shop().await;
        let fence = lead(&api).await;
        let (stack, _) = stack(&api, fence, "shop", None).await;
        let source = |service: &str| Source {
            id: format!("id-of-{service}"),
            stack: StackName::parse("shop").unwrap(),
            service: service.to_owned(),
        };
        sources(&api.pool, fence, &[source("web"), source("db")]).await.unwrap();
        let viewer = api.browser(Role::Viewer).await;
        let at = DateTime::parse_from_rfc3339("2026-11-27T08:00:00.123456Z").unwrap().to_utc();
        Self { api, fence, stack, viewer, at }
    }

    async fn write(&self, service: &str, lines: &[(i64, &str)]) {
        let lines = lines.iter().map(|(second, text)| NewLine {
            stack: self.stack,
            service_id: format!("id-of-{service}"),
            service: service.to_owned(),
            task: format!("{service}.1"),
            node: Some(("n".to_owned(), "n1".to_owned())),
            stderr: text.contains("ERROR"),
            at: self.at + TimeDelta::seconds(*second),
            level: level(text),
            text: (*text).to_owned(),
            maybe_stored: false,
        });
        let batch = Batch { lines: lines.collect(), ..Batch::default() };
        append(&self.api.pool, self.fence, &batch).await.unwrap();
    }

    async fn numbered(&self, first: i64, last: i64) {
        let texts: Vec<(i64, String)> = (first..=last).map(|n| (n, format!("line {n}"))).collect();
        let lines: Vec<(i64, &str)> = texts.iter().map(|(n, text)| (*n, text.as_str())).collect();
        self.write("web", &lines).await;
    }

    async fn page(&self, query: &str) -> Value {
        let answer = self.api.get(&self.viewer, &format!("/api/v1/stacks/shop/logs{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {answer:?}");
        answer.json()
    }

    async fn stream(&self, query: &str, last: Option<&str>) -> Events {
        let path = format!("/api/v1/stacks/shop/logs/stream{query}");
        let mut request = request(Method::GET, &path, &self.viewer, None);
        if let Some(last) = last {
            request.headers_mut().insert("last-event-id", last.parse().unwrap());
        }
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Events { body: response.into_body().into_data_stream(), text: String::new() }
    }
}

/// A stream as a browser reads it.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    /// The next event: its name, id and data; [`None`] at the end.
    async fn next(&mut self) -> Option<(String, String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                    lines.next().unwrap_or_default().trim().to_owned()
                };
                let (name, id, data) = (field("event:"), field("id:"), field("data:"));
                self.text = rest.to_owned();
                if !name.is_empty() {
                    return Some((name, id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let patience = Duration::from_secs(20);
            let chunk = tokio::time::timeout(patience, self.body.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    /// Lines until there are so many, and the id to resume with.
    async fn lines(&mut self, many: usize) -> (Vec<String>, String) {
        let mut all = Vec::new();
        let mut last = String::new();
        while all.len() < many {
            let (name, id, data) = self.next().await.unwrap();
            if name == "lines" {
                all.extend(texts(&data));
                last = id;
            }
        }
        (all, last)
    }
}

fn texts(lines: &Value) -> Vec<String> {
    let lines = lines.as_array().unwrap().iter();
    lines.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_page_has_the_lines_and_says_what_is_around(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let empty = scene.page("").await;
    assert_eq!(
        empty,
        json!({"lines": [], "older": false, "newer": false, "kept_since": null,
               "services": ["db", "web"], "troubles": []})
    );
    scene.write("web", &[(0, "ERROR refused")]).await;
    let page = scene.page("").await;
    let id = page["lines"][0]["id"].clone();
    assert!(id.as_str().unwrap().parse::<i64>().unwrap() > 0);
    assert_eq!(
        page["lines"],
        json!([{
            "id": id, "at": "2026-11-27T08:00:00.123456Z", "service": "web", "task": "web.1",
            "node": "n1", "stream": "stderr", "level": "error", "text": "ERROR refused",
        }])
    );
    let unknown = scene.api.get(&scene.viewer, "/api/v1/stacks/nope/logs").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let nobody = scene.api.get(&As::Nobody, "/api/v1/stacks/shop/logs").await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn pages_go_back_forth_and_around(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 20).await;
    let newest = scene.page("?limit=5").await;
    assert_eq!(texts(&newest["lines"]), (16..=20).map(|n| format!("line {n}")).collect::<Vec<_>>());
    assert_eq!((&newest["older"], &newest["newer"]), (&json!(true), &json!(false)));
    let id = |page: &Value, n: usize| page["lines"][n]["id"].as_str().unwrap().to_owned();
    let before = scene.page(&format!("?limit=5&before={}", id(&newest, 0))).await;
    assert_eq!(texts(&before["lines"])[0], "line 11");
    assert_eq!((&before["older"], &before["newer"]), (&json!(true), &json!(true)));
    let after = scene.page(&format!("?limit=5&after={}", id(&before, 4))).await;
    assert_eq!(after["lines"], newest["lines"]);
    assert_eq!((&after["older"], &after["newer"]), (&json!(true), &json!(false)));
    let around = scene.page(&format!("?limit=4&around={}", id(&before, 2))).await;
    assert_eq!(texts(&around["lines"]), ["line 11", "line 12", "line 13", "line 14"]);
    assert_eq!((&around["older"], &around["newer"]), (&json!(true), &json!(true)));
    let all = scene.page(&format!("?around={}", id(&before, 2))).await;
    assert_eq!(texts(&all["lines"]).len(), 20);
    assert_eq!((&all["older"], &all["newer"]), (&json!(false), &json!(false)));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn filters_are_the_same_everywhere_and_wrong_ones_are_named(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.write("web", &[(1, "INFO one"), (2, "ERROR two")]).await;
    scene.write("db", &[(3, "WARN three")]).await;
    for (query, found) in [
        ("?level=warn", vec!["ERROR two", "WARN three"]),
        ("?service=web&q=O", vec!["INFO one", "ERROR two"]),
        ("?service=web,db&level=error", vec!["ERROR two"]),
        ("?since=2026-11-27T08:00:02Z&until=2026-11-27T08:00:03Z", vec!["ERROR two"]),
        ("?since=2026-11-27T10:00:03%2B02:00", vec!["WARN three"]),
    ] {
        assert_eq!(texts(&scene.page(query).await["lines"]), found, "{query}");
        let path = format!("/api/v1/stacks/shop/logs/download{query}");
        let file = scene.api.get(&scene.viewer, &path).await;
        let file = String::from_utf8(file.body.to_vec()).unwrap();
        let told: Vec<&str> =
            file.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap()).collect();
        assert_eq!(told, found, "{query}");
        let mut events = scene.stream(&format!("{query}&after=0"), None).await;
        assert_eq!(events.lines(found.len()).await.0, found, "{query}");
    }
    for place in ["", "/stream", "/download"] {
        let path = format!("/api/v1/stacks/shop/logs{place}?level=loud&since=now&tail=1");
        let answer = scene.api.get(&scene.viewer, &path).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{place}");
        let problem = answer.json();
        let named: Vec<&str> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(named, ["/level", "/since", "/tail"]);
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn lines_are_told_as_they_are_stored_and_resumed_where_one_was(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 3).await;
    let mut events = scene.stream("", None).await;
    let (name, start, troubles) = events.next().await.unwrap();
    assert_eq!((name.as_str(), troubles), ("troubles", json!([])));
    scene.numbered(4, 5).await;
    let (lines, last) = events.lines(2).await;
    assert_eq!(lines, ["line 4", "line 5"]);
    drop(events);

    scene.numbered(6, 7).await;
    let mut events = scene.stream("", Some(&last)).await;
    assert_eq!(events.lines(2).await.0, ["line 6", "line 7"]);
    scene.numbered(8, 8).await;
    assert_eq!(events.lines(1).await.0, ["line 8"]);
    // From where the first one began, everything since.
    let mut events = scene.stream(&format!("?after={start}"), None).await;
    assert_eq!(events.lines(5).await.0.len(), 5);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_was_missed_comes_in_pieces_and_in_order(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(1, 4500).await;
    let mut events = scene.stream("?after=0", None).await;
    let mut told = Vec::new();
    while told.len() < 4500 {
        let (name, _, data) = events.next().await.unwrap();
        if name == "lines" {
            let lines = texts(&data);
            assert!(lines.len() <= 2000);
            told.extend(lines);
        }
    }
    assert_eq!(told, (1..=4500).map(|n| format!("line {n}")).collect::<Vec<_>>());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_missing_is_told_when_it_is_known(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let mut events = scene.stream("", None).await;
    assert_eq!(events.next().await.unwrap().2, json!([]));
    let now: DateTime<Utc> =
        sqlx::query_scalar("select now()").fetch_one(&scene.api.pool).await.unwrap();
    let dropped = Dropped {
        stack: scene.stack,
        service: "web".to_owned(),
        since: now,
        until: now,
        lines: 12,
        rate: 500,
    };
    let batch = Batch { dropped: vec![dropped], ..Batch::default() };
    append(&scene.api.pool, scene.fence, &batch).await.unwrap();
    let (name, _, told) = events.next().await.unwrap();
    assert_eq!(name, "troubles");
    assert_eq!((&told[0]["service"], &told[0]["node"]), (&json!("web"), &json!(null)));
    assert!(told[0]["message"].as_str().unwrap().contains("12 of its lines"), "{told}");
    assert_eq!(scene.page("").await["troubles"], told);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_download_is_a_file_with_every_line(pool: PgPool) {
    let scene = Scene::new(pool).await;
    scene.numbered(0, 12_000).await;
    let file = scene.api.get(&scene.viewer, "/api/v1/stacks/shop/logs/download").await;
    assert_eq!(file.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"shop.log\"");
    let text = String::from_utf8(file.body.to_vec()).unwrap();
    assert_eq!(text.lines().count(), 12_001);
    assert_eq!(text.lines().next(), Some("2026-11-27T08:00:00.123456Z web web.1 line 0"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_stream_ends_when_berth_stops(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let mut events = scene.stream("", None).await;
    events.next().await.unwrap();
    scene.api.shutdown.cancel();
    assert_eq!(events.next().await, None);
}
