//! The nodes: what is told of them, and of those that are away.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::get;
use berth_domain::facts::{NodeFacts, NodeState};
use berth_store::accounts::Role;
use berth_store::{nodes, stacks};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::task::JoinSet;

use crate::stacks::{lead, stack};
use crate::support::{Answer, Api, As, request};

fn node(name: &str, state: NodeState) -> NodeFacts {
    NodeFacts {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        manager: true,
        leader: name == "n1",
        asked: name == "n1",
        takes_tasks: state == NodeState::Ready,
        state,
        address: "10.0.0.1".to_owned(),
        engine: "28.3.2".to_owned(),
        os: "linux".to_owned(),
        architecture: "x86_64".to_owned(),
        nano_cpus: 2_500_000_000,
        memory: 4 << 30,
        labels: BTreeMap::from([("berth.postgres".to_owned(), "true".to_owned())]),
        ..NodeFacts::default()
    }
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_replica_without_docker_tells_which_node_is_away(pool: PgPool) {
    let api = Api::new(pool).with_shop().await;
    assert_eq!(api.get(&As::Nobody, "/api/v1/cluster").await.status, StatusCode::UNAUTHORIZED);
    let viewer = api.browser(Role::Viewer).await;
    let before = api.get(&viewer, "/api/v1/cluster").await.json();
    assert_eq!(before, json!({"nodes": [], "tasks_running": 0, "tasks_desired": 0, "outages": []}));

    let fence = lead(&api).await;
    let (stack, _) = stack(&api, fence, "shop", None).await;
    let seen = json!({"services": [
        {"name": "web", "mode": "replicated", "running": 2, "wanted": 3,
         "nodes": {"id-of-n1": 2, "gone": 1}},
        {"name": "migrate", "mode": "replicated_job", "running": 0, "wanted": 1},
        {"name": "as-an-older-berth-saw-it"},
    ]});
    stacks::observe(&api.pool, fence, stack, &seen, &[]).await.unwrap();
    let seen = [node("n1", NodeState::Ready), node("n2", NodeState::Down)];
    nodes::observe(&api.pool, fence, &seen).await.unwrap();

    let cluster = api.get(&viewer, "/api/v1/cluster").await.json();
    let since = cluster["nodes"][1]["away_since"].clone();
    assert_eq!(
        cluster["nodes"][0],
        json!({
            "id": "id-of-n1", "hostname": "n1", "role": "manager", "leader": true,
            "berth_leader": true, "availability": "active", "state": "ready", "message": "",
            "state_since": cluster["nodes"][0]["state_since"], "away_since": null,
            "address": "10.0.0.1", "engine_version": "28.3.2", "os": "linux",
            "architecture": "x86_64", "cpus": 2.5, "memory_bytes": 4_294_967_296_i64,
            "labels": {"berth.postgres": "true"},
            "tasks": [{"stack": "shop", "service": "web", "running": 2}],
        })
    );
    assert!(since.is_string(), "{cluster}");
    assert_eq!((&cluster["tasks_running"], &cluster["tasks_desired"]), (&json!(2), &json!(3)));
    // What is on a node now only an engine knows.
    let page = api.get(&viewer, "/api/v1/cluster/nodes/id-of-n1").await.json();
    assert_eq!((&page["load"], &page["node"]), (&json!(null), &cluster["nodes"][0]));
    assert!(page["blind"].as_str().unwrap().contains("/nowhere/docker.sock"), "{page}");
    let outage = json!({
        "node_id": "id-of-n2", "hostname": "n2", "lost_at": since, "ended_at": null, "ending": null,
    });
    assert_eq!(cluster["outages"], json!([outage]));

    let status = api.get(&viewer, "/api/v1/status").await.json();
    assert_eq!(status["lost_nodes"], json!([{"id": "id-of-n2", "hostname": "n2", "since": since}]));
}

/// An engine of a Swarm with these nodes, on which a service of a stack of ours, one
/// of somebody else's, and a global one have a task each on `n1`.
async fn engine(nodes: &[&str], constraint: &str) -> (String, JoinSet<()>) {
    let nodes: Vec<Value> = nodes
        .iter()
        .map(|name| {
            json!({
                "ID": format!("id-of-{name}"),
                "Spec": {"Role": "manager", "Availability": "active"},
                "Status": {"State": "ready"},
                "Description": {
                    "Hostname": name,
                    "Resources": {"NanoCPUs": 2_000_000_000_i64, "MemoryBytes": 1_i64 << 30},
                },
            })
        })
        .collect();
    let ours = "00000000-0000-0000-0000-000000000001";
    let service = |id: &str, labels: Value, mode: Value, constraints: &[&str]| {
        json!({"ID": id, "Version": {"Index": 1}, "Spec": {
            "Name": id, "Labels": labels, "Mode": mode, "TaskTemplate": {
                "ContainerSpec": {"Image": "web:1"},
                "Resources": {"Reservations": {"NanoCPUs": 500_000_000, "MemoryBytes": 1 << 20}},
                "Placement": {"Constraints": constraints},
            },
        }})
    };
    let stack = json!({"com.docker.stack.namespace": "shop", "berth.instance": ours});
    let replicated = || json!({"Replicated": {"Replicas": 1}});
    let services = json!([
        service("shop_web", stack, replicated(), &[constraint]),
        service("theirs", json!({}), replicated(), &[constraint]),
        service("agent", json!({}), json!({"Global": {}}), &[]),
    ]);
    let task = |service: &str| {
        json!({
            "ID": format!("task-of-{service}"), "CreatedAt": "2026-11-27T08:00:00Z",
            "ServiceID": service, "NodeID": "id-of-n1", "DesiredState": "running",
            "Status": {"Timestamp": "2026-11-27T08:00:00Z", "State": "running"},
        })
    };
    let tasks = json!(["shop_web", "theirs", "agent"].map(task));
    let answer = |is: Value| get(async move || axum::Json(is));
    let router = Router::new()
        .route("/_ping", get(async || ([("api-version", "1.41")], "OK")))
        .route("/v1.41/info", answer(json!({"Swarm": {"NodeID": "id-of-n1"}})))
        .route("/v1.41/nodes", answer(json!(nodes)))
        .route("/v1.41/services", answer(services))
        .route("/v1.41/tasks", answer(tasks));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (format!("tcp://{address}"), serving)
}

async fn with_nodes(pool: PgPool, names: &[&str], constraint: &str) -> (Api, JoinSet<()>) {
    let (docker, serving) = engine(names, constraint).await;
    let api = Api::with_docker(pool, &docker);
    let seen: Vec<NodeFacts> = names.iter().map(|name| node(name, NodeState::Ready)).collect();
    nodes::observe(&api.pool, lead(&api).await, &seen).await.unwrap();
    (api, serving)
}

async fn put(api: &Api, who: &As, node: &str, body: Value) -> Answer {
    let path = format!("/api/v1/cluster/nodes/{node}/availability");
    api.send(request(Method::PUT, &path, who, Some(body))).await
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_node_tells_what_draining_it_would_do_to_every_task(pool: PgPool) {
    let (api, _serving) = with_nodes(pool, &["n1", "n2"], "node.hostname!=n3").await;
    let viewer = api.browser(Role::Viewer).await;
    let page = api.get(&viewer, "/api/v1/cluster/nodes/id-of-n1").await.json();
    let load = &page["load"];
    let told: Vec<_> = load["tasks"].as_array().unwrap().iter().collect();
    let brief = |it: &Value| (it["stack"].clone(), it["service"].clone(), it["fate"].clone());
    assert_eq!(
        told.into_iter().map(brief).collect::<Vec<_>>(),
        [
            (json!("shop"), json!("web"), json!("moves")),
            (json!(null), json!("agent"), json!("ends")),
            (json!(null), json!("theirs"), json!("moves")),
        ]
    );
    assert_eq!(load["tasks"][1]["why"], "one runs on each node, and none will here");
    assert_eq!((&load["reserved_cpus"], &load["no_drain"]), (&json!(1.5), &json!(null)));
    assert_eq!(load["reserved_memory_bytes"], 3 << 20);
    assert_eq!((&page["intent"], &page["blind"]), (&json!(null), &json!("")));
    let missing = api.get(&viewer, "/api/v1/cluster/nodes/id-of-n9").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn an_admin_drains_a_node_and_makes_it_active_again(pool: PgPool) {
    let (api, _serving) = with_nodes(pool, &["n1", "n2"], "node.hostname!=n3").await;
    for role in [Role::Viewer, Role::Operator] {
        let who = api.browser(role).await;
        let refused = put(&api, &who, "id-of-n2", json!({"availability": "drain"})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let admin = api.browser(Role::Admin).await;
    let taken = put(&api, &admin, "id-of-n2", json!({"availability": "drain"})).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    let intent = &taken.json()["intent"];
    assert_eq!((&intent["availability"], &intent["by"]), (&json!("drain"), &json!("The admin")));
    assert_eq!((&intent["done_at"], &intent["failure"]), (&json!(null), &json!(null)));
    let back = put(&api, &admin, "id-of-n2", json!({"availability": "active"})).await;
    assert_eq!(back.json()["intent"]["availability"], "active");
    let nowhere = put(&api, &admin, "id-of-n9", json!({"availability": "pause"})).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_node_with_berths_leader_is_drained_once_somebody_says_so(pool: PgPool) {
    let (api, _serving) = with_nodes(pool, &["n1", "n2"], "node.hostname!=n3").await;
    let admin = api.browser(Role::Admin).await;
    let warned = put(&api, &admin, "id-of-n1", json!({"availability": "drain"})).await;
    assert_eq!(warned.status, StatusCode::CONFLICT);
    let detail = warned.json()["detail"].clone();
    assert!(detail.as_str().unwrap().starts_with("Berth's leader works through n1."), "{detail}");
    let sure = json!({"availability": "drain", "even_with_leader": true});
    assert_eq!(put(&api, &admin, "id-of-n1", sure).await.status, StatusCode::ACCEPTED);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn the_last_node_that_can_run_what_is_on_it_is_not_drained(pool: PgPool) {
    let (api, _serving) = with_nodes(pool, &["n1", "n2"], "node.hostname==n1").await;
    let admin = api.browser(Role::Admin).await;
    let sure = json!({"availability": "drain", "even_with_leader": true});
    let refused = put(&api, &admin, "id-of-n1", sure).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let detail = refused.json()["detail"].clone();
    assert!(detail.as_str().unwrap().starts_with("n1 is the last node"), "{detail}");
    assert_eq!(nodes::intents(&api.pool).await.unwrap(), []);
    // What is on it may stay: pausing asks nobody.
    let paused = put(&api, &admin, "id-of-n1", json!({"availability": "pause"})).await;
    assert_eq!(paused.status, StatusCode::ACCEPTED);
}

#[sqlx::test(migrator = "berth_store::MIGRATOR")]
async fn a_replica_that_cannot_ask_docker_drains_nothing(pool: PgPool) {
    let api = Api::new(pool);
    let seen = [node("n1", NodeState::Ready), node("n2", NodeState::Ready)];
    nodes::observe(&api.pool, lead(&api).await, &seen).await.unwrap();
    let admin = api.browser(Role::Admin).await;
    let refused = put(&api, &admin, "id-of-n2", json!({"availability": "drain"})).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    let active = put(&api, &admin, "id-of-n2", json!({"availability": "active"})).await;
    assert_eq!(active.status, StatusCode::ACCEPTED);
}
