//! Webhooks: what is told of, and how often.

use berth_github_sim::{Commit, NewPullRequest, PullRequestChange};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::kit::Kit;

#[tokio::test]
async fn a_pull_request_tells_of_its_whole_life() {
    let kit = Kit::start().await;
    kit.hooks.take();
    let sim = &kit.sim;
    let repo = "acme/shop";
    sim.push(repo, "cart", Commit::of("One", [("c.txt", "1\n")])).await.unwrap();
    let number =
        sim.open_pull_request(repo, NewPullRequest::of("Cart", "cart")).await.unwrap().number;
    let pushed = sim.push(repo, "cart", Commit::of("Two", [("c.txt", "2\n")])).await.unwrap();
    let change = PullRequestChange {
        title: Some("The cart".to_owned()),
        add_labels: vec!["preview".to_owned()],
        remove_labels: vec!["preview".to_owned()],
        ..PullRequestChange::default()
    };
    sim.change_pull_request(repo, number, change).unwrap();
    sim.close_pull_request(repo, number).unwrap();
    sim.reopen_pull_request(repo, number).unwrap();
    let merged = sim.merge_pull_request(repo, number).await.unwrap();
    assert!(merged.merged);
    sim.settled().await;
    let hooks = kit.hooks.take();
    let names: Vec<String> = hooks.iter().map(crate::kit::Hook::name).collect();
    assert_eq!(
        names,
        [
            "push",
            "create",
            "pull_request.opened",
            "push",
            "pull_request.synchronize",
            "pull_request.edited",
            "pull_request.labeled",
            "pull_request.unlabeled",
            "pull_request.closed",
            "pull_request.reopened",
            "pull_request.closed",
            "push",
        ]
    );
    let moved = &hooks[4].body;
    assert_eq!((&moved["before"], &moved["after"]), (&json!(pushed.before), &json!(pushed.after)));
    assert_eq!(moved["pull_request"]["head"]["sha"], json!(pushed.after));
    assert_eq!(
        (&hooks[8].body["pull_request"]["merged"], &hooks[10].body["pull_request"]["merged"]),
        (&json!(false), &json!(true))
    );
}

#[tokio::test]
async fn an_installation_tells_of_its_whole_life() {
    let kit = Kit::start().await;
    let (sim, id) = (&kit.sim, kit.installation);
    let secret = ["acme/secret".to_owned()];
    sim.change_installation(id, &[], &secret).unwrap();
    sim.change_installation(id, &secret, &[]).unwrap();
    sim.suspend(id, true).unwrap();
    sim.push("acme/shop", "main", Commit::of("Unheard", [("u.txt", "u\n")])).await.unwrap();
    sim.suspend(id, false).unwrap();
    sim.rename_repository("acme/shop", "store").unwrap();
    sim.uninstall(id).unwrap();
    sim.settled().await;
    assert_eq!(
        kit.hooks.names(),
        [
            "ping",
            "installation.created",
            "installation_repositories.removed",
            "installation_repositories.added",
            "installation.suspend",
            "installation.unsuspend",
            "repository.renamed",
            "installation.deleted",
        ]
    );
}

#[tokio::test]
async fn a_failed_delivery_is_listed_and_sent_again_under_its_guid() {
    let kit = Kit::start().await;
    kit.hooks.take();
    kit.hooks.answer(StatusCode::SERVICE_UNAVAILABLE);
    kit.sim.push("acme/shop", "main", Commit::of("One", [("c.txt", "1\n")])).await.unwrap();
    kit.sim.settled().await;
    kit.hooks.answer(StatusCode::ACCEPTED);

    let list = "/app/hook/deliveries?per_page=1";
    let listed = kit.call(Method::GET, list, &kit.jwt(), Value::Null).await;
    let failed = &listed.body[0];
    assert_eq!((&failed["event"], &failed["status_code"]), (&json!("push"), &json!(503)));
    assert_ne!(failed["status"], "OK");
    assert!(listed.headers["link"].to_str().unwrap().contains("cursor="));
    let id = failed["id"].as_i64().unwrap();
    let path = format!("/app/hook/deliveries/{id}/attempts");
    assert_eq!(kit.call(Method::POST, &path, &kit.jwt(), Value::Null).await.status, 202);
    kit.sim.settled().await;

    let listed = kit.call(Method::GET, list, &kit.jwt(), Value::Null).await;
    let again = &listed.body[0];
    assert_eq!(again["guid"], failed["guid"]);
    assert_ne!(again["id"], failed["id"]);
    assert_eq!((&again["redelivery"], &again["status"]), (&json!(true), &json!("OK")));
    let hooks = kit.hooks.take();
    assert_eq!(hooks[0].header("x-github-delivery"), hooks[1].header("x-github-delivery"));
    assert_eq!(hooks[0].raw, hooks[1].raw);
    let path = format!("/app/hook/deliveries/{id}");
    let whole = kit.call(Method::GET, &path, &kit.jwt(), Value::Null).await;
    assert_eq!(whole.body["request"]["payload"]["ref"], "refs/heads/main");
    assert_eq!(whole.body["request"]["headers"]["X-GitHub-Event"], "push");
}
