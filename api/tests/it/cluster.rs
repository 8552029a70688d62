//! The nodes: what is told of them, and of those that are away.

use std::collections::BTreeMap;

use berth_domain::facts::{NodeFacts, NodeState};
use berth_store::accounts::Role;
use berth_store::{nodes, stacks};
use http::StatusCode;
use serde_json::json;
use sqlx::PgPool;

use crate::stacks::{lead, stack};
use crate::support::{Api, As};

fn node(name: &str, state: NodeState) -> NodeFacts {
    NodeFacts {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        manager: true,
        leader: name == "n1",
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
    assert_eq!(before, json!({"nodes": [], "outages": []}));

    let fence = lead(&api).await;
    let (stack, _) = stack(&api, fence, "shop", None).await;
    let seen = json!({"services": [
        {"name": "web", "nodes": {"id-of-n1": 2, "gone": 1}},
        {"name": "as-an-older-berth-saw-it"},
    ]});
    stacks::observe(&api.pool, fence, stack, &seen, &[]).await.unwrap();
    let seen = [node("n1", NodeState::Ready), node("n2", NodeState::Down)];
    nodes::observe(&api.pool, fence, &seen, &[]).await.unwrap();

    let cluster = api.get(&viewer, "/api/v1/cluster").await.json();
    let since = cluster["nodes"][1]["away_since"].clone();
    assert_eq!(
        cluster["nodes"][0],
        json!({
            "id": "id-of-n1", "hostname": "n1", "role": "manager", "leader": true,
            "availability": "active", "state": "ready", "message": "", "away_since": null,
            "address": "10.0.0.1", "engine_version": "28.3.2", "os": "linux",
            "architecture": "x86_64", "cpus": 2.5, "memory_bytes": 4_294_967_296_i64,
            "labels": {"berth.postgres": "true"},
            "tasks": [{"stack": "shop", "service": "web", "running": 2}],
        })
    );
    assert!(since.is_string(), "{cluster}");
    let outage = json!({
        "node_id": "id-of-n2", "hostname": "n2", "lost_at": since, "ended_at": null, "ending": null,
    });
    assert_eq!(cluster["outages"], json!([outage]));

    let status = api.get(&viewer, "/api/v1/status").await.json();
    assert_eq!(status["lost_nodes"], json!([{"id": "id-of-n2", "hostname": "n2", "since": since}]));
}
