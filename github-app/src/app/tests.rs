//! The App's calls, against a server on this machine.

use serde_json::{Value, json};

use super::*;
use crate::testing::{Reply, Request, Server, now};

const INSTALLATION: InstallationId = InstallationId(11);
const REPOSITORY: RepositoryId = RepositoryId(22);

fn access_token(name: &str) -> Reply {
    let expires_at = (now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    Reply::json(201, &json!({ "token": format!("ghs_{name}"), "expires_at": expires_at }))
}

fn repository(name: &str) -> Value {
    json!({ "id": 22, "name": name, "owner": { "login": "acme", "id": 1 }, "private": true,
            "default_branch": "trunk" })
}

fn name() -> RepositoryName {
    RepositoryName { owner: "acme".to_owned(), name: "shop".to_owned() }
}

#[tokio::test]
async fn a_git_token_can_read_one_repository_and_nothing_else() {
    let server = Server::start(|_| access_token("git")).await;
    let app = server.app();
    for _ in 0..3 {
        let token = app.git_token(INSTALLATION, REPOSITORY).await.unwrap();
        assert_eq!(token.expose_secret(), "ghs_git");
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "it is kept");
    assert_eq!(requests[0].path, "/app/installations/11/access_tokens");
    assert_eq!(
        requests[0].json(),
        json!({ "permissions": { "contents": "read" }, "repository_ids": [22] })
    );
    // An App's credential is a JWT, not a token.
    assert_eq!(requests[0].header("authorization").unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once() {
    let minted = std::sync::atomic::AtomicUsize::new(0);
    let answers = move |request: &Request| match request.path.as_str() {
        "/app/installations/11/access_tokens" => {
            let count = minted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            access_token(&count.to_string())
        }
        "/repos/acme/shop" if request.header("authorization") == Some("Bearer ghs_1") => {
            Reply::json(200, &repository("shop"))
        }
        _ => Reply::json(401, &json!({ "message": "Bad credentials" })),
    };
    let server = Server::start(answers).await;
    let repository = server.app().repository(INSTALLATION, REPOSITORY, name());
    assert_eq!(repository.details().await.unwrap().default_branch, "trunk");
    let err = repository.branch("main").await.unwrap_err();
    assert!(matches!(err, Error::Unauthorized { .. }), "{err}");
    assert!(server.requests().len() <= 7, "and no more than once");
}

#[tokio::test]
async fn every_repository_of_an_installation_is_listed() {
    let server = Server::start(|request| {
        if request.method == "POST" {
            return access_token("list");
        }
        let second = request.path.ends_with("page=2");
        let name = if second { "two" } else { "one" };
        let page =
            Reply::json(200, &json!({ "total_count": 2, "repositories": [repository(name)] }));
        let host = request.header("host").unwrap();
        let next =
            format!("<http://{host}/installation/repositories?per_page=100&page=2>; rel=\"next\"");
        if second { page } else { page.with("link", &next) }
    })
    .await;
    let all = server.app().repositories(INSTALLATION).await.unwrap();
    let names: Vec<&str> = all.iter().map(|repository| repository.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(server.requests()[0].json(), json!({ "permissions": { "metadata": "read" } }));
}

#[tokio::test]
async fn deliveries_are_read_no_further_back_than_asked() {
    let attempt = |id: i64, hours: i64| {
        json!({ "id": id, "guid": format!("g{id}"), "event": "push", "action": null, "status": "OK",
                "delivered_at": (now() - chrono::TimeDelta::hours(hours)).to_rfc3339(),
                "redelivery": false, "duration": 0.1, "status_code": 202 })
    };
    let server = Server::start(move |request| {
        let link = "</app/hook/deliveries?cursor=x>; rel=\"next\"";
        let link = link.replace('<', &format!("<http://{}", request.header("host").unwrap()));
        let page = if request.path.contains("cursor") {
            json!([attempt(3, 3), attempt(4, 9)])
        } else {
            json!([attempt(1, 1), attempt(2, 2)])
        };
        Reply::json(200, &page).with("link", &link)
    })
    .await;
    let all = server.app().deliveries(now() - chrono::TimeDelta::hours(5)).await.unwrap();
    assert_eq!(all.iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn the_hook_is_set_to_json() {
    let server = Server::start(|_| Reply::json(200, &json!({}))).await;
    let secret = SecretString::from("hush");
    server.app().set_hook("https://berth.test/webhooks/github", &secret).await.unwrap();
    insta::assert_json_snapshot!(server.requests()[0].json(), @r#"
    {
      "url": "https://berth.test/webhooks/github",
      "content_type": "json",
      "secret": "hush",
      "insecure_ssl": "0"
    }
    "#);
}

#[tokio::test]
async fn a_new_app_keeps_its_secrets_to_itself() {
    let answer = json!({
        "id": 7, "slug": "berth", "name": "Berth", "owner": { "login": "acme", "id": 1 },
        "html_url": "https://github.test/apps/berth", "client_id": "Iv1.1",
        "client_secret": "planted-client", "webhook_secret": "planted-hook", "pem": "planted-pem",
    });
    let server = Server::start(move |_| Reply::json(201, &answer)).await;
    let app = server.client("").convert_manifest("a/b c").await.unwrap();
    assert_eq!(server.requests()[0].path, "/app-manifests/a%2Fb%20c/conversions");
    assert_eq!((app.app_id, app.owner_login.as_str()), (7, "acme"));
    assert_eq!(app.private_key.expose_secret(), "planted-pem");
    assert!(!format!("{app:?}").contains("planted"), "{app:?}");
    assert!(!format!("{:?}", server.app()).contains("PRIVATE"));
}

#[tokio::test]
async fn a_check_run_is_updated_without_its_commit() {
    let server = Server::start(|request| {
        if request.path.ends_with("access_tokens") {
            access_token("report")
        } else {
            Reply::json(200, &json!({ "id": 9 }))
        }
    })
    .await;
    let repository = server.app().repository(INSTALLATION, REPOSITORY, name());
    let run = crate::report::check_run(&crate::report::tests::report());
    assert_eq!(repository.create_check_run(&run).await.unwrap(), 9);
    repository.update_check_run(9, &run).await.unwrap();
    let requests = server.requests();
    assert_eq!(
        requests[0].json()["permissions"],
        json!({ "checks": "write", "contents": "read", "deployments": "write", "pull_requests": "write" })
    );
    let (create, update) = (requests[1].json(), requests[2].json());
    assert_eq!(create["head_sha"], run.head_sha.as_str());
    assert_eq!(update.get("head_sha"), None);
    assert_eq!(update["conclusion"], create["conclusion"]);
    assert_eq!(requests[2].path, "/repos/acme/shop/check-runs/9");
}
