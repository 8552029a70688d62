//! Webhooks, good and bad.

use axum::body::Body;
use berth_github_app::signature;
use http::{Request, StatusCode};
use sqlx::PgPool;

use crate::support::{Api, WEBHOOK_SECRET};

const BODY: &str = r#"{"ref":"refs/heads/main"}"#;

/// A webhook as GitHub would send it.
struct Hook {
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Hook {
    fn new(id: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let signature = signature::sign(WEBHOOK_SECRET.as_bytes(), &body);
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("x-github-delivery", id.to_owned()),
            ("x-github-event", "push".to_owned()),
            ("x-github-hook-installation-target-id", "7".to_owned()),
            ("x-hub-signature-256", signature),
        ];
        Self { body, headers }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| *header != name);
        self
    }

    async fn send(self, api: &Api) -> String {
        let mut request = Request::post("/webhooks/github");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let answer = api.send(request.body(Body::from(self.body)).unwrap()).await;
        if answer.body.is_empty() {
            return answer.status.as_u16().to_string();
        }
        format!("{}: {}", answer.status.as_u16(), answer.json()["detail"].as_str().unwrap())
    }
}

async fn stored(api: &Api) -> Vec<(String, String, Vec<u8>)> {
    sqlx::query_as("select delivery_id, event, body from delivery order by delivery_id")
        .fetch_all(&api.pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_delivery_is_kept_byte_for_byte_and_once(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let body = "{ \"ref\" : \"refs/heads/main\",\n \"é\": 1 }";
    assert_eq!(Hook::new("a", body).send(&api).await, "202");
    assert_eq!(Hook::new("a", BODY).send(&api).await, "202", "a redelivery");
    let rows = stored(&api).await;
    assert_eq!(rows, [("a".to_owned(), "push".to_owned(), body.as_bytes().to_vec())]);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_wrong_with_a_delivery_is_said_and_nothing_is_kept(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let signature = "x-hub-signature-256";
    let wrong = signature::sign(b"another secret", BODY.as_bytes());
    let answers = [
        Hook::new("a", BODY).without(signature).send(&api).await,
        Hook::new("a", BODY).with(signature, &wrong).send(&api).await,
        Hook::new("a", BODY)
            .with(signature, "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")
            .send(&api)
            .await,
        Hook::new("a", BODY)
            .without(signature)
            .with("x-hub-signature", "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12")
            .send(&api)
            .await,
        Hook::new("a", "{\"ref\":").send(&api).await,
        Hook::new("a", BODY).without("x-github-delivery").send(&api).await,
        Hook::new("a", BODY).without("x-github-event").send(&api).await,
        Hook::new("a", BODY).with("x-github-hook-installation-target-id", "8").send(&api).await,
    ];
    insta::assert_snapshot!(answers.join("\n"), @"
    401: The delivery is not signed.
    401: The signature does not match.
    401: The signature can't be read. It must be `sha256=` and 64 hexadecimal digits.
    401: The delivery is not signed.
    400: The delivery is not JSON: line 1, column 7.
    400: The header `x-github-delivery` is missing.
    400: The header `x-github-event` is missing.
    404: There is no such GitHub App.
    ");
    assert_eq!(stored(&api).await, []);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_body_may_have_26_mib_and_no_more(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let body = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    assert_eq!(Hook::new("most", body(26 << 20)).send(&api).await, "202");
    let too_large = "413: The body is too large.";
    assert_eq!(Hook::new("more", body((26 << 20) + 1)).send(&api).await, too_large);
    // With a length that is announced, it is not even read.
    let announced = Hook::new("announced", BODY).with("content-length", "27262977");
    assert_eq!(announced.send(&api).await, too_large);
    assert_eq!(stored(&api).await.len(), 1);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_form_is_taken_for_what_is_in_it(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    let form = format!("payload={}", BODY.replace('"', "%22").replace(':', "%3A"));
    let hook = Hook::new("a", form).with("content-type", "application/x-www-form-urlencoded");
    assert_eq!(hook.send(&api).await, "202");
    assert_eq!(stored(&api).await[0].2, BODY.as_bytes());
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn before_there_is_an_app_nothing_is_taken_and_right_after_it_is(pool: PgPool) {
    let api = Api::new(pool);
    insta::assert_snapshot!(Hook::new("a", BODY).send(&api).await, @"503: This Berth has no GitHub App yet, so it can't know who sends this.");
    let api = api.with_shop().await;
    let taken = crate::support::eventually("the App's secret is known", async || {
        (Hook::new("a", BODY).send(&api).await == "202").then_some(())
    });
    taken.await;
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn without_its_database_berth_asks_github_to_come_again(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    assert_eq!(Hook::new("a", BODY).send(&api).await, "202");
    api.pool.close().await;
    let answer = Hook::new("b", BODY).send(&api).await;
    assert!(answer.starts_with(StatusCode::SERVICE_UNAVAILABLE.as_str()), "{answer}");
}
