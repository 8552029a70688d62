//! The page, its files, and what is neither.

use http::{Method, StatusCode};
use sqlx::PgPool;

use crate::support::{Api, As, request};

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn any_path_of_the_ui_is_the_page_with_a_policy_of_its_own(pool: PgPool) {
    let api = Api::with_github(pool, "https://github.example.com/");
    let mut policies = Vec::new();
    for path in ["/", "/stacks/shop", "/setup?token=x", "/setup/github/done?code=a&state=b"] {
        let answer = api.get(&As::Nobody, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        policies.push(answer.header("content-security-policy").to_owned());
    }
    let nonce = policies[0].split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(nonce.len() >= 22, "{nonce}");
    assert!(!policies[1].contains(nonce), "each answer has a nonce of its own");
    insta::assert_snapshot!(policies[0].replace(nonce, "[nonce]"), @"default-src 'self'; script-src 'self'; style-src 'self' 'nonce-[nonce]'; img-src 'self' data:; connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://github.example.com");
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn over_plain_http_the_page_asks_for_nothing_that_a_browser_ignores_with_a_complaint(
    pool: PgPool,
) {
    for (public_url, opener) in
        [("https://berth.example.com", Some("same-origin")), ("http://192.0.2.7:8080", None)]
    {
        let api = Api::at(pool.clone(), public_url);
        let answer = api.get(&As::Nobody, "/").await;
        let told = answer.headers.get("cross-origin-opener-policy");
        assert_eq!(told.map(|it| it.to_str().unwrap()), opener, "{public_url}");
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn what_is_not_there_is_not_the_page(pool: PgPool) {
    let api = Api::new(pool);
    for path in ["/api", "/api/v1/nothing", "/webhooks/gitlab", "/assets/gone-1a2b.js", "/x.png"] {
        let answer = api.get(&As::Nobody, path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    let answer = api.get(&As::Nobody, "/api/v1/nothing").await;
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn another_method_is_a_problem_too(pool: PgPool) {
    let api = Api::new(pool);
    let answer = api.send(request(Method::PATCH, "/api/v1/rules", &As::Nobody, None)).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.json()["type"], "/problems/method-not-allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let page = api.send(request(Method::POST, "/stacks", &As::Nobody, None)).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_request_keeps_the_id_that_a_proxy_gave_it_if_it_is_one(pool: PgPool) {
    let api = Api::new(pool);
    let id_for = async |given: &'static str| {
        let mut request = request(Method::GET, "/healthz", &As::Nobody, None);
        request.headers_mut().insert("x-request-id", given.parse().unwrap());
        api.send(request).await.header("x-request-id").to_owned()
    };
    assert_eq!(id_for("proxy-7").await, "proxy-7");
    let own = id_for("two words").await;
    assert_eq!(own.len(), 32, "{own}");
}
