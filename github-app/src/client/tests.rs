//! The transport, against a server on this machine.

use serde_json::{Value, json};

use super::*;
use crate::testing::{Reply, Request, Server, now};

const TOKEN: &str = "ghs_7_planted.token-of_the.new-form";

async fn get(client: &Client, path: &str) -> Result<Value, Error> {
    client.answer(&Call::get("test", path), Some(&SecretString::from(TOKEN))).await
}

#[tokio::test]
async fn a_request_says_who_we_are_and_which_api_we_speak() {
    let server = Server::start(|_| Reply::json(200, &json!({}))).await;
    let call =
        Call::patch(Effect::SetHook, "test", "/app/hook/config").json(&json!({ "a": 1 })).unwrap();
    let client = server.client("api/v3/");
    client.answer::<Value>(&call, Some(&SecretString::from(TOKEN))).await.unwrap();

    let request = server.requests().remove(0);
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("PATCH", "/api/v3/app/hook/config")
    );
    for (name, value) in [
        ("user-agent", "berth/test"),
        ("accept", "application/vnd.github+json"),
        ("x-github-api-version", "2022-11-28"),
        ("content-type", "application/json"),
        ("authorization", &format!("Bearer {TOKEN}")),
    ] {
        let lines = request.head.to_ascii_lowercase().matches(&format!("\n{name}:")).count();
        assert_eq!((request.header(name), lines), (Some(value), 1), "{}", request.head);
    }
    assert_eq!(request.json(), json!({ "a": 1 }));
}

