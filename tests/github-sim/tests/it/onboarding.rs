//! From a manifest to an installed App.

use berth_github_sim::{Commit, GithubSim, NewRepository, Settings};
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Receiver, browse, call, manifest, now};

fn query(address: &str, name: &str) -> String {
    let url = url::Url::parse(address).unwrap();
    url.query_pairs().find(|(it, _)| it == name).unwrap().1.into_owned()
}

#[tokio::test]
async fn a_browser_makes_and_installs_an_app() {
    let sim = GithubSim::start(Settings::default()).await.unwrap();
    let hooks = Receiver::start().await;
    let shop = NewRepository::with_files("acme", "shop", [("a.txt", "1\n")]);
    sim.create_repository(shop).await.unwrap();
    let base = sim.base_url().to_owned();

    // The page shows what the App will be, and keeps what was posted.
    let new_app = format!("{base}/organizations/acme/settings/apps/new?state=the%20state");
    let text = manifest(&hooks.url).to_string();
    let page = browse(Method::POST, &new_app, &[("manifest", &text)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Create GitHub App"), "{}", page.text);
    assert!(page.text.contains("pull_requests"), "{}", page.text);
    let fields = [("manifest", text.as_str()), ("name", "Berth at Acme"), ("create", "1")];
    let created = browse(Method::POST, &new_app, &fields).await;
    assert_eq!(created.status, 302, "{}", created.text);
    let back = created.headers["location"].to_str().unwrap();
    assert!(back.starts_with("http://berth.test/done?from=github&code="), "{back}");
    assert_eq!(query(back, "state"), "the state");

    // The code works once.
    let conversion = format!("{base}/app-manifests/{}/conversions", query(back, "code"));
    let app = call(Method::POST, &conversion, None, Value::Null).await;
    assert_eq!(app.status, 201, "{}", app.text);
    assert_eq!(app.body["slug"], "berth-at-acme");
    assert!(app.body["pem"].as_str().unwrap().starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    assert!(app.body["webhook_secret"].is_string());
    assert_eq!(call(Method::POST, &conversion, None, Value::Null).await.status, 404);

    // The page offers the account's repositories.
    let install = format!("{base}/apps/berth-at-acme/installations/new?state=s2");
    let page = browse(Method::GET, &install, &[]).await;
    assert!(page.text.contains("acme/shop"), "{}", page.text);
    let fields = [("account", "acme"), ("selection", "selected"), ("repository", "acme/shop")];
    let installed = browse(Method::POST, &install, &fields).await;
    assert_eq!(installed.status, 302, "{}", installed.text);
    let back = installed.headers["location"].to_str().unwrap();
    assert!(back.starts_with("http://berth.test/installed?"), "{back}");
    assert_eq!(
        (query(back, "setup_action"), query(back, "state")),
        ("install".into(), "s2".into())
    );

    // The App reads its installation with the key that it got.
    let claims = json!({ "iat": now().timestamp() - 60, "exp": now().timestamp() + 540, "iss": app.body["id"] });
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(app.body["pem"].as_str().unwrap().as_bytes());
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    let jwt = jsonwebtoken::encode(&header, &claims, &key.unwrap()).unwrap();
    let url = format!("{base}/app/installations/{}", query(back, "installation_id"));
    let seen = call(Method::GET, &url, Some(&jwt), Value::Null).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(seen.body["account"]["login"], "acme");
    assert_eq!(seen.body["repository_selection"], "selected");

    sim.settled().await;
    assert_eq!(hooks.names(), ["ping", "installation.created"]);
}

#[tokio::test]
async fn a_manifest_that_github_would_refuse_is_refused() {
    let sim = GithubSim::start(Settings::default()).await.unwrap();
    let good = manifest("http://berth.test/hook");
    let mut unknown_key = good.clone();
    unknown_key["hook_url"] = "http://berth.test".into();
    let mut unpermitted = good.clone();
    unpermitted["default_permissions"] = json!({ "metadata": "read" });
    let mut unasked = good.clone();
    unasked["default_events"] = json!(["installation"]);
    for bad in [unknown_key, unpermitted, unasked] {
        assert!(sim.submit_manifest("acme", bad.clone(), "s").is_err(), "{bad}");
    }
    sim.submit_manifest("acme", good.clone(), "s").unwrap();
    let taken = sim.submit_manifest("mira", good, "s").unwrap_err();
    assert!(taken.to_string().contains("taken"), "{taken}");
}

#[tokio::test]
async fn what_a_manifest_says_is_text_on_the_page() {
    let sim = GithubSim::start(Settings::default()).await.unwrap();
    let mut hostile = manifest("http://berth.test/hook");
    hostile["name"] = "\"><script>alert(1)</script>".into();
    let url = format!("{}/settings/apps/new", sim.base_url());
    let page = browse(Method::POST, &url, &[("manifest", &hostile.to_string())]).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<script>alert"), "{}", page.text);
}

#[tokio::test]
async fn a_person_follows_a_pull_request_on_its_page() {
    let sim = GithubSim::start(Settings::default()).await.unwrap();
    let shop = NewRepository::with_files("acme", "shop", [("a.txt", "1\n")]);
    sim.create_repository(shop).await.unwrap();
    let commit = Commit::of("<b>Cart</b>", [("c.txt", "1\n")]);
    sim.push("acme/shop", "cart", commit).await.unwrap();
    let url = |path: &str| format!("{}{path}", sim.base_url());
    let page = browse(Method::GET, &url("/acme/shop"), &[]).await;
    assert!(page.text.contains("Open a pull request"), "{}", page.text);
    assert!(page.text.contains("&lt;b&gt;Cart&lt;/b&gt;") && !page.text.contains("<b>Cart"));

    let fields = [("head", "cart"), ("title", "<b>Cart</b>")];
    let opened = browse(Method::POST, &url("/acme/shop/pulls"), &fields).await;
    assert_eq!(opened.headers["location"], "/acme/shop/pull/1");
    sim.comment("acme/shop", 1, "mira", "**Nice** <img src=x>").unwrap();
    let page = browse(Method::GET, &url("/acme/shop/pull/1"), &[]).await;
    assert!(page.text.contains("<strong>Nice</strong> &lt;img"), "{}", page.text);
    assert!(page.text.contains("simulator") && !page.text.contains("<b>Cart"));
    browse(Method::POST, &url("/acme/shop/pull/1/close"), &[]).await;
    assert_eq!(sim.pull_request("acme/shop", 1).unwrap().state, "closed");
    let page = browse(Method::GET, &url("/acme/shop/pull/1"), &[]).await;
    assert!(page.text.contains("Reopen"), "{}", page.text);
    let commit = sim.pull_request("acme/shop", 1).unwrap().head_sha;
    let page = browse(Method::GET, &url(&format!("/acme/shop/commit/{commit}")), &[]).await;
    assert!(page.text.contains("c.txt"), "{}", page.text);
    assert_eq!(browse(Method::GET, &url("/acme/none"), &[]).await.status, 404);
}
