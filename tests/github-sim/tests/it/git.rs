//! The repositories, with real git.

use base64::Engine as _;
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Kit, git, git_with};

/// How Berth hands git a token: in the environment.
fn header(user: &str, password: &str) -> Vec<(&'static str, String)> {
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    vec![
        ("GIT_CONFIG_COUNT", "1".to_owned()),
        ("GIT_CONFIG_KEY_0", "http.extraHeader".to_owned()),
        ("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {text}")),
    ]
}

async fn fetch(kit: &Kit, repository: &str, password: &str, what: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/{repository}.git", kit.sim.base_url());
    git(folder.path(), &["init", "-q", "."]).await.unwrap();
    let env = header("x-access-token", password);
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    git_with(folder.path(), &["fetch", "-q", "--depth", "1", &url, what], &env).await?;
    git(folder.path(), &["rev-parse", "FETCH_HEAD"]).await
}

#[tokio::test]
async fn a_plain_clone_and_push_fires_a_signed_push() {
    let kit = Kit::start().await;
    kit.hooks.take();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/acme/shop.git", kit.sim.base_url());
    git(folder.path(), &["clone", "-q", &url, "shop"]).await.unwrap();
    let clone = folder.path().join("shop");
    let before = git(&clone, &["rev-parse", "HEAD"]).await.unwrap();
    std::fs::write(clone.join("a.txt"), "2\n").unwrap();
    std::fs::write(clone.join("c.txt"), "new\n").unwrap();
    std::fs::remove_file(clone.join("b.txt")).unwrap();
    git(&clone, &["add", "-A"]).await.unwrap();
    git(&clone, &["commit", "-q", "-m", "Change it\n\nAll of it."]).await.unwrap();
    git(&clone, &["push", "-q"]).await.unwrap();
    let after = git(&clone, &["rev-parse", "HEAD"]).await.unwrap();

    kit.sim.settled().await;
    let hooks = kit.hooks.take();
    assert_eq!(hooks.len(), 1);
    let hook = &hooks[0];
    assert_eq!(hook.header("x-github-event"), "push");
    assert_eq!(hook.header("x-github-hook-installation-target-type"), "integration");
    assert_eq!(hook.header("x-github-hook-installation-target-id"), kit.app.app_id.to_string());
    assert!(hook.header("user-agent").starts_with("GitHub-Hookshot/"));
    // An HMAC of this test's own, over the bytes that arrived.
    let secret = kit.app.webhook_secret.clone().unwrap();
    let mut mac =
        <hmac::Hmac<sha2::Sha256> as hmac::Mac>::new_from_slice(secret.as_bytes()).unwrap();
    hmac::Mac::update(&mut mac, &hook.raw);
    let expected = hex::encode(hmac::Mac::finalize(mac).into_bytes());
    assert_eq!(hook.header("x-hub-signature-256"), format!("sha256={expected}"));

    let body = &hook.body;
    assert_eq!(body["ref"], "refs/heads/main");
    assert_eq!((&body["before"], &body["after"]), (&json!(before), &json!(after)));
    assert_eq!(body["forced"], false);
    assert_eq!(body["head_commit"]["message"], "Change it\n\nAll of it.");
    assert_eq!(body["head_commit"]["added"], json!(["c.txt"]));
    assert_eq!(body["head_commit"]["modified"], json!(["a.txt"]));
    assert_eq!(body["head_commit"]["removed"], json!(["b.txt"]));
    assert_eq!(body["commits"].as_array().unwrap().len(), 1);
    assert_eq!(body["installation"]["id"], kit.installation);
}

