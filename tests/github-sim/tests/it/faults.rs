//! What goes wrong on purpose, and the driver over HTTP.

use berth_github_sim::{Commit, Faults, NewPullRequest};
use http::Method;
use serde_json::{Value, json};

use crate::kit::{Kit, Seen, call};

async fn push(kit: &Kit, text: &str) {
    kit.sim.push("acme/shop", "main", Commit::of(text, [("n.txt", text)])).await.unwrap();
}

fn messages(kit: &Kit) -> Vec<String> {
    let hooks = kit.hooks.take();
    hooks.iter().map(|it| it.body["head_commit"]["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn deliveries_can_be_dropped_doubled_and_turned_around() {
    let kit = Kit::start().await;
    kit.hooks.take();
    kit.sim.set_faults(Faults { drop_deliveries: true, ..Faults::default() });
    push(&kit, "dropped").await;
    kit.sim.settled().await;
    assert_eq!(messages(&kit), [""; 0]);
    assert_eq!(kit.sim.deliveries().last().unwrap().status, "failed to connect to host");

    kit.sim.set_faults(Faults { duplicate_deliveries: 1, ..Faults::default() });
    push(&kit, "doubled").await;
    kit.sim.settled().await;
    assert_eq!(messages(&kit), ["doubled", "doubled"]);

    kit.sim.set_faults(Faults { reverse_deliveries: true, ..Faults::default() });
    push(&kit, "first").await;
    push(&kit, "second").await;
    kit.sim.set_faults(Faults::default());
    kit.sim.settled().await;
    assert_eq!(messages(&kit), ["second", "first"]);
}

#[tokio::test]
async fn a_write_can_take_effect_and_be_answered_502() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    push(&kit, "one").await;
    kit.sim.push("acme/shop", "x", Commit::of("x", [("x.txt", "x")])).await.unwrap();
    kit.sim.open_pull_request("acme/shop", NewPullRequest::of("X", "x")).await.unwrap();
    kit.sim.set_faults(Faults { bad_gateway_after_write: 1, ..Faults::default() });
    let path = "/repos/acme/shop/issues/1/comments";
    let body = json!({ "body": "once" });
    assert_eq!(kit.call(Method::POST, path, &token, body).await.status, 502);
    assert_eq!(kit.sim.comments("acme/shop").unwrap().len(), 1);
    assert_eq!(kit.call(Method::GET, path, &token, Value::Null).await.status, 200);
}

#[tokio::test]
async fn requests_can_be_refused_for_a_while() {
    let kit = Kit::start().await;
    let token = kit.token(Value::Null).await;
    kit.sim.set_faults(Faults {
        rate_limited: 1,
        retry_after: Some(7),
        unavailable: 1,
        ..Faults::default()
    });
    let get = async || kit.call(Method::GET, "/repos/acme/shop", &token, Value::Null).await;
    assert_eq!(get().await.status, 503);
    let limited = get().await;
    assert_eq!((limited.status, &limited.headers["retry-after"]), (403, &"7".parse().unwrap()));
    assert_eq!(get().await.status, 200);
    let operations: Vec<_> =
        kit.sim.requests().into_iter().map(|it| (it.operation, it.status)).collect();
    assert!(operations.contains(&(Some("repos/get".to_owned()), 503)), "{operations:?}");
}

#[tokio::test]
async fn the_driver_speaks_json() {
    let kit = Kit::start().await;
    let base = format!("{}/_sim", kit.sim.base_url());
    let drive = async |method: Method, path: &str, body: Value| -> Seen {
        call(method, &format!("{base}{path}"), None, body).await
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("web")).unwrap();
    std::fs::write(folder.path().join("web/index.html"), "<p>").unwrap();
    let new = json!({ "owner": "acme", "name": "site", "folder": folder.path() });
    let made = drive(Method::POST, "/repositories", new).await;
    assert_eq!(made.body["full_name"], "acme/site", "{}", made.text);
    let commit = json!({ "branch": "x", "message": "X", "files": { "web/x.html": "x", "web/index.html": null } });
    let pushed = drive(Method::POST, "/repositories/acme/site/commits", commit).await;
    assert_eq!(pushed.body["git_ref"], "refs/heads/x", "{}", pushed.text);
    let pull = json!({ "title": "X", "head": "x" });
    let pull = drive(Method::POST, "/repositories/acme/site/pulls", pull).await;
    assert_eq!(pull.body["number"], 1, "{}", pull.text);
    let closed = drive(Method::POST, "/repositories/acme/site/pulls/1/close", Value::Null).await;
    assert_eq!(closed.body["state"], "closed");
    let twice = drive(Method::POST, "/repositories/acme/site/pulls/1/close", Value::Null).await;
    assert_eq!((twice.status, &twice.body["message"]), (422, &json!("it is closed already")));
    assert_eq!(drive(Method::POST, "/settled", Value::Null).await.status, 200);
    let deliveries = drive(Method::GET, "/deliveries", Value::Null).await;
    assert!(deliveries.body.as_array().unwrap().iter().all(|it| it["status"] == "OK"));
    assert_eq!(drive(Method::GET, "/violations", Value::Null).await.body, json!([]));
    let faults = drive(Method::PUT, "/faults", json!({ "unavailable": 1 })).await;
    assert_eq!(faults.body["unavailable"], 1);
    assert_eq!(drive(Method::POST, "/reset", Value::Null).await.status, 200);
    assert_eq!(drive(Method::GET, "/repositories", Value::Null).await.body, json!([]));
    assert_eq!(drive(Method::GET, "/nothing", Value::Null).await.status, 404);
}