#[tokio::test]
async fn a_failure_says_what_to_do_about_it() {
    let answers = |request: &Request| {
        let says = |status, text: &str| Reply::json(status, &json!({ "message": text }));
        match request.path.as_str() {
            "/gone" => says(410, "This is gone"),
            "/unauthorized" => says(401, &format!("Bad credentials {TOKEN}")),
            "/secondary" => says(403, "secondary rate limit").with("retry-after", "17"),
            "/primary" => says(403, "API rate limit exceeded")
                .with("x-ratelimit-remaining", "0")
                .with("x-ratelimit-reset", &(now().timestamp() + 90).to_string()),
            "/unsaid" => says(429, "slow down"),
            "/forbidden" => says(403, "Resource not accessible by integration"),
            "/invalid" => Reply::json(
                422,
                &json!({ "message": "Validation Failed", "errors": [
                    { "resource": "Deployment", "field": "ref", "code": "invalid" }, "and so on"
                ] }),
            ),
            "/broken" => Reply(502, vec![], "<html>Unicorn</html>".to_owned()),
            "/nonsense" => Reply(200, vec![], format!("{{\"token\": \"{TOKEN}\" oops")),
            _ => says(404, "Not Found"),
        }
    };
    let server = Server::start(answers).await;
    let client = server.client("");
    let mut lines = Vec::new();
    for path in [
        "/nothing",
        "/gone",
        "/unauthorized",
        "/secondary",
        "/primary",
        "/unsaid",
        "/forbidden",
        "/invalid",
        "/broken",
        "/nonsense",
    ] {
        let err = get(&client, path).await.unwrap_err();
        lines.push(format!("{path}: {err} (again: {})", err.is_transient()));
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    /nothing: GitHub knows of nothing there, while trying to test (again: false)
    /gone: GitHub knows of nothing there, while trying to test (again: false)
    /unauthorized: GitHub refused our credential, while trying to test: Bad credentials ghs_[redacted] (again: false)
    /secondary: GitHub asks us to wait 17 s, while trying to test (again: true)
    /primary: GitHub asks us to wait 90 s, while trying to test (again: true)
    /unsaid: GitHub asks us to wait 60 s, while trying to test (again: true)
    /forbidden: GitHub refused to test (403): Resource not accessible by integration (again: false)
    /invalid: GitHub refused to test (422): Validation Failed (ref: invalid, and so on) (again: false)
    /broken: GitHub does not answer, while trying to test: 502 Bad Gateway: <html>Unicorn</html> (again: true)
    /nonsense: GitHub does not answer, while trying to test: it gave no JSON, at line 1, column 49 (again: true)
    ");
    assert_eq!(server.requests().len(), lines.len(), "nothing is tried twice by itself");
}

#[tokio::test]
async fn a_write_that_failed_at_githubs_is_not_repeated() {
    let server = Server::start(|_| Reply(502, vec![], String::new())).await;
    let call = Call::post(Effect::CreateComment, "test", "/comments").json(&json!({})).unwrap();
    let err = server.client("").done(&call, None).await.unwrap_err();
    assert!(matches!(err, Error::Unavailable { .. }), "{err}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let server = Server::start(|_| Reply(200, vec![], String::new())).await;
    let client = server.client("");
    drop(server);
    let err = get(&client, "/app").await.unwrap_err();
    assert!(matches!(err, Error::Unavailable { .. }), "{err}");
}

#[tokio::test]
async fn the_next_page_is_asked_for_here_and_with_the_credential() {
    let server = Server::start(|request| {
        let page = Reply::json(200, &json!([request.path]));
        if request.path.contains("page=2") {
            return page;
        }
        // What a server behind a proxy would say of itself.
        page.with(
            "link",
            "<https://elsewhere.test/api/v3/list?page=0>; rel=\"prev\", \
             <https://elsewhere.test/api/v3/list?page=2>; rel=\"next\"",
        )
    })
    .await;
    let client = server.client("api/v3");
    let token = SecretString::from(TOKEN);
    let (_, next): (Vec<String>, _) =
        client.page_of(&Call::get("test", "/list"), Some(&token)).await.unwrap();
    let (page, last): (Vec<String>, _) =
        client.page_of(&Call::get("test", &next.unwrap()), Some(&token)).await.unwrap();
    assert_eq!((page, last), (vec!["/api/v3/list?page=2".to_owned()], None));
    assert!(server.requests().iter().all(|request| request.header("authorization").is_some()));
}

#[tokio::test]
async fn a_write_follows_a_renamed_repository() {
    let server = Server::start(|request| match request.path.as_str() {
        "/repos/a/old/deployments" => {
            Reply(307, vec![], String::new()).with("location", "/repositories/1/deployments")
        }
        _ => Reply::json(201, &json!({ "id": 5 })),
    })
    .await;
    let call = Call::post(Effect::CreateComment, "test", "/repos/a/old/deployments")
        .json(&json!({ "ref": "x" }))
        .unwrap();
    let answer: Value = server.client("").answer(&call, None).await.unwrap();
    assert_eq!(answer, json!({ "id": 5 }));
    let last = server.requests().pop().unwrap();
    assert_eq!(
        (last.path.as_str(), last.json()),
        ("/repositories/1/deployments", json!({ "ref": "x" }))
    );
}

#[tokio::test]
async fn the_credential_follows_no_redirect_to_another_host() {
    let other = Server::start(|_| Reply::json(200, &json!({}))).await;
    let location = other.url.join("/stolen").unwrap().to_string();
    let server =
        Server::start(move |_| Reply(302, vec![], String::new()).with("location", &location)).await;
    let err = get(&server.client(""), "/app").await.unwrap_err();
    assert!(matches!(err, Error::Rejected { status: 302, .. }), "{err}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let server =
        Server::start(|_| Reply(302, vec![], String::new()).with("location", "/app")).await;
    let err = get(&server.client(""), "/app").await.unwrap_err();
    assert!(matches!(err, Error::Unavailable { .. }), "{err}");
}

#[tokio::test]
async fn pages_for_people_are_below_the_site() {
    let server = Server::start(|_| Reply(200, vec![], String::new())).await;
    let mut settings = server.client("").settings().clone();
    settings.web_url = "https://github.test".parse().unwrap();
    let client = Client::new(settings).unwrap();
    let pages = [
        client.clone_url("acme", "shop"),
        client.new_app_url(None, "s&t"),
        client.new_app_url(Some("acme"), "s"),
        client.install_url("berth-acme", "s"),
    ];
    insta::assert_snapshot!(pages.join("\n"), @"
    https://github.test/acme/shop.git
    https://github.test/settings/apps/new?state=s%26t
    https://github.test/organizations/acme/settings/apps/new?state=s
    https://github.test/apps/berth-acme/installations/new?state=s
    ");
}

// Whoever else in the process brought TLS along, and whichever providers they
// enabled, ours is named and set up without a panic.
#[tokio::test]
async fn tls_is_set_up_with_one_named_provider() {
    let server = Server::start(|_| Reply(200, vec![], String::new())).await;
    let mut settings = server.client("").settings().clone();
    settings.api_url.set_scheme("https").unwrap();
    let err = get(&Client::new(settings).unwrap(), "/app").await.unwrap_err();
    assert!(matches!(err, Error::Unavailable { .. }), "plain text is no TLS: {err}");
}