#[tokio::test]
async fn a_forced_push_a_new_branch_a_tag_and_a_deletion_say_what_they_are() {
    let kit = Kit::start().await;
    kit.hooks.take();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/acme/shop.git", kit.sim.base_url());
    git(folder.path(), &["clone", "-q", &url, "."]).await.unwrap();
    git(folder.path(), &["commit", "-q", "--amend", "-m", "Other"]).await.unwrap();
    git(folder.path(), &["push", "-q", "--force"]).await.unwrap();
    git(folder.path(), &["tag", "-a", "v1", "-m", "One"]).await.unwrap();
    git(folder.path(), &["push", "-q", "origin", "v1", "HEAD:refs/heads/feature/x"]).await.unwrap();
    git(folder.path(), &["push", "-q", "origin", ":feature/x"]).await.unwrap();
    kit.sim.settled().await;
    let hooks = kit.hooks.take();
    let told: Vec<_> = hooks
        .iter()
        .map(|hook| {
            let body = &hook.body;
            let flag = |name: &str| body[name] == true;
            let flags = ["forced", "created", "deleted"].into_iter().filter(|name| flag(name));
            let flags = flags.collect::<Vec<_>>().join(" ");
            (hook.name(), body["ref"].as_str().unwrap().to_owned(), flags)
        })
        .collect();
    let is = |name: &str, git_ref: &str, flags: &str| {
        (name.to_owned(), git_ref.to_owned(), flags.to_owned())
    };
    assert_eq!(
        told,
        [
            is("push", "refs/heads/main", "forced"),
            is("push", "refs/heads/feature/x", "created"),
            is("create", "feature/x", ""),
            is("push", "refs/tags/v1", "created"),
            is("create", "v1", ""),
            is("push", "refs/heads/feature/x", "deleted"),
            is("delete", "feature/x", ""),
        ]
    );
    assert_eq!(hooks[5].body["after"], "0".repeat(40));
    assert_eq!(hooks[5].body["head_commit"], Value::Null);
}

#[tokio::test]
async fn a_token_fetches_one_sha_of_what_it_covers_and_nothing_else() {
    let kit = Kit::start().await;
    let (shop, secret) =
        (kit.sim.repository("acme/shop").unwrap(), kit.sim.repository("acme/secret").unwrap());
    let tip = secret.refs["refs/heads/main"].clone();
    let narrow = |id: i64| json!({ "repository_ids": [id], "permissions": { "contents": "read" } });
    let good = kit.token(narrow(secret.id)).await;
    assert_eq!(fetch(&kit, "acme/secret", &good, &tip).await.unwrap(), tip);

    let other = kit.token(narrow(shop.id)).await;
    fetch(&kit, "acme/secret", &other, &tip).await.unwrap_err();
    let blind = json!({ "repository_ids": [secret.id], "permissions": { "deployments": "write" } });
    let blind = kit.token(blind).await;
    fetch(&kit, "acme/secret", &blind, &tip).await.unwrap_err();
    fetch(&kit, "acme/secret", "ghs_wrong", &tip).await.unwrap_err();
    kit.sim.revoke_tokens();
    fetch(&kit, "acme/secret", &good, &tip).await.unwrap_err();
    // A private repository asks a stranger for a credential.
    let url = format!("{}/acme/secret.git", kit.sim.base_url());
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["clone", "-q", &url, "x"]).await.unwrap_err();
    let with_login = url.replacen("http://", "http://mira:any@", 1);
    git(folder.path(), &["clone", "-q", &with_login, "y"]).await.unwrap();
}

#[tokio::test]
async fn a_token_that_may_only_read_pushes_nothing() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{}/acme/shop.git", kit.sim.base_url());
    git(folder.path(), &["clone", "-q", &url, "."]).await.unwrap();
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", "No"]).await.unwrap();
    let env = header("x-access-token", &token);
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    git_with(folder.path(), &["push", "-q"], &env).await.unwrap_err();
}

#[tokio::test]
async fn a_pull_request_from_a_fork_can_be_fetched_from_its_base() {
    let kit = Kit::start().await;
    kit.sim.fork("acme/shop", "guest").await.unwrap();
    let commit = berth_github_sim::Commit::of("Guest's", [("g.txt", "g\n")]);
    let pushed = kit.sim.push("guest/shop", "idea", commit).await.unwrap();
    let new = berth_github_sim::NewPullRequest::of("Idea", "guest:idea");
    let pull = kit.sim.open_pull_request("acme/shop", new).await.unwrap();
    assert_eq!(pull.head_repository, "guest/shop");
    let token = kit.token(Value::Null).await;
    let got = fetch(&kit, "acme/shop", &token, "refs/pull/1/head").await.unwrap();
    assert_eq!(got, pushed.after);
    let path = "/repos/acme/shop/pulls/1/files";
    let files = kit.call(Method::GET, path, &token, Value::Null).await;
    assert_eq!(files.body[0]["filename"], "g.txt");
    // The fork's own pushes are no business of the App's.
    kit.sim.settled().await;
    let names = kit.hooks.names();
    assert!(!names.contains(&"push".to_owned()), "{names:?}");
    assert!(names.contains(&"pull_request.opened".to_owned()), "{names:?}");
}
